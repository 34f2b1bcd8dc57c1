//! Open files and folders of a guest, and where they live in its table. Opens nothing itself.

use super::beneath::Facts;
use super::{View, paths};
use anteroom_gate::FilePath;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use wasmtime::component::Resource;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{Descriptor, ErrorCode};

/// Files and folders a call may have open at the same time.
pub(super) const OPEN_MAX: usize = 512;

/// What a descriptor of the guest stands for.
///
/// It lies in the table in the place of the stock descriptor: a resource is only a number with a type, and
/// nothing but this layer looks it up.
pub(super) struct Handle {
    /// Where it was found when it was opened; kept up with renames of this call.
    pub(super) path: FilePath,
    pub(super) opened: Arc<Opened>,
    /// As it was at opening.
    pub(super) facts: Facts,
    pub(super) may_read: bool,
    pub(super) may_write: bool,
    /// Whether writing leaves the file in a state that the conversation knows.
    pub(super) is_known: bool,
    /// Whether its position in the listing has been used.
    pub(super) is_listed: AtomicBool,
}

/// An open file of the system, shared by a descriptor and its streams.
pub(super) struct Opened {
    pub(super) fd: Arc<OwnedFd>,
    _slot: Slot,
}

/// How many are open.
#[derive(Clone, Default)]
pub(super) struct Slots(Arc<AtomicUsize>);

/// One of the open files; given back when dropped.
pub(super) struct Slot(Arc<AtomicUsize>);

impl Opened {
    pub(super) fn new(fd: impl Into<Arc<OwnedFd>>, slot: Slot) -> Self {
        Self {
            fd: fd.into(),
            _slot: slot,
        }
    }
}

impl AsFd for Opened {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Slots {
    /// Takes one; none if all are taken.
    pub(super) fn take(&self) -> Option<Slot> {
        let slot = Slot(Arc::clone(&self.0));
        (self.0.fetch_add(1, Ordering::Relaxed) < OPEN_MAX).then_some(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Handle {
    /// # Errors
    /// That it is none.
    pub(super) fn file(&self) -> Result<&Self, ErrorCode> {
        if self.facts.is_folder() {
            return Err(ErrorCode::IsDirectory);
        }
        Ok(self)
    }

    /// # Errors
    /// That it is none.
    pub(super) fn folder(&self) -> Result<&Self, ErrorCode> {
        if self.facts.is_folder() {
            return Ok(self);
        }
        Err(ErrorCode::NotDirectory)
    }

    /// # Errors
    /// That it is no file, or was not opened for reading.
    pub(super) fn readable(&self) -> Result<&Self, ErrorCode> {
        match self.file()? {
            file if file.may_read => Ok(file),
            _ => Err(ErrorCode::NotPermitted),
        }
    }

    /// # Errors
    /// That it is no file, or was not opened for writing.
    pub(super) fn writable(&self) -> Result<&Self, ErrorCode> {
        match self.file()? {
            file if file.may_write => Ok(file),
            _ => Err(ErrorCode::NotPermitted),
        }
    }
}

impl View<'_> {
    pub(super) fn push(&mut self, handle: Handle) -> FsResult<Resource<Descriptor>> {
        let own = self.table.push(handle)?;
        Ok(Resource::new_own(own.rep()))
    }

    pub(super) fn handle(&self, descriptor: &Resource<Descriptor>) -> FsResult<&Handle> {
        let key = Resource::<Handle>::new_borrow(descriptor.rep());
        Ok(self.table.get(&key)?)
    }

    /// The path of a folder of the guest.
    pub(super) fn folder(&self, descriptor: &Resource<Descriptor>) -> FsResult<FilePath> {
        Ok(self.handle(descriptor)?.folder()?.path.clone())
    }

    /// Something was renamed by this call: its open folders go with it.
    pub(super) fn follow_rename(&mut self, from: &FilePath, to: &FilePath) {
        for entry in self.table.iter_mut() {
            if let Some(handle) = entry.downcast_mut::<Handle>()
                && let Some(path) = paths::moved(&handle.path, from, to)
            {
                handle.path = path;
            }
        }
    }
}
