//! The files of the page from the source tree: edit, reload. Never part of a release.

use super::{Asset, media_type, page};
use bytes::Bytes;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// Where the files are edited.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
/// The name of the tree; nothing may be kept.
const TREE: &str = "dev";

pub(super) fn index(theme: Option<&str>, _accepts: &str) -> Option<Asset> {
    let written = text("index.html")?;
    // While somebody edits, a module may be missing: the page says so in its console, better than none.
    let modules = page::modules(page::ENTRY, text).unwrap_or_default();
    let page = page::assembled(&written, page::WRITTEN_BASE, &modules);
    let page = page::themed(&page, theme.unwrap_or_default());
    Some(asset("text/html; charset=utf-8", page.into_bytes()))
}

pub(super) fn file(tree: &str, path: &str, _accepts: &str) -> Option<Asset> {
    let media_type = media_type(path.rsplit('.').next()?)?;
    let content = std::fs::read(Path::new(FOLDER).join(path)).ok()?;
    (tree == TREE && path != "index.html").then(|| asset(media_type, content))
}

fn text(path: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(FOLDER).join(path)).ok()
}

fn asset(media_type: &'static str, content: Vec<u8>) -> Asset {
    let mut hash = DefaultHasher::new();
    content.hash(&mut hash);
    Asset {
        media_type,
        encoding: None,
        etag: format!("\"{:016x}\"", hash.finish()),
        is_immutable: false,
        body: Bytes::from(content),
    }
}
