//! How much a server may say, over whichever transport: what goes beyond ends the connection, with the reason.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Bytes of one message.
pub(super) const MESSAGE_MAX_BYTES: usize = 16 << 20;
/// The time in which messages and bytes are counted together.
const WINDOW: Duration = Duration::from_secs(10);
/// Messages in that time. Progress a hundred times a second stays far below it.
const MESSAGES_MAX: u32 = 5_000;
/// Bytes in that time: room for eight messages of the largest size.
const BYTES_MAX: usize = 8 * MESSAGE_MAX_BYTES;
/// Lines of a connection that are no messages. Some servers greet on the wrong stream.
const NONSENSE_MAX: u32 = 20;

/// How much may be said in that time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) messages: u32,
    pub(super) bytes: usize,
}

/// What one connection has said.
#[derive(Debug)]
pub(super) struct Traffic {
    limits: Limits,
    counts: Mutex<Counts>,
    /// Whether we ended it.
    is_cut: watch::Sender<bool>,
    is_over: watch::Sender<bool>,
}

/// Tells, when it is dropped with the transport, that the connection is over.
#[derive(Debug)]
pub(super) struct Alive(pub(super) Arc<Traffic>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.is_over.send_replace(true);
    }
}

#[derive(Debug)]
struct Counts {
    since: Instant,
    messages: u32,
    bytes: usize,
    nonsense: u32,
    /// Why the connection was ended by us.
    ended: Option<String>,
}

impl Traffic {
    pub(super) fn new() -> Self {
        Self::within(Limits {
            messages: MESSAGES_MAX,
            bytes: BYTES_MAX,
        })
    }

    pub(super) fn within(limits: Limits) -> Self {
        Self {
            limits,
            counts: Mutex::new(Counts {
                since: Instant::now(),
                messages: 0,
                bytes: 0,
                nonsense: 0,
                ended: None,
            }),
            is_cut: watch::Sender::new(false),
            is_over: watch::Sender::new(false),
        }
    }

    /// Waits until we end the connection.
    pub(super) async fn cut(&self) {
        let mut is_cut = self.is_cut.subscribe();
        drop(is_cut.wait_for(|is_cut| *is_cut).await);
    }

    /// Waits until the connection is over, whoever ended it.
    pub(super) async fn over(&self) {
        let mut is_over = self.is_over.subscribe();
        drop(is_over.wait_for(|is_over| *is_over).await);
    }

    /// Counts bytes that came.
    ///
    /// # Errors
    /// It is too much; the connection is to be ended.
    pub(super) fn bytes(&self, count: usize) -> Result<(), ()> {
        let mut counts = self.counts();
        counts.bytes = counts.bytes.saturating_add(count);
        let most = self.limits.bytes;
        let is_flood = counts.bytes > most;
        self.end_if(counts, is_flood, || {
            format!(
                "it sent more than {} MB within {} s",
                most >> 20,
                WINDOW.as_secs()
            )
        })
    }

    /// Counts a message that came.
    ///
    /// # Errors
    /// It is one too many.
    pub(super) fn message(&self) -> Result<(), ()> {
        let mut counts = self.counts();
        counts.messages += 1;
        let most = self.limits.messages;
        let is_flood = counts.messages > most;
        self.end_if(counts, is_flood, || {
            format!(
                "it sent more than {most} messages within {} s",
                WINDOW.as_secs()
            )
        })
    }

    /// Counts something that came in the place of a message.
    ///
    /// # Errors
    /// It is one too many.
    pub(super) fn nonsense(&self) -> Result<(), ()> {
        let mut counts = self.counts();
        counts.nonsense += 1;
        let is_over = counts.nonsense > NONSENSE_MAX;
        self.end_if(counts, is_over, || {
            format!("it wrote more than {NONSENSE_MAX} lines that are no messages of the protocol")
        })
    }

    /// The connection is ended for this reason; the first one counts.
    pub(super) fn end(&self, why: impl Into<String>) {
        // It is over already, whatever is said of it.
        let _ = self.end_if(self.counts(), true, || why.into());
    }

    fn end_if(
        &self,
        mut counts: MutexGuard<'_, Counts>,
        is_over: bool,
        why: impl FnOnce() -> String,
    ) -> Result<(), ()> {
        if is_over {
            counts.ended.get_or_insert_with(why);
            self.is_cut.send_replace(true);
        }
        match counts.ended {
            Some(_) => Err(()),
            None => Ok(()),
        }
    }

    /// Why the connection was ended by us, if it was.
    pub(super) fn ended(&self) -> Option<String> {
        self.counts().ended.clone()
    }

    /// The counts of the running window.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.since.elapsed() > WINDOW {
            counts.since = Instant::now();
            counts.messages = 0;
            counts.bytes = 0;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_ends_it_with_the_first_reason() {
        let traffic = Traffic::new();
        for _ in 0..MESSAGES_MAX {
            assert_eq!(traffic.message(), Ok(()));
        }
        assert_eq!(traffic.ended(), None);
        assert_eq!(traffic.message(), Err(()));
        traffic.end("another");
        assert_eq!(
            traffic.ended().unwrap(),
            "it sent more than 5000 messages within 10 s"
        );
        assert_eq!(traffic.nonsense(), Err(()));

        let traffic = Traffic::new();
        assert_eq!(traffic.bytes(BYTES_MAX), Ok(()));
        assert_eq!(traffic.bytes(1), Err(()));
        assert_eq!(
            traffic.ended().unwrap(),
            "it sent more than 128 MB within 10 s"
        );
    }
}
