//! A started command while it runs: two readers, a rim on what is kept, a time limit, and the end of whoever
//! outlives the shell.

use crate::confine::{Exit, Group, Started};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// One piece of output, as `host.wit` promises.
const CHUNK_BYTES: usize = 64 << 10;
/// How long those who outlive the shell keep its output open, and how long after they were killed.
const GRACE: Duration = Duration::from_millis(500);

/// Where output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Takes output, piece by piece. `false` means that nobody wants more.
pub(crate) trait Sink: Clone + Send + 'static {
    /// Output of one command that is taken; what comes later is read and dropped.
    const MAX_BYTES: u64;
    /// Takes a piece.
    fn take(&mut self, stream: Stream, bytes: Vec<u8>) -> impl Future<Output = bool> + Send;
    /// The stream has ended.
    fn end(&mut self, stream: Stream);
}

/// A command that runs. Dropping it kills its process group.
#[derive(Debug)]
pub(crate) struct Running {
    group: Arc<Group>,
    is_timed_out: Arc<AtomicBool>,
    keeper: AbortHandle,
    readers: [AbortHandle; 2],
}

impl Running {
    /// Reads both streams into `sink` until they end, and kills the group when the time is up.
    pub(crate) fn start(started: Started, sink: impl Sink, limit: Option<Duration>) -> Self {
        let group = Arc::new(started.group);
        let passed = Arc::new(AtomicU64::new(0));
        let stdout = read(Stream::Stdout, started.stdout, sink.clone(), passed.clone());
        let stderr = read(Stream::Stderr, started.stderr, sink, passed);
        let readers = [
            tokio::spawn(stdout).abort_handle(),
            tokio::spawn(stderr).abort_handle(),
        ];
        let is_timed_out = Arc::new(AtomicBool::new(false));
        let keeper = Keeper {
            exit: group.exit(),
            group: group.clone(),
            is_timed_out: is_timed_out.clone(),
            readers: readers.clone(),
        };
        Self {
            group,
            is_timed_out,
            keeper: tokio::spawn(keeper.run(limit)).abort_handle(),
            readers,
        }
    }

    /// How it ended, once it has.
    pub(crate) fn exit(&self) -> watch::Receiver<Option<Exit>> {
        self.group.exit()
    }

    /// Whether its time was up.
    pub(crate) fn is_timed_out(&self) -> bool {
        self.is_timed_out.load(Ordering::SeqCst)
    }

    /// Kills the process group.
    pub(crate) fn kill(&self) {
        self.group.kill();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.group.release();
        self.keeper.abort();
        for reader in &self.readers {
            reader.abort();
        }
    }
}

struct Keeper {
    exit: watch::Receiver<Option<Exit>>,
    group: Arc<Group>,
    is_timed_out: Arc<AtomicBool>,
    readers: [AbortHandle; 2],
}

impl Keeper {
    async fn run(mut self, limit: Option<Duration>) {
        let ended = self.exit.wait_for(Option::is_some);
        match limit {
            None => {
                // The watcher outlives the group, so this cannot fail before there is an exit.
                let _ = ended.await;
                sleep(GRACE).await;
            }
            Some(limit) => {
                let is_over = {
                    tokio::select! {
                        biased;
                        _ = ended => false,
                        () = sleep(limit) => true,
                    }
                };
                if is_over {
                    self.is_timed_out.store(true, Ordering::SeqCst);
                } else {
                    sleep(GRACE).await;
                }
            }
        }
        self.group.kill();
        sleep(GRACE).await;
        for reader in &self.readers {
            reader.abort();
        }
        // Whoever holds the task may do so for long; what stood in for it need not.
        self.group.release();
    }
}

async fn read<S: Sink>(
    stream: Stream,
    mut pipe: impl AsyncRead + Unpin,
    mut sink: S,
    passed: Arc<AtomicU64>,
) {
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut is_told = false;
    // A broken pipe ends the output like a closed one.
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        let before = passed.fetch_add(count as u64, Ordering::SeqCst);
        if before < S::MAX_BYTES {
            if !sink.take(stream, buffer[..count].to_vec()).await {
                break;
            }
        } else if !is_told {
            is_told = true;
            let words = format!("\n[output beyond {} MB is dropped]\n", S::MAX_BYTES >> 20);
            if !sink.take(Stream::Stderr, words.into_bytes()).await {
                break;
            }
        }
    }
    sink.end(stream);
}
