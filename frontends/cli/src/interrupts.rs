//! SIGINT and SIGTERM as messages. Knows nothing of what they end.

use tokio::sync::mpsc;

/// What came from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupt {
    /// SIGINT: Ctrl+C.
    Interrupt,
    /// SIGTERM or SIGHUP.
    Terminate,
}

impl Interrupt {
    /// What the process ends with.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Interrupt => crate::exit::INTERRUPTED,
            Self::Terminate => crate::exit::TERMINATED,
        }
    }
}

pub(crate) struct Interrupts(mpsc::Receiver<Interrupt>);

/// More than a person can press before the first is handled; what does not fit is dropped.
const CAPACITY: usize = 8;

impl Interrupts {
    /// Listens to the process's signals from now on.
    pub(crate) fn listen() -> Self {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        spawn(sender);
        Self(receiver)
    }

    /// Leaves the process's signals alone: they end it at once.
    pub(crate) fn unheard() -> Self {
        Self(mpsc::channel(1).1)
    }

    /// Interrupts handed in by a test.
    #[cfg(test)]
    pub(crate) fn scripted(receiver: mpsc::Receiver<Interrupt>) -> Self {
        Self(receiver)
    }

    /// The next one; waits for ever once none can come. Cancel safe.
    pub(crate) async fn next(&mut self) -> Interrupt {
        match self.0.recv().await {
            Some(interrupt) => interrupt,
            None => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
fn spawn(sender: mpsc::Sender<Interrupt>) {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [
        (SignalKind::interrupt(), Interrupt::Interrupt),
        (SignalKind::terminate(), Interrupt::Terminate),
        (SignalKind::hangup(), Interrupt::Terminate),
    ];
    for (kind, interrupt) in kinds {
        let Ok(mut signals) = signal(kind) else {
            continue;
        };
        let sender = sender.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                // A full queue means that several wait already.
                let _ = sender.try_send(interrupt);
            }
        });
    }
}

#[cfg(not(unix))]
fn spawn(sender: mpsc::Sender<Interrupt>) {
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            let _ = sender.try_send(Interrupt::Interrupt);
        }
    });
}
