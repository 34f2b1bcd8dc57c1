//! Start child agents. Capability `agents`.
//!
//! ```
//! use anteroom_sdk::agents::{self, Task};
//! use anteroom_sdk::testing::Host;
//!
//! let host = Host::new("/work").finishing("List the tests", "there are four");
//! let outcome = host.during(|| agents::run(&Task::new("List the tests of `src`.")))?;
//! assert!(outcome.completed);
//! assert_eq!(outcome.text, "there are four");
//! # Ok::<(), anteroom_sdk::ToolError>(())
//! ```

use super::{NO_HOST, is_hosted};
use crate::ToolError;
use crate::bindings::anteroom::tool::agents as host;
pub use crate::bindings::anteroom::tool::agents::{Outcome, Task};

impl Task {
    /// What a child is to do, with the model and the tools of its parent.
    pub fn new(prompt: impl Into<String>) -> Self {
        Self {
            prompt: prompt.into(),
            name: None,
            model: None,
            tools: None,
        }
    }
}

/// Runs a child to its end.
///
/// # Errors
/// `denied` if the gate, a person or a missing grant said no; `failed` beyond a limit or if the child failed.
pub fn run(task: &Task) -> Result<Outcome, ToolError> {
    #[cfg(not(target_family = "wasm"))]
    if let Some(answer) = crate::testing::ask(|host| host.played().run(task)) {
        return answer;
    }
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    host::run(task).map_err(|error| match error {
        host::AgentError::Denied(words) => ToolError::Denied(words),
        host::AgentError::Limit(words) | host::AgentError::Failed(words) => {
            ToolError::Failed(words)
        }
    })
}
