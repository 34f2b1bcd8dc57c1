//! Wishes about MCP servers.

use super::seen::{self, Seen};
use super::{keeper, spec, unknown, view};
use crate::config::{self, McpServer};
use crate::host::Port;
use crate::live;
use anteroom_api::{
    Event, McpEntry, McpEvent, McpOp, McpServerView, McpState, OpId, Problem, ProblemCode, Topic,
};
use anteroom_storage::ToolPin;
use anteroom_tools::{ServerState, ServerStatus, ToolStanding};
use serde_json::Value;

/// The setting that names the servers.
const SETTING: &str = "mcp_servers";

/// Carries out a wish about a server.
pub(crate) async fn take(port: &Port, id: OpId, op: McpOp) -> Result<(), Problem> {
    keeper::wake(&port.engine);
    let event = match op {
        McpOp::Approve { server, hash } => approve(port, server, hash).await?,
        McpOp::AllowSampling { server, is_allowed } => {
            let hash = looked_at(port, &server).await?.hash;
            McpEvent::SamplingChanged {
                server,
                hash,
                is_allowed,
            }
        }
        McpOp::Accept { server, tool, hash } => {
            return accept(port, id, (server, tool, hash)).await;
        }
        McpOp::Connect { server } => return connection(port, id, (server, Wish::Connect)).await,
        McpOp::Disconnect { server } => {
            return connection(port, id, (server, Wish::Disconnect)).await;
        }
        McpOp::Restart { server } => return connection(port, id, (server, Wish::Restart)).await,
        McpOp::SignIn { server } => return sign_in(port, id, server).await,
        McpOp::Add {
            entry,
            is_replacing,
        } => return add(port, id, (*entry, is_replacing)).await,
        McpOp::Remove { server } => return remove(port, id, server).await,
    };
    let changed = match &event {
        McpEvent::SamplingChanged { server, .. } => Some(server.clone()),
        _ => None,
    };
    let approved = match &event {
        McpEvent::Approved { server, .. } => Some(server.clone()),
        _ => None,
    };
    port.tell(Topic::Host, id, Event::Mcp(event)).await?;
    keeper::follow(&port.engine).await;
    if let Some(server) = approved {
        begin(port, &server);
    }
    // What a server may ask is said to it when it is connected.
    if let Some(server) = changed {
        port.engine.registry.restart_server(&server);
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Wish {
    Connect,
    Disconnect,
    Restart,
}

/// The entry of that name that counts.
fn named(port: &Port, name: &str) -> Result<McpServer, Problem> {
    let servers = super::entries(&port.engine);
    let mut servers = servers.into_iter();
    let found = servers.find(|server| server.filled.name == name);
    found.ok_or_else(|| unknown(name))
}

/// The same, with what it is and reaches now.
async fn looked_at(port: &Port, name: &str) -> Result<Seen, Problem> {
    named(port, name)?;
    let all = seen::all(&port.engine).await;
    let mut all = all.into_iter();
    all.find(|seen| seen.name() == name)
        .ok_or_else(|| unknown(name))
}

async fn approve(port: &Port, server: String, hash: String) -> Result<McpEvent, Problem> {
    let seen = looked_at(port, &server).await?;
    let look = format!("look at it again with `aroom mcp show {server}`");
    if let Some(why) = seen.refused() {
        return Err(Problem::new(
            ProblemCode::Conflict,
            format!("the MCP server `{server}` cannot be started as it is described"),
        )
        .cause(why)
        .hint("change its entry in the config file"));
    }
    if seen.hash != hash {
        return Err(Problem::new(
            ProblemCode::Conflict,
            format!("the MCP server `{server}` is not what was shown any more"),
        )
        .hint(look));
    }
    Ok(McpEvent::Approved {
        server,
        hash,
        shown: seen.lines(&port.engine).join("\n"),
    })
}

/// One that waited in this process, and is approved as it was before, is told that it waits no more.
fn begin(port: &Port, name: &str) {
    let waits = |status: &ServerStatus| {
        status.id.name == name && status.state == ServerState::NeedsApproval
    };
    let engine = &port.engine;
    let mut entries = super::entries(engine).into_iter();
    let is_wanted =
        entries.any(|entry| entry.filled.name == name && entry.filled.enabled.unwrap_or(true));
    if is_wanted && engine.registry.servers().iter().any(waits) {
        engine.registry.restart_server(name);
    }
}

async fn connection(port: &Port, id: OpId, (server, wish): (String, Wish)) -> Result<(), Problem> {
    named(port, &server)?;
    keeper::wake(&port.engine);
    keeper::follow(&port.engine).await;
    let registry = &port.engine.registry;
    let is_there = match wish {
        Wish::Connect => registry.connect_server(&server),
        Wish::Disconnect => registry.disconnect_server(&server),
        Wish::Restart => registry.restart_server(&server),
    };
    match is_there {
        true => changed(port, id, &server, None).await,
        false => Err(unknown(&server)),
    }
}

async fn sign_in(port: &Port, id: OpId, server: String) -> Result<(), Problem> {
    named(port, &server)?;
    keeper::wake(&port.engine);
    keeper::follow(&port.engine).await;
    let url = port.engine.registry.sign_in(&server).await;
    let url = url.map_err(|why| {
        Problem::new(
            ProblemCode::Conflict,
            format!("nobody can sign in to the MCP server `{server}` now"),
        )
        .cause(why)
    })?;
    let state = McpState::NeedsSignIn { url: Some(url) };
    changed(port, id, &server, Some(state)).await
}

/// Answers whoever wished, with the server as it is now.
async fn changed(
    port: &Port,
    id: OpId,
    name: &str,
    state: Option<McpState>,
) -> Result<(), Problem> {
    let mut server = look(port, name).await?;
    if let Some(state) = state {
        server.state = state;
    }
    let server = Box::new(server);
    let event = Event::Mcp(McpEvent::Changed { server });
    port.tell(Topic::Host, id, event).await
}

async fn look(port: &Port, name: &str) -> Result<McpServerView, Problem> {
    let servers = view::all(&port.engine, None).await?;
    let mut servers = servers.into_iter();
    let found = servers.find(|server| server.name == name);
    found.ok_or_else(|| unknown(name))
}

/// Takes a quarantined tool as the server describes it now.
async fn accept(
    port: &Port,
    id: OpId,
    (server, tool, hash): (String, String, String),
) -> Result<(), Problem> {
    let known = named(port, &server)?;
    let engine = &port.engine;
    let wanted = spec::id(&known, &keeper::project(engine));
    let statuses = engine.registry.servers();
    let status = statuses.iter().find(|status| status.id == wanted);
    let found = status.and_then(|status| status.tools.iter().find(|found| found.name == tool));
    let found = found.ok_or_else(|| {
        Problem::new(
            ProblemCode::NotFound,
            format!("the MCP server `{server}` lists no tool `{tool}` now"),
        )
        .hint("connect it first")
    })?;
    let is_held = matches!(found.standing, ToolStanding::Quarantined { .. });
    if found.pin.hash != hash || !is_held {
        let why = match is_held {
            true => "it is described otherwise by now",
            false => "it is not held back",
        };
        return Err(Problem::new(
            ProblemCode::Conflict,
            format!("the tool `{server}.{tool}` cannot be accepted so"),
        )
        .cause(why)
        .hint(format!("look at it again with `aroom mcp show {server}`")));
    }
    let pin = ToolPin {
        hash: found.pin.hash.clone(),
        said: found.pin.text.clone(),
    };
    let owner = super::bridge::owner(&wanted);
    engine
        .storage
        .repin_tool(owner, (tool.clone(), pin))
        .await?;
    engine.registry.check_pins(&server).await;
    let workspace = known
        .is_project
        .then(|| keeper::workspace(engine))
        .flatten();
    let accepted = McpEvent::Accepted {
        server,
        workspace: workspace.map(|folder| folder.display().to_string()),
        tool,
        hash,
    };
    port.tell(Topic::Host, id, Event::Mcp(accepted)).await
}

async fn add(
    port: &Port,
    id: OpId,
    (entry, is_replacing): (McpEntry, bool),
) -> Result<(), Problem> {
    let name = entry.name.clone();
    let written = serde_json::to_value(&entry).unwrap_or_default();
    let mut all = config::servers_in(&file(port))?;
    let at = all.iter().position(|known| is_named(known, &name));
    match (at, is_replacing) {
        (Some(at), true) => all[at] = written,
        (Some(_), false) => {
            return Err(Problem::new(
                ProblemCode::Conflict,
                format!("there is an MCP server `{name}` already"),
            )
            .hint("take another name, or replace it with `--replace`"));
        }
        (None, _) => all.push(written),
    }
    write(port, id, all).await?;
    changed(port, id, &name, None).await
}

async fn remove(port: &Port, id: OpId, name: String) -> Result<(), Problem> {
    let mut all = config::servers_in(&file(port))?;
    let before = all.len();
    all.retain(|known| !is_named(known, &name));
    if all.len() == before {
        let problem = unknown(&name);
        return Err(match named(port, &name) {
            Ok(_) => problem.cause("a project or a bundle brings it, and it goes with that"),
            Err(_) => problem,
        });
    }
    write(port, id, all).await?;
    port.engine
        .storage
        .unpin_tools((String::new(), name.clone()))
        .await?;
    super::bridge::forget(&port.engine, &name);
    super::kept::forget_own(&port.engine, &name).await?;
    let event = Event::Mcp(McpEvent::Removed { server: name });
    port.tell(Topic::Host, id, event).await
}

fn is_named(entry: &Value, name: &str) -> bool {
    entry.get("name").and_then(Value::as_str) == Some(name)
}

fn file(port: &Port) -> std::path::PathBuf {
    port.live.sources().home.join(config::FILE_NAME)
}

async fn write(port: &Port, id: OpId, all: Vec<Value>) -> Result<(), Problem> {
    let value = (!all.is_empty()).then_some(Value::Array(all));
    config::change(&file(port), SETTING, value.as_ref())?;
    live::changed_by(port, id, SETTING.to_owned()).await
}
