//! The settings while the host runs: read again when a config file or the trust in the project changes.
//!
//! A turn keeps the settings it began with; the next one has the new ones. A file in error changes nothing and
//! is told once, by the process that is first to see it.

use crate::config::{FILE_NAME, Loaded, Sources};
use crate::host::Port;
use crate::trust;
use anteroom_api::event::HostEvent;
use anteroom_api::{Event, OpId, Problem, SettingEvent, Topic};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Notify;

/// How long a file must be left alone before it is read: editors write in several steps.
const STILL: Duration = Duration::from_millis(50);
/// How often the files are looked at where, or because, nothing wakes us.
const ROUND: Duration = Duration::from_secs(2);
/// Under this name it is kept which error was told.
const TROUBLE: &str = "config file in error";

/// Where the settings come from, and what they were when they were last read.
pub(crate) struct Live {
    state: Mutex<State>,
    /// One reading at a time, so that an older one never replaces a newer.
    reading: tokio::sync::Mutex<()>,
    workspace: PathBuf,
}

struct State {
    sources: Sources,
    prints: BTreeMap<&'static str, String>,
    files: Files,
}

/// What the config files are, as far as can be told without reading them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Files {
    user: String,
    project: String,
}

impl Live {
    pub(crate) fn new(sources: Sources, loaded: &Loaded, workspace: &Path) -> Self {
        let state = State {
            prints: loaded.prints.clone(),
            files: Files::of(&sources),
            sources,
        };
        Self {
            state: Mutex::new(state),
            reading: tokio::sync::Mutex::default(),
            workspace: workspace.to_path_buf(),
        }
    }

    /// Where the settings come from now.
    pub(crate) fn sources(&self) -> Sources {
        self.state().sources.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files {
    fn of(sources: &Sources) -> Self {
        let user = sources.home.join(FILE_NAME);
        let legacy = sources.legacy.as_deref().map(look).unwrap_or_default();
        Self {
            user: format!("{}; {legacy}", look(&user)),
            project: sources.project.as_deref().map(look).unwrap_or_default(),
        }
    }
}

/// A file in words that are others whenever it was changed.
fn look(path: &Path) -> String {
    let when = |found: &std::fs::Metadata| {
        let since = found.modified().ok()?;
        let since = since.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(since.as_nanos())
    };
    match std::fs::metadata(path) {
        Ok(found) => format!(
            "{} {} {}",
            path.display(),
            found.len(),
            when(&found).unwrap_or_default()
        ),
        Err(error) => format!("{} {:?}", path.display(), error.kind()),
    }
}

/// Watches the config files until the host ends.
pub(crate) async fn watch(port: Weak<Port>) {
    let wake = Arc::new(Notify::new());
    let mut known = BTreeSet::new();
    loop {
        {
            let Some(port) = port.upgrade() else { return };
            let sources = port.live.sources();
            let watch = &port.engine.watch;
            // The database lies beside it, so its folder is not watched; until it is there, each round looks.
            let user = sources.home.join(FILE_NAME);
            if !known.contains(&user) && watch.add_file(&user, &wake) {
                known.insert(user);
            }
            for path in watched(&sources) {
                // A folder that is not there yet is looked for in every round.
                if !known.contains(&path) && watch.add(&path, &wake) {
                    known.insert(path);
                }
            }
        }
        tokio::select! {
            () = wake.notified() => {}
            () = tokio::time::sleep(ROUND) => {}
        }
        let Some(port) = port.upgrade() else { return };
        let before = port.live.state().files.clone();
        let mut found = Files::of(&port.live.sources());
        if found == before {
            continue;
        }
        // Folders may have come and gone; a watch on one that went watches nothing.
        known.clear();
        loop {
            tokio::time::sleep(STILL).await;
            let now = Files::of(&port.live.sources());
            if now == found {
                break;
            }
            found = now;
        }
        reload(&port).await;
    }
}

fn watched(sources: &Sources) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = sources.legacy.iter().cloned().collect();
    if let Some(project) = &sources.project {
        paths.push(project.clone());
        // The folder itself, which may be made later.
        paths.extend(project.parent().map(Path::to_path_buf));
    }
    paths
}

/// Reads the settings again, and tells what has changed.
pub(crate) async fn reload(port: &Port) {
    match read(port).await {
        Ok((changed, state)) => {
            let told = async {
                for key in changed {
                    if !is_first(port, key, &state).await {
                        continue;
                    }
                    let event = SettingEvent::Changed { key: key.into() };
                    tell(port, None, Event::Setting(event)).await;
                }
            };
            told.await;
        }
        Err((problem, state)) => {
            tracing::warn!(%problem, "the settings stay as they were");
            if is_first(port, TROUBLE, &state).await {
                tell(port, None, Event::Host(HostEvent::Trouble { problem })).await;
            }
        }
    }
}

/// Reads the settings again after a wish changed the user's file; the wish's own event tells it.
pub(crate) async fn changed_by(port: &Port, id: OpId, key: String) -> Result<(), Problem> {
    let (changed, state) = read(port).await.map_err(|(problem, _)| problem)?;
    // Other processes see the file change too, and leave the telling to this one.
    for key in changed {
        is_first(port, key, &state).await;
    }
    port.tell(
        Topic::Host,
        id,
        Event::Setting(SettingEvent::Changed { key }),
    )
    .await
}

/// The same after the whole file was replaced.
pub(crate) async fn replaced_by(port: &Port, id: OpId) -> Result<(), Problem> {
    let (changed, state) = read(port).await.map_err(|(problem, _)| problem)?;
    for key in &changed {
        is_first(port, key, &state).await;
    }
    let keys = changed.into_iter().map(str::to_owned).collect();
    port.tell(
        Topic::Host,
        id,
        Event::Setting(SettingEvent::Replaced { keys }),
    )
    .await
}

type Read = Result<(Vec<&'static str>, String), (Problem, String)>;

/// Takes over what the files say now. Answers which settings differ, and the state of the files.
async fn read(port: &Port) -> Read {
    let live = &port.live;
    let _alone = live.reading.lock().await;
    let sources = live.sources();
    let files = Files::of(&sources);
    let shown = format!("{}; {}", files.user, files.project);
    let loaded = trust::load(sources, &live.workspace, &port.engine.storage).await;
    let (sources, loaded) = match loaded {
        Ok(loaded) => loaded,
        Err(problem) => {
            live.state().files = files;
            return Err((problem, shown));
        }
    };
    let (changed, told) = {
        let mut state = live.state();
        let changed: Vec<&'static str> = loaded
            .prints
            .iter()
            .filter(|(key, print)| state.prints.get(*key) != Some(print))
            .map(|(key, _)| *key)
            .collect();
        let of_user = state.files.user != files.user;
        let told = if of_user { files.user.clone() } else { shown };
        *state = State {
            sources,
            prints: loaded.prints,
            files,
        };
        (changed, told)
    };
    if !changed.is_empty() {
        port.engine.replace_settings(loaded.settings);
        crate::database::follow_settings(&port.engine).await;
        crate::mcp::follow(&port.engine).await;
    }
    Ok((changed, told))
}

async fn is_first(port: &Port, what: &str, state: &str) -> bool {
    let first = port.engine.storage.is_first_to_tell(what, state).await;
    // Rather told twice than not at all.
    first.unwrap_or(true)
}

async fn tell(port: &Port, cause: Option<OpId>, event: Event) {
    let told = port.engine.bus.publish(Topic::Host, cause, vec![event]);
    if let Err(error) = told.await {
        tracing::warn!(%error, "a change of the settings could not be told");
    }
}
