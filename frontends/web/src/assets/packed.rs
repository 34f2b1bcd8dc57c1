//! One packed file and the copy of it that a reader takes.
//!
//! What is worth compressing is kept compressed alone: every browser takes that, and whoever does not waits for it to
//! be unpacked.

use super::{Asset, media_type, takes};
use bytes::Bytes;
use flate2::read::GzDecoder;
use std::io::Read as _;

/// One packed file.
pub(super) struct File {
    /// Where it lies; of a page, its theme.
    pub(super) path: &'static str,
    /// The ending of its name.
    pub(super) ending: &'static str,
    /// Says what is in it.
    pub(super) etag: &'static str,
    /// The content as it is kept.
    pub(super) kept: Kept,
}

/// How a file is kept.
#[derive(Clone, Copy)]
pub(super) enum Kept {
    /// As it is: it does not get smaller.
    Plain(&'static [u8]),
    /// Compressed in two ways.
    Packed {
        /// What newer readers take.
        brotli: &'static [u8],
        /// What all others take, and what is unpacked for whoever takes neither.
        gzip: &'static [u8],
    },
}

/// The smallest copy that `accepts` takes.
pub(super) fn sent(file: &File, accepts: &str, is_immutable: bool) -> Option<Asset> {
    let (encoding, body) = match file.kept {
        Kept::Plain(content) => (None, Bytes::from_static(content)),
        Kept::Packed { brotli, .. } if takes(accepts, "br") => {
            (Some("br"), Bytes::from_static(brotli))
        }
        Kept::Packed { gzip, .. } if takes(accepts, "gzip") => {
            (Some("gzip"), Bytes::from_static(gzip))
        }
        Kept::Packed { gzip, .. } => (None, unpacked(gzip)?),
    };
    Some(Asset {
        media_type: media_type(file.ending)?,
        encoding,
        // The same content compressed is another sequence of bytes.
        etag: match encoding {
            Some(encoding) => file.etag.replacen('"', &format!("\"{encoding}-"), 1),
            None => file.etag.to_owned(),
        },
        is_immutable,
        body,
    })
}

/// None if it is broken, which a build makes impossible.
fn unpacked(gzip: &[u8]) -> Option<Bytes> {
    let mut content = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut content).ok()?;
    Some(content.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    fn script(kept: Kept) -> File {
        File {
            path: "app.js",
            ending: "js",
            etag: "\"77\"",
            kept,
        }
    }

    fn gzip(content: &[u8]) -> &'static [u8] {
        let mut writer = GzEncoder::new(Vec::new(), Compression::best());
        writer.write_all(content).unwrap();
        writer.finish().unwrap().leak()
    }

    #[test]
    fn each_reader_gets_the_smallest_copy_it_takes() {
        let gzip = gzip(b"plain");
        let file = script(Kept::Packed {
            brotli: b"br",
            gzip,
        });
        let rows = [
            ("gzip, deflate, br", Some("br"), "\"br-77\"", &b"br"[..]),
            ("gzip", Some("gzip"), "\"gzip-77\"", gzip),
            ("gzip, br;q=0", Some("gzip"), "\"gzip-77\"", gzip),
            ("identity", None, "\"77\"", b"plain"),
            ("", None, "\"77\"", b"plain"),
        ];
        for (accepts, encoding, etag, body) in rows {
            let asset = sent(&file, accepts, true).unwrap();
            assert_eq!(asset.told(), (encoding, etag, body), "{accepts}");
            assert_eq!(asset.media_type, "text/javascript; charset=utf-8");
            assert!(asset.is_immutable);
        }
        assert_eq!(file.path, "app.js");
    }

    #[test]
    fn what_is_not_worth_compressing_is_sent_as_it_is() {
        let font = File {
            ending: "woff2",
            ..script(Kept::Plain(b"plain"))
        };
        let asset = sent(&font, "gzip, br", false).unwrap();
        assert_eq!(asset.told(), (None, "\"77\"", &b"plain"[..]));
        let unknown = File {
            ending: "toml",
            ..font
        };
        assert_eq!(sent(&unknown, "", true), None);
    }

    #[test]
    fn what_cannot_be_unpacked_is_not_sent() {
        let file = script(Kept::Packed {
            brotli: b"br",
            gzip: b"gz",
        });
        assert_eq!(sent(&file, "", true), None);
    }

    impl Asset {
        fn told(&self) -> (Option<&str>, &str, &[u8]) {
            (self.encoding, &self.etag, &self.body)
        }
    }
}
