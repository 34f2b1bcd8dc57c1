//! Lists folders: names and types as the system lists them, sensitive ones left out. Looks at no entry.

use super::beneath::{self, Facts};
use super::code::code;
use super::handle::Opened;
use super::{View, paths};
use anteroom_gate::FilePath;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::CStr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    Descriptor, DescriptorType, DirectoryEntry, DirectoryEntryStream, HostDirectoryEntryStream,
    MetadataHashValue,
};

/// Directory entries a call may list.
const ENTRIES_MAX: u64 = 1_000_000;

/// An entry of a folder. Its name is UTF-8; others are left out.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) kind: FileType,
    pub(super) ino: u64,
}

/// A running listing of one folder.
struct Entries {
    folder: FilePath,
    dev: u64,
    batches: Batches,
    batch: std::vec::IntoIter<Named>,
    _opened: Arc<Opened>,
}

/// The entry that was listed last.
pub(super) struct Listed {
    pub(super) path: FilePath,
    pub(super) hash: MetadataHashValue,
}

impl View<'_> {
    /// Begins to list an open folder.
    pub(super) fn list(
        &mut self,
        descriptor: &Resource<Descriptor>,
    ) -> FsResult<Resource<DirectoryEntryStream>> {
        let handle = self.handle(descriptor)?.folder()?;
        let fd = if handle.is_listed.swap(true, Ordering::Relaxed) {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let again = rustix::fs::openat(&*handle.opened, ".", flags, Mode::empty());
            Arc::new(again.map_err(code)?)
        } else {
            Arc::clone(&handle.opened.fd)
        };
        let (folder, dev) = (handle.path.clone(), handle.facts.dev);
        let opened = Arc::clone(&handle.opened);
        let buffer = std::mem::take(&mut self.guard.buffer);
        let entries = Entries {
            folder,
            dev,
            batches: Batches::with_buffer(fd, buffer),
            batch: Vec::new().into_iter(),
            _opened: opened,
        };
        let own = self.table.push(entries)?;
        Ok(Resource::new_own(own.rep()))
    }
}

impl HostDirectoryEntryStream for View<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        let key = Resource::<Entries>::new_borrow(stream.rep());
        loop {
            let entries = self.table.get_mut(&key)?;
            let Some(entry) = entries.next().map_err(code)? else {
                return Ok(None);
            };
            let path = paths::child(&entries.folder, &entry.name);
            let hash = hash(entries.dev, entry.ino);
            if self.guard.state.counters.entries_listed.add(1) > ENTRIES_MAX {
                let reason = format!(
                    "the call listed more than {ENTRIES_MAX} entries; start at a smaller folder"
                );
                return Err(self.guard.refuse(reason).into());
            }
            if self.guard.is_sensitive(&path) {
                continue;
            }
            self.guard.listed = Some(Listed { path, hash });
            return Ok(Some(DirectoryEntry {
                type_: kind(entry.kind),
                name: entry.name,
            }));
        }
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        let key = Resource::<Entries>::new_own(stream.rep());
        self.guard.buffer = self.table.delete(key)?.batches.into_buffer();
        Ok(())
    }
}

impl Entries {
    fn next(&mut self) -> Result<Option<Named>, Errno> {
        loop {
            if let Some(mut entry) = self.batch.next() {
                // Not every file system keeps the types in its folders.
                if entry.kind == FileType::Unknown
                    && let Ok(facts) = beneath::look_at(&self.batches.fd, &entry.name)
                {
                    entry.kind = facts.kind;
                }
                return Ok(Some(entry));
            }
            let batch = self.batches.next()?;
            if batch.is_empty() {
                return Ok(None);
            }
            self.batch = batch.into_iter();
        }
    }
}

/// The entries of an open folder, a buffer's worth at a time.
#[cfg(target_os = "linux")]
pub(super) struct Batches {
    fd: Arc<OwnedFd>,
    buffer: Vec<u8>,
}

#[cfg(target_os = "linux")]
impl Batches {
    /// Holds the longest name many times over.
    const BUFFER_BYTES: usize = 32 * 1024;

    pub(super) fn new(fd: Arc<OwnedFd>) -> Self {
        Self::with_buffer(fd, Vec::new())
    }

    /// As [`Self::new`], with the buffer of an earlier listing.
    fn with_buffer(fd: Arc<OwnedFd>, buffer: Vec<u8>) -> Self {
        Self { fd, buffer }
    }

    fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// The next entries; empty at the end.
    pub(super) fn next(&mut self) -> Result<Vec<Named>, Errno> {
        self.buffer.reserve(Self::BUFFER_BYTES);
        loop {
            let mut system = rustix::fs::RawDir::new(&self.fd, self.buffer.spare_capacity_mut());
            let mut batch = Vec::new();
            let mut is_end = true;
            while let Some(entry) = system.next() {
                is_end = false;
                let entry = entry?;
                batch.extend(named(entry.file_name(), entry.file_type(), entry.ino()));
                if system.is_buffer_empty() {
                    break;
                }
            }
            // All names of a batch may have been left out.
            if is_end || !batch.is_empty() {
                return Ok(batch);
            }
        }
    }
}

/// The entries of an open folder, all at once.
#[cfg(not(target_os = "linux"))]
pub(super) struct Batches {
    fd: Arc<OwnedFd>,
    is_done: bool,
}

#[cfg(not(target_os = "linux"))]
impl Batches {
    pub(super) fn new(fd: Arc<OwnedFd>) -> Self {
        Self { fd, is_done: false }
    }

    fn with_buffer(fd: Arc<OwnedFd>, _: Vec<u8>) -> Self {
        Self::new(fd)
    }

    fn into_buffer(self) -> Vec<u8> {
        Vec::new()
    }

    /// The entries; empty when called again.
    pub(super) fn next(&mut self) -> Result<Vec<Named>, Errno> {
        if std::mem::replace(&mut self.is_done, true) {
            return Ok(Vec::new());
        }
        let mut batch = Vec::new();
        for entry in rustix::fs::Dir::read_from(&*self.fd)? {
            let entry = entry?;
            batch.extend(named(entry.file_name(), entry.file_type(), entry.ino()));
        }
        Ok(batch)
    }
}

/// What the guest may have: no `.` and `..`, and no name it could not spell.
fn named(name: &CStr, kind: FileType, ino: u64) -> Option<Named> {
    let Ok(name) = name.to_str() else {
        tracing::debug!(?name, "left out a name that is not UTF-8");
        return None;
    };
    (!matches!(name, "." | "..")).then(|| Named {
        name: name.to_owned(),
        kind,
        ino,
    })
}

/// The guest's word for a type of file.
pub(super) fn kind(kind: FileType) -> DescriptorType {
    match kind {
        FileType::RegularFile => DescriptorType::RegularFile,
        FileType::Directory => DescriptorType::Directory,
        FileType::Symlink => DescriptorType::SymbolicLink,
        FileType::Fifo => DescriptorType::Fifo,
        FileType::Socket => DescriptorType::Socket,
        FileType::CharacterDevice => DescriptorType::CharacterDevice,
        FileType::BlockDevice => DescriptorType::BlockDevice,
        FileType::Unknown => DescriptorType::Unknown,
    }
}

pub(super) fn hash_of(facts: &Facts) -> MetadataHashValue {
    hash(facts.dev, facts.ino)
}

/// Tells two files apart. The lower half becomes the guest's inode number and is the system's own.
fn hash(dev: u64, ino: u64) -> MetadataHashValue {
    MetadataHashValue {
        lower: ino,
        upper: dev.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ ino.rotate_left(32),
    }
}
