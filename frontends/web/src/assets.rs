//! The files of the page: one tree below `/a/<hash>/`, and the page itself.
//!
//! Knows no HTTP beyond names of headers' values. A release has everything in the binary, compressed and named by the
//! hash of the whole tree; a debug build reads the folder at each request.

#[cfg(not(embedded_assets))]
mod disk;
#[cfg(embedded_assets)]
mod embedded;
#[cfg(test)]
#[path = "../build/join.rs"]
mod join;
#[cfg(any(embedded_assets, test))]
mod packed;
#[cfg(any(not(embedded_assets), test))]
pub(crate) mod page;
#[cfg(test)]
#[path = "../build/script.rs"]
mod script;
#[cfg(test)]
mod tests;

use bytes::Bytes;
#[cfg(not(embedded_assets))]
use disk as source;
#[cfg(embedded_assets)]
use embedded as source;

/// One file as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asset {
    /// Of its content, by its name's ending.
    pub(crate) media_type: &'static str,
    /// How it is compressed, if it is.
    pub(crate) encoding: Option<&'static str>,
    /// Says what is in it; quotes included.
    pub(crate) etag: String,
    /// Whether its address says what is in it, so that it can be kept for good.
    pub(crate) is_immutable: bool,
    /// The content.
    pub(crate) body: Bytes,
}

/// The page, in the theme a person chose.
pub(crate) fn index(theme: Option<&str>, accepts: &str) -> Option<Asset> {
    source::index(theme, accepts)
}

/// The file at `/a/{tree}/{path}`; none if there is none, or if the tree is another version's.
pub(crate) fn file(tree: &str, path: &str, accepts: &str) -> Option<Asset> {
    if !is_plain(path) {
        return None;
    }
    source::file(tree, path, accepts)
}

/// Whether a path is made of ordinary names: nothing hidden, nothing that leads up, nothing to be decoded.
fn is_plain(path: &str) -> bool {
    let is_ordinary = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_name =
        |name: &str| !name.is_empty() && !name.starts_with('.') && name.chars().all(is_ordinary);
    path.split('/').all(is_name)
}

/// The media type of a file's ending; none for what is not served.
fn media_type(ending: &str) -> Option<&'static str> {
    Some(match ending {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// Whether an `Accept-Encoding` takes a coding; refused ones (`br;q=0`) are not taken, `*` is not looked at.
#[cfg(any(embedded_assets, test))]
fn takes(accepts: &str, coding: &str) -> bool {
    accepts.split(',').any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        let is_it = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let is_refused = weight.is_some_and(|q| q.trim().parse().is_ok_and(|q: f32| q <= 0.0));
        is_it && !is_refused
    })
}
