//! One agent message while it arrives: pieces in, finished lines out. Pure.
//!
//! Deltas are decoration: whatever was lost on the way, the completed text makes the whole right.

use crate::clean::{Cleaner, keep_marks};
use crate::markdown::Markdown;
use crate::theme::{Style, Theme};
use anteroom_api::ItemId;

/// Rows of unfinished text that are shown.
const LIVE_ROWS: usize = 3;

pub(super) struct Message {
    pub(super) item: ItemId,
    theme: Theme,
    cleaner: Cleaner,
    markdown: Markdown,
    /// All pieces, as they came.
    seen: String,
    /// Whether a line was printed.
    has_printed: bool,
}

impl Message {
    pub(super) fn new(item: ItemId, theme: Theme) -> Self {
        Self {
            item,
            theme,
            cleaner: Cleaner::default(),
            markdown: Markdown::new(theme),
            seen: String::new(),
            has_printed: false,
        }
    }

    pub(super) fn resize(&mut self, columns: usize) {
        self.theme.width = columns;
        self.markdown.resize(columns);
    }

    /// Takes the next piece; gives the lines it finished.
    pub(super) fn push(&mut self, piece: &str) -> Vec<String> {
        self.seen.push_str(piece);
        let lines = self.markdown.push(&self.cleaner.push(piece));
        self.has_printed |= !lines.is_empty();
        lines
    }

    /// Takes the whole text; gives the lines that are still missing.
    pub(super) fn complete(&mut self, text: &str) -> Vec<String> {
        let mut lines = match text.strip_prefix(self.seen.as_str()) {
            Some(rest) => self.push(rest),
            None => {
                let mut lines = Vec::new();
                if self.has_printed {
                    lines = self.finish();
                    let note = format!(
                        "{} parts were lost on the way; in full:",
                        self.theme.again()
                    );
                    lines.push(self.theme.paint(Style::Dim, &note));
                }
                let mut whole = Self::new(self.item, self.theme);
                lines.extend(whole.push(text));
                *self = whole;
                lines
            }
        };
        lines.extend(self.finish());
        lines
    }

    /// What there is, where no more comes.
    pub(super) fn finish(&mut self) -> Vec<String> {
        self.markdown.finish()
    }

    /// The unfinished text as far as a few rows show it: its end.
    pub(super) fn rows(&self) -> Vec<String> {
        let room = self.theme.width.saturating_sub(1);
        let rows = self.markdown.live(LIVE_ROWS);
        rows.iter()
            .map(|row| self.theme.fit_end(&keep_marks(row), room))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::uuid_of;
    use crate::theme::BARE;

    const NARROW: Theme = Theme { width: 11, ..BARE };

    fn check(pieces: &[&str], whole: &str, wanted: &[&str]) {
        let mut message = Message::new(uuid_of::id(1), NARROW);
        let mut lines = Vec::new();
        for piece in pieces {
            lines.extend(message.push(piece));
        }
        lines.extend(message.complete(whole));
        assert_eq!(lines, wanted, "{pieces:?}");
    }

    #[test]
    fn the_lines_are_the_same_however_the_text_is_cut() {
        let whole =
            "\n\nOne two three four\n- a\n```\nlong code stays in one line\n```\n漢字漢字漢字\n";
        let wanted = [
            "One two",
            "three four",
            "• a",
            "```",
            "long code stays in one line",
            "```",
            "漢字漢字漢",
            "字",
        ];
        check(&[whole], whole, &wanted);
        check(&[], whole, &wanted);
        let signs: Vec<String> = whole.chars().map(|sign| sign.to_string()).collect();
        let signs: Vec<&str> = signs.iter().map(String::as_str).collect();
        check(&signs, whole, &wanted);
        check(&signs[..20], whole, &wanted);
    }

    #[test]
    fn lost_pieces_are_made_good() {
        check(
            &["One\n\n", "two"],
            "One\n\nor two",
            &[
                "One",
                "",
                "two",
                "↻ parts were lost on the way; in full:",
                "One",
                "",
                "or two",
            ],
        );
        check(&["One", "two"], "One or two", &["One or two"]);
        check(&["Hello\n"], "Hello\nyou", &["Hello", "you"]);
    }

    #[test]
    fn control_sequences_do_not_reach_the_window() {
        check(&["a\u{1b}[2", "Jb"], "a\u{1b}[2Jb", &["ab"]);
    }

    #[test]
    fn the_row_shows_the_end_of_the_line() {
        let mut message = Message::new(uuid_of::id(1), NARROW);
        message.push("```\n0123456789abc");
        assert_eq!(message.rows(), ["3456789abc"]);
        message.push("\n```\nwords *that* go");
        assert_eq!(message.rows(), ["words", "*that* go"]);
    }
}
