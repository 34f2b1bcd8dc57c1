//! `catalog`: tools that are not described to the model in full. Searched by the runtime; only the grant is checked
//! here.

use crate::wasm::bindings::anteroom::tool::catalog::{CatalogError, Entry, Host};
use crate::wasm::hosted::Hosted;
use anteroom_api::Capability;

/// Tools of one answer; what comes back is read by the model.
const FOUND_MAX: u32 = 20;

impl Host for Hosted {
    async fn find(
        &mut self,
        query: String,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<Entry>, CatalogError>> {
        if let Err(refused) = self.state.require(Capability::Catalog) {
            return Ok(Err(CatalogError::Denied(refused)));
        }
        let limit = limit.clamp(1, FOUND_MAX);
        let found = self.state.services.find_tools(query, limit).await;
        let entry = |tool: anteroom_api::ToolView| Entry {
            name: tool.name,
            description: tool.description,
            input_schema: tool.input_schema.to_string(),
        };
        Ok(found
            .map(|tools| tools.into_iter().map(entry).collect())
            .map_err(CatalogError::Failed))
    }
}
