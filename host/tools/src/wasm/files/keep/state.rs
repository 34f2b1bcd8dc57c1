//! What is at a path, told by one look that follows no link. Changes nothing.

use super::super::beneath::{self, Facts};
use crate::session::Session;
use anteroom_gate::FilePath;
use rustix::fs::OFlags;
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::os::fd::{AsFd, OwnedFd};

/// The permissions that are told and given back; never more than these, so no file gains a foreign owner's rights.
pub(super) const MODE_BITS: u32 = 0o777;
/// How much of a file is read at once.
pub(super) const PIECE_BYTES: usize = 256 << 10;

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// Nothing.
    Absent,
    /// A file.
    File {
        /// SHA-256 of its content, in hex.
        hash: String,
        /// Its length in bytes.
        size: u64,
        /// Its permissions.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// Where it leads, as it is written.
        target: String,
    },
    /// A folder.
    Folder {
        /// Its permissions.
        mode: u32,
        /// What tells it from another of the same name; only of a renamed one.
        id: Option<String>,
    },
}

/// What a name stands for.
pub(super) enum Looked {
    /// An open file, for reading.
    File(OwnedFd),
    Other(FileState),
    /// A pipe, a socket, a device.
    Special,
}

/// Looks at a path; a file is opened.
///
/// # Errors
/// `LOOP` where a link is in the way; what the system says of a file that cannot be read.
pub(super) fn look(session: &Session, path: &FilePath) -> Result<Looked, Errno> {
    let facts = match beneath::look(session, path) {
        Ok(facts) => facts,
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(Looked::Other(FileState::Absent)),
        Err(error) => return Err(error),
    };
    if facts.is_link() {
        let target = beneath::read_link(session, path)?;
        return Ok(Looked::Other(FileState::Link { target }));
    }
    if facts.is_folder() {
        let mode = facts.mode & MODE_BITS;
        return Ok(Looked::Other(FileState::Folder { mode, id: None }));
    }
    if !facts.is_file() {
        return Ok(Looked::Special);
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = beneath::open(session, path, flags)?;
    // It may have been replaced since the look.
    match Facts::of(&file)? {
        facts if facts.is_file() => Ok(Looked::File(file)),
        _ => Ok(Looked::Special),
    }
}

/// What is at a path, contents by their hash.
///
/// # Errors
/// In words, why it cannot be told.
pub(super) fn state_of(
    session: &Session,
    path: &FilePath,
    limit_bytes: u64,
) -> Result<FileState, String> {
    match look(session, path) {
        Ok(Looked::Other(state)) => Ok(state),
        Ok(Looked::Special) => Err("it is neither a file, a folder nor a link now".to_owned()),
        Ok(Looked::File(file)) => file_state(file, limit_bytes),
        Err(Errno::LOOP) => Err("a link stands in its path now".to_owned()),
        Err(error) => Err(std::io::Error::from(error).to_string()),
    }
}

/// The state of an open file.
///
/// # Errors
/// In words, why it cannot be told.
pub(super) fn file_state(file: impl AsFd, limit_bytes: u64) -> Result<FileState, String> {
    let facts = Facts::of(&file).map_err(words)?;
    if facts.size > limit_bytes {
        return Err("it is too large now to tell whether it was changed".to_owned());
    }
    let (hash, size) = hash(&file).map_err(words)?;
    Ok(FileState::File {
        hash,
        size,
        mode: facts.mode & MODE_BITS,
    })
}

pub(super) fn words(error: Errno) -> String {
    std::io::Error::from(error).to_string()
}

/// Hash and length of what is in a file; its position stays where it is.
fn hash(file: impl AsFd) -> Result<(String, u64), Errno> {
    let mut hasher = Sha256::new();
    let mut size = 0;
    read_all(file, |piece| {
        hasher.update(piece);
        size += piece.len() as u64;
        Ok(())
    })?;
    Ok((hex(&hasher.finalize()), size))
}

/// Hands over a file's content piece by piece, from its beginning.
pub(super) fn read_all(
    file: impl AsFd,
    mut take: impl FnMut(&[u8]) -> Result<(), Errno>,
) -> Result<(), Errno> {
    let mut buffer = vec![0; PIECE_BYTES];
    let mut offset = 0;
    loop {
        match rustix::io::pread(&file, &mut buffer, offset) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                take(buffer.get(..length).unwrap_or_default())?;
                offset += length as u64;
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
