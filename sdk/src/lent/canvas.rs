//! Texts that grow beside the conversation. Capability `canvas`.
//!
//! ```
//! use anteroom_sdk::canvas;
//! use anteroom_sdk::testing::Host;
//!
//! let host = Host::new("/work");
//! host.during(|| {
//!     let plan = canvas::create("Plan", "markdown", "# Plan")?;
//!     let plan = canvas::update(&plan.id, plan.version, "# Plan\n\n1. Begin")?;
//!     assert_eq!((plan.version, canvas::get(&plan.id)?), (2, plan));
//!     Ok::<(), anteroom_sdk::ToolError>(())
//! })?;
//! assert_eq!(host.canvases()[0].title, "Plan");
//! # Ok::<(), anteroom_sdk::ToolError>(())
//! ```

use super::{NO_HOST, is_hosted};
use crate::ToolError;
use crate::bindings::anteroom::tool::canvas as host;
pub use crate::bindings::anteroom::tool::canvas::Document;

/// Makes a canvas, version 1.
///
/// # Errors
/// `invalid-args` if it cannot be saved as given, `denied` without the grant.
pub fn create(title: &str, kind: &str, body: &str) -> Result<Document, ToolError> {
    #[cfg(not(target_family = "wasm"))]
    if let Some(made) = crate::testing::ask(|host| host.played().create(title, kind, body)) {
        return Ok(made);
    }
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    host::create(title, kind, body).map_err(|error| in_words("", error))
}

/// Its newest version.
///
/// # Errors
/// `not-found` if this conversation has no such canvas, `denied` without the grant.
pub fn get(id: &str) -> Result<Document, ToolError> {
    #[cfg(not(target_family = "wasm"))]
    if let Some(found) = crate::testing::ask(|host| host.played().canvas(id).cloned()) {
        return found.ok_or_else(|| in_words(id, host::CanvasError::NotFound));
    }
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    host::get(id).map_err(|error| in_words(id, error))
}

/// Saves a new version on top of `base_version`.
///
/// # Errors
/// As [`get`]; `failed` if it has changed since `base_version`.
pub fn update(id: &str, base_version: u32, body: &str) -> Result<Document, ToolError> {
    #[cfg(not(target_family = "wasm"))]
    if let Some(saved) = crate::testing::ask(|host| {
        let document = host.played().canvas(id);
        let document = document.ok_or(host::CanvasError::NotFound)?;
        if document.version != base_version {
            return Err(host::CanvasError::Conflict(document.version));
        }
        document.version += 1;
        body.clone_into(&mut document.body);
        Ok(document.clone())
    }) {
        return saved.map_err(|error| in_words(id, error));
    }
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    host::update(id, base_version, body).map_err(|error| in_words(id, error))
}

fn in_words(id: &str, error: host::CanvasError) -> ToolError {
    match error {
        host::CanvasError::NotFound => ToolError::not_found(format!(
            "this conversation has no canvas `{id}`; use the id that `create_canvas` answered"
        )),
        host::CanvasError::Conflict(version) => ToolError::failed(format!(
            "canvas `{id}` has changed meanwhile and is now version {version}; try again"
        )),
        host::CanvasError::Invalid(words) => ToolError::InvalidArgs(words),
        host::CanvasError::Denied(words) => ToolError::Denied(words),
    }
}
