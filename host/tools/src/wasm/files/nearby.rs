//! The folder that was looked into last, held open for a moment, so that the names in it need not each be sought
//! from the root. Judges nothing.
//!
//! A path beneath a root handle is walked folder by folder, and each folder on the way only was where the path
//! says when the walk came by; the system promises no more, however long the walk takes. A folder held here is
//! such a walk that pauses before its last name, and it pauses no longer than [`PAUSE_MAX`]: a folder that another
//! program moves away is not looked into by its old path. What the call itself moves is forgotten at once, and
//! nothing is read through it: a file is always opened from its root.

use super::beneath::{self, Facts};
use super::paths;
use crate::session::Session;
use anteroom_gate::FilePath;
use rustix::io::Errno;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a folder counts as found.
pub(super) const PAUSE_MAX: Duration = Duration::from_millis(1);

/// The folder that was looked into last, if there is one.
#[derive(Default)]
pub(super) struct Nearby(Mutex<Option<Folder>>);

struct Folder {
    path: FilePath,
    fd: Arc<OwnedFd>,
    /// Before it was opened.
    since: Instant,
}

impl Nearby {
    /// Remembers a folder that was opened by its path, without a link, after `since`.
    pub(super) fn keep(&self, path: FilePath, fd: Arc<OwnedFd>, since: Instant) {
        *self.lock() = Some(Folder { path, fd, since });
    }

    /// A path may lead elsewhere now.
    pub(super) fn forget(&self) {
        *self.lock() = None;
    }

    /// What is at a path; of a link in the last place, the link itself. None if there is no such name in its
    /// folder.
    ///
    /// # Errors
    /// Of the way to it; `LOOP` if a link lies on it.
    pub(super) fn look(&self, session: &Session, path: &FilePath) -> Result<Option<Facts>, Errno> {
        let Some((folder, name)) = paths::split(path) else {
            return beneath::look(session, path).map(Some);
        };
        if !paths::is_plain(name) {
            return Err(Errno::INVAL);
        }
        let found = if paths::relative(&folder).is_empty() {
            beneath::look_at(beneath::root(session, path), name)
        } else {
            beneath::look_at(self.open(session, folder)?.as_fd(), name)
        };
        match found {
            Err(Errno::NOENT) => Ok(None),
            found => found.map(Some),
        }
    }

    fn open(&self, session: &Session, path: FilePath) -> Result<Arc<OwnedFd>, Errno> {
        let since = Instant::now();
        let mut near = self.lock();
        if let Some(folder) = &*near
            && folder.path == path
            && since.duration_since(folder.since) < PAUSE_MAX
        {
            return Ok(Arc::clone(&folder.fd));
        }
        *near = None;
        let fd = Arc::new(beneath::open_folder(session, &path)?);
        *near = Some(Folder {
            path,
            fd: Arc::clone(&fd),
            since,
        });
        Ok(fd)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Folder>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
