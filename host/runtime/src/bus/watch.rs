//! Wakes who waits for a file to change: the bell of other processes, the config files.
//!
//! One watcher of the system for all files. Knows nothing of what is in them.

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::Notify;

/// Watches files, or does not where the system cannot.
pub(crate) struct FileWatch {
    watcher: Mutex<Option<RecommendedWatcher>>,
    routes: Arc<RwLock<Vec<Route>>>,
}

struct Route {
    path: PathBuf,
    wake: Arc<Notify>,
}

impl FileWatch {
    /// Without files yet.
    pub(crate) fn new() -> Self {
        let routes: Arc<RwLock<Vec<Route>>> = Arc::default();
        let told = Arc::clone(&routes);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let routes = told.read().unwrap_or_else(PoisonError::into_inner);
            match event {
                // Looking at a file changes nothing.
                Ok(event) if matches!(event.kind, EventKind::Access(_)) => {}
                Ok(event) => {
                    let is_meant = |route: &&Route| event.paths.contains(&route.path);
                    wake(
                        routes
                            .iter()
                            .filter(|route| is_meant(route) || event.need_rescan()),
                    );
                }
                // Something was missed: everybody looks for himself.
                Err(_) => wake(routes.iter()),
            }
        });
        if let Err(error) = &watcher {
            tracing::info!(%error, "files cannot be watched here; they are looked at from time to time");
        }
        Self {
            watcher: Mutex::new(watcher.ok()),
            routes,
        }
    }

    /// Wakes `wake` whenever the file appears, changes or goes. False if it cannot be watched: its folder is
    /// missing, or the system has no watches left.
    pub(crate) fn add(&self, path: &Path, wake: &Arc<Notify>) -> bool {
        let Some(folder) = path.parent() else {
            return false;
        };
        self.route((folder, path), wake)
    }

    fn route(&self, (watched, path): (&Path, &Path), wake: &Arc<Notify>) -> bool {
        let mut watcher = self.watcher();
        let Some(system) = watcher.as_mut() else {
            return false;
        };
        if system.watch(watched, RecursiveMode::NonRecursive).is_err() {
            return false;
        }
        let route = Route {
            path: path.to_path_buf(),
            wake: Arc::clone(wake),
        };
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        routes.retain(|known| known.path != route.path || !Arc::ptr_eq(&known.wake, wake));
        routes.push(route);
        true
    }

    /// Wakes `wake` whenever a file that is there and stays there is written. Nothing else in its folder wakes
    /// anybody: beside a database's log that would be each page that is written.
    pub(crate) fn add_file(&self, path: &Path, wake: &Arc<Notify>) -> bool {
        path.is_file() && self.route((path, path), wake)
    }

    fn watcher(&self) -> MutexGuard<'_, Option<RecommendedWatcher>> {
        self.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake<'a>(routes: impl Iterator<Item = &'a Route>) {
    for route in routes {
        route.wake.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_wakes_who_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a"), folder.path().join("b"));
        let (wake, never) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let watch = FileWatch::new();
        assert!(watch.add(&path, &wake));
        assert!(watch.add(&other, &never));
        std::fs::write(&path, "1").unwrap();
        wake.notified().await;
        // As editors do it: another file takes its place.
        let beside = folder.path().join("beside");
        std::fs::write(&beside, "2").unwrap();
        std::fs::rename(&beside, &path).unwrap();
        wake.notified().await;
        assert!(!watch.add(&folder.path().join("missing/a"), &wake));
        let is_woken = tokio::select! {
            biased;
            () = never.notified() => true,
            () = std::future::ready(()) => false,
        };
        assert!(!is_woken);
    }
}
