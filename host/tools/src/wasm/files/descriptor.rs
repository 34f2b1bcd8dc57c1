//! The interface `wasi:filesystem` itself: each function finds its handle and passes the work on.

use super::beneath::Facts;
use super::code::code;
use super::folders::timestamps;
use super::handle::Handle;
use super::listing::{hash_of, kind};
use super::open::Wish;
use super::streams::{self, FileReader, FileWriter};
use super::{View, paths};
use rustix::io::Errno;
use std::sync::Arc;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType,
    DirectoryEntryStream, ErrorCode, Filesize, HostDescriptor, MetadataHashValue, NewTimestamp,
    OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

impl types::Host for View<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        let error = self.table.get(&error)?;
        let system = error.downcast_ref::<std::io::Error>();
        Ok(system.map(|error| Errno::from_io_error(error).map_or(ErrorCode::Io, code)))
    }
}

impl HostDescriptor for View<'_> {
    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let folder = self.folder(&fd)?;
        let wish = Wish::new(follows(path_flags), open_flags, flags);
        let handle = self.guard.open(&folder, &path, wish).await?;
        self.push(handle)
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        let key = Resource::<Handle>::new_own(fd.rep());
        let handle = self.table.delete(key)?;
        // What the call has written itself is no change by somebody else.
        if handle.may_write
            && handle.is_known
            && let Ok(facts) = Facts::of(&*handle.opened)
        {
            self.guard.state.session.saw(handle.path, facts.stamp());
        }
        Ok(())
    }

    async fn read(
        &mut self,
        fd: Resource<Descriptor>,
        length: Filesize,
        offset: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        let handle = self.handle(&fd)?.readable()?;
        let size = usize::try_from(length).unwrap_or(usize::MAX);
        let left = known_end(handle).map(|end| end.saturating_sub(offset));
        let counters = &self.guard.state.counters;
        let bytes = streams::read_at(&handle.opened.fd, size, offset, left, counters);
        let bytes = bytes.map_err(code)?;
        let is_end = bytes.is_empty() && size > 0;
        Ok((bytes, is_end))
    }

    async fn write(
        &mut self,
        fd: Resource<Descriptor>,
        bytes: Vec<u8>,
        offset: Filesize,
    ) -> FsResult<Filesize> {
        let handle = self.handle(&fd)?.writable()?;
        let counters = &self.guard.state.counters;
        let written = streams::write_all(&handle.opened.fd, &bytes, Some(offset), counters);
        Ok(written.map_err(code)?)
    }

    fn read_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        let handle = self.handle(&fd)?.readable()?;
        let reader: DynInputStream = Box::new(FileReader {
            opened: Arc::clone(&handle.opened),
            counters: Arc::clone(&self.guard.state.counters),
            position: offset,
            end: known_end(handle),
            is_closed: false,
        });
        Ok(self.table.push(reader)?)
    }

    fn write_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        self.push_writer(&fd, Some(offset))
    }

    fn append_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<DynOutputStream>> {
        self.push_writer(&fd, None)
    }

    async fn advise(
        &mut self,
        fd: Resource<Descriptor>,
        _offset: Filesize,
        _length: Filesize,
        _advice: Advice,
    ) -> FsResult<()> {
        self.handle(&fd)?.file()?;
        Ok(())
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.sync(fd).await
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        Ok(rustix::fs::fsync(&*self.handle(&fd)?.opened).map_err(code)?)
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        let handle = self.handle(&fd)?;
        let mut flags = DescriptorFlags::empty();
        if handle.may_read {
            flags |= DescriptorFlags::READ;
        }
        if handle.may_write {
            flags |= DescriptorFlags::WRITE;
        }
        if handle.facts.is_folder() {
            flags |= DescriptorFlags::MUTATE_DIRECTORY;
        }
        Ok(flags)
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        Ok(kind(self.handle(&fd)?.facts.kind))
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        let handle = self.handle(&fd)?.writable()?;
        Ok(rustix::fs::ftruncate(&*handle.opened, size).map_err(code)?)
    }

    async fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let handle = self.handle(&fd)?.writable()?;
        let times = timestamps(accessed, modified)?;
        Ok(rustix::fs::futimens(&*handle.opened, &times).map_err(code)?)
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        let facts = Facts::of(&*self.handle(&fd)?.opened).map_err(code)?;
        Ok(stat_of(&facts))
    }

    async fn stat_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        let folder = self.folder(&fd)?;
        let found = self.guard.find(&folder, &path, follows(path_flags)).await?;
        let facts = found.facts.ok_or(ErrorCode::NoEntry)?;
        Ok(stat_of(&facts))
    }

    async fn read_directory(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<DirectoryEntryStream>> {
        // The roots are there without having been opened by anyone.
        let folder = self.folder(&fd)?;
        self.guard.judge_read(&folder).await?;
        self.list(&fd)
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        let folder = self.folder(&fd)?;
        Ok(self.guard.read_link(&folder, &path).await?)
    }

    async fn create_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        let folder = self.folder(&fd)?;
        Ok(self.guard.create_folder(&folder, &path).await?)
    }

    async fn remove_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        let folder = self.folder(&fd)?;
        Ok(self.guard.remove(&folder, &path, true).await?)
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        let folder = self.folder(&fd)?;
        Ok(self.guard.remove(&folder, &path, false).await?)
    }

    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
        to_fd: Resource<Descriptor>,
        to_path: String,
    ) -> FsResult<()> {
        let from = (self.folder(&fd)?, path);
        let to = (self.folder(&to_fd)?, to_path);
        let (from, to) = self.guard.rename(&from, &to).await?;
        self.follow_rename(&from, &to);
        Ok(())
    }

    async fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        to_fd: Resource<Descriptor>,
        to_path: String,
    ) -> FsResult<()> {
        if follows(path_flags) {
            return Err(ErrorCode::Invalid.into());
        }
        let from = (self.folder(&fd)?, path);
        let to = (self.folder(&to_fd)?, to_path);
        Ok(self.guard.link(&from, &to).await?)
    }

    async fn symlink_at(
        &mut self,
        fd: Resource<Descriptor>,
        target: String,
        path: String,
    ) -> FsResult<()> {
        let folder = self.folder(&fd)?;
        Ok(self.guard.link_to(&target, &folder, &path).await?)
    }

    async fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let folder = self.folder(&fd)?;
        let times = timestamps(accessed, modified)?;
        let follows = follows(path_flags);
        Ok(self
            .guard
            .set_times(&folder, &path, follows, &times)
            .await?)
    }

    async fn is_same_object(
        &mut self,
        one: Resource<Descriptor>,
        other: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        match (self.handle(&one), self.handle(&other)) {
            (Ok(one), Ok(other)) => Ok(one.facts.is_same_file(&other.facts)),
            _ => Err(wasmtime::format_err!("there is no such descriptor")),
        }
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        Ok(hash_of(&self.handle(&fd)?.facts))
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        let folder = &self.handle(&fd)?.folder()?.path;
        // The guest's library asks this of every entry right after it was listed.
        if !follows(path_flags)
            && let Some(listed) = &self.guard.listed
            && paths::below(folder, &listed.path) == Some(path.as_str())
        {
            return Ok(listed.hash);
        }
        let folder = folder.clone();
        let found = self.guard.find(&folder, &path, follows(path_flags)).await?;
        let facts = found.facts.ok_or(ErrorCode::NoEntry)?;
        Ok(hash_of(&facts))
    }
}

impl View<'_> {
    fn push_writer(
        &mut self,
        fd: &Resource<Descriptor>,
        position: Option<u64>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let handle = self.handle(fd)?.writable()?;
        let writer: DynOutputStream = Box::new(FileWriter {
            opened: Arc::clone(&handle.opened),
            counters: Arc::clone(&self.guard.state.counters),
            position,
            is_closed: false,
        });
        Ok(self.table.push(writer)?)
    }
}

/// How far a file that is only read reached when it was opened.
fn known_end(handle: &Handle) -> Option<u64> {
    (!handle.may_write).then_some(handle.facts.size)
}

fn follows(flags: PathFlags) -> bool {
    flags.contains(PathFlags::SYMLINK_FOLLOW)
}

fn stat_of(facts: &Facts) -> DescriptorStat {
    let [accessed, modified, changed] = facts.times();
    DescriptorStat {
        type_: kind(facts.kind),
        link_count: facts.links,
        size: facts.size,
        data_access_timestamp: accessed,
        data_modification_timestamp: modified,
        status_change_timestamp: changed,
    }
}
