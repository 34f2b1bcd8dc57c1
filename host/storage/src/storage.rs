//! The handle: opening, closing, and the two ways in.

use crate::error::{Fault, StorageError};
use crate::hosts::Host;
use crate::migrate::{self, STEPS};
use crate::readers::Readers;
use crate::writer::Writer;
use crate::{connection, files};
use anteroom_api::UnixMillis;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An open database. Clones share it; any number of processes may have the same file open.
#[derive(Clone, Debug)]
pub struct Storage(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    host: Host,
    writer: Writer,
    readers: Readers,
}

impl Storage {
    /// Opens the database, creating file and folder for the owner only if they are missing, and brings it to
    /// the newest schema; before the first step of that, an existing file is copied to `<file>.backup-v<schema>`.
    ///
    /// # Errors
    /// Any [`Fault`] of the file. A file of a newer schema or of another program is not touched.
    pub async fn open(path: &Path, at: UnixMillis) -> Result<Self, StorageError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let named = path.clone();
        let opened = tokio::task::spawn_blocking(move || open(path, at)).await;
        match opened {
            Ok(Ok(inner)) => Ok(Self(Arc::new(inner))),
            Ok(Err(fault)) => Err(fault.with(&named)),
            Err(error) => Err(Fault::Panicked(error.to_string()).with(&named)),
        }
    }

    /// The database file, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Finishes what was begun, merges the log into the file and closes it. Every clone is closed with it.
    ///
    /// Not needed for safety: what was acknowledged is stored without it.
    ///
    /// # Errors
    /// Any [`Fault`] of the disk.
    pub async fn close(self) -> Result<(), StorageError> {
        self.0.readers.close().await;
        let closed = self.0.writer.close().await;
        self.0.host.leave();
        closed.map_err(|fault| fault.with(&self.0.path))
    }

    /// This process, as other processes see it.
    pub(crate) fn host(&self) -> &Host {
        &self.0.host
    }

    /// Runs `work` in a transaction on the writing thread; see [`Writer::write`].
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        let done = self.0.writer.write(work).await;
        done.map_err(|fault| fault.with(&self.0.path))
    }

    /// Runs `question` on a connection that cannot write.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        let answer = self.0.readers.read(question).await;
        answer.map_err(|fault| fault.with(&self.0.path))
    }
}

fn open(path: PathBuf, at: UnixMillis) -> Result<Inner, Fault> {
    connection::check_library()?;
    migrate::check(&path, STEPS)?;
    files::prepare(&path)?;
    let mut connection = connection::writer(&path)?;
    migrate::run(&mut connection, &path, STEPS)?;
    let host = Host::announce(&connection, &path, at)?;
    let writer = Writer::start(connection, migrate::newest(STEPS))?;
    let readers = Readers::new(path.clone());
    Ok(Inner {
        path,
        host,
        writer,
        readers,
    })
}
