//! Tool name to toolset. A call costs a permit and always comes back as an outcome.

mod answer;
mod arguments;
mod install;
mod live;
mod nearest;
mod resolve;
mod sandbox;
mod served;
mod served_tool;
mod shelf;
mod shorten;
mod trial;

pub use live::MayCount;
pub use resolve::Resolved;

use crate::ToolsError;
use crate::confine::Shell;
use crate::folder::Folder;
use crate::folder::watch::Eyes;
use crate::lent::Lent;
use crate::mcp::Servers;
use crate::module::{Loader, Module};
use crate::options::{LimitTable, Limits, Options, ToolLimits};
use crate::services::Services;
use crate::session::Session;
use crate::source::{BuiltIn, Source};
use crate::wasm::cache::Cache;
use crate::wasm::describe::Tool;
use crate::wasm::engine::{CALLS_MAX, Engine};
use anteroom_api::{
    Capability, ConversationId, ItemId, Meter, ModuleId, ModuleOrigin, ModuleView, Status, Stop,
    ToolResult, ToolView, Trust,
};
use anteroom_gate::Permit;
use live::Watched;
use shelf::Shelf;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

/// Bytes of arguments.
const ARGUMENTS_MAX_BYTES: usize = 1 << 20;

/// Everything callable.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    calls_max: usize,
    limits: RwLock<LimitTable>,
    shell: Arc<Shell>,
    loader: Arc<Loader>,
    shelf: RwLock<Arc<Shelf>>,
    servers: Servers,
    calls: Semaphore,
    /// The folders, as they were last looked at. One look at a time.
    folders: tokio::sync::Mutex<BTreeMap<PathBuf, Folder>>,
    eyes: Eyes,
    watched: Mutex<BTreeMap<PathBuf, Watched>>,
    /// Counts the looks that found something new.
    changes: watch::Sender<u64>,
}

/// A tool, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The module that offers it.
    pub module: ModuleId,
    /// Where that was found.
    pub origin: ModuleOrigin,
    /// SHA-256 of the component, hexadecimal.
    pub hash: String,
    /// The tool. Shared: a definition is copied for every turn.
    pub tool: Arc<ToolView>,
    /// The capabilities it wants.
    pub capabilities: Vec<Capability>,
}

/// A call, besides what its permit says.
pub struct Call {
    /// The item that shows it.
    pub item: ItemId,
    /// The id the model gave it.
    pub call: String,
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// What its module was granted. A tool is lent no more than it declares.
    pub grants: Lent,
    /// What the conversation's tools share.
    pub session: Arc<Session>,
    /// Characters of the result that the model is shown; the whole is kept in a file beyond that.
    pub max_output_chars: usize,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// For the model and the person.
    pub result: ToolResult,
    /// Completed, failed, denied or interrupted.
    pub status: Status,
    /// What it used.
    pub meter: Meter,
    /// How far the result may be believed.
    pub trust: Trust,
}

impl Registry {
    /// Starts the engine. Compiles nothing yet.
    ///
    /// # Errors
    /// [`ToolsError::Engine`] when this machine can run no components.
    pub fn open(options: Options) -> Result<Self, ToolsError> {
        let cache = Cache::open(&options.cache_dir);
        let loader = Loader::new(Engine::new()?, cache)?;
        let calls_max = options.calls_max.min(CALLS_MAX);
        let shell = Arc::new(Shell::new(&options.environment));
        Ok(Self(Arc::new(Inner {
            servers: Servers::new(shell.clone()),
            shell,
            limits: RwLock::new(options.table()),
            loader: Arc::new(loader),
            shelf: RwLock::default(),
            calls: Semaphore::new(calls_max),
            calls_max,
            folders: tokio::sync::Mutex::default(),
            eyes: Eyes::new(),
            watched: Mutex::default(),
            changes: watch::Sender::new(0),
        })))
    }

    /// Adds a module that is part of the binary. Returns at once; it is compiled in the background, or read from
    /// the cache, and a call that comes earlier waits.
    pub fn add_built_in(&self, name: &str, component: &'static [u8]) {
        self.add(name, Source::Plain(Cow::Borrowed(component)));
    }

    /// As [`Self::add_built_in`], with a component that is unpacked only if it has to be compiled.
    pub fn add_packed(&self, (name, hash, gzip): BuiltIn) {
        self.add(name, Source::Packed { hash, gzip });
    }

    fn add(&self, name: &str, source: Source) {
        let id = ModuleId(name.to_owned());
        let module = self.0.loader.load(id, ModuleOrigin::BuiltIn, None, source);
        self.change(|shelf| shelf.add_built_in(Arc::new(module)));
    }

    /// From now on these limits hold. A running call keeps the ones it began with.
    pub fn set_limits(&self, limits: Limits, overrides: BTreeMap<String, ToolLimits>) {
        let mut table = self
            .0
            .limits
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *table = LimitTable { limits, overrides };
    }

    /// Switches a module off or on, whether or not it is there yet. A call that runs goes on.
    pub fn switch(&self, module: &ModuleId, is_enabled: bool) {
        self.change(|shelf| shelf.switch(module.clone(), is_enabled));
    }

    /// All modules of all folders, loaded or failed; waits for those that are being compiled. What was granted is
    /// left empty.
    pub async fn modules(&self) -> Vec<ModuleView> {
        self.ready(None).await;
        let shelf = self.shelf();
        views(&shelf, &shelf.all()).await
    }

    /// The modules that count in a project with this tools folder, as [`Self::modules`].
    pub async fn modules_in(&self, project: Option<&Path>) -> Vec<ModuleView> {
        self.ready(project).await;
        let shelf = self.shelf();
        views(&shelf, &shelf.of(project)).await
    }

    /// All tools that are no project's, as [`Self::definitions_in`].
    pub async fn definitions(&self) -> Vec<Definition> {
        self.definitions_in(None).await
    }

    /// All tools that count in a project with this tools folder, in a fixed order: built-in ones in the order
    /// they were added, then the others by module, then those of the servers that are ready. Those that were
    /// switched off are left out.
    pub async fn definitions_in(&self, project: Option<&Path>) -> Vec<Definition> {
        self.ready(project).await;
        let shelf = self.shelf();
        let mut definitions = Vec::new();
        for module in shelf.of(project) {
            if shelf.is_disabled(&module.id) {
                continue;
            }
            if let Ok(loaded) = module.loaded().await {
                let tools = loaded.tools().iter();
                definitions.extend(tools.map(|tool| definition(&module, tool)));
            }
        }
        definitions.extend(served_tool::definitions(self, project));
        definitions
    }

    /// One tool by its name, if it is no project's.
    pub async fn find(&self, tool: &str) -> Option<Definition> {
        Some(self.named(tool).await?.definition())
    }

    /// Runs a tool that is no project's, as [`Resolved::call`].
    pub async fn call(
        &self,
        permit: Permit,
        call: Call,
        services: Arc<dyn Services>,
        stop: Stop,
    ) -> Outcome {
        if let Some(named) = self.named(permit.tool()).await {
            return named.call(permit, call, services, stop).await;
        }
        let definitions = self.definitions().await.into_iter();
        let names: Vec<String> = definitions.map(|it| it.tool.name.clone()).collect();
        Outcome::failed(nearest::words(permit.tool(), &names))
    }

    /// Lets a call in: to the tool that its permit is for, while there is a place. It is its own until it is dropped.
    ///
    /// # Errors
    /// Why not, in words for the model.
    fn admit(&self, permit: &Permit, tool: &str) -> Result<SemaphorePermit<'_>, String> {
        if permit.tool() != tool {
            return Err("the permit is for another tool; this is a bug of the host".to_owned());
        }
        self.0.calls.try_acquire().map_err(|_| {
            format!(
                "{} calls run already, which is the limit; wait for some to end and try again",
                self.0.calls_max
            )
        })
    }

    fn limits(&self, tool: &Tool) -> Limits {
        let table = self.0.limits.read().unwrap_or_else(PoisonError::into_inner);
        table.of(&tool.view.name, tool.timeout)
    }

    fn shelf(&self) -> Arc<Shelf> {
        let shelf = self.0.shelf.read();
        shelf.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Shelf) -> T) -> T {
        let shelf = self.0.shelf.write();
        let mut shelf = shelf.unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut shelf))
    }
}

async fn views(shelf: &Shelf, modules: &[Arc<Module>]) -> Vec<ModuleView> {
    let mut views = Vec::with_capacity(modules.len());
    for module in modules {
        views.push(module.view(shelf.is_disabled(&module.id)).await);
    }
    views
}

impl Outcome {
    fn failed(words: impl Into<String>) -> Self {
        Self {
            result: ToolResult::failed(words),
            status: Status::Failed,
            meter: Meter::default(),
            trust: Trust::Workspace,
        }
    }

    fn trusted(self, trust: Trust) -> Self {
        Self { trust, ..self }
    }
}

fn definition(module: &Module, tool: &Tool) -> Definition {
    Definition {
        module: module.id.clone(),
        origin: module.origin,
        hash: module.hash.clone(),
        tool: tool.view.clone(),
        capabilities: tool.capabilities.clone(),
    }
}
