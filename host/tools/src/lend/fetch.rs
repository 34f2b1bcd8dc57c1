//! `fetch`: requests to other machines.

use crate::wasm::bindings::anteroom::tool::fetch::{FetchError, Host, Request, Response};
use crate::wasm::hosted::Hosted;
use anteroom_api::Capability;

impl Host for Hosted {
    async fn send(&mut self, _request: Request) -> wasmtime::Result<Result<Response, FetchError>> {
        if let Err(refused) = self.state.require(Capability::Fetch) {
            return Ok(Err(FetchError::Denied(refused)));
        }
        Ok(Err(FetchError::Failed(
            "no host can be reached from here yet".into(),
        )))
    }
}
