//! What tools need from the runtime, as a trait. Knows nothing of who implements it.

use crate::wasm::files::Ledger;
use anteroom_api::item::CallDecision;
use anteroom_api::{
    Answer, BoxFuture, CanvasView, ModuleOrigin, OutputStream, Resolution, ToolView,
};
use anteroom_gate::Asked;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// The runtime's side of a running call. One value serves one call.
pub trait Services: Send + Sync {
    /// Puts a question of the gate to a person. Answers `NotAnswered` where nobody can be asked.
    /// The second part says who decided.
    fn ask(&self, asked: Asked) -> BoxFuture<'_, (Resolution, String)>;
    /// Whether somebody is there to be asked. Where nobody is, nothing is offered that would only be refused.
    fn is_attended(&self) -> bool {
        false
    }
    /// Takes note of a decision, also of effects above the read tier that policy or a rule allowed.
    fn decided(&self, decision: CallDecision);
    /// Puts a tool's own question to a person.
    fn question(
        &self,
        text: String,
        options: Vec<String>,
        is_multiple: bool,
    ) -> BoxFuture<'_, Answer>;
    /// Shows output of a running call; may be dropped.
    fn output(&self, stream: OutputStream, text: String);
    /// Shows how far a call has come; may be dropped.
    fn progress(&self, message: String, fraction: Option<f32>);
    /// Makes a canvas, version 1.
    fn canvas_create(
        &self,
        title: String,
        kind: String,
        body: String,
    ) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>>;
    /// The newest version of a canvas of this conversation.
    fn canvas_get(&self, id: String) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>>;
    /// Saves a new version on top of `base_version`.
    fn canvas_update(
        &self,
        id: String,
        base_version: u32,
        body: String,
    ) -> BoxFuture<'_, Result<CanvasView, CanvasFailure>>;
    /// Where it is written down what files were before the call changes them; none if that is turned off.
    fn ledger(&self) -> Option<Arc<dyn Ledger>> {
        None
    }
    /// Opens a skill by its name, with what the caller wants of it; the body comes back filled in.
    fn skill(&self, name: String, arguments: String) -> BoxFuture<'_, Result<LoadedSkill, String>> {
        let _ = arguments;
        no(format!("there is no skill `{name}` here"))
    }
    /// Searches the tools that are not described to the model in full, best first; those found can be called.
    fn find_tools(
        &self,
        query: String,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<ToolView>, String>> {
        let _ = (query, limit);
        no("there are no further tools here".to_owned())
    }
    /// A value that a toolset kept in this project.
    fn store_get(
        &self,
        owner: KeptBy,
        key: String,
    ) -> BoxFuture<'_, Result<Option<Vec<u8>>, StoreFailure>> {
        let _ = (owner, key);
        no(StoreFailure::nothing())
    }
    /// Keeps a value, in the place of what the key held.
    fn store_set(
        &self,
        owner: KeptBy,
        key: String,
        value: Vec<u8>,
    ) -> BoxFuture<'_, Result<(), StoreFailure>> {
        let _ = (owner, key, value);
        no(StoreFailure::nothing())
    }
    /// Forgets a value; says whether there was one.
    fn store_delete(
        &self,
        owner: KeptBy,
        key: String,
    ) -> BoxFuture<'_, Result<bool, StoreFailure>> {
        let _ = (owner, key);
        no(StoreFailure::nothing())
    }
    /// The keys that begin with a prefix, sorted.
    fn store_list(
        &self,
        owner: KeptBy,
        prefix: String,
    ) -> BoxFuture<'_, Result<Vec<String>, StoreFailure>> {
        let _ = (owner, prefix);
        no(StoreFailure::nothing())
    }
    /// A secret of the person's for one host; none if there is no such secret or it is for other hosts.
    fn secret(&self, name: &str, host: &str) -> Option<SecretValue> {
        let _ = (name, host);
        None
    }
    /// Runs a child agent to its end.
    fn run_agent(&self, task: AgentTask) -> BoxFuture<'_, Result<AgentOutcome, AgentFailure>>;
}

/// What a service that is not there answers.
fn no<'a, T: Send + 'a, E: Send + 'a>(why: E) -> BoxFuture<'a, Result<T, E>> {
    Box::pin(std::future::ready(Err(why)))
}

/// A skill that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedSkill {
    /// Its name.
    pub name: String,
    /// What to do, with the arguments filled in.
    pub body: String,
    /// The folder its files lie in, if tools can read it.
    pub folder: Option<String>,
    /// The files beside it, relative to that folder.
    pub files: Vec<String>,
}

/// Whose a kept value is: a name alone is anybody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptBy {
    /// The toolset.
    pub toolset: String,
    /// Where it was found.
    pub origin: ModuleOrigin,
    /// SHA-256 of its binary, hexadecimal.
    pub hash: String,
    /// Its file, if it is one.
    pub path: Option<PathBuf>,
}

/// Why a value could not be kept or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreFailure {
    /// It is too long, or there is no room left.
    Full(String),
    /// No such key can be.
    Invalid(String),
    /// Anything else.
    Failed(String),
}

impl StoreFailure {
    fn nothing() -> Self {
        Self::Failed("nothing can be kept in this run".to_owned())
    }
}

/// The value of a secret. Printed nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(String);

impl SecretValue {
    /// Takes a secret.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The secret itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(..)")
    }
}

/// Why no canvas was found or saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CanvasFailure {
    /// No such canvas in this conversation.
    NotFound,
    /// It has changed meanwhile; this is the version it has now.
    Conflict(u32),
    /// What was given cannot be saved.
    Invalid(String),
    /// It may not be done.
    Denied(String),
}

/// A task for a child agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentTask {
    /// What to do, complete in itself.
    pub prompt: String,
    /// A short name shown beside its work.
    pub name: Option<String>,
    /// Another model than the parent's.
    pub model: Option<String>,
    /// Only these tools, if given.
    pub tools: Option<Vec<String>>,
}

/// What a child agent came back with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentOutcome {
    /// Its closing words.
    pub text: String,
    /// Model requests it made.
    pub steps: u32,
    /// Whether it finished as meant.
    pub completed: bool,
}

/// Why a child agent has no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentFailure {
    /// The gate or a person said no.
    Denied(String),
    /// Too deep, too many, too long.
    Limit(String),
    /// It failed.
    Failed(String),
}
