//! A form that is filled in at the terminal: one field after the other, each answer checked against its kind. Pure.

use crate::clean::{reveal, reveal_lines};
use crate::theme::{Style, Theme};
use anteroom_api::{FieldChoice, FieldKind, FormField};
use serde_json::{Map, Value, json};

/// A form on its way.
pub(super) struct Filling {
    fields: Vec<FormField>,
    at: usize,
    given: Map<String, Value>,
}

/// What came of an answer to a field.
#[derive(Debug, PartialEq)]
pub(super) enum Entered {
    /// It does not fit, in words; the field is asked again.
    Wrong(String),
    /// It was taken, and the next field is asked.
    Next,
    /// It was the last.
    Done(Map<String, Value>),
}

impl Filling {
    /// None if there is nothing to be filled in.
    pub(super) fn new(fields: &[FormField]) -> Option<Self> {
        let first = fields.first();
        first.map(|_| Self {
            fields: fields.to_vec(),
            at: 0,
            given: Map::new(),
        })
    }

    /// What the field that is asked now is called.
    pub(super) fn title(&self) -> String {
        let field = self.fields.get(self.at);
        field.map(title).unwrap_or_default()
    }

    /// What is asked now, finished lines.
    pub(super) fn card(&self, theme: &Theme) -> Vec<String> {
        let Some(field) = self.fields.get(self.at) else {
            return Vec::new();
        };
        let of = format!("{}/{}", self.at + 1, self.fields.len());
        let head = theme.paint(Style::Bold, &title(field));
        let mut lines = vec![format!("  {} {head}", theme.paint(Style::Dim, &of))];
        let about = field.description.iter().flat_map(|text| reveal_lines(text));
        lines.extend(about.map(|line| format!("    {line}")));
        if let FieldKind::Choice { options, .. } = &field.kind {
            let options = (1..).zip(options);
            lines.extend(options.map(|(at, option)| format!("    {at}  {}", called(option))));
        }
        let how = format!("    {}", how(field));
        lines.push(theme.paint(Style::Dim, &how));
        lines
    }

    /// Takes an answer to the field that is asked now.
    pub(super) fn enter(&mut self, text: &str) -> Entered {
        let Some(field) = self.fields.get(self.at) else {
            return Entered::Done(std::mem::take(&mut self.given));
        };
        match read(field, text.trim()) {
            Err(words) => return Entered::Wrong(words),
            Ok(Some(value)) => {
                self.given.insert(field.name.clone(), value);
            }
            Ok(None) => {}
        }
        self.at += 1;
        match self.at < self.fields.len() {
            true => Entered::Next,
            false => Entered::Done(std::mem::take(&mut self.given)),
        }
    }
}

fn title(field: &FormField) -> String {
    match field.title.trim().is_empty() {
        true => reveal(&field.name),
        false => reveal(&field.title),
    }
}

fn called(option: &FieldChoice) -> String {
    match option.title.is_empty() {
        true => reveal(&option.value),
        false => reveal(&option.title),
    }
}

/// What may be typed, and what Enter alone means.
fn how(field: &FormField) -> String {
    let what = match &field.kind {
        FieldKind::Text { format: None } => "text",
        FieldKind::Text { format: Some(kind) } => match kind.as_str() {
            "email" => "an e-mail address",
            "uri" => "an address such as https://example.com",
            "date" => "a date such as 2026-01-31",
            "date-time" => "a moment such as 2026-01-31T12:00:00Z",
            _ => "text",
        },
        FieldKind::Number { is_whole: true } => "a whole number",
        FieldKind::Number { is_whole: false } => "a number",
        FieldKind::Switch => "y or n",
        FieldKind::Choice {
            is_multiple: true, ..
        } => "numbers with commas",
        FieldKind::Choice { .. } => "a number",
    };
    let empty = match (&field.default, field.is_required) {
        (Some(Value::String(text)), _) => format!("Enter takes {}", reveal(text)),
        (Some(value), _) => format!("Enter takes {}", reveal(&value.to_string())),
        (None, true) => "needed".to_owned(),
        (None, false) => "Enter leaves it out".to_owned(),
    };
    format!("{what}; {empty}; Esc declines")
}

/// The value that a text stands for; none if the field is left out.
fn read(field: &FormField, text: &str) -> Result<Option<Value>, String> {
    if text.is_empty() {
        return match (&field.default, field.is_required) {
            (Some(value), _) => Ok(Some(value.clone())),
            (None, true) => Err("this one is needed".to_owned()),
            (None, false) => Ok(None),
        };
    }
    let value = match &field.kind {
        FieldKind::Text { format } => {
            let fits = format.as_deref().is_none_or(|kind| is_of(kind, text));
            fits.then(|| json!(text))
        }
        FieldKind::Number { is_whole: true } => {
            text.parse::<i64>().ok().map(|number| json!(number))
        }
        FieldKind::Number { is_whole: false } => {
            let number = text.parse::<f64>().ok();
            number
                .filter(|number| number.is_finite())
                .map(|number| json!(number))
        }
        FieldKind::Switch => match text.to_lowercase().as_str() {
            "y" | "yes" | "true" | "on" | "1" => Some(json!(true)),
            "n" | "no" | "false" | "off" | "0" => Some(json!(false)),
            _ => None,
        },
        FieldKind::Choice {
            options,
            is_multiple: false,
        } => chosen(options, text).map(|value| json!(value)),
        FieldKind::Choice { options, .. } => {
            let words = text.split(',').map(str::trim);
            let words = words.filter(|word| !word.is_empty());
            let all: Option<Vec<&str>> = words.map(|word| chosen(options, word)).collect();
            all.map(|all| json!(all))
        }
    };
    value
        .map(Some)
        .ok_or_else(|| format!("this is not what is asked for: {}", how(field)))
}

fn chosen<'a>(options: &'a [FieldChoice], word: &str) -> Option<&'a str> {
    let number = word.parse::<usize>().ok();
    let by_number = number.and_then(|number| options.get(number.checked_sub(1)?));
    let by_name = || {
        let is_it = |option: &&FieldChoice| {
            option.value.eq_ignore_ascii_case(word) || option.title.eq_ignore_ascii_case(word)
        };
        options.iter().find(is_it)
    };
    by_number
        .or_else(by_name)
        .map(|option| option.value.as_str())
}

/// Whether a text looks like one of a format; the host looks closer.
fn is_of(format: &str, text: &str) -> bool {
    let is_date = |text: &str| {
        let parts: Vec<&str> = text.split('-').collect();
        let digits = |part: &&str, count| {
            part.len() == count && part.chars().all(|sign| sign.is_ascii_digit())
        };
        matches!(parts.as_slice(), [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2))
    };
    match format {
        "email" => {
            let parts = text.split_once('@');
            parts.is_some_and(|(name, host)| {
                !name.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace)
            })
        }
        "uri" => {
            let parts = text.split_once(':');
            parts.is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
                && !text.contains(char::is_whitespace)
        }
        "date" => is_date(text),
        "date-time" => text
            .split_once(['T', 't'])
            .is_some_and(|(date, time)| is_date(date) && time.contains(':')),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::BARE;

    fn field(name: &str, kind: FieldKind) -> FormField {
        FormField {
            name: name.into(),
            title: String::new(),
            description: None,
            kind,
            is_required: false,
            default: None,
        }
    }

    fn choice(is_multiple: bool) -> FieldKind {
        let option = |value: &str, title: &str| FieldChoice {
            value: value.into(),
            title: title.into(),
        };
        FieldKind::Choice {
            options: vec![option("r", "Red"), option("b", "Blue")],
            is_multiple,
        }
    }

    #[test]
    fn an_answer_is_checked_against_its_kind() {
        let check = |kind: FieldKind, text: &str, wanted: Option<Value>| {
            let read = read(&field("x", kind.clone()), text);
            assert_eq!(read.ok().flatten(), wanted, "{kind:?} {text}");
        };
        let text = |format: &str| FieldKind::Text {
            format: Some(format.into()),
        };
        let number = |is_whole| FieldKind::Number { is_whole };
        check(
            FieldKind::Text { format: None },
            "any words",
            Some(json!("any words")),
        );
        check(text("email"), "a@b.c", Some(json!("a@b.c")));
        check(text("email"), "a b", None);
        check(text("uri"), "https://a.b", Some(json!("https://a.b")));
        check(text("uri"), "a b:c", None);
        check(text("date"), "2026-01-31", Some(json!("2026-01-31")));
        check(text("date"), "31.1.2026", None);
        check(
            text("date-time"),
            "2026-01-31T10:00Z",
            Some(json!("2026-01-31T10:00Z")),
        );
        check(text("date-time"), "2026-01-31", None);
        check(number(true), "-3", Some(json!(-3)));
        check(number(true), "1.5", None);
        check(number(false), "1.5", Some(json!(1.5)));
        check(number(false), "inf", None);
        check(FieldKind::Switch, "Yes", Some(json!(true)));
        check(FieldKind::Switch, "maybe", None);
        check(choice(false), "2", Some(json!("b")));
        check(choice(false), "red", Some(json!("r")));
        check(choice(false), "3", None);
        check(choice(true), "1, blue", Some(json!(["r", "b"])));
        check(choice(true), "1, green", None);
    }

    #[test]
    fn fields_are_asked_one_after_the_other() {
        let mut color = field("color", choice(false));
        color.is_required = true;
        color.description = Some("of the\u{1b}[2J car".into());
        let mut count = field("count", FieldKind::Number { is_whole: true });
        count.default = Some(json!(2));
        let note = field("note", FieldKind::Text { format: None });
        let mut filling = Filling::new(&[color, count, note]).unwrap();
        let card = filling.card(&BARE);
        assert_eq!(card[0], "  1/3 color");
        assert!(
            card[1].starts_with("    of the") && !card[1].contains('\u{1b}'),
            "{card:?}"
        );
        assert_eq!(
            card[2..],
            [
                "    1  Red",
                "    2  Blue",
                "    a number; needed; Esc declines"
            ]
        );
        assert_eq!(
            filling.enter(""),
            Entered::Wrong("this one is needed".into())
        );
        assert!(matches!(filling.enter("green"), Entered::Wrong(_)));
        assert_eq!(filling.enter("1"), Entered::Next);
        assert_eq!(
            filling.card(&BARE)[1],
            "    a whole number; Enter takes 2; Esc declines"
        );
        assert_eq!(filling.enter(""), Entered::Next);
        let Entered::Done(given) = filling.enter("") else {
            panic!("not done");
        };
        assert_eq!(Value::Object(given), json!({ "color": "r", "count": 2 }));
        assert!(Filling::new(&[]).is_none());
    }
}
