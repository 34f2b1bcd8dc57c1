//! Job control: the wish of the shell that the process stops, and stopping. Where there is none, nothing comes.

/// SIGTSTP, which would otherwise stop the process with the terminal as it is.
#[derive(Default)]
pub(super) struct Stops(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Stops {
    /// Listens from now on.
    pub(super) fn listen() -> Self {
        let kind =
            tokio::signal::unix::SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw());
        Self(tokio::signal::unix::signal(kind).ok())
    }

    /// The next one; waits for ever if none can come. Cancel safe.
    pub(super) async fn next(&mut self) {
        if let Some(signals) = &mut self.0
            && signals.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}

#[cfg(not(unix))]
impl Stops {
    pub(super) fn listen() -> Self {
        Self::default()
    }

    pub(super) async fn next(&mut self) {
        std::future::pending().await
    }
}

/// Stops this process; returns when it was continued.
#[cfg(unix)]
pub(super) fn stop_process() {
    // A process that may not stop itself goes on.
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
}

#[cfg(not(unix))]
pub(super) fn stop_process() {}
