//! Which processes of this installation listen, and how one is asked to end.

use crate::ambient::Ambient;
use crate::host::Port;
use anteroom_api::{Problem, ProblemCode, ServerOp, ServerView, Stop};
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::watch;

/// Whether this process was asked to end, and since when it listens.
pub(crate) struct Asked {
    raise: watch::Sender<bool>,
    stop: Stop,
    since: AtomicI64,
}

impl Default for Asked {
    fn default() -> Self {
        let (raise, stop) = Stop::new();
        Self {
            raise,
            stop,
            since: AtomicI64::new(0),
        }
    }
}

impl Asked {
    /// Raised once somebody asks.
    pub(crate) fn stop(&self) -> Stop {
        self.stop.clone()
    }
}

/// Wishes about servers. What is to end is in this process: see [`crate::forwarding`].
pub(crate) async fn take(port: &Port, op: ServerOp) -> Result<(), Problem> {
    let engine = &port.engine;
    match op {
        ServerOp::Announce { url } => {
            let now = engine.ambient.now();
            let first =
                engine
                    .asked
                    .since
                    .compare_exchange(0, now.0, Ordering::Relaxed, Ordering::Relaxed);
            let server = ServerView {
                pid: Ambient::process(),
                url,
                started_at: anteroom_api::UnixMillis(first.err().unwrap_or(now.0)),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            };
            Ok(engine.storage.announce_server(server).await?)
        }
        ServerOp::End { pid } => {
            let servers = engine.storage.servers().await?;
            let is_here = |(host, server): &(_, ServerView)| {
                server.pid == pid && engine.storage.is_own(*host)
            };
            if !servers.iter().any(is_here) {
                return Err(none(pid));
            }
            engine.asked.raise.send_replace(true);
            Ok(())
        }
    }
}

/// Living processes that listen.
pub(crate) async fn all(port: &Port) -> Result<Vec<ServerView>, Problem> {
    let found = port.engine.storage.servers().await?;
    Ok(found.into_iter().map(|(_, server)| server).collect())
}

/// What is said where no server has the number.
pub(crate) fn none(pid: u32) -> Problem {
    Problem::new(
        ProblemCode::NotFound,
        format!("no server runs as process {pid}"),
    )
    .hint("`aroom status` lists those that do")
}
