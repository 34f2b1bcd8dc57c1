//! Makes what servers say plain and short: no control signs, no signs that nobody sees, and an end.

use crate::lend::plain::Plain;
use serde_json::{Map, Value};

/// The text without escape sequences, control signs but line breaks and tabs, and signs that hide or turn others.
pub(super) fn text(from_outside: &str) -> String {
    let mut plain = Plain::default();
    let mut text = plain.push(from_outside.as_bytes());
    text.push_str(&plain.finish());
    text.retain(|sign| !is_hidden(sign));
    text
}

/// One line of at most so many characters.
pub(super) fn line(from_outside: &str, chars_max: usize) -> String {
    // What is looked at is bounded before it is worked on.
    let bounded = &from_outside[..from_outside.floor_char_boundary(chars_max * 8)];
    let one = text(bounded).replace(['\n', '\t'], " ");
    let one = one.trim();
    let mut shown: String = one.chars().take(chars_max).collect();
    if shown.len() < one.len() || bounded.len() < from_outside.len() {
        shown.push('…');
    }
    shown
}

/// Several lines of at most so many bytes.
pub(super) fn block(from_outside: &str, bytes_max: usize) -> String {
    let bounded = &from_outside[..from_outside.floor_char_boundary(bytes_max)];
    let mut block = text(bounded).trim().to_owned();
    if bounded.len() < from_outside.len() {
        block.push('…');
    }
    block
}

/// The same value with all its texts made plain, names of members included.
pub(super) fn json(from_outside: Value) -> Value {
    match from_outside {
        Value::String(words) => Value::String(text(&words)),
        Value::Array(elements) => Value::Array(elements.into_iter().map(json).collect()),
        Value::Object(members) => Value::Object(object(members)),
        other => other,
    }
}

/// As [`json`].
pub(super) fn object(from_outside: Map<String, Value>) -> Map<String, Value> {
    let members = from_outside.into_iter();
    members
        .map(|(name, value)| (text(&name), json(value)))
        .collect()
}

/// Signs without a look of their own that carry hidden words or turn the order of others.
fn is_hidden(sign: char) -> bool {
    matches!(sign,
        '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn leaves_out_what_is_not_seen() {
        for (said, expected) in [
            ("two\nlines\tand a tab", "two\nlines\tand a tab"),
            ("\u{1b}[31mred\u{1b}[0m\u{7}", "red"),
            ("\u{1b}]8;;http://x\u{7}link", "link"),
            ("a\u{202e}b\u{2066}c\u{200b}d\u{feff}e", "abcde"),
            ("tag\u{e0041}\u{e0042}s", "tags"),
            (
                "gr\u{fc}n \u{1f468}\u{200d}\u{1f469}",
                "gr\u{fc}n \u{1f468}\u{200d}\u{1f469}",
            ),
        ] {
            assert_eq!(text(said), expected, "{said:?}");
        }
    }

    #[test]
    fn has_an_end() {
        assert_eq!(line("one\ntwo three", 7), "one two…");
        assert_eq!(line("  short  ", 9), "short");
        assert_eq!(line(&"x".repeat(1 << 20), 3), "xxx…");
        assert_eq!(block("gr\u{fc}n", 3), "gr…");
        assert_eq!(block("one\n", 9), "one");
        assert_eq!(
            json(json!({"na\u{7}me": ["a\u{200b}", 1]})),
            json!({"name": ["a", 1]})
        );
    }
}
