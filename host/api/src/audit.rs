//! The audit log: every decision of the gate and every effect, chained and signed.

use crate::{ConversationId, ItemId, Meter, Tier, UnixMillis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One record. Append-only; each carries the hash of the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditRecord {
    /// Counted from 1, without gaps.
    pub number: u64,
    /// When.
    pub at: UnixMillis,
    /// The user's id.
    pub user: String,
    /// Where, if in a conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// The call, if about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// What sort of record, for example `decision`, `call`, `grant`, `rule`, `setting`, `undo`.
    pub action: String,
    /// The tool or module, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// What it was about, in one line, secrets masked.
    pub effect: String,
    /// SHA-256 of the arguments, hexadecimal; the arguments themselves only by setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<String>,
    /// How risky it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// What was decided or what came of it, for example `allowed`, `denied`, `not_answered`, `completed`, `failed`.
    pub verdict: String,
    /// Who decided: a frontend, `policy`, `rule`, `nobody`.
    pub by: String,
    /// How long an approval holds, if one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<crate::Scope>,
    /// Resources used, for a finished call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meter: Option<Meter>,
    /// Hash of the record before, hexadecimal.
    pub previous: String,
    /// Hash of this record, hexadecimal.
    pub hash: String,
}

/// Which records are wanted. What is absent does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AuditFilter {
    /// From this moment on.
    pub since: Option<UnixMillis>,
    /// Before this moment.
    pub until: Option<UnixMillis>,
    /// In this conversation.
    pub conversation: Option<ConversationId>,
    /// Of this tool or module.
    pub tool: Option<String>,
    /// Of this sort.
    pub action: Option<String>,
    /// With this verdict.
    pub verdict: Option<String>,
}

/// Whether the log is as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditReport {
    /// Records looked at.
    pub records: u64,
    /// Signatures looked at.
    pub signatures: u64,
    /// The first record that is not as it was written, and what is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_bad: Option<AuditFault>,
    /// What cannot be proven, in words; for example records that are not signed yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditFault {
    /// Its number.
    pub number: u64,
    /// What is wrong.
    pub text: String,
}
