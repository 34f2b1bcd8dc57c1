//! Text as it lies in a file: which encoding, which line endings, and back again. Knows nothing of files or tools.

use std::borrow::Cow;

/// How a text is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Utf8Bom,
    Utf16Little,
    Utf16Big,
    /// What is no UTF-8: one character for each byte.
    Latin1,
}

const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";
const UTF16_LITTLE_BOM: &[u8] = b"\xff\xfe";
const UTF16_BIG_BOM: &[u8] = b"\xfe\xff";
/// A NUL this early means the file is no text.
const SNIFFED_BYTES: usize = 8_192;

impl Encoding {
    /// The encoding that the first bytes of a text announce. Without a mark it is taken for UTF-8, until a line says
    /// otherwise.
    pub(crate) fn announced(head: &[u8]) -> Self {
        match head {
            [0xef, 0xbb, 0xbf, ..] => Self::Utf8Bom,
            // The mark of UTF-32 begins like that of UTF-16; such files end as "binary" by their NULs.
            [0xff, 0xfe, rest @ ..] if !rest.starts_with(&[0, 0]) => Self::Utf16Little,
            [0xfe, 0xff, ..] => Self::Utf16Big,
            _ => Self::Utf8,
        }
    }

    /// The mark that stands in front of a text.
    pub(crate) fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 | Self::Latin1 => b"",
            Self::Utf8Bom => UTF8_BOM,
            Self::Utf16Little => UTF16_LITTLE_BOM,
            Self::Utf16Big => UTF16_BIG_BOM,
        }
    }

    pub(crate) fn is_utf16(self) -> bool {
        matches!(self, Self::Utf16Little | Self::Utf16Big)
    }

    /// What to tell the model; nothing for plain UTF-8.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Utf8 => None,
            Self::Utf8Bom => Some("UTF-8 with a byte order mark"),
            Self::Utf16Little => Some("UTF-16, little-endian"),
            Self::Utf16Big => Some("UTF-16, big-endian"),
            Self::Latin1 => Some("Latin-1 (it is no UTF-8)"),
        }
    }
}

/// Whether the first bytes of a file are those of a binary file.
pub(crate) fn is_binary(head: &[u8]) -> bool {
    let head = head.get(..SNIFFED_BYTES).unwrap_or(head);
    !Encoding::announced(head).is_utf16() && head.contains(&0)
}

/// A text and how it was encoded. The mark is not part of the text.
pub(crate) fn decode(bytes: &[u8]) -> (Cow<'_, str>, Encoding) {
    let announced = Encoding::announced(bytes);
    let rest = bytes.get(announced.mark().len()..).unwrap_or_default();
    if announced.is_utf16() {
        return (Cow::Owned(decode_utf16(rest, announced)), announced);
    }
    match std::str::from_utf8(rest) {
        Ok(text) => (Cow::Borrowed(text), announced),
        Err(_) => (Cow::Owned(decode_latin1(bytes)), Encoding::Latin1),
    }
}

/// The bytes of a text, mark included. None if the encoding has no such character.
pub(crate) fn encode(text: &str, encoding: Encoding) -> Option<Vec<u8>> {
    let mut bytes = encoding.mark().to_vec();
    match encoding {
        Encoding::Utf8 | Encoding::Utf8Bom => bytes.extend_from_slice(text.as_bytes()),
        Encoding::Utf16Little => {
            bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        }
        Encoding::Utf16Big => bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
        Encoding::Latin1 => {
            for character in text.chars() {
                bytes.push(u8::try_from(u32::from(character)).ok()?);
            }
        }
    }
    Some(bytes)
}

pub(crate) fn decode_latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn decode_utf16(bytes: &[u8], encoding: Encoding) -> String {
    let units = bytes.chunks(2).map(|pair| match (pair, encoding) {
        ([first, second], Encoding::Utf16Big) => u16::from_be_bytes([*first, *second]),
        ([first, second], _) => u16::from_le_bytes([*first, *second]),
        // Half a character at the end of a damaged file.
        _ => 0xfffd,
    });
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// How the lines of a text end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEnding {
    /// `\n`, or no line ends at all.
    Lf,
    /// `\r\n` throughout.
    CrLf,
    /// Both.
    Mixed,
}

impl LineEnding {
    pub(crate) fn of(text: &str) -> Self {
        let all = text.matches('\n').count();
        let with_return = text.matches("\r\n").count();
        match with_return {
            0 => Self::Lf,
            some if some == all => Self::CrLf,
            _ => Self::Mixed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], text: &str, encoding: Encoding) {
        let (decoded, found) = decode(bytes);
        assert_eq!((decoded.as_ref(), found), (text, encoding));
        assert_eq!(encode(text, encoding).as_deref(), Some(bytes));
    }

    #[test]
    fn texts_survive_the_way_there_and_back() {
        check(b"", "", Encoding::Utf8);
        check("grün\n".as_bytes(), "grün\n", Encoding::Utf8);
        check(b"\xef\xbb\xbfgr\xc3\xbcn", "grün", Encoding::Utf8Bom);
        check(b"\xff\xfeg\0\xfc\0", "gü", Encoding::Utf16Little);
        check(b"\xfe\xff\0g\0\xfc", "gü", Encoding::Utf16Big);
        check(b"\xff\xfe\x3d\xd8\x00\xde", "😀", Encoding::Utf16Little);
        check(b"gr\xfcn\r\n", "grün\r\n", Encoding::Latin1);
    }

    #[test]
    fn latin1_has_few_characters() {
        assert_eq!(encode("ü€", Encoding::Latin1), None);
    }

    #[test]
    fn half_a_character_is_replaced() {
        assert_eq!(decode(b"\xff\xfeg\0\xfc").0, "g\u{fffd}");
    }

    #[test]
    fn binary_is_told_by_a_nul() {
        for (bytes, expected) in [
            (&b"text"[..], false),
            (b"te\0xt", true),
            (b"\xff\xfet\0e\0", false),
            (b"\xff\xfe\0\0t\0\0\0", true),
            (b"", false),
        ] {
            assert_eq!(is_binary(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn line_endings_are_told() {
        for (text, expected) in [
            ("", LineEnding::Lf),
            ("a", LineEnding::Lf),
            ("a\nb\n", LineEnding::Lf),
            ("a\r\nb\r\n", LineEnding::CrLf),
            ("a\r\nb\n", LineEnding::Mixed),
        ] {
            assert_eq!(LineEnding::of(text), expected, "{text:?}");
        }
    }
}
