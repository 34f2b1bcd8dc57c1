//! Keep small values between calls, for this toolset in this project. Capability `store`.
//!
//! ```
//! use anteroom_sdk::store;
//! use anteroom_sdk::testing::Host;
//!
//! let host = Host::new("/work").keeping("visits", "2");
//! host.during(|| {
//!     let visits: u32 = store::get_json("visits")?.unwrap_or_default();
//!     store::set_json("visits", &(visits + 1))
//! })?;
//! assert_eq!(host.kept("visits"), Some(b"3".to_vec()));
//! # Ok::<(), anteroom_sdk::ToolError>(())
//! ```

use super::{NO_HOST, is_hosted};
use crate::ToolError;
use crate::bindings::anteroom::tool::store as host;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The value of a key, if it has one.
///
/// # Errors
/// `invalid-args` if no such key can be, `denied` without the grant.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, ToolError> {
    #[cfg(not(target_family = "wasm"))]
    if let Some(answer) = crate::testing::ask(|host| host.get(key)) {
        return answer;
    }
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    host::get(key).map_err(in_words)
}

/// Keeps a value, in the place of what the key held: at most 64 KiB, 1 MiB and 1 000 keys in all.
///
/// # Errors
/// As [`get`]; `failed` if there is no room.
pub fn set(key: &str, value: &[u8]) -> Result<(), ToolError> {
    #[cfg(not(target_family = "wasm"))]
    if let Some(answer) = crate::testing::ask(|host| host.set(key, value)) {
        return answer;
    }
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    host::set(key, value).map_err(in_words)
}

/// Forgets a key; says whether it held something.
///
/// # Errors
/// As [`get`].
pub fn delete(key: &str) -> Result<bool, ToolError> {
    #[cfg(not(target_family = "wasm"))]
    if let Some(answer) = crate::testing::ask(|host| host.delete(key)) {
        return answer;
    }
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    host::delete(key).map_err(in_words)
}

/// The keys that begin with the prefix, sorted.
///
/// # Errors
/// As [`get`].
pub fn list(prefix: &str) -> Result<Vec<String>, ToolError> {
    #[cfg(not(target_family = "wasm"))]
    if let Some(answer) = crate::testing::ask(|host| host.keys(prefix)) {
        return Ok(answer);
    }
    if !is_hosted() {
        return Err(ToolError::failed(NO_HOST));
    }
    host::list(prefix).map_err(in_words)
}

/// A value that was kept with [`set_json`]. One that cannot be read any more counts as absent.
///
/// # Errors
/// As [`get`].
pub fn get_json<T: DeserializeOwned>(key: &str) -> Result<Option<T>, ToolError> {
    Ok(get(key)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Keeps a value as JSON.
///
/// # Errors
/// As [`set`]; `failed` if it cannot be written as JSON.
pub fn set_json<T: Serialize>(key: &str, value: &T) -> Result<(), ToolError> {
    let bytes = serde_json::to_vec(value)
        .map_err(|error| ToolError::failed(format!("`{key}` could not be kept: {error}")))?;
    set(key, &bytes)
}

fn in_words(error: host::StoreError) -> ToolError {
    match error {
        host::StoreError::Invalid(words) => ToolError::InvalidArgs(words),
        host::StoreError::Denied(words) => ToolError::Denied(words),
        host::StoreError::Full(words) | host::StoreError::Failed(words) => ToolError::Failed(words),
    }
}
