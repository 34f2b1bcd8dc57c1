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
    /// Who asks, if it is an MCP server: its words are from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// What is to be filled in, in order; empty where `options` or a free answer is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub form: Vec<FormField>,
    /// When silence becomes "not answered".
    pub expires_at: UnixMillis,
}

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FormField {
    /// What the answer calls it.
    pub name: String,
    /// What the person reads.
    pub title: String,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it takes.
    pub kind: FieldKind,
    /// Whether the form cannot be sent without it.
    #[serde(default)]
    pub is_required: bool,
    /// What stands there at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<serde_json::Value>,
}

/// What a field of a form takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FieldKind {
    /// A text.
    Text {
        /// `email`, `uri`, `date` or `date-time`, if it is to be one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<String>,
    },
    /// A number.
    Number {
        /// Whether only whole ones are.
        #[serde(default)]
        is_whole: bool,
    },
    /// Yes or no.
    Switch,
    /// One of several values, or some of them.
    Choice {
        /// What there is to choose.
        options: Vec<FieldChoice>,
        /// Whether several may be chosen: the answer is a list then.
        #[serde(default)]
        is_multiple: bool,
    },
}

/// A value to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldChoice {
    /// What the answer holds.
    pub value: String,
    /// What the person reads.
    pub title: String,
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
    /// A form, filled in: a value by the name of each field that has one. The host checks them against the form,
    /// and rejects the answer if they do not fit.
    Filled {
        /// Texts, numbers, switches, or the chosen values.
        fields: serde_json::Map<String, serde_json::Value>,
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
