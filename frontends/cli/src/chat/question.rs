//! A tool's question to the person: numbered options, a free answer or a form. Pure.

use super::ask::Guard;
use super::draft::Draft;
use super::form::{Entered, Filling};
use crate::clean::{reveal, reveal_lines};
use crate::theme::{Style, Theme, visible_width};
use crate::words;
use anteroom_api::{Answer, Question, UnixMillis};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::time::Duration;
use tokio::time::Instant;

/// A question that is being asked.
pub(super) struct Inquiry {
    pub(super) question: Question,
    guard: Guard,
    draft: Draft,
    /// What was filled in so far, if it is a form.
    form: Option<Filling>,
    pub(super) is_answered: bool,
}

/// What a key led to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    /// Nothing yet.
    Nothing,
    /// Lines to be shown: what is wrong, or what is asked next.
    Lines(Vec<String>),
    /// The answer.
    Answer(Answer),
}

impl Inquiry {
    pub(super) fn new(question: Question, now: Instant, arming: Duration) -> Self {
        Self {
            form: Filling::new(&question.form),
            question,
            guard: Guard::new(now, arming),
            draft: Draft::default(),
            is_answered: false,
        }
    }

    /// The question, finished lines.
    pub(super) fn card(&self, theme: &Theme) -> Vec<String> {
        let mut lines = card(&self.question, theme);
        lines.extend(self.form.iter().flat_map(|form| form.card(theme)));
        lines
    }

    /// The row the answer is typed on, and how far the cursor stands from its end.
    pub(super) fn row(&self, now: UnixMillis, theme: &Theme) -> (String, usize) {
        if self.is_answered {
            return (theme.paint(Style::Dim, theme.ellipsis()), 0);
        }
        let left = self.question.expires_at.0.saturating_sub(now.0);
        let what = match &self.form {
            Some(form) => theme.fit(&form.title(), theme.width / 3),
            None => "answer".to_owned(),
        };
        let label = format!("{what} ({}): ", words::countdown(left));
        let width = visible_width(&label) + 1;
        let (row, back) = self.draft.row(theme.width.saturating_sub(width));
        (format!("{}{row}", theme.paint(Style::Accent, &label)), back)
    }

    /// Applies a key; gives the answer once there is one.
    pub(super) fn press(&mut self, key: KeyEvent, now: Instant, theme: &Theme) -> Said {
        if self.is_answered || !self.guard.lets_through(now) {
            return Said::Nothing;
        }
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => Said::Answer(Answer::Declined),
            KeyCode::Char('c' | 'd') if is_control => Said::Answer(Answer::Declined),
            KeyCode::Enter if self.form.is_some() => self.enter(theme),
            KeyCode::Enter => {
                let values = values(&self.question, self.draft.text());
                match values.is_empty() {
                    true => Said::Nothing,
                    false => Said::Answer(Answer::Given { values }),
                }
            }
            _ => {
                self.draft.press(key);
                Said::Nothing
            }
        }
    }

    /// A field of the form is answered.
    fn enter(&mut self, theme: &Theme) -> Said {
        let Some(form) = &mut self.form else {
            return Said::Nothing;
        };
        let title = form.title();
        let text = self.draft.text().trim().to_owned();
        match form.enter(&text) {
            Entered::Wrong(words) => {
                let sign = theme.paint(Style::Warning, theme.warning());
                Said::Lines(vec![format!("  {sign} {words}")])
            }
            Entered::Next => {
                self.draft.take();
                let line = format!("  {title}: {}", reveal(&text));
                let mut lines = vec![theme.paint(Style::Dim, &line)];
                lines.extend(form.card(theme));
                Said::Lines(lines)
            }
            Entered::Done(fields) => {
                self.draft.take();
                Said::Answer(Answer::Filled { fields })
            }
        }
    }

    pub(super) fn paste(&mut self, text: &str, now: Instant) {
        if self.guard.lets_through(now) {
            self.draft.insert(text);
        }
    }
}

fn card(question: &Question, theme: &Theme) -> Vec<String> {
    // Which server asks, the host says in the text itself.
    let who = match &question.agent {
        Some(agent) => format!(" {} (sub-agent) asks:", reveal(agent)),
        None => String::new(),
    };
    let mut text = reveal_lines(&question.text).into_iter();
    let mut lines = vec![format!(
        "{}{who} {}",
        theme.paint(Style::Accent, "?"),
        text.next().unwrap_or_default()
    )];
    lines.extend(text.map(|line| format!("  {line}")));
    for (number, option) in (1..).zip(&question.options) {
        lines.push(format!("  {number}  {}", reveal(option)));
    }
    if !question.form.is_empty() {
        return lines;
    }
    let how = match (question.options.is_empty(), question.is_multiple) {
        (true, _) => "Enter sends, Esc declines",
        (false, true) => "numbers with commas, or your own words; Esc declines",
        (false, false) => "a number, or your own words; Esc declines",
    };
    lines.push(theme.paint(Style::Dim, &format!("  {how}")));
    lines
}

/// The chosen options, or the text itself where it chooses none.
pub(crate) fn values(question: &Question, text: &str) -> Vec<String> {
    let text = text.trim();
    let option = |word: &str| -> Option<String> {
        let word = word.trim();
        let by_number = word
            .parse::<usize>()
            .ok()
            .and_then(|number| question.options.get(number.checked_sub(1)?));
        let by_name = || {
            question
                .options
                .iter()
                .find(|option| option.eq_ignore_ascii_case(word))
        };
        by_number.or_else(by_name).cloned()
    };
    if text.is_empty() {
        return Vec::new();
    }
    let chosen: Option<Vec<String>> = if question.is_multiple {
        text.split(',')
            .filter(|word| !word.trim().is_empty())
            .map(option)
            .collect()
    } else {
        option(text).map(|value| vec![value])
    };
    chosen.unwrap_or_else(|| vec![text.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{turn, uuid_of};
    use crate::theme::BARE;

    fn question(options: &[&str], is_multiple: bool) -> Question {
        Question {
            id: uuid_of::id(5),
            turn: turn(),
            item: uuid_of::id(6),
            agent: None,
            text: "Which one?".into(),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            is_multiple,
            server: None,
            form: Vec::new(),
            expires_at: UnixMillis(60_000),
        }
    }

    #[test]
    fn answers_are_numbers_names_or_words() {
        let check = |options: &[&str], is_multiple, text: &str, wanted: &[&str]| {
            assert_eq!(
                values(&question(options, is_multiple), text),
                wanted,
                "{text}"
            );
        };
        let colors = ["red", "blue"];
        check(&colors, false, "2", &["blue"]);
        check(&colors, false, "RED", &["red"]);
        check(&colors, false, "3", &["3"]);
        check(&colors, false, "green, please", &["green, please"]);
        check(&colors, true, "1, 2", &["red", "blue"]);
        check(&colors, true, "1, green", &["1, green"]);
        check(&[], false, " yes ", &["yes"]);
        check(&colors, false, "  ", &[]);
    }

    #[test]
    fn enter_sends_and_escape_declines() {
        let start = Instant::now();
        let key = |code| KeyEvent::new(code, KeyModifiers::NONE);
        let mut inquiry = Inquiry::new(question(&["red"], false), start, Duration::ZERO);
        let mut press = |code| inquiry.press(key(code), start, &BARE);
        assert_eq!(press(KeyCode::Enter), Said::Nothing);
        assert_eq!(press(KeyCode::Char('1')), Said::Nothing);
        assert_eq!(
            press(KeyCode::Enter),
            Said::Answer(Answer::Given {
                values: vec!["red".into()]
            })
        );
        assert_eq!(press(KeyCode::Esc), Said::Answer(Answer::Declined));
        assert_eq!(
            inquiry.card(&BARE),
            [
                "? Which one?",
                "  1  red",
                "  a number, or your own words; Esc declines"
            ]
        );
    }
}
