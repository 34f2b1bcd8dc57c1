//! The files of the page in the binary, as the build script packed them.

use super::{Asset, media_type, takes};
use bytes::Bytes;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// One packed file.
struct File {
    /// Where it lies; of a page, its theme.
    path: &'static str,
    /// The ending of its name.
    ending: &'static str,
    /// Says what is in it.
    etag: &'static str,
    /// The content.
    plain: &'static [u8],
    /// The content, smaller.
    brotli: Option<&'static [u8]>,
    /// The content, smaller.
    gzip: Option<&'static [u8]>,
}

pub(super) fn index(theme: Option<&str>, accepts: &str) -> Option<Asset> {
    let theme = theme.unwrap_or_default();
    let themed = PAGES.iter().find(|page| page.path == theme);
    sent(themed.or_else(|| PAGES.first())?, accepts, false)
}

pub(super) fn file(tree: &str, path: &str, accepts: &str) -> Option<Asset> {
    if tree != TREE {
        return None;
    }
    let at = FILES.binary_search_by(|file| file.path.cmp(path)).ok()?;
    sent(FILES.get(at)?, accepts, true)
}

fn sent(file: &'static File, accepts: &str, is_immutable: bool) -> Option<Asset> {
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
            Some(encoding) => file.etag.replacen("\"", &format!("\"{encoding}-"), 1),
            None => file.etag.to_owned(),
        },
        is_immutable,
        body: Bytes::from_static(body),
    })
}
