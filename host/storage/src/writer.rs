//! The one thread that writes. It takes what waits, runs it in one transaction, and answers after the commit.

use crate::connection::version;
use crate::error::Fault;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::{mpsc, oneshot};

/// How many writes may wait; more than that, and whoever writes is slowed down to the disk's pace.
const QUEUE: usize = 256;

/// How many writes share one commit at most, so that the first of them is not kept waiting.
const BATCH: usize = 64;

/// The way to the writing thread.
#[derive(Clone, Debug)]
pub(crate) struct Writer(mpsc::Sender<Letter>);

impl Writer {
    /// Starts the thread. It ends when the last `Writer` is dropped or with [`Writer::close`].
    pub(crate) fn start(connection: Connection, schema: u32) -> Result<Self, Fault> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        std::thread::Builder::new()
            .name("anteroom-storage".to_string())
            .spawn(move || serve(connection, schema, receiver))?;
        Ok(Self(sender))
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
        self.0.send(letter).await.map_err(|_| Fault::Closed)?;
        answer.await.map_err(|_| Fault::Closed)?
    }

    /// Finishes what waits, then closes the connection.
    pub(crate) async fn close(&self) -> Result<(), Fault> {
        let (reply, answer) = oneshot::channel();
        self.0
            .send(Letter::Close(reply))
            .await
            .map_err(|_| Fault::Closed)?;
        answer.await.map_err(|_| Fault::Closed)?
    }
}

enum Letter {
    Write(Box<dyn Work>),
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

fn serve(connection: Connection, schema: u32, mut letters: mpsc::Receiver<Letter>) {
    while let Some(letter) = letters.blocking_recv() {
        let mut batch = Vec::new();
        let mut close = None;
        let mut next = Some(letter);
        while let Some(letter) = next {
            match letter {
                Letter::Write(work) => batch.push(work),
                Letter::Close(reply) => close = Some(reply),
            }
            let is_full = batch.len() >= BATCH || close.is_some();
            next = if is_full {
                None
            } else {
                letters.try_recv().ok()
            };
        }
        store(&connection, schema, batch);
        if let Some(reply) = close {
            letters.close();
            let _ = reply.send(finish(connection));
            return;
        }
    }
    if let Err(fault) = finish(connection) {
        tracing::warn!(%fault, "the database was not tidied on closing");
    }
}

/// Merges the log into the file as far as nobody else reads it; the last to leave removes it.
fn finish(connection: Connection) -> Result<(), Fault> {
    connection.execute_batch("PRAGMA optimize")?;
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    connection.flush_prepared_statement_cache();
    connection.close().map_err(|(_, error)| Fault::from(error))
}

/// Commits the batch and answers. If a shared transaction fails, each write gets one of its own, so that a
/// write too large for the disk does not take its neighbors with it.
fn store(connection: &Connection, schema: u32, mut batch: Vec<Box<dyn Work>>) {
    if batch.is_empty() {
        return;
    }
    match attempt(connection, schema, &mut batch) {
        Ok(outcomes) => {
            for (work, outcome) in batch.into_iter().zip(outcomes) {
                work.answer(outcome);
            }
        }
        Err(Failed::Commit(fault)) if batch.len() > 1 => {
            tracing::warn!(%fault, writes = batch.len(), "writing them one by one");
            for work in batch {
                store(connection, schema, vec![work]);
            }
        }
        Err(Failed::Begin(fault) | Failed::Commit(fault)) => {
            for work in batch {
                work.answer(Err(fault.clone()));
            }
        }
    }
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
    for work in batch {
        let outcome = in_savepoint(connection, work.as_mut());
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
