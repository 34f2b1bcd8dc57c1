//! Job control: the wish of the shell that the process stops, and stopping; and the end of the terminal itself.
//! Where there is none, nothing comes.

use std::time::Duration;

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

/// How long the end of the terminal may go unnoticed where no signal tells of it.
const LOOK: Duration = Duration::from_secs(1);

/// Comes when the terminal is gone: nobody will type, and whoever reads keys from it never ends. Cancel safe.
pub(super) async fn terminal_gone() {
    loop {
        tokio::time::sleep(LOOK).await;
        if is_gone() {
            return;
        }
    }
}

#[cfg(unix)]
fn is_gone() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = std::io::stdin();
    let mut asked = [PollFd::new(&stdin, PollFlags::empty())];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let over = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    poll(&mut asked, Some(&at_once))
        .is_ok_and(|_| asked.iter().any(|fd| fd.revents().intersects(over)))
}

#[cfg(not(unix))]
fn is_gone() -> bool {
    false
}
