//! Paths that fit what a person types: each workspace is walked once in the background, kept, and walked again
//! when that is a while ago. Whoever asks never waits for a whole walk. Names only: no file is opened.

mod fit;
mod tree;

use crate::engine::Engine;
use anteroom_api::{PathHits, Problem, ProblemCode};
use anteroom_gate::{Gate, Memory, Place, Policy};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tree::Tree;

/// Workspaces that are remembered; of more, the one that was asked about longest ago is forgotten.
const MAX_TREES: usize = 4;
/// Hits at most.
const MAX_HITS: u32 = 200;
/// How long the first question about a workspace waits for something to answer with.
const FIRST_PATIENCE: Duration = Duration::from_millis(60);

/// The trees that were asked about, the latest last.
#[derive(Debug, Default)]
pub(crate) struct Trees(Mutex<Vec<Arc<Tree>>>);

/// What fits `typed`, at most `limit`, the best first.
///
/// # Errors
/// [`ProblemCode::NotFound`] if there is no such folder.
pub(crate) async fn find(
    engine: &Arc<Engine>,
    workspace: String,
    (typed, limit): (String, u32),
) -> Result<PathHits, Problem> {
    let limit = limit.min(MAX_HITS) as usize;
    let folder = PathBuf::from(&workspace);
    let canonical = tokio::fs::canonicalize(&folder).await.map_err(|error| {
        Problem::new(
            ProblemCode::NotFound,
            format!("the workspace `{workspace}` cannot be opened"),
        )
        .cause(error)
        .hint("name an existing folder")
    })?;
    let gate = gate(engine, &canonical)?;
    let tree = engine.trees.of(canonical);
    tree.refresh(gate);
    let names = tree.names(FIRST_PATIENCE).await;
    let fitting = move || PathHits {
        paths: fit::best(&names.entries, &typed, limit),
        is_whole: names.is_whole,
    };
    tokio::task::spawn_blocking(fitting).await.map_err(|error| {
        Problem::new(
            ProblemCode::Internal,
            "the paths could not be looked through",
        )
        .cause(error)
    })
}

impl Trees {
    fn of(&self, workspace: PathBuf) -> Arc<Tree> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.iter().position(|tree| tree.workspace == workspace);
        let tree = match known {
            Some(at) => kept.remove(at),
            None => Arc::new(Tree::new(workspace)),
        };
        kept.push(tree.clone());
        if kept.len() > MAX_TREES {
            kept.remove(0);
        }
        tree
    }
}

/// A gate that knows what is sensitive in a workspace.
fn gate(engine: &Engine, workspace: &Path) -> Result<Gate, Problem> {
    let policy = Policy {
        sensitive_paths: engine.settings().safety.sensitive_paths.clone(),
        ..Policy::default()
    };
    let place = Place {
        workspace: workspace.to_owned(),
        home: engine.paths.user_home.clone(),
        protected: vec![engine.paths.home.clone(), engine.paths.data.clone()],
        temp: None,
    };
    Gate::new(policy, place, Memory::default()).map_err(|error| {
        Problem::new(
            ProblemCode::InvalidConfig,
            "the safety settings cannot be used",
        )
        .cause(error)
        .hint("see `aroom config show`, section `safety`")
    })
}
