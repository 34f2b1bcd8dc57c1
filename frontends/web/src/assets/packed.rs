//! One packed file and the copy of it that a reader takes.

use super::{Asset, media_type, takes};
use bytes::Bytes;

/// One packed file.
pub(super) struct File {
    /// Where it lies; of a page, its theme.
    pub(super) path: &'static str,
    /// The ending of its name.
    pub(super) ending: &'static str,
    /// Says what is in it.
    pub(super) etag: &'static str,
    /// The content.
    pub(super) plain: &'static [u8],
    /// The content, smaller.
    pub(super) brotli: Option<&'static [u8]>,
    /// The content, smaller.
    pub(super) gzip: Option<&'static [u8]>,
}

/// The smallest copy that `accepts` takes.
pub(super) fn sent(file: &File, accepts: &str, is_immutable: bool) -> Option<Asset> {
    let brotli = file.brotli.filter(|_| takes(accepts, "br"));
    let gzip = file.gzip.filter(|_| takes(accepts, "gzip"));
    let (encoding, body) = match (brotli, gzip) {
        (Some(body), _) => (Some("br"), body),
        (None, Some(body)) => (Some("gzip"), body),
        (None, None) => (None, file.plain),
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
        body: Bytes::from_static(body),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: File = File {
        path: "app.js",
        ending: "js",
        etag: "\"77\"",
        plain: b"plain",
        brotli: Some(b"br"),
        gzip: Some(b"gz"),
    };

    #[test]
    fn each_reader_gets_the_smallest_copy_it_takes() {
        let rows = [
            ("gzip, deflate, br", Some("br"), "\"br-77\"", "br"),
            ("gzip", Some("gzip"), "\"gzip-77\"", "gz"),
            ("gzip, br;q=0", Some("gzip"), "\"gzip-77\"", "gz"),
            ("identity", None, "\"77\"", "plain"),
            ("", None, "\"77\"", "plain"),
        ];
        for (accepts, encoding, etag, body) in rows {
            let asset = sent(&SCRIPT, accepts, true).unwrap();
            assert_eq!(asset.told(), (encoding, etag, body.as_bytes()), "{accepts}");
            assert_eq!(asset.media_type, "text/javascript; charset=utf-8");
            assert!(asset.is_immutable);
        }
        assert_eq!(SCRIPT.path, "app.js");
    }

    #[test]
    fn what_is_not_worth_compressing_is_sent_as_it_is() {
        let font = File {
            path: "x.woff2",
            ending: "woff2",
            brotli: None,
            gzip: None,
            ..SCRIPT
        };
        let asset = sent(&font, "gzip, br", false).unwrap();
        assert_eq!(asset.told(), (None, "\"77\"", &b"plain"[..]));
        let unknown = File {
            ending: "toml",
            ..SCRIPT
        };
        assert_eq!(sent(&unknown, "", true), None);
    }

    impl Asset {
        fn told(&self) -> (Option<&str>, &str, &[u8]) {
            (self.encoding, &self.etag, &self.body)
        }
    }
}
