//! Model endpoints as `init`, `doctor` and the settings page see them.

use crate::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An endpoint to be tested. The key is used and forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointSpec {
    /// For example `http://127.0.0.1:11434/v1`.
    pub base_url: String,
    /// A key, if the endpoint wants one.
    #[serde(default)]
    pub api_key: Option<String>,
    /// The model to test; the first one the endpoint lists if none is given.
    #[serde(default)]
    pub model: Option<String>,
}

/// A server found on loopback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FoundEndpoint {
    /// What usually listens there, for example `Ollama`.
    pub name: String,
    /// Ready for `ai.base_url`.
    pub base_url: String,
    /// The models it lists.
    pub models: Vec<String>,
}

/// What a test of an endpoint showed, step by step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointReport {
    /// The models it lists; empty if it lists none.
    pub models: Vec<String>,
    /// The model the later steps used.
    pub model: Option<String>,
    /// `connect`, `models`, `stream`, `tools`, in this order; ends with the first that makes the rest pointless.
    pub steps: Vec<ProbeStep>,
}

/// One step of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeStep {
    /// `connect`, `models`, `stream` or `tools`.
    pub name: String,
    /// How long it took, milliseconds.
    pub took_ms: u64,
    /// What went wrong, if something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}
