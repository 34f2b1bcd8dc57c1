//! Paths of a workspace, for completing what a person types behind `@`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What in a workspace fits what was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PathHits {
    /// Relative to the workspace, separated by `/`; folders end with `/`. The best first.
    pub paths: Vec<String>,
    /// Whether the whole workspace was looked through. If not, asking again in a moment may find more; a tree of
    /// more than 200 000 entries is never whole.
    pub is_whole: bool,
}
