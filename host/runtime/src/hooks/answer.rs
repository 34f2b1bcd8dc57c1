//! What hooks answer: read strictly, the strictest first, contexts added up.

use anteroom_gate::{visible, visible_block};
use serde::Deserialize;

/// Characters of a reason.
const REASON_CHARS: usize = 2_000;
/// Characters of everything that the hooks of one moment add.
const CONTEXT_CHARS: usize = 10_000;

/// One hook's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) decision: Decision,
    pub(super) reason: String,
    pub(super) context: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Decision {
    /// No objection; that allows nothing.
    #[default]
    Allow,
    Deny,
    Ask,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    decision: Option<Decision>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    context: Option<String>,
}

impl Answer {
    /// Reads what a hook wrote. Nothing is no objection; what is not understood is no answer.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "answered with no UTF-8 text")?;
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        // A list of the values would be read as well.
        if !text.trim().starts_with('{') {
            return Err(
                "answered with something that is no answer: it is no JSON object".to_owned(),
            );
        }
        let written: Written = serde_json::from_str(text.trim())
            .map_err(|error| format!("answered with something that is no answer: {error}"))?;
        Ok(Self {
            decision: written.decision.unwrap_or_default(),
            reason: written.reason.unwrap_or_default(),
            context: written.context.unwrap_or_default(),
        })
    }
}

/// Who says something, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Voice {
    /// File and line.
    pub(super) place: String,
    pub(super) reason: String,
    /// Whether it did not decide, but failed.
    pub(super) is_failure: bool,
}

impl Voice {
    pub(super) fn new(place: &str, reason: &str) -> Self {
        Self {
            place: place.to_owned(),
            reason: cut(&visible(reason.trim()), REASON_CHARS),
            is_failure: false,
        }
    }

    pub(super) fn failure(place: &str, reason: &str) -> Self {
        Self {
            is_failure: true,
            ..Self::new(place, reason)
        }
    }

    /// For the middle of a sentence.
    pub(super) fn who(&self) -> String {
        format!("the hook at `{}`", visible(&self.place))
    }

    /// For its end.
    pub(super) fn because(&self) -> String {
        match (self.is_failure, self.reason.as_str()) {
            (true, reason) => format!(" failed, which counts as no: it {reason}"),
            (false, "") => String::new(),
            (false, reason) => format!(": {reason}"),
        }
    }

    /// A call was not made, in words for the model.
    pub(super) fn refusal(&self, tool: &str) -> String {
        let (tool, who, because) = (visible(tool), self.who(), self.because());
        match self.is_failure {
            true => format!(
                "`{tool}` was not allowed to run: {who}{because}. Tell the person, who can correct it; do not try it in another way."
            ),
            false => format!(
                "`{tool}` was not allowed to run: {who} said no{because}. Do not try it in another way; go on without it or ask what to do instead."
            ),
        }
    }

    /// A call was made and its result is kept back, in words for the model.
    pub(super) fn withheld(&self, tool: &str) -> String {
        format!(
            "`{}` has run, and its result was withheld: {} said no{}. Its effects stay; go on without the result.",
            visible(tool),
            self.who(),
            self.because()
        )
    }
}

/// What all hooks of a moment said together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) deny: Option<Voice>,
    pub(super) ask: Option<Voice>,
    /// Labelled with whose it is.
    pub(super) context: String,
}

impl Said {
    /// Takes the next answer in; of two that say the same, the first is told.
    pub(super) fn take(&mut self, place: &str, answer: &Answer) {
        let voice = || Voice::new(place, &answer.reason);
        match answer.decision {
            Decision::Allow => {}
            Decision::Deny => drop(self.deny.get_or_insert_with(voice)),
            Decision::Ask => drop(self.ask.get_or_insert_with(voice)),
        }
        self.add(place, &answer.context);
    }

    /// A hook failed where that is a no.
    pub(super) fn refuse(&mut self, place: &str, why: &str) {
        self.deny.get_or_insert_with(|| Voice::failure(place, why));
    }

    fn add(&mut self, place: &str, context: &str) {
        let had = self.context.chars().count();
        let context = visible_block(context.trim());
        if context.is_empty() || had >= CONTEXT_CHARS {
            return;
        }
        let place = visible(place);
        let label =
            format!("[Added by the user's hook at `{place}`, not by the tool or the person:]");
        if had > 0 {
            self.context.push_str("\n\n");
        }
        self.context.push_str(&label);
        self.context.push('\n');
        self.context.push_str(&cut(&context, CONTEXT_CHARS - had));
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(decision: Decision, reason: &str, context: &str) -> Answer {
        Answer {
            decision,
            reason: reason.to_owned(),
            context: context.to_owned(),
        }
    }

    #[test]
    fn answers_are_read_strictly() {
        for (text, expected) in [
            ("", Some(Answer::default())),
            (" \n\t", Some(Answer::default())),
            ("{}", Some(Answer::default())),
            (r#"{"decision":"allow"}"#, Some(Answer::default())),
            (r#"{"decision":null}"#, Some(Answer::default())),
            (
                "{\"decision\": \"deny\", \"reason\": \"no\"}\n",
                Some(answer(Decision::Deny, "no", "")),
            ),
            (
                r#"{"decision":"ask","reason":"r","context":"c"}"#,
                Some(answer(Decision::Ask, "r", "c")),
            ),
            (r#"{"context":"c"}"#, Some(answer(Decision::Allow, "", "c"))),
            ("ok", None),
            ("null", None),
            ("[]", None),
            (r#""deny""#, None),
            (r#"["allow","r","c"]"#, None),
            (r#"{"decision":"Deny"}"#, None),
            (r#"{"decision":"yes"}"#, None),
            (r#"{"decison":"deny"}"#, None),
            (r#"{"decision":"deny"} {"decision":"allow"}"#, None),
            (r#"{"decision":"deny","decision":"allow"}"#, None),
            (r#"{"decision":"allow","reason":1}"#, None),
        ] {
            assert_eq!(Answer::read(text.as_bytes()).ok(), expected, "{text}");
        }
        assert!(Answer::read(b"\xff").is_err());
    }

    #[test]
    fn the_strictest_wins_and_contexts_add_up() {
        let mut said = Said::default();
        said.take("a:1", &answer(Decision::Allow, "fine", "one"));
        assert_eq!((said.deny.is_some(), said.ask.is_some()), (false, false));
        said.take("a:2", &answer(Decision::Ask, "look", ""));
        said.take("a:3", &answer(Decision::Deny, "no\u{202e}", "two"));
        said.take("a:4", &answer(Decision::Deny, "never", ""));
        said.refuse("a:5", "took too long");
        said.take("a:6", &answer(Decision::Allow, "", ""));
        let no = said.deny.clone().unwrap();
        assert_eq!(
            (no.place.as_str(), no.reason.as_str()),
            ("a:3", "no\\u{202e}")
        );
        assert_eq!(said.ask.unwrap().place, "a:2");
        let (one, two) = (said.context.find("one"), said.context.find("two"));
        assert!(one < two && one.is_some(), "{}", said.context);
        assert!(said.context.contains("hook at `a:3`"));
    }

    #[test]
    fn what_is_added_is_bounded() {
        let mut said = Said::default();
        for _ in 0..10 {
            said.take("a:1", &answer(Decision::Allow, "", &"x".repeat(9_000)));
        }
        let count = said.context.chars().count();
        assert!(count < CONTEXT_CHARS + 500, "{count}");
        let voice = Voice::new("a:1", &"x".repeat(9_000));
        assert_eq!(voice.reason.chars().count(), REASON_CHARS + 1);
    }
}
