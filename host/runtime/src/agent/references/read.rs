//! What a person named, as the model reads it: numbered lines, a list of entries, an image. Opens nothing.

use anteroom_api::{AttachedImage, AttachmentKind, IMAGE_BYTES_MAX, LineRange, image_type};
use anteroom_gate::Masker;
use anteroom_tools::NamedWhat;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;

/// Bytes of a text file that are looked through; lines behind them are out of reach of a reference.
const TEXT_BYTES: u64 = 16 << 20;
/// A NUL this early means the file is no text.
const SNIFFED_BYTES: usize = 8_192;

/// How much of it is wanted.
pub(super) struct Bounds<'a> {
    pub(super) lines: Option<LineRange>,
    pub(super) max_chars: usize,
    pub(super) masker: &'a Masker,
}

/// What is attached.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) kind: AttachmentKind,
    /// Behind the name, for the model: `, lines 10-40 of 312`.
    pub(super) about: String,
    pub(super) text: String,
    pub(super) lines: Option<LineRange>,
    pub(super) count: u64,
    pub(super) is_cut: bool,
    pub(super) image: Option<AttachedImage>,
}

impl Piece {
    fn new(kind: AttachmentKind) -> Self {
        Self {
            kind,
            about: String::new(),
            text: String::new(),
            lines: None,
            count: 0,
            is_cut: false,
            image: None,
        }
    }
}

/// Reads it.
///
/// # Errors
/// Why it cannot be attached, in words.
pub(super) fn piece(what: NamedWhat, path: &str, bounds: Bounds<'_>) -> Result<Piece, String> {
    match what {
        NamedWhat::Folder(..) if bounds.lines.is_some() => {
            Err("it is a folder, which has no lines".to_owned())
        }
        NamedWhat::Folder(names, is_whole) => Ok(folder(&names, is_whole, bounds.max_chars)),
        NamedWhat::File(file, size) => {
            let bytes = content(file)?;
            let is_whole = size <= TEXT_BYTES;
            match image_type(&bytes) {
                Some(_) if bounds.lines.is_some() => {
                    Err("it is an image, which has no lines".to_owned())
                }
                Some(media_type) => image(media_type, size, &bytes),
                None if is_named_image(path) => Err(
                    "by its name it is an image, but not by its content; PNG, JPEG, GIF and WebP are understood".to_owned(),
                ),
                None => text(&bytes, is_whole, &bounds),
            }
        }
    }
}

fn content(file: File) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    file.take(TEXT_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("it cannot be read: {error}"))?;
    Ok(bytes)
}

fn folder(names: &[String], is_whole: bool, max_chars: usize) -> Piece {
    let mut piece = Piece {
        is_cut: !is_whole,
        ..Piece::new(AttachmentKind::Folder)
    };
    let mut left = max_chars;
    for name in names {
        let name = anteroom_gate::visible(name);
        let length = name.chars().count() + 1;
        if length > left {
            piece.is_cut = true;
            break;
        }
        left -= length;
        piece.count += 1;
        piece.text.push_str(&name);
        piece.text.push('\n');
    }
    piece.about = match (piece.count, piece.is_cut) {
        (0, false) => ", empty".to_owned(),
        (1, false) => ", 1 entry".to_owned(),
        (count, false) => format!(", {count} entries"),
        (count, true) => format!(", the first {count} entries"),
    };
    if piece.is_cut {
        piece.text.push_str("[cut here: there are more entries]\n");
    }
    piece.text.truncate(piece.text.trim_end().len());
    piece
}

fn image(media_type: &str, size: u64, bytes: &[u8]) -> Result<Piece, String> {
    if size > IMAGE_BYTES_MAX {
        return Err(format!(
            "the image is larger than {} MB; make it smaller first",
            IMAGE_BYTES_MAX >> 20
        ));
    }
    Ok(Piece {
        about: format!(", {media_type}"),
        count: size,
        image: Some(AttachedImage {
            media_type: media_type.to_owned(),
            data: STANDARD.encode(bytes),
        }),
        ..Piece::new(AttachmentKind::Image)
    })
}

fn text(bytes: &[u8], is_whole: bool, bounds: &Bounds<'_>) -> Result<Piece, String> {
    let text =
        decoded(bytes).ok_or("it is no text and no image, so there is nothing to read in it")?;
    let total = text.lines().count();
    let wanted = bounds.lines;
    let (first, last) = match wanted {
        Some(LineRange { first, last }) if first == 0 || last < first => {
            return Err(format!(
                "there are no lines {first} to {last}; they count from 1"
            ));
        }
        Some(lines) => (lines.first as usize, (lines.last as usize).min(total)),
        None => (1, total),
    };
    if wanted.is_some() && first > total {
        return Err(match is_whole {
            true => format!("it has only {total} lines"),
            false => format!(
                "only its first {} MB can be attached, and line {first} comes later",
                TEXT_BYTES >> 20
            ),
        });
    }
    let mut piece = Piece {
        is_cut: !is_whole && wanted.is_none(),
        ..Piece::new(AttachmentKind::File)
    };
    let masked = bounds.masker.mask(&numbered(&text)).into_owned();
    let end = fill(&mut piece, &masked, (first, last), bounds.max_chars);
    piece.lines = wanted.map(|lines| LineRange {
        first: lines.first,
        last: u32::try_from(last).unwrap_or(u32::MAX),
    });
    let of = match is_whole {
        true => format!("of {total}"),
        false => format!("of more than {total}"),
    };
    piece.about = match (wanted, total) {
        (None, 0) => ", empty".to_owned(),
        (None, _) if !piece.is_cut => match total {
            1 => ", 1 line".to_owned(),
            total => format!(", {total} lines"),
        },
        _ => format!(", lines {first}-{end} {of}"),
    };
    if piece.is_cut {
        let _ = write!(
            piece.text,
            "\n[cut here: lines {first}-{end} {of} are attached; the rest can be read with a tool]"
        );
    }
    Ok(piece)
}

/// Each line behind its number, as the tools number them.
fn numbered(text: &str) -> String {
    let mut numbered = String::with_capacity(text.len() + text.len() / 4);
    for (number, line) in text.lines().enumerate() {
        let _ = writeln!(numbered, "{:>6}\t{line}", number + 1);
    }
    numbered
}

/// Takes the wanted lines over as far as there is room; gives the last one that came whole or in part. A secret
/// over several lines was masked as one, and stands at its first line.
fn fill(piece: &mut Piece, masked: &str, (first, last): (usize, usize), max_chars: usize) -> usize {
    let mut left = max_chars;
    let mut end = first.saturating_sub(1);
    let mut is_in_secret = false;
    for line in masked.lines() {
        let Some(number) = number_of(line) else {
            continue;
        };
        if number < first {
            is_in_secret = line.contains("[secret masked: private key]");
            continue;
        }
        if number > last {
            break;
        }
        if is_in_secret && number > first {
            push(piece, "[secret masked: private key]");
        }
        is_in_secret = false;
        let length = line.chars().count() + 1;
        let whole = length <= left;
        let line = match whole {
            true => line,
            false => match line.char_indices().nth(left) {
                Some((at, _)) => line.get(..at).unwrap_or_default(),
                None => line,
            },
        };
        // A piece of a line says something only if it is the first one.
        if whole || piece.count == 0 && line.len() > 7 {
            push(piece, line);
            piece.count += 1;
            end = number;
        }
        if !whole {
            piece.is_cut = true;
            return end;
        }
        left -= length;
    }
    if is_in_secret {
        push(piece, "[secret masked: private key]");
    }
    last.max(end)
}

fn push(piece: &mut Piece, line: &str) {
    if !piece.text.is_empty() {
        piece.text.push('\n');
    }
    piece.text.push_str(line);
}

fn number_of(line: &str) -> Option<usize> {
    let (number, _) = line.split_once('\t')?;
    number.trim_start().parse().ok()
}

/// The text of a file: UTF-8, UTF-16 with a mark, or what is no UTF-8 one character for each byte. None if it is
/// binary.
fn decoded(bytes: &[u8]) -> Option<String> {
    let units = |bytes: &[u8], of: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| of([pair[0], pair[1]]));
        String::from_utf16_lossy(&units.collect::<Vec<_>>())
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] if !rest.starts_with(&[0, 0]) => {
            return Some(units(rest, u16::from_le_bytes));
        }
        [0xfe, 0xff, rest @ ..] => return Some(units(rest, u16::from_be_bytes)),
        _ => {}
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.get(..SNIFFED_BYTES).unwrap_or(bytes).contains(&0) {
        return None;
    }
    Some(match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // Cut in the middle of a character at the end of what is read.
        Err(error) if error.error_len().is_none() => {
            String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default())
                .into_owned()
        }
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    })
}

fn is_named_image(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let known = ["png", "jpg", "jpeg", "gif", "webp"];
    known
        .iter()
        .any(|known| known.eq_ignore_ascii_case(extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece_of(
        content: &[u8],
        path: &str,
        lines: Option<(u32, u32)>,
        max: usize,
    ) -> Result<Piece, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, content).unwrap();
        let opened = File::open(&file).unwrap();
        let bounds = Bounds {
            lines: lines.map(|(first, last)| LineRange { first, last }),
            max_chars: max,
            masker: &Masker::default(),
        };
        piece(NamedWhat::File(opened, content.len() as u64), path, bounds)
    }

    fn read(content: &str, lines: Option<(u32, u32)>, max: usize) -> (String, String, u64) {
        let piece = piece_of(content.as_bytes(), "a.rs", lines, max).unwrap();
        (piece.about, piece.text, piece.count)
    }

    #[test]
    fn lines_keep_their_numbers() {
        let text = "one\ntwo\nthree\nfour\n";
        let (about, whole, count) = read(text, None, 1000);
        assert_eq!((about.as_str(), count), (", 4 lines", 4));
        assert_eq!(
            whole,
            "     1\tone\n     2\ttwo\n     3\tthree\n     4\tfour"
        );
        let (about, part, count) = read(text, Some((2, 3)), 1000);
        assert_eq!((about.as_str(), count), (", lines 2-3 of 4", 2));
        assert_eq!(part, "     2\ttwo\n     3\tthree");
        let (about, _, count) = read(text, Some((3, 99)), 1000);
        assert_eq!((about.as_str(), count), (", lines 3-4 of 4", 2));
        let (about, text, _) = read("", None, 1000);
        assert_eq!((about.as_str(), text.as_str()), (", empty", ""));
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let text = "0123456789\n".repeat(10);
        let (about, part, count) = read(&text, None, 40);
        assert_eq!((about.as_str(), count), (", lines 1-2 of 10", 2));
        assert!(
            part.ends_with(
                "9\n[cut here: lines 1-2 of 10 are attached; the rest can be read with a tool]"
            ),
            "{part}"
        );
        let (_, line, _) = read(&"x".repeat(5000), None, 100);
        assert!(
            line.starts_with("     1\txxx") && line.contains("[cut here"),
            "{line}"
        );
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let check = |content: &[u8], path: &str, lines, wanted: &str| {
            let error = piece_of(content, path, lines, 1000).unwrap_err();
            assert!(error.contains(wanted), "{error}");
        };
        check(b"a\nb\n", "a", Some((3, 4)), "only 2 lines");
        check(b"a\n", "a", Some((2, 1)), "no lines 2 to 1");
        check(b"a\n", "a", Some((0, 1)), "count from 1");
        check(b"\x7fELF\0\0", "a", None, "no text and no image");
        check(b"not a png", "a.PNG", None, "not by its content");
        check(b"\x89PNG\r\n\x1a\n", "a.png", Some((1, 2)), "an image");
        let large = [b"\xff\xd8\xff".to_vec(), vec![0; 5 << 20]].concat();
        check(&large, "a.jpg", None, "larger than 5 MB");
    }

    #[test]
    fn images_are_told_by_their_first_bytes() {
        for (bytes, media_type) in [
            (&b"\x89PNG\r\n\x1a\n.."[..], "image/png"),
            (b"\xff\xd8\xff\xe0", "image/jpeg"),
            (b"GIF89a", "image/gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        ] {
            let piece = piece_of(bytes, "x.txt", None, 1000).unwrap();
            let image = piece.image.unwrap();
            assert_eq!(image.media_type, media_type);
            assert_eq!(STANDARD.decode(image.data).unwrap(), bytes);
            assert_eq!(piece.count, bytes.len() as u64);
        }
    }

    #[test]
    fn secrets_are_masked_in_parts_of_a_file_too() {
        let key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n".repeat(6);
        let text =
            format!("first\n-----BEGIN PRIVATE KEY-----\n{key}-----END PRIVATE KEY-----\nlast\n");
        for lines in [None, Some((1, 3)), Some((4, 6)), Some((5, 20))] {
            let (_, shown, _) = read(&text, lines, 10_000);
            assert!(!shown.contains("MIIEvQ"), "{lines:?}: {shown}");
            assert!(
                shown.contains("[secret masked: private key]"),
                "{lines:?}: {shown}"
            );
        }
        let (_, shown, _) = read(&text, Some((10, 10)), 10_000);
        assert_eq!(shown, "    10\tlast");
    }

    #[test]
    fn other_encodings_are_read() {
        let wide: Vec<u8> = [0xfffe_u16.swap_bytes()]
            .into_iter()
            .chain("Grüße\n".encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let piece = piece_of(&wide, "a", None, 100).unwrap();
        assert_eq!(piece.text, "     1\tGrüße");
        let piece = piece_of(b"Gr\xfc\xdfe", "a", None, 100).unwrap();
        assert_eq!(piece.text, "     1\tGrüße");
    }

    #[test]
    fn folders_are_lists() {
        let names = ["a".to_owned(), "b/".to_owned(), "c\u{1b}".to_owned()];
        let whole = folder(&names, true, 1000);
        assert_eq!((whole.about.as_str(), whole.count), (", 3 entries", 3));
        assert!(whole.text.starts_with("a\nb/\nc") && !whole.text.contains('\u{1b}'));
        let cut = folder(&names, true, 5);
        assert_eq!(
            (cut.about.as_str(), cut.count),
            (", the first 2 entries", 2)
        );
        assert!(cut.is_cut && cut.text.ends_with("there are more entries]"));
    }
}
