//! The files of the page in the binary, as the build script packed them.

use super::Asset;
use super::packed::{File, Kept, sent};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

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
