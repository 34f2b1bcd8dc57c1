//! The database's files: who may read them, and what their first bytes say. Knows no SQL.

use crate::error::{Fault, with_ending};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The endings of the files SQLite keeps beside a database.
const SIDE_FILES: [&str; 2] = ["-wal", "-shm"];

/// What a file says about itself before SQLite has opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// There is no file, or an empty one.
    Nothing,
    /// A database with this schema version and application id, and no unmerged log beside it.
    Settled {
        /// `PRAGMA user_version`.
        version: u32,
        /// `PRAGMA application_id`.
        application: u32,
    },
    /// A database whose log must be read to know.
    Unsettled,
}

/// Reads the file's header, changing nothing.
pub(crate) fn look(path: &Path) -> Result<Found, Fault> {
    /// SQLite's file header, <https://www.sqlite.org/fileformat2.html#the_database_header>.
    const HEADER: usize = 100;
    let mut header = Vec::with_capacity(HEADER);
    match File::open(path) {
        Ok(file) => file.take(HEADER as u64).read_to_end(&mut header)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error.into()),
    };
    if header.is_empty() {
        return Ok(Found::Nothing);
    }
    if header.len() < HEADER || !header.starts_with(b"SQLite format 3\0") {
        return Err(Fault::Corrupt(Arc::new(io::Error::new(
            io::ErrorKind::InvalidData,
            "the file does not begin like an SQLite database",
        ))));
    }
    if has_log(path) {
        return Ok(Found::Unsettled);
    }
    let number = |at: usize| {
        let bytes = header.get(at..at + 4).and_then(|b| b.try_into().ok());
        bytes.map_or(0, u32::from_be_bytes)
    };
    Ok(Found::Settled {
        version: number(60),
        application: number(68),
    })
}

/// Whether there is a log beside the file that is not merged into it.
pub(crate) fn has_log(path: &Path) -> bool {
    let log = with_ending(path, "-wal");
    log.metadata().is_ok_and(|log| log.len() > 0)
}

/// Creates the folder and the file if they are missing, and takes everybody else's access to the file away.
///
/// A folder that exists keeps its mode: it may be shared with other things.
pub(crate) fn prepare(path: &Path) -> Result<(), Fault> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    create_private(path)?;
    keep_private(path);
    for ending in SIDE_FILES {
        keep_private(&with_ending(path, ending));
    }
    Ok(())
}

/// Creates a folder, and those above it, for the owner only.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Opens a file for writing, creating it for the owner only.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The files SQLite keeps beside a database.
pub(crate) fn side_files(path: &Path) -> [PathBuf; 2] {
    SIDE_FILES.map(|ending| with_ending(path, ending))
}

/// Gives a finished file its name, which must be free, and makes that survive a power loss.
pub(crate) fn move_new(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::hard_link(from, to) {
        Ok(()) => std::fs::remove_file(from)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        // Some disks have no links; somebody who makes the file at this very moment is overwritten there.
        Err(_) if to.exists() => return Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => std::fs::rename(from, to)?,
    }
    sync_folder(to)
}

/// Makes what was written and renamed in a folder survive a power loss.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Sizes of the database and of its log, bytes.
pub(crate) fn sizes(path: &Path) -> (u64, u64) {
    let size = |path: PathBuf| path.metadata().map_or(0, |file| file.len());
    (size(path.to_path_buf()), size(with_ending(path, "-wal")))
}

#[cfg(unix)]
fn keep_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(file) = path.metadata() else { return };
    if file.permissions().mode() & 0o077 == 0 {
        return;
    }
    // Only the owner can do this; for anybody else the file stays as open as the owner left it.
    if let Err(error) = std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)) {
        tracing::warn!(path = %path.display(), %error, "others may read the database");
    }
}

#[cfg(not(unix))]
fn keep_private(_path: &Path) {}
