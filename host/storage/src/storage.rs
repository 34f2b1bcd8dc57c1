//! The handle: opening, closing, and the two ways in.

use crate::error::{Fault, StorageError};
use crate::file::File;
use crate::journal::Arguments;
use crate::shared::Shelf;
use anteroom_api::{ConversationId, UnixMillis};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Open databases: the personal one and the shared ones beside it. Clones share them; any number of processes may
/// have the same files open.
#[derive(Clone, Debug)]
pub struct Storage(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// Another one after a copy was put in its place.
    personal: RwLock<Arc<File>>,
    shelf: Shelf,
    /// Whether the audit log keeps the arguments of calls in full.
    keeps_arguments: AtomicBool,
}

impl Storage {
    /// Opens the personal database, creating file and folder for the owner only if they are missing, and brings it
    /// to the newest schema; before the first step of that, an existing file is copied to `<file>.backup-v<schema>`.
    ///
    /// # Errors
    /// Any [`Fault`] of the file. A file of a newer schema or of another program is not touched.
    pub async fn open(path: &Path, at: UnixMillis) -> Result<Self, StorageError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let personal = RwLock::new(Arc::new(open(&path, at).await?));
        let shelf = Shelf::default();
        Ok(Self(Arc::new(Inner {
            path,
            personal,
            shelf,
            keeps_arguments: AtomicBool::new(false),
        })))
    }

    /// From now on the audit log keeps the arguments of calls so.
    pub fn audit_arguments(&self, arguments: Arguments) {
        let is_full = arguments == Arguments::InFull;
        self.0.keeps_arguments.store(is_full, Ordering::Relaxed);
    }

    pub(crate) fn audited_arguments(&self) -> Arguments {
        match self.0.keeps_arguments.load(Ordering::Relaxed) {
            true => Arguments::InFull,
            false => Arguments::Hashed,
        }
    }

    /// The personal database's file, absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Finishes what was begun, merges the logs into the files and closes them. Every clone is closed with it.
    ///
    /// Not needed for safety: what was acknowledged is stored without it.
    ///
    /// # Errors
    /// Any [`Fault`] of the disk.
    pub async fn close(self) -> Result<(), StorageError> {
        for file in self.0.shelf.clear() {
            if let Err(error) = file.close().await {
                tracing::warn!(%error, "a shared database was not closed in order");
            }
        }
        self.personal().close().await
    }

    /// The personal file.
    pub(crate) fn personal(&self) -> Arc<File> {
        let personal = self.0.personal.read();
        Arc::clone(&personal.unwrap_or_else(PoisonError::into_inner))
    }

    /// This process, as other processes see it in the personal file.
    pub(crate) fn host(&self) -> Arc<File> {
        self.personal()
    }

    /// Opens what now lies in the personal file's place.
    pub(crate) async fn reopen(&self, at: UnixMillis) -> Result<(), StorageError> {
        let file = Arc::new(open(&self.0.path, at).await?);
        let personal = self.0.personal.write();
        *personal.unwrap_or_else(PoisonError::into_inner) = file;
        Ok(())
    }

    /// The shared files.
    pub(crate) fn shelf(&self) -> &Shelf {
        &self.0.shelf
    }

    /// Runs `work` in a transaction on the personal file; see [`crate::writer::Writer::write`].
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.personal().write(work).await
    }

    /// Runs `question` on the personal file, on a connection that cannot write.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.personal().read(question).await
    }

    /// Runs `work` in a transaction on the file a conversation lives in.
    pub(crate) async fn write_of<T: Send + 'static>(
        &self,
        conversation: ConversationId,
        work: impl FnMut(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.home_of(conversation).await?.write(work).await
    }

    /// Runs `question` on the file a conversation lives in, on a connection that cannot write.
    pub(crate) async fn read_of<T: Send + 'static>(
        &self,
        conversation: ConversationId,
        question: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.home_of(conversation).await?.read(question).await
    }
}

async fn open(path: &Path, at: UnixMillis) -> Result<File, StorageError> {
    let file = path.to_path_buf();
    match tokio::task::spawn_blocking(move || File::open(&file, None, at)).await {
        Ok(opened) => opened.map_err(|fault| fault.with(path)),
        Err(error) => Err(Fault::Panicked(error.to_string()).with(path)),
    }
}
