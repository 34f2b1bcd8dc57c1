//! MCP servers: what the settings and a person's decisions mean for the servers of this process, and what is told
//! of them. How a server is spoken with belongs to the tools crate.

pub(crate) mod attach;
mod bridge;
mod elicit;
mod keeper;
mod kept;
mod paid;
mod sample;
mod seen;
mod spec;
mod view;
mod wish;

pub(crate) use keeper::{Keeper, follow, settled, start, wake};
pub(crate) use kept::{forget_bundle, tidy};
pub(crate) use wish::take;

use crate::config::{self, McpServer};
use crate::engine::Engine;
use crate::host::Port;
use crate::modules::keeper::project_folder;
use anteroom_api::{
    Finding, Health, McpPromptView, McpResourceView, McpServerView, McpState, McpToolState,
    Problem, ProblemCode,
};
use std::path::{Path, PathBuf};

/// The servers of the user and of a workspace's project.
pub(crate) async fn servers(port: &Port, workspace: String) -> Result<Vec<McpServerView>, Problem> {
    view::all(&port.engine, Some(Path::new(&workspace))).await
}

/// The last lines of a server.
pub(crate) fn log(port: &Port, server: &str) -> Result<Vec<String>, Problem> {
    let is_known = |known: &McpServer| known.filled.name == server;
    match entries(&port.engine).iter().any(is_known) {
        true => Ok(port.engine.registry.server_log(server)),
        false => Err(unknown(server)),
    }
}

/// Every server there should be: those of the config files, and those of bundles whose names are free.
pub(crate) fn entries(engine: &Engine) -> Vec<McpServer> {
    let mut entries = engine.settings().mcp_servers.clone();
    let environment = engine.ambient.environment();
    for (bundle, entry) in crate::bundles::server_entries(engine) {
        match config::server_of_bundle(&bundle, &entry, environment) {
            Ok(server) => {
                let is_taken = |other: &McpServer| other.filled.name == server.filled.name;
                if !entries.iter().any(is_taken) {
                    entries.push(server);
                }
            }
            Err(why) => tracing::warn!(%bundle, %why, "an MCP server of a bundle is left out"),
        }
    }
    entries
}

/// What servers let people read.
pub(crate) async fn resources(
    port: &Port,
    workspace: String,
) -> Result<Vec<McpResourceView>, Problem> {
    let project = place(Path::new(&workspace));
    Ok(port.engine.registry.resources(Some(&project)).await)
}

/// The prompts of servers.
pub(crate) async fn prompts(port: &Port, workspace: String) -> Result<Vec<McpPromptView>, Problem> {
    let project = place(Path::new(&workspace));
    Ok(port.engine.registry.prompts(Some(&project)).await)
}

/// Where a project's servers and tools count: its tools folder.
pub(crate) fn place(workspace: &Path) -> PathBuf {
    let workspace = workspace.canonicalize();
    let found = workspace.as_deref();
    project_folder(found.unwrap_or(Path::new("/nowhere")))
}

/// What `aroom doctor` says of each server.
pub(crate) async fn findings(engine: &Engine) -> Vec<Finding> {
    let servers = match view::all(engine, None).await {
        Ok(servers) => servers,
        Err(problem) => {
            return vec![Finding {
                subject: "mcp".to_owned(),
                health: Health::Failed,
                hint: problem.hint.clone(),
                text: problem.to_string(),
            }];
        }
    };
    servers.iter().map(found).collect()
}

fn found(server: &McpServerView) -> Finding {
    let (health, text, hint) = match &server.state {
        McpState::Disabled => (Health::Ok, "switched off".to_owned(), None),
        McpState::NeedsApproval => (
            Health::Warning,
            "it was not approved as it is now, so it was not started".to_owned(),
            Some(format!("look at it with `aroom mcp show {}`", server.name)),
        ),
        McpState::NeedsSignIn { .. } => (
            Health::Warning,
            "it asks to be signed in to".to_owned(),
            Some(format!("sign in with `aroom mcp sign-in {}`", server.name)),
        ),
        McpState::Connecting => (Health::Ok, "being connected".to_owned(), None),
        McpState::Disconnected => (Health::Ok, "not connected".to_owned(), None),
        McpState::Failed { problem, .. } => {
            (Health::Failed, problem.to_string(), problem.hint.clone())
        }
        McpState::Ready => ready(server),
    };
    Finding {
        subject: format!("mcp {}", server.name),
        health,
        text,
        hint,
    }
}

fn ready(server: &McpServerView) -> (Health, String, Option<String>) {
    let count = |is: fn(&McpToolState) -> bool| {
        let tools = server.tools.iter();
        tools.filter(|tool| is(&tool.state)).count()
    };
    let offered = count(|state| matches!(state, McpToolState::Offered));
    let held = count(|state| matches!(state, McpToolState::Quarantined { .. }));
    let protocol = server.protocol.as_deref().unwrap_or("unknown");
    let text = format!("ready, protocol {protocol}, {offered} tools");
    match held {
        0 => (Health::Ok, text, None),
        held => (
            Health::Warning,
            format!("{text}, {held} changed and held back"),
            Some(format!(
                "look at them with `aroom mcp show {}`",
                server.name
            )),
        ),
    }
}

pub(crate) fn unknown(server: &str) -> Problem {
    Problem::new(
        ProblemCode::NotFound,
        format!(
            "there is no MCP server `{}`",
            anteroom_gate::visible(server)
        ),
    )
    .hint("`aroom mcp list` shows those there are")
}
