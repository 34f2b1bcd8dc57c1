//! Watches a connection: whether requests run, when the last one ended, and whether what we write is read.
//!
//! That bytes leave says little where one connection carries many answers: a peer can close the window of one and go
//! on to answer pings. So each answer is watched, too: once it has given a piece, it is asked for the next one as soon
//! as there is room for it, and it is the peer who makes room.

use crate::Body;
use crate::transport::Patience;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
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
    /// Answers that wait to be asked for more, each with the milliseconds after the start since which it does.
    waiting: Mutex<BTreeMap<usize, u64>>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            running: AtomicUsize::new(0),
            ever: AtomicUsize::new(0),
            quiet_since: AtomicU64::new(0),
            stuck_since: AtomicU64::new(u64::MAX),
            waiting: Mutex::default(),
        }
    }
}

/// One request that runs; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Beat {
    pulse: Arc<Pulse>,
    number: usize,
}

impl Beat {
    /// Whether its answer waits to be asked for more.
    fn wait(&self, is_waiting: bool) {
        let waiting = &self.pulse.waiting;
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if is_waiting {
            waiting.insert(self.number, self.pulse.now());
        } else {
            waiting.remove(&self.number);
        }
    }
}

impl Pulse {
    pub(crate) fn begin(self: &Arc<Self>) -> Beat {
        self.running.fetch_add(1, Ordering::Relaxed);
        let number = self.ever.fetch_add(1, Ordering::Relaxed);
        Beat {
            pulse: self.clone(),
            number,
        }
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
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = waiting.values().min() {
            return Some(after(*since, patience.unread));
        }
        drop(waiting);
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
        self.wait(false);
        let pulse = &self.pulse;
        pulse.quiet_since.store(pulse.now(), Ordering::Relaxed);
        pulse.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of an answer, whose request goes on until it was taken.
pub(crate) struct Taken {
    body: Body,
    beat: Beat,
}

impl Taken {
    pub(crate) fn new(body: Body, beat: Beat) -> Self {
        beat.wait(true);
        Self { body, beat }
    }
}

impl http_body::Body for Taken {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.beat.wait(polled.is_ready());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
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
