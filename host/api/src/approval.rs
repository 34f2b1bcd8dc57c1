//! Approvals: the gate asks a person before an effect.

use crate::{ApprovalId, ItemId, Tier, ToolContent, TurnId, UnixMillis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One open question of the gate, complete enough to be decided by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// The turn that waits, in the conversation whose topic this travels on.
    pub turn: TurnId,
    /// The call that wants to act; in a child agent's own conversation if `agent` is set.
    pub item: ItemId,
    /// The name of the child agent that asks, if it is not the conversation's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The tool.
    pub tool: String,
    /// What it wants to do.
    pub effect: EffectView,
    /// How risky that is.
    pub tier: Tier,
    /// Why it is asked, in plain words; never empty for a destructive effect.
    pub reasons: Vec<String>,
    /// What may be answered besides a denial, narrowest first.
    pub scopes: Vec<ScopeOffer>,
    /// SHA-256 of the effect exactly as shown, hexadecimal; an answer holds for nothing else.
    pub digest: String,
    /// When it was asked.
    pub requested_at: UnixMillis,
    /// When silence becomes "not answered".
    pub expires_at: UnixMillis,
}

/// An effect as shown to a person: exactly what will happen, nothing left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EffectView {
    /// Which sort of effect.
    pub kind: EffectKind,
    /// One line: a path, a command, a host.
    pub summary: String,
    /// The whole text where one line is not enough (a long command, arguments as JSON).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the tool says it will write, as a diff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<ToolContent>,
}

/// The sorts of effect the gate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// The call as a whole.
    Call,
    /// Reading a file that is outside the workspace or sensitive.
    FileRead,
    /// Creating or changing a file.
    FileWrite,
    /// Removing or renaming a file.
    FileRemove,
    /// Starting a process.
    Process,
    /// Starting a child agent.
    Agent,
    /// Sending a request to a host.
    Network,
    /// A component that asks for capabilities.
    Grant,
    /// Leaving plan mode: from here on the plan is carried out.
    Plan,
    /// Running a command once without the operating system's sandbox.
    Unconfined,
    /// Having the model answer an MCP server.
    Sample,
}

/// How long an approval holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// For this effect only.
    Once,
    /// For the rule shown, until the conversation is closed.
    Session,
    /// For the rule shown, kept in the database until revoked.
    Always,
}

/// One scope that may be chosen, with the rule it would remember.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScopeOffer {
    /// The scope.
    pub scope: Scope,
    /// The rule in the notation of `--allowed-tools`, for example `bash:cargo test *`; none for `once`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// A person's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// Yes, for so long.
    Allow {
        /// How long it holds.
        scope: Scope,
    },
    /// No.
    Deny {
        /// Told to the model.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "resolution", rename_all = "snake_case")]
pub enum Resolution {
    /// Somebody or a rule said yes.
    Allowed {
        /// How long it holds.
        scope: Scope,
    },
    /// Somebody or the policy said no.
    Denied {
        /// Told to the model.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Nobody answered in time, or nobody was there to ask. Counts as no, and is told as what it is.
    NotAnswered,
}

/// Wishes about approvals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum ApprovalOp {
    /// Answers one question, once; answered by [`ApprovalEvent::Resolved`]. A second answer is rejected.
    Decide {
        /// The question.
        approval: ApprovalId,
        /// The digest that was shown; must equal the question's.
        digest: String,
        /// The answer.
        decision: Decision,
        /// The frontend the answer came from, for the record.
        by: String,
    },
    /// Gives more time to answer; answered by [`ApprovalEvent::Extended`].
    Extend {
        /// The question.
        approval: ApprovalId,
    },
}

/// Facts about approvals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum ApprovalEvent {
    /// A question is open.
    Requested {
        /// The whole question.
        approval: Box<Approval>,
    },
    /// There is more time to answer.
    Extended {
        /// The question.
        approval: ApprovalId,
        /// When silence becomes "not answered" now.
        expires_at: UnixMillis,
    },
    /// It is not open any more.
    Resolved {
        /// The question.
        approval: ApprovalId,
        /// What became of it.
        resolution: Resolution,
        /// Who decided: a frontend's name, or `nobody`.
        by: String,
    },
}
