//! `skills`: instructions for a kind of task. Found by the runtime; only the grant is checked here.

use crate::wasm::bindings::anteroom::tool::skills::{Host, Skill, SkillError};
use crate::wasm::hosted::Hosted;
use anteroom_api::Capability;

impl Host for Hosted {
    async fn load(
        &mut self,
        name: String,
        arguments: String,
    ) -> wasmtime::Result<Result<Skill, SkillError>> {
        if let Err(refused) = self.state.require(Capability::Skills) {
            return Ok(Err(SkillError::Denied(refused)));
        }
        let loaded = self.state.services.skill(name, arguments).await;
        Ok(loaded
            .map(|skill| Skill {
                name: skill.name,
                body: skill.body,
                folder: skill.folder,
                files: skill.files,
            })
            .map_err(SkillError::NotFound))
    }
}
