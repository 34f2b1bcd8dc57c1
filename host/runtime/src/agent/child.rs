//! Child agents: the same loop, an own history, fewer rights.
//!
//! A child is a conversation of its own whose approvals surface in its root's. It can do no more than its
//! parent: the same gate, a subset of the tools, no wider grants.

use super::plan::Planning;
use super::prompt::{self, PromptSources};
use super::replay::Script;
use super::steering::Steering;
use super::turn::{self, Opening, Root, TurnContext};
use super::{catalog::Catalog, wire};
use crate::endings;
use crate::modules::deferral;
use anteroom_api::{
    Content, ConversationEvent, ConversationId, ConversationKind, ConversationView, Delta, Event,
    ItemId, Seq, Stop, StopReason, Topic, Trust, TurnOptions, Usage,
};
use anteroom_gate::Taint;
use anteroom_tools::{AgentFailure, AgentOutcome, AgentTask};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::Semaphore;

/// Characters of a child's name that are shown.
const MAX_NAME_CHARS: usize = 24;

/// Counts the children of one root turn.
pub(crate) struct Limiter {
    started: AtomicU32,
    /// One per depth: a parent that waits for its child never takes the child's place.
    places: Vec<Semaphore>,
}

impl Limiter {
    pub(crate) fn new(max_concurrent: u32, max_depth: u32) -> Arc<Self> {
        let places = (0..max_depth)
            .map(|_| Semaphore::new(max_concurrent as usize))
            .collect();
        Arc::new(Self {
            started: AtomicU32::new(0),
            places,
        })
    }
}

/// What was last shown of a child; calls that run side by side add to it.
#[derive(Default)]
pub(crate) struct Seen(Mutex<Shown>);

#[derive(Clone, Copy, Default)]
struct Shown {
    step: u32,
    tokens: u64,
    calls: u32,
    since: Option<Instant>,
}

impl Seen {
    fn change(&self, change: impl FnOnce(&mut Shown)) -> Shown {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut shown);
        *shown
    }
}

impl TurnContext {
    /// Shows that a child thinks where its root is watched.
    pub(crate) fn show_child(&self, step: u32, usage: Usage, since: Instant) {
        let shown = self.seen.change(|shown| {
            shown.step = step;
            shown.tokens = usage.prompt_tokens.saturating_add(usage.completion_tokens);
            shown.since = Some(since);
        });
        self.tell_child(shown, None);
    }

    /// Shows that a child begins a call.
    pub(crate) fn show_child_call(&self, tool: &str) {
        let shown = self
            .seen
            .change(|shown| shown.calls = shown.calls.saturating_add(1));
        self.tell_child(shown, Some(tool.to_owned()));
    }

    fn tell_child(&self, shown: Shown, tool: Option<String>) {
        let (Some(name), Some(item)) = (&self.root.agent, self.root.item) else {
            return;
        };
        let elapsed = shown.since.map(|since| since.elapsed()).unwrap_or_default();
        let delta = Delta::Agent {
            item,
            name: name.clone(),
            step: shown.step,
            tool,
            calls: shown.calls,
            tokens: shown.tokens,
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        };
        self.engine
            .bus
            .preview(Topic::Conversation(self.root.conversation), delta);
    }
}

/// Runs a child to its end.
pub(crate) async fn run(
    parent: &Arc<TurnContext>,
    item: ItemId,
    task: AgentTask,
    mut stop: Stop,
    started: impl FnOnce(ConversationId, Taint),
) -> Result<AgentOutcome, AgentFailure> {
    let limits = &parent.settings.safety.subagent;
    let characters = task.prompt.chars().count();
    if characters > limits.max_prompt_chars {
        let text = format!(
            "the prompt has {characters} characters, {} are allowed; shorten it",
            limits.max_prompt_chars
        );
        return Err(AgentFailure::Limit(text));
    }
    let Some(places) = parent.limiter.places.get(parent.depth as usize) else {
        return Err(AgentFailure::Limit(format!(
            "child agents may be {} deep; do this yourself",
            limits.max_depth
        )));
    };
    if parent.limiter.started.fetch_add(1, Ordering::Relaxed) >= limits.max_total {
        return Err(AgentFailure::Limit(format!(
            "{} child agents were started in this turn already; do the rest yourself",
            limits.max_total
        )));
    }
    let place = tokio::select! {
        place = places.acquire() => place,
        () = stop.raised() => return Err(AgentFailure::Failed("cancelled before it began".into())),
    };
    let Ok(_place) = place else {
        return Err(AgentFailure::Failed("the host is ending".into()));
    };

    let child = context(parent, item, &task, None);
    let conversation = child.conversation;
    started(conversation, child.gate.taint().clone());
    let opened = opened(&child, item, &task);
    let (raise, child_stop) = Stop::new();
    // A task of its own: what panics in it fails the child and no more.
    let mut running = tokio::spawn(turn::run(
        child.clone(),
        Opening {
            cause: None,
            before: vec![opened],
            input: vec![Content::text(task.prompt)],
            by_hand: None,
            opened: None,
        },
        child_stop,
    ));
    let mut is_late = false;
    let ended = tokio::select! {
        ended = &mut running => ended,
        () = stop.raised() => {
            raise.send_replace(true);
            running.await
        }
        () = tokio::time::sleep(limits.timeout) => {
            is_late = true;
            raise.send_replace(true);
            running.await
        }
    };
    raise.send_replace(true);
    let report = endings::of(&child, ended).await;
    if is_late {
        return Err(AgentFailure::Limit(format!(
            "the child agent was stopped after {} s; what it did is kept",
            limits.timeout.as_secs()
        )));
    }
    outcome(report, limits.max_output_chars, conversation)
}

fn outcome(
    report: turn::TurnReport,
    max_chars: usize,
    conversation: ConversationId,
) -> Result<AgentOutcome, AgentFailure> {
    let completed = match report.stop {
        StopReason::EndTurn => true,
        StopReason::MaxSteps | StopReason::MaxTokens | StopReason::Refusal => false,
        StopReason::Cancelled | StopReason::Interrupted => {
            return Err(AgentFailure::Failed("it was cancelled".into()));
        }
        StopReason::Budget { text } => return Err(AgentFailure::Limit(text)),
        StopReason::Failed { problem } => {
            tracing::warn!(%conversation, %problem, "a child agent failed");
            return Err(AgentFailure::Failed(
                "it could not finish because of an error; try again or do it yourself".into(),
            ));
        }
    };
    let mut text: String = report.text.chars().take(max_chars).collect();
    if text.len() < report.text.len() {
        text.push_str("\n[cut: the child said more]");
    }
    Ok(AgentOutcome {
        text,
        steps: report.steps,
        completed,
    })
}

/// A child as it is run again from its record, and the fact that it exists.
pub(crate) fn again(
    parent: &Arc<TurnContext>,
    item: ItemId,
    task: &AgentTask,
    script: Arc<Script>,
) -> (Arc<TurnContext>, Event) {
    let task = AgentTask {
        tools: script.tools().map(<[String]>::to_vec),
        ..task.clone()
    };
    let child = context(parent, item, &task, Some(script));
    let opened = opened(&child, item, &task);
    (child, opened)
}

fn context(
    parent: &Arc<TurnContext>,
    item: ItemId,
    task: &AgentTask,
    script: Option<Arc<Script>>,
) -> Arc<TurnContext> {
    let engine = parent.engine.clone();
    let sources = PromptSources {
        workspace: &parent.workspace,
        home: &engine.paths.home,
        project: None,
        skills: None,
        extra: "",
        is_child: true,
        shell: crate::host::SHELL,
    };
    let sections = crate::bundles::told(&engine, prompt::sections(&sources));
    let system = prompt::render(&sections);
    let most = parent.settings.ai.max_tool_tokens;
    let (tools, deferred) = match &task.tools {
        None => (parent.tools.clone(), parent.catalog.deferred().to_vec()),
        // What was named is told of in full, as far as that goes.
        Some(names) => {
            let tools = parent.tools.iter().chain(parent.catalog.deferred());
            let named = tools.filter(|tool| wire::is_among(&tool.tool.name, names));
            let chosen = deferral::named(named.cloned().collect(), &parent.tools, most);
            (chosen.added, chosen.deferred)
        }
    };
    let found = parent.catalog.found();
    let catalog = Catalog::new(deferred, (&tools, &found), most);
    // What the parent has read from outside may stand in the prompt.
    let gate = parent
        .acting_gate()
        .with_taint(parent.gate.taint().inherited());
    Arc::new(TurnContext {
        conversation: engine.ambient.uuid().into(),
        turn: engine.ambient.uuid().into(),
        settings: parent.settings.clone(),
        workspace: parent.workspace.clone(),
        session: parent.session.clone(),
        planning: Planning::new(false, &gate),
        narrowed: Default::default(),
        gate,
        model: script
            .as_ref()
            .and_then(|script| script.model())
            .or_else(|| task.model.clone())
            .unwrap_or_else(|| parent.model.clone()),
        script,
        seen: Seen::default(),
        system,
        tools,
        catalog,
        unkept: Default::default(),
        options: TurnOptions {
            is_plan: false,
            ..parent.options.clone()
        },
        root: Root {
            conversation: parent.root.conversation,
            turn: parent.root.turn,
            agent: Some(name(task)),
            item: Some(item),
        },
        depth: parent.depth + 1,
        limiter: parent.limiter.clone(),
        max_steps: parent.settings.safety.subagent.max_iterations,
        steering: Steering::open(),
        busy: Arc::default(),
        shared: Arc::default(),
        is_over: AtomicBool::new(false),
        purse: parent.purse.clone(),
        engine,
    })
}

fn opened(child: &TurnContext, item: ItemId, task: &AgentTask) -> Event {
    let now = child.engine.ambient.now();
    let trust = if child.gate.taint().is_marked() {
        Trust::Untrusted
    } else {
        Trust::Workspace
    };
    Event::Conversation(ConversationEvent::Opened {
        conversation: Box::new(ConversationView {
            id: child.conversation,
            kind: ConversationKind::Agent,
            title: name(task),
            workspace: child.workspace.display().to_string(),
            model: task.model.clone(),
            mode: None,
            parent: Some(item),
            forked_from: None,
            database: None,
            filing: anteroom_api::Filing::default(),
            trust,
            created_at: now,
            updated_at: now,
            seq: Seq(0),
            running: None,
            usage: Usage::default(),
        }),
    })
}

fn name(task: &AgentTask) -> String {
    let given = task.name.as_deref().unwrap_or("agent");
    let shown: String = given
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_NAME_CHARS)
        .collect();
    if shown.trim().is_empty() {
        "agent".to_owned()
    } else {
        shown.trim().to_owned()
    }
}
