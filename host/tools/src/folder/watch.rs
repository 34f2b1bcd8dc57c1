//! Tells when something may have happened in a folder; what, is found out by looking. Where the system tells
//! nothing, the folder is looked at every now and then.

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// One change seldom comes alone: it must be quiet for so long.
const QUIET: Duration = Duration::from_millis(40);
/// It is never waited longer than this for quiet.
const QUIET_MAX: Duration = Duration::from_millis(250);
/// How often a folder is looked at that the system cannot watch.
const POLL: Duration = Duration::from_millis(500);
/// Folders above a missing one that are watched for its coming.
const ABOVE_MAX: usize = 2;

type Bells = Arc<Mutex<BTreeMap<PathBuf, Arc<Notify>>>>;

/// Watches all folders of one registry. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Eyes(Arc<Inner>);

struct Inner {
    bells: Bells,
    sight: Mutex<Sight>,
}

#[derive(Default)]
struct Sight {
    /// None where the system cannot watch, or before the first folder.
    watcher: Option<RecommendedWatcher>,
    /// How many look at each watched folder.
    eyes: BTreeMap<PathBuf, usize>,
}

impl Eyes {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            bells: Bells::default(),
            sight: Mutex::default(),
        }))
    }

    /// Watches a folder, or the nearest one above it as long as it is not there.
    pub(crate) fn open(&self, folder: &Path) -> Eye {
        let bell = Arc::new(Notify::new());
        lock(&self.0.bells).insert(folder.to_owned(), bell.clone());
        Eye {
            eyes: self.clone(),
            folder: folder.to_owned(),
            bell,
            watched: None,
        }
    }

    /// Watches a folder, once more if it is watched already: it may be another one of that name by now.
    fn watch(&self, folder: &Path) -> bool {
        let mut sight = lock(&self.0.sight);
        if sight.watcher.is_none() {
            let bells = self.0.bells.clone();
            match notify::recommended_watcher(move |event| ring(&bells, &event)) {
                Ok(made) => sight.watcher = Some(made),
                Err(error) => {
                    tracing::warn!(%error, "folders cannot be watched; they are looked at now and then");
                    return false;
                }
            }
        }
        let watched = sight
            .watcher
            .as_mut()
            .map(|watcher| watcher.watch(folder, RecursiveMode::NonRecursive));
        matches!(watched, Some(Ok(())))
    }

    fn count(&self, folder: &Path) {
        *lock(&self.0.sight)
            .eyes
            .entry(folder.to_owned())
            .or_default() += 1;
    }

    fn unwatch(&self, folder: &Path) {
        let mut sight = lock(&self.0.sight);
        let left = sight.eyes.get_mut(folder).map(|count| {
            *count = count.saturating_sub(1);
            *count
        });
        if left.is_some_and(|left| left > 0) {
            return;
        }
        sight.eyes.remove(folder);
        if let Some(watcher) = &mut sight.watcher {
            // An error says that it was not watched, which is what is wanted.
            drop(watcher.unwatch(folder));
        }
    }
}

/// Watches one folder.
pub(crate) struct Eye {
    eyes: Eyes,
    folder: PathBuf,
    bell: Arc<Notify>,
    /// The folder that is watched: the one that is meant, or one above.
    watched: Option<PathBuf>,
}

impl Eye {
    /// Sees to it that the next change is told. Call it before each look, so that nothing is missed between.
    pub(crate) fn arm(&mut self) {
        let above = self.folder.ancestors().take(ABOVE_MAX + 1);
        let nearest = above
            .filter(|folder| folder.is_dir())
            .find(|folder| self.eyes.watch(folder))
            .map(Path::to_owned);
        if self.watched == nearest {
            return;
        }
        if let Some(nearest) = &nearest {
            self.eyes.count(nearest);
        }
        if let Some(before) = std::mem::replace(&mut self.watched, nearest) {
            self.eyes.unwatch(&before);
        }
    }

    /// Waits until something may have happened and it is quiet again.
    pub(crate) async fn change(&mut self) {
        if self.watched.is_none() {
            sleep(POLL).await;
            return;
        }
        self.bell.notified().await;
        let quiet = async { while timeout(QUIET, self.bell.notified()).await.is_ok() {} };
        // A folder that is never quiet is looked at all the same.
        drop(timeout(QUIET_MAX, quiet).await);
    }
}

impl Drop for Eye {
    fn drop(&mut self) {
        lock(&self.eyes.0.bells).remove(&self.folder);
        if let Some(watched) = &self.watched {
            self.eyes.unwatch(watched);
        }
    }
}

/// Rings for each folder that an event may concern.
fn ring(bells: &Bells, event: &notify::Result<Event>) {
    let bells = lock(bells);
    let Ok(event) = event else {
        bells.values().for_each(|bell| bell.notify_one());
        return;
    };
    // Looking is an access, too, and must not lead to the next look.
    let is_change = match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    };
    if !is_change && !event.need_rescan() {
        return;
    }
    for (folder, bell) in bells.iter() {
        let mut paths = event.paths.iter();
        if event.need_rescan()
            || paths.any(|path| path.starts_with(folder) || folder.starts_with(path))
        {
            bell.notify_one();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
