//! Text from models and tools, made harmless for a terminal. Knows no event and no color.
//!
//! Two ways: [`Cleaner`] takes control sequences away (streaming text, tool output); [`reveal`] shows
//! them, for text a person decides by.

use std::fmt::Write as _;

/// Takes control sequences out of a text that arrives in pieces; a sequence may be split between them.
///
/// Line feeds and tabs stay. A string sequence (window title, clipboard) that is not closed ends with
/// its line, so that it cannot hide what follows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cleaner {
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After ESC.
    Escape,
    /// After ESC and intermediate bytes.
    Intermediate,
    /// Inside a control sequence (`ESC [`).
    Sequence,
    /// Inside a string sequence (`ESC ]`, `ESC P`, …).
    Text7,
    /// Inside a string sequence, after ESC.
    TextEscape,
}

impl Cleaner {
    /// What is left of the next piece.
    pub(crate) fn push(&mut self, piece: &str) -> String {
        let mut left = String::with_capacity(piece.len());
        for sign in piece.chars() {
            self.step(sign, &mut left);
        }
        left
    }

    fn step(&mut self, sign: char, left: &mut String) {
        use State::{Escape, Intermediate, Sequence, Text, Text7, TextEscape};
        if sign == '\n' && self.state != Text {
            self.state = Text;
            left.push('\n');
            return;
        }
        self.state = match (self.state, sign) {
            (_, '\u{18}' | '\u{1a}') => Text,
            (Text7 | TextEscape, '\u{7}' | '\u{9c}') | (TextEscape, '\\') => Text,
            (Text7 | TextEscape, '\u{1b}') => TextEscape,
            (Text7 | TextEscape, _) => Text7,
            (_, '\u{1b}') => Escape,
            (_, '\u{9b}') | (Escape, '[') => Sequence,
            (_, '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}')
            | (Escape, ']' | 'P' | 'X' | '^' | '_') => Text7,
            (Escape | Intermediate, ' '..='/') => Intermediate,
            (Escape | Intermediate, _) => Text,
            (Sequence, '\u{40}'..='\u{7e}') => Text,
            (Sequence, ' '..='\u{3f}') => Sequence,
            // Not part of any sequence: the sequence was broken, the sign is text again.
            (Sequence | Text, _) => {
                if sign == '\n' || sign == '\t' || !sign.is_control() {
                    left.push(sign);
                }
                Text
            }
        };
    }
}

/// Takes control sequences out of a whole text.
pub(crate) fn clean(text: &str) -> String {
    Cleaner::default().push(text)
}

/// The text in one line, with everything visible that could deceive: controls, bidirectional marks,
/// zero-width signs.
pub(crate) fn reveal(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '\t' => shown.push_str("    "),
            _ if deceives(sign) => {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(sign));
            }
            _ => shown.push(sign),
        }
    }
    shown
}

/// [`reveal`] line by line.
pub(crate) fn reveal_lines(text: &str) -> Vec<String> {
    text.strip_suffix('\n')
        .unwrap_or(text)
        .split('\n')
        .map(reveal)
        .collect()
}

/// Signs that are not seen, or change how others are seen.
fn deceives(sign: char) -> bool {
    sign.is_control()
        || matches!(sign,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_sequences_are_taken_out_however_they_are_cut() {
        let check = |text: &str, wanted: &str| {
            assert_eq!(clean(text), wanted, "{text:?}");
            let mut cleaner = Cleaner::default();
            let by_one: String = text
                .chars()
                .map(|sign| cleaner.push(&sign.to_string()))
                .collect();
            assert_eq!(by_one, wanted, "{text:?} sign by sign");
        };
        check("plain\ttext\nand more", "plain\ttext\nand more");
        check("a\u{1b}[31mred\u{1b}[0mb", "aredb");
        check("a\u{1b}[2J\u{1b}[1;1Hb", "ab");
        check("a\u{1b}]0;title\u{7}b", "ab");
        check("a\u{1b}]52;c;aGk=\u{1b}\\b", "ab");
        check("a\u{1b}Pq#0\u{1b}\\b", "ab");
        check("a\u{9b}31mb", "ab");
        check("a\u{9d}0;title\u{9c}b", "ab");
        check("a\u{1b}(Bb\u{1b}7c\u{1b}=d", "abcd");
        check("a\u{8}\u{0}\u{7f}b\r\n", "ab\n");
        check("hidden \u{1b}]0;start\nshown", "hidden \nshown");
        check("\u{1b}[31\nshown", "\nshown");
        check("漢字 ✓", "漢字 ✓");
        check("a\u{1b}]x\u{18}b", "ab");
    }

    #[test]
    fn what_deceives_is_shown() {
        let check = |text: &str, wanted: &str| assert_eq!(reveal(text), wanted);
        check("rm -rf build", "rm -rf build");
        check("a\u{202e}b", "a\\u{202e}b");
        check("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}");
        check("\u{1b}[2K", "\\u{1b}[2K");
        check("a\rb", "a\\u{d}b");
        check("tag\u{e0041}", "tag\\u{e0041}");
        check("é漢", "é漢");
        assert_eq!(reveal_lines("one\ntwo\u{7}\n"), ["one", "two\\u{7}"]);
    }
}
