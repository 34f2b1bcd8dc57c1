//! Paths as strings: joining, splitting and showing them. Touches no file.

use crate::session::Session;
use anteroom_gate::FilePath;
use std::path::Path;

/// Longest path taken, as on Linux.
pub(super) const PATH_MAX: usize = 4096;

/// A path as the guest spelled it, relative to one of its folders.
pub(super) struct Spelled<'a> {
    /// The names in order; no empty ones and no `.`, but perhaps `..`.
    pub(super) names: Vec<&'a str>,
    pub(super) is_absolute: bool,
    /// Whether it ends in `/` or `/.`: only a folder will do.
    pub(super) wants_folder: bool,
}

impl<'a> Spelled<'a> {
    pub(super) fn new(path: &'a str) -> Self {
        Self {
            names: path
                .split('/')
                .filter(|name| !matches!(*name, "" | "."))
                .collect(),
            is_absolute: path.starts_with('/'),
            wants_folder: path.ends_with('/') || path.ends_with("/.") || path == ".",
        }
    }

    /// The path below `folder` if no name in it has to be looked up to know where it leads: no `..`.
    pub(super) fn below(&self, folder: &FilePath) -> Option<FilePath> {
        let is_plain = !self.is_absolute && !self.names.contains(&"..");
        is_plain.then(|| {
            let mut path = relative(folder).to_owned();
            for name in &self.names {
                if !path.is_empty() {
                    path.push('/');
                }
                path.push_str(name);
            }
            beside(folder, path)
        })
    }
}

/// Whether `path` is only names: it can be put behind a folder's path as it stands.
pub(super) fn is_plain(path: &str) -> bool {
    path.len() <= PATH_MAX
        && !path.contains('\0')
        && path.split('/').all(|name| !matches!(name, "" | "." | ".."))
}

/// The part below the root the path belongs to; empty for the root itself.
pub(super) fn relative(path: &FilePath) -> &str {
    match path {
        FilePath::Workspace(path) | FilePath::Temp(path) => path,
        FilePath::Outside(path) => path.strip_prefix('/').unwrap_or(path),
    }
}

/// Another path below the same root.
pub(super) fn beside(path: &FilePath, relative: String) -> FilePath {
    match path {
        FilePath::Workspace(_) => FilePath::Workspace(relative),
        FilePath::Temp(_) => FilePath::Temp(relative),
        FilePath::Outside(_) => FilePath::Outside(format!("/{relative}")),
    }
}

/// `name`, which may consist of several plain names, below a folder.
pub(super) fn child(folder: &FilePath, name: &str) -> FilePath {
    let upper = relative(folder);
    if upper.is_empty() {
        return beside(folder, name.to_owned());
    }
    let mut path = String::with_capacity(upper.len() + name.len() + 1);
    path.push_str(upper);
    path.push('/');
    path.push_str(name);
    beside(folder, path)
}

/// The folder a path lies in and its name there; none for a root.
pub(super) fn split(path: &FilePath) -> Option<(FilePath, &str)> {
    let relative = relative(path);
    if relative.is_empty() {
        return None;
    }
    let (folder, name) = relative.rsplit_once('/').unwrap_or(("", relative));
    Some((beside(path, folder.to_owned()), name))
}

/// The rest of `path` below `folder`, if it is the folder or lies in it.
pub(super) fn below<'a>(folder: &FilePath, path: &'a FilePath) -> Option<&'a str> {
    if std::mem::discriminant(folder) != std::mem::discriminant(path) {
        return None;
    }
    strip(relative(folder), relative(path))
}

/// The path with the prefix `from` replaced by `to`, if it has it.
pub(super) fn moved(path: &FilePath, from: &FilePath, to: &FilePath) -> Option<FilePath> {
    let rest = below(from, path)?;
    Some(match rest {
        "" => to.clone(),
        rest => child(to, rest),
    })
}

/// The absolute path. None if the root's own path is not UTF-8.
pub(super) fn absolute(session: &Session, path: &FilePath) -> Option<String> {
    let root = match path {
        FilePath::Outside(path) => return Some(path.clone()),
        FilePath::Workspace(_) => &session.workspace().path,
        FilePath::Temp(_) => &session.temp().path,
    };
    let root = root.to_str()?.trim_end_matches('/');
    Some(match relative(path) {
        "" if root.is_empty() => "/".to_owned(),
        "" => root.to_owned(),
        relative => format!("{root}/{relative}"),
    })
}

/// The root an absolute path belongs to: the innermost one it lies in.
pub(super) fn place(session: &Session, absolute: &str) -> FilePath {
    let in_root = |root: &Path| {
        let root = root.to_str()?;
        let rest = strip(root.trim_matches('/'), absolute.trim_start_matches('/'))?;
        Some((root.len(), rest.to_owned()))
    };
    let workspace = in_root(&session.workspace().path);
    let temp = in_root(&session.temp().path);
    match (workspace, temp) {
        (Some((inner, rest)), Some((outer, _))) if inner > outer => FilePath::Workspace(rest),
        (_, Some((_, rest))) => FilePath::Temp(rest),
        (Some((_, rest)), None) => FilePath::Workspace(rest),
        (None, None) => FilePath::Outside(format!("/{}", absolute.trim_start_matches('/'))),
    }
}

/// As a tool would spell it; also what its proposals are kept under.
pub(super) fn text(path: &FilePath) -> &str {
    match path {
        FilePath::Workspace(path) | FilePath::Temp(path) | FilePath::Outside(path) => path,
    }
}

/// For words to the model.
pub(super) fn shown(path: &FilePath) -> String {
    anteroom_gate::visible(match path {
        FilePath::Workspace(path) if path.is_empty() => ".",
        FilePath::Temp(path) if path.is_empty() => "the private temp folder",
        path => text(path),
    })
}

fn strip<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    if folder.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(folder)?;
    match rest.strip_prefix('/') {
        Some(rest) => Some(rest),
        None => rest.is_empty().then_some(rest),
    }
}
