//! What was decided in advance: the user's settings, the place of work, and remembered answers.
//! Knows no effect; see `permit.rs` for what follows from it.

use crate::Rule;
use anteroom_api::{Mode, Scope, Tier};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

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
}

/// Answers that outlive one effect: the rules of one conversation's session, shared by its turns and
/// children, and the "always" rules from the database.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    rules: Arc<RwLock<Vec<(Rule, Scope)>>>,
}

impl Memory {
    /// A memory that begins with the rules kept in the database.
    #[must_use]
    pub fn new(always: Vec<Rule>) -> Self {
        let rules = always
            .into_iter()
            .map(|rule| (rule, Scope::Always))
            .collect();
        Self {
            rules: Arc::new(RwLock::new(rules)),
        }
    }

    /// All remembered rules with their scopes, oldest first.
    #[must_use]
    pub fn rules(&self) -> Vec<(Rule, Scope)> {
        self.rules
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Forgets a rule, in whichever scope it was remembered: it was revoked.
    pub fn forget(&self, rule: &Rule) {
        self.rules
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(known, _)| known != rule);
    }

    pub(crate) fn remember(&self, rule: Rule, scope: Scope) {
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        match rules.iter_mut().find(|(known, _)| *known == rule) {
            Some((_, known)) if scope == Scope::Always => *known = scope,
            Some(_) => {}
            None => rules.push((rule, scope)),
        }
    }

    pub(crate) fn any(&self, covers: impl Fn(&Rule) -> bool) -> bool {
        self.rules
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .any(|(rule, _)| covers(rule))
    }
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
