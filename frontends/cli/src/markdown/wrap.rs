//! Marked text broken into rows by columns, not characters. Knows nothing of Markdown.
//!
//! A row that is not the last never changes when text is added at the end: that is what lets a stream be
//! written row by row.

use crate::theme::{Marks, Theme};
use std::rc::Rc;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// A piece of text that looks the same throughout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) marks: Marks,
    /// Where it leads, if the terminal can be told.
    pub(super) link: Option<Rc<str>>,
    /// Where it begins in the source.
    pub(super) at: usize,
}

impl Span {
    pub(super) fn new(text: impl Into<String>, marks: Marks, at: usize) -> Self {
        Self {
            text: text.into(),
            marks,
            link: None,
            at,
        }
    }
}

/// One sign as it is seen, and the span it belongs to.
#[derive(Clone, Copy)]
struct Cell<'a> {
    sign: &'a str,
    width: usize,
    span: usize,
}

/// Signs that may not begin a row, and signs that may not end one.
const NOT_FIRST: &str = "。，、；：！？）」』】》〉”’…ー々";
const NOT_LAST: &str = "（「『【《〈“‘";

/// The rows of some spans, painted; at least one.
pub(super) fn wrap(spans: &[Span], columns: usize, theme: &Theme) -> Vec<String> {
    let cells = cells(spans);
    rows(&cells, columns.max(1))
        .into_iter()
        .map(|(from, to)| paint(spans, cells.get(from..to).unwrap_or_default(), theme))
        .collect()
}

/// How many rows there are.
pub(super) fn height(spans: &[Span], columns: usize) -> usize {
    rows(&cells(spans), columns.max(1)).len()
}

/// Columns of some spans on one row.
pub(super) fn width(spans: &[Span]) -> usize {
    cells(spans).iter().map(|cell| cell.width).sum()
}

/// Columns of the longest word.
pub(super) fn longest_word(spans: &[Span]) -> usize {
    let cells = cells(spans);
    let words = cells.split(|cell| cell.sign == " " || cell.sign == "\n");
    words
        .map(|word| word.iter().map(|cell| cell.width).sum())
        .max()
        .unwrap_or(0)
}

fn cells(spans: &[Span]) -> Vec<Cell<'_>> {
    let mut cells = Vec::new();
    for (span, piece) in spans.iter().enumerate() {
        for sign in piece.text.graphemes(true) {
            let (sign, width) = match sign {
                "\n" => ("\n", 0),
                "\t" => (" ", 1),
                _ => (sign, sign.width()),
            };
            cells.push(Cell { sign, width, span });
        }
    }
    cells
}

/// Whether a row may end between two signs that are not spaces.
fn may_part(left: &Cell, right: &Cell) -> bool {
    let is_wide = |cell: &Cell| cell.width == 2;
    (is_wide(left) || is_wide(right))
        && !NOT_FIRST.contains(right.sign)
        && !NOT_LAST.contains(left.sign)
}

/// From and to of each row, without the spaces where they part.
fn rows(cells: &[Cell], columns: usize) -> Vec<(usize, usize)> {
    let mut rows = Vec::new();
    let (mut start, mut end, mut used) = (0, 0, 0);
    let mut at = 0;
    while at < cells.len() {
        let unit = unit(cells, at);
        let width: usize = cells
            .get(at..unit)
            .unwrap_or_default()
            .iter()
            .map(|c| c.width)
            .sum();
        match cells.get(at).map(|cell| cell.sign) {
            Some("\n") => {
                rows.push((start, end));
                (start, end, used) = (at + 1, at + 1, 0);
            }
            // Spaces count once something follows them on the row.
            Some(" ") => {
                used += width;
                if end == start {
                    (start, end, used) = (unit, unit, 0);
                }
            }
            _ if used + width <= columns => {
                (end, used) = (unit, used + width);
            }
            _ => {
                if end > start {
                    rows.push((start, end));
                }
                (start, end, used) = (at, at, 0);
                for (offset, cell) in cells.get(at..unit).unwrap_or_default().iter().enumerate() {
                    if used + cell.width > columns && end > start {
                        rows.push((start, end));
                        (start, used) = (at + offset, 0);
                    }
                    (end, used) = (at + offset + 1, used + cell.width);
                }
            }
        }
        at = unit;
    }
    rows.push((start, end));
    rows
}

/// The end of what stays together from here on: a line feed, a run of spaces, or a word.
fn unit(cells: &[Cell], at: usize) -> usize {
    let Some(first) = cells.get(at) else {
        return at;
    };
    if first.sign == "\n" {
        return at + 1;
    }
    let is_space = first.sign == " ";
    let mut left = first;
    for (offset, cell) in cells.iter().enumerate().skip(at + 1) {
        let is_end = cell.sign == "\n"
            || (cell.sign == " ") != is_space
            || (!is_space && may_part(left, cell));
        if is_end {
            return offset;
        }
        left = cell;
    }
    cells.len()
}

fn paint(spans: &[Span], cells: &[Cell], theme: &Theme) -> String {
    let mut row = String::new();
    let mut rest = cells;
    while let Some(first) = rest.first() {
        let length = rest
            .iter()
            .take_while(|cell| cell.span == first.span)
            .count();
        let (same, after) = rest.split_at(length);
        rest = after;
        let text: String = same.iter().map(|cell| cell.sign).collect();
        let Some(span) = spans.get(first.span) else {
            continue;
        };
        let painted = theme.mark(span.marks, &text);
        match &span.link {
            Some(link) => row.push_str(&theme.link(link, &painted)),
            None => row.push_str(&painted),
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::BARE;

    fn spans(text: &str) -> Vec<Span> {
        vec![Span::new(text, Marks::default(), 0)]
    }

    #[test]
    fn rows_break_at_words_and_between_wide_signs() {
        let check = |text: &str, columns, wanted: &[&str]| {
            assert_eq!(wrap(&spans(text), columns, &BARE), wanted, "{text:?}");
        };
        check("", 10, &[""]);
        check("one two three", 7, &["one two", "three"]);
        check("one  two", 8, &["one  two"]);
        check("one   two", 4, &["one", "two"]);
        check("abcdefghij", 4, &["abcd", "efgh", "ij"]);
        check("x abcdefghij", 4, &["x", "abcd", "efgh", "ij"]);
        check("漢字漢字", 5, &["漢字", "漢字"]);
        check("漢字。漢", 4, &["漢", "字。", "漢"]);
        check("abc漢字", 5, &["abc漢", "字"]);
        check(
            "e\u{301}e\u{301}e\u{301}",
            2,
            &["e\u{301}e\u{301}", "e\u{301}"],
        );
        check("👩‍👩‍👧👍🏽", 2, &["👩‍👩‍👧", "👍🏽"]);
        check("a\nb", 9, &["a", "b"]);
        check("trailing ", 9, &["trailing"]);
    }

    #[test]
    fn rows_before_the_last_never_change() {
        let text =
            "One two, three-four 漢字漢字。漢字 averyveryverylongword and  spaces（漢）. e\u{301}x";
        for columns in 1..24 {
            let whole = wrap(&spans(text), columns, &BARE);
            for (at, _) in text.char_indices() {
                let part = wrap(&spans(&text[..at]), columns, &BARE);
                let fixed = &part[..part.len() - 1];
                // A sign that a mark is added to changes; it stands at the very end.
                assert_eq!(fixed, &whole[..fixed.len()], "{columns} {:?}", &text[..at]);
            }
        }
    }
}
