//! A hook that is a tool of a toolset: it may look, and nothing else. Whatever it would have to be asked about is
//! denied, and nobody is asked.

use crate::agent::turn::TurnContext;
use crate::modules::keeper;
use anteroom_api::{
    Answer, BoxFuture, CallDecision, CanvasView, ItemId, Mode, ModuleOrigin, OutputStream,
    Resolution, Status, Stop, ToolContent, ToolResult,
};
use anteroom_gate::{Asked, CallFacts, CallVerdict, Gate, Memory, Place, Policy, visible};
use anteroom_tools::{
    AgentFailure, AgentOutcome, AgentTask, Call, CanvasFailure, Definition, Outcome, Services,
};
use serde_json::{Value, json};
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Characters of its answer.
const MOST_CHARS: usize = 1 << 20;
const NOT_FOR_HOOKS: &str = "a hook may only look";

/// Calls it with the event; what it answered, as text.
///
/// # Errors
/// Why there is no answer, as the end of a sentence.
pub(super) async fn call(
    turn: &TurnContext,
    (module, tool): (&str, &str),
    (event, patience): (&Value, Duration),
    stop: &Stop,
) -> Result<Vec<u8>, String> {
    let called = run(turn, (module, tool), event, stop);
    match timeout(patience, called).await {
        Ok(outcome) => text(&outcome?),
        Err(_) => Err(format!("took longer than {} s", patience.as_secs_f64())),
    }
}

async fn run(
    turn: &TurnContext,
    (module, tool): (&str, &str),
    event: &Value,
    stop: &Stop,
) -> Result<Outcome, String> {
    let engine = &turn.engine;
    let project = keeper::project_folder(&turn.workspace);
    let is_trusted = crate::trust::is_trusted(engine, &turn.workspace).await;
    let project = is_trusted.then_some(project.as_path());
    let all = engine.registry.definitions_in(project).await;
    let is_meant = |it: &Definition| {
        it.module.0 == module && it.tool.name == tool && it.origin != ModuleOrigin::Server
    };
    let sent = all.into_iter().find(is_meant).ok_or_else(|| {
        format!(
            "names the tool `{}` of the toolset `{}`, and there is none",
            visible(tool),
            visible(module)
        )
    })?;
    let resolved = engine.registry.resolve(project, &sent).await?;
    let definition = resolved.definition();
    let arguments = json!({ "event": event });
    resolved.check(&arguments)?;
    let modules = &engine.modules.running;
    let world = (&engine.storage, &engine.ambient);
    let workspace = turn.workspace.display().to_string();
    let unknown = |error: anteroom_storage::StorageError| {
        format!("may not run, because its grants cannot be read: {error}")
    };
    let capabilities = modules.capabilities(world, &definition, &workspace).await;
    let facts = CallFacts {
        tool: definition.tool.name.clone(),
        declared: definition.tool.tier,
        arguments,
        capabilities: capabilities.map_err(unknown)?,
        is_third_party: definition.origin != ModuleOrigin::BuiltIn,
    };
    let permit = match gate(turn)?.judge_call(facts) {
        CallVerdict::Allow(permit) => permit,
        CallVerdict::Ask(_) => return Err(format!("may not run: {NOT_FOR_HOOKS}")),
        CallVerdict::Deny(refusal) => return Err(format!("may not run: {refusal}")),
    };
    let call = Call {
        item: ItemId::from(engine.ambient.uuid()),
        call: "hook".to_owned(),
        conversation: turn.conversation,
        grants: modules
            .lend(world, &definition, &workspace)
            .await
            .map_err(unknown)?,
        session: turn.session.clone(),
        max_output_chars: MOST_CHARS,
    };
    let called = resolved.call(permit, call, Arc::new(Nothing), stop.clone());
    Ok(called.await)
}

/// Reading is allowed, all else denied, whatever the conversation's own gate says.
fn gate(turn: &TurnContext) -> Result<Gate, String> {
    let paths = &turn.engine.paths;
    let policy = Policy {
        mode: Mode::Auto,
        sensitive_paths: turn.settings.safety.sensitive_paths.clone(),
        ..Policy::default()
    };
    let place = Place {
        workspace: turn.workspace.clone(),
        home: paths.user_home.clone(),
        protected: vec![paths.home.clone(), paths.data.clone()],
        temp: None,
    };
    let gate = Gate::new(policy, place, Memory::new(Vec::new()));
    let gate = gate.map_err(|error| format!("may not run: {error}"))?;
    Ok(gate.with_masker(turn.gate.masker().clone()).planning())
}

fn text(outcome: &Outcome) -> Result<Vec<u8>, String> {
    let ToolResult { content, .. } = &outcome.result;
    let texts = content.iter().filter_map(|part| match part {
        ToolContent::Json { value } => Some(value.to_string()),
        ToolContent::Text { text } => Some(text.clone()),
        ToolContent::Image { .. } | ToolContent::Diff { .. } => None,
    });
    let text = texts.collect::<Vec<_>>().join("\n");
    match outcome.status {
        Status::Completed => Ok(text.into_bytes()),
        Status::Pending
        | Status::Running
        | Status::Failed
        | Status::Denied
        | Status::Interrupted => Err(format!("failed: {text}")),
    }
}

/// What a hook's component gets of the runtime.
struct Nothing;

impl Services for Nothing {
    fn ask(&self, _: Asked) -> BoxFuture<'_, (Resolution, String)> {
        let nobody = crate::approvals::NOBODY.to_owned();
        Box::pin(ready((Resolution::NotAnswered, nobody)))
    }

    fn decided(&self, decision: CallDecision) {
        tracing::debug!(?decision, "a hook's component wanted something");
    }

    fn question(&self, _: String, _: Vec<String>, _: bool) -> BoxFuture<'_, Answer> {
        Box::pin(ready(Answer::NotAnswered))
    }

    fn output(&self, _: OutputStream, _: String) {}

    fn progress(&self, _: String, _: Option<f32>) {}

    fn canvas_create(
        &self,
        _: String,
        _: String,
        _: String,
    ) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>> {
        Box::pin(ready(Err(CanvasFailure::Denied(NOT_FOR_HOOKS.to_owned()))))
    }

    fn canvas_get(&self, _: String) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>> {
        Box::pin(ready(Err(CanvasFailure::NotFound)))
    }

    fn canvas_update(
        &self,
        _: String,
        _: u32,
        _: String,
    ) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>> {
        Box::pin(ready(Err(CanvasFailure::Denied(NOT_FOR_HOOKS.to_owned()))))
    }

    fn run_agent(&self, _: AgentTask) -> BoxFuture<'_, Result<AgentOutcome, AgentFailure>> {
        Box::pin(ready(Err(AgentFailure::Denied(NOT_FOR_HOOKS.to_owned()))))
    }
}
