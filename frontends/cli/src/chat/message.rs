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
    /// Characters of those.
    had: u64,
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
            had: 0,
            has_printed: false,
        }
    }

    /// Characters there are of it.
    #[cfg(test)]
    pub(super) fn had(&self) -> u64 {
        self.had
    }

    pub(super) fn resize(&mut self, columns: usize) {
        self.theme.width = columns;
        self.markdown.resize(columns);
    }

    /// What of a preview is new: it says how many characters come before it, and may tell again what was told. One
    /// that is ahead of what there is says nothing; the completed text will.
    pub(super) fn new_of<'a>(&self, at: u64, text: &'a str) -> &'a str {
        let known = self.had.checked_sub(at).map(usize::try_from);
        let Some(Ok(known)) = known else {
            return "";
        };
        let from = text.char_indices().nth(known);
        from.map_or("", |(from, _)| &text[from..])
    }

    /// Takes the next piece; gives the lines it finished.
    pub(super) fn push(&mut self, piece: &str) -> Vec<String> {
        self.seen.push_str(piece);
        self.had += u64::try_from(piece.chars().count()).unwrap_or(u64::MAX);
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
    fn what_is_told_again_is_taken_once_and_never_with_a_gap() {
        let mut message = Message::new(uuid_of::id(1), NARROW);
        for (at, text, new) in [
            (0, "für", "für"),
            (0, "für dich", " dich"),
            (3, " dich", ""),
            (8, "", ""),
            (7, "h und", " und"),
            (20, "lost", ""),
        ] {
            assert_eq!(message.new_of(at, text), new, "{at} {text}");
            message.push(new);
        }
        assert_eq!(message.seen, "für dich und");
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
