//! Whether anybody has a database open: each opening shares a lock beside the file, and whoever must be alone takes
//! it whole. Knows no SQL.

use crate::connection::PATIENCE;
use crate::error::{Fault, with_ending};
use crate::files;
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A share of the lock; dropping it gives it back. Without a file where files cannot be locked.
#[derive(Debug)]
pub(crate) struct Presence(Option<File>);

/// What an opening finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Somebody has the database open, or may have.
    Company,
    /// Nobody has.
    Nobody,
}

impl Presence {
    /// Of somebody who only reads, and keeps nobody out.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Takes a share, waiting for somebody who is alone with the file to be done.
    pub(crate) fn enter(database: &Path) -> Result<(Self, Found), Fault> {
        let file = match files::create_private(&with_ending(database, ".lock")) {
            Ok(file) => file,
            Err(error) => return Ok((without(&error), Found::Company)),
        };
        let found = match file.try_lock() {
            Ok(()) => Found::Nobody,
            Err(TryLockError::WouldBlock) => Found::Company,
            Err(TryLockError::Error(error)) => return Ok((without(&error), Found::Company)),
        };
        share(&file)?;
        Ok((Self(Some(file)), found))
    }

    /// Takes the lock whole if nobody else has a share. Given back with [`Presence::rejoin`], or by dropping it.
    pub(crate) fn is_alone(&self) -> Result<bool, Fault> {
        let Some(file) = &self.0 else {
            return Ok(false);
        };
        match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => {
                // The failed attempt may have given the share away.
                share(file)?;
                Ok(false)
            }
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Shares again what was taken whole.
    pub(crate) fn rejoin(&self) -> Result<(), Fault> {
        self.0.as_ref().map_or(Ok(()), share)
    }
}

/// Nobody can be kept out then, so nobody is ever alone.
fn without(error: &io::Error) -> Presence {
    tracing::warn!(%error, "other processes cannot see that this database is open");
    Presence(None)
}

fn share(file: &File) -> Result<(), Fault> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match file.try_lock_shared() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => {
                let text = "it is being put back from a copy";
                return Err(Fault::Locked(Arc::new(io::Error::other(text))));
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
}
