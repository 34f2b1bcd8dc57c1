//! Reads and writes through open files, counted. Asks nothing: that was done when the file was opened.
//!
//! System calls run on the calling thread; whoever runs a guest that uses files gives it one that may block.

use super::handle::Opened;
use crate::meter::Counters;
use bytes::Bytes;
use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

/// Bytes read or written at once at most.
const CHUNK_MAX: usize = 1 << 20;
/// Buffer for a read where nothing is known to be left: the file may have grown.
const PROBE_BYTES: usize = 4096;

/// Reads a file from a position on.
pub(super) struct FileReader {
    pub(super) opened: Arc<Opened>,
    pub(super) counters: Arc<Counters>,
    pub(super) position: u64,
    /// Where a file that is only read ended when it was opened: how large a buffer is worth having.
    pub(super) end: Option<u64>,
    pub(super) is_closed: bool,
}

/// Writes a file from a position on, or at its end if there is none.
pub(super) struct FileWriter {
    pub(super) opened: Arc<Opened>,
    pub(super) counters: Arc<Counters>,
    pub(super) position: Option<u64>,
    pub(super) is_closed: bool,
}

#[async_trait]
impl InputStream for FileReader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if self.is_closed {
            return Err(StreamError::Closed);
        }
        if size == 0 {
            return Ok(Bytes::new());
        }
        let left = self.end.map(|end| end.saturating_sub(self.position));
        let fd = &self.opened.fd;
        let bytes = read_at(fd, size, self.position, left, &self.counters).map_err(failed)?;
        if bytes.is_empty() {
            self.is_closed = true;
            return Err(StreamError::Closed);
        }
        self.position = self.position.saturating_add(bytes.len() as u64);
        Ok(Bytes::from(bytes))
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.read(size)
    }
}

#[async_trait]
impl Pollable for FileReader {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for FileWriter {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if self.is_closed {
            return Err(StreamError::Closed);
        }
        let fd = &self.opened.fd;
        match write_all(fd, &bytes, self.position, &self.counters) {
            Ok(count) => {
                self.position = self.position.map(|at| at.saturating_add(count));
                Ok(())
            }
            Err(errno) => {
                self.is_closed = true;
                Err(failed(errno))
            }
        }
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.check_write().map(|_| ())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        if self.is_closed {
            return Err(StreamError::Closed);
        }
        Ok(CHUNK_MAX)
    }
}

#[async_trait]
impl Pollable for FileWriter {
    async fn ready(&mut self) {}
}

/// Reads at most `size` bytes at a position; `left` says how many there are, if that is known. Empty at the end.
pub(super) fn read_at(
    fd: &OwnedFd,
    size: usize,
    position: u64,
    left: Option<u64>,
    counters: &Counters,
) -> Result<Vec<u8>, Errno> {
    let left = left.map_or(CHUNK_MAX, |left| usize::try_from(left).unwrap_or(CHUNK_MAX));
    let room = size.min(CHUNK_MAX).min(left.max(PROBE_BYTES));
    let mut buffer = Vec::with_capacity(room);
    if room == 0 {
        return Ok(buffer);
    }
    while let Err(errno) = rustix::io::pread(fd, spare_capacity(&mut buffer), position) {
        if errno != Errno::INTR {
            return Err(errno);
        }
    }
    // The allocator may have given more room than was asked for.
    buffer.truncate(size);
    counters.bytes_read.add(buffer.len() as u64);
    Ok(buffer)
}

/// Writes all of `bytes` at a position, or at the end of the file if there is none.
pub(super) fn write_all(
    fd: &OwnedFd,
    mut bytes: &[u8],
    mut position: Option<u64>,
    counters: &Counters,
) -> Result<u64, Errno> {
    let mut total = 0_u64;
    while !bytes.is_empty() {
        let written = match position {
            Some(position) => rustix::io::pwrite(fd, bytes, position),
            None => append(fd, bytes),
        };
        let written = match written {
            Err(Errno::INTR) => continue,
            Ok(0) => return Err(Errno::IO),
            result => result?,
        };
        bytes = bytes.get(written..).unwrap_or_default();
        let written = written as u64;
        total = total.saturating_add(written);
        position = position.map(|position| position.saturating_add(written));
        counters.bytes_written.add(written);
    }
    Ok(total)
}

#[cfg(target_os = "linux")]
fn append(fd: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    use rustix::io::ReadWriteFlags;
    let slices = [std::io::IoSlice::new(bytes)];
    match rustix::io::pwritev2(fd, &slices, 0, ReadWriteFlags::APPEND) {
        Err(Errno::NOSYS | Errno::NOTSUP) => append_at_end(fd, bytes),
        result => result,
    }
}

#[cfg(not(target_os = "linux"))]
fn append(fd: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    append_at_end(fd, bytes)
}

fn append_at_end(fd: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    let end = rustix::fs::seek(fd, rustix::fs::SeekFrom::End(0))?;
    rustix::io::pwrite(fd, bytes, end)
}

fn failed(errno: Errno) -> StreamError {
    StreamError::LastOperationFailed(std::io::Error::from(errno).into())
}
