//! The one place of the crate that starts processes, and the walls around them. Knows no tool and no gate:
//! who comes here has been allowed.
//!
//! Today's wall is the process group: it is killed as a whole. The operating system's sandbox goes between
//! [`Order`] and the spawn, one file per system.

mod environment;
mod group;
mod plain;

pub(crate) use environment::Shell;
pub(crate) use group::{Exit, Group, OnGone};

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use tokio::process::{ChildStderr, ChildStdout};

/// A command to be started.
pub(crate) struct Order<'a> {
    /// For the shell.
    pub(crate) line: &'a str,
    /// Which shell, with which environment.
    pub(crate) shell: &'a Shell,
    /// The folder it starts in, as an open handle, so that it is the one that was judged.
    pub(crate) folder: &'a OwnedFd,
    /// Its `TMPDIR`.
    pub(crate) temp: &'a Path,
}

/// A started command.
pub(crate) struct Started {
    pub(crate) group: Group,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

/// Starts a command in a process group of its own, with nothing on its standard input. `on_gone` is told once
/// it has started and ended.
///
/// # Errors
/// What the operating system says.
pub(crate) fn spawn(order: &Order<'_>, on_gone: OnGone) -> io::Result<Started> {
    let mut child = plain::command(order).spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let group = Group::watch(child, on_gone)?;
    match (stdout, stderr) {
        (Some(stdout), Some(stderr)) => Ok(Started {
            group,
            stdout: ChildStdout::from_std(stdout)?,
            stderr: ChildStderr::from_std(stderr)?,
        }),
        _ => Err(io::Error::other("the process has no output")),
    }
}
