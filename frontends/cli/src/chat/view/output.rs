//! What calls say while they run: their last lines.

use crate::clean::{Cleaner, overwritten};
use crate::theme::{Style, Theme};
use std::collections::VecDeque;

/// Lines that are kept.
const LINES: usize = 3;
/// An unfinished line is not longer than this; more of it could not be shown anyway.
const LONGEST: usize = 4096;

/// The end of an output; colors stay.
pub(super) struct Output {
    cleaner: Cleaner,
    lines: VecDeque<String>,
    tail: String,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            cleaner: Cleaner::keeping_marks(),
            lines: VecDeque::new(),
            tail: String::new(),
        }
    }
}

impl Output {
    pub(super) fn push(&mut self, text: &str) {
        // A carriage return goes back over the line: what it leaves is what counts.
        for piece in text.split_inclusive(['\n', '\r']) {
            if piece.ends_with('\r') {
                self.tail.clear();
                continue;
            }
            self.tail.push_str(&self.cleaner.push(piece));
            if self.tail.ends_with('\n') {
                let line = std::mem::take(&mut self.tail);
                self.keep(line.trim_end());
            } else if self.tail.len() > LONGEST {
                let line = std::mem::take(&mut self.tail);
                self.keep(&line);
            }
        }
    }

    fn keep(&mut self, line: &str) {
        if crate::clean::clean(line).trim().is_empty() {
            return;
        }
        self.lines.push_back(overwritten(line).to_owned());
        while self.lines.len() > LINES {
            self.lines.pop_front();
        }
    }

    /// The last lines, dim.
    pub(super) fn rows(&self, most: usize, theme: &Theme) -> Vec<String> {
        let tail = (!self.tail.trim().is_empty()).then_some(&self.tail);
        let lines: Vec<&String> = self.lines.iter().chain(tail).collect();
        let hidden = lines.len().saturating_sub(most);
        let room = theme.width.saturating_sub(3);
        lines
            .into_iter()
            .skip(hidden)
            .map(|line| format!("  {}", row(line, room, theme)))
            .collect()
    }
}

/// A line of output in one row; its own colors stay where they are to be seen.
pub(super) fn row(line: &str, room: usize, theme: &Theme) -> String {
    let line = line.replace('\t', "    ");
    let bare = crate::clean::clean(&line);
    if !theme.has_color || crate::theme::visible_width(&line) > room || bare == line {
        return theme.paint(Style::Dim, &theme.fit(&bare, room));
    }
    crate::clean::keep_marks(&line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::BARE;

    #[test]
    fn the_last_lines_are_shown_as_they_would_stand_in_a_terminal() {
        let mut output = Output::default();
        output.push("one\n\ntwo\nthree\nfour\n10 %\r20");
        output.push(" %\r\u{1b}[2K30 %");
        assert_eq!(output.rows(3, &BARE), ["  three", "  four", "  30 %"]);
        let color = Theme {
            has_color: true,
            ..BARE
        };
        let mut output = Output::default();
        output.push("\u{1b}[32mgreen\nplain\n");
        assert_eq!(
            output.rows(2, &color),
            ["  \u{1b}[32mgreen\u{1b}[0m", "  \u{1b}[2mplain\u{1b}[0m"]
        );
    }
}
