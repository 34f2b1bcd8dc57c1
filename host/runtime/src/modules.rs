//! Modules: found in their folders, granted what they ask for, taken away again.

pub(crate) mod deferral;
mod differences;
pub(crate) mod keeper;
pub(crate) mod lent;
pub(crate) mod prefix;
mod reach;

use crate::bundles;
use crate::host::Port;
use anteroom_api::{
    Capability, Event, GrantOp, GrantWhere, ModuleEvent, ModuleId, ModuleOp, ModuleOrigin,
    ModuleState, ModuleView, OpId, Problem, ProblemCode, Topic,
};
use anteroom_gate::visible;
use keeper::Wish;
use std::path::Path;

pub(crate) async fn take(port: &Port, id: OpId, op: ModuleOp) -> Result<(), Problem> {
    match op {
        ModuleOp::Grant(grant) => give(port, id, grant).await,
        ModuleOp::Revoke { module, capability } => {
            let is_known = find(port, &module).await.is_ok();
            if !is_known && !port.engine.storage.has_grants(&module).await? {
                return Err(no_module(&module));
            }
            tell(port, id, vec![ModuleEvent::Revoked { module, capability }]).await
        }
        ModuleOp::Install { path, is_replacing } => install(port, id, (&path, is_replacing)).await,
        ModuleOp::Remove { module } => remove(port, id, module).await,
        ModuleOp::Switch { module, is_enabled } => {
            let off = port.engine.storage.modules_off().await?;
            // What is off can be switched on also when its file is gone.
            if !off.contains(&module) {
                find(port, &module).await?;
            }
            let event = ModuleEvent::Switched { module, is_enabled };
            tell(port, id, vec![event]).await
        }
        ModuleOp::Reload => reload(port, id).await,
    }
}

/// Tells facts, and has what runs follow them before whoever wished is answered.
async fn tell(port: &Port, id: OpId, events: Vec<ModuleEvent>) -> Result<(), Problem> {
    let stored = events.iter().cloned().map(Event::Module).collect();
    port.engine
        .bus
        .publish(Topic::Host, Some(id), stored)
        .await?;
    for event in &events {
        keeper::apply(&port.engine, event);
    }
    Ok(())
}

async fn give(port: &Port, id: OpId, mut grant: GrantOp) -> Result<(), Problem> {
    let module = check_grant(port, &grant).await?;
    let engine = &port.engine;
    let at = engine.ambient.now();
    if grant.expires_at.is_some_and(|end| end <= at) {
        return Err(invalid("the time of the grant is over already"));
    }
    if grant.calls == Some(0) {
        return Err(invalid("a grant for no call grants nothing"));
    }
    reach::check(grant.capability, &grant.reach).map_err(invalid)?;
    if let GrantWhere::Workspace(workspace) = &mut grant.place {
        // Calls know their workspace by its real name.
        let real = Path::new(workspace.as_str()).canonicalize();
        *workspace = real
            .map_err(|error| {
                invalid(format!("there is no folder `{}`", visible(workspace))).cause(error)
            })?
            .display()
            .to_string();
    }
    if let Some(path) = module.path.clone() {
        engine.storage.keep_granted(&path, module, at).await?;
    }
    tell(port, id, vec![ModuleEvent::Granted { grant, at }]).await
}

/// A grant names exactly what was shown: the binary by its hash, a capability it asks for.
async fn check_grant(port: &Port, grant: &GrantOp) -> Result<ModuleView, Problem> {
    let modules = port.engine.registry.modules().await;
    let named = modules
        .into_iter()
        .filter(|module| module.id == grant.module);
    let named: Vec<ModuleView> = named.collect();
    let Some(first) = named.first() else {
        return Err(no_module(&grant.module));
    };
    if first.origin == ModuleOrigin::BuiltIn {
        return Err(invalid(format!(
            "`{}` is built in; its grants are given",
            grant.module
        )));
    }
    let shown = first.hash.clone();
    let Some(module) = named.into_iter().find(|module| module.hash == grant.hash) else {
        return Err(Problem::new(
            ProblemCode::Conflict,
            format!("`{}` is not the binary the grant is for", grant.module),
        )
        .cause(format!("it has the hash {shown}"))
        .hint(format!(
            "look at it again with `aroom tool inspect {}`",
            grant.module
        )));
    };
    if !module.requested.contains(&grant.capability) {
        return Err(invalid(format!(
            "`{}` does not ask for `{}`",
            grant.module, grant.capability
        )));
    }
    Ok(module)
}

async fn install(port: &Port, id: OpId, (path, is_replacing): (&str, bool)) -> Result<(), Problem> {
    if path.starts_with("http://") || path.starts_with("https://") {
        return Err(
            invalid("a toolset cannot be installed from an address yet").hint(format!(
                "fetch it with `curl -fLO {}`, then install the file",
                visible(path)
            )),
        );
    }
    let file = Path::new(path);
    if !file.is_absolute() {
        return Err(invalid(format!(
            "`{}` is not an absolute path",
            visible(path)
        )));
    }
    let engine = &port.engine;
    let folder = keeper::user_folder(engine);
    let before = engine.registry.modules_of(&folder).await;
    let _alone = engine.modules.alone().await;
    let view = engine.registry.install(file, &folder, is_replacing).await?;
    let is_same = |module: &ModuleView| module.id == view.id && module.hash == view.hash;
    if before.iter().any(is_same) {
        return Err(Problem::new(
            ProblemCode::Conflict,
            "exactly this toolset is installed already",
        )
        .hint("see `aroom tool list`"));
    }
    let wish = Wish {
        cause: Some(id),
        module: Some(view.id),
    };
    keeper::tell(engine, &folder, &wish).await
}

async fn remove(port: &Port, id: OpId, module: ModuleId) -> Result<(), Problem> {
    let view = find(port, &module).await?;
    let folder = keeper::user_folder(&port.engine);
    let path = view.path.clone().unwrap_or_default();
    match view.origin {
        ModuleOrigin::User => {}
        ModuleOrigin::BuiltIn => {
            return Err(invalid(format!("`{module}` is built in"))
                .hint(format!("switch it off with `aroom tool disable {module}`")));
        }
        ModuleOrigin::Bundle => {
            return Err(invalid(format!("`{module}` belongs to a bundle"))
                .hint("remove the bundle with `aroom bundle remove`; `aroom bundle list` says which it is"));
        }
        ModuleOrigin::Project => {
            return Err(invalid(format!("`{module}` belongs to the project"))
                .hint(format!("remove the file `{}` there", visible(&path))));
        }
        ModuleOrigin::Server => {
            return Err(invalid(format!("`{module}` is an MCP server"))
                .hint(format!("remove it with `aroom mcp remove {module}`")));
        }
    }
    {
        let _alone = port.engine.modules.alone().await;
        port.engine.registry.uninstall(&module, &folder).await?;
        port.engine.storage.forget_granted(&path).await?;
        let kept = bundles::kept::of_user(&module.0);
        port.engine.storage.unstore_all(kept).await?;
        // First what answers the wish: that it is gone.
        let wish = Wish {
            cause: Some(id),
            module: Some(module.clone()),
        };
        keeper::tell(&port.engine, &folder, &wish).await?;
    }
    let revoked = ModuleEvent::Revoked {
        module,
        capability: None,
    };
    tell(port, id, vec![revoked]).await
}

async fn reload(port: &Port, id: OpId) -> Result<(), Problem> {
    let _alone = port.engine.modules.alone().await;
    let registry = &port.engine.registry;
    registry.load_folders().await;
    let wish = Wish {
        cause: Some(id),
        module: None,
    };
    for folder in registry.folders() {
        keeper::tell(&port.engine, &folder, &wish).await?;
    }
    Ok(())
}

async fn find(port: &Port, id: &ModuleId) -> Result<ModuleView, Problem> {
    let modules = port.engine.registry.modules().await;
    modules
        .into_iter()
        .find(|module| module.id == *id)
        .ok_or_else(|| no_module(id))
}

/// The modules that count in a workspace, with what they were granted there and how they differ from what was.
pub(crate) async fn views(port: &Port, workspace: &str) -> Result<Vec<ModuleView>, Problem> {
    let engine = &port.engine;
    let project = keeper::watch_project(engine, Path::new(workspace)).await;
    let mut views = Vec::new();
    for view in engine.registry.modules_in(Some(&project)).await {
        let mut view = keeper::with_differences(engine, view).await?;
        view.granted = granted(port, &view, workspace).await?;
        view.bundle = crate::bundles::owner(engine, view.path.as_deref());
        views.push(view);
    }
    Ok(views)
}

async fn granted(
    port: &Port,
    module: &ModuleView,
    workspace: &str,
) -> Result<Vec<Capability>, Problem> {
    if module.origin == ModuleOrigin::BuiltIn {
        return Ok(module.requested.clone());
    }
    if matches!(module.state, ModuleState::Failed { .. }) {
        return Ok(Vec::new());
    }
    let grants = port.engine.storage.grants(&module.hash).await?;
    let holds = grants.into_iter().filter(|grant| {
        let is_here = match &grant.place {
            GrantWhere::Everywhere => true,
            GrantWhere::Workspace(place) => place == workspace,
        };
        is_here && grant.module == module.id && lent::holds(grant, &port.engine.ambient).is_ok()
    });
    let mut granted: Vec<Capability> = holds.map(|grant| grant.capability).collect();
    granted.dedup();
    Ok(granted)
}

fn invalid(what: impl Into<String>) -> Problem {
    Problem::new(ProblemCode::InvalidInput, what.into())
}

fn no_module(id: &ModuleId) -> Problem {
    let id = visible(&id.0);
    Problem::new(ProblemCode::NotFound, format!("there is no module `{id}`"))
        .hint("see `aroom tool list`")
}
