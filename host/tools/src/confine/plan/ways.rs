//! Ways to what is open: where a path leads, link by link. Where nothing else exists, the links have to be made anew.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Links that are followed on one way, as in the kernel.
const LINKS_MAX: usize = 40;

/// A link: where it is, and what it says.
pub(super) type Link = (PathBuf, PathBuf);

/// Where an absolute path leads, with the links on the way; none if it leads nowhere.
pub(super) fn follow(path: &Path) -> Option<(PathBuf, Vec<Link>)> {
    let mut links = Vec::new();
    let mut real = PathBuf::from("/");
    let mut rest: VecDeque<OsString> = parts(path);
    while let Some(part) = rest.pop_front() {
        if part == ".." {
            real.pop();
            continue;
        }
        let next = real.join(&part);
        if !fs::symlink_metadata(&next).ok()?.is_symlink() {
            real = next;
            continue;
        }
        if links.len() == LINKS_MAX {
            return None;
        }
        let target = fs::read_link(&next).ok()?;
        for part in parts(&target).into_iter().rev() {
            rest.push_front(part);
        }
        if target.is_absolute() {
            real = PathBuf::from("/");
        }
        links.push((next, target));
    }
    Some((real, links))
}

fn parts(path: &Path) -> VecDeque<OsString> {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    #[test]
    fn every_link_on_the_way_is_told() {
        let folder = TempDir::new().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("real/deep")).unwrap();
        fs::write(root.join("real/deep/file"), "").unwrap();
        symlink("real", root.join("near")).unwrap();
        symlink(root.join("near/deep"), root.join("far")).unwrap();
        symlink("../far/file", root.join("real/up")).unwrap();
        let (real, links) = follow(&root.join("near/up")).unwrap();
        assert_eq!(real, root.join("real/deep/file"));
        let expected = [
            (root.join("near"), PathBuf::from("real")),
            (root.join("real/up"), PathBuf::from("../far/file")),
            (root.join("far"), root.join("near/deep")),
            (root.join("near"), PathBuf::from("real")),
        ];
        assert_eq!(links, expected);
    }

    #[test]
    fn a_way_that_ends_nowhere_or_never_is_none() {
        let folder = TempDir::new().unwrap();
        let root = folder.path();
        symlink("round", root.join("round")).unwrap();
        symlink("gone", root.join("loose")).unwrap();
        for name in ["round", "loose", "absent"] {
            assert_eq!(follow(&root.join(name)), None, "{name}");
        }
    }
}
