//! One server, and the task that keeps it: connects it while it is wanted, tries again with patience, lists its
//! tools, and ends it.

use super::ask::ServerHost;
use super::calls::Calls;
use super::clean;
use super::connect::{self, Connecting, Link, NoLink};
use super::handler::Handler;
use super::http;
use super::log::Log;
use super::oauth::{self, Tokens, Visits};
use super::spec::{ServerId, ServerSpec, ServerTransport};
use super::status::{ServerState, ServerStatus};
use super::stirred::Stirred;
use super::tools::{self, Served};
use crate::confine::Shell;
use anteroom_api::{Problem, ProblemCode};
use rmcp::{Peer, RoleClient};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};

/// The first wait before a lost server is tried again; doubled each time.
const PATIENCE_MIN: Duration = Duration::from_secs(1);
/// The longest.
const PATIENCE_MAX: Duration = Duration::from_secs(60);
/// A connection that held this long was a good one: patience begins anew.
const HELD: Duration = Duration::from_secs(60);
/// How long listing the tools anew may take.
const LIST_TIMEOUT: Duration = Duration::from_secs(30);
/// The least time between two lists, however often a server says that they differ.
const LIST_PAUSE: Duration = Duration::from_secs(1);
/// Lines of its log that are told with a failure.
const TOLD_LINES: usize = 5;
/// Lines of its log in its status.
const STATUS_LINES: usize = 20;
/// A program has to be greeted in this time, or it is greeted in the old way at once the next time.
const GREETING: Duration = Duration::from_secs(9);
/// Bytes of what a server says about its use.
const INSTRUCTIONS_BYTES: usize = 4 << 10;

/// One server.
pub(crate) struct Server {
    pub(super) spec: Arc<ServerSpec>,
    pub(super) calls: Arc<Calls>,
    pub(super) log: Arc<Log>,
    pub(super) handler: Handler,
    host: Arc<dyn ServerHost>,
    shell: Arc<Shell>,
    live: Mutex<Live>,
    wish: watch::Sender<Wish>,
    stirred: Arc<Stirred>,
    /// Told when a request could not be sent: the connection may be lost without having ended.
    doubts: Notify,
    tokens: Option<Arc<Tokens>>,
    changes: watch::Sender<u64>,
}

/// What a person or the settings want of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wish {
    is_wanted: bool,
    /// Rises when it is to be begun anew.
    round: u64,
}

/// How it is now.
struct Live {
    state: ServerState,
    /// When it is tried again.
    next_try: Option<Instant>,
    about: About,
    peer: Option<Peer<RoleClient>>,
    tools: Arc<Vec<Arc<Served>>>,
    /// How often it said that its resources or prompts are others.
    lists: u64,
    last_error: Option<Problem>,
    /// What it said about signing in.
    challenge: Option<String>,
}

/// What it said of itself.
#[derive(Clone, Debug, Default)]
struct About {
    protocol: Option<String>,
    title: Option<String>,
    instructions: Option<String>,
    has_resources: bool,
    has_prompts: bool,
}

/// How a connection ended.
enum End {
    /// It is not what was approved any more, line by line.
    Unapproved(Vec<String>),
    /// Somebody wants something else now.
    Unwanted,
    Failed(String),
    /// Somebody has to sign in; this is what the server says about it.
    SignIn(String),
}

impl Server {
    pub(super) fn new(
        spec: ServerSpec,
        host: Arc<dyn ServerHost>,
        shell: Arc<Shell>,
        changes: watch::Sender<u64>,
    ) -> Arc<Self> {
        let (calls, log) = (Arc::new(Calls::default()), Arc::new(Log::default()));
        let stirred = Arc::new(Stirred::default());
        let handler = Handler::new(
            spec.id.clone(),
            host.clone(),
            calls.clone(),
            log.clone(),
            stirred.clone(),
        );
        let tokens = match &spec.transport {
            ServerTransport::Http(http) => http::address(&http.url).ok(),
            ServerTransport::Stdio(_) | ServerTransport::Sse { .. } => None,
        };
        let tokens = tokens.map(|url| Tokens::new(spec.id.clone(), host.clone(), url));
        let wish = Wish {
            is_wanted: spec.is_enabled,
            round: 0,
        };
        let state = if !may_start(&spec) {
            ServerState::NeedsApproval
        } else if spec.is_enabled {
            ServerState::Connecting
        } else {
            ServerState::Disconnected
        };
        Arc::new(Self {
            spec: Arc::new(spec),
            calls,
            log,
            handler,
            host,
            shell,
            live: Mutex::new(Live {
                state,
                next_try: None,
                about: About::default(),
                peer: None,
                tools: Arc::default(),
                lists: 0,
                last_error: None,
                challenge: None,
            }),
            wish: watch::Sender::new(wish),
            stirred,
            doubts: Notify::new(),
            tokens: tokens.map(Arc::new),
            changes,
        })
    }

    /// Somebody wants it connected, now.
    pub(super) fn connect(&self) {
        // One that works goes on.
        if self.is_ready() {
            self.wish.send_modify(|wish| wish.is_wanted = true);
        } else {
            self.restart();
        }
    }

    pub(super) fn disconnect(&self) {
        self.show(ServerState::Disconnected);
        self.wish.send_modify(|wish| wish.is_wanted = false);
    }

    pub(super) fn restart(&self) {
        self.show(ServerState::Connecting);
        self.wish.send_modify(|wish| {
            wish.is_wanted = true;
            wish.round += 1;
        });
    }

    /// What was ordered is seen at once, before the task has done it.
    fn show(&self, state: ServerState) {
        if may_start(&self.spec) {
            self.change(|live| live.put_away(state));
        }
    }

    /// For requests, while it is ready.
    pub(super) fn peer(&self) -> Option<Peer<RoleClient>> {
        self.live().peer.clone()
    }

    /// Its tools as they were listed last; none while it is not ready.
    pub(crate) fn tools(&self) -> Arc<Vec<Arc<Served>>> {
        let live = self.live();
        if live.state == ServerState::Ready {
            live.tools.clone()
        } else {
            Arc::default()
        }
    }

    pub(crate) fn id(&self) -> &ServerId {
        &self.spec.id
    }

    pub(crate) fn is_trusted(&self) -> bool {
        self.spec.is_trusted
    }

    /// How long one call may take.
    pub(crate) fn call_timeout(&self) -> Duration {
        self.spec.call_timeout
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.live().state == ServerState::Ready
    }

    pub(super) fn is_connecting(&self) -> bool {
        self.live().state == ServerState::Connecting
    }

    pub(super) fn has_resources(&self) -> bool {
        self.live().about.has_resources
    }

    pub(super) fn has_prompts(&self) -> bool {
        self.live().about.has_prompts
    }

    pub(super) fn status(&self) -> ServerStatus {
        let live = self.live();
        let mut state = live.state.clone();
        if let ServerState::Failed { next_try, .. } = &mut state {
            let now = Instant::now();
            *next_try = live.next_try.map(|at| at.saturating_duration_since(now));
        }
        ServerStatus {
            id: self.spec.id.clone(),
            state,
            protocol: live.about.protocol.clone(),
            title: live.about.title.clone(),
            instructions: live.about.instructions.clone(),
            tools: live
                .tools
                .iter()
                .map(|served| served.tool.clone())
                .collect(),
            has_resources: live.about.has_resources,
            has_prompts: live.about.has_prompts,
            lists: live.lists,
            calls: self.calls.begun(),
            running: self.calls.all().len(),
            last_error: live.last_error.clone(),
            log: self.log.tail(STATUS_LINES),
        }
    }

    /// A request could not be sent.
    pub(super) fn doubt(&self) {
        self.doubts.notify_one();
    }

    /// Begins to sign in, once the server has said that somebody has to.
    pub(super) async fn sign_in(self: Arc<Self>, visits: &Arc<Visits>) -> Result<String, String> {
        let name = &self.spec.id;
        let challenge = self.live().challenge.clone();
        let (Some(challenge), Some(tokens)) = (challenge, self.tokens.clone()) else {
            return Err(format!(
                "the MCP server `{name}` does not ask anybody to sign in"
            ));
        };
        let server = self.clone();
        let done = move |signed: Result<(), String>| match signed {
            Ok(()) => server.restart(),
            Err(why) => server.note(&format!("nobody was signed in: {why}")),
        };
        let address = oauth::begin((tokens, visits), &challenge, done).await;
        address.map_err(|why| format!("nobody can sign in at the MCP server `{name}`: {why}"))
    }

    /// Compares the tools with their pins anew.
    pub(super) async fn judge(&self) {
        let listed = tools::listed(&self.live().tools.clone());
        let judged = tools::judge(&listed, &self.spec, &*self.host).await;
        self.change(|live| live.tools = Arc::new(judged));
    }

    /// Keeps the server until the task is ended.
    pub(super) async fn keep(self: Arc<Self>) {
        let mut wish = self.wish.subscribe();
        let mut patience = PATIENCE_MIN;
        let mut is_old = false;
        loop {
            let wanted = *wish.borrow_and_update();
            if !wanted.is_wanted || !may_start(&self.spec) {
                let state = if may_start(&self.spec) {
                    ServerState::Disconnected
                } else {
                    ServerState::NeedsApproval
                };
                self.change(|live| live.put_away(state));
                if wish.changed().await.is_err() {
                    return;
                }
                continue;
            }
            let began = Instant::now();
            let end = self.one_connection(&mut wish, &mut is_old).await;
            if began.elapsed() > HELD {
                patience = PATIENCE_MIN;
            }
            match end {
                End::Unwanted => patience = PATIENCE_MIN,
                End::Unapproved(lines) => {
                    self.wait_for_approval(lines);
                    if wish.changed().await.is_err() {
                        return;
                    }
                }
                End::SignIn(challenge) => {
                    self.change(|live| {
                        live.put_away(ServerState::NeedsSignIn);
                        live.challenge = Some(challenge);
                    });
                    if wish.changed().await.is_err() {
                        return;
                    }
                }
                End::Failed(why) => {
                    let at = Instant::now() + patience;
                    self.fail(&why, Some(at));
                    tokio::select! {
                        () = sleep_until(at) => patience = (patience * 2).min(PATIENCE_MAX),
                        changed = wish.changed() => match changed {
                            Ok(()) => patience = PATIENCE_MIN,
                            Err(_) => return,
                        },
                    }
                }
            }
        }
    }

    /// Connects and stays until that ends.
    async fn one_connection(&self, wish: &mut watch::Receiver<Wish>, is_old: &mut bool) -> End {
        self.change(|live| live.put_away(ServerState::Connecting));
        let limit = self.spec.connect_timeout;
        let connecting = Connecting {
            spec: &self.spec,
            shell: &self.shell,
            handler: self.handler.clone(),
            log: self.log.clone(),
            tokens: self.tokens.clone(),
            is_old: *is_old || limit <= GREETING + GREETING / 2,
        };
        let opened = tokio::select! {
            opened = timeout(limit, self.open(&connecting)) => opened,
            _ = wish.changed() => return End::Unwanted,
        };
        let link = match opened {
            Ok(Ok(link)) => link,
            Ok(Err(NoLink::SignIn(challenge))) => return End::SignIn(challenge),
            Ok(Err(NoLink::Unapproved(lines))) => return End::Unapproved(lines),
            Ok(Err(NoLink::Words(why) | NoLink::Refused(why))) => return End::Failed(why),
            Err(_) => {
                // It may be one that says nothing to the new greeting.
                *is_old = true;
                return End::Failed(format!("it did not answer within {} s", limit.as_secs()));
            }
        };
        let _listening = link.listen(self.stirred.clone());
        let end = loop {
            tokio::select! {
                why = link.lost() => break End::Failed(why),
                () = self.doubts.notified() => {
                    break End::Failed("a request could not be sent".to_owned());
                }
                _ = wish.changed() => break End::Unwanted,
                () = self.stirred.tools.notified() => {
                    if let Err(why) = self.list_anew(&link).await {
                        break End::Failed(why);
                    }
                }
                () = self.stirred.lent.notified() => {
                    self.change(|live| live.lists += 1);
                    tokio::time::sleep(LIST_PAUSE).await;
                }
            }
        };
        self.change(|live| live.put_away(ServerState::Connecting));
        link.close().await;
        end
    }

    /// Connects and lists the tools: only then it is ready.
    async fn open(&self, connecting: &Connecting<'_>) -> Result<Link, NoLink> {
        let began = Instant::now();
        let link = connect::connect(connecting).await?;
        let peer = link.service.peer().clone();
        let info = peer.peer_info();
        let capabilities = info.as_ref().map(|info| info.capabilities.clone());
        let capabilities = capabilities.unwrap_or_default();
        let listed = if capabilities.tools.is_some() {
            let (id, is_trusted) = (&self.spec.id, self.spec.is_trusted);
            tools::list(&peer, id, is_trusted).await.map_err(|why| {
                let ended = link.traffic.ended();
                NoLink::Words(ended.unwrap_or_else(|| format!("its tools cannot be listed: {why}")))
            })?
        } else {
            Vec::new()
        };
        let judged = tools::judge(&listed, &self.spec, &*self.host).await;
        let about = About {
            protocol: info
                .as_ref()
                .map(|it| clean::line(&it.protocol_version.to_string(), 20)),
            title: info
                .as_ref()
                .and_then(|it| it.server_info.as_ref())
                .map(|it| {
                    let name = it.title.as_deref().unwrap_or(&it.name);
                    clean::line(&format!("{name} {}", it.version), 100)
                }),
            instructions: info
                .as_ref()
                .and_then(|it| it.instructions.as_deref())
                .map(|said| clean::block(said, INSTRUCTIONS_BYTES)),
            has_resources: capabilities.resources.is_some(),
            has_prompts: capabilities.prompts.is_some(),
        };
        tracing::debug!(server = %self.spec.id, tools = judged.len(), took = ?began.elapsed(), "connected");
        self.change(|live| {
            live.state = ServerState::Ready;
            live.about = about;
            live.peer = Some(peer);
            live.tools = Arc::new(judged);
        });
        Ok(link)
    }

    async fn list_anew(&self, link: &Link) -> Result<(), String> {
        let (id, is_trusted) = (&self.spec.id, self.spec.is_trusted);
        let peer = link.service.peer();
        let listed = timeout(LIST_TIMEOUT, tools::list(peer, id, is_trusted)).await;
        let listed = match listed {
            Ok(Ok(listed)) => listed,
            Ok(Err(why)) => return Err(format!("its tools cannot be listed: {why}")),
            Err(_) => {
                let seconds = LIST_TIMEOUT.as_secs();
                return Err(format!("it did not list its tools within {seconds} s"));
            }
        };
        let judged = tools::judge(&listed, &self.spec, &*self.host).await;
        self.change(|live| live.tools = Arc::new(judged));
        tokio::time::sleep(LIST_PAUSE).await;
        Ok(())
    }

    /// Keeps what went wrong; how the server stands is not touched by it.
    fn note(&self, why: &str) {
        let problem = self.problem(why);
        self.change(|live| live.last_error = Some(problem));
    }

    fn problem(&self, why: &str) -> Problem {
        let words = format!("the MCP server `{}` cannot be used", self.spec.id);
        Problem::new(ProblemCode::Tool, words).cause(why)
    }

    /// What was approved is not what is there now: a person is asked again.
    fn wait_for_approval(&self, lines: Vec<String>) {
        let mut problem = self.problem("it is not what was approved any more, and was not started");
        for line in lines {
            problem = problem.cause(line);
        }
        tracing::warn!(server = %self.spec.id, %problem, "a server waits for approval again");
        self.change(|live| {
            live.put_away(ServerState::NeedsApproval);
            live.last_error = Some(problem);
        });
    }

    fn fail(&self, why: &str, next_try: Option<Instant>) {
        let name = &self.spec.id.name;
        let mut problem = self.problem(why);
        if matches!(self.spec.transport, ServerTransport::Stdio(_)) {
            for line in self.log.tail(TOLD_LINES) {
                problem = problem.cause(line);
            }
        }
        tracing::warn!(server = %name, why, "a server cannot be used");
        self.change(|live| {
            live.put_away(ServerState::Failed {
                problem: problem.clone(),
                next_try: None,
            });
            live.next_try = next_try;
            live.last_error = Some(problem);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Live)) {
        change(&mut self.live());
        self.changes.send_modify(|count| *count += 1);
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    /// It cannot be used now; what it said last stays to be seen.
    fn put_away(&mut self, state: ServerState) {
        self.state = state;
        self.next_try = None;
        self.peer = None;
    }
}

/// A program starts as what was approved, and as nothing else.
fn may_start(spec: &ServerSpec) -> bool {
    let is_program = matches!(spec.transport, ServerTransport::Stdio(_));
    spec.is_allowed_to_start && (!is_program || spec.approved.is_some())
}
