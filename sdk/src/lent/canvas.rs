//! Texts that grow beside the conversation. Capability `canvas`.

use super::{NO_HOST, is_hosted};
use crate::ToolError;
use crate::bindings::anteroom::tool::canvas as host;
pub use crate::bindings::anteroom::tool::canvas::Document;

/// Makes a canvas, version 1.
///
/// # Errors
/// `invalid-args` if it cannot be saved as given, `denied` without the grant.
pub fn create(title: &str, kind: &str, body: &str) -> Result<Document, ToolError> {
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
