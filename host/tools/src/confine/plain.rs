//! A command without a sandbox of the operating system: own process group, clean environment, no input.

use super::Order;
use std::os::fd::AsRawFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

/// The command, ready to be started.
pub(crate) fn command(order: &Order<'_>) -> Command {
    let mut command = Command::new(&order.shell.program);
    command
        .arg("-c")
        .arg(order.line)
        // The child changes into it before it becomes the shell, while it still has the handle.
        .current_dir(format!("/proc/self/fd/{}", order.folder.as_raw_fd()))
        .env_clear()
        .envs(
            order
                .shell
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .env("TMPDIR", order.temp)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    command
}
