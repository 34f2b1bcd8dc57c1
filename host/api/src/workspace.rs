//! Folders people work in, and whether what lies in them may take effect.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A folder and what trusting it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkspaceView {
    /// Absolute and canonical.
    pub path: String,
    /// Whether its own config and tools count, as they are now.
    pub trust: WorkspaceTrust,
    /// SHA-256 over everything in it that would take effect, hexadecimal.
    pub hash: String,
    /// What would take effect, one line each; empty if there is nothing to trust.
    pub holds: Vec<String>,
    /// Names of the settings among it; all that could be where its config file cannot be read.
    #[serde(default)]
    pub settings: Vec<String>,
    /// What kinds of projects it looks like, for example `Rust`.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Paths of the instructions files that are used for work in it, the nearest first.
    #[serde(default)]
    pub instructions: Vec<String>,
}

/// How far a folder is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkspaceTrust {
    /// Never asked, or taken back.
    Unknown,
    /// It was trusted, and what it holds has changed since.
    Changed,
    /// Trusted as it is.
    Trusted,
}

/// Wishes about folders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum WorkspaceOp {
    /// Trusts a folder as it was shown; answered by [`WorkspaceEvent::Trusted`].
    Trust {
        /// The folder.
        path: String,
        /// [`WorkspaceView::hash`] as it was shown.
        hash: String,
    },
    /// Takes that back; answered by [`WorkspaceEvent::Distrusted`].
    Distrust {
        /// The folder.
        path: String,
    },
}

/// Facts about folders, on the host's topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum WorkspaceEvent {
    /// A folder is trusted.
    Trusted {
        /// The folder.
        path: String,
        /// What it held.
        hash: String,
    },
    /// A folder is not trusted any more.
    Distrusted {
        /// The folder.
        path: String,
    },
}
