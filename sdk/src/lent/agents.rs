//! Start child agents. Capability `agents`.

use super::{NO_HOST, is_hosted};
use crate::ToolError;
use crate::bindings::anteroom::tool::agents as host;
pub use crate::bindings::anteroom::tool::agents::{Outcome, Task};

/// Runs a child to its end.
///
/// # Errors
/// `denied` if the gate, a person or a missing grant said no; `failed` beyond a limit or if the child failed.
pub fn run(task: &Task) -> Result<Outcome, ToolError> {
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
