//! Keeps the modules up to date while the host runs: which folders count, what is told of them, and what other
//! processes said meanwhile.

use super::differences::differences;
use super::lent::Running;
use crate::engine::Engine;
use crate::trust::is_trusted;
use anteroom_api::{
    Event, ModuleEvent, ModuleId, ModuleOrigin, ModuleState, ModuleView, OpId, Problem, Signal,
    Signals, Topic, WorkspaceEvent,
};
use anteroom_storage::ToldModule;
use anteroom_tools::MayCount;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The state of the modules of one host.
#[derive(Default)]
pub(crate) struct Keeper {
    /// The grants of running calls.
    pub(crate) running: Running,
    tasks: Mutex<JoinSet<()>>,
    telling: tokio::sync::Mutex<()>,
}

/// What somebody wished, who is answered by what is told.
#[derive(Default)]
pub(crate) struct Wish {
    pub(crate) cause: Option<OpId>,
    /// Of this module it is told what became of it, also if another process was faster.
    pub(crate) module: Option<ModuleId>,
}

impl Keeper {
    /// Held by whoever changes a folder and then tells of it, or only tells: so the one who wished tells.
    pub(crate) async fn alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.telling.lock().await
    }
}

/// The user's tools folder.
pub(crate) fn user_folder(engine: &Engine) -> PathBuf {
    engine.paths.home.join("tools")
}

/// The tools folder of a project.
pub(crate) fn project_folder(workspace: &Path) -> PathBuf {
    workspace.join(".anteroom/tools")
}

/// Begins to keep the modules up to date. Compiles nothing before it returns.
pub(crate) async fn start(engine: &Arc<Engine>, workspace: &Path) -> Result<(), Problem> {
    for module in engine.storage.modules_off().await? {
        engine.registry.switch(&module, false);
    }
    let folder = user_folder(engine);
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder);
    if let Err(error) = made {
        tracing::warn!(%error, folder = %folder.display(), "there is no folder for tools");
    }
    let signals = engine.bus.follow(Topic::Host, None);
    let always: MayCount = Arc::new(|| Box::pin(async { true }));
    engine
        .registry
        .watch_folder(&folder, ModuleOrigin::User, always);
    watch_project(engine, workspace).await;
    let (weak, changes) = (Arc::downgrade(engine), engine.registry.changes());
    let mut tasks = engine
        .modules
        .tasks
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    tasks.spawn(tell_changes(weak.clone(), changes));
    tasks.spawn(listen(weak, signals));
    Ok(())
}

/// Ends what [`start`] began.
pub(crate) fn stop(engine: &Engine) {
    let tasks = engine.modules.tasks.lock();
    tasks.unwrap_or_else(PoisonError::into_inner).abort_all();
}

/// Keeps the tools of a project up to date from now on, if its folder is trusted; they count as long as it is.
/// Answers where they lie.
pub(crate) async fn watch_project(engine: &Arc<Engine>, workspace: &Path) -> PathBuf {
    let trusted = is_trusted(engine, workspace).await;
    watch_if(engine, workspace, trusted)
}

/// As [`watch_project`], where it is known whether the folder is trusted.
pub(crate) fn watch_if(engine: &Arc<Engine>, workspace: &Path, trusted: bool) -> PathBuf {
    let workspace = &workspace
        .canonicalize()
        .unwrap_or_else(|_| workspace.to_owned());
    let folder = project_folder(workspace);
    if !trusted {
        return folder;
    }
    // The home folder as a workspace has the user's own tools there, which need no trust and count once.
    let own = user_folder(engine).canonicalize().ok();
    if own.is_some() && own == folder.canonicalize().ok() {
        return folder;
    }
    let (weak, workspace) = (Arc::downgrade(engine), workspace.to_owned());
    let may_count: MayCount = Arc::new(move || {
        let (weak, workspace) = (weak.clone(), workspace.clone());
        Box::pin(async move {
            match weak.upgrade() {
                Some(engine) => is_trusted(&engine, &workspace).await,
                None => false,
            }
        })
    });
    engine
        .registry
        .watch_folder(&folder, ModuleOrigin::Project, may_count);
    folder
}

/// Tells what has changed, once for all processes.
async fn tell_changes(engine: Weak<Engine>, mut changes: watch::Receiver<u64>) {
    while changes.changed().await.is_ok() {
        let Some(engine) = engine.upgrade() else {
            return;
        };
        let _alone = engine.modules.alone().await;
        for folder in engine.registry.folders() {
            if let Err(problem) = tell(&engine, &folder, &Wish::default()).await {
                tracing::warn!(%problem, "what became of tools could not be told");
            }
        }
    }
}

/// Tells what has changed in a folder since it was last told by any process. Only while [`Keeper::alone`] is held.
pub(crate) async fn tell(engine: &Engine, folder: &Path, wish: &Wish) -> Result<(), Problem> {
    let shown = folder.display().to_string();
    let known = engine.storage.told_modules(&shown).await?;
    let is_wished = |module: &ModuleId| wish.module.as_ref() == Some(module);
    let (mut events, mut found) = (Vec::new(), Vec::new());
    for view in engine.registry.modules_of(folder).await {
        let Some(path) = view.path.clone() else {
            continue;
        };
        let told = ToldModule {
            path: path.clone(),
            folder: shown.clone(),
            module: view.id.clone(),
            hash: view.hash.clone(),
            problem: problem_of(&view),
        };
        found.push(path);
        let is_news = !known.contains(&told) && engine.storage.note_module(told).await?;
        if is_news || is_wished(&view.id) {
            events.push(event(with_differences(engine, view).await?));
        }
    }
    for gone in known.iter().filter(|told| !found.contains(&told.path)) {
        if engine.storage.note_module_gone(&gone.path).await? && !is_wished(&gone.module) {
            let module = gone.module.clone();
            events.push(ModuleEvent::Withdrawn { module });
        }
    }
    if let Some(module) = &wish.module
        && !events.iter().any(|event| is_about(event, module))
    {
        let module = module.clone();
        events.push(ModuleEvent::Withdrawn { module });
    }
    let events = events.into_iter().map(Event::Module).collect();
    engine.bus.publish(Topic::Host, wish.cause, events).await?;
    Ok(())
}

fn is_about(event: &ModuleEvent, id: &ModuleId) -> bool {
    match event {
        ModuleEvent::Loaded { module } => module.id == *id,
        ModuleEvent::Failed { module, .. }
        | ModuleEvent::Withdrawn { module }
        | ModuleEvent::Revoked { module, .. }
        | ModuleEvent::Switched { module, .. } => module == id,
        ModuleEvent::Granted { grant, .. } => grant.module == *id,
    }
}

fn problem_of(view: &ModuleView) -> Option<String> {
    match &view.state {
        ModuleState::Loaded | ModuleState::Disabled => None,
        ModuleState::Failed { problem } => Some(problem.to_string()),
    }
}

fn event(view: ModuleView) -> ModuleEvent {
    match &view.state {
        ModuleState::Failed { problem } => ModuleEvent::Failed {
            module: view.id.clone(),
            problem: problem.clone(),
        },
        ModuleState::Loaded | ModuleState::Disabled => ModuleEvent::Loaded {
            module: Box::new(view),
        },
    }
}

/// A view with how it differs from the binary that was granted something last.
pub(crate) async fn with_differences(
    engine: &Engine,
    mut view: ModuleView,
) -> Result<ModuleView, Problem> {
    if let Some(path) = &view.path
        && !matches!(view.state, ModuleState::Failed { .. })
        && let Some(before) = engine.storage.last_granted(path).await?
    {
        view.differences = differences(&before, &view);
    }
    Ok(view)
}

/// Does what is said on the host's topic, whichever process said it.
async fn listen(engine: Weak<Engine>, mut signals: Signals) {
    while let Some(signal) = signals.next().await {
        let Some(engine) = engine.upgrade() else {
            return;
        };
        match signal {
            Signal::Event { envelope } => heard(&engine, &envelope.event).await,
            Signal::Lagged { resume } => signals = engine.bus.follow(Topic::Host, Some(resume)),
            Signal::Delta { .. } | Signal::Stirred { .. } | Signal::Trouble { .. } => {}
        }
    }
}

async fn heard(engine: &Arc<Engine>, event: &Event) {
    match event {
        Event::Module(event) => apply(engine, event),
        Event::Workspace(
            WorkspaceEvent::Trusted { path, .. } | WorkspaceEvent::Distrusted { path },
        ) => {
            let folder = watch_project(engine, Path::new(path)).await;
            if engine.registry.folders().contains(&folder) {
                let origin = ModuleOrigin::Project;
                engine.registry.load_folder(&folder, origin).await;
            }
        }
        _ => {}
    }
}

/// What an event means for what runs. Doing it twice changes nothing.
pub(crate) fn apply(engine: &Engine, event: &ModuleEvent) {
    match event {
        ModuleEvent::Granted { grant, .. } => engine.modules.running.regrant(grant),
        ModuleEvent::Revoked { module, capability } => {
            engine.modules.running.revoke(module, *capability);
        }
        ModuleEvent::Switched { module, is_enabled } => {
            engine.registry.switch(module, *is_enabled);
        }
        ModuleEvent::Loaded { .. } | ModuleEvent::Failed { .. } | ModuleEvent::Withdrawn { .. } => {
        }
    }
}
