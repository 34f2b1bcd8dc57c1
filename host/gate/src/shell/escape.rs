//! Backslash escapes of `$'…'`, `echo -e` and `printf`, and base64, as far as they disguise a command.

/// Decodes the escapes of ANSI-C quoting. Unknown ones stay as they are.
pub(super) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(c) = rest.chars().next() else {
            out.push('\\');
            break;
        };
        let after = &rest[c.len_utf8()..];
        rest = match c {
            'n' => push(&mut out, '\n', after),
            't' => push(&mut out, '\t', after),
            'r' => push(&mut out, '\r', after),
            'a' => push(&mut out, '\u{7}', after),
            'b' => push(&mut out, '\u{8}', after),
            'e' | 'E' => push(&mut out, '\u{1b}', after),
            'f' => push(&mut out, '\u{c}', after),
            'v' => push(&mut out, '\u{b}', after),
            '\\' | '\'' | '"' | '?' => push(&mut out, c, after),
            'x' => number(&mut out, after, 16, 2),
            'u' => number(&mut out, after, 16, 4),
            'U' => number(&mut out, after, 16, 8),
            '0'..='7' => number(&mut out, rest, 8, if c == '0' { 4 } else { 3 }),
            _ => {
                out.push('\\');
                push(&mut out, c, after)
            }
        };
    }
    out.push_str(rest);
    out
}

fn push<'a>(out: &mut String, c: char, after: &'a str) -> &'a str {
    out.push(c);
    after
}

fn number<'a>(out: &mut String, text: &'a str, radix: u32, most: usize) -> &'a str {
    let digits = text
        .chars()
        .take(most)
        .take_while(|c| c.is_digit(radix))
        .count();
    let code = u32::from_str_radix(&text[..digits], radix).ok();
    if let Some(c) = code.and_then(char::from_u32) {
        out.push(c);
    }
    &text[digits..]
}

/// Decodes base64, leniently; nothing if it is not text.
pub(super) fn base64(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0_u32);
    for c in text
        .bytes()
        .filter(|c| !c.is_ascii_whitespace() && *c != b'=')
    {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0x00ff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        for (text, plain) in [
            (r"\x72\x6d", "rm"),
            (r"\162\155", "rm"),
            (r"\0162m", "rm"),
            (r"\u0072m", "rm"),
            (r"a\tb\\", "a\tb\\"),
            (r"\q", "\\q"),
            ("\\", "\\"),
            (r"\x", ""),
        ] {
            assert_eq!(decode(text), plain, "{text}");
        }
    }

    #[test]
    fn base64_text() {
        assert_eq!(base64("cm0gLXJmIC8=").as_deref(), Some("rm -rf /"));
        assert_eq!(base64("no base64!"), None);
    }
}
