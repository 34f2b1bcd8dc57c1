//! A small file beside the database that is touched after every write, so that other processes look.
//!
//! The database's own log changes before what it holds can be read, and nothing changes when it can be; the
//! bell is rung after that. Whoever misses it looks from time to time anyway.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The bell of one database.
pub(crate) struct Bell {
    path: PathBuf,
    file: Mutex<Option<File>>,
}

impl Bell {
    /// The bell beside a database file.
    pub(crate) fn beside(database: &Path) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push(".bell");
        let path = PathBuf::from(name);
        let file = open(&path);
        if let Err(error) = &file {
            tracing::info!(%error, "other processes are not woken; they look from time to time");
        }
        Self {
            file: Mutex::new(file.ok()),
            path,
        }
    }

    /// The file to watch.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Wakes every process that has the database open, this one too.
    pub(crate) fn ring(&self) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = file.as_mut() {
            // A bell that cannot be rung only makes the others slower.
            drop(touch(file));
        }
    }
}

fn touch(file: &mut File) -> std::io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    file.seek(SeekFrom::Start(0))?;
    file.write_all(b".")
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
