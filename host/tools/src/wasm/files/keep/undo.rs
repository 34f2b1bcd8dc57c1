//! Takes one change back. What it is about to overwrite is kept first, so that this can be taken back, too.
//!
//! Every path is resolved anew beneath its root handle and no link is followed; what was compared is, by its
//! handle, what is changed.

use super::super::beneath::{self, Facts};
use super::super::paths;
use super::state::{self, FileState, Looked, MODE_BITS, words};
use super::store::{Bounds, Shared};
use super::{Change, End, Ledger, folder_id, keep_open};
use crate::session::Session;
use anteroom_gate::FilePath;
use rustix::fs::{AtFlags, Dir, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use std::os::fd::{AsFd as _, OwnedFd};

/// A change as it was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its number.
    pub row: i64,
    /// Where.
    pub path: FilePath,
    /// A folder that was renamed: where it was before.
    pub moved_from: Option<FilePath>,
    /// What was there.
    pub before: Option<FileState>,
    /// What the call left there; none if it was cut off.
    pub after: Option<FileState>,
    /// Why it could not be kept.
    pub obstacle: Option<String>,
    /// Why it is not taken back unless somebody insists.
    pub doubt: Option<String>,
}

/// What came of taking a change back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// What was there is there again.
    Restored,
    /// What was made is gone again.
    Removed,
    /// Nothing was changed; why, in words.
    Skipped(String),
}

/// Said of a file that is not as the call left it.
const CHANGED_SINCE: &str = "it was changed since; insist on it to overwrite that";
const CUT_OFF: &str = "the call was cut off, so it cannot be told whether somebody else changed it since; insist on it to overwrite it";
const RACED: &str = "it changed while it was being taken back; try again";

/// What is at a path now.
pub(super) struct Current {
    pub(super) state: FileState,
    pub(super) file: Option<OwnedFd>,
}

/// Takes a change back. Without `is_forced`, only if its file is as the call left it.
///
/// # Errors
/// In words, when it could not be written down what is about to be done; nothing was changed then.
pub async fn take_back(
    session: &Session,
    ledger: &dyn Ledger,
    recorded: &Recorded,
    is_forced: bool,
) -> Result<Taken, String> {
    if let Some(from) = &recorded.moved_from {
        return take_move_back(session, ledger, (recorded, from), is_forced).await;
    }
    let Some(before) = &recorded.before else {
        let obstacle = recorded.obstacle.clone();
        return Ok(Taken::Skipped(
            obstacle.unwrap_or_else(|| "what it was before was not kept".to_owned()),
        ));
    };
    let current = match current(session, ledger.store().bounds(), &recorded.path) {
        Ok(current) => current,
        Err(why) => return Ok(Taken::Skipped(why)),
    };
    let done = match before {
        FileState::Absent => Taken::Removed,
        FileState::File { .. } | FileState::Link { .. } | FileState::Folder { .. } => {
            Taken::Restored
        }
    };
    if current.state == *before {
        return Ok(done);
    }
    if let Some(why) = hindrance(recorded, &current.state, is_forced) {
        return Ok(Taken::Skipped(why));
    }
    let content = match before {
        FileState::File { hash, .. } => match ledger.store().open(hash) {
            Ok(content) => Some(content),
            Err(error) => return Ok(Taken::Skipped(error.to_string())),
        },
        FileState::Absent | FileState::Link { .. } | FileState::Folder { .. } => None,
    };
    let (row, _shared) = match keep_current(ledger, recorded, &current, is_forced).await? {
        Ok(kept) => kept,
        Err(why) => return Ok(Taken::Skipped(why)),
    };
    let acted = act(session, &recorded.path, &current, (before, content));
    let end = match &acted {
        Ok(()) => End::Became(before.clone()),
        Err(_) => match state::state_of(session, &recorded.path, u64::MAX) {
            Ok(state) if state == current.state => End::Void,
            Ok(state) => End::Became(state),
            Err(why) => End::Unknown(why),
        },
    };
    ledger.close(vec![(row, end)]).await?;
    match before {
        FileState::Absent => session.forget(&recorded.path),
        FileState::File { .. } | FileState::Link { .. } | FileState::Folder { .. } => {
            session.lose_sight(&recorded.path);
        }
    }
    Ok(acted.map_or_else(Taken::Skipped, |()| done))
}

pub(super) fn hindrance(
    recorded: &Recorded,
    current: &FileState,
    is_forced: bool,
) -> Option<String> {
    if is_forced {
        return None;
    }
    if let Some(doubt) = &recorded.doubt {
        return Some(doubt.clone());
    }
    match &recorded.after {
        None => Some(CUT_OFF.to_owned()),
        Some(after) if after != current => Some(CHANGED_SINCE.to_owned()),
        Some(_) => None,
    }
}

/// Looks at a path and reads what is there.
pub(super) fn current(
    session: &Session,
    bounds: Bounds,
    path: &FilePath,
) -> Result<Current, String> {
    match state::look(session, path) {
        Ok(Looked::Other(state)) => Ok(Current { state, file: None }),
        Ok(Looked::Special) => Err("it is neither a file, a folder nor a link now".to_owned()),
        Ok(Looked::File(file)) => Ok(Current {
            state: state::file_state(&file, bounds.told_bytes())?,
            file: Some(file),
        }),
        Err(Errno::LOOP) => Err("a link stands in its path now".to_owned()),
        Err(error) => Err(words(error)),
    }
}

type Refused = String;

/// Keeps what is about to be overwritten and writes the undo down.
async fn keep_current(
    ledger: &dyn Ledger,
    recorded: &Recorded,
    current: &Current,
    is_forced: bool,
) -> Result<Result<(i64, Option<Shared>), Refused>, String> {
    let mut change = Change::new(recorded.path.clone());
    change.takes_back = Some(recorded.row);
    let shared = match &current.file {
        None => {
            change.before = Some(current.state.clone());
            None
        }
        Some(file) => {
            let shared = keep_open(ledger, file.as_fd(), &mut change).await?;
            match &change.before {
                Some(kept) if *kept != current.state => return Ok(Err(RACED.to_owned())),
                Some(_) => {}
                None if is_forced => {}
                None => {
                    let why = change.obstacle.unwrap_or_default();
                    return Ok(Err(format!(
                        "what is there now could not be kept, so it could not come back: {why}; insist on it to overwrite it"
                    )));
                }
            }
            Some(shared)
        }
    };
    let rows = ledger.write(vec![change]).await?;
    let row = *rows.first().ok_or("it was not written down")?;
    Ok(Ok((row, shared)))
}

/// Makes a path what it was. The words are for a person.
fn act(
    session: &Session,
    path: &FilePath,
    current: &Current,
    (wanted, content): (&FileState, Option<OwnedFd>),
) -> Result<(), String> {
    if let (Some(file), FileState::File { mode, .. }, Some(content)) =
        (&current.file, wanted, &content)
    {
        return overwrite(session, path, file, (content, *mode));
    }
    if let (FileState::Folder { .. }, FileState::Folder { mode, .. }) = (&current.state, wanted) {
        let folder = beneath::open(session, path, OFlags::RDONLY | OFlags::DIRECTORY);
        let folder = folder.map_err(words)?;
        return rustix::fs::fchmod(folder, Mode::from_raw_mode(*mode)).map_err(words);
    }
    remove(session, path, current)?;
    match (wanted, content) {
        (FileState::File { mode, .. }, Some(content)) => create(session, path, &content, *mode),
        (FileState::File { .. }, None) | (FileState::Absent, _) => Ok(()),
        (FileState::Link { target }, _) => {
            make_parents(session, path)?;
            let (parent, name) = beneath::open_parent(session, path).map_err(words)?;
            rustix::fs::symlinkat(target.as_str(), parent, name).map_err(words)
        }
        (FileState::Folder { mode, .. }, _) => {
            make_parents(session, path)?;
            let (parent, name) = beneath::open_parent(session, path).map_err(words)?;
            let mode = Mode::from_raw_mode(mode & MODE_BITS);
            rustix::fs::mkdirat(parent, name, mode).map_err(words)
        }
    }
}

/// Puts a content into a file that is there, so that it stays the same file.
fn overwrite(
    session: &Session,
    path: &FilePath,
    looked_at: &OwnedFd,
    (content, mode): (&OwnedFd, u32),
) -> Result<(), String> {
    let seen = Facts::of(looked_at).map_err(words)?;
    if seen.links > 1 {
        return Err("it has other names (hard links), which would change with it".to_owned());
    }
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut opened = beneath::open(session, path, flags);
    if matches!(opened, Err(Errno::ACCESS)) {
        // It may be ours and only closed to writing.
        let open_to_us = Mode::from_raw_mode(seen.mode & MODE_BITS | 0o600);
        rustix::fs::fchmod(looked_at, open_to_us).map_err(words)?;
        opened = beneath::open(session, path, flags);
    }
    let file = opened.map_err(words)?;
    let facts = Facts::of(&file).map_err(words)?;
    if !facts.is_same_file(&seen) || facts.stamp() != seen.stamp() {
        return Err(RACED.to_owned());
    }
    rustix::fs::ftruncate(&file, 0).map_err(words)?;
    fill(&file, content, mode)
}

fn create(session: &Session, path: &FilePath, content: &OwnedFd, mode: u32) -> Result<(), String> {
    make_parents(session, path)?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NONBLOCK | OFlags::NOCTTY;
    // Open to its owner only until it has its content and its own permissions.
    let made = beneath::open_mode(session, path, flags, Mode::from_raw_mode(0o600));
    fill(&made.map_err(words)?, content, mode)
}

fn fill(file: &OwnedFd, content: &OwnedFd, mode: u32) -> Result<(), String> {
    let mut offset = 0;
    state::read_all(content, |piece| {
        let mut rest = piece;
        while !rest.is_empty() {
            match rustix::io::pwrite(file, rest, offset) {
                Ok(0) => return Err(Errno::IO),
                Ok(written) => {
                    rest = rest.get(written..).unwrap_or_default();
                    offset += written as u64;
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    })
    .map_err(|error| format!("its content could not be written back: {}", words(error)))?;
    rustix::fs::fchmod(file, Mode::from_raw_mode(mode & MODE_BITS)).map_err(words)?;
    rustix::fs::fsync(file).map_err(words)
}

/// Removes what was looked at, and nothing that came in its place.
fn remove(session: &Session, path: &FilePath, current: &Current) -> Result<(), String> {
    if current.state == FileState::Absent {
        return Ok(());
    }
    let (parent, name) = beneath::open_parent(session, path).map_err(words)?;
    let facts = beneath::look_at(&parent, name).map_err(words)?;
    let is_as_seen = match (&current.file, &current.state) {
        (Some(file), _) => Facts::of(file)
            .is_ok_and(|seen| seen.is_same_file(&facts) && seen.stamp() == facts.stamp()),
        (None, FileState::Link { .. }) => facts.is_link(),
        (None, FileState::Folder { .. }) => facts.is_folder(),
        (None, FileState::Absent | FileState::File { .. }) => false,
    };
    if !is_as_seen {
        return Err(RACED.to_owned());
    }
    let flags = match facts.is_folder() {
        true => AtFlags::REMOVEDIR,
        false => AtFlags::empty(),
    };
    match rustix::fs::unlinkat(parent, name, flags) {
        Err(Errno::NOTEMPTY | Errno::EXIST) => Err("the folder is not empty".to_owned()),
        removed => removed.map_err(words),
    }
}

/// Makes the folders a path lies in, as far as they are missing.
fn make_parents(session: &Session, path: &FilePath) -> Result<(), String> {
    let mut missing = Vec::new();
    let mut folder = path.clone();
    while let Some((upper, _)) = paths::split(&folder) {
        match beneath::look(session, &upper) {
            Ok(_) => break,
            Err(Errno::NOENT) => missing.push(upper.clone()),
            Err(error) => return Err(words(error)),
        }
        folder = upper;
    }
    for folder in missing.iter().rev() {
        let (parent, name) = beneath::open_parent(session, folder).map_err(words)?;
        rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(0o777)).map_err(words)?;
    }
    Ok(())
}

/// Gives a renamed folder its earlier name; what is in it comes along as it is.
async fn take_move_back(
    session: &Session,
    ledger: &dyn Ledger,
    (recorded, from): (&Recorded, &FilePath),
    is_forced: bool,
) -> Result<Taken, String> {
    let to = &recorded.path;
    let is_it = match (&recorded.after, folder_id(session, to)) {
        (_, Err(_)) => false,
        (Some(FileState::Folder { id: Some(id), .. }), Ok(found)) if *id == found => true,
        // What an undo renamed may have been made anew by another one.
        (Some(FileState::Folder { id: None, .. }), Ok(_)) => true,
        // One that was removed and made again is another; with nothing in it that does not matter.
        (_, Ok(_)) => is_forced || is_empty(session, to),
    };
    if !is_it {
        return Ok(Taken::Skipped(format!(
            "the folder `{}` is not there any more under this name",
            paths::shown(to)
        )));
    };
    if beneath::look(session, from).is_ok() {
        return Ok(Taken::Skipped(format!(
            "there is something at `{}` again",
            paths::shown(from)
        )));
    }
    let mut change = Change::new(from.clone());
    change.moved_from = Some(to.clone());
    change.before = Some(FileState::Absent);
    change.takes_back = Some(recorded.row);
    let rows = ledger.write(vec![change]).await?;
    let row = *rows.first().ok_or("it was not written down")?;
    let moved = move_back(session, (to, from), recorded.before.as_ref());
    let mode = beneath::look(session, from).map_or(0, |facts| facts.mode & MODE_BITS);
    let end = match &moved {
        Ok(()) => End::Became(FileState::Folder { mode, id: None }),
        Err(_) => End::Void,
    };
    ledger.close(vec![(row, end)]).await?;
    Ok(moved.map_or_else(Taken::Skipped, |()| Taken::Restored))
}

/// Whether a folder is there and holds nothing.
fn is_empty(session: &Session, path: &FilePath) -> bool {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK;
    let Ok(mut entries) = beneath::open(session, path, flags).and_then(Dir::new) else {
        return false;
    };
    entries
        .all(|entry| entry.is_ok_and(|entry| matches!(entry.file_name().to_bytes(), b"." | b"..")))
}

fn move_back(
    session: &Session,
    (to, from): (&FilePath, &FilePath),
    before: Option<&FileState>,
) -> Result<(), String> {
    make_parents(session, from)?;
    let (to_parent, to_name) = beneath::open_parent(session, to).map_err(words)?;
    let (from_parent, from_name) = beneath::open_parent(session, from).map_err(words)?;
    let flags = RenameFlags::NOREPLACE;
    rustix::fs::renameat_with(&to_parent, to_name, from_parent, from_name, flags).map_err(words)?;
    match before {
        Some(FileState::Folder { mode, .. }) => {
            let mode = Mode::from_raw_mode(mode & MODE_BITS);
            rustix::fs::mkdirat(to_parent, to_name, mode).map_err(words)
        }
        _ => Ok(()),
    }
}
