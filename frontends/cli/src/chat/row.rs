//! One row of the window, taken apart: what stands in each place and how it is marked. Pure.
//!
//! Two rows are compared so that only what differs is written again.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// A row that may hold color codes and links, sign by sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    cells: Vec<Cell>,
    /// What is in force behind the last sign.
    end: Marks,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cell {
    text: String,
    width: usize,
    marks: Marks,
}

/// What is in force at a sign: the codes since the last reset, and the link that is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Marks {
    codes: String,
    link: String,
}

/// What to write to turn one row into another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// The column to begin at.
    pub(super) column: usize,
    pub(super) text: String,
    /// The column the cursor is left in.
    pub(super) end: usize,
    /// Whether the row is to be erased first, from its beginning on: it becomes shorter. Where only its end is erased
    /// some terminals count that end when they wrap the row for a narrower window.
    pub(super) is_anew: bool,
    /// Whether all terminals leave the cursor there.
    pub(super) is_certain: bool,
}

/// A text as rows of at most so many columns, all of it.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut rows: Vec<Vec<Cell>> = vec![Vec::new()];
    let mut used = 0;
    for cell in Row::new(text).cells {
        if used + cell.width > columns && used > 0 {
            rows.push(Vec::new());
            used = 0;
        }
        used += cell.width;
        if let Some(row) = rows.last_mut() {
            row.push(cell);
        }
    }
    rows.iter().map(|row| written(row)).collect()
}

/// As much of a text as fits into so many columns.
pub(super) fn cut(text: &str, columns: usize) -> String {
    let mut rows = wrap(text, columns);
    rows.truncate(1);
    rows.pop().unwrap_or_default()
}

impl Row {
    /// Takes a row apart. Tabs become spaces, other control signs are left out.
    pub(super) fn new(text: &str) -> Self {
        let (mut cells, mut marks) = (Vec::new(), Marks::default());
        let mut rest = text;
        while !rest.is_empty() {
            if let Some((sequence, behind)) = sequence(rest) {
                marks.apply(sequence);
                rest = behind;
                continue;
            }
            if let Some(behind) = rest.strip_prefix('\u{1b}') {
                rest = behind;
                continue;
            }
            let end = rest.find('\u{1b}').unwrap_or(rest.len());
            let (plain, behind) = rest.split_at(end);
            for sign in plain.graphemes(true) {
                push(sign, &marks, &mut cells);
            }
            rest = behind;
        }
        Self { cells, end: marks }
    }

    /// Columns it takes.
    pub(super) fn width(&self) -> usize {
        self.cells.iter().map(|cell| cell.width).sum()
    }

    /// Rows it takes in a window of so many columns, as far as what stands before `column` reaches.
    pub(super) fn height(&self, column: usize, columns: usize) -> usize {
        let (mut rows, mut used, mut passed) = (1, 0, 0);
        // Spaces at the end may be left out by whoever wraps, and one row too few is better than one too many.
        let last = self.cells.iter().rposition(|cell| cell.text != " ");
        let cells = self.cells.get(..last.map_or(0, |at| at + 1));
        let cells = cells.unwrap_or_default();
        let width: usize = cells.iter().map(|cell| cell.width).sum();
        for cell in cells {
            if passed >= column {
                break;
            }
            // A wide sign is not split.
            if used + cell.width > columns && used > 0 {
                rows += 1;
                used = 0;
            }
            used += cell.width;
            passed += cell.width;
        }
        // Only what follows takes the cursor to the next row.
        rows + usize::from(used >= columns && passed < width)
    }

    /// Whether the two look so much the same that one was made from the other.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let cells = self.cells.iter().zip(&other.cells);
        let same = cells.filter(|(one, other)| one == other).count();
        let head = self.head(other);
        let same = same.max(head + self.tail(other, head));
        same * 2 >= self.cells.len().max(other.cells.len())
    }

    /// What turns `self` into `wanted`; none if they are the same.
    pub(super) fn change(&self, wanted: &Self) -> Option<Change> {
        if self.cells == wanted.cells {
            return None;
        }
        let head = self.head(wanted);
        let sure = |cells: &[Cell]| cells.iter().all(Cell::is_sure);
        // Terminals may differ on how wide a sign is: what stands behind such a one is written again.
        let head = wanted.cells.iter().take(head).take_while(|c| c.is_sure());
        let head = head.count();
        let tail = self.tail(wanted, head);
        let old = self.cells.get(head..self.cells.len() - tail)?;
        let new = wanted.cells.get(head..wanted.cells.len() - tail)?;
        let width = |cells: &[Cell]| cells.iter().map(|cell| cell.width).sum::<usize>();
        if wanted.width() < self.width() {
            return Some(Change {
                column: 0,
                text: written(&wanted.cells),
                end: wanted.width(),
                is_anew: true,
                is_certain: sure(&wanted.cells),
            });
        }
        let keeps_tail = width(old) == width(new) && sure(old) && sure(new);
        let new = if keeps_tail {
            new
        } else {
            wanted.cells.get(head..)?
        };
        let column = width(wanted.cells.get(..head)?);
        Some(Change {
            column,
            text: written(new),
            end: column + width(new),
            is_anew: false,
            is_certain: sure(new),
        })
    }

    /// How many signs both begin with.
    fn head(&self, other: &Self) -> usize {
        let pairs = self.cells.iter().zip(&other.cells);
        pairs.take_while(|(one, other)| one == other).count()
    }

    /// How many signs both end with, leaving alone what both begin with.
    fn tail(&self, other: &Self, head: usize) -> usize {
        let most = self.cells.len().min(other.cells.len()) - head;
        let pairs = self.cells.iter().rev().zip(other.cells.iter().rev());
        pairs
            .take(most)
            .take_while(|(one, other)| one == other)
            .count()
    }
}

impl Cell {
    /// Whether all terminals give it the same columns.
    fn is_sure(&self) -> bool {
        let mut signs = self.text.chars();
        let (first, second) = (signs.next().unwrap_or(' '), signs.next());
        second.is_none()
            && matches!(first,
                ' '..='~' | '\u{a1}'..='\u{2ff}' | '\u{370}'..='\u{482}' | '\u{48a}'..='\u{52f}'
                | '\u{2010}'..='\u{2026}' | '\u{2500}'..='\u{259f}' | '\u{276f}' | '\u{2800}'..='\u{28ff}'
                | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}'
                | '\u{ac00}'..='\u{d7a3}')
            && first != '\u{ad}'
    }
}

impl Marks {
    fn apply(&mut self, sequence: &str) {
        if let Some(codes) = sequence.strip_prefix("\u{1b}[") {
            let codes = codes.strip_suffix('m').unwrap_or_default();
            // A reset at the beginning takes everything before it away.
            if codes.is_empty() || codes == "0" || codes.starts_with("0;") {
                self.codes.clear();
            }
            if !codes.is_empty() && codes != "0" {
                self.codes.push_str(sequence);
            }
        } else if sequence.starts_with("\u{1b}]8;;\u{1b}") || sequence == "\u{1b}]8;;\u{7}" {
            self.link.clear();
        } else {
            sequence.clone_into(&mut self.link);
        }
    }
}

/// The color code or link a text begins with, and what is behind it.
fn sequence(text: &str) -> Option<(&str, &str)> {
    if let Some(body) = text.strip_prefix("\u{1b}[") {
        let end = body.find(|sign: char| !(sign.is_ascii_digit() || sign == ';' || sign == ':'))?;
        return body
            .get(end..)?
            .starts_with('m')
            .then(|| text.split_at(end + 3));
    }
    let body = text.strip_prefix("\u{1b}]8;")?;
    let (at, length) = [("\u{1b}\\", 2), ("\u{7}", 1)]
        .iter()
        .filter_map(|(end, length)| Some((body.find(end)?, *length)))
        .min()?;
    Some(text.split_at("\u{1b}]8;".len() + at + length))
}

fn push(sign: &str, marks: &Marks, cells: &mut Vec<Cell>) {
    if sign == "\t" {
        let column: usize = cells.iter().map(|cell| cell.width).sum();
        for _ in 0..8 - column % 8 {
            push(" ", marks, cells);
        }
        return;
    }
    if sign.chars().any(char::is_control) {
        return;
    }
    cells.push(Cell {
        text: sign.to_owned(),
        width: sign.width(),
        marks: marks.clone(),
    });
}

/// Signs with their marks, beginning and ending without any.
fn written(cells: &[Cell]) -> String {
    let mut text = String::new();
    let mut now = Marks::default();
    let turn = |now: &mut Marks, wanted: &Marks, text: &mut String| {
        if now.link != wanted.link {
            let none = "\u{1b}]8;;\u{1b}\\";
            text.push_str(if wanted.link.is_empty() {
                none
            } else {
                &wanted.link
            });
        }
        if now.codes != wanted.codes {
            match wanted.codes.strip_prefix(now.codes.as_str()) {
                Some(more) => text.push_str(more),
                None => {
                    text.push_str("\u{1b}[0m");
                    text.push_str(&wanted.codes);
                }
            }
        }
        now.clone_from(wanted);
    };
    for cell in cells {
        turn(&mut now, &cell.marks, &mut text);
        text.push_str(&cell.text);
    }
    turn(&mut now, &Marks::default(), &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written to turn the one into the other, with the column it begins at.
    fn check(old: &str, new: &str, wanted: Option<(usize, &str, bool)>) {
        let change = Row::new(old).change(&Row::new(new));
        let shown = change
            .as_ref()
            .map(|change| (change.column, change.text.as_str(), change.is_anew));
        assert_eq!(shown, wanted, "{old:?} {new:?}");
    }

    #[test]
    fn only_what_differs_is_written() {
        check("same", "same", None);
        check("", "new", Some((0, "new", false)));
        check("grows", "grows on", Some((5, " on", false)));
        check("shrinks", "shri", Some((0, "shri", true)));
        check("a 12s b", "a 13s b", Some((3, "3", false)));
        check("a 9s b", "a 10s b", Some((2, "10s b", false)));
        check("漢字 a", "漢字 b", Some((5, "b", false)));
        check("a漢b", "axb", Some((0, "axb", true)));
        check("a漢b", "axyb", Some((1, "xy", false)));
    }

    #[test]
    fn marks_are_kept_apart() {
        check(
            "\u{1b}[2mdim one\u{1b}[0m",
            "\u{1b}[2mdim two\u{1b}[0m",
            Some((4, "\u{1b}[2mtwo\u{1b}[0m", false)),
        );
        check(
            "plain",
            "\u{1b}[31mplain\u{1b}[0m",
            Some((0, "\u{1b}[31mplain\u{1b}[0m", false)),
        );
        check("\u{1b}[31mx\u{1b}[0m", "\u{1b}[0;31mx\u{1b}[0m", {
            Some((0, "\u{1b}[0;31mx\u{1b}[0m", false))
        });
        let link = "\u{1b}]8;;http://a\u{1b}\\a\u{1b}]8;;\u{1b}\\";
        check("", link, Some((0, link, false)));
        assert_eq!(Row::new(link).width(), 1);
    }

    #[test]
    fn behind_what_may_be_wider_everything_is_written() {
        check("⚠ 1 a", "⚠ 2 a", Some((0, "⚠ 2 a", false)));
        check("👍 ab", "👍 ac", Some((0, "👍 ac", false)));
        check("e\u{301}a", "e\u{301}b", Some((0, "e\u{301}b", false)));
    }

    #[test]
    fn control_signs_do_not_get_through() {
        let row = Row::new("a\tb\r\u{7}c\u{1b}[2Jd");
        assert_eq!(row.width(), 8 + 2 + 4, "the ESC alone is taken away");
        assert!(!written(&row.cells).contains('\u{1b}'));
    }

    #[test]
    fn what_is_too_long_is_wrapped_or_cut() {
        let red = "\u{1b}[31mabcd\u{1b}[0m";
        assert_eq!(
            wrap(red, 3),
            ["\u{1b}[31mabc\u{1b}[0m", "\u{1b}[31md\u{1b}[0m"]
        );
        assert_eq!(wrap("漢字漢", 5), ["漢字", "漢"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(cut("漢字漢", 5), "漢字");
    }

    #[test]
    fn alike_is_what_was_made_from_the_other() {
        let check = |one: &str, other: &str, wanted| {
            assert_eq!(Row::new(one).is_like(&Row::new(other)), wanted);
        };
        check("⠋ streaming · 4s", "⠋ streaming · 38 tok/s · 5s", true);
        check("⠋ 4s", "⠙ 4s", true);
        check("> abc", "> abcd", true);
        check("⠋ streaming", "some words", false);
        check("", "", true);
    }
}
