//! The seam: what a frontend is, and the handle it is given.

use crate::{ConversationId, Op, OpId, Problem, Reads, Rejection, Seq, Signal, Topic};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A frontend's name, for the record: `cli`, `web`, …
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrontendName(pub &'static str);

/// A module that shows events and submits ops.
pub trait Frontend: Send {
    /// Its name.
    fn name(&self) -> FrontendName;
    /// Runs until it is done or `stop` says so.
    fn run(
        self: Box<Self>,
        host: HostHandle,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), Problem>>;
}

/// Tells a frontend that the process is ending.
#[derive(Clone, Debug)]
pub struct Stop(Option<watch::Receiver<bool>>);

impl Stop {
    /// A stop and the sender that raises it.
    #[must_use]
    pub fn new() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(Some(receiver)))
    }

    /// One that nobody can raise.
    #[must_use]
    pub fn never() -> Self {
        Self(None)
    }

    /// Whether it was raised.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.as_ref().is_some_and(|raised| *raised.borrow())
    }

    /// Waits until it is raised. A dropped sender counts as raised.
    pub async fn raised(&mut self) {
        let Some(receiver) = &mut self.0 else {
            return std::future::pending().await;
        };
        while !*receiver.borrow() {
            if receiver.changed().await.is_err() {
                return;
            }
        }
    }
}

/// What stands behind a handle; implemented once, by the runtime.
pub trait HostPort: Send + Sync {
    /// Takes or rejects a wish.
    fn submit(&self, op: Op) -> BoxFuture<'_, Result<OpId, Rejection>>;
    /// Replays what came after `after`, then goes on live.
    fn follow(&self, topic: Topic, after: Option<Seq>) -> Signals;
    /// The views.
    fn reads(&self) -> &dyn Reads;
    /// Raised once another process asks this one to end; never, where nobody can ask.
    fn asked_to_end(&self) -> Stop {
        Stop::never()
    }
}

/// A frontend's three doors: submit a wish, follow the facts, read a view.
#[derive(Clone)]
pub struct HostHandle(Arc<dyn HostPort>);

impl HostHandle {
    /// Wraps a host.
    pub fn new(port: Arc<dyn HostPort>) -> Self {
        Self(port)
    }

    /// Takes or rejects a wish, at once; what comes of it is told as events with this id as `cause`.
    ///
    /// # Errors
    /// [`Rejection`] with what to do instead; nothing has changed then.
    pub async fn submit(&self, op: impl Into<Op>) -> Result<OpId, Rejection> {
        self.0.submit(op.into()).await
    }

    /// Submits [`crate::ConversationOp::Open`] and gives back the new conversation's id.
    ///
    /// # Errors
    /// As [`HostHandle::submit`].
    pub async fn open(&self, op: crate::ConversationOp) -> Result<ConversationId, Rejection> {
        self.submit(op).await.map(ConversationId::from)
    }

    /// Follows a topic: everything after `after` (`None`: only what is new), in order, each once, then live.
    #[must_use]
    pub fn follow(&self, topic: Topic, after: Option<Seq>) -> Signals {
        self.0.follow(topic, after)
    }

    /// Raised once somebody asks this process's server to end ([`crate::ServerOp::End`]). Whoever runs the process
    /// decides what follows from it.
    #[must_use]
    pub fn asked_to_end(&self) -> Stop {
        self.0.asked_to_end()
    }

    /// The views.
    #[must_use]
    pub fn read(&self) -> &dyn Reads {
        self.0.reads()
    }
}

/// A stream of signals. Dropping it ends the following.
#[derive(Debug)]
pub struct Signals(mpsc::Receiver<Signal>);

impl Signals {
    /// Wraps a receiver; the sender's side is the host's.
    #[must_use]
    pub fn new(receiver: mpsc::Receiver<Signal>) -> Self {
        Self(receiver)
    }

    /// The next signal; none once the host has stopped or after [`Signal::Lagged`].
    pub async fn next(&mut self) -> Option<Signal> {
        self.0.recv().await
    }

    /// The next signal if one is waiting.
    pub fn try_next(&mut self) -> Option<Signal> {
        self.0.try_recv().ok()
    }
}
