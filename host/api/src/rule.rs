//! Rules that a person allowed for good: what scope `always` leaves behind.

use crate::UnixMillis;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A permission that is kept in the database until it ends or is revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleView {
    /// In the notation of `--allowed-tools`, for example `bash:cargo test *`.
    pub rule: String,
    /// The absolute folder it holds in; everywhere if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// When it was given.
    pub created_at: UnixMillis,
    /// When it ends, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixMillis>,
    /// When it last let a call through, if one is known; of conversations in the personal database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<UnixMillis>,
}

/// Wishes about rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum RuleOp {
    /// Takes a rule back, in every running conversation too; answered by [`RuleEvent::Revoked`].
    Revoke {
        /// As it was kept.
        rule: String,
        /// The folder it was kept for; everywhere if none.
        #[serde(default)]
        workspace: Option<String>,
    },
}

/// Facts about rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum RuleEvent {
    /// A rule was kept; one with the same words and place is replaced.
    Kept {
        /// The rule.
        rule: RuleView,
    },
    /// A rule was taken back.
    Revoked {
        /// The rule.
        rule: String,
        /// The folder it held in; everywhere if none.
        #[serde(default)]
        workspace: Option<String>,
    },
}
