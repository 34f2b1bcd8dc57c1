//! Watches a connection: whether requests run, when the last one ended, and whether what we write is read.

use crate::transport::Patience;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What is known of one connection.
#[derive(Debug)]
pub(crate) struct Pulse {
    start: Instant,
    running: AtomicUsize,
    ever: AtomicUsize,
    /// Milliseconds after the start at which the last request ended.
    quiet_since: AtomicU64,
    /// Milliseconds after the start since which a write waits; `u64::MAX` if none does.
    stuck_since: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            running: AtomicUsize::new(0),
            ever: AtomicUsize::new(0),
            quiet_since: AtomicU64::new(0),
            stuck_since: AtomicU64::new(u64::MAX),
        }
    }
}

/// One request that runs; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Beat(Arc<Pulse>);

impl Pulse {
    pub(crate) fn begin(self: &Arc<Self>) -> Beat {
        self.running.fetch_add(1, Ordering::Relaxed);
        self.ever.fetch_add(1, Ordering::Relaxed);
        Beat(self.clone())
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }

    /// When the connection is to be given up, as things stand.
    fn due(&self, patience: Patience) -> Option<Instant> {
        let after =
            |since: u64, patience: Duration| self.start + Duration::from_millis(since) + patience;
        let stuck = self.stuck_since.load(Ordering::Relaxed);
        if stuck != u64::MAX {
            return Some(after(stuck, patience.unread));
        }
        if self.running.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let quiet = self.quiet_since.load(Ordering::Relaxed);
        let is_new = self.ever.load(Ordering::Relaxed) == 0;
        let patience = if is_new {
            patience.first
        } else {
            patience.idle
        };
        Some(after(quiet, patience))
    }

    /// Waits until the connection is to be given up.
    pub(crate) async fn overdue(&self, patience: Patience) {
        let shortest = patience.unread.min(patience.idle).min(patience.first);
        loop {
            let next = Instant::now() + shortest;
            match self.due(patience) {
                Some(due) if due <= Instant::now() => return,
                Some(due) => tokio::time::sleep_until(due.min(next)).await,
                None => tokio::time::sleep_until(next).await,
            }
        }
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        self.0.quiet_since.store(self.0.now(), Ordering::Relaxed);
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream whose writes are watched.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    stream: S,
    pulse: Arc<Pulse>,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, pulse: Arc<Pulse>) -> Self {
        Self { stream, pulse }
    }

    fn note<T>(&self, written: Poll<T>) -> Poll<T> {
        let stuck = &self.pulse.stuck_since;
        if written.is_ready() {
            stuck.store(u64::MAX, Ordering::Relaxed);
        } else {
            let now = self.pulse.now();
            let _ = stuck.compare_exchange(u64::MAX, now, Ordering::Relaxed, Ordering::Relaxed);
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
