//! A few connections that read, each used by one reader at a time, off the async threads.

use crate::connection::{self, Reading};
use crate::error::Fault;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// How many reads run at once. Reads take well under a millisecond; more would only fight for two cores.
const CONNECTIONS: usize = 4;

/// The pool. Connections are opened when first needed.
#[derive(Clone, Debug)]
pub(crate) struct Readers(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    path: PathBuf,
    reading: Reading,
    turnstile: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, reading: Reading) -> Self {
        Self(Arc::new(Pool {
            path,
            reading,
            turnstile: Arc::new(Semaphore::new(CONNECTIONS)),
            idle: Mutex::new(Vec::new()),
        }))
    }

    /// How the file is read.
    pub(crate) fn reading(&self) -> Reading {
        self.0.reading
    }

    /// Runs `question` on a connection of its own.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let turnstile = Arc::clone(&self.0.turnstile);
        let permit = turnstile.acquire_owned().await;
        let permit = permit.map_err(|_| Fault::Closed)?;
        let pool = Arc::clone(&self.0);
        let answer = tokio::task::spawn_blocking(move || {
            let connection = pool.take()?;
            let outcome = catch_unwind(AssertUnwindSafe(|| question(&connection)));
            if outcome.is_ok() {
                pool.give(connection);
            }
            drop(permit);
            outcome.unwrap_or_else(|payload| Err(Fault::panicked(&*payload)))
        });
        answer.await.unwrap_or(Err(Fault::Closed))
    }

    /// Waits for the reads that run, refuses later ones and closes the connections.
    pub(crate) async fn close(&self) {
        let everybody = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
        let all = self.0.turnstile.acquire_many(everybody).await;
        self.0.turnstile.close();
        drop(all);
        self.0.idle().clear();
    }
}

impl Pool {
    fn take(&self) -> Result<Connection, Fault> {
        let idle = self.idle().pop();
        idle.map_or_else(|| connection::reader_as(&self.path, self.reading), Ok)
    }

    fn give(&self, connection: Connection) {
        if self.reading == Reading::Live {
            self.idle().push(connection);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
