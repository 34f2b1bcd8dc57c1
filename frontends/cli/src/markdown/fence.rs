//! A fenced block of code, line by line.

use crate::highlight::Highlighter;
use crate::theme::{Style, Theme};

/// An open fence.
#[derive(Clone, Debug)]
pub(super) struct Fence {
    /// What opened it, as it is shown.
    opening: String,
    mark: char,
    length: usize,
    indent: usize,
    highlighter: Highlighter,
}

impl Fence {
    /// Reads the line that opens a fence.
    pub(super) fn open(line: &str) -> Option<Self> {
        let text = line.trim_start_matches(' ');
        let mark = text.chars().next().filter(|sign| "`~".contains(*sign))?;
        let info = text.trim_start_matches(mark);
        let length = text.len() - info.len();
        (length >= 3).then(|| Self {
            opening: text.trim_end().to_owned(),
            mark,
            length,
            indent: line.len() - text.len(),
            highlighter: Highlighter::new(info.split_whitespace().next().unwrap_or_default()),
        })
    }

    /// A block that was only indented.
    pub(super) fn indented() -> Self {
        Self {
            opening: "```".to_owned(),
            mark: '`',
            length: 3,
            indent: 0,
            highlighter: Highlighter::new(""),
        }
    }

    /// Whether a line ends the block.
    pub(super) fn is_closed_by(&self, line: &str) -> bool {
        let text = line.trim_start_matches(' ');
        // As the parser has it: spaces may follow, tabs may not.
        let marks = text.trim_end_matches(' ');
        line.len() - text.len() < 4
            && marks.len() >= self.length
            && marks.chars().all(|sign| sign == self.mark)
    }

    pub(super) fn first_row(&self, theme: &Theme) -> String {
        theme.paint(Style::Dim, &self.opening)
    }

    pub(super) fn last_row(&self, theme: &Theme) -> String {
        let marks: String = std::iter::repeat_n(self.mark, self.length).collect();
        theme.paint(Style::Dim, &marks)
    }

    /// A line of code without the indentation of its fence.
    pub(super) fn bare<'a>(&self, line: &'a str) -> &'a str {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        line.get(spaces.min(self.indent)..).unwrap_or_default()
    }

    /// The next line of code, marked.
    pub(super) fn row(&mut self, line: &str, theme: &Theme) -> String {
        self.highlighter.line(line, theme)
    }
}
