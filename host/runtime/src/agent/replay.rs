//! A turn run again from its record: the same loop over a database of its own, with the model's answers, the
//! results of tools and the answers of people taken from the record. Nothing is asked, nothing is touched.

use super::record::Record;
use super::turn::{self, Opening, TurnContext};
use super::{calls, child, history};
use crate::approvals::{Asker, NOBODY};
use crate::audit::Audit;
use crate::bus::Bus;
use crate::conversation;
use crate::engine::{Engine, EngineParts, Paths};
use crate::host::{Port, no_conversation};
use crate::identity::Identity;
use anteroom_api::{
    Approval, BoxFuture, CallDecision, Content, ConversationId, ConversationView, Difference,
    Event, Item, ItemBody, ItemId, Meter, ModuleEvent, Problem, ProblemCode, ReplayReport,
    Resolution, RuleEvent, Status, Stop, StopReason, ToolCall, Topic, TurnId,
};
use anteroom_gate::{Asked, HOOK};
use anteroom_model::{Answer, CallRequest, ChatRequest, ModelError};
use anteroom_storage::{Entry, Storage, UserStamp};
use anteroom_tools::AgentTask;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the runs of replays live for as long as they last.
const FOLDER: &str = "temp";

/// Runs a turn again and says where it differs.
pub(crate) async fn replay(port: &Port, turn: TurnId) -> Result<ReplayReport, Problem> {
    let live = &port.engine;
    let conversation = live
        .storage
        .conversation_of_turn(turn)
        .await?
        .ok_or_else(|| Problem::new(ProblemCode::NotFound, format!("there is no turn `{turn}`")))?;
    let found = live.storage.conversation(conversation).await?;
    let view = found.ok_or_else(|| no_conversation(conversation))?;
    let record = Record::read(&live.storage, conversation, turn).await?;
    let record = record.ok_or_else(|| {
        Problem::new(ProblemCode::NotFound, "the record of this turn is gone")
            .hint("its events were dropped by the retention settings")
    })?;
    if record.stop.is_none() {
        return Err(
            Problem::new(ProblemCode::Conflict, "this turn still runs").hint("wait for its end")
        );
    }
    let folder = live
        .paths
        .data
        .join(FOLDER)
        .join(format!("replay-{}", live.ambient.uuid()));
    let ran = run(live, (view, record), &folder).await;
    // What is left there is a copy.
    drop(tokio::fs::remove_dir_all(&folder).await);
    ran
}

async fn run(
    live: &Arc<Engine>,
    (view, record): (ConversationView, Record),
    folder: &Path,
) -> Result<ReplayReport, Problem> {
    let engine = apart(live, folder).await?;
    prepare(live, &engine, &record).await?;
    let (turn, options) = (record.turn, record.options.clone());
    let script = Script::new(live.storage.clone(), record, None);
    let context =
        conversation::again(engine.clone(), view, (turn, options), script.clone()).await?;
    script.play(context, Vec::new()).await;
    engine.storage.clone().close().await?;
    Ok(script.report())
}

/// An engine with an empty database of its own, and otherwise as the living one.
async fn apart(live: &Engine, folder: &Path) -> Result<Arc<Engine>, Problem> {
    let settings = live.settings();
    let ambient = live.ambient.clone();
    let storage = Storage::open(&folder.join("replay.db"), ambient.now()).await?;
    let identity = Identity::ensure(folder, &settings.identity, &ambient)?;
    let user = UserStamp {
        user_id: identity.user_id().to_owned(),
        user_display_name: identity.display_name().to_owned(),
    };
    let audit = Audit::new(
        storage.clone(),
        ambient.clone(),
        identity,
        folder.to_path_buf(),
    );
    Ok(Engine::new(EngineParts {
        bus: Bus::new(storage.clone(), ambient.clone(), user),
        ambient,
        storage,
        registry: live.registry.clone(),
        paths: Paths {
            home: live.paths.home.clone(),
            data: folder.to_path_buf(),
            user_home: live.paths.user_home.clone(),
        },
        audit,
        settings: settings.as_ref().clone(),
    }))
}

/// Brings the other database to where the turn began: the conversation so far, and what is granted.
async fn prepare(live: &Engine, apart: &Engine, record: &Record) -> Result<(), Problem> {
    let mut host = Vec::new();
    for rule in live.storage.rules().await? {
        host.push(Event::Rule(RuleEvent::Kept { rule }));
    }
    for grant in live.storage.all_grants().await? {
        let at = live.ambient.now();
        host.push(Event::Module(ModuleEvent::Granted { grant, at }));
    }
    let append = async |topic, events| {
        let entry = Entry {
            topic,
            cause: None,
            at: live.ambient.now(),
            user: None,
            events,
        };
        apart.storage.append(entry).await
    };
    append(Topic::Host, host).await?;
    let before = record.before.iter().map(|envelope| envelope.event.clone());
    append(Topic::Conversation(record.conversation), before.collect()).await?;
    if let Some(prefix) = live.storage.prefix(record.conversation).await? {
        apart
            .storage
            .keep_prefix(record.conversation, prefix.into())
            .await?;
    }
    Ok(())
}

/// What stands in for the endpoint, the tools and the people while a turn is run again.
pub(crate) struct Script {
    live: Storage,
    record: Record,
    /// Which recorded call an item of the run stands for.
    items: Mutex<HashMap<ItemId, Item>>,
    /// Shared with the scripts of children.
    seen: Arc<Mutex<Seen>>,
    /// Whether the run was cut off where the recorded one was.
    is_cut: Mutex<bool>,
    /// The child's name, if this is a child's.
    agent: Option<String>,
}

#[derive(Default)]
struct Seen {
    steps: u32,
    calls: u32,
    differences: Vec<Difference>,
    /// Questions of the root conversation that were not asked again yet.
    approvals: Vec<(Approval, Option<(Resolution, String)>)>,
}

impl Script {
    fn new(live: Storage, mut record: Record, parent: Option<(&Self, String)>) -> Arc<Self> {
        let (seen, agent) = match parent {
            Some((parent, agent)) => (parent.seen.clone(), Some(agent)),
            None => (
                Arc::new(Mutex::new(Seen {
                    approvals: std::mem::take(&mut record.approvals),
                    ..Seen::default()
                })),
                None,
            ),
        };
        Arc::new(Self {
            live,
            record,
            items: Mutex::default(),
            seen,
            is_cut: Mutex::new(false),
            agent,
        })
    }

    /// Names of the tools that were offered; none if that is not known.
    pub(crate) fn tools(&self) -> Option<&[String]> {
        let first = self.record.steps.values().next()?;
        first.record.as_ref().map(|record| record.tools.as_slice())
    }

    /// Names of the tools that were offered in a step, as they were sent.
    pub(crate) fn tools_of(&self, step: u32) -> Vec<String> {
        let step = self.record.steps.get(&step);
        let record = step.and_then(|step| step.record.as_ref());
        record
            .map(|record| record.tools.clone())
            .unwrap_or_default()
    }

    /// The model that was asked, if it is known.
    pub(crate) fn model(&self) -> Option<String> {
        let first = self.record.steps.values().next()?;
        first.record.as_ref().map(|record| record.model.clone())
    }

    /// Whether the turn was a call that a person made.
    pub(crate) fn is_by_hand(&self) -> bool {
        self.record.by_hand().is_some()
    }

    /// The run ends here because the recorded one was cut off here.
    pub(super) fn cut(&self) {
        *self.is_cut.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Runs the turn to its end and compares how it ended.
    async fn play(self: &Arc<Self>, turn: Arc<TurnContext>, before: Vec<Event>) {
        // Held until the end: a dropped one would count as raised.
        let (_raise, stop) = Stop::new();
        let opening = Opening {
            cause: None,
            before,
            input: self.record.input.clone(),
            by_hand: self.record.by_hand(),
            opened: None,
        };
        let report = turn::run(turn, opening, stop).await;
        let is_cut = *self.is_cut.lock().unwrap_or_else(PoisonError::into_inner);
        let recorded = self.record.stop.clone().unwrap_or(StopReason::Interrupted);
        if !is_cut && kind(&recorded) != kind(&report.stop) {
            self.differ(
                report.steps,
                "end",
                (in_words(&recorded), in_words(&report.stop)),
            );
        }
    }

    /// The answer that was given to the request of a step.
    pub(crate) fn answer(&self, step: u32, request: &ChatRequest) -> Result<Answer, ModelError> {
        self.seen().steps += 1;
        let recorded = self.record.steps.get(&step);
        if let Some(kept) = recorded.and_then(|step| step.record.as_ref()) {
            let now = super::record::digest(request);
            if kept.request != now {
                self.differ(step, "request", (kept.request.clone(), now));
            }
        }
        self.record.answer(step).ok_or_else(|| {
            self.cut();
            if recorded.is_none() {
                let ended = "the turn was over".to_owned();
                self.differ(step, "step", (ended, "the model is asked again".to_owned()));
            }
            ModelError::Cancelled
        })
    }

    /// What a person added after a step.
    pub(crate) fn added(&self, step: u32) -> Vec<Vec<anteroom_api::Content>> {
        let is_last = self.record.steps.keys().next_back() <= Some(&step);
        match self.record.steps.get(&step) {
            Some(recorded) if !is_last => recorded.added.clone(),
            Some(_) | None => Vec::new(),
        }
    }

    /// The summary that was written in a step.
    pub(crate) fn summary(&self, step: u32) -> Option<String> {
        let found = self.record.summaries.get(&step).cloned();
        if found.is_none() {
            let now = "the history is summarized".to_owned();
            self.differ(step, "summary", ("none".to_owned(), now));
        }
        found
    }

    /// What a person answered.
    pub(crate) fn resolution(&self, asker: &Asker, asked: &Asked) -> (Resolution, String) {
        let fits = |approval: &Approval| {
            approval.tool == asker.tool
                && approval.agent == asker.agent
                && approval.effect.kind == asked.effect.kind
                && approval.effect.summary == asked.effect.summary
        };
        let mut seen = self.seen();
        let place = seen.approvals.iter().position(|(open, _)| fits(open));
        if let Some(place) = place {
            let (_, answer) = seen.approvals.remove(place);
            return answer.unwrap_or((Resolution::NotAnswered, NOBODY.to_owned()));
        }
        drop(seen);
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let decided = items.get(&asker.item).and_then(|item| {
            let decisions = &call_of(item)?.decisions;
            decisions
                .iter()
                .find(|decision| decision.effect == asked.effect.summary)
        });
        if let Some(decision) = decided {
            return (decision.resolution.clone(), decision.by.clone());
        }
        let step = items.get(&asker.item).map_or(0, |item| item.step);
        drop(items);
        let now = format!("asks: {}", asked.effect.summary);
        self.differ(step, "approval", ("not asked".to_owned(), now));
        (Resolution::NotAnswered, NOBODY.to_owned())
    }

    /// What the model was told of the recorded call, if a hook refused it: hooks are not asked again.
    pub(crate) fn refused_by_hook(&self, item: ItemId) -> Option<String> {
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let recorded = items.get(&item)?;
        let call = call_of(recorded)?;
        let is_by_hook = |decision: &CallDecision| {
            decision.by == HOOK && matches!(decision.resolution, Resolution::Denied { .. })
        };
        if recorded.status != Status::Denied || !call.decisions.iter().any(is_by_hook) {
            return None;
        }
        call.result.as_ref().map(history::for_model)
    }

    /// Lets an item of the run stand for the recorded call.
    pub(crate) fn begin(&self, item: &Item, request: &CallRequest) {
        self.seen().calls += 1;
        match self.record.call(item.step, &request.id) {
            Some(recorded) => {
                let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
                items.insert(item.id, recorded.clone());
            }
            None => {
                let now = format!("calls {}", request.name);
                self.differ(item.step, "call", ("no such call".to_owned(), now));
            }
        }
    }

    /// What came of a call. `refused` is what the gate says now, if it would not let it run.
    pub(crate) async fn outcome(
        &self,
        turn: &Arc<TurnContext>,
        item: Item,
        refused: Option<String>,
    ) -> Item {
        let recorded = {
            let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
            items.get(&item.id).cloned()
        };
        let Some(recorded) = recorded else {
            return calls::not_recorded(item);
        };
        let Some(call) = call_of(&recorded) else {
            return calls::not_recorded(item);
        };
        let ran = call.meter.as_ref().is_some_and(|m| *m != Meter::default());
        let was_refused = recorded.status == Status::Denied && !ran;
        match (&refused, was_refused) {
            (Some(now), false) => {
                let was = format!("{} ran", call.tool);
                self.differ(item.step, "verdict", (was, now.clone()));
            }
            (None, true) => {
                let was = format!("{} was refused", call.tool);
                self.differ(item.step, "verdict", (was, "it would run".to_owned()));
            }
            (Some(_), true) | (None, false) => {}
        }
        let child = match call.child {
            Some(child) => self.child(turn, (item.id, item.step), child).await,
            None => None,
        };
        let body = ItemBody::ToolCall(ToolCall {
            child,
            ..call.clone()
        });
        Item {
            id: item.id,
            turn: item.turn,
            created_at: item.created_at,
            body,
            ..recorded
        }
    }

    /// Runs a child's turn again; gives its conversation.
    fn child<'a>(
        &'a self,
        parent: &'a Arc<TurnContext>,
        place: (ItemId, u32),
        recorded: ConversationId,
    ) -> BoxFuture<'a, Option<ConversationId>> {
        Box::pin(self.child_again(parent, place, recorded))
    }

    async fn child_again(
        &self,
        parent: &Arc<TurnContext>,
        (item, step): (ItemId, u32),
        recorded: ConversationId,
    ) -> Option<ConversationId> {
        let lost = |text: &str| {
            let was = format!("child agent {recorded}");
            self.differ(step, "child", (was, text.to_owned()));
        };
        let view = self.live.conversation(recorded).await.ok().flatten();
        let turns = self.live.turns(recorded).await.unwrap_or_default();
        let (Some(view), Some(turn)) = (view, turns.first()) else {
            lost("its record is gone");
            return None;
        };
        let Ok(Some(record)) = Record::read(&self.live, recorded, turn.id).await else {
            lost("its record is gone");
            return None;
        };
        let input = record.input.first();
        let task = AgentTask {
            prompt: match input {
                Some(Content::Text { text }) => text.clone(),
                Some(
                    Content::Image { .. }
                    | Content::Attachment(_)
                    | Content::Prompt { .. }
                    | Content::Skill { .. },
                )
                | None => String::new(),
            },
            name: Some(view.title.clone()),
            model: view.model,
            tools: None,
        };
        let script = Self::new(self.live.clone(), record, Some((self, view.title)));
        let (context, opened) = child::again(parent, item, &task, script.clone());
        let conversation = context.conversation;
        script.play(context, vec![opened]).await;
        Some(conversation)
    }

    fn differ(&self, step: u32, what: &str, (recorded, now): (String, String)) {
        let what = match &self.agent {
            Some(agent) => format!("{what} of {agent}"),
            None => what.to_owned(),
        };
        self.seen().differences.push(Difference {
            step,
            what,
            recorded,
            now,
        });
    }

    fn report(&self) -> ReplayReport {
        let seen = self.seen();
        ReplayReport {
            turn: self.record.turn,
            steps: seen.steps,
            calls: seen.calls,
            differences: seen.differences.clone(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn call_of(item: &Item) -> Option<&ToolCall> {
    match &item.body {
        ItemBody::ToolCall(call) => Some(call),
        ItemBody::UserMessage { .. }
        | ItemBody::AgentMessage { .. }
        | ItemBody::Reasoning { .. }
        | ItemBody::Summary { .. } => None,
    }
}

/// Reasons are compared by kind: their words may hold times.
fn kind(stop: &StopReason) -> std::mem::Discriminant<StopReason> {
    std::mem::discriminant(stop)
}

fn in_words(stop: &StopReason) -> String {
    match stop {
        StopReason::EndTurn => "it was done".to_owned(),
        StopReason::MaxSteps => "the step limit".to_owned(),
        StopReason::MaxTokens => "the token limit".to_owned(),
        StopReason::Refusal => "the model refused".to_owned(),
        StopReason::Cancelled => "cancelled".to_owned(),
        StopReason::Interrupted => "interrupted".to_owned(),
        StopReason::Budget { text } => text.clone(),
        StopReason::Failed { problem } => problem.to_string(),
    }
}
