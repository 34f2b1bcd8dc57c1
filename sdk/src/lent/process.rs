//! Start commands. Capability `process`.
//!
//! ```
//! use anteroom_sdk::process::{self, Command};
//! use anteroom_sdk::testing::Host;
//!
//! let host = Host::new("/work").running("git log", "abc begin\n", 0);
//! host.during(|| {
//!     let child = process::spawn(&Command::new("git log --oneline").timeout_ms(5_000))?;
//!     assert_eq!(child.read(), b"abc begin\n");
//!     assert!(child.wait().is_success());
//!     Ok::<(), anteroom_sdk::ToolError>(())
//! })?;
//! assert_eq!(host.commands()[0].line, "git log --oneline");
//! # Ok::<(), anteroom_sdk::ToolError>(())
//! ```

use super::{NO_HOST, is_hosted};
use crate::ToolError;
use crate::bindings::anteroom::tool::process as host;
pub use crate::bindings::anteroom::tool::process::{Chunk, Command, Exit, Source, Task};
#[cfg(not(target_family = "wasm"))]
use std::cell::RefCell;

impl Command {
    /// A line for the shell, in the workspace, for at most two minutes.
    pub fn new(line: impl Into<String>) -> Self {
        Self {
            line: line.into(),
            cwd: None,
            timeout_ms: None,
        }
    }

    /// In another folder of the workspace.
    #[must_use]
    pub fn cwd(mut self, folder: impl Into<String>) -> Self {
        self.cwd = Some(folder.into());
        self
    }

    /// With another timeout than two minutes; the host allows ten at most.
    #[must_use]
    pub fn timeout_ms(mut self, milliseconds: u32) -> Self {
        self.timeout_ms = Some(milliseconds);
        self
    }
}

impl Exit {
    /// Whether it ended by itself, with code 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.code == Some(0) && !self.timed_out
    }
}

/// A running process. Dropping it kills its process group.
#[derive(Debug)]
pub struct Child(Running);

#[derive(Debug)]
enum Running {
    Hosted(host::Child),
    #[cfg(not(target_family = "wasm"))]
    Played(RefCell<std::vec::IntoIter<Chunk>>, Exit),
}

impl Child {
    /// Waits for more output; none once both pipes are closed.
    #[must_use]
    pub fn next(&self) -> Option<Chunk> {
        match &self.0 {
            Running::Hosted(child) => child.next(),
            #[cfg(not(target_family = "wasm"))]
            Running::Played(chunks, _) => chunks.borrow_mut().next(),
        }
    }

    /// Waits for all of the output there still is, both streams as they come.
    #[must_use]
    pub fn read(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.next() {
            bytes.extend(chunk.bytes);
        }
        bytes
    }

    /// Waits for the end.
    #[must_use]
    pub fn wait(&self) -> Exit {
        match &self.0 {
            Running::Hosted(child) => child.wait(),
            #[cfg(not(target_family = "wasm"))]
            Running::Played(_, exit) => *exit,
        }
    }

    /// Kills the process group.
    pub fn kill(&self) {
        match &self.0 {
            Running::Hosted(child) => child.kill(),
            #[cfg(not(target_family = "wasm"))]
            Running::Played(chunks, _) => drop(chunks.take()),
        }
    }
}

/// Starts a command and waits, if need be, until a person has allowed it.
///
/// # Errors
/// `denied` if the gate, a person or a missing grant said no; `failed` if it could not be started.
pub fn spawn(command: &Command) -> Result<Child, ToolError> {
    #[cfg(not(target_family = "wasm"))]
    if let Some(answer) = crate::testing::ask(|host| host.played().spawn(command)) {
        return answer
            .map(|(chunks, exit)| Child(Running::Played(RefCell::new(chunks.into_iter()), exit)));
    }
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    let child = host::spawn(command).map_err(in_words)?;
    Ok(Child(Running::Hosted(child)))
}

/// Starts a command that goes on after the call.
///
/// # Errors
/// As [`spawn`].
pub fn start_task(command: &Command) -> Result<Task, ToolError> {
    #[cfg(not(target_family = "wasm"))]
    if let Some(answer) = crate::testing::ask(|host| host.played().start(command)) {
        return answer;
    }
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    host::start_task(command).map_err(in_words)
}

/// The background tasks of this conversation, oldest first.
#[must_use]
pub fn list_tasks() -> Vec<Task> {
    #[cfg(not(target_family = "wasm"))]
    if let Some(tasks) = crate::testing::ask(|host| host.played().list()) {
        return tasks;
    }
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
    #[cfg(not(target_family = "wasm"))]
    if let Some(answer) = crate::testing::ask(|host| {
        let (_, output) = host.played().task(id)?;
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        Ok(output.get(start..).unwrap_or_default().to_vec())
    }) {
        return answer;
    }
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
    #[cfg(not(target_family = "wasm"))]
    if let Some(answer) =
        crate::testing::ask(|host| host.played().task(id).map(|(task, _)| task.clone()))
    {
        return answer;
    }
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
