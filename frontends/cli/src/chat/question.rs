//! A tool's question to the person: numbered options or a free answer. Pure.

use super::ask::Guard;
use super::draft::Draft;
use crate::clean::{reveal, reveal_lines};
use crate::theme::{Style, Theme};
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
    pub(super) is_answered: bool,
}

impl Inquiry {
    pub(super) fn new(question: Question, now: Instant, arming: Duration) -> Self {
        Self {
            question,
            guard: Guard::new(now, arming),
            draft: Draft::default(),
            is_answered: false,
        }
    }

    /// The question, finished lines.
    pub(super) fn card(&self, theme: &Theme) -> Vec<String> {
        card(&self.question, theme)
    }

    /// The row the answer is typed on, and how far the cursor stands from its end.
    pub(super) fn row(&self, now: UnixMillis, theme: &Theme) -> (String, usize) {
        if self.is_answered {
            return (theme.paint(Style::Dim, theme.ellipsis()), 0);
        }
        let left = self.question.expires_at.0.saturating_sub(now.0);
        let label = format!("answer ({}): ", words::countdown(left));
        let (row, back) = self.draft.row(theme.width.saturating_sub(label.len() + 1));
        (format!("{}{row}", theme.paint(Style::Accent, &label)), back)
    }

    /// Applies a key; gives the answer once there is one.
    pub(super) fn press(&mut self, key: KeyEvent, now: Instant) -> Option<Answer> {
        if self.is_answered || !self.guard.lets_through(now) {
            return None;
        }
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => Some(Answer::Declined),
            KeyCode::Char('c' | 'd') if is_control => Some(Answer::Declined),
            KeyCode::Enter => {
                let values = values(&self.question, self.draft.text());
                (!values.is_empty()).then_some(Answer::Given { values })
            }
            _ => {
                self.draft.press(key);
                None
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
        assert_eq!(inquiry.press(key(KeyCode::Enter), start), None);
        assert_eq!(inquiry.press(key(KeyCode::Char('1')), start), None);
        assert_eq!(
            inquiry.press(key(KeyCode::Enter), start),
            Some(Answer::Given {
                values: vec!["red".into()]
            })
        );
        assert_eq!(
            inquiry.press(key(KeyCode::Esc), start),
            Some(Answer::Declined)
        );
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
