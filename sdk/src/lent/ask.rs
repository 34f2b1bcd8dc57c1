//! Ask the person. Capability `ask`.

use super::{NO_HOST, is_hosted};
use crate::ToolError;
use crate::bindings::anteroom::tool::ask as host;

/// Waits for an answer: the chosen options, or one free text.
///
/// # Errors
/// `failed` if nobody can be asked, nobody answered or the person declined, each with what to do instead; `denied`
/// without the grant.
pub fn question(
    text: &str,
    options: &[String],
    is_multiple: bool,
) -> Result<Vec<String>, ToolError> {
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    host::question(text, options, is_multiple).map_err(|error| match error {
        host::AskError::Nobody => ToolError::failed(
            "nobody to ask in this run: decide yourself and say what you assumed",
        ),
        host::AskError::Declined => ToolError::failed(
            "the person declined to answer: go on without the answer, or stop and say what you need",
        ),
        host::AskError::TimedOut => ToolError::failed(
            "nobody answered in time: decide yourself and say what you assumed",
        ),
        host::AskError::Denied(words) => ToolError::Denied(words),
    })
}
