//! Text as shown to a person: what could hide or reorder something is written out as an escape.
//! Knows nothing of effects.

use std::fmt::Write as _;

/// Longest summary, characters; a longer text is cut there and shown whole in the detail.
pub(crate) const SUMMARY_CHARS: usize = 200;

/// Most of a text that is shown in full, bytes; beyond it the middle is left out, and that is said.
pub(crate) const DETAIL_BYTES: usize = 64 * 1024;
/// Of a text that is left out in the middle, what is shown of its end, bytes.
const TAIL_BYTES: usize = 8 * 1024;

/// One line: every control, bidirectional, zero-width and odd blank character becomes an escape,
/// line breaks and tabs included.
#[must_use]
pub fn visible(text: &str) -> String {
    escape(text, false)
}

/// Several lines: as [`visible`], but line breaks and tabs stay what they are.
#[must_use]
pub fn visible_block(text: &str) -> String {
    escape(text, true)
}

/// [`visible`], cut to [`SUMMARY_CHARS`] with an ellipsis; the flag says whether it was cut.
pub(crate) fn summary(text: &str) -> (String, bool) {
    let shown = visible(text);
    if shown.chars().count() <= SUMMARY_CHARS {
        return (shown, false);
    }
    let mut cut: String = shown.chars().take(SUMMARY_CHARS - 1).collect();
    cut.push('…');
    (cut, true)
}

/// [`visible_block`] of a text that may be very long: head and tail, with the number of bytes between; the flag
/// says whether it is whole.
pub(crate) fn detail(text: &str) -> (String, bool) {
    if text.len() <= DETAIL_BYTES {
        return (visible_block(text), true);
    }
    let head = text.floor_char_boundary(DETAIL_BYTES - TAIL_BYTES);
    let tail = text.ceil_char_boundary(text.len() - TAIL_BYTES);
    let shown = format!(
        "{}\n[… {} more bytes are hidden here …]\n{}",
        visible_block(&text[..head]),
        tail - head,
        visible_block(&text[tail..])
    );
    (shown, false)
}

fn escape(text: &str, keeps_layout: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' if keeps_layout => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if hides(c) => {
                // Writing into a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Whether a character is invisible, moves text about, or looks like an ordinary blank without being one.
pub(crate) fn hides(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(u32::from(c),
            0x00ad | 0x034f | 0x061c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f
            | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x2800 | 0x3164
            | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb
            | 0xe0000..=0xe0fff | 0xe000..=0xf8ff | 0xf0000..=0x10ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_written_out() {
        for (text, line, block) in [
            ("ls -l", "ls -l", "ls -l"),
            ("a\nb\tc", "a\\nb\\tc", "a\nb\tc"),
            ("a\rb", "a\\rb", "a\\rb"),
            ("x\u{1b}[2Kok", "x\\u{1b}[2Kok", "x\\u{1b}[2Kok"),
            ("safe\u{202e}mr", "safe\\u{202e}mr", "safe\\u{202e}mr"),
            (
                "a\u{200b}b\u{feff}",
                "a\\u{200b}b\\u{feff}",
                "a\\u{200b}b\\u{feff}",
            ),
            (
                "a\u{a0}b\u{2003}c",
                "a\\u{a0}b\\u{2003}c",
                "a\\u{a0}b\\u{2003}c",
            ),
            ("tag\u{e0041}", "tag\\u{e0041}", "tag\\u{e0041}"),
            ("Grüße 日本 ✓", "Grüße 日本 ✓", "Grüße 日本 ✓"),
        ] {
            assert_eq!(
                (visible(text).as_str(), visible_block(text).as_str()),
                (line, block)
            );
        }
    }

    #[test]
    fn a_summary_is_cut_at_its_limit() {
        assert_eq!(summary("short"), ("short".to_owned(), false));
        let (cut, is_cut) = summary(&"ä".repeat(500));
        assert_eq!((cut.chars().count(), is_cut), (SUMMARY_CHARS, true));
        assert!(cut.ends_with('…'));
    }
}
