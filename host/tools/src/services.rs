//! What tools need from the runtime, as a trait. Knows nothing of who implements it.

use crate::wasm::files::Ledger;
use anteroom_api::item::CallDecision;
use anteroom_api::{Answer, BoxFuture, CanvasView, OutputStream, Resolution};
use anteroom_gate::Asked;
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
    /// Runs a child agent to its end.
    fn run_agent(&self, task: AgentTask) -> BoxFuture<'_, Result<AgentOutcome, AgentFailure>>;
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
