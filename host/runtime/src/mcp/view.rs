//! Servers as people see them: what the settings say of each, joined with how it is doing.

use super::seen::{self, Seen};
use super::{keeper, spec};
use crate::engine::Engine;
use crate::modules::deferral::one_line;
use anteroom_api::{
    McpServerView, McpState, McpToolState, McpToolView, McpTrust, Problem, ProblemCode, UnixMillis,
};
use anteroom_tools::{ServerState, ServerStatus, ServerTool, ToolStanding};
use std::collections::BTreeSet;
use std::path::Path;

/// Characters of a tool's description that are shown.
const DESCRIPTION_CHARS: usize = 300;

/// What a person decided.
pub(super) struct Decided {
    approved: BTreeSet<String>,
    /// As it was shown, the oldest first.
    shown: Vec<(String, String)>,
    pub(super) sampling: BTreeSet<String>,
}

impl Decided {
    pub(super) async fn read(engine: &Engine) -> Result<Self, Problem> {
        Ok(Self {
            approved: engine.storage.approved_servers().await?,
            shown: engine.storage.shown_servers().await?,
            sampling: engine.storage.sampling_servers().await?,
        })
    }

    /// Whether this was approved.
    pub(super) fn is_approved(&self, hash: &str) -> bool {
        self.approved.contains(hash)
    }

    /// The lines that were approved last of a server of this name and origin.
    pub(super) fn shown_last(&self, server: &str, whose: &str) -> Option<Vec<String>> {
        let mut shown = self.shown.iter().rev();
        let (_, text) =
            shown.find(|(name, text)| name == server && text.lines().next() == Some(whose))?;
        Some(text.lines().map(ToOwned::to_owned).collect())
    }
}

/// All servers of the settings: those of the project where they are those of `workspace`, or of any without one.
pub(super) async fn all(
    engine: &Engine,
    workspace: Option<&Path>,
) -> Result<Vec<McpServerView>, Problem> {
    let servers = seen::all(engine).await;
    if servers.is_empty() {
        return Ok(Vec::new());
    }
    let project = keeper::project(engine);
    let is_here = workspace.is_none_or(|workspace| super::place(workspace) == project);
    let statuses = engine.registry.servers();
    let decided = Decided::read(engine).await?;
    let counting = |seen: &&Seen| is_here || !seen.server.is_project;
    let servers = servers.iter().filter(counting);
    let view = |seen| one(engine, seen, (&statuses, &decided));
    Ok(servers.map(view).collect())
}

/// One server.
pub(super) fn one(
    engine: &Engine,
    seen: &Seen,
    (statuses, decided): (&[ServerStatus], &Decided),
) -> McpServerView {
    let server = &seen.server;
    let id = spec::id(server, &keeper::project(engine));
    let hash = seen.hash.clone();
    let status = statuses.iter().find(|status| status.id == id);
    let is_approved = seen.is_approved(decided);
    let is_enabled = server.filled.enabled.unwrap_or(true);
    let workspace = keeper::workspace(engine).filter(|_| server.is_project);
    let (resources, prompts) = keeper::counts(engine, &server.filled.name);
    McpServerView {
        name: server.filled.name.clone(),
        workspace: workspace.map(|workspace| workspace.display().to_string()),
        bundle: server.bundle.clone(),
        transport: spec::shown_transport(server),
        reach: seen.found().cloned(),
        is_approved,
        differences: seen.differences(engine, decided),
        trust: match server.filled.trust {
            Some(McpTrust::Trusted) => McpTrust::Trusted,
            Some(McpTrust::Untrusted) | None => McpTrust::Untrusted,
        },
        state: match (status, seen.refused()) {
            (status, Some(why)) if is_enabled && !status.is_some_and(is_under_way) => {
                refused(seen, why)
            }
            (Some(status), _) => state(status, is_enabled, engine.ambient.now()),
            (None, _) if !is_enabled => McpState::Disabled,
            (None, _) if !is_approved => McpState::NeedsApproval,
            (None, _) => McpState::Disconnected,
        },
        title: status.and_then(|status| status.title.clone()),
        protocol: status.and_then(|status| status.protocol.clone()),
        tools: status
            .map(|status| status.tools.iter().map(tool).collect())
            .unwrap_or_default(),
        resources,
        prompts,
        is_sampling_allowed: decided.sampling.contains(&hash),
        calls: status.map_or(0, |status| status.calls),
        last_error: status
            .and_then(|status| status.last_error.as_ref())
            .map(ToString::to_string),
        hash,
    }
}

/// Whether it goes on as it was started, whatever is there now.
fn is_under_way(status: &ServerStatus) -> bool {
    matches!(status.state, ServerState::Ready | ServerState::Connecting)
}

/// It cannot be started as it is described, so there is nothing to approve.
fn refused(seen: &Seen, why: &str) -> McpState {
    let words = format!("the MCP server `{}` cannot be used", seen.name());
    McpState::Failed {
        problem: Problem::new(ProblemCode::Tool, words).cause(why),
        next_try: None,
    }
}

fn state(status: &ServerStatus, is_enabled: bool, now: UnixMillis) -> McpState {
    match &status.state {
        ServerState::NeedsApproval if is_enabled => McpState::NeedsApproval,
        ServerState::NeedsApproval => McpState::Disabled,
        ServerState::Disconnected if is_enabled => McpState::Disconnected,
        ServerState::Disconnected => McpState::Disabled,
        ServerState::Connecting => McpState::Connecting,
        ServerState::Ready => McpState::Ready,
        ServerState::NeedsSignIn => McpState::NeedsSignIn { url: None },
        ServerState::Failed { problem, next_try } => McpState::Failed {
            problem: problem.clone(),
            next_try: next_try
                .map(|wait| now.plus(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))),
        },
    }
}

fn tool(tool: &ServerTool) -> McpToolView {
    McpToolView {
        name: tool.name.clone(),
        description: one_line(&tool.view.description, DESCRIPTION_CHARS),
        tier: tool.view.tier,
        hash: tool.pin.hash.clone(),
        state: match &tool.standing {
            ToolStanding::Offered => McpToolState::Offered,
            ToolStanding::Excluded => McpToolState::Excluded,
            ToolStanding::Quarantined { differences, .. } => McpToolState::Quarantined {
                differences: differences.clone(),
            },
            ToolStanding::Refused(reason) => McpToolState::Refused {
                reason: reason.clone(),
            },
        },
    }
}
