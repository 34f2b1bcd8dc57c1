//! What was decided in advance: the user's settings, what the system holds, and the place of work.
//! Knows no effect; see `permit.rs` for what follows from it.

use crate::Rule;
use anteroom_api::{Mode, Tier};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The user's settings about safety. The default allows nothing in advance.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Which tiers wait for a person.
    pub mode: Mode,
    /// Allowed without asking, up to tier Execute; never what is destructive, sensitive or outside.
    pub allowed: Vec<Rule>,
    /// Denied, whatever else says otherwise.
    pub denied: Vec<Rule>,
    /// Tiers that override what a tool declares for its calls; effects keep their own.
    pub tool_tiers: BTreeMap<String, Tier>,
    /// Regular expressions of command lines that count as destructive.
    pub custom_patterns: Vec<String>,
    /// Paths, names or globs that are sensitive besides the built-in ones.
    pub sensitive_paths: Vec<String>,
    /// Whether the operating system holds every process that is started. If not, each of them is asked about, by
    /// itself, in every mode.
    pub is_sandboxed: bool,
    /// Whether that sandbox keeps processes off the network. If not, a program that nobody knows counts as one
    /// that reaches it.
    pub is_offline: bool,
    /// What the sandbox lacks here, in words; said with every question about a process.
    pub sandbox_lacks: Vec<String>,
}

/// Where the calls work. All paths absolute and canonical.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The folder they work in.
    pub workspace: PathBuf,
    /// The user's home folder, if there is one.
    pub home: Option<PathBuf>,
    /// Anteroom's own folders: configuration, keys, database.
    pub protected: Vec<PathBuf>,
    /// The private temporary folder of the conversation; for command lines it is as the workspace. A folder for
    /// everybody's temporary files, `/tmp`, is outside: what lies there may be anybody's.
    pub temp: Option<PathBuf>,
}

/// A policy that cannot be enforced as written.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A custom pattern is no regular expression.
    #[error("`{pattern}` in `safety.custom_patterns` is no regular expression: {source}")]
    Pattern {
        /// As written.
        pattern: String,
        /// Why.
        source: Box<regex::Error>,
    },
    /// A sensitive path cannot be understood.
    #[error("`{path}` in `safety.sensitive_paths` is no path or glob: {source}")]
    Sensitive {
        /// As written.
        path: String,
        /// Why.
        source: globset::Error,
    },
    /// The workspace is not an absolute path.
    #[error("the workspace `{0}` is not an absolute path")]
    Workspace(PathBuf),
}
