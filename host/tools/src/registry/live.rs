//! Keeps the shelf like the folders while conversations go on: looks when something may have happened, and lets
//! what is new count once it is loaded.

use super::{Inner, Registry, served_tool, views};
use crate::folder::watch::Eye;
use crate::folder::{Folder, Patience};
use anteroom_api::{BoxFuture, ModuleId, ModuleOrigin, ModuleView};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// How soon a folder is looked at again in which something has not settled.
const AGAIN: Duration = Duration::from_millis(100);

/// Says whether the modules of a folder count at this moment. Asked before each look, because what a folder
/// holds may be what decides it.
pub type MayCount = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// A folder that is kept up to date until this is dropped.
pub(super) struct Watched {
    origin: ModuleOrigin,
    may_count: MayCount,
    /// Whether it was looked at until everything had settled.
    is_ready: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Registry {
    /// Keeps the modules of a folder up to date from now on; returns at once. A file that comes, changes or goes
    /// is found within a second. One that cannot be loaded may be half written, so what was there before counts
    /// until it has settled. A running call finishes on the component it began with. While `may_count` says no,
    /// the folder counts as empty.
    pub fn watch_folder(&self, folder: &Path, origin: ModuleOrigin, may_count: MayCount) {
        let mut watched = self.watched();
        if watched.contains_key(folder) {
            return;
        }
        let (ready, is_ready) = watch::channel(false);
        let eye = self.0.eyes.open(folder);
        let task = keep(
            Arc::downgrade(&self.0),
            folder.to_owned(),
            origin,
            eye,
            ready,
        );
        let watching = Watched {
            origin,
            may_count,
            is_ready,
            task: tokio::spawn(task),
        };
        watched.insert(folder.to_owned(), watching);
    }

    /// Looks at a folder now and takes everything in it as it is: a broken file is failed, with its reason; one
    /// that is gone is withdrawn. Answers the modules of the folder.
    pub async fn load_folder(&self, folder: &Path, origin: ModuleOrigin) -> Vec<ModuleId> {
        self.look(folder, origin, Patience::None).await;
        let shelf = self.shelf();
        let modules = shelf.of_folder(folder).iter();
        modules.map(|module| module.id.clone()).collect()
    }

    /// Withdraws the modules of a folder and looks at it no more.
    pub async fn forget_folder(&self, folder: &Path) {
        drop(self.watched().remove(folder));
        self.0.folders.lock().await.remove(folder);
        self.change(|shelf| shelf.take(folder));
        self.changed();
    }

    /// Looks at all folders that are kept up to date, now.
    pub async fn load_folders(&self) {
        let folders: Vec<(PathBuf, ModuleOrigin)> = self
            .watched()
            .iter()
            .map(|(folder, watched)| (folder.clone(), watched.origin))
            .collect();
        for (folder, origin) in folders {
            self.look(&folder, origin, Patience::None).await;
        }
    }

    /// The folders that are kept up to date and were looked at.
    #[must_use]
    pub fn folders(&self) -> Vec<PathBuf> {
        let watched = self.watched();
        let ready = watched
            .iter()
            .filter(|(_, watched)| *watched.is_ready.borrow());
        ready.map(|(folder, _)| folder.clone()).collect()
    }

    /// The modules of one folder as they count now, loaded or failed.
    pub async fn modules_of(&self, folder: &Path) -> Vec<ModuleView> {
        let shelf = self.shelf();
        views(&shelf, shelf.of_folder(folder)).await
    }

    /// Rises when modules came, changed or went.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Waits until the user's folder and a project's were looked at once.
    pub async fn ready(&self, project: Option<&Path>) {
        for mut is_ready in self.counting(project) {
            // An error says that the folder was forgotten meanwhile.
            drop(is_ready.wait_for(|is_ready| *is_ready).await);
        }
    }

    /// The names of the tools that count in a project, as [`Self::definitions_in`] has them; none while some of them
    /// are still being loaded. Waits for nothing.
    #[must_use]
    pub fn names_in(&self, project: Option<&Path>) -> Option<Vec<String>> {
        let is_looked_at = self.counting(project).iter().all(|ready| *ready.borrow());
        if !is_looked_at {
            return None;
        }
        let shelf = self.shelf();
        let mut names = Vec::new();
        for module in shelf.of(project) {
            let loading = module.now()?;
            if let Ok(loaded) = loading
                && !shelf.is_disabled(&module.id)
            {
                names.extend(loaded.tools().iter().map(|tool| tool.view.name.clone()));
            }
        }
        let served = served_tool::definitions(self, project).into_iter();
        names.extend(served.map(|definition| definition.tool.name.clone()));
        Some(names)
    }

    /// Of each folder that counts in a project, whether it was looked at once.
    fn counting(&self, project: Option<&Path>) -> Vec<watch::Receiver<bool>> {
        let watched = self.watched();
        let counting = watched.iter().filter(|(folder, watched)| {
            watched.origin != ModuleOrigin::Project || Some(folder.as_path()) == project
        });
        counting
            .map(|(_, watched)| watched.is_ready.clone())
            .collect()
    }

    pub(super) async fn look(
        &self,
        folder: &Path,
        origin: ModuleOrigin,
        patience: Patience,
    ) -> bool {
        let mut folders = self.0.folders.lock().await;
        let may_count = self
            .watched()
            .get(folder)
            .map(|watched| watched.may_count.clone());
        if let Some(may_count) = may_count
            && !may_count().await
        {
            folders.remove(folder);
            if self.change(|shelf| shelf.put(folder, origin, Vec::new())) {
                self.changed();
            }
            return true;
        }
        let known = folders
            .entry(folder.to_owned())
            .or_insert_with(|| Folder::new(folder.to_owned(), origin));
        let has_settled = known.look(&self.0.loader, patience).await;
        // Whether the others fit beside them can only be told once they are loaded.
        for module in self.shelf().built_in() {
            drop(module.loaded().await);
        }
        let modules = known.modules();
        if self.change(|shelf| shelf.put(folder, origin, modules)) {
            self.changed();
        }
        has_settled
    }

    fn changed(&self) {
        self.0.changes.send_modify(|count| *count += 1);
    }

    fn watched(&self) -> std::sync::MutexGuard<'_, std::collections::BTreeMap<PathBuf, Watched>> {
        self.0
            .watched
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks again and again, as long as the registry lives.
async fn keep(
    registry: Weak<Inner>,
    folder: PathBuf,
    origin: ModuleOrigin,
    mut eye: Eye,
    ready: watch::Sender<bool>,
) {
    loop {
        eye.arm();
        let Some(inner) = registry.upgrade() else {
            return;
        };
        let has_settled = Registry(inner)
            .look(&folder, origin, Patience::UntilSettled)
            .await;
        if has_settled {
            if !ready.send_replace(true)
                && let Some(inner) = registry.upgrade()
            {
                Registry(inner).changed();
            }
            eye.change().await;
        } else {
            sleep(AGAIN).await;
        }
    }
}
