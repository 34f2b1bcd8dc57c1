//! The one thread that writes. It takes what waits, runs it in one transaction, and answers after the commit.

use crate::connection::version;
use crate::error::Fault;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// How many writes may wait; more than that, and whoever writes is slowed down to the disk's pace.
const QUEUE: usize = 256;

/// How many writes share one commit at most, so that the first of them is not kept waiting.
const BATCH: usize = 64;

/// Pages in the log from which on it is merged into the file when nobody waits: 4 MB.
const MERGE_IDLE: i64 = 1000;

/// Pages in the log from which on it is merged even if somebody waits: 16 MB.
const MERGE_ALWAYS: i64 = 4000;

/// The way to the writing thread.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    letters: mpsc::Sender<Letter>,
    trouble: Trouble,
}

/// Why nothing could be stored last, if nothing could.
type Trouble = Arc<Mutex<Option<Fault>>>;

impl Writer {
    /// Starts the thread. It ends when the last `Writer` is dropped or with [`Writer::close`].
    pub(crate) fn start(connection: Connection, schema: u32) -> Result<Self, Fault> {
        let (letters, receiver) = mpsc::channel(QUEUE);
        let trouble = Trouble::default();
        let thread = Thread {
            connection,
            schema,
            trouble: Arc::clone(&trouble),
        };
        std::thread::Builder::new()
            .name("anteroom-storage".to_string())
            .spawn(move || thread.serve(receiver))?;
        Ok(Self { letters, trouble })
    }

    /// Why the newest write failed, if the disk or the file was to blame and no write has succeeded since.
    pub(crate) fn trouble(&self) -> Option<Fault> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Runs `work` on the connection that writes, outside a transaction and after everything given before.
    pub(crate) async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (reply, answer) = oneshot::channel();
        let letter = Letter::Alone(Box::new(move |connection| {
            let outcome = catch_unwind(AssertUnwindSafe(|| work(connection)));
            // Whoever asked may have gone; what was done is done.
            let _ = reply.send(outcome.unwrap_or_else(|payload| Err(Fault::panicked(&*payload))));
        }));
        self.letters.send(letter).await.map_err(|_| Fault::Closed)?;
        answer.await.map_err(|_| Fault::Closed)?
    }

    /// Runs `work` inside a transaction. An answer `Ok` means: committed and synced.
    ///
    /// `work` may run a second time, if the transaction it shared with others failed as a whole. Once it
    /// is in the queue it is done, whether or not the caller still waits.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (reply, answer) = oneshot::channel();
        let task = Task {
            work,
            done: None,
            reply,
        };
        let letter = Letter::Write(Box::new(task));
        self.letters.send(letter).await.map_err(|_| Fault::Closed)?;
        answer.await.map_err(|_| Fault::Closed)?
    }

    /// Finishes what waits, then closes the connection.
    pub(crate) async fn close(&self) -> Result<(), Fault> {
        let (reply, answer) = oneshot::channel();
        self.letters
            .send(Letter::Close(reply))
            .await
            .map_err(|_| Fault::Closed)?;
        answer.await.map_err(|_| Fault::Closed)?
    }
}

enum Letter {
    Write(Box<dyn Work>),
    Alone(Box<dyn FnOnce(&Connection) + Send>),
    Close(oneshot::Sender<Result<(), Fault>>),
}

/// A write without its result type.
trait Work: Send {
    fn run(&mut self, connection: &Connection) -> Result<(), Fault>;
    fn answer(self: Box<Self>, outcome: Result<(), Fault>);
}

struct Task<T, F> {
    work: F,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, Fault>>,
}

impl<T: Send, F: FnMut(&Connection) -> Result<T, Fault> + Send> Work for Task<T, F> {
    fn run(&mut self, connection: &Connection) -> Result<(), Fault> {
        self.done = None;
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.work)(connection)));
        let done = outcome.unwrap_or_else(|payload| Err(Fault::panicked(&*payload)))?;
        self.done = Some(done);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), Fault>) {
        let Self { done, reply, .. } = *self;
        let answer = outcome.and_then(|()| done.ok_or(Fault::Closed));
        // Whoever asked may have gone; the write stands all the same.
        let _ = reply.send(answer);
    }
}

/// What the writing thread has.
struct Thread {
    connection: Connection,
    schema: u32,
    trouble: Trouble,
}

/// A letter that nothing shares a transaction with.
enum Last {
    Alone(Box<dyn FnOnce(&Connection) + Send>),
    Close(oneshot::Sender<Result<(), Fault>>),
}

impl Thread {
    fn serve(self, mut letters: mpsc::Receiver<Letter>) {
        while let Some(letter) = letters.blocking_recv() {
            let (batch, last) = gather(letter, &mut letters);
            let has_written = !batch.is_empty();
            self.store(batch);
            match last {
                Some(Last::Alone(work)) => work(&self.connection),
                Some(Last::Close(reply)) => {
                    letters.close();
                    let _ = reply.send(finish(self.connection));
                    return;
                }
                None => {}
            }
            if has_written {
                self.merge(letters.is_empty());
            }
        }
        if let Err(fault) = finish(self.connection) {
            tracing::warn!(%fault, "the database was not tidied on closing");
        }
    }

    /// Merges the log into the file once it is long. After the answers, so that nobody waits for it.
    fn merge(&self, is_idle: bool) {
        let limit = if is_idle { MERGE_IDLE } else { MERGE_ALWAYS };
        let merged = checkpoint(&self.connection, "NOOP").and_then(|(written, merged)| {
            if written - merged < limit {
                return Ok(());
            }
            checkpoint(&self.connection, "PASSIVE").map(drop)
        });
        if let Err(fault) = merged {
            // Nothing is lost: the log is read in its place, and merged another time.
            tracing::debug!(%fault, "the log could not be merged");
        }
    }

    /// Commits the batch and answers. If a shared transaction fails, each write gets one of its own, so that a
    /// write too large for the disk does not take its neighbors with it.
    fn store(&self, mut batch: Vec<Box<dyn Work>>) {
        if batch.is_empty() {
            return;
        }
        match attempt(&self.connection, self.schema, &mut batch) {
            Ok(outcomes) => {
                let mut failed = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
                self.remember(failed.find(|fault| fault.is_of_the_disk()));
                for (work, outcome) in batch.into_iter().zip(outcomes) {
                    work.answer(outcome);
                }
            }
            Err(Failed::Commit(fault)) if batch.len() > 1 => {
                tracing::warn!(%fault, writes = batch.len(), "writing them one by one");
                for work in batch {
                    self.store(vec![work]);
                }
            }
            Err(Failed::Begin(fault) | Failed::Commit(fault)) => {
                self.remember(Some(&fault).filter(|fault| fault.is_of_the_disk()));
                for work in batch {
                    work.answer(Err(fault.clone()));
                }
            }
        }
    }

    fn remember(&self, fault: Option<&Fault>) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (fault, trouble.is_some()) {
            (Some(fault), false) => tracing::error!(%fault, "nothing can be stored"),
            (None, true) => tracing::info!("storing works again"),
            (Some(_), true) | (None, false) => {}
        }
        *trouble = fault.cloned();
    }
}

/// What waits and can share a transaction, and what has to come after it.
fn gather(
    first: Letter,
    letters: &mut mpsc::Receiver<Letter>,
) -> (Vec<Box<dyn Work>>, Option<Last>) {
    let mut batch = Vec::new();
    let mut next = Some(first);
    while let Some(letter) = next {
        match letter {
            Letter::Write(work) => batch.push(work),
            Letter::Alone(work) => return (batch, Some(Last::Alone(work))),
            Letter::Close(reply) => return (batch, Some(Last::Close(reply))),
        }
        next = if batch.len() >= BATCH {
            None
        } else {
            letters.try_recv().ok()
        };
    }
    (batch, None)
}

/// Pages in the log, and those of them that are merged.
pub(crate) fn checkpoint(connection: &Connection, how: &str) -> Result<(i64, i64), Fault> {
    let mut statement = connection.prepare_cached(&format!("PRAGMA wal_checkpoint({how})"))?;
    Ok(statement.query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?)
}

/// Merges the log into the file as far as nobody else reads it; the last to leave removes it.
fn finish(connection: Connection) -> Result<(), Fault> {
    connection.execute_batch("PRAGMA optimize")?;
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    connection.flush_prepared_statement_cache();
    connection.close().map_err(|(_, error)| Fault::from(error))
}

enum Failed {
    /// Nothing was tried.
    Begin(Fault),
    /// The transaction was lost as a whole.
    Commit(Fault),
}

fn attempt(
    connection: &Connection,
    schema: u32,
    batch: &mut [Box<dyn Work>],
) -> Result<Vec<Result<(), Fault>>, Failed> {
    begin(connection, schema).map_err(Failed::Begin)?;
    let mut outcomes = Vec::with_capacity(batch.len());
    let is_single = batch.len() == 1;
    for work in batch {
        let outcome = if is_single {
            in_transaction(connection, work.as_mut())
        } else {
            in_savepoint(connection, work.as_mut())
        };
        if is_single && outcome.is_err() {
            return Ok(vec![outcome]);
        }
        // On some errors, a full disk among them, SQLite gives up the whole transaction by itself.
        if connection.is_autocommit() {
            let fault = outcome.err().unwrap_or(Fault::Closed);
            return Err(Failed::Commit(fault));
        }
        outcomes.push(outcome);
    }
    if let Err(fault) = execute(connection, "COMMIT") {
        roll_back(connection);
        return Err(Failed::Commit(fault));
    }
    Ok(outcomes)
}

fn begin(connection: &Connection, schema: u32) -> Result<(), Fault> {
    // Left open only if an earlier rollback failed.
    roll_back(connection);
    execute(connection, "BEGIN IMMEDIATE")?;
    // A newer program may have migrated the file while we had it open.
    let outcome = version(connection).and_then(|found| {
        if found == schema {
            return Ok(());
        }
        Err(Fault::NewerSchema {
            found,
            known: schema,
        })
    });
    if outcome.is_err() {
        roll_back(connection);
    }
    outcome
}

/// A write that shares its transaction with nobody: what it left half done goes with the whole.
fn in_transaction(connection: &Connection, work: &mut dyn Work) -> Result<(), Fault> {
    let outcome = work.run(connection);
    if outcome.is_err() {
        roll_back(connection);
    }
    outcome
}

fn in_savepoint(connection: &Connection, work: &mut dyn Work) -> Result<(), Fault> {
    execute(connection, "SAVEPOINT work")?;
    let outcome = work.run(connection);
    if connection.is_autocommit() {
        return outcome;
    }
    if outcome.is_err() {
        execute(connection, "ROLLBACK TO work")?;
    }
    execute(connection, "RELEASE work")?;
    outcome
}

fn roll_back(connection: &Connection) {
    if connection.is_autocommit() {
        return;
    }
    if let Err(fault) = execute(connection, "ROLLBACK") {
        tracing::error!(%fault, "a failed write could not be undone");
    }
}

fn execute(connection: &Connection, sql: &str) -> Result<(), Fault> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
