//! One database file that is open: its writing thread, its readers, and what tells other processes so.

use crate::error::{Fault, StorageError};
use crate::hosts::Host;
use crate::migrate::{self, STEPS};
use crate::presence::{Found, Presence};
use crate::readers::Readers;
use crate::writer::Writer;
use crate::{connection, files};
use anteroom_api::UnixMillis;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// An open file. Dropping the last owner closes it.
#[derive(Debug)]
pub(crate) struct File {
    /// Its name among shared databases; none for the personal one.
    pub(crate) name: Option<Arc<str>>,
    pub(crate) path: PathBuf,
    /// None if the file can only be read.
    host: Option<Host>,
    writer: Option<Writer>,
    pub(crate) readers: Readers,
    pub(crate) presence: Presence,
    /// The last process that had it open did not close it, and nobody has looked through it since.
    is_suspect: AtomicBool,
}

impl File {
    /// Opens a file, creating it and its folder if they are missing, and brings it to the newest schema.
    pub(crate) fn open(path: &Path, name: Option<Arc<str>>, at: UnixMillis) -> Result<Self, Fault> {
        connection::check_library()?;
        migrate::check(path, STEPS)?;
        let is_unmerged = files::has_log(path);
        files::prepare(path)?;
        let (presence, found) = Presence::enter(path)?;
        let mut connection = connection::writer(path)?;
        migrate::run(&mut connection, path, STEPS)?;
        let host = Host::announce(&connection, path, at)?;
        let writer = Writer::start(connection, migrate::newest(STEPS))?;
        Ok(Self {
            name,
            path: path.to_path_buf(),
            host: Some(host),
            writer: Some(writer),
            readers: Readers::new(path.to_path_buf(), connection::Reading::Live),
            presence,
            is_suspect: AtomicBool::new(is_unmerged && found == Found::Nobody),
        })
    }

    /// Opens a file that this user may only read. It must have our schema, because nothing can be done about it.
    pub(crate) fn open_reading(path: &Path, name: Option<Arc<str>>) -> Result<Self, Fault> {
        connection::check_library()?;
        let reading = connection::how_to_read(path)?;
        migrate::check_exact(&connection::reader_as(path, reading)?, STEPS)?;
        Ok(Self {
            name,
            path: path.to_path_buf(),
            host: None,
            writer: None,
            readers: Readers::new(path.to_path_buf(), reading),
            presence: Presence::none(),
            is_suspect: AtomicBool::new(false),
        })
    }

    /// Whether nothing can be stored in it, whoever tries.
    pub(crate) fn is_read_only(&self) -> bool {
        self.writer.is_none()
    }

    /// This opening's number, for the rows that belong to it.
    pub(crate) fn number(&self) -> Option<i64> {
        self.host.as_ref().and_then(Host::number)
    }

    /// A test for whether the process behind a number still runs. Where this one cannot tell, it does.
    pub(crate) fn liveness(&self) -> impl Fn(i64) -> bool + Clone + Send + 'static {
        let known = self.host.as_ref().map(Host::liveness);
        move |number| known.as_ref().is_none_or(|is_alive| is_alive(number))
    }

    /// Whether another process has the file open.
    pub(crate) fn has_company(&self) -> bool {
        self.host.as_ref().is_none_or(Host::has_company)
    }

    /// Why the newest write failed, if it did and none has succeeded since.
    pub(crate) fn trouble(&self) -> Option<Fault> {
        self.writer.as_ref().and_then(Writer::trouble)
    }

    /// Whether a look through the file is due. Says so once.
    pub(crate) fn take_suspicion(&self) -> bool {
        self.is_suspect.swap(false, Ordering::Relaxed)
    }

    /// Runs `work` in a transaction on the writing thread; see [`Writer::write`].
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        let done = match &self.writer {
            Some(writer) => writer.write(work).await,
            None => Err(Fault::read_only()),
        };
        done.map_err(|fault| fault.with(&self.path))
    }

    /// Runs `work` on the writing connection, outside a transaction.
    pub(crate) async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        let done = match &self.writer {
            Some(writer) => writer.alone(work).await,
            None => Err(Fault::read_only()),
        };
        done.map_err(|fault| fault.with(&self.path))
    }

    /// Runs `question` on a connection that cannot write.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        let answer = self.readers.read(question).await;
        answer.map_err(|fault| fault.with(&self.path))
    }

    /// Finishes what was begun, merges the log into the file and closes it.
    pub(crate) async fn close(&self) -> Result<(), StorageError> {
        self.readers.close().await;
        let closed = match &self.writer {
            Some(writer) => writer.close().await,
            None => Ok(()),
        };
        if let Some(host) = &self.host {
            host.leave();
        }
        closed.map_err(|fault| fault.with(&self.path))
    }
}
