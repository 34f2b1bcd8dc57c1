//! Calls of tools through the registry, as a turn makes them, with a runtime that does nothing.

use crate::report::{Report, Samples};
use crate::world::{World, scratch};
use anteroom_api::item::CallDecision;
use anteroom_api::{
    Answer, BoxFuture, CanvasView, Capability, ConversationId, GrantReach, ItemId, Mode,
    OutputStream, Resolution, Stop, ToolContent,
};
use anteroom_gate::{Asked, CallFacts, CallVerdict, Gate, Memory, Permit, Place, Policy};
use anteroom_runtime::Ambient;
use anteroom_tools::{
    AgentFailure, AgentOutcome, AgentTask, Call, CanvasFailure, Options, Outcome, Registry,
    Services, Session,
};
use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const CALLS: usize = 2_000;

/// The built-in tools in a workspace.
pub(crate) struct Tools {
    registry: Registry,
    session: Arc<Session>,
    gate: Gate,
    ambient: Ambient,
}

impl Tools {
    pub(crate) fn new(workspace: &Path, temp: &Path) -> anyhow::Result<Self> {
        let workspace = workspace.canonicalize()?;
        let registry = Registry::open(Options::new(scratch("compiled"), BTreeMap::new()))?;
        for toolset in anteroom_embed::built_in() {
            registry.add_packed(*toolset);
        }
        let policy = Policy {
            mode: Mode::Auto,
            is_sandboxed: true,
            is_offline: true,
            ..Policy::default()
        };
        let place = Place {
            workspace: workspace.clone(),
            ..Place::default()
        };
        Ok(Self {
            registry,
            session: Session::new(workspace, temp.to_owned())?,
            gate: Gate::new(policy, place, Memory::new(Vec::new()))?,
            ambient: Ambient::system(),
        })
    }

    /// Calls a tool; tells how long the registry took.
    pub(crate) async fn call(
        &self,
        tool: &str,
        arguments: &Value,
    ) -> anyhow::Result<(Duration, Outcome)> {
        let permit = self.permit(tool, arguments).await?;
        let capabilities = [
            Capability::FilesRead,
            Capability::Canvas,
            Capability::Agents,
            Capability::Ask,
        ];
        let call = Call {
            item: ItemId(self.ambient.uuid()),
            call: "call_1".to_owned(),
            conversation: ConversationId(self.ambient.uuid()),
            grants: capabilities
                .map(|capability| (capability, GrantReach::default()))
                .into(),
            session: self.session.clone(),
            max_output_chars: 50_000,
        };
        let (registry, (raise, stop)) = (self.registry.clone(), Stop::new());
        // On a worker of the runtime, as in a turn.
        let task = tokio::spawn(async move {
            let since = Instant::now();
            let outcome = registry.call(permit, call, Arc::new(Nobody), stop).await;
            (since.elapsed(), outcome)
        });
        let answered = task.await?;
        drop(raise);
        Ok(answered)
    }

    async fn permit(&self, tool: &str, arguments: &Value) -> anyhow::Result<Permit> {
        let definition = self.registry.find(tool).await.context("no such tool")?;
        let verdict = self.gate.judge_call(CallFacts {
            tool: tool.to_owned(),
            declared: definition.tool.tier,
            arguments: arguments.clone(),
            capabilities: definition.capabilities,
            is_third_party: false,
        });
        match verdict {
            CallVerdict::Allow(permit) => Ok(permit),
            CallVerdict::Ask(_) | CallVerdict::Deny(_) => bail!("`{tool}` was not allowed"),
        }
    }
}

/// The text of a result.
pub(crate) fn text(outcome: &Outcome) -> String {
    let parts = outcome.result.content.iter().map(|part| match part {
        ToolContent::Text { text } => text.clone(),
        other => format!("{other:?}"),
    });
    parts.collect()
}

/// Calls that end at the first line of the tool's own code.
pub(crate) async fn calls(report: &mut Report) -> anyhow::Result<()> {
    let world = World::new()?;
    let tools = Tools::new(&world.workspace(), &world.path().join("temp"))?;
    for (what, tool, arguments, words) in [
        (
            "call without work, toolset that may wait (`run_agent`, empty prompt)",
            "run_agent",
            json!({ "prompt": "" }),
            "the prompt is empty",
        ),
        (
            "call without work, toolset that reads files (`read_file`, empty path)",
            "read_file",
            json!({ "path": "" }),
            "the path is empty",
        ),
    ] {
        let mut samples = Samples::default();
        for round in 0..CALLS + 100 {
            let (took, outcome) = tools.call(tool, &arguments).await?;
            let said = text(&outcome);
            ensure!(said.contains(words), "`{tool}` answered: {said}");
            if round >= 100 {
                samples.add(took);
            }
        }
        report.times(what, &samples);
    }
    let mut samples = Samples::default();
    for _ in 0..CALLS {
        let since = Instant::now();
        tokio::task::spawn_blocking(|| {}).await?;
        samples.add(since.elapsed());
    }
    report.times("`spawn_blocking` of nothing, for comparison", &samples);
    Ok(())
}

/// A runtime whose person never answers.
struct Nobody;

fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Services for Nobody {
    fn ask(&self, _: Asked) -> BoxFuture<'_, (Resolution, String)> {
        ready((Resolution::NotAnswered, "nobody".to_owned()))
    }

    fn decided(&self, _: CallDecision) {}

    fn question(&self, _: String, _: Vec<String>, _: bool) -> BoxFuture<'_, Answer> {
        ready(Answer::NotAnswered)
    }

    fn output(&self, _: OutputStream, _: String) {}

    fn progress(&self, _: String, _: Option<f32>) {}

    fn canvas_create(
        &self,
        _: String,
        _: String,
        _: String,
    ) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>> {
        ready(Err(CanvasFailure::NotFound))
    }

    fn canvas_get(&self, _: String) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>> {
        ready(Err(CanvasFailure::NotFound))
    }

    fn canvas_update(
        &self,
        _: String,
        _: u32,
        _: String,
    ) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>> {
        ready(Err(CanvasFailure::NotFound))
    }

    fn run_agent(&self, _: AgentTask) -> BoxFuture<'_, Result<AgentOutcome, AgentFailure>> {
        ready(Err(AgentFailure::Denied("nobody".to_owned())))
    }
}
