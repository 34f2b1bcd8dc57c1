//! What was spent on what: tokens and cost by day, model and project.

use crate::{ProjectId, UnixMillis, Usage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one model used for one project on one day. Of deleted conversations nothing is known any more but their share
/// in the day's budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpendingRow {
    /// When the day began, in UTC.
    pub day: UnixMillis,
    /// The model that was asked; empty if nobody knows any more.
    pub model: String,
    /// The project its conversations belong to now; child agents count for their root's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// That project's name; empty without one.
    pub project_name: String,
    /// Requests to the model.
    pub requests: u64,
    /// Tokens and cost.
    pub usage: Usage,
}
