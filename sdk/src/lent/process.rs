//! Start commands. Capability `process`.

use super::{NO_HOST, is_hosted};
use crate::ToolError;
use crate::bindings::anteroom::tool::process as host;
pub use crate::bindings::anteroom::tool::process::{Chunk, Command, Exit, Source, Task};

/// A running process. Dropping it kills its process group.
#[derive(Debug)]
pub struct Child(host::Child);

impl Child {
    /// Waits for more output; none once both pipes are closed.
    #[must_use]
    pub fn next(&self) -> Option<Chunk> {
        self.0.next()
    }

    /// Waits for the end.
    #[must_use]
    pub fn wait(&self) -> Exit {
        self.0.wait()
    }

    /// Kills the process group.
    pub fn kill(&self) {
        self.0.kill();
    }
}

/// Starts a command and waits, if need be, until a person has allowed it.
///
/// # Errors
/// `denied` if the gate, a person or a missing grant said no; `failed` if it could not be started.
pub fn spawn(command: &Command) -> Result<Child, ToolError> {
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    host::spawn(command).map(Child).map_err(in_words)
}

/// Starts a command that goes on after the call.
///
/// # Errors
/// As [`spawn`].
pub fn start_task(command: &Command) -> Result<Task, ToolError> {
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    host::start_task(command).map_err(in_words)
}

/// The background tasks of this conversation, oldest first.
#[must_use]
pub fn list_tasks() -> Vec<Task> {
    if is_hosted() {
        host::list_tasks()
    } else {
        Vec::new()
    }
}

/// Output of a task from a byte position on, at most 1 MiB.
///
/// # Errors
/// `failed` if there is no such task.
pub fn read_task(id: &str, start: u64) -> Result<Vec<u8>, ToolError> {
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    host::read_task(id, start).map_err(in_words)
}

/// Kills a task's process group and says how it ended.
///
/// # Errors
/// `failed` if there is no such task.
pub fn kill_task(id: &str) -> Result<Task, ToolError> {
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    host::kill_task(id).map_err(in_words)
}

fn in_words(error: host::ProcessError) -> ToolError {
    match error {
        host::ProcessError::Denied(words) => ToolError::Denied(words),
        host::ProcessError::Failed(words) => ToolError::Failed(words),
    }
}
