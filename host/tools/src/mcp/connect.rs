//! From a server's description to a connection on which it has introduced itself.

use super::handler::Handler;
use super::http;
use super::log::Log;
use super::oauth::Tokens;
use super::program::{self, NotStarted, Program};
use super::spec::{ServerSpec, ServerTransport, StdioSpec};
use super::stdio::Lines;
use super::stirred::Stirred;
use super::traffic::Traffic;
use super::trouble;
use crate::confine::{Group, Shell};
use crate::lend::plain::Plain;
use rmcp::RoleClient;
use rmcp::model::{ProtocolVersion, ServerCapabilities, SubscriptionFilter};
use rmcp::service::{
    ClientCacheConfig, ClientInitializeError, ClientLifecycleMode, ClientServiceExt as _,
    RunningService,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStderr;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a program that was lost may take to end and to say why.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How long a program may take to go once its input has ended.
const GOING: Duration = Duration::from_secs(2);
/// Characters of a line on standard error; a longer one is several.
const LINE_BYTES: usize = 4 << 10;

/// A connection. Dropping it ends it, with the program behind it.
pub(super) struct Link {
    pub(super) service: RunningService<RoleClient, Handler>,
    pub(super) traffic: Arc<Traffic>,
    running: Option<Running>,
}

/// The program behind a connection.
struct Running {
    group: Group,
    /// Ends when all that it said on its standard error was heard.
    heard: watch::Receiver<()>,
}

/// Listens until it is dropped.
pub(super) struct Listening(JoinHandle<()>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum NoLink {
    /// For this reason, in words.
    Words(String),
    /// It is not what was approved any more, line by line; nothing was started.
    Unapproved(Vec<String>),
    /// It answered, and did not take the greeting.
    Refused(String),
    /// Somebody has to sign in; this is what the server says about it.
    SignIn(String),
}

/// What connecting needs.
pub(super) struct Connecting<'a> {
    pub(super) spec: &'a ServerSpec,
    pub(super) shell: &'a Arc<Shell>,
    pub(super) handler: Handler,
    pub(super) log: Arc<Log>,
    /// What signing in brought, where there is an address.
    pub(super) tokens: Option<Arc<Tokens>>,
    /// Whether the server is known not to answer before it was greeted in the old way.
    pub(super) is_old: bool,
}

/// Connects. A server that is greeted in the old way and refuses that is greeted in the new one.
pub(super) async fn connect(connecting: &Connecting<'_>) -> Result<Link, NoLink> {
    if !connecting.is_old {
        let greeting = ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            legacy_version: Some(ProtocolVersion::V_2025_11_25),
        };
        return greet(connecting, greeting).await;
    }
    match greet(connecting, ClientLifecycleMode::Initialize).await {
        Err(NoLink::Refused(_)) => {
            let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
            greet(
                connecting,
                ClientLifecycleMode::Discover { preferred_versions },
            )
            .await
        }
        other => other,
    }
}

async fn greet(connecting: &Connecting<'_>, greeting: ClientLifecycleMode) -> Result<Link, NoLink> {
    match &connecting.spec.transport {
        ServerTransport::Stdio(spec) => stdio(connecting, spec, greeting).await,
        ServerTransport::Http(spec) => {
            let traffic = Arc::new(Traffic::new());
            let transport = http::open(spec, connecting.tokens.clone(), &traffic);
            let transport = transport.map_err(NoLink::Words)?;
            let handler = connecting.handler.clone();
            let greeted = handler.serve_with_lifecycle(transport, greeting).await;
            let service = greeted.map_err(|error| http_trouble(&error, &traffic))?;
            Ok(Link::new(service, traffic, None).await)
        }
        ServerTransport::Sse { .. } => Err(NoLink::Words(
            "the old HTTP+SSE transport of 2024 is not carried any more; most of its servers also speak streamable HTTP, often under `/mcp`: set `transport: http` and that address".to_owned(),
        )),
    }
}

async fn stdio(
    connecting: &Connecting<'_>,
    spec: &StdioSpec,
    greeting: ClientLifecycleMode,
) -> Result<Link, NoLink> {
    let approved = connecting.spec.approved.as_ref();
    let program = program::start_approved(spec, connecting.shell, approved).await;
    let Program {
        group,
        stdin,
        stdout,
        stderr,
    } = program.map_err(|why| match why {
        NotStarted::Differs(lines) => NoLink::Unapproved(lines),
        NotStarted::Words(why) => NoLink::Words(why),
    })?;
    let log = connecting.log.clone();
    let (hearing, heard) = watch::channel(());
    let said = listen(stderr, log.clone());
    tokio::spawn(async move {
        said.await;
        drop(hearing);
    });
    let running = Running { group, heard };
    let traffic = Arc::new(Traffic::new());
    let lines = Lines::new(stdout, stdin, traffic.clone(), log);
    let handler = connecting.handler.clone();
    match handler.serve_with_lifecycle(lines, greeting).await {
        Ok(service) => Ok(Link::new(service, traffic, Some(running)).await),
        Err(error) => Err(match last_words(&running, &traffic).await {
            Some(why) => NoLink::Words(why),
            None => refused(&error),
        }),
    }
}

/// What a server that is still there says to a greeting it does not take.
fn refused(error: &ClientInitializeError) -> NoLink {
    let why = trouble::of_connecting(error);
    match error {
        ClientInitializeError::JsonRpcError(_) => NoLink::Refused(why),
        _ => NoLink::Words(why),
    }
}

impl Link {
    async fn new(
        service: RunningService<RoleClient, Handler>,
        traffic: Arc<Traffic>,
        running: Option<Running>,
    ) -> Self {
        // A list is asked for when it is wanted: a pin is compared with what the server says now.
        let peer = service.peer();
        peer.set_response_cache_config(ClientCacheConfig::disabled())
            .await;
        Self {
            service,
            traffic,
            running,
        }
    }

    /// Asks a server of the new protocol to tell when its lists change; one of the old tells unasked.
    pub(super) fn listen(&self, stirred: Arc<Stirred>) -> Option<Listening> {
        let peer = self.service.peer().clone();
        let info = peer.peer_info()?;
        let filter = told_by(&info.capabilities);
        if info.protocol_version.has_initialize() || filter == SubscriptionFilter::new() {
            return None;
        }
        Some(Listening(tokio::spawn(async move {
            let Ok(mut told) = peer.listen(filter).await else {
                return;
            };
            while let Ok(Some(told)) = told.next().await {
                stirred.hear(&told);
            }
        })))
    }

    /// Waits until the connection is lost; says why.
    pub(super) async fn lost(&self) -> String {
        self.traffic.over().await;
        let told = match &self.running {
            Some(running) => last_words(running, &self.traffic).await,
            None => self.traffic.ended(),
        };
        told.unwrap_or_else(|| "the connection was lost".to_owned())
    }

    /// Ends it in good order, and in any case soon.
    pub(super) async fn close(mut self) {
        drop(self.service.close_with_timeout(GOING).await);
        if let Some(Running { group, .. }) = &self.running {
            let mut exit = group.exit();
            drop(timeout(GOING, exit.wait_for(Option::is_some)).await);
            group.release();
        }
    }
}

/// The lists of which a server says that it tells when they change.
fn told_by(capabilities: &ServerCapabilities) -> SubscriptionFilter {
    let mut filter = SubscriptionFilter::new();
    let tools = capabilities.tools.as_ref();
    filter.tools_list_changed = tools.and_then(|it| it.list_changed).filter(|tells| *tells);
    let resources = capabilities.resources.as_ref();
    filter.resources_list_changed = resources
        .and_then(|it| it.list_changed)
        .filter(|tells| *tells);
    let prompts = capabilities.prompts.as_ref();
    filter.prompts_list_changed = prompts
        .and_then(|it| it.list_changed)
        .filter(|tells| *tells);
    filter
}

/// Why a program is gone, if we or it ended it. What it said last is in the log then.
async fn last_words(running: &Running, traffic: &Traffic) -> Option<String> {
    if let Some(why) = traffic.ended() {
        return Some(why);
    }
    let mut exit = running.group.exit();
    let ended = timeout(LAST_WORDS, exit.wait_for(Option::is_some)).await;
    let exit = (*ended.ok()?.ok()?)?;
    // A child of the program may keep the stream open.
    drop(timeout(LAST_WORDS, running.heard.clone().changed()).await);
    Some(match (exit.code, exit.signal) {
        (Some(code), _) => format!("its program ended with code {code}"),
        (None, Some(signal)) => format!("its program was ended by signal {signal}"),
        (None, None) => "its program ended".to_owned(),
    })
}

fn http_trouble(error: &ClientInitializeError, traffic: &Traffic) -> NoLink {
    if error.is_authorization_required() {
        let challenge = error.auth_challenge().unwrap_or_default();
        return NoLink::SignIn(challenge.to_owned());
    }
    match traffic.ended() {
        Some(why) => NoLink::Words(why),
        None => refused(error),
    }
}

/// Keeps the end of what a program says on its standard error, until it says nothing any more.
async fn listen(mut stderr: ChildStderr, log: Arc<Log>) {
    let mut plain = Plain::default();
    let mut begun = String::new();
    let mut piece = vec![0; 8 << 10];
    while let Ok(count @ 1..) = stderr.read(&mut piece).await {
        begun.push_str(&plain.push(&piece[..count]));
        while let Some(end) = begun.find('\n') {
            let rest = begun.split_off(end + 1);
            log.add(&begun);
            begun = rest;
        }
        if begun.len() > LINE_BYTES {
            log.add(&begun);
            begun.clear();
        }
    }
    log.add(&begun);
}
