//! What `doctor` found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One checked thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What was checked, for example `endpoint`.
    pub subject: String,
    /// How it is.
    pub health: Health,
    /// One line on what was found.
    pub text: String,
    /// What to do, if something should be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// How a checked thing is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Ok,
    /// Works, but something is missing or odd.
    Warning,
    /// Does not work.
    Failed,
}
