//! Modules: found in their folders, granted what they ask for, taken away again.

use crate::host::{Port, not_available};
use anteroom_api::{
    Event, GrantOp, ModuleEvent, ModuleId, ModuleOp, ModuleOrigin, ModuleView, OpId, Problem,
    ProblemCode, Topic,
};
use std::path::Path;

pub(crate) async fn take(port: &Port, id: OpId, op: ModuleOp) -> Result<(), Problem> {
    let event = match op {
        ModuleOp::Grant(grant) => {
            check_grant(port, &grant).await?;
            let at = port.engine.ambient.now();
            ModuleEvent::Granted { grant, at }
        }
        ModuleOp::Revoke { module, capability } => {
            find(port, &module).await?;
            ModuleEvent::Revoked { module, capability }
        }
        ModuleOp::Install { .. }
        | ModuleOp::Remove { .. }
        | ModuleOp::Switch { .. }
        | ModuleOp::Reload => return Err(not_available("this")),
    };
    port.tell(Topic::Host, id, Event::Module(event)).await
}

/// A grant names exactly what was shown: the binary by its hash, a capability it asks for.
async fn check_grant(port: &Port, grant: &GrantOp) -> Result<(), Problem> {
    let module = find(port, &grant.module).await?;
    if module.origin == ModuleOrigin::BuiltIn {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("`{}` is built in; its grants are given", grant.module),
        ));
    }
    if module.hash != grant.hash {
        return Err(Problem::new(
            ProblemCode::Conflict,
            format!("`{}` is not the binary the grant is for", grant.module),
        )
        .cause(format!("it has the hash {}", module.hash))
        .hint("look at it again with `aroom tool list`"));
    }
    if !module.requested.contains(&grant.capability) {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("`{}` does not ask for `{}`", grant.module, grant.capability),
        ));
    }
    Ok(())
}

async fn find(port: &Port, id: &ModuleId) -> Result<ModuleView, Problem> {
    let modules = port.engine.registry.modules().await;
    modules
        .into_iter()
        .find(|module| module.id == *id)
        .ok_or_else(|| {
            Problem::new(ProblemCode::NotFound, format!("there is no module `{id}`"))
                .hint("see `aroom tool list`")
        })
}

/// Loads the user's tools, and the project's if its folder is trusted.
pub(crate) async fn load_folders(port: &Port, workspace: &Path) {
    let mut folders = vec![(port.sources.home.join("tools"), ModuleOrigin::User)];
    if port.sources.is_project_trusted {
        folders.push((workspace.join(".anteroom/tools"), ModuleOrigin::Project));
    }
    for (folder, origin) in folders {
        port.engine.registry.load_folder(&folder, origin).await;
    }
}
