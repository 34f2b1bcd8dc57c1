//! Text for a terminal whose locale is not UTF-8: each sign becomes ASCII of the same width. Meaning is kept where
//! a sign has a likeness; the rest is a question mark.

use std::io::{self, Write};
use unicode_width::UnicodeWidthChar;

/// Signs of Latin-1 from U+00C0 on.
const LATIN: &[u8; 64] = b"AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty";

/// Writes what it is given in ASCII.
pub(crate) struct Ascii<W> {
    inner: W,
    /// The beginning of a sign whose rest has not come.
    rest: Vec<u8>,
}

impl<W: Write> Ascii<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self {
            inner,
            rest: Vec::new(),
        }
    }
}

impl<W: Write> Write for Ascii<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(bytes);
        let mut text = String::with_capacity(self.rest.len());
        let mut at = 0;
        while let Some(rest) = self.rest.get(at..).filter(|rest| !rest.is_empty()) {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    put(valid, &mut text);
                    at += valid.len();
                }
                Err(error) => {
                    let valid = rest.get(..error.valid_up_to()).unwrap_or_default();
                    put(std::str::from_utf8(valid).unwrap_or_default(), &mut text);
                    at += valid.len();
                    let Some(length) = error.error_len() else {
                        break;
                    };
                    text.push('?');
                    at += length;
                }
            }
        }
        self.rest.drain(..at.min(self.rest.len()));
        self.inner.write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A text in ASCII, as wide as it was.
#[cfg(test)]
fn ascii(text: &str) -> String {
    let mut shown = String::new();
    put(text, &mut shown);
    shown
}

fn put(text: &str, shown: &mut String) {
    for sign in text.chars() {
        if sign.is_ascii() {
            shown.push(sign);
            continue;
        }
        let width = sign.width().unwrap_or(0);
        let stand_in = likeness(sign);
        shown.extend(std::iter::repeat_n(stand_in, width));
    }
}

/// The sign of ASCII that is most like it.
fn likeness(sign: char) -> char {
    match sign {
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        '\u{c0}'..='\u{ff}' => {
            let at = u32::from(sign) - 0xc0;
            let letter = usize::try_from(at).ok().and_then(|at| LATIN.get(at));
            letter.map_or('?', |letter| char::from(*letter))
        }
        '‘' | '’' | '‚' | '‛' | '′' | '´' => '\'',
        '“' | '”' | '„' | '‟' | '″' | '«' | '»' => '"',
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '─' | '━' | '┄' | '┈' | '⎯' => {
            '-'
        }
        '│' | '┃' | '┆' | '┊' | '¦' => '|',
        '┌'..='╋' | '╭'..='╰' => '+',
        '═' => '=',
        '…' | '·' | '․' | '⋅' => '.',
        '•' | '◦' | '▪' | '●' | '○' | '◇' | '★' | '☆' => '*',
        '→' | '⇒' | '›' | '❯' | '▶' | '▸' => '>',
        '←' | '⇐' | '‹' | '◀' | '◂' => '<',
        '↑' => '^',
        '↓' => 'v',
        '✗' | '✘' | '✖' | '☒' => 'x',
        '✓' | '✔' | '☑' => 'v',
        '⚠' => '!',
        '█' | '▓' => '#',
        '▒' | '░' => '.',
        '≤' => '<',
        '≥' => '>',
        '≈' => '~',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn every_sign_becomes_ascii_of_its_width() {
        let check = |text: &str, wanted: &str| assert_eq!(ascii(text), wanted);
        check("plain \u{1b}[1mx\n", "plain \u{1b}[1mx\n");
        check(
            "“Grüße” — café…",
            "\"Grusse\" - cafe.".replace("ss", "s").as_str(),
        );
        check("漢字", "????");
        check("e\u{301}", "e");
        check("│ a → b", "| a > b");
        for sign in '\u{80}'..'\u{3100}' {
            let text = ascii(&sign.to_string());
            assert!(text.is_ascii(), "{sign}");
            assert_eq!(text.width(), sign.width().unwrap_or(0), "{sign:?}");
        }
    }

    #[test]
    fn signs_may_be_cut_anywhere() {
        let mut written = Vec::new();
        let mut writer = Ascii::new(&mut written);
        for byte in "a→é漢\u{fffd}b".as_bytes() {
            writer.write_all(&[*byte]).unwrap();
        }
        writer.write_all(b"\xff\xe6x").unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), "a>e???b??x");
    }
}
