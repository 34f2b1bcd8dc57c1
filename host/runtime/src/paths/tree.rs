//! The names in one workspace: what git ignores, what is hidden and what is sensitive left out.

use super::fit::Entry;
use anteroom_gate::{FilePath, Gate};
use ignore::WalkBuilder;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Entries that are kept; a larger tree is known in part.
const ENTRIES_MAX: usize = 200_000;
/// A walk takes no longer; a slower disk is known in part.
const WALK_MAX: Duration = Duration::from_secs(10);
/// The first walk shows what it has at so many entries, and each time it has four times as many.
const FIRST_SHOWN: usize = 1_000;
/// Names younger than this are taken as they are.
const FRESH: Duration = Duration::from_secs(2);
/// What took long is not repeated often: so many times as long as a walk takes, nothing is walked.
const REST: u32 = 20;

/// What is known of a tree.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) entries: Arc<Vec<Entry>>,
    pub(super) is_whole: bool,
    /// When the walk ended and how long it took; none while the first one goes on.
    walked: Option<(Instant, Duration)>,
}

#[derive(Debug)]
pub(super) struct Tree {
    pub(super) workspace: PathBuf,
    names: watch::Sender<Names>,
    is_walking: AtomicBool,
}

impl Tree {
    pub(super) fn new(workspace: PathBuf) -> Self {
        Self {
            workspace,
            names: watch::Sender::default(),
            is_walking: AtomicBool::new(false),
        }
    }

    /// Walks in the background, if that is due.
    pub(super) fn refresh(self: &Arc<Self>, gate: Gate) {
        let is_due = match self.names.borrow().walked {
            None => true,
            Some((at, took)) => at.elapsed() > FRESH.max(took * REST),
        };
        if !is_due || self.is_walking.swap(true, Ordering::AcqRel) {
            return;
        }
        let tree = self.clone();
        tokio::task::spawn_blocking(move || {
            tree.walk(&gate);
            tree.is_walking.store(false, Ordering::Release);
        });
    }

    /// What is known now, or in a moment if nothing is.
    pub(super) async fn names(&self, patience: Duration) -> Names {
        let mut names = self.names.subscribe();
        let known = names.wait_for(|names| names.walked.is_some());
        // What was found until then is told.
        drop(tokio::time::timeout(patience, known).await);
        let known = names.borrow();
        known.clone()
    }

    fn walk(&self, gate: &Gate) {
        let since = Instant::now();
        let is_first = self.names.borrow().walked.is_none();
        let mut entries = Vec::new();
        let mut shown_at = FIRST_SHOWN;
        let mut is_whole = true;
        let gate_of_walk = gate.clone();
        let root = self.workspace.clone();
        let walk = WalkBuilder::new(&self.workspace)
            .follow_links(false)
            .same_file_system(true)
            .require_git(false)
            .filter_entry(move |entry| is_shown(&gate_of_walk, &root, entry.path()))
            .build();
        for found in walk {
            if entries.len() >= ENTRIES_MAX || since.elapsed() > WALK_MAX {
                is_whole = false;
                break;
            }
            // What cannot be listed is not offered.
            let Ok(found) = found else { continue };
            let is_folder = found.file_type().is_some_and(|kind| kind.is_dir());
            let is_link = found.path_is_symlink();
            if let Some(name) = relative(&self.workspace, found.path()).filter(|_| !is_link) {
                entries.push(Entry::new(name, is_folder));
            }
            if is_first && entries.len() == shown_at {
                shown_at *= 4;
                self.show(entries.clone(), false, None);
            }
        }
        let took = since.elapsed();
        self.show(entries, is_whole, Some((Instant::now(), took)));
    }

    fn show(&self, entries: Vec<Entry>, is_whole: bool, walked: Option<(Instant, Duration)>) {
        self.names.send_replace(Names {
            entries: Arc::new(entries),
            is_whole,
            walked,
        });
    }
}

/// Below the workspace and UTF-8; none for the workspace itself.
fn relative<'a>(workspace: &Path, path: &'a Path) -> Option<&'a str> {
    let name = path.strip_prefix(workspace).ok()?.to_str()?;
    (!name.is_empty()).then_some(name)
}

/// A sensitive folder is not even looked into.
fn is_shown(gate: &Gate, workspace: &Path, path: &Path) -> bool {
    match relative(workspace, path) {
        Some(name) => !gate.is_sensitive(&FilePath::Workspace(name.to_owned())),
        None => path == workspace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_gate::{Memory, Place, Policy};

    fn tree(folder: &Path, files: &[&str]) -> (Arc<Tree>, Gate) {
        for file in files {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let workspace = folder.canonicalize().unwrap();
        let place = Place {
            workspace: workspace.clone(),
            ..Place::default()
        };
        let policy = Policy {
            sensitive_paths: vec!["*.pem".into()],
            ..Policy::default()
        };
        let gate = Gate::new(policy, place, Memory::default()).unwrap();
        (Arc::new(Tree::new(workspace)), gate)
    }

    fn shown(names: &Names) -> Vec<String> {
        let mut shown: Vec<String> = names
            .entries
            .iter()
            .map(|entry| entry.path().into())
            .collect();
        shown.sort();
        shown
    }

    #[tokio::test]
    async fn ignored_hidden_and_sensitive_names_and_links_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, gate) = tree(
            folder.path(),
            &[
                "src/main.rs",
                "target/out",
                ".hidden/x",
                "key.pem",
                ".env",
                "_netrc",
                "docs/a b.md",
            ],
        );
        std::fs::write(folder.path().join(".gitignore"), "/target\n").unwrap();
        std::os::unix::fs::symlink("/etc", folder.path().join("link")).unwrap();
        tree.refresh(gate);
        let names = tree.names(Duration::from_secs(20)).await;
        assert!(names.is_whole);
        assert_eq!(
            shown(&names),
            ["docs/", "docs/a b.md", "src/", "src/main.rs"]
        );
    }

    #[tokio::test]
    async fn what_is_fresh_is_not_walked_again() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, gate) = tree(folder.path(), &["a"]);
        tree.refresh(gate.clone());
        let first = tree.names(Duration::from_secs(20)).await;
        std::fs::write(folder.path().join("b"), "").unwrap();
        tree.refresh(gate);
        let second = tree.names(Duration::from_secs(20)).await;
        assert!(Arc::ptr_eq(&first.entries, &second.entries));
    }
}
