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
    /// Whether colors and weights stay (SGR), up to the end of their line.
    keeps_marks: bool,
    /// The numbers of the sequence we are in.
    numbers: String,
    /// Whether a mark holds.
    is_marked: bool,
}

/// More numbers than any sequence of marks has.
const LONGEST_SEQUENCE: usize = 48;
const UNMARK: &str = "\u{1b}[0m";

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

    /// One that leaves colors and weights, closed at the end of each line.
    pub(crate) fn keeping_marks() -> Self {
        Self {
            keeps_marks: true,
            ..Self::default()
        }
    }

    /// Ends what is marked; for the end of the text.
    pub(crate) fn finish(&mut self, left: &mut String) {
        if std::mem::take(&mut self.is_marked) {
            left.push_str(UNMARK);
        }
    }

    /// A sequence of marks ends. What would hide text is left out.
    fn mark(&mut self, left: &mut String) {
        let numbers = std::mem::take(&mut self.numbers);
        if numbers.len() > LONGEST_SEQUENCE || hides(&numbers) {
            return;
        }
        self.is_marked = !numbers.chars().all(|sign| "0;".contains(sign));
        left.push_str("\u{1b}[");
        left.push_str(&numbers);
        left.push('m');
    }

    fn step(&mut self, sign: char, left: &mut String) {
        use State::{Escape, Intermediate, Sequence, Text, Text7, TextEscape};
        if sign == '\n' {
            self.finish(left);
            self.state = Text;
            left.push('\n');
            return;
        }
        if self.keeps_marks && self.state == Sequence {
            if sign == 'm' {
                self.mark(left);
            } else if self.numbers.len() <= LONGEST_SEQUENCE {
                self.numbers.push(sign);
            }
        } else {
            self.numbers.clear();
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
                if sign == '\t' || !sign.is_control() {
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

/// Whether numbers of marks are anything but visible marks.
fn hides(numbers: &str) -> bool {
    let mut rest = numbers.split(';');
    while let Some(number) = rest.next() {
        if !number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b':')
        {
            return true;
        }
        match number {
            // A color: its own numbers follow.
            "38" | "48" | "58" => {
                let skipped = match rest.next() {
                    Some("5") => 1,
                    Some("2") => 3,
                    _ => 0,
                };
                rest.by_ref().take(skipped).for_each(drop);
            }
            "8" => return true,
            _ => {}
        }
    }
    false
}

/// A text without control sequences other than visible marks, which end with their line.
pub(crate) fn keep_marks(text: &str) -> String {
    let mut cleaner = Cleaner::keeping_marks();
    let mut left = cleaner.push(text);
    cleaner.finish(&mut left);
    left
}

/// What a line of output looks like in the end: what a carriage return went back over is gone.
pub(crate) fn overwritten(line: &str) -> &str {
    let line = line.trim_end_matches('\r');
    line.rfind('\r')
        .map_or(line, |at| line.get(at + 1..).unwrap_or_default())
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
    fn marks_are_kept_up_to_the_end_of_their_line() {
        let check = |text: &str, wanted: &str| {
            assert_eq!(keep_marks(text), wanted, "{text:?}");
            let mut cleaner = Cleaner::keeping_marks();
            let mut by_one: String = text
                .chars()
                .map(|sign| cleaner.push(&sign.to_string()))
                .collect();
            cleaner.finish(&mut by_one);
            assert_eq!(by_one, wanted, "{text:?} sign by sign");
        };
        check("\u{1b}[31mred\u{1b}[0m", "\u{1b}[31mred\u{1b}[0m");
        check("\u{1b}[1;38;5;8mred", "\u{1b}[1;38;5;8mred\u{1b}[0m");
        check("\u{1b}[31ma\nb", "\u{1b}[31ma\u{1b}[0m\nb");
        check("\u{1b}[8mhidden", "hidden");
        check("\u{1b}[1;8mhidden", "hidden");
        check("\u{1b}[>4mx\u{1b}[?1mx", "xx");
        check("\u{1b}[2J\u{1b}[31;1Hx", "x");
        check("\u{1b}]0;\u{1b}[31mt\u{7}x", "x");
        check(&format!("\u{1b}[{}mx", "1;".repeat(99)), "x");
    }

    /// Whatever a hostile text holds, nothing but visible marks is left of its control sequences.
    #[test]
    fn no_hostile_text_moves_titles_or_copies() {
        let pieces = [
            "\u{1b}",
            "[",
            "]",
            "P",
            "_",
            "^",
            "X",
            "2J",
            "1;1H",
            "?1049h",
            "0;title",
            "52;c;aGk=",
            "8;;http://x",
            "31m",
            "8m",
            "\u{7}",
            "\u{9c}",
            "\u{9b}",
            "\u{9d}",
            "\u{90}",
            "\u{1b}\\",
            "\r",
            "\u{8}",
            "\u{18}",
            "\n",
            "text",
            "漢",
            "\u{1b}c",
            "\u{1b}#8",
            "\u{1b}(0",
            "6n",
            "\u{0}",
            "\u{7f}",
            "\u{85}",
            "\u{5}",
        ];
        let mut seed = 7u64;
        for _ in 0..4000 {
            let mut text = String::new();
            for _ in 0..12 {
                seed = seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
            }
            let left = clean(&text);
            assert!(
                left.chars().all(|sign| sign == '\n' || !sign.is_control()),
                "{text:?}"
            );
            let marked = keep_marks(&text);
            for part in marked.split('\u{1b}').skip(1) {
                let numbers = part.strip_prefix('[').and_then(|part| part.split_once('m'));
                let numbers = numbers.map(|(numbers, _)| numbers);
                assert!(numbers.is_some_and(|n| !hides(n)), "{text:?} {marked:?}");
            }
            assert!(
                reveal(&text).chars().all(|sign| !deceives(sign)),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_was_gone_back_over_is_gone() {
        assert_eq!(overwritten("10 %\r50 %\r100 %\r"), "100 %");
        assert_eq!(overwritten("plain"), "plain");
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
