//! What the whole host shares: one value, built at start, handed to every conversation.

use crate::ambient::Ambient;
use crate::approvals::Desk;
use crate::audit::Audit;
use crate::bus::Bus;
use crate::bus::watch::FileWatch;
use crate::checkpoints;
use crate::config::Settings;
use crate::endings::Owed;
use crate::forwarding::Ticks;
use crate::modules::keeper::Keeper;
use crate::paths::Trees;
use crate::rules::Memories;
use crate::servers::Asked;
use crate::standing::Standing;
use anteroom_api::{ConversationId, Problem, ProblemCode};
use anteroom_model::Client;
use anteroom_storage::Storage;
use anteroom_tools::{Registry, Store};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Shared by all conversations; everything in it is cheap to clone or behind its own lock.
pub(crate) struct Engine {
    pub(crate) ambient: Ambient,
    pub(crate) bus: Bus,
    pub(crate) desk: Desk,
    pub(crate) storage: Storage,
    pub(crate) registry: Registry,
    pub(crate) paths: Paths,
    pub(crate) audit: Arc<Audit>,
    /// What files were before calls changed them.
    pub(crate) contents: Store,
    /// Ends of turns that could not be told yet.
    pub(crate) owed: Owed,
    /// What wakes this process when a file changes.
    pub(crate) watch: FileWatch,
    /// Rises whenever another process may have answered.
    pub(crate) ticks: Ticks,
    /// What the gates of this process remember.
    pub(crate) memories: Memories,
    /// What runs of third-party tools, and what is told of modules.
    pub(crate) modules: Keeper,
    /// The bundles that count.
    pub(crate) bundles: crate::bundles::Shelf,
    /// How hooks are doing.
    pub(crate) hooks: crate::hooks::Keeper,
    /// The MCP servers of this process.
    pub(crate) mcp: crate::mcp::Keeper,
    /// The names in workspaces that were asked about.
    pub(crate) trees: Trees,
    /// What the settings came to.
    pub(crate) standing: Standing,
    /// Whether somebody asked this process to end.
    pub(crate) asked: Asked,
    /// Held while a password is compared.
    pub(crate) passwords: tokio::sync::Mutex<()>,
    is_stopping: AtomicBool,
    settings: RwLock<Arc<Settings>>,
    client: Mutex<Option<(anteroom_model::Endpoint, Client)>>,
}

/// Where things lie.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    /// `~/.anteroom`: config, identity, tools.
    pub(crate) home: PathBuf,
    /// The database, caches, logs, private temp folders.
    pub(crate) data: PathBuf,
    /// The person's home folder, for judging commands.
    pub(crate) user_home: Option<PathBuf>,
}

impl Paths {
    /// The private folder of a conversation's tools.
    pub(crate) fn temp(&self, conversation: ConversationId) -> PathBuf {
        self.data.join("temp").join(conversation.to_string())
    }
}

/// The parts an engine is put together from.
pub(crate) struct EngineParts {
    pub(crate) ambient: Ambient,
    pub(crate) bus: Bus,
    pub(crate) storage: Storage,
    pub(crate) registry: Registry,
    pub(crate) paths: Paths,
    pub(crate) audit: Arc<Audit>,
    pub(crate) settings: Settings,
}

impl Engine {
    pub(crate) fn new(parts: EngineParts) -> Arc<Self> {
        parts
            .storage
            .audit_arguments(crate::audit::arguments(&parts.settings));
        Arc::new(Self {
            contents: Store::new(
                parts.paths.data.join(checkpoints::FOLDER),
                checkpoints::bounds(&parts.settings),
            ),
            desk: Desk::new(
                parts.bus.clone(),
                parts.ambient.clone(),
                parts.storage.clone(),
            ),
            ambient: parts.ambient,
            bus: parts.bus,
            storage: parts.storage,
            registry: parts.registry,
            paths: parts.paths,
            audit: parts.audit,
            owed: Owed::default(),
            watch: FileWatch::new(),
            ticks: Ticks::default(),
            memories: Memories::default(),
            modules: Keeper::default(),
            hooks: crate::hooks::Keeper::default(),
            mcp: crate::mcp::Keeper::default(),
            bundles: crate::bundles::Shelf::default(),
            trees: Trees::default(),
            standing: Standing::default(),
            asked: Asked::default(),
            passwords: tokio::sync::Mutex::default(),
            is_stopping: AtomicBool::new(false),
            settings: RwLock::new(Arc::new(parts.settings)),
            client: Mutex::new(None),
        })
    }

    /// From now on a stopped turn counts as interrupted.
    pub(crate) fn begin_stopping(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
        crate::modules::keeper::stop(self);
        self.mcp.stop();
        // Its servers end with it; whatever is still told of them finds nobody.
        self.registry.set_servers(Vec::new());
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// The settings as they are now; a turn keeps the ones it began with.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn replace_settings(&self, settings: Settings) {
        self.contents.set_bounds(checkpoints::bounds(&settings));
        let (limits, overrides) = crate::wiring::limits(&settings);
        self.registry.set_limits(limits, overrides);
        self.storage
            .audit_arguments(crate::audit::arguments(&settings));
        *self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    /// The client for the configured endpoint, made anew only when the endpoint's settings changed.
    pub(crate) fn client(&self, settings: &Settings) -> Result<Client, Problem> {
        let wanted = crate::wiring::endpoint(settings);
        if wanted.base_url.is_empty() {
            return Err(not_connected());
        }
        let mut slot = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((endpoint, client)) = slot.as_ref()
            && *endpoint == wanted
        {
            return Ok(client.clone());
        }
        let client = Client::new(wanted.clone()).map_err(Problem::from)?;
        *slot = Some((wanted, client.clone()));
        Ok(client)
    }
}

/// What is said when no endpoint is configured.
pub(crate) fn not_connected() -> Problem {
    Problem::new(ProblemCode::NotConfigured, "no model endpoint is configured")
        .hint("run `aroom init`, or set AI_CHAT_BASE_URL (for example http://127.0.0.1:11434/v1) and AI_CHAT_MODEL")
}

/// The model of an endpoint that has but one.
pub(crate) async fn only_model(client: &Client) -> Result<String, Problem> {
    let models = client.models().await.map_err(Problem::from)?;
    match models.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Problem::new(
            ProblemCode::NotConfigured,
            "no model is configured and the endpoint lists none",
        )
        .hint("name one with `--model NAME` or `aroom config set ai.model NAME`")),
        several => {
            let names: Vec<&str> = several.iter().take(8).map(String::as_str).collect();
            Err(Problem::new(
                ProblemCode::NotConfigured,
                "no model is configured and the endpoint lists several",
            )
            .cause(names.join(", "))
            .hint("choose one with `--model NAME` or `aroom config set ai.model NAME`"))
        }
    }
}
