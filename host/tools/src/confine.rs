//! The one place of the host that starts processes for tools, and the walls around them. Knows no tool and no
//! gate: who comes here has been allowed.
//!
//! Shape: what the user wants ([`Sandbox`]) and what is there now become a [`Plan`], which names no technique; the
//! file of the system makes it hold around one command and says what it cannot ([`Walls`]).

mod environment;
mod git;
mod group;
mod linux;
mod plan;
mod policy;
mod stopped;
mod walls;

pub(crate) use environment::Shell;
pub(crate) use group::{Exit, Group, OnGone};
pub(crate) use plan::{Plan, ServerSite, Site, interpreters, toolchain};
pub use policy::{Network, ProcessLimits, Sandbox, SandboxMode};
pub(crate) use stopped::Stopped;
pub use walls::{Wall, Walls};

use linux::Streams;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

/// A command to be started.
pub(crate) struct Order<'a> {
    /// The program, absolute.
    pub(crate) program: &'a Path,
    /// Its arguments, without its own name.
    pub(crate) arguments: &'a [String],
    /// Its whole environment, but for `TMPDIR` and places for caches.
    pub(crate) environment: &'a [(String, String)],
    /// The folder it starts in, as an open handle, so that it is the one that was judged.
    pub(crate) folder: &'a OwnedFd,
    /// Its `TMPDIR`.
    pub(crate) temp: &'a Path,
    /// Whether somebody writes to its standard input; otherwise there is nothing on it.
    pub(crate) has_input: bool,
}

/// What was settled about the walls of one command.
pub(crate) enum Settled<'a> {
    /// None: the user says so, or a person did for this one run.
    Bare,
    /// All that this system has.
    Walled {
        plan: &'a Plan,
        sandbox: &'a Sandbox,
    },
}

/// A started command.
pub(crate) struct Started {
    pub(crate) group: Group,
    /// Where it was ordered with one.
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

/// Which walls hold on this machine for what the user wants.
#[must_use]
pub fn walls(sandbox: &Sandbox) -> Walls {
    linux::walls(sandbox)
}

/// Files that this process may have open before it raises that for itself. What it starts gets this number again,
/// so it is asked for once before anything is raised.
#[must_use]
pub fn open_files_at_start() -> u64 {
    linux::files_at_start()
}

/// Starts a command. `on_gone` is told once all its processes are gone.
/// Blocks until the command runs; it takes some milliseconds.
///
/// # Errors
/// What the operating system says, also about a wall that could not be built: then nothing runs.
pub(crate) fn spawn(
    order: &Order<'_>,
    settled: &Settled<'_>,
    on_gone: OnGone,
) -> io::Result<Started> {
    let mut running = linux::spawn(order, settled)?;
    let streams = running.take_streams();
    let group = Group::watch(running, on_gone)?;
    let Streams {
        stdin,
        stdout,
        stderr,
    } = streams?;
    let stdin = stdin.map(|stdin| ChildStdin::from_std(stdin.into()));
    Ok(Started {
        group,
        stdin: stdin.transpose()?,
        stdout: ChildStdout::from_std(stdout.into())?,
        stderr: ChildStderr::from_std(stderr.into())?,
    })
}
