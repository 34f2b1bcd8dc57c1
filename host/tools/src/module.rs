//! One module from its bytes to something that can be called. Loaded on a thread of its own; whoever needs it
//! earlier waits.

use crate::ToolsError;
use crate::source::Source;
use crate::wasm::bindings::{Release, ToolsetPre};
use crate::wasm::cache::Cache;
use crate::wasm::describe::{Description, Manifest, Tool, ask, check, imported};
use crate::wasm::engine::Engine;
use crate::wasm::heap;
use crate::wasm::hosted::{Described, Hosted, link_call, link_describe};
use anteroom_api::{
    ModuleId, ModuleOrigin, ModuleState, ModuleView, Problem, ProblemCode, ToolView,
};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::watch;
use wasmtime::component::{Component, Linker};

/// Modules that are compiled or described at the same time; the others wait for their turn.
const LOADING_MAX: usize = 4;

/// How long after loading what it left is given back.
const SETTLED: Duration = Duration::from_secs(1);

/// What loading needs; shared by all modules.
pub(crate) struct Loader {
    pub(crate) engine: Engine,
    cache: Cache,
    turnstile: Turnstile,
    calls: Linker<Hosted>,
    descriptions: Linker<Described>,
}

/// A module, loaded or not.
pub(crate) struct Module {
    pub(crate) id: ModuleId,
    pub(crate) origin: ModuleOrigin,
    pub(crate) path: Option<PathBuf>,
    pub(crate) hash: String,
    size_bytes: u64,
    state: watch::Receiver<Option<Loading>>,
}

/// What came of loading; none of it changes any more.
pub(crate) type Loading = Result<Arc<Loaded>, Problem>;

/// A module that can be called.
pub(crate) struct Loaded {
    pub(crate) toolset: ToolsetPre<Hosted>,
    pub(crate) description: Description,
}

impl Loader {
    /// Starts the engine and defines what guests may import.
    ///
    /// # Errors
    /// [`ToolsError::Engine`].
    pub(crate) fn new(engine: Engine, cache: Cache) -> Result<Self, ToolsError> {
        heap::keep_little();
        let mut calls = Linker::new(engine.inner());
        link_call(&mut calls).map_err(ToolsError::Engine)?;
        let mut descriptions = Linker::new(engine.inner());
        link_describe(&mut descriptions).map_err(ToolsError::Engine)?;
        Ok(Self {
            engine,
            cache,
            turnstile: Turnstile::default(),
            calls,
            descriptions,
        })
    }

    /// Begins to load; returns at once.
    pub(crate) fn load(
        self: &Arc<Self>,
        id: ModuleId,
        origin: ModuleOrigin,
        path: Option<PathBuf>,
        source: impl Into<Source>,
    ) -> Module {
        let source = source.into();
        let (hash, size_bytes) = (source.hash(), source.size());
        let (sender, state) = watch::channel(None);
        let (loader, name, wanted) = (self.clone(), id.clone(), hash.clone());
        let spawned = thread::Builder::new()
            .name("tool-loader".into())
            .spawn(move || {
                let turn = loader.turnstile.enter();
                let loaded = loader.compile(&wanted, &source);
                drop(turn);
                sender.send_replace(Some(
                    loaded.map(Arc::new).map_err(|why| unloadable(&name, why)),
                ));
                let is_last = loader.turnstile.is_empty();
                drop(loader);
                if is_last {
                    // What else a start leaves is free by then.
                    thread::sleep(SETTLED);
                    heap::give_back();
                }
            });
        let state = match spawned {
            Ok(_) => state,
            Err(error) => watch::channel(Some(Err(unloadable(&id, error.to_string())))).1,
        };
        Module {
            id,
            origin,
            path,
            hash,
            size_bytes,
            state,
        }
    }

    fn compile(&self, hash: &str, source: &Source) -> Result<Loaded, String> {
        let component = self
            .cache
            .component(&self.engine, hash, source)
            .map_err(|error| format!("it is no component: {}", error.root_cause()))?;
        let release = Release::of(self.engine.inner(), &component)?;
        // One that cannot be used is not even begun.
        let imported = imported(&self.engine, &component, release)?;
        let manifests = self.manifests(hash, (&component, release))?;
        let description = check(&imported, manifests)?;
        let toolset = self
            .calls
            .instantiate_pre(&component)
            .and_then(|instance| ToolsetPre::new(release, instance))
            .map_err(|error| format!("it does not fit this host: {error:#}"))?;
        Ok(Loaded {
            toolset,
            description,
        })
    }

    /// What a component says of its tools. It is asked once: to run it at each start would cost a host at rest the
    /// memory of all of them.
    fn manifests(
        &self,
        hash: &str,
        described: (&Component, Release),
    ) -> Result<Vec<Manifest>, String> {
        if let Some(kept) = self.cache.manifests(&self.engine, hash) {
            return Ok(kept);
        }
        let said = ask(&self.engine, &self.descriptions, described)?;
        self.cache.keep_manifests(&self.engine, hash, &said);
        Ok(said)
    }
}

impl Module {
    /// A module that was refused before it was looked into.
    pub(crate) fn refused(
        id: ModuleId,
        origin: ModuleOrigin,
        path: Option<PathBuf>,
        why: impl Into<String>,
    ) -> Self {
        let problem = unloadable(&id, why.into());
        Self {
            id,
            origin,
            path,
            hash: String::new(),
            size_bytes: 0,
            state: watch::channel(Some(Err(problem))).1,
        }
    }

    /// The same module, refused after all.
    pub(crate) fn refused_after_all(&self, why: impl Into<String>) -> Self {
        let problem = unloadable(&self.id, why.into());
        Self {
            id: self.id.clone(),
            origin: self.origin,
            path: self.path.clone(),
            hash: self.hash.clone(),
            size_bytes: self.size_bytes,
            state: watch::channel(Some(Err(problem))).1,
        }
    }

    /// What came of loading it, once something has.
    pub(crate) fn now(&self) -> Option<Loading> {
        self.state.borrow().clone()
    }

    /// Whether nobody could tell it from the other: the same bytes, or the same reason to refuse them.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let problem = |module: &Self| module.now().and_then(Result::err);
        self.hash == other.hash && problem(self) == problem(other)
    }

    /// Waits until it is loaded or has failed.
    pub(crate) async fn loaded(&self) -> Loading {
        let mut state = self.state.clone();
        match state.wait_for(Option::is_some).await {
            Ok(loading) => match &*loading {
                Some(loading) => loading.clone(),
                None => Err(unloadable(&self.id, "it never loaded".into())),
            },
            Err(_) => Err(unloadable(
                &self.id,
                "loading it ended early; this is a bug of the host".into(),
            )),
        }
    }

    /// As frontends see it.
    pub(crate) async fn view(&self, is_disabled: bool) -> ModuleView {
        let (state, tools, requested) = match self.loaded().await {
            Ok(loaded) => (
                if is_disabled {
                    ModuleState::Disabled
                } else {
                    ModuleState::Loaded
                },
                loaded
                    .tools()
                    .iter()
                    .map(|tool| ToolView::clone(&tool.view))
                    .collect(),
                loaded.description.requested.clone(),
            ),
            Err(problem) => (ModuleState::Failed { problem }, Vec::new(), Vec::new()),
        };
        ModuleView {
            id: self.id.clone(),
            origin: self.origin,
            path: self.path.as_ref().map(|path| path.display().to_string()),
            hash: self.hash.clone(),
            size_bytes: self.size_bytes,
            bundle: None,
            state,
            tools,
            requested,
            granted: Vec::new(),
            differences: Vec::new(),
        }
    }
}

/// Lets so many through at a time.
#[derive(Debug, Default)]
struct Turnstile {
    inside: Mutex<usize>,
    left: Condvar,
}

/// A place inside; given back when dropped, also by a panic.
struct Turn<'a>(&'a Turnstile);

impl Turnstile {
    fn enter(&self) -> Turn<'_> {
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let mut inside = self
            .left
            .wait_while(inside, |inside| *inside >= LOADING_MAX)
            .unwrap_or_else(PoisonError::into_inner);
        *inside += 1;
        Turn(self)
    }

    fn is_empty(&self) -> bool {
        *self.inside.lock().unwrap_or_else(PoisonError::into_inner) == 0
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut inside = self.0.inside.lock().unwrap_or_else(PoisonError::into_inner);
        *inside = inside.saturating_sub(1);
        self.0.left.notify_one();
    }
}

impl Loaded {
    /// Its tools, in the order it lists them.
    pub(crate) fn tools(&self) -> &[Tool] {
        &self.description.tools
    }
}

fn unloadable(id: &ModuleId, why: String) -> Problem {
    Problem::new(
        ProblemCode::Tool,
        format!("could not load the toolset `{id}`"),
    )
    .cause(why)
    .hint("replace the file with one that can be loaded, or remove it")
}
