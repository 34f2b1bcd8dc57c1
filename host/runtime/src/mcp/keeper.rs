//! Keeps the servers of this process as the settings and a person's decisions want them, and tells what became of
//! them. Nothing of it happens before somebody looks: a command that only prints starts no server.

use super::bridge::Bridge;
use super::seen;
use super::spec::{self, Site};
use super::view::{self, Decided};
use crate::agent::services::CallServices;
use crate::engine::Engine;
use crate::hex::hex;
use anteroom_api::{Event, ItemId, McpEvent, McpServerView, McpState, Topic};
use anteroom_tools::{ServerId, ServerState, ServerStatus};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinSet};

/// Longest wait of a run that nobody attends for servers that are being connected.
const UNATTENDED: Duration = Duration::from_secs(15);

/// The state of the servers of one host.
#[derive(Default)]
pub(crate) struct Keeper {
    workspace: OnceLock<PathBuf>,
    wake: Notify,
    is_awake: AtomicBool,
    /// Raised once the servers were handed on for the first time.
    is_set: watch::Sender<bool>,
    tasks: Mutex<JoinSet<()>>,
    /// One at a time, so that older settings never come behind newer ones.
    following: tokio::sync::Mutex<()>,
    /// Calls of servers' tools that run.
    calls: Mutex<HashMap<ItemId, CallServices>>,
    /// Resources and prompts that servers listed.
    counts: Mutex<HashMap<String, (u32, u32)>>,
    /// Who may ask for answers of the model.
    sampling: Mutex<BTreeSet<ServerId>>,
}

/// A call of a server's tool, as long as it runs.
pub(crate) struct Within<'a>(&'a Keeper, ItemId);

impl Drop for Within<'_> {
    fn drop(&mut self) {
        lock(&self.0.calls).remove(&self.1);
    }
}

impl Keeper {
    /// From now until it is dropped a server may ask within this call.
    pub(crate) fn enter(&self, item: ItemId, services: &CallServices) -> Within<'_> {
        lock(&self.calls).insert(item, services.clone());
        Within(self, item)
    }

    pub(super) fn call(&self, item: ItemId) -> Option<CallServices> {
        lock(&self.calls).get(&item).cloned()
    }

    pub(super) fn may_sample(&self, server: &ServerId) -> bool {
        lock(&self.sampling).contains(server)
    }

    /// Ends what [`start`] began.
    pub(crate) fn stop(&self) {
        lock(&self.tasks).abort_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to keep the servers, once somebody looks.
pub(crate) fn start(engine: &Arc<Engine>, workspace: &Path) {
    let workspace = workspace.canonicalize();
    let Ok(workspace) = workspace else { return };
    // It is started once.
    drop(engine.mcp.workspace.set(workspace));
    let bridge = Bridge::new(engine);
    engine.registry.set_server_host(Arc::new(bridge));
    let mut tasks = lock(&engine.mcp.tasks);
    tasks.spawn(keep(Arc::downgrade(engine)));
}

/// Somebody looks: from now on servers are started.
pub(crate) fn wake(engine: &Engine) {
    if !engine.mcp.is_awake.swap(true, Ordering::Relaxed) {
        engine.mcp.wake.notify_one();
    }
}

/// The folder the host works in.
pub(super) fn workspace(engine: &Engine) -> Option<&Path> {
    engine.mcp.workspace.get().map(PathBuf::as_path)
}

/// Where the servers of its project count.
pub(super) fn project(engine: &Engine) -> PathBuf {
    super::place(workspace(engine).unwrap_or(Path::new("/nowhere")))
}

/// How many resources and prompts a server listed.
pub(super) fn counts(engine: &Engine, server: &str) -> (u32, u32) {
    let counts = lock(&engine.mcp.counts);
    counts.get(server).copied().unwrap_or_default()
}

/// Counts what the servers list that are ready, beside everything else: one that is slow holds up nobody.
async fn count(weak: Weak<Engine>) {
    let Some(engine) = weak.upgrade() else { return };
    let project = project(&engine);
    let resources = engine.registry.resources(Some(&project)).await;
    let prompts = engine.registry.prompts(Some(&project)).await;
    let mut counts: HashMap<String, (u32, u32)> = HashMap::new();
    for resource in resources {
        counts.entry(resource.server).or_default().0 += 1;
    }
    for prompt in prompts {
        counts.entry(prompt.server).or_default().1 += 1;
    }
    *lock(&engine.mcp.counts) = counts;
}

/// Waits until the servers are connected or have failed, in a run where nobody would see them come later.
pub(crate) async fn settled(engine: &Engine) {
    if super::entries(engine).is_empty() {
        return;
    }
    wake(engine);
    let settled = async {
        let mut is_set = engine.mcp.is_set.subscribe();
        if is_set.wait_for(|is_set| *is_set).await.is_ok() {
            engine.registry.servers_settled().await;
        }
    };
    if tokio::time::timeout(UNATTENDED, settled).await.is_err() {
        tracing::warn!("the turn begins without the MCP servers that are not ready");
    }
}

async fn keep(weak: Weak<Engine>) {
    let Some(engine) = weak.upgrade() else { return };
    engine.mcp.wake.notified().await;
    let mut changes = engine.registry.server_changes();
    follow(&engine).await;
    drop(engine);
    let mut told = HashMap::new();
    let mut listing = BTreeMap::new();
    let mut counting: Option<AbortHandle> = None;
    loop {
        let Some(engine) = weak.upgrade() else { return };
        let now = listing_now(&engine);
        tell(&engine, &mut told, &now).await;
        if now != listing {
            listing = now;
            counting.take().inspect(AbortHandle::abort);
            let task = lock(&engine.mcp.tasks).spawn(count(weak.clone()));
            counting = Some(task);
        }
        drop(engine);
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// The servers that are ready and have something to list, with how often their lists became others.
fn listing_now(engine: &Engine) -> BTreeMap<ServerId, u64> {
    let servers = engine.registry.servers().into_iter();
    let has_lists = |status: &ServerStatus| {
        status.state == ServerState::Ready && (status.has_resources || status.has_prompts)
    };
    servers
        .filter(has_lists)
        .map(|status| (status.id, status.lists))
        .collect()
}

/// Hands the servers on that there should be now.
pub(crate) async fn follow(engine: &Engine) {
    if !engine.mcp.is_awake.load(Ordering::Relaxed) {
        return;
    }
    let _alone = engine.mcp.following.lock().await;
    let settings = engine.settings();
    let decided = match Decided::read(engine).await {
        Ok(decided) => decided,
        Err(problem) => {
            tracing::warn!(%problem, "the MCP servers stay as they are");
            return;
        }
    };
    let seen = seen::all(engine).await;
    let project = project(engine);
    let bundles = crate::bundles::kept::homes(engine);
    let site = Site {
        data: &engine.paths.data,
        bundles: &bundles,
        project: &project,
        ca_file: settings.ai.ca_file.as_deref(),
    };
    *lock(&engine.mcp.sampling) = seen
        .iter()
        .filter(|seen| decided.sampling.contains(&seen.hash))
        .map(|seen| spec::id(&seen.server, &project))
        .collect();
    let specs = seen.iter();
    let specs = specs.map(|seen| spec::spec(seen, &site, seen.is_approved(&decided)));
    engine.registry.set_servers(specs.collect());
    engine.mcp.is_set.send_replace(true);
}

/// Tells of the servers that are others than any process told last.
async fn tell(
    engine: &Engine,
    told: &mut HashMap<String, String>,
    listing: &BTreeMap<ServerId, u64>,
) {
    let servers = match view::all(engine, None).await {
        Ok(servers) => servers,
        Err(problem) => return tracing::warn!(%problem, "MCP servers could not be looked at"),
    };
    for server in servers {
        // What is under way is no news yet.
        if matches!(server.state, McpState::Connecting) {
            continue;
        }
        let name = server.name.clone();
        let of_name = |(id, lists): (&ServerId, &u64)| (id.name == name).then_some(*lists);
        let lists = listing.iter().filter_map(of_name).sum();
        let print = print(&server, lists);
        if told.get(&name) == Some(&print) {
            continue;
        }
        let what = format!("mcp server {name}");
        let first = engine.storage.is_first_to_tell(&what, &print).await;
        told.insert(name, print);
        if first.unwrap_or(true) {
            let server = Box::new(server);
            let event = Event::Mcp(McpEvent::Changed { server });
            if let Err(error) = engine.bus.publish(Topic::Host, None, vec![event]).await {
                tracing::warn!(%error, "what became of an MCP server could not be told");
            }
        }
    }
}

/// What makes a server another one for people: not how often it was called, nor when it is tried again. `lists` is
/// how often what it lends became other.
fn print(server: &McpServerView, lists: u64) -> String {
    let state = match &server.state {
        McpState::Failed { problem, .. } => format!("failed: {}", problem.error),
        state => format!("{state:?}"),
    };
    let tools: Vec<_> = server
        .tools
        .iter()
        .map(|tool| (&tool.name, &tool.hash, &tool.state))
        .collect();
    let is_sampling_allowed = server.is_sampling_allowed;
    let whole = serde_json::json!([server.hash, state, tools, is_sampling_allowed, lists]);
    hex(&Sha256::digest(whole.to_string().as_bytes()))
}
