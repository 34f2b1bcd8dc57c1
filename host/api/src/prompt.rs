//! What is sent to the model before anybody has said a word.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The fixed part of every request, exactly as it would be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PromptReport {
    /// The sections of the system prompt in their order.
    pub sections: Vec<PromptPart>,
    /// The tool definitions in their order, as JSON.
    pub tools: Vec<PromptPart>,
    /// All tokens together, by the tokenizer that requests are estimated with.
    pub tokens: u64,
}

/// One section or one tool definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PromptPart {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Its tokens.
    pub tokens: u64,
}
