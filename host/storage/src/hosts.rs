//! Which processes have the database open: each holds a lock on a small file beside it, which the system
//! lets go of when the process ends, however it ends.

use crate::error::with_ending;
use crate::files;
use anteroom_api::UnixMillis;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// How many names are tried. Two openings only meet on one if they share process and millisecond.
const ATTEMPTS: u32 = 1000;

/// This opening of the database. Dropping it tells the others that it is over.
#[derive(Debug)]
pub(crate) struct Host {
    folder: PathBuf,
    name: Option<String>,
    lock: Option<File>,
}

impl Host {
    /// Takes a name nobody has and a lock under it. Where files cannot be locked there is no name, and a
    /// turn without an end always counts as cut off.
    pub(crate) fn announce(database: &Path, at: UnixMillis) -> Self {
        let folder = with_ending(database, ".hosts");
        match claim(&folder, at) {
            Ok((name, lock)) => Self {
                folder,
                name: Some(name),
                lock: Some(lock),
            },
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "other processes cannot see this one");
                Self {
                    folder,
                    name: None,
                    lock: None,
                }
            }
        }
    }

    /// Its name, for the rows that belong to it.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// A test for whether the process behind a name still runs. Clears away what the dead left behind.
    pub(crate) fn liveness(&self) -> impl Fn(&str) -> bool + Send + 'static {
        let folder = self.folder.clone();
        let own = self.name.clone();
        move |name| own.as_deref() == Some(name) || is_alive(&folder, name)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let Some(name) = &self.name else { return };
        // Removed while still locked, so that nobody can lock it in between.
        if let Err(error) = std::fs::remove_file(self.folder.join(name)) {
            tracing::debug!(%error, "left a lock file behind");
        }
        drop(self.lock.take());
    }
}

fn claim(folder: &Path, at: UnixMillis) -> io::Result<(String, File)> {
    files::create_folder(folder)?;
    for attempt in 0..ATTEMPTS {
        let name = format!("{}-{}-{attempt}", at.0, std::process::id());
        let path = folder.join(&name);
        if path.exists() {
            continue;
        }
        let file = files::create_private(&path)?;
        match file.try_lock() {
            // Somebody clearing away may have removed the file before we had the lock.
            Ok(()) if path.exists() => return Ok((name, file)),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other("no free name for a lock file"))
}

fn is_alive(folder: &Path, name: &str) -> bool {
    let path = folder.join(name);
    let Ok(file) = File::open(&path) else {
        return false;
    };
    match file.try_lock() {
        Ok(()) => {
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::debug!(%error, "left a dead process's lock file");
            }
            false
        }
        Err(TryLockError::WouldBlock) => true,
        // Cannot be told apart, so it counts as running: nobody else's turn is cut off by mistake.
        Err(TryLockError::Error(_)) => true,
    }
}
