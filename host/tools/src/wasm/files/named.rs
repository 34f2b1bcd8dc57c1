//! Opens what a person named in their own words, for the host itself: resolved, judged and opened as for a guest,
//! through no link that was not judged. Reads no content and asks nobody.

use super::beneath::{self, Facts};
use super::listing::Batches;
use super::paths::{self, Spelled};
use super::resolve::{Found, Lost, Map};
use super::secrets;
use crate::session::Session;
use anteroom_gate::{FilePath, Gate, NamedVerdict};
use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

/// How often a path is resolved anew when it turns out to have changed meanwhile.
const ROUNDS: u32 = 3;
/// Entries of a folder that are listed at most.
const ENTRIES_MAX: usize = 10_000;

/// What a person named, found and opened.
#[derive(Debug)]
pub struct NamedPlace {
    /// Where it lies, links followed: relative to the workspace, or absolute outside of it.
    pub path: String,
    /// What is there.
    pub what: NamedWhat,
    /// What it brings in from outside, in words, if it does.
    pub brings: Option<String>,
}

/// What is at a place that a person named.
#[derive(Debug)]
pub enum NamedWhat {
    /// A file, open for reading at its beginning, and its size.
    File(File, u64),
    /// A folder: its entries in order of their names, folders with a `/` behind them; sensitive ones are left
    /// out. Not all of them, if it says so.
    Folder(Vec<String>, bool),
}

/// Why there is nothing to be read at a place that a person named.
#[derive(Debug, thiserror::Error)]
pub enum NotNamed {
    /// There is nothing.
    #[error("there is nothing at this path")]
    Missing,
    /// The gate says no.
    #[error("{0}")]
    Denied(String),
    /// A link on the way leads out of the workspace.
    #[error("`{at}` is a link that leads to `{to}`, outside the workspace")]
    Leaves {
        /// The link.
        at: String,
        /// Where it leads.
        to: String,
    },
    /// Neither a file nor a folder, or what the system tells of processes.
    #[error("it is neither a file nor a folder")]
    Special,
    /// The system's refusal.
    #[error("{0}")]
    Failed(std::io::Error),
}

/// Opens what a person calls `path`: relative to the workspace, or absolute.
///
/// Blocks. A relative path may climb out of the workspace by its own `..`, not by a link.
///
/// # Errors
/// [`NotNamed`]; whatever is sensitive is refused before it is told whether it exists.
pub fn open_named(session: &Session, gate: &Gate, path: &str) -> Result<NamedPlace, NotNamed> {
    let (folder, path) = rooted(session, path);
    let (workspace, temp) = (&session.workspace().path, &session.temp().path);
    let map = Map {
        session,
        nearby: None,
        is_nested: workspace.starts_with(temp) || temp.starts_with(workspace),
    };
    if let Some(spelled) = Spelled::new(&path).below(&folder) {
        judge(gate, &map.settle(spelled))?;
    }
    for _ in 0..ROUNDS {
        let found = map.resolve(&folder, &path, true).map_err(lost)?;
        let brings = judge(gate, &found.path)?;
        if found.facts.is_none() {
            return Err(NotNamed::Missing);
        }
        // A pipe does not block, a terminal does not become ours.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        match beneath::open(session, &found.path, flags) {
            Err(Errno::LOOP) => {}
            Err(Errno::NXIO) => return Err(NotNamed::Special),
            Err(errno) => return Err(failed(errno)),
            Ok(fd) => {
                let what = opened(session, gate, (&found, fd))?;
                let path = shown(&found.path, &what);
                return Ok(NamedPlace { path, what, brings });
            }
        }
    }
    Err(NotNamed::Failed(Errno::AGAIN.into()))
}

/// The root to begin at, and the path from there.
fn rooted(session: &Session, path: &str) -> (FilePath, String) {
    let from = |place: FilePath| {
        let relative = match paths::relative(&place) {
            "" => ".",
            relative => relative,
        };
        (paths::beside(&place, String::new()), relative.to_owned())
    };
    let spelled = Spelled::new(path);
    if spelled.is_absolute {
        return from(paths::place(session, path));
    }
    let workspace = FilePath::Workspace(String::new());
    match paths::absolute(session, &workspace) {
        Some(workspace) if climbs_out(&spelled) => {
            from(FilePath::Outside(format!("{workspace}/{path}")))
        }
        Some(_) | None => (workspace, path.to_owned()),
    }
}

/// Whether the names alone lead above where they begin.
fn climbs_out(path: &Spelled<'_>) -> bool {
    let mut depth = 0_i32;
    path.names.iter().any(|name| {
        depth += if *name == ".." { -1 } else { 1 };
        depth < 0
    })
}

fn judge(gate: &Gate, path: &FilePath) -> Result<Option<String>, NotNamed> {
    match gate.judge_named(path) {
        NamedVerdict::Allow { brings } => Ok(brings),
        NamedVerdict::Deny(words) => Err(NotNamed::Denied(words)),
    }
}

fn opened(
    session: &Session,
    gate: &Gate,
    (found, fd): (&Found, OwnedFd),
) -> Result<NamedWhat, NotNamed> {
    let facts = Facts::of(&fd).map_err(failed)?;
    if beneath::process_device(session) == Some(facts.dev) {
        return Err(NotNamed::Special);
    }
    if facts.is_folder() {
        return entries(gate, &found.path, fd);
    }
    if !facts.is_file() {
        return Err(NotNamed::Special);
    }
    if found.wants_folder {
        return Err(NotNamed::Missing);
    }
    let is_inside = matches!(found.path, FilePath::Workspace(_));
    if is_inside && facts.links > 1 {
        let other = secrets::other_name(session, &facts, |path| gate.is_sensitive(path))
            .map_err(|()| NotNamed::Denied("it has other names (hard links), and the workspace is too large to make sure that none of them is sensitive".to_owned()))?;
        if let Some(other) = other {
            judge(gate, &other)?;
        }
    }
    Ok(NamedWhat::File(File::from(fd), facts.size))
}

fn entries(gate: &Gate, folder: &FilePath, fd: OwnedFd) -> Result<NamedWhat, NotNamed> {
    let mut batches = Batches::new(Arc::new(fd));
    let mut names = Vec::new();
    loop {
        let batch = batches.next().map_err(failed)?;
        let is_whole = batch.is_empty();
        let seen = batch.into_iter();
        let seen = seen.filter(|entry| !gate.is_sensitive(&paths::child(folder, &entry.name)));
        names.extend(seen.map(|entry| match entry.kind {
            FileType::Directory => format!("{}/", entry.name),
            _ => entry.name,
        }));
        if is_whole || names.len() > ENTRIES_MAX {
            names.sort_unstable();
            names.truncate(ENTRIES_MAX);
            return Ok(NamedWhat::Folder(names, is_whole));
        }
    }
}

fn shown(path: &FilePath, what: &NamedWhat) -> String {
    let text = match path {
        FilePath::Workspace(path) if path.is_empty() => ".",
        FilePath::Workspace(path) | FilePath::Temp(path) | FilePath::Outside(path) => path,
    };
    let ending = match what {
        NamedWhat::Folder(..) if !text.ends_with('/') => "/",
        NamedWhat::Folder(..) | NamedWhat::File(..) => "",
    };
    format!("{text}{ending}")
}

fn lost(lost: Lost) -> NotNamed {
    match lost {
        Lost::Leaves { at, to } => NotNamed::Leaves {
            at: anteroom_gate::visible(paths::relative(&at)),
            to: anteroom_gate::visible(&to),
        },
        Lost::Code(ErrorCode::NoEntry | ErrorCode::NotDirectory | ErrorCode::NameTooLong) => {
            NotNamed::Missing
        }
        Lost::Code(ErrorCode::Access | ErrorCode::NotPermitted) => failed(Errno::ACCESS),
        Lost::Code(ErrorCode::Loop) => failed(Errno::LOOP),
        Lost::Code(_) => failed(Errno::IO),
    }
}

fn failed(errno: Errno) -> NotNamed {
    match errno {
        Errno::NOENT | Errno::NOTDIR => NotNamed::Missing,
        errno => NotNamed::Failed(errno.into()),
    }
}
