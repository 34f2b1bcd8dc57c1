//! Ask the person. Capability `ask`.
//!
//! ```
//! use anteroom_sdk::ask;
//! use anteroom_sdk::testing::Host;
//!
//! let host = Host::new("/work").choosing("Which branch?", &["main"]);
//! let chosen = host.during(|| ask::question("Which branch?", &["main", "next"], false));
//! assert_eq!(chosen, Ok(vec!["main".to_owned()]));
//! ```

use super::{NO_HOST, is_hosted};
use crate::ToolError;
use crate::bindings::anteroom::tool::ask as host;

const NOBODY: &str = "nobody to ask in this run: decide yourself and say what you assumed";

/// Waits for an answer: the chosen options, or one free text. Without options (`&[""; 0]`) it is an open question.
///
/// # Errors
/// `failed` if nobody can be asked, nobody answered or the person declined, each with what to do instead; `denied`
/// without the grant.
pub fn question(
    text: &str,
    options: &[impl AsRef<str>],
    is_multiple: bool,
) -> Result<Vec<String>, ToolError> {
    #[cfg(not(target_family = "wasm"))]
    if let Some(answer) = crate::testing::ask(|host| host.played().answer(text)) {
        return answer.ok_or_else(|| ToolError::failed(NOBODY));
    }
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    let options: Vec<String> = options.iter().map(|it| it.as_ref().to_owned()).collect();
    host::question(text, &options, is_multiple).map_err(|error| match error {
        host::AskError::Nobody => ToolError::failed(NOBODY),
        host::AskError::Declined => ToolError::failed(
            "the person declined to answer: go on without the answer, or stop and say what you need",
        ),
        host::AskError::TimedOut => ToolError::failed(
            "nobody answered in time: decide yourself and say what you assumed",
        ),
        host::AskError::Denied(words) => ToolError::Denied(words),
    })
}
