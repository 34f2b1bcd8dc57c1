//! A host in memory that plays a script; a test double only.

mod answers;
mod bench;
pub(crate) mod filed;
mod servers;
mod sink;

use crate::chat::keyboard::Typed;
use crate::interrupts::Interrupt;
pub(crate) use bench::{Bench, Ran};
pub(crate) use sink::Sink;

use anteroom_api::reads::Read;
use anteroom_api::{
    Approval, ApprovalEvent, ApprovalId, AuditFilter, AuditRecord, AuditReport, BoxFuture, CallHit,
    CanvasDiff, CanvasId, CanvasView, ChangeView, ConversationId, ConversationKind, ConversationOp,
    ConversationView, DatabaseView, Decision, Delta, EffectKind, EffectView, EndpointReport,
    EndpointSpec, Envelope, Event, FileDiff, Finding, FoundEndpoint, HostPort, Item, ItemBody,
    ItemEvent, ItemId, ItemsAt, ModuleView, Op, OpId, OpenApproval, Origin, Page, PathHits,
    Problem, ProblemCode, PromptReport, Question, QueuedInput, Reads, Rejection, ReplayReport,
    RuleView, ScopeOffer, SearchHit, Seq, SettingView, SettingsReport, Signal, Signals, Status,
    StopReason, Tier, ToolCall, Topic, Trust, TurnEvent, TurnId, TurnOp, TurnView, UndoTarget,
    UndoneFile, UnixMillis, Usage, WorkspaceTrust, WorkspaceView,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use uuid_of::id;

/// Ids by number.
pub(crate) mod uuid_of {
    /// The id with this number, as text that every id type parses.
    pub(crate) fn id<T: std::str::FromStr<Err = E>, E: std::fmt::Debug>(number: u32) -> T {
        format!("00000000-0000-7000-8000-{number:012}")
            .parse()
            .unwrap()
    }
}

/// The first conversation that is opened.
pub(crate) fn conversation() -> ConversationId {
    id(1)
}
/// The turn started in it.
pub(crate) fn turn() -> TurnId {
    id(2)
}

/// One step of a script. It is played up to the next `Await` whose wish has not come yet.
pub(crate) enum Step {
    Await(fn(&Op) -> bool),
    Fact(Box<Event>),
    /// A fact on the host's topic.
    News(Box<Event>),
    Preview(Delta),
    /// The follower loses its place; what follows is only in the log.
    Lag,
    Trouble(Problem),
    Interrupt(Interrupt),
    Type(Typed),
}

pub(crate) fn is_start(op: &Op) -> bool {
    matches!(op, Op::Turn(TurnOp::Start { .. } | TurnOp::Call { .. }))
}
pub(crate) fn is_cancel(op: &Op) -> bool {
    matches!(op, Op::Turn(TurnOp::Cancel { .. }))
}
pub(crate) fn is_decision(op: &Op) -> bool {
    matches!(op, Op::Approval(_))
}

pub(crate) fn is_answer(op: &Op) -> bool {
    matches!(op, Op::Elicitation(_))
}

/// What the reads answer.
#[derive(Clone, Debug)]
pub(crate) struct Views {
    pub(crate) settings: SettingsReport,
    pub(crate) local: Vec<FoundEndpoint>,
    pub(crate) endpoint: EndpointReport,
    pub(crate) conversations: Vec<ConversationView>,
    pub(crate) items: Vec<Item>,
    pub(crate) modules: Vec<ModuleView>,
    pub(crate) skills: Vec<anteroom_api::SkillView>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) hits: Vec<SearchHit>,
    pub(crate) changes: Vec<ChangeView>,
    pub(crate) bundles: Vec<anteroom_api::BundleView>,
    pub(crate) mcp: servers::Servers,
    /// What each look at a bundle finds.
    pub(crate) reports: Vec<anteroom_api::BundleReport>,
    pub(crate) locked: Vec<anteroom_api::BundleLocked>,
    pub(crate) databases: Vec<DatabaseView>,
    /// Every version of each canvas, oldest first.
    pub(crate) canvases: Vec<CanvasView>,
    pub(crate) diffs: Vec<FileDiff>,
    pub(crate) turns: Vec<TurnView>,
    pub(crate) rules: Vec<RuleView>,
    /// What an undo answers.
    pub(crate) undone: Vec<UndoneFile>,
    /// What people order their conversations with.
    pub(crate) filed: filed::Filed,
}

impl Default for Views {
    fn default() -> Self {
        Self {
            settings: SettingsReport {
                path: "/home/u/.anteroom/config.yaml".into(),
                settings: vec![
                    setting("ai.base_url", json!("http://127.0.0.1:9/v1")),
                    setting("ai.model", json!("qwen3")),
                    setting("safety.approval_mode", json!("ask_for_writes")),
                ],
                warnings: vec![],
            },
            local: vec![],
            endpoint: EndpointReport {
                models: vec![],
                model: None,
                steps: vec![],
            },
            conversations: vec![],
            items: vec![],
            skills: vec![],
            modules: vec![],
            findings: vec![],
            changes: vec![],
            databases: vec![],
            undone: vec![],
            bundles: vec![],
            mcp: servers::Servers::default(),
            reports: vec![],
            locked: vec![],
            filed: filed::Filed::default(),
            canvases: vec![],
            diffs: vec![],
            turns: vec![],
            rules: vec![],
            hits: vec![],
        }
    }
}

pub(crate) fn setting(key: &str, value: Value) -> SettingView {
    let told = serde_json::json!({
        "key": key, "value": value, "default": null, "origin": { "origin": "default" }, "doc": "",
        "is_secret": false, "page": { "may": "set" },
    });
    serde_json::from_value(told).unwrap()
}

pub(crate) struct Fake {
    state: Mutex<State>,
    pub(crate) views: Views,
}

#[derive(Default)]
struct State {
    ops: Vec<Op>,
    /// What the next config files are refused with.
    refusals: VecDeque<ProblemCode>,
    log: BTreeMap<String, Vec<Envelope>>,
    followers: Vec<(Topic, mpsc::Sender<Signal>)>,
    script: VecDeque<Step>,
    interrupts: Option<mpsc::Sender<Interrupt>>,
    keys: Option<mpsc::Sender<Typed>>,
}

impl Fake {
    /// Refuses the next config files, each with one of these.
    pub(crate) fn refuse(&self, codes: &[ProblemCode]) {
        self.state.lock().unwrap().refusals = codes.iter().copied().collect();
    }

    pub(crate) fn new(script: Vec<Step>, views: Views) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                script: script.into(),
                ..State::default()
            }),
            views,
        })
    }

    /// Where the keys of the script go.
    pub(crate) fn type_through(&self, keys: mpsc::Sender<Typed>) {
        self.state.lock().unwrap().keys = Some(keys);
    }

    pub(crate) fn ops(&self) -> Vec<Op> {
        self.state.lock().unwrap().ops.clone()
    }
}

impl State {
    fn tell(&mut self, topic: Topic, cause: Option<OpId>, event: Event) {
        let log = self.log.entry(topic.to_string()).or_default();
        let envelope = Envelope {
            topic,
            seq: Seq(log.len() as u64 + 1),
            at: UnixMillis(1_000 * (log.len() as i64 + 1)),
            cause,
            event,
        };
        log.push(envelope.clone());
        self.send(topic, &Signal::Event { envelope });
    }

    fn send(&mut self, topic: Topic, signal: &Signal) {
        self.followers.retain(|(followed, sender)| {
            *followed != topic || sender.try_send(signal.clone()).is_ok()
        });
    }

    fn play(&mut self, op: &Op) {
        let topic = Topic::Conversation(conversation());
        let mut op = Some(op);
        while let Some(step) = self.script.pop_front() {
            match step {
                Step::Await(is_awaited) => {
                    if op.take().is_some_and(is_awaited) {
                        continue;
                    }
                    self.script.push_front(Step::Await(is_awaited));
                    return;
                }
                Step::Fact(event) => self.tell(topic, None, *event),
                Step::News(event) => self.tell(Topic::Host, None, *event),
                Step::Preview(delta) => self.send(topic, &Signal::Delta { delta }),
                Step::Lag => {
                    let resume = Seq(self.log.get(&topic.to_string()).map_or(0, Vec::len) as u64);
                    self.send(topic, &Signal::Lagged { resume });
                    self.followers.retain(|(followed, _)| *followed != topic);
                }
                Step::Trouble(problem) => self.send(
                    topic,
                    &Signal::Trouble {
                        turn: Some(turn()),
                        problem,
                    },
                ),
                Step::Type(typed) => {
                    if let Some(keys) = &self.keys {
                        keys.try_send(typed).unwrap();
                    }
                }
                Step::Interrupt(interrupt) => {
                    if let Some(sender) = &self.interrupts {
                        sender.try_send(interrupt).unwrap();
                    }
                }
            }
        }
    }
}

impl HostPort for Fake {
    fn submit(&self, op: Op) -> BoxFuture<'_, Result<OpId, Rejection>> {
        let mut state = self.state.lock().unwrap();
        state.ops.push(op.clone());
        if matches!(op, Op::Setting(anteroom_api::SettingOp::Replace { .. }))
            && let Some(code) = state.refusals.pop_front()
        {
            let problem = Problem::new(code, "refused");
            return Box::pin(async move { Err(Rejection(problem)) });
        }
        let starts = state.ops.iter().filter(|op| is_start(op)).count() as u32;
        let op_id: OpId = match &op {
            Op::Conversation(ConversationOp::Open { .. }) => id(1),
            op if is_start(op) => id(1 + starts),
            _ => id(100 + state.ops.len() as u32),
        };
        if let Some((topic, event)) = answers::answer(&op, &self.views) {
            state.tell(topic, Some(op_id), event);
        }
        state.play(&op);
        Box::pin(async move { Ok(op_id) })
    }

    fn follow(&self, topic: Topic, after: Option<Seq>) -> Signals {
        let (sender, receiver) = mpsc::channel(1024);
        let mut state = self.state.lock().unwrap();
        let after = after.unwrap_or_default();
        for envelope in state.log.get(&topic.to_string()).into_iter().flatten() {
            if envelope.seq > after {
                sender
                    .try_send(Signal::Event {
                        envelope: envelope.clone(),
                    })
                    .unwrap();
            }
        }
        state.followers.push((topic, sender));
        Signals::new(receiver)
    }

    fn reads(&self) -> &dyn Reads {
        self
    }
}

fn ready<T: Send + 'static>(value: T) -> Read<'static, T> {
    Box::pin(std::future::ready(Ok(value)))
}

impl Reads for Fake {
    fn conversations(&self, _: Option<String>, _: u32) -> Read<'_, Page<ConversationView>> {
        ready(Page {
            entries: self.views.conversations.clone(),
            before: None,
            after: None,
            place: None,
        })
    }
    fn conversation(&self, conversation: ConversationId) -> Read<'_, ConversationView> {
        let found = self
            .views
            .conversations
            .iter()
            .find(|view| view.id == conversation)
            .cloned();
        Box::pin(async move { found.ok_or_else(|| Problem::new(ProblemCode::NotFound, "gone")) })
    }
    fn conversation_markdown(&self, id: ConversationId) -> Read<'_, String> {
        let found = self.conversation(id);
        Box::pin(async move { Ok(format!("# {}\n", found.await?.title)) })
    }
    fn items(&self, _: ConversationId, _: ItemsAt, _: u32) -> Read<'_, Page<Item>> {
        ready(Page {
            entries: self.views.items.clone(),
            before: None,
            after: None,
            place: None,
        })
    }
    fn turns(&self, _: ConversationId) -> Read<'_, Vec<TurnView>> {
        ready(self.views.turns.clone())
    }
    fn queue(&self, _: ConversationId) -> Read<'_, Vec<QueuedInput>> {
        ready(vec![])
    }
    fn approvals(&self, _: ConversationId) -> Read<'_, Vec<Approval>> {
        ready(vec![])
    }
    fn questions(&self, _: ConversationId) -> Read<'_, Vec<Question>> {
        ready(vec![])
    }
    fn canvases(&self, _: ConversationId) -> Read<'_, Vec<CanvasView>> {
        ready(answers::newest(&self.views.canvases))
    }
    fn canvas_versions(&self, _: ConversationId, id: CanvasId) -> Read<'_, Vec<CanvasView>> {
        let all = self.views.canvases.iter();
        ready(all.filter(|canvas| canvas.id == id).cloned().collect())
    }
    fn canvas_diff(
        &self,
        _: ConversationId,
        _: CanvasId,
        (from, to): (u32, u32),
    ) -> Read<'_, CanvasDiff> {
        ready(CanvasDiff {
            from,
            to,
            added: 1,
            removed: 1,
            unified: "@@ -1 +1 @@\n-old\n+new\n".into(),
        })
    }
    fn models(&self) -> Read<'_, Vec<String>> {
        ready(vec!["qwen3".into(), "big".into()])
    }
    fn diff(&self, _: ConversationId, _: Option<UndoTarget>) -> Read<'_, Vec<FileDiff>> {
        ready(self.views.diffs.clone())
    }
    fn filtered(
        &self,
        filter: anteroom_api::ConversationFilter,
        _: Option<String>,
        _: u32,
    ) -> Read<'_, Page<ConversationView>> {
        filed::filtered(&self.views, &filter)
    }
    fn tags(&self) -> Read<'_, Vec<anteroom_api::TagView>> {
        ready(self.views.filed.tags.clone())
    }
    fn folders(&self) -> Read<'_, Vec<anteroom_api::FolderView>> {
        ready(self.views.filed.folders.clone())
    }
    fn projects(&self) -> Read<'_, Vec<anteroom_api::ProjectView>> {
        ready(self.views.filed.projects.clone())
    }
    fn text(&self, id: ConversationId, version: Option<u32>) -> Read<'_, anteroom_api::TextView> {
        filed::text(&self.views, id, version)
    }
    fn text_versions(&self, id: ConversationId) -> Read<'_, Vec<anteroom_api::TextVersion>> {
        filed::text_versions(&self.views, id)
    }
    fn spending(&self, _: UnixMillis) -> Read<'_, Vec<anteroom_api::SpendingRow>> {
        ready(self.views.filed.spending.clone())
    }
    fn search(&self, _: String, _: Option<ConversationId>, _: u32) -> Read<'_, Vec<SearchHit>> {
        ready(self.views.hits.clone())
    }
    fn host_seq(&self) -> Read<'_, Seq> {
        let log = &self.state.lock().unwrap().log;
        ready(Seq(log.get("host").map_or(0, Vec::len) as u64))
    }
    fn modules(&self, _: String) -> Read<'_, Vec<ModuleView>> {
        ready(self.views.modules.clone())
    }
    fn settings(&self) -> Read<'_, SettingsReport> {
        ready(self.views.settings.clone())
    }
    fn config_schema(&self) -> Read<'_, Value> {
        ready(json!({"type": "object"}))
    }
    fn local_endpoints(&self) -> Read<'_, Vec<FoundEndpoint>> {
        ready(self.views.local.clone())
    }
    fn test_endpoint(&self, _: Option<EndpointSpec>) -> Read<'_, EndpointReport> {
        ready(self.views.endpoint.clone())
    }
    fn doctor(&self) -> Read<'_, Vec<Finding>> {
        ready(self.views.findings.clone())
    }
    fn open_approvals(&self) -> Read<'_, Vec<OpenApproval>> {
        ready(vec![])
    }
    fn rules(&self) -> Read<'_, Vec<RuleView>> {
        ready(self.views.rules.clone())
    }
    fn calls(&self, _: String) -> Read<'_, Vec<CallHit>> {
        ready(vec![])
    }
    fn sessions(&self) -> Read<'_, Vec<anteroom_api::SessionView>> {
        ready(vec![])
    }
    fn session_by(&self, _: String, _: String) -> Read<'_, Option<anteroom_api::SessionView>> {
        ready(None)
    }
    fn session_tabs(&self, _: String) -> Read<'_, Vec<String>> {
        ready(vec![])
    }
    fn skills(&self, _: String) -> Read<'_, Vec<anteroom_api::SkillView>> {
        ready(self.views.skills.clone())
    }
    fn skill(&self, _: String, name: String) -> Read<'_, anteroom_api::SkillView> {
        answers::skill(&self.views.skills, &name)
    }
    fn skill_at(&self, path: String) -> Read<'_, anteroom_api::SkillView> {
        self.skill(String::new(), path)
    }
    fn mcp_servers(&self, _: String) -> Read<'_, Vec<anteroom_api::McpServerView>> {
        ready(self.views.mcp.servers.clone())
    }
    fn mcp_log(&self, _: String) -> Read<'_, Vec<String>> {
        ready(self.views.mcp.log.clone())
    }
    fn mcp_resources(&self, _: String) -> Read<'_, Vec<anteroom_api::McpResourceView>> {
        ready(self.views.mcp.resources.clone())
    }
    fn mcp_prompts(&self, _: String) -> Read<'_, Vec<anteroom_api::McpPromptView>> {
        ready(self.views.mcp.prompts.clone())
    }
    fn servers(&self) -> Read<'_, Vec<anteroom_api::ServerView>> {
        ready(vec![])
    }
    fn bundles(&self) -> Read<'_, Vec<anteroom_api::BundleView>> {
        ready(self.views.bundles.clone())
    }
    fn inspect_bundle(
        &self,
        wish: anteroom_api::BundleWish,
    ) -> Read<'_, anteroom_api::BundleReport> {
        let found = self.views.reports.first().cloned();
        let none = Problem::new(ProblemCode::NotFound, format!("no {wish:?}"));
        Box::pin(async move { found.ok_or(none) })
    }
    fn check_bundle(&self, _: String) -> Read<'_, Vec<anteroom_api::Finding>> {
        ready(self.views.findings.clone())
    }
    fn bundle_lock(&self, _: String) -> Read<'_, Vec<anteroom_api::BundleLocked>> {
        ready(self.views.locked.clone())
    }
    fn grants(&self) -> Read<'_, Vec<anteroom_api::GrantOp>> {
        ready(vec![])
    }
    fn changes(&self, _: ConversationId) -> Read<'_, Vec<ChangeView>> {
        ready(self.views.changes.clone())
    }
    fn audit(&self, _: AuditFilter, _: Option<String>, _: u32) -> Read<'_, Page<AuditRecord>> {
        ready(Page {
            entries: vec![],
            before: None,
            after: None,
            place: None,
        })
    }
    fn audit_report(&self) -> Read<'_, AuditReport> {
        ready(AuditReport {
            records: 0,
            signatures: 0,
            first_bad: None,
            remarks: vec![],
        })
    }
    fn databases(&self, _: bool) -> Read<'_, Vec<DatabaseView>> {
        ready(self.views.databases.clone())
    }
    fn paths(&self, _: String, typed: String, _: u32) -> Read<'_, PathHits> {
        ready(PathHits {
            paths: vec![format!("{typed}.rs")],
            is_whole: true,
        })
    }
    fn workspace(&self, path: String) -> Read<'_, WorkspaceView> {
        ready(WorkspaceView {
            path,
            trust: WorkspaceTrust::Unknown,
            hash: String::new(),
            holds: vec![],
            settings: Vec::new(),
            kinds: vec!["Rust".into()],
            instructions: vec!["/home/u/work/AGENTS.md".into()],
        })
    }
    fn prompt(
        &self,
        _: Option<ConversationId>,
        _: String,
        _: Option<anteroom_api::ProjectId>,
    ) -> Read<'_, PromptReport> {
        ready(PromptReport {
            sections: vec![],
            tools: vec![],
            tokens: 0,
        })
    }
    fn misfits(&self, schema: Value, text: String) -> Read<'_, Vec<String>> {
        // Enough of a schema for a test: a text that must occur.
        let wanted = schema["const"].as_str().unwrap_or_default();
        ready(match text.contains(wanted) {
            true => vec![],
            false => vec![format!("`{wanted}` was expected")],
        })
    }
    fn identity(&self) -> Read<'_, anteroom_api::IdentityView> {
        ready(anteroom_api::IdentityView {
            user_id: "u-1".into(),
            display_name: "Ada".into(),
            public_key: "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n".into(),
        })
    }
    fn replay(&self, turn: TurnId) -> Read<'_, ReplayReport> {
        ready(ReplayReport {
            turn,
            steps: 0,
            calls: 0,
            differences: vec![],
        })
    }
}

pub(crate) fn view(number: u32, workspace: &str) -> ConversationView {
    ConversationView {
        id: id(number),
        kind: ConversationKind::Chat,
        title: format!("Talk {number}"),
        workspace: workspace.into(),
        model: None,
        mode: None,
        parent: None,
        forked_from: None,
        database: None,
        filing: anteroom_api::Filing::default(),
        trust: Trust::User,
        created_at: UnixMillis(0),
        updated_at: UnixMillis(0),
        seq: Seq(0),
        running: None,
        usage: Usage::default(),
    }
}

// What scripts are made of.

pub(crate) fn fact(event: Event) -> Step {
    Step::Fact(Box::new(event))
}

pub(crate) fn started() -> Step {
    fact(Event::Turn(TurnEvent::Started {
        turn: turn(),
        options: Default::default(),
    }))
}

pub(crate) fn ended(stop: StopReason) -> Step {
    fact(Event::Turn(TurnEvent::Ended {
        turn: turn(),
        stop,
        usage: Usage {
            prompt_tokens: 3_100,
            completion_tokens: 812,
            ..Usage::default()
        },
    }))
}

pub(crate) fn item(number: u32, status: Status, body: ItemBody) -> Item {
    Item {
        id: id(number),
        turn: turn(),
        step: 1,
        status,
        origin: Origin::Model,
        created_at: UnixMillis(0),
        body,
    }
}

pub(crate) fn begun(item: Item) -> Step {
    fact(Event::Item(ItemEvent::Started(item)))
}

pub(crate) fn done(item: Item) -> Step {
    fact(Event::Item(ItemEvent::Completed(item)))
}

pub(crate) fn message(number: u32, text: &str) -> Step {
    let body = ItemBody::AgentMessage { text: text.into() };
    done(item(number, Status::Completed, body))
}

pub(crate) fn call(number: u32, status: Status, call: ToolCall) -> Step {
    done(item(number, status, ItemBody::ToolCall(call)))
}

pub(crate) fn bash(command: &str) -> ToolCall {
    ToolCall {
        call: "c".into(),
        tool: "bash".into(),
        arguments: json!({ "command": command }),
        tier: Tier::Execute,
        decisions: vec![],
        result: None,
        meter: None,
        child: None,
    }
}

pub(crate) fn approval(number: u32, tier: Tier, scopes: Vec<ScopeOffer>) -> Approval {
    Approval {
        id: id::<ApprovalId, _>(number),
        turn: turn(),
        item: id::<ItemId, _>(99),
        agent: None,
        tool: "bash".into(),
        effect: EffectView {
            kind: EffectKind::Process,
            summary: "cargo test".into(),
            detail: None,
            preview: None,
        },
        tier,
        reasons: vec![],
        scopes,
        digest: "d1".into(),
        requested_at: UnixMillis(0),
        expires_at: UnixMillis(120_000),
    }
}

pub(crate) fn asked(approval: Approval) -> Step {
    fact(Event::Approval(ApprovalEvent::Requested {
        approval: Box::new(approval),
    }))
}

/// The decisions that were submitted.
pub(crate) fn decisions(ops: &[Op]) -> Vec<Decision> {
    ops.iter()
        .filter_map(|op| match op {
            Op::Approval(anteroom_api::ApprovalOp::Decide { decision, .. }) => {
                Some(decision.clone())
            }
            _ => None,
        })
        .collect()
}
