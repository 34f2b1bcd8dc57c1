//! A call as the gate is told of it, and the gate's answer.

use crate::{CallQuestion, Permit, Refusal};
use anteroom_api::{Capability, Tier};

/// What is known of a call before it runs.
#[derive(Clone, Debug)]
pub struct CallFacts {
    /// The tool.
    pub tool: String,
    /// The tier it declares.
    pub declared: Tier,
    /// Its arguments, exactly as it will get them.
    pub arguments: serde_json::Value,
    /// What its module was lent; the host watches each use.
    pub capabilities: Vec<Capability>,
    /// Whether it did not come with Anteroom.
    pub is_third_party: bool,
}

/// The gate's answer to a call.
#[derive(Debug)]
pub enum CallVerdict {
    /// It may run; its effects are judged one by one.
    Allow(Permit),
    /// A person is asked first.
    Ask(CallQuestion),
    /// It may not run.
    Deny(Refusal),
}
