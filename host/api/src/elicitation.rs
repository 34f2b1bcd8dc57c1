//! Elicitations: a tool asks the person something (the MCP word for it).

use crate::{ElicitationId, ItemId, TurnId, UnixMillis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One open question of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Question {
    /// Its id.
    pub id: ElicitationId,
    /// The turn that waits.
    pub turn: TurnId,
    /// The call that asks.
    pub item: ItemId,
    /// The name of the child agent that asks, if it is not the conversation's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The question.
    pub text: String,
    /// Choices; empty for a free answer.
    #[serde(default)]
    pub options: Vec<String>,
    /// Whether several options may be chosen.
    #[serde(default)]
    pub is_multiple: bool,
    /// When silence becomes "not answered".
    pub expires_at: UnixMillis,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// One or more of the options, or a free text.
    Given {
        /// The chosen options or the text.
        values: Vec<String>,
    },
    /// The person does not want to answer.
    Declined,
    /// Nobody answered in time, or nobody was there to ask.
    NotAnswered,
}

/// Wishes about elicitations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum ElicitationOp {
    /// Answers one question, once; answered by [`ElicitationEvent::Answered`].
    Answer {
        /// The question.
        elicitation: ElicitationId,
        /// The answer.
        answer: Answer,
    },
}

/// Facts about elicitations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum ElicitationEvent {
    /// A question is open.
    Requested {
        /// The whole question.
        question: Question,
    },
    /// It is not open any more.
    Answered {
        /// The question.
        elicitation: ElicitationId,
        /// The answer.
        answer: Answer,
    },
}
