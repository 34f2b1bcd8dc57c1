//! Background tasks of a conversation: commands that outlive the call that started them. They end with the
//! session at the latest.

use crate::confine::{Exit, Started};
use crate::lend::footing::Footing;
use crate::lend::output::{Running, Sink, Stream};
use crate::lend::plain::Plain;
use crate::lend::process::exit_of;
use crate::wasm::bindings::anteroom::tool::process::Task as TaskView;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Tasks that may run at once.
const RUNNING_MAX: usize = 16;
/// Tasks that are remembered; of the ended ones the oldest is forgotten first.
const KEPT_MAX: usize = 64;
/// Output kept of one task: its end.
const RING_BYTES: usize = 8 << 20;
/// Output answered at once.
const READ_BYTES: usize = 1 << 20;
/// Output that is looked through for what the sandbox stopped: its end.
const TAIL_BYTES: usize = 16 << 10;
/// How long a killed task may take to end.
const KILL_PATIENCE: Duration = Duration::from_secs(2);

/// All tasks of one conversation.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    started: u64,
    tasks: Vec<Arc<Task>>,
}

/// One task.
#[derive(Debug)]
pub(crate) struct Task {
    id: String,
    line: String,
    running: Running,
    ring: Ring,
}

impl Tasks {
    /// Whether another task may be started.
    ///
    /// # Errors
    /// Words for the model.
    pub(crate) fn check_room(&self) -> Result<(), String> {
        let running = self
            .lock()
            .tasks
            .iter()
            .filter(|task| task.is_running())
            .count();
        if running < RUNNING_MAX {
            return Ok(());
        }
        Err(format!(
            "{RUNNING_MAX} background tasks run already; kill one of them first"
        ))
    }

    /// Takes over a started command.
    pub(crate) fn add(
        &self,
        line: String,
        started: Started,
        footing: Footing,
        limit: Option<Duration>,
    ) -> Arc<Task> {
        let ring = Ring::default();
        let into_ring = IntoRing {
            ring: ring.clone(),
            plain: Plain::default(),
            ended: Arc::default(),
            exit: started.group.exit(),
            footing,
        };
        let running = Running::start(started, into_ring, limit);
        let mut kept = self.lock();
        kept.started += 1;
        let task = Arc::new(Task {
            id: format!("task-{}", kept.started),
            line,
            running,
            ring,
        });
        kept.tasks.push(task.clone());
        if kept.tasks.len() > KEPT_MAX
            && let Some(ended) = kept.tasks.iter().position(|task| !task.is_running())
        {
            kept.tasks.remove(ended);
        }
        task
    }

    /// All of them, oldest first.
    pub(crate) fn list(&self) -> Vec<Arc<Task>> {
        self.lock().tasks.clone()
    }

    /// One of them.
    ///
    /// # Errors
    /// Words for the model, naming those there are.
    pub(crate) fn find(&self, id: &str) -> Result<Arc<Task>, String> {
        let kept = self.lock();
        if let Some(task) = kept.tasks.iter().find(|task| task.id == id) {
            return Ok(task.clone());
        }
        let known: Vec<String> = kept
            .tasks
            .iter()
            .map(|task| format!("`{}`", task.id))
            .collect();
        Err(match known.as_slice() {
            [] => {
                format!("there is no background task `{id}`; none was started in this conversation")
            }
            known => format!(
                "there is no background task `{id}`; there are {}",
                known.join(", ")
            ),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Task {
    /// As a guest sees it.
    pub(crate) fn view(&self) -> TaskView {
        let exit = *self.running.exit().borrow();
        TaskView {
            id: self.id.clone(),
            line: self.line.clone(),
            exit: exit.map(|exit| exit_of(Some(exit), self.running.is_timed_out())),
            output_bytes: self.ring.lock().total,
        }
    }

    /// Its output from `start` on, as far as it is kept.
    pub(crate) fn read(&self, start: u64) -> Vec<u8> {
        let ring = self.ring.lock();
        let first = ring.total - ring.bytes.len() as u64;
        let skipped = usize::try_from(start.saturating_sub(first)).unwrap_or(usize::MAX);
        ring.bytes
            .iter()
            .skip(skipped)
            .take(READ_BYTES)
            .copied()
            .collect()
    }

    /// Kills its process group and waits until it has ended.
    pub(crate) async fn kill(&self) {
        self.running.kill();
        let mut exit = self.running.exit();
        // A process that even a kill does not end is shown as still running.
        let _ = timeout(KILL_PATIENCE, exit.wait_for(Option::is_some)).await;
    }

    fn is_running(&self) -> bool {
        self.running.exit().borrow().is_none()
    }
}

/// The end of a task's output, both streams as they came.
#[derive(Clone, Debug, Default)]
struct Ring(Arc<Mutex<RingBytes>>);

#[derive(Debug, Default)]
struct RingBytes {
    bytes: VecDeque<u8>,
    /// All that ever came.
    total: u64,
}

impl Ring {
    fn lock(&self) -> MutexGuard<'_, RingBytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One stream on its way into the ring, as plain text.
#[derive(Clone)]
struct IntoRing {
    ring: Ring,
    plain: Plain,
    /// Streams that have ended.
    ended: Arc<AtomicUsize>,
    exit: watch::Receiver<Option<Exit>>,
    footing: Footing,
}

impl IntoRing {
    fn keep(&self, text: &str) {
        let mut ring = self.ring.lock();
        ring.total += text.len() as u64;
        ring.bytes.extend(text.as_bytes());
        let surplus = ring.bytes.len().saturating_sub(RING_BYTES);
        ring.bytes.drain(..surplus);
    }

    /// Adds what the sandbox stopped, once the command has ended too.
    async fn explain(mut self) {
        // The watcher outlives the command, so this cannot fail before there is an exit.
        let exit = self.exit.wait_for(Option::is_some).await.ok();
        let exit = exit.and_then(|it| *it);
        let tail: Vec<u8> = {
            let ring = self.ring.lock();
            let start = ring.bytes.len().saturating_sub(TAIL_BYTES);
            ring.bytes.range(start..).copied().collect()
        };
        if let Some(why) = self.footing.stopped(&String::from_utf8_lossy(&tail), exit) {
            self.keep(&format!("[{why}]\n"));
        }
    }
}

impl Sink for IntoRing {
    /// The ring itself is the rim.
    const MAX_BYTES: u64 = u64::MAX;

    async fn take(&mut self, _: Stream, bytes: Vec<u8>) -> bool {
        let text = self.plain.push(&bytes);
        self.keep(&text);
        true
    }

    fn end(&mut self, _: Stream) {
        let text = self.plain.finish();
        self.keep(&text);
        if self.ended.fetch_add(1, Ordering::SeqCst) == 1 {
            tokio::spawn(self.clone().explain());
        }
    }
}
