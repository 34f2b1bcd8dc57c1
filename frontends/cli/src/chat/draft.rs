//! The text that is typed while a run goes on: signs, cursor, the usual keys, and how it lies in rows. Pure.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns before it was laid out for the first time.
const USUAL_COLUMNS: usize = 77;
/// How a tab is shown.
const TAB: &str = "    ";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    text: String,
    /// Where the cursor stands, in bytes; always before a sign or at the end.
    cursor: usize,
    /// Columns of a row, for going up and down.
    columns: usize,
}

/// A draft as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) rows: Vec<String>,
    /// Row and column of the cursor.
    pub(super) cursor: (usize, usize),
    /// Whether there is more above and below.
    pub(super) is_cut: (bool, bool),
}

/// One row of the text: bytes from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    from: usize,
    to: usize,
    /// Whether the line goes on in the next row.
    is_wrapped: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            text: String::new(),
            cursor: 0,
            columns: USUAL_COLUMNS,
        }
    }
}

impl From<&str> for Draft {
    fn from(text: &str) -> Self {
        let mut draft = Self::default();
        draft.insert(text);
        draft
    }
}

impl Draft {
    /// A text with the cursor so many bytes into it.
    pub(super) fn at(text: &str, cursor: usize) -> Self {
        let mut draft = Self::from(text);
        draft.cursor = draft.text.floor_char_boundary(cursor);
        draft
    }

    /// Where the cursor stands, in bytes.
    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Replaces the text; the cursor stands at its end.
    pub(super) fn set(&mut self, text: &str) {
        self.text.clear();
        self.cursor = 0;
        self.insert(text);
    }

    /// Takes the text out.
    pub(super) fn take(&mut self) -> String {
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }

    /// Types or pastes. Line ends of any kind become line feeds; control signs are left out.
    pub(super) fn insert(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let is_kept = |sign: &char| !sign.is_control() || matches!(sign, '\n' | '\t');
        let text: String = text.chars().filter(is_kept).collect();
        self.text.insert_str(self.cursor, &text);
        self.cursor += text.len();
    }

    /// Applies a key; false if it means nothing here.
    pub(super) fn press(&mut self, key: KeyEvent) -> bool {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        let is_alt = key.modifiers.contains(KeyModifiers::ALT);
        let is_word = is_control || is_alt;
        match key.code {
            KeyCode::Enter if !key.modifiers.is_empty() => self.insert("\n"),
            KeyCode::Char(sign) if is_control => return self.press_control(sign),
            KeyCode::Char('b') if is_alt => self.cursor = self.word_left(),
            KeyCode::Char('f') if is_alt => self.cursor = self.word_right(),
            KeyCode::Char('d') if is_alt => self.remove(self.cursor, self.word_right()),
            KeyCode::Char(_) if is_alt => return false,
            KeyCode::Char(sign) => self.insert(sign.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace if is_word => self.remove(self.word_left(), self.cursor),
            KeyCode::Backspace => self.remove(self.left(), self.cursor),
            KeyCode::Delete if is_word => self.remove(self.cursor, self.word_right()),
            KeyCode::Delete => self.remove(self.cursor, self.right()),
            KeyCode::Left if is_word => self.cursor = self.word_left(),
            KeyCode::Right if is_word => self.cursor = self.word_right(),
            KeyCode::Left => self.cursor = self.left(),
            KeyCode::Right => self.cursor = self.right(),
            KeyCode::Home if is_control => self.cursor = 0,
            KeyCode::End if is_control => self.cursor = self.text.len(),
            KeyCode::Home => self.cursor = self.line_start(),
            KeyCode::End => self.cursor = self.line_end(),
            KeyCode::Up => return self.go_rows(-1),
            KeyCode::Down => return self.go_rows(1),
            _ => return false,
        }
        true
    }

    fn press_control(&mut self, sign: char) -> bool {
        match sign {
            'a' => self.cursor = self.line_start(),
            'e' => self.cursor = self.line_end(),
            'b' => self.cursor = self.left(),
            'f' => self.cursor = self.right(),
            'h' => self.remove(self.left(), self.cursor),
            'd' => self.remove(self.cursor, self.right()),
            'j' => self.insert("\n"),
            'k' if self.cursor == self.line_end() => self.remove(self.cursor, self.right()),
            'k' => self.remove(self.cursor, self.line_end()),
            'n' => return self.go_rows(1),
            'p' => return self.go_rows(-1),
            'u' => self.remove(self.line_start(), self.cursor),
            'w' => self.remove(self.word_left(), self.cursor),
            _ => return false,
        }
        true
    }

    fn remove(&mut self, from: usize, to: usize) {
        self.text.drain(from..to);
        self.cursor = from;
    }

    fn before(&self) -> &str {
        self.text.get(..self.cursor).unwrap_or_default()
    }

    fn after(&self) -> &str {
        self.text.get(self.cursor..).unwrap_or_default()
    }

    /// One sign to the left; a sign may be several characters.
    fn left(&self) -> usize {
        let last = self.before().graphemes(true).next_back();
        self.cursor - last.map_or(0, str::len)
    }

    fn right(&self) -> usize {
        let next = self.after().graphemes(true).next();
        self.cursor + next.map_or(0, str::len)
    }

    fn line_start(&self) -> usize {
        self.before().rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        let end = self.after().find('\n');
        end.map_or(self.text.len(), |at| self.cursor + at)
    }

    fn word_left(&self) -> usize {
        let end = self.before().trim_end();
        let space = end.char_indices().rfind(|(_, sign)| sign.is_whitespace());
        space.map_or(0, |(at, sign)| at + sign.len_utf8())
    }

    fn word_right(&self) -> usize {
        let after = self.after();
        let word = after.trim_start();
        let length = word.find(char::is_whitespace).unwrap_or(word.len());
        self.cursor + (after.len() - word.len()) + length
    }

    /// Moves up or down by a row; false if there is none.
    fn go_rows(&mut self, by: isize) -> bool {
        let spans = self.spans();
        let at = self.row_of(&spans);
        let Some(wanted) = at.checked_add_signed(by).and_then(|at| spans.get(at)) else {
            return false;
        };
        let from = spans.get(at).map_or(0, |span| span.from);
        let column = shown(self.text.get(from..self.cursor).unwrap_or_default()).width();
        let row = self.text.get(wanted.from..wanted.to).unwrap_or_default();
        let mut used = 0;
        let mut cursor = wanted.from;
        for sign in row.graphemes(true) {
            let width = shown(sign).width();
            // The end of a wrapped row is the beginning of the next.
            let is_end = wanted.is_wrapped && cursor + sign.len() == wanted.to;
            if used + width > column || is_end {
                break;
            }
            used += width;
            cursor += sign.len();
        }
        self.cursor = cursor;
        true
    }

    /// The rows the text takes.
    fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut start = 0;
        for line in self.text.split('\n') {
            let (mut from, mut used, mut at) = (start, 0, start);
            for sign in line.graphemes(true) {
                let width = shown(sign).width();
                if used + width > self.columns && at > from {
                    spans.push(Span {
                        from,
                        to: at,
                        is_wrapped: true,
                    });
                    from = at;
                    used = 0;
                }
                used += width;
                at += sign.len();
            }
            spans.push(Span {
                from,
                to: at,
                is_wrapped: false,
            });
            start = at + 1;
        }
        spans
    }

    /// The row the cursor stands on.
    fn row_of(&self, spans: &[Span]) -> usize {
        let row = spans.iter().rposition(|span| span.from <= self.cursor);
        row.unwrap_or(0)
    }

    /// At most so many rows of so many columns, those around the cursor.
    pub(super) fn sheet(&mut self, columns: usize, most: usize) -> Sheet {
        self.columns = columns.max(2);
        let spans = self.spans();
        let at = self.row_of(&spans);
        let most = most.max(1);
        let top = (at + 1).saturating_sub(most);
        let rows = spans.iter().skip(top).take(most);
        let rows = rows.map(|span| shown(self.text.get(span.from..span.to).unwrap_or_default()));
        let from = spans.get(at).map_or(0, |span| span.from);
        let before = self.text.get(from..self.cursor).unwrap_or_default();
        Sheet {
            rows: rows.collect(),
            cursor: (at - top, shown(before).width()),
            is_cut: (top > 0, top + most < spans.len()),
        }
    }

    /// One row of at most `columns`, scrolled so that the cursor is on it, and the columns from the
    /// cursor to the row's end. Line feeds are shown as a sign.
    pub(super) fn row(&self, columns: usize) -> (String, usize) {
        let in_row = |text: &str| shown(text).replace('\n', "⏎");
        let left = in_row(self.before());
        let mut signs: Vec<&str> = left.graphemes(true).collect();
        let mut used = left.width();
        let mut first = 0;
        while used > columns.saturating_sub(1) {
            let Some(sign) = signs.get(first) else { break };
            used -= sign.width();
            first += 1;
        }
        signs.drain(..first);
        let mut row = signs.concat();
        let mut back = 0;
        for sign in in_row(self.after()).graphemes(true) {
            if used + back + sign.width() > columns {
                break;
            }
            back += sign.width();
            row.push_str(sign);
        }
        (row, back)
    }
}

/// A text as it is shown.
fn shown(text: &str) -> String {
    let mut row = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '\t' => row.push_str(TAB),
            _ => row.push(sign),
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    fn plain(code: KeyCode) -> KeyEvent {
        key(code, KeyModifiers::NONE)
    }

    fn control(sign: char) -> KeyEvent {
        key(KeyCode::Char(sign), KeyModifiers::CONTROL)
    }

    fn alt(sign: char) -> KeyEvent {
        key(KeyCode::Char(sign), KeyModifiers::ALT)
    }

    /// Presses keys behind a text in rows of ten columns; the bar is where the cursor ends.
    fn check(text: &str, keys: &[KeyEvent], wanted: &str) {
        let mut draft = Draft::default();
        draft.set(text);
        draft.sheet(10, 8);
        for key in keys {
            draft.press(*key);
        }
        draft.insert("|");
        assert_eq!(draft.text(), wanted, "{text:?} {keys:?}");
    }

    #[test]
    fn the_usual_keys_edit() {
        let (left, home) = (plain(KeyCode::Left), plain(KeyCode::Home));
        check("one two", &[], "one two|");
        check("one two", &[left], "one tw|o");
        check("one two", &[home, plain(KeyCode::Delete)], "|ne two");
        check("one two", &[plain(KeyCode::Backspace)], "one tw|");
        check("one two ", &[control('w')], "one |");
        check("one two", &[control('u')], "|");
        check("one two", &[control('a'), control('k')], "|");
        check("one two", &[alt('b')], "one |two");
        check("one two", &[home, alt('d')], "| two");
        check(
            "one two",
            &[key(KeyCode::Left, KeyModifiers::CONTROL)],
            "one |two",
        );
        check(
            "one two",
            &[home, key(KeyCode::Right, KeyModifiers::ALT)],
            "one| two",
        );
        check("", &[plain(KeyCode::Char('é')), left], "|é");
        check(
            "",
            &[plain(KeyCode::Backspace), plain(KeyCode::Delete)],
            "|",
        );
    }

    #[test]
    fn a_sign_of_several_characters_is_one() {
        let family = "👨\u{200d}👩\u{200d}👧";
        check(&format!("a{family}"), &[plain(KeyCode::Backspace)], "a|");
        check("e\u{301}", &[plain(KeyCode::Left)], "|e\u{301}");
        check("漢字", &[plain(KeyCode::Left)], "漢|字");
    }

    #[test]
    fn lines_are_edited_one_by_one() {
        check("a", &[control('j')], "a\n|");
        check("a", &[key(KeyCode::Enter, KeyModifiers::ALT)], "a\n|");
        check("one\ntwo", &[plain(KeyCode::Home)], "one\n|two");
        check("one\ntwo", &[control('u'), control('u')], "one\n|");
        check(
            "one\ntwo",
            &[plain(KeyCode::Up), plain(KeyCode::End)],
            "one|\ntwo",
        );
        check("one\ntwo", &[plain(KeyCode::Up), control('k')], "one|two");
        check(
            "one\ntwo",
            &[plain(KeyCode::Up), control('a'), control('k')],
            "|\ntwo",
        );
        let top = key(KeyCode::Home, KeyModifiers::CONTROL);
        check("one\ntwo", &[top], "|one\ntwo");
    }

    #[test]
    fn arrows_go_by_rows() {
        check("one\nto\nthree", &[plain(KeyCode::Up)], "one\nto|\nthree");
        check("0123456789abcd", &[plain(KeyCode::Up)], "0123|456789abcd");
        check(
            "0123456789abcd",
            &[plain(KeyCode::Up), plain(KeyCode::Down)],
            "0123456789abcd|",
        );
        check("漢字漢字漢字x", &[plain(KeyCode::Up)], "漢|字漢字漢字x");
        let mut draft = Draft::default();
        assert!(!draft.press(plain(KeyCode::Up)), "there is no row above");
    }

    #[test]
    fn what_is_pasted_stays_one_text() {
        let mut draft = Draft::default();
        draft.insert("one\r\ntwo\rthree\n\tfour\u{1b}[2J\u{7}");
        assert_eq!(draft.text(), "one\ntwo\nthree\n\tfour[2J");
    }

    #[test]
    fn the_sheet_follows_the_cursor() {
        let sheet = |text: &str, up: usize| {
            let mut draft = Draft::default();
            draft.set(text);
            draft.sheet(6, 3);
            for _ in 0..up {
                draft.press(plain(KeyCode::Up));
            }
            draft.sheet(6, 3)
        };
        let check = |text: &str, up, rows: &[&str], cursor, is_cut| {
            let rows = rows.iter().map(|row| (*row).to_owned()).collect();
            let wanted = Sheet {
                rows,
                cursor,
                is_cut,
            };
            assert_eq!(sheet(text, up), wanted, "{text:?} {up}");
        };
        check("", 0, &[""], (0, 0), (false, false));
        check("a\nb", 0, &["a", "b"], (1, 1), (false, false));
        check("a\n\tb", 0, &["a", "    b"], (1, 5), (false, false));
        check("1\n2\n3\n4", 0, &["2", "3", "4"], (2, 1), (true, false));
        check("1\n2\n3\n4", 3, &["1", "2", "3"], (0, 1), (false, true));
        check("漢字漢字", 0, &["漢字漢", "字"], (1, 2), (false, false));
        check("жизнь и", 0, &["жизнь ", "и"], (1, 1), (false, false));
        check("abcdef", 0, &["abcdef"], (0, 6), (false, false));
    }

    #[test]
    fn the_row_follows_the_cursor() {
        let check = |text: &str, left: usize, columns, wanted: (&str, usize)| {
            let mut draft = Draft::default();
            draft.set(text);
            for _ in 0..left {
                draft.press(plain(KeyCode::Left));
            }
            let (row, back) = draft.row(columns);
            assert_eq!((row.as_str(), back), wanted);
        };
        check("short", 0, 10, ("short", 0));
        check("short", 2, 10, ("short", 2));
        check("0123456789abc", 0, 10, ("456789abc", 0));
        check("0123456789abc", 13, 10, ("0123456789", 10));
        check("漢字漢字", 0, 6, ("漢字", 0));
        check("a\nb", 0, 10, ("a⏎b", 0));
    }
}
