//! `store`: small values of a toolset in a project. Kept by the runtime; the grant and the sizes of one value are
//! checked here.

use crate::services::{KeptBy, StoreFailure};
use crate::wasm::bindings::anteroom::tool::store::{Host, StoreError};
use crate::wasm::hosted::Hosted;
use crate::wasm::state::CallState;
use anteroom_api::Capability;

/// Bytes of a key.
const KEY_MAX: usize = 256;
/// Bytes of a value.
const VALUE_MAX: usize = 64 << 10;

impl Host for Hosted {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, StoreError>> {
        let (state, owner) = match checked(&self.state, Some(&key)) {
            Ok(checked) => checked,
            Err(error) => return Ok(Err(error)),
        };
        let found = state.services.store_get(owner, key).await;
        Ok(found.map_err(in_words))
    }

    async fn set(
        &mut self,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), StoreError>> {
        let (state, owner) = match checked(&self.state, Some(&key)) {
            Ok(checked) => checked,
            Err(error) => return Ok(Err(error)),
        };
        if value.len() > VALUE_MAX {
            return Ok(Err(StoreError::Full(format!(
                "the value of `{key}` has {} bytes; at most {VALUE_MAX} are kept",
                value.len()
            ))));
        }
        let kept = state.services.store_set(owner, key, value).await;
        Ok(kept.map_err(in_words))
    }

    async fn delete(&mut self, key: String) -> wasmtime::Result<Result<bool, StoreError>> {
        let (state, owner) = match checked(&self.state, Some(&key)) {
            Ok(checked) => checked,
            Err(error) => return Ok(Err(error)),
        };
        let forgotten = state.services.store_delete(owner, key).await;
        Ok(forgotten.map_err(in_words))
    }

    async fn list(&mut self, prefix: String) -> wasmtime::Result<Result<Vec<String>, StoreError>> {
        let (state, owner) = match checked(&self.state, None) {
            Ok(checked) => checked,
            Err(error) => return Ok(Err(error)),
        };
        let keys = state.services.store_list(owner, prefix).await;
        Ok(keys.map_err(in_words))
    }
}

/// The grant, and whether the key can be one.
fn checked<'a>(
    state: &'a CallState,
    key: Option<&str>,
) -> Result<(&'a CallState, KeptBy), StoreError> {
    state
        .require(Capability::Store)
        .map_err(StoreError::Denied)?;
    let is_key =
        |key: &str| (1..=KEY_MAX).contains(&key.len()) && !key.chars().any(char::is_control);
    if key.is_some_and(|key| !is_key(key)) {
        return Err(StoreError::Invalid(format!(
            "a key has 1 to {KEY_MAX} bytes and no control characters"
        )));
    }
    Ok((state, state.caller.kept_by.clone()))
}

fn in_words(failure: StoreFailure) -> StoreError {
    match failure {
        StoreFailure::Full(why) => StoreError::Full(why),
        StoreFailure::Invalid(why) => StoreError::Invalid(why),
        StoreFailure::Failed(why) => StoreError::Failed(why),
    }
}
