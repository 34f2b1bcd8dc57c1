//! A host in memory that knows sessions and nothing else; a test double only.

use anteroom_api::reads::Read;
use anteroom_api::{
    Approval, AuditFilter, AuditRecord, AuditReport, BoxFuture, CallHit, CanvasDiff, CanvasId,
    CanvasView, ChangeView, ConversationFilter, ConversationId, ConversationView, DatabaseView,
    EndpointReport, EndpointSpec, Envelope, Event, FileDiff, Finding, FolderView, FoundEndpoint,
    GrantOp, HostHandle, HostPort, IdentityView, Item, ItemsAt, McpPromptView, McpResourceView,
    McpServerView, ModuleView, Op, OpId, OpenApproval, Page, PathHits, Problem, ProblemCode,
    ProjectId, ProjectView, PromptReport, Question, QueuedInput, Reads, Rejection, ReplayReport,
    RuleView, SearchHit, Seq, ServerView, SessionEvent, SessionHow, SessionId, SessionOp,
    SessionView, SessionWay, SettingsReport, Signal, Signals, SpendingRow, TagView, TextVersion,
    TextView, Topic, TurnId, TurnView, UndoTarget, UnixMillis, WorkspaceView,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

/// What the host remembers.
#[derive(Default)]
pub(crate) struct Fake {
    state: Mutex<State>,
    /// How often it was asked who somebody is.
    pub(crate) asked: AtomicUsize,
}

#[derive(Default)]
struct State {
    invites: BTreeSet<String>,
    sessions: BTreeMap<SessionId, Kept>,
    /// Wishes about anything but sessions, and those about sessions.
    ops: Vec<Op>,
    followers: Vec<mpsc::Sender<Signal>>,
    next: u128,
}

struct Kept {
    cookie: String,
    tabs: BTreeSet<String>,
    view: SessionView,
}

impl Fake {
    pub(crate) fn handle(self: &Arc<Self>) -> HostHandle {
        HostHandle::new(self.clone())
    }

    /// All wishes so far but that somebody was there.
    pub(crate) fn ops(&self) -> Vec<Op> {
        let is_wish = |op: &&Op| {
            let is_about_being_there = matches!(
                op,
                Op::Session(SessionOp::Used { .. } | SessionOp::Attend { .. })
            );
            !is_about_being_there
        };
        self.state
            .lock()
            .unwrap()
            .ops
            .iter()
            .filter(is_wish)
            .cloned()
            .collect()
    }

    /// All wishes so far.
    pub(crate) fn all_ops(&self) -> Vec<Op> {
        self.state.lock().unwrap().ops.clone()
    }

    pub(crate) fn uses(&self) -> usize {
        let state = self.state.lock().unwrap();
        let is_use = |op: &&Op| matches!(op, Op::Session(SessionOp::Used { .. }));
        state.ops.iter().filter(is_use).count()
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Invitations and sessions run out, and nobody is told.
    pub(crate) fn run_out(&self) {
        let mut state = self.state.lock().unwrap();
        state.invites.clear();
        state.sessions.clear();
    }

    /// Somebody ends a session elsewhere.
    pub(crate) fn end(&self, session: SessionId) {
        let mut state = self.state.lock().unwrap();
        state.end(session);
    }
}

impl State {
    fn open(&mut self, op: SessionOp, id: SessionId) -> Result<(), Rejection> {
        let SessionOp::Open {
            way,
            cookie_hash,
            tab_hash,
            label,
            ..
        } = op
        else {
            unreachable!()
        };
        let how = match way {
            SessionWay::Launch { hash } if self.invites.remove(&hash) => SessionHow::Launch,
            SessionWay::Password { password } if password.expose() == "correct horse" => {
                SessionHow::Password
            }
            _ => return Err(Problem::new(ProblemCode::Denied, "no").into()),
        };
        let at = UnixMillis(1);
        let view = SessionView {
            id,
            label,
            how,
            opened_at: at,
            used_at: at,
            ends_at: at,
        };
        let tabs = [tab_hash].into();
        self.sessions.insert(
            id,
            Kept {
                cookie: cookie_hash,
                tabs,
                view,
            },
        );
        Ok(())
    }

    fn end(&mut self, session: SessionId) {
        if self.sessions.remove(&session).is_none() {
            return;
        }
        self.next += 1;
        let envelope = Envelope {
            topic: Topic::Host,
            seq: Seq(self.next as u64),
            at: UnixMillis(1),
            cause: None,
            event: Event::Session(SessionEvent::Ended { session }),
        };
        for follower in &self.followers {
            let _ = follower.try_send(Signal::Event {
                envelope: envelope.clone(),
            });
        }
    }
}

impl HostPort for Fake {
    fn submit(&self, op: Op) -> BoxFuture<'_, Result<OpId, Rejection>> {
        Box::pin(async move {
            let mut state = self.state.lock().unwrap();
            state.next += 1;
            let id = OpId(uuid::Uuid::from_u128(state.next));
            state.ops.push(op.clone());
            let Op::Session(op) = op else { return Ok(id) };
            match op {
                SessionOp::Invite { hash } => drop(state.invites.insert(hash)),
                SessionOp::Open { .. } => state.open(op, id.into())?,
                SessionOp::Tab { session, tab_hash } => {
                    let kept = state.sessions.get_mut(&session);
                    kept.unwrap().tabs.insert(tab_hash);
                }
                SessionOp::End { session } => state.end(session),
                SessionOp::EndAll => {
                    let all: Vec<SessionId> = state.sessions.keys().copied().collect();
                    all.into_iter().for_each(|session| state.end(session));
                }
                SessionOp::Used { .. }
                | SessionOp::SetPassword { .. }
                | SessionOp::Attend { .. } => {}
            }
            Ok(id)
        })
    }

    fn follow(&self, _: Topic, _: Option<Seq>) -> Signals {
        let (sender, receiver) = mpsc::channel(16);
        self.state.lock().unwrap().followers.push(sender);
        Signals::new(receiver)
    }

    fn reads(&self) -> &dyn Reads {
        self
    }
}

macro_rules! not_here {
    ($($name:ident($($arg:ty),*) -> $out:ty;)*) => {$(
        fn $name(&self, $(_: $arg),*) -> Read<'_, $out> {
            let problem = Problem::new(ProblemCode::NotFound, concat!("no ", stringify!($name)));
            Box::pin(async move { Err(problem) })
        }
    )*};
}

impl Reads for Fake {
    fn sessions(&self) -> Read<'_, Vec<SessionView>> {
        let state = self.state.lock().unwrap();
        let views = state
            .sessions
            .values()
            .map(|kept| kept.view.clone())
            .collect();
        Box::pin(async move { Ok(views) })
    }

    fn session_by(&self, cookie: String, tab: String) -> Read<'_, Option<SessionView>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let state = self.state.lock().unwrap();
        let mut all = state.sessions.values();
        let found = all.find(|kept| kept.cookie == cookie && kept.tabs.contains(&tab));
        let found = found.map(|kept| kept.view.clone());
        Box::pin(async move { Ok(found) })
    }

    fn session_tabs(&self, cookie: String) -> Read<'_, Vec<String>> {
        let state = self.state.lock().unwrap();
        let mut all = state.sessions.values();
        let found = all.find(|kept| kept.cookie == cookie);
        let tabs = found.map(|kept| kept.tabs.iter().cloned().collect());
        Box::pin(async move { Ok(tabs.unwrap_or_default()) })
    }

    fn host_seq(&self) -> Read<'_, Seq> {
        Box::pin(async { Ok(Seq(0)) })
    }

    not_here! {
        conversations(Option<String>, u32) -> Page<ConversationView>;
        filtered(ConversationFilter, Option<String>, u32) -> Page<ConversationView>;
        tags() -> Vec<TagView>;
        folders() -> Vec<FolderView>;
        projects() -> Vec<ProjectView>;
        text(ConversationId, Option<u32>) -> TextView;
        text_versions(ConversationId) -> Vec<TextVersion>;
        spending(UnixMillis) -> Vec<SpendingRow>;
        conversation(ConversationId) -> ConversationView;
        conversation_markdown(ConversationId) -> String;
        items(ConversationId, ItemsAt, u32) -> Page<Item>;
        turns(ConversationId) -> Vec<TurnView>;
        queue(ConversationId) -> Vec<QueuedInput>;
        approvals(ConversationId) -> Vec<Approval>;
        questions(ConversationId) -> Vec<Question>;
        canvases(ConversationId) -> Vec<CanvasView>;
        canvas_versions(ConversationId, CanvasId) -> Vec<CanvasView>;
        canvas_diff(ConversationId, CanvasId, (u32, u32)) -> CanvasDiff;
        search(String, Option<ConversationId>, u32) -> Vec<SearchHit>;
        modules(String) -> Vec<ModuleView>;
        settings() -> SettingsReport;
        config_schema() -> serde_json::Value;
        local_endpoints() -> Vec<FoundEndpoint>;
        models() -> Vec<String>;
        test_endpoint(Option<EndpointSpec>) -> EndpointReport;
        doctor() -> Vec<Finding>;
        open_approvals() -> Vec<OpenApproval>;
        rules() -> Vec<RuleView>;
        bundles() -> Vec<anteroom_api::BundleView>;
        inspect_bundle(anteroom_api::BundleWish) -> anteroom_api::BundleReport;
        check_bundle(String) -> Vec<Finding>;
        bundle_lock(String) -> Vec<anteroom_api::BundleLocked>;
        calls(String) -> Vec<CallHit>;
        grants() -> Vec<GrantOp>;
        changes(ConversationId) -> Vec<ChangeView>;
        diff(ConversationId, Option<UndoTarget>) -> Vec<FileDiff>;
        audit(AuditFilter, Option<String>, u32) -> Page<AuditRecord>;
        audit_report() -> AuditReport;
        databases(bool) -> Vec<DatabaseView>;
        paths(String, String, u32) -> PathHits;
        workspace(String) -> WorkspaceView;
        prompt(Option<ConversationId>, String, Option<ProjectId>) -> PromptReport;
        replay(TurnId) -> ReplayReport;
        misfits(serde_json::Value, String) -> Vec<String>;
        servers() -> Vec<ServerView>;
        skills(String) -> Vec<anteroom_api::SkillView>;
        skill(String, String) -> anteroom_api::SkillView;
        skill_at(String) -> anteroom_api::SkillView;
        mcp_servers(String) -> Vec<McpServerView>;
        mcp_log(String) -> Vec<String>;
        mcp_resources(String) -> Vec<McpResourceView>;
        mcp_prompts(String) -> Vec<McpPromptView>;
        identity() -> IdentityView;
    }
}
