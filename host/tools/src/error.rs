//! What the host of tools itself can fail at. A tool's own failure is data, never one of these.

use anteroom_api::{Problem, ProblemCode};
use std::path::PathBuf;

/// A failure of the host's side.
#[derive(Debug, thiserror::Error)]
pub enum ToolsError {
    /// The engine could not be made.
    #[error("could not start the engine for tools")]
    Engine(#[source] wasmtime::Error),
    /// A folder that tools work in could not be opened.
    #[error("could not open the folder `{path}`")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
}

impl From<ToolsError> for Problem {
    fn from(error: ToolsError) -> Self {
        let problem = Self::new(ProblemCode::Tool, error.to_string());
        match error {
            ToolsError::Engine(cause) => problem
                .cause(format!("{cause:#}"))
                .hint("check that this machine allows programs to reserve memory (`ulimit -v`)"),
            ToolsError::Folder { path, cause } => problem.cause(cause).hint(format!(
                "check that `{}` is a folder you may use",
                path.display()
            )),
        }
    }
}
