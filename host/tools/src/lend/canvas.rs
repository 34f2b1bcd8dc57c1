//! `canvas`: texts beside the conversation. Kept by the runtime; only the grant is checked here.

use crate::services::CanvasFailure;
use crate::wasm::bindings::anteroom::tool::canvas::{CanvasError, Document, Host};
use crate::wasm::hosted::Hosted;
use crate::wasm::state::CallState;
use anteroom_api::{CanvasView, Capability};

impl Host for Hosted {
    async fn create(
        &mut self,
        title: String,
        kind: String,
        body: String,
    ) -> wasmtime::Result<Result<Document, CanvasError>> {
        if let Err(refused) = self.state.require(Capability::Canvas) {
            return Ok(Err(CanvasError::Denied(refused)));
        }
        let saved = self.state.services.canvas_create(title, kind, body).await;
        Ok(answer(&self.state, saved))
    }

    async fn get(&mut self, id: String) -> wasmtime::Result<Result<Document, CanvasError>> {
        if let Err(refused) = self.state.require(Capability::Canvas) {
            return Ok(Err(CanvasError::Denied(refused)));
        }
        let found = self.state.services.canvas_get(id).await;
        Ok(answer(&self.state, found))
    }

    async fn update(
        &mut self,
        id: String,
        base_version: u32,
        body: String,
    ) -> wasmtime::Result<Result<Document, CanvasError>> {
        if let Err(refused) = self.state.require(Capability::Canvas) {
            return Ok(Err(CanvasError::Denied(refused)));
        }
        let services = &self.state.services;
        let saved = services.canvas_update(id, base_version, body).await;
        Ok(answer(&self.state, saved))
    }
}

fn answer(
    state: &CallState,
    answer: Result<CanvasView, CanvasFailure>,
) -> Result<Document, CanvasError> {
    match answer {
        Ok(canvas) => Ok(Document {
            id: canvas.id.to_string(),
            title: canvas.title,
            kind: canvas.kind,
            version: canvas.version,
            body: canvas.body,
        }),
        Err(CanvasFailure::NotFound) => Err(CanvasError::NotFound),
        Err(CanvasFailure::Conflict(version)) => Err(CanvasError::Conflict(version)),
        Err(CanvasFailure::Invalid(why)) => Err(CanvasError::Invalid(why)),
        Err(CanvasFailure::Denied(why)) => Err(CanvasError::Denied(state.refused(why))),
    }
}
