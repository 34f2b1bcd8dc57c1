//! Tool name to toolset. A call costs a permit and always comes back as an outcome.

mod answer;
mod arguments;
mod nearest;
mod shorten;

use crate::clock::Clock;
use crate::confine::Shell;
use crate::module::{Loaded, Loader, Module};
use crate::options::{Limits, Options};
use crate::services::Services;
use crate::session::Session;
use crate::wasm::bindings::anteroom::tool::types::CallContext;
use crate::wasm::cache::Cache;
use crate::wasm::call::{self, Invocation};
use crate::wasm::describe::Tool;
use crate::wasm::engine::{CALLS_MAX, Engine};
use crate::wasm::state::{CallParts, CallState, Caller};
use crate::{ToolsError, folder};
use anteroom_api::{
    Capability, ConversationId, GrantReach, ItemId, Meter, ModuleId, ModuleOrigin, ModuleView,
    Status, Stop, ToolResult, ToolView, Trust,
};
use anteroom_gate::Permit;
use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Semaphore;

/// Bytes of arguments.
const ARGUMENTS_MAX_BYTES: usize = 1 << 20;

/// Everything callable.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    options: Options,
    shell: Arc<Shell>,
    loader: Arc<Loader>,
    /// Built-in modules in the order they were added, then the others by name.
    modules: RwLock<Arc<Vec<Arc<Module>>>>,
    calls: Semaphore,
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
    /// The tool.
    pub tool: ToolView,
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
    pub grants: Vec<(Capability, GrantReach)>,
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

/// A tool that was found, with the module it belongs to.
struct Found {
    module: Arc<Module>,
    loaded: Arc<Loaded>,
    index: usize,
}

impl Registry {
    /// Starts the engine. Compiles nothing yet.
    ///
    /// # Errors
    /// [`ToolsError::Engine`] when this machine can run no components.
    pub fn open(options: Options) -> Result<Self, ToolsError> {
        let cache = Cache::open(&options.cache_dir);
        let loader = Loader::new(Engine::new()?, cache)?;
        Ok(Self(Arc::new(Inner {
            shell: Arc::new(Shell::new(&options.environment)),
            options,
            loader: Arc::new(loader),
            modules: RwLock::default(),
            calls: Semaphore::new(CALLS_MAX),
        })))
    }

    /// Adds a module that is part of the binary. Returns at once; it is compiled in the background, or read from
    /// the cache, and a call that comes earlier waits.
    pub fn add_built_in(&self, name: &str, component: &'static [u8]) {
        let id = ModuleId(name.to_owned());
        let bytes = Cow::Borrowed(component);
        let module = self.0.loader.load(id, ModuleOrigin::BuiltIn, None, bytes);
        self.change(|modules| {
            let built_in = modules
                .iter()
                .take_while(|module| module.origin == ModuleOrigin::BuiltIn)
                .count();
            modules.insert(built_in, Arc::new(module));
        });
    }

    /// Brings the modules of a folder up to date: `*.wasm`, by name. A broken one is shown as failed, with its
    /// reason; one that is gone is withdrawn. A running call finishes on the component it began with.
    /// Answers the modules of the folder.
    pub async fn load_folder(&self, folder: &Path, origin: ModuleOrigin) -> Vec<ModuleId> {
        let known = self.modules_now();
        let read = {
            let (folder, known, loader) = (folder.to_owned(), known, self.0.loader.clone());
            tokio::task::spawn_blocking(move || folder::read(&folder, origin, &known, &loader))
        };
        let Ok(found) = read.await else {
            return Vec::new();
        };
        let (mut others, mut accepted) = (Vec::new(), Vec::new());
        for module in self.modules_now().iter() {
            let is_of_folder = module.origin == origin
                && module.path.as_deref().and_then(Path::parent) == Some(folder);
            if !is_of_folder {
                others.push(module.clone());
            }
        }
        for module in found {
            let fits = folder::fits(&module, &others, &accepted).await;
            accepted.push(match fits {
                Ok(()) => module,
                Err(why) => Arc::new(module.withdrawn(why)),
            });
        }
        let ids = accepted.iter().map(|module| module.id.clone()).collect();
        self.change(|modules| {
            modules.retain(|module| others.iter().any(|other| Arc::ptr_eq(module, other)));
            modules.extend(accepted);
            let built_in = modules
                .iter()
                .take_while(|module| module.origin == ModuleOrigin::BuiltIn)
                .count();
            modules[built_in..].sort_by(|one, other| one.id.cmp(&other.id));
        });
        ids
    }

    /// All modules, loaded or failed; waits for those that are being compiled. What was granted is left empty.
    pub async fn modules(&self) -> Vec<ModuleView> {
        let mut views = Vec::new();
        for module in self.modules_now().iter() {
            views.push(module.view().await);
        }
        views
    }

    /// All tools, in a fixed order: built-in ones in the order they were added, then the others by module.
    pub async fn definitions(&self) -> Vec<Definition> {
        let mut definitions = Vec::new();
        for module in self.modules_now().iter() {
            if let Ok(loaded) = module.loaded().await {
                definitions.extend(loaded.tools().iter().map(|tool| definition(module, tool)));
            }
        }
        definitions
    }

    /// One tool by its name.
    pub async fn find(&self, tool: &str) -> Option<Definition> {
        let found = self.lookup(tool).await?;
        Some(definition(&found.module, found.tool()))
    }

    /// Runs a tool with the arguments of its permit. A tool's failure, crash or denial is data.
    pub async fn call(
        &self,
        permit: Permit,
        call: Call,
        services: Arc<dyn Services>,
        stop: Stop,
    ) -> Outcome {
        let Some(found) = self.lookup(permit.tool()).await else {
            return Outcome::failed(self.unknown(permit.tool()).await);
        };
        let trust = trust_of(&found.module);
        let arguments = match arguments::check(found.tool(), permit.arguments()) {
            Ok(arguments) => arguments,
            Err(words) => return Outcome::failed(words).trusted(trust),
        };
        let Ok(_place) = self.0.calls.try_acquire() else {
            return Outcome::failed(format!(
                "{CALLS_MAX} calls run already, which is the limit; wait for some to end and try again"
            ));
        };
        let limits = self.limits(found.tool());
        let state = Arc::new(CallState::new(CallParts {
            caller: caller(&found, &call),
            permit,
            services,
            session: call.session.clone(),
            clock: Clock::start(limits.wall),
            stop,
            shell: self.0.shell.clone(),
        }));
        let invocation = invocation(&found, &call, &state, arguments, limits);
        let end = call::run(&self.0.loader.engine, invocation).await;
        answer::outcome(end, &state, &call, trust)
    }

    async fn lookup(&self, tool: &str) -> Option<Found> {
        for module in self.modules_now().iter() {
            let Ok(loaded) = module.loaded().await else {
                continue;
            };
            if let Some(index) = loaded.tools().iter().position(|it| it.view.name == tool) {
                let module = module.clone();
                return Some(Found {
                    module,
                    loaded,
                    index,
                });
            }
        }
        None
    }

    async fn unknown(&self, tool: &str) -> String {
        let names: Vec<String> = self
            .definitions()
            .await
            .into_iter()
            .map(|definition| definition.tool.name)
            .collect();
        nearest::words(tool, &names)
    }

    fn limits(&self, tool: &Tool) -> Limits {
        self.0.options.limits_of(&tool.view.name, tool.timeout)
    }

    fn modules_now(&self) -> Arc<Vec<Arc<Module>>> {
        let modules = self.0.modules.read();
        modules.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Module>>)) {
        let modules = self.0.modules.write();
        let mut modules = modules.unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut modules));
    }
}

impl Found {
    fn tool(&self) -> &Tool {
        &self.loaded.tools()[self.index]
    }
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

fn trust_of(module: &Module) -> Trust {
    match module.origin {
        ModuleOrigin::BuiltIn => Trust::Workspace,
        ModuleOrigin::User | ModuleOrigin::Project => Trust::Untrusted,
    }
}

fn caller(found: &Found, call: &Call) -> Caller {
    Caller {
        module: found.module.id.0.clone(),
        is_built_in: found.module.origin == ModuleOrigin::BuiltIn,
        declared: found.tool().capabilities.clone(),
        grants: call.grants.clone(),
    }
}

fn invocation(
    found: &Found,
    call: &Call,
    state: &Arc<CallState>,
    arguments: String,
    limits: Limits,
) -> Invocation {
    let shown = |path: &Path| path.to_string_lossy().into_owned();
    Invocation {
        toolset: found.loaded.toolset.clone(),
        state: state.clone(),
        context: CallContext {
            call_id: call.call.clone(),
            conversation_id: call.conversation.to_string(),
            workspace: shown(&call.session.workspace().path),
            temp: shown(&call.session.temp().path),
            max_output: u32::try_from(call.max_output_chars).unwrap_or(u32::MAX),
        },
        tool: found.tool().view.name.clone(),
        arguments,
        memory_bytes: limits.memory_bytes,
        waits: found.loaded.description.waits,
    }
}
