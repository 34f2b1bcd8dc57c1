//! Tries components out before they lie anywhere: whether they would load, what they say of themselves, and
//! whether they would be in the way of others.

use super::{Registry, shelf};
use crate::folder;
use anteroom_api::{ModuleOrigin, ModuleView, Problem, ProblemCode};
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

impl Registry {
    /// Loads components as if they lay beside the others in place of what lies in a folder, and answers what they
    /// are, in their order. Their own words are run, without any power; nothing is kept.
    ///
    /// # Errors
    /// Why one of them could not be used, in words for a person.
    pub async fn try_out(
        &self,
        components: Vec<(String, Vec<u8>)>,
        instead_of: Option<&Path>,
    ) -> Result<Vec<ModuleView>, Problem> {
        self.ready(None).await;
        let mut others = self.shelf().of(None);
        others.retain(|other| {
            let path = other.path.as_deref().and_then(Path::parent);
            path.is_none() || path != instead_of
        });
        for other in &others {
            drop(other.loaded().await);
        }
        let (mut accepted, mut views) = (Vec::new(), Vec::new());
        for (name, bytes) in components {
            let file = format!("{name}.wasm");
            let id = folder::id_of(Path::new(&file)).map_err(|why| refused(&name, why))?;
            let (origin, bytes) = (ModuleOrigin::Bundle, Cow::Owned(bytes));
            let module = Arc::new(self.0.loader.load(id, origin, None, bytes));
            module.loaded().await?;
            shelf::fits(&module, &others, &accepted).map_err(|why| refused(&name, why))?;
            views.push(module.view(false).await);
            accepted.push(module);
        }
        Ok(views)
    }
}

fn refused(name: &str, why: String) -> Problem {
    let name = anteroom_gate::visible(name);
    Problem::new(
        ProblemCode::Tool,
        format!("the toolset `{name}` cannot be used here"),
    )
    .cause(why)
}
