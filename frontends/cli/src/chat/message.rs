//! One agent message while it arrives: pieces in, finished lines out. Pure.
//!
//! Deltas are decoration: whatever was lost on the way, the completed text makes the whole right.

use crate::clean::{Cleaner, clean};
use crate::markdown::Markdown;
use crate::theme::{Style, Theme};
use anteroom_api::ItemId;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(super) struct Message {
    pub(super) item: ItemId,
    theme: Theme,
    cleaner: Cleaner,
    markdown: Markdown,
    /// All pieces, as they came.
    seen: String,
    /// The line that is not finished.
    tail: String,
    /// Whether the tail goes on a line that was wrapped.
    is_wrapped: bool,
    /// Whether a line was printed.
    has_printed: bool,
}

impl Message {
    pub(super) fn new(item: ItemId, theme: Theme) -> Self {
        Self {
            item,
            theme,
            cleaner: Cleaner::default(),
            markdown: Markdown::default(),
            seen: String::new(),
            tail: String::new(),
            is_wrapped: false,
            has_printed: false,
        }
    }

    pub(super) fn resize(&mut self, columns: usize) {
        self.theme.width = columns;
    }

    /// Takes the next piece; gives the lines it finished.
    pub(super) fn push(&mut self, piece: &str) -> Vec<String> {
        self.seen.push_str(piece);
        self.tail.push_str(&self.cleaner.push(piece));
        let mut lines = Vec::new();
        while let Some(at) = self.tail.find('\n') {
            let rest = self.tail.split_off(at + 1);
            let mut line = std::mem::replace(&mut self.tail, rest);
            line.pop();
            self.wrap(line, &mut lines);
            self.is_wrapped = false;
        }
        // What is left is wrapped too, so that it fits the one row it is shown on.
        if !self.markdown.is_code() {
            while let Some((row, rest)) = split_row(&self.tail, self.theme.width.saturating_sub(1))
            {
                self.tail = rest;
                self.finish_row(&row, &mut lines);
                self.is_wrapped = true;
            }
        }
        lines
    }

    fn wrap(&mut self, line: String, lines: &mut Vec<String>) {
        let mut rest = line;
        if !self.markdown.is_code() {
            while let Some((row, after)) = split_row(&rest, self.theme.width.saturating_sub(1)) {
                rest = after;
                self.finish_row(&row, lines);
                self.is_wrapped = true;
            }
        }
        self.finish_row(&rest, lines);
    }

    fn finish_row(&mut self, row: &str, lines: &mut Vec<String>) {
        let is_blank = row.trim().is_empty();
        if is_blank && !self.has_printed {
            return;
        }
        self.has_printed = true;
        let marked = if self.is_wrapped {
            self.markdown.part(row, &self.theme)
        } else {
            self.markdown.line(row, &self.theme)
        };
        lines.push(marked);
    }

    /// Takes the whole text; gives the lines that are still missing.
    pub(super) fn complete(&mut self, text: &str) -> Vec<String> {
        let mut lines = match text.strip_prefix(self.seen.as_str()) {
            Some(rest) => self.push(rest),
            None => {
                let mut lines = self.finish();
                if self.has_printed {
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
        let mut lines = Vec::new();
        let tail = std::mem::take(&mut self.tail);
        if !tail.trim().is_empty() {
            self.wrap(tail, &mut lines);
        }
        lines
    }

    /// The unfinished line as far as one row shows it: its end.
    pub(super) fn row(&self) -> Option<String> {
        if self.tail.trim().is_empty() {
            return None;
        }
        let mut row = clean(&self.tail).replace('\t', "    ");
        while row.width() >= self.theme.width.max(2) {
            row.remove(0);
        }
        Some(row)
    }
}

/// The first row of a line that is wider than `columns`, broken at a space where there is one, and the rest.
fn split_row(line: &str, columns: usize) -> Option<(String, String)> {
    let columns = columns.max(1);
    let mut width = 0;
    let mut space = None;
    for (at, sign) in line.char_indices() {
        width += sign.width().unwrap_or(0);
        if width > columns && at > 0 {
            // A break inside the indentation would make no row of its own.
            let indent = line.len() - line.trim_start().len();
            let (end, next) = match space {
                _ if sign == ' ' => (at, at + 1),
                Some(space) if space > indent => (space, space + 1),
                _ => (at, at),
            };
            return Some((
                line.get(..end).unwrap_or_default().to_owned(),
                line.get(next..).unwrap_or_default().to_owned(),
            ));
        }
        if sign == ' ' {
            space = Some(at);
        }
    }
    None
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
            "- a",
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
            &["One", "two"],
            "One or two",
            &[
                "Onetwo",
                "↻ parts were lost on the way; in full:",
                "One or two",
            ],
        );
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
        assert_eq!(message.row().as_deref(), Some("3456789abc"));
    }
}
