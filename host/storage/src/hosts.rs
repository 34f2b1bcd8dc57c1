//! Which processes have the database open: each holds a lock on a small file beside it, which the system
//! lets go of when the process ends, however it ends.

use crate::error::{Fault, with_ending};
use crate::files;
use anteroom_api::UnixMillis;
use rusqlite::Connection;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// How many numbers are tried. The next one is only ever taken if an older copy of the database was put back.
const ATTEMPTS: u32 = 1000;

/// This opening of the database. Dropping it tells the others that it is over.
#[derive(Debug)]
pub(crate) struct Host {
    folder: PathBuf,
    number: Option<i64>,
    lock: Mutex<Option<File>>,
}

impl Host {
    /// Takes a number that no opening ever had, and a lock under it. Where files cannot be locked there is
    /// no number, and a turn without an end always counts as cut off.
    pub(crate) fn announce(
        connection: &Connection,
        database: &Path,
        at: UnixMillis,
    ) -> Result<Self, Fault> {
        let folder = with_ending(database, ".hosts");
        let mut claimed = None;
        for _ in 0..ATTEMPTS {
            let number = next_number(connection, at)?;
            match claim(&folder, number) {
                Ok(None) => {}
                Ok(Some(lock)) => {
                    claimed = Some((number, lock));
                    break;
                }
                Err(error) => {
                    let folder = folder.display();
                    tracing::warn!(%folder, %error, "other processes cannot see this one");
                    break;
                }
            }
        }
        let (number, lock) = claimed.unzip();
        let host = Self {
            folder,
            number,
            lock: Mutex::new(lock),
        };
        host.clear_away();
        Ok(host)
    }

    /// Its number, for the rows that belong to it.
    pub(crate) fn number(&self) -> Option<i64> {
        self.number
    }

    /// A test for whether the process behind a number still runs.
    pub(crate) fn liveness(&self) -> impl Fn(i64) -> bool + Clone + Send + 'static {
        let folder = self.folder.clone();
        let own = self.number;
        move |number| own == Some(number) || is_alive(&folder.join(number.to_string()))
    }

    /// Whether another process that lives has the database open. Where that cannot be told, one may have.
    pub(crate) fn has_company(&self) -> bool {
        let Some(own) = self.number else {
            return true;
        };
        let own = self.folder.join(own.to_string());
        let Ok(files) = std::fs::read_dir(&self.folder) else {
            return true;
        };
        let mut others = files.flatten().map(|file| file.path());
        others.any(|path| path != own && is_alive(&path))
    }

    /// Removes what processes left behind that did not end by themselves.
    fn clear_away(&self) {
        let own = self
            .number
            .map(|number| self.folder.join(number.to_string()));
        let files = std::fs::read_dir(&self.folder).into_iter().flatten();
        for file in files.flatten() {
            let path = file.path();
            if own.as_ref() != Some(&path) {
                is_alive(&path);
            }
        }
    }

    /// Tells the others that it is over.
    pub(crate) fn leave(&self) {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(number), Some(_)) = (self.number, lock.as_ref()) else {
            return;
        };
        // Removed while still locked, so that nobody can lock it in between.
        if let Err(error) = std::fs::remove_file(self.folder.join(number.to_string())) {
            tracing::debug!(%error, "left a lock file behind");
        }
        *lock = None;
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.leave();
    }
}

fn next_number(connection: &Connection, at: UnixMillis) -> Result<i64, Fault> {
    let sql = "UPDATE openings SET count = count + 1, last_at = ?1 RETURNING count";
    Ok(connection.query_row(sql, [at.0], |row| row.get(0))?)
}

/// The lock, or nothing if somebody else has it.
fn claim(folder: &Path, number: i64) -> io::Result<Option<File>> {
    files::create_folder(folder)?;
    let path = folder.join(number.to_string());
    let file = files::create_private(&path)?;
    match file.try_lock() {
        // Somebody clearing away may have removed the file before we had the lock.
        Ok(()) => Ok(path.exists().then_some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether somebody holds the lock; a file that nobody holds is removed.
fn is_alive(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    match file.try_lock() {
        Ok(()) => {
            if let Err(error) = std::fs::remove_file(path) {
                tracing::debug!(%error, "left a dead process's lock file");
            }
            false
        }
        Err(TryLockError::WouldBlock) => true,
        // Cannot be told apart, so it counts as running: nobody else's turn is cut off by mistake.
        Err(TryLockError::Error(_)) => true,
    }
}
