//! The line that is typed while a run goes on: text, cursor, the usual keys. Pure.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    signs: Vec<char>,
    /// Between 0 and the number of signs.
    cursor: usize,
}

impl Draft {
    pub(super) fn text(&self) -> String {
        self.signs.iter().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.signs.is_empty()
    }

    /// Replaces the text; the cursor stands at its end.
    pub(super) fn set(&mut self, text: &str) {
        self.signs = text.chars().collect();
        self.cursor = self.signs.len();
    }

    /// Takes the text out.
    pub(super) fn take(&mut self) -> String {
        let text = self.text();
        self.set("");
        text
    }

    pub(super) fn insert(&mut self, text: &str) {
        for sign in text
            .chars()
            .filter(|sign| !sign.is_control() || *sign == '\n')
        {
            self.signs.insert(self.cursor, sign);
            self.cursor += 1;
        }
    }

    /// Applies a key; false if it means nothing here.
    pub(super) fn press(&mut self, key: KeyEvent) -> bool {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        let is_word = is_control || key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Char('w') if is_control => self.remove_to(self.word_left()),
            KeyCode::Char('u') if is_control => self.remove_to(0),
            KeyCode::Char('k') if is_control => self.signs.truncate(self.cursor),
            KeyCode::Char('a') if is_control => self.cursor = 0,
            KeyCode::Char('e') if is_control => self.cursor = self.signs.len(),
            KeyCode::Char('j') if is_control => self.insert("\n"),
            KeyCode::Enter if is_word => self.insert("\n"),
            KeyCode::Char('b') if is_word => self.cursor = self.word_left(),
            KeyCode::Char('f') if is_word => self.cursor = self.word_right(),
            KeyCode::Char(_) if is_word => return false,
            KeyCode::Char(sign) => self.insert(sign.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace if is_word => self.remove_to(self.word_left()),
            KeyCode::Backspace => self.remove_to(self.cursor.saturating_sub(1)),
            KeyCode::Delete => {
                if self.cursor < self.signs.len() {
                    self.signs.remove(self.cursor);
                }
            }
            KeyCode::Left if is_word => self.cursor = self.word_left(),
            KeyCode::Right if is_word => self.cursor = self.word_right(),
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(self.signs.len()),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.signs.len(),
            _ => return false,
        }
        true
    }

    fn remove_to(&mut self, from: usize) {
        self.signs.drain(from..self.cursor);
        self.cursor = from;
    }

    fn word_left(&self) -> usize {
        let before = self.signs.get(..self.cursor).unwrap_or_default();
        let end = before
            .iter()
            .rposition(|sign| !sign.is_whitespace())
            .map_or(0, |at| at + 1);
        before
            .get(..end)
            .unwrap_or_default()
            .iter()
            .rposition(|sign| sign.is_whitespace())
            .map_or(0, |at| at + 1)
    }

    fn word_right(&self) -> usize {
        let after = self.signs.get(self.cursor..).unwrap_or_default();
        let start = after
            .iter()
            .position(|sign| !sign.is_whitespace())
            .unwrap_or(after.len());
        let rest = after.get(start..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|sign| sign.is_whitespace())
            .unwrap_or(rest.len());
        self.cursor + start + length
    }

    /// One row of at most `columns`, scrolled so that the cursor is on it, and the columns from the
    /// cursor to the row's end. Line feeds are shown as a sign.
    pub(super) fn row(&self, columns: usize) -> (String, usize) {
        let shown = |signs: &[char]| -> String {
            signs
                .iter()
                .map(|sign| if *sign == '\n' { '⏎' } else { *sign })
                .collect()
        };
        let before = self.signs.get(..self.cursor).unwrap_or_default();
        let after = self.signs.get(self.cursor..).unwrap_or_default();
        let mut left = shown(before);
        while left.width() > columns.saturating_sub(1) {
            left.remove(0);
        }
        let mut right = String::new();
        for sign in shown(after).chars() {
            if left.width() + right.width() + sign.width().unwrap_or(0) > columns {
                break;
            }
            right.push(sign);
        }
        let back = right.width();
        (left + &right, back)
    }
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

    #[test]
    fn the_usual_keys_edit() {
        let check = |text: &str, keys: &[KeyEvent], wanted: &str| {
            let mut draft = Draft::default();
            draft.set(text);
            for key in keys {
                draft.press(*key);
            }
            draft.insert("|");
            assert_eq!(draft.text(), wanted, "{text:?} {keys:?}");
        };
        check("one two", &[], "one two|");
        check("one two", &[plain(KeyCode::Left)], "one tw|o");
        check(
            "one two",
            &[plain(KeyCode::Home), plain(KeyCode::Delete)],
            "|ne two",
        );
        check("one two", &[plain(KeyCode::Backspace)], "one tw|");
        check("one two ", &[control('w')], "one |");
        check("one two", &[control('u')], "|");
        check("one two", &[control('a'), control('k')], "|");
        check(
            "one two",
            &[key(KeyCode::Left, KeyModifiers::CONTROL)],
            "one |two",
        );
        check(
            "one two",
            &[plain(KeyCode::Home), key(KeyCode::Right, KeyModifiers::ALT)],
            "one| two",
        );
        check("a", &[control('j')], "a\n|");
        check("", &[plain(KeyCode::Char('é')), plain(KeyCode::Left)], "|é");
        check(
            "",
            &[plain(KeyCode::Backspace), plain(KeyCode::Delete)],
            "|",
        );
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
