//! What a file that is no text is, by its first bytes. Knows nothing of files or tools.

/// The media type of an image that models can look at.
pub(crate) fn image_type(head: &[u8]) -> Option<&'static str> {
    match head {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ => None,
    }
}

/// A few words for a binary file.
pub(crate) fn describe(head: &[u8], extension: &str) -> &'static str {
    match head {
        [b'%', b'P', b'D', b'F', ..] => "a PDF document",
        [b'P', b'K', 3 | 5, 4 | 6, ..] => match extension {
            "docx" => "a Word document",
            "xlsx" => "an Excel workbook",
            "pptx" => "a PowerPoint presentation",
            "odt" | "ods" | "odp" => "an OpenDocument file",
            "jar" => "a Java archive",
            "epub" => "an EPUB book",
            "whl" => "a Python wheel",
            _ => "a ZIP archive",
        },
        [0x1f, 0x8b, ..] => "gzip data",
        [b'B', b'Z', b'h', ..] => "bzip2 data",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => "xz data",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd data",
        [b'7', b'z', 0xbc, 0xaf, ..] => "a 7z archive",
        [0x7f, b'E', b'L', b'F', ..] => "an ELF program or library",
        [b'M', b'Z', ..] => "a Windows program or library",
        [0xcf, 0xfa, 0xed, 0xfe, ..] => "a macOS program or library",
        [0xca, 0xfe, 0xba, 0xbe, ..] => "a Java class or a macOS universal program",
        [0, b'a', b's', b'm', ..] => "WebAssembly",
        [b'S', b'Q', b'L', b'i', b't', b'e', ..] => "a SQLite database",
        [0xd0, 0xcf, 0x11, 0xe0, ..] => "an old Office document",
        [b'w', b'O', b'F', b'F' | b'2', ..] => "a web font",
        [b'O', b'g', b'g', b'S', ..] => "Ogg audio or video",
        [b'f', b'L', b'a', b'C', ..] => "FLAC audio",
        [b'I', b'D', b'3', ..] | [0xff, 0xfb, ..] => "MP3 audio",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "an MP4 or HEIF file",
        [b'R', b'I', b'F', b'F', ..] => "a WAV or AVI file",
        [b'B', b'M', ..] => "a BMP image",
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => "a TIFF image",
        [0, 0, 1, 0, ..] => "an icon",
        [0xff, 0xfe, 0, 0, ..] => "UTF-32 text",
        _ if matches!(extension, "pyc") => "compiled Python",
        _ if matches!(extension, "o" | "a" | "rlib") => "compiled code",
        _ => "binary data",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_told_by_their_bytes() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"GIF89a", Some("image/gif")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\0\0\0\0WAVE", None),
            (b"text", None),
            (b"", None),
        ] {
            assert_eq!(image_type(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn binary_files_have_a_name() {
        for (bytes, extension, expected) in [
            (&b"%PDF-1.7"[..], "pdf", "a PDF document"),
            (b"PK\x03\x04", "docx", "a Word document"),
            (b"PK\x03\x04", "zip", "a ZIP archive"),
            (b"\x7fELF", "", "an ELF program or library"),
            (b"\0\x01\x02", "bin", "binary data"),
        ] {
            assert_eq!(describe(bytes, extension), expected);
        }
    }
}
