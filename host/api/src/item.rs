//! Items: the pieces a turn is made of.

use crate::approval::Resolution;
use crate::{
    Attachment, ConversationId, ItemId, Meter, Origin, SkillUse, Tier, TurnId, UnixMillis,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One piece of a turn, labelled with where it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Item {
    /// Its id, unique everywhere.
    pub id: ItemId,
    /// The turn it belongs to.
    pub turn: TurnId,
    /// The step of the turn it belongs to, from 1; 0 for what came before the first step.
    pub step: u32,
    /// How far it has come.
    pub status: Status,
    /// Who or what produced it.
    pub origin: Origin,
    /// When it came to be.
    pub created_at: UnixMillis,
    /// What it says.
    pub body: ItemBody,
}

/// How far an item has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Known, not begun.
    Pending,
    /// In progress.
    Running,
    /// Finished as meant.
    Completed,
    /// Finished with an error.
    Failed,
    /// Not allowed, so not done.
    Denied,
    /// Cut off by a cancel or a crash; what there was is kept.
    Interrupted,
}

/// What an item says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "made once and moved seldom; a box would stand in every match of every frontend"
)]
pub enum ItemBody {
    /// Input of the person.
    UserMessage {
        /// The parts of the message, in order.
        content: Vec<Content>,
    },
    /// Words of the model, Markdown.
    AgentMessage {
        /// The whole text.
        text: String,
    },
    /// Reasoning of the model, where the endpoint shows it.
    Reasoning {
        /// The whole text.
        text: String,
    },
    /// A call of a tool with its outcome.
    ToolCall(ToolCall),
    /// What the host put in place of older history.
    Summary {
        /// The whole text.
        text: String,
    },
}

/// One part of a user message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Text.
    Text {
        /// UTF-8 text.
        text: String,
    },
    /// An image.
    Image {
        /// For example `image/png`.
        media_type: String,
        /// Base64 of the file.
        data: String,
    },
    /// What a reference in the text led to; stands behind the text.
    Attachment(Box<Attachment>),
    /// A prompt of an MCP server. The host asks the server for it when the turn begins, and puts what it said
    /// behind it as an attachment.
    Prompt {
        /// The server.
        server: String,
        /// The prompt's name there.
        name: String,
        /// What it asks for, by name.
        #[serde(default)]
        arguments: BTreeMap<String, String>,
    },
    /// A skill that the person calls: `/name arguments`.
    Skill {
        /// Its name.
        name: String,
        /// What is given to it, as it was written; references in it are followed as those in a text.
        #[serde(default)]
        arguments: String,
        /// What it came to when the turn began. Made by the host; what a frontend hands in is left out and found
        /// anew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        used: Option<Box<SkillUse>>,
    },
}

impl Content {
    /// A text part.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// A skill that is called.
    pub fn skill(name: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self::Skill {
            name: name.into(),
            arguments: arguments.into(),
            used: None,
        }
    }

    /// What the person wrote, if it is words: a text as it is, a call as `/name arguments`, a prompt as
    /// `/server.prompt name=value`.
    #[must_use]
    pub fn words(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text { text } => Some(Cow::Borrowed(text)),
            Self::Skill {
                name, arguments, ..
            } => {
                let line = format!("/{name} {arguments}");
                Some(Cow::Owned(line.trim_end().to_owned()))
            }
            Self::Prompt {
                server,
                name,
                arguments,
            } => {
                let given = arguments
                    .iter()
                    .map(|(name, value)| format!(" {name}={value}"));
                Some(Cow::Owned(format!(
                    "/{server}.{name}{}",
                    given.collect::<String>()
                )))
            }
            Self::Image { .. } | Self::Attachment(_) => None,
        }
    }
}

/// A call of a tool: what the model asked for, what was decided, what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolCall {
    /// The id the model gave the call.
    pub call: String,
    /// The tool's name.
    pub tool: String,
    /// Arguments as the model sent them; a JSON object unless it was malformed.
    pub arguments: serde_json::Value,
    /// The highest tier the call has reached.
    pub tier: Tier,
    /// What the gate or a person decided, in order; empty while nothing had to be decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<CallDecision>,
    /// The outcome, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ToolResult>,
    /// What the call used, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meter: Option<Meter>,
    /// The conversation of the child agent the call started, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<ConversationId>,
}

/// One decision about a call or one of its effects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallDecision {
    /// The effect in one line, as it was shown.
    pub effect: String,
    /// Its tier.
    pub tier: Tier,
    /// What came out.
    pub resolution: Resolution,
    /// Who decided: a frontend's name, `policy`, `rule`, `call` (the call as a whole was approved), or `nobody`.
    pub by: String,
    /// What led there, in order and in plain words: tier, mode, analysis, taint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// The rule that decided or that the answer made, in the notation of `--allowed-tools`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// The outcome of a call. A failed tool is data for the model, never a failed turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolResult {
    /// Whether the tool failed, was denied or was cut off.
    pub is_error: bool,
    /// What it returned.
    pub content: Vec<ToolContent>,
}

impl ToolResult {
    /// A failure in words the model can act on.
    pub fn failed(text: impl Into<String>) -> Self {
        Self {
            is_error: true,
            content: vec![ToolContent::Text { text: text.into() }],
        }
    }

    /// A success that is only text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            is_error: false,
            content: vec![ToolContent::Text { text: text.into() }],
        }
    }

    /// A text of a result as people are shown it: without the tags that tell the model that it came from outside.
    pub fn unframed(text: &str) -> &str {
        let framed = text
            .strip_prefix("<untrusted from=\"")
            .and_then(|rest| rest.strip_suffix("\n</untrusted>"));
        framed
            .and_then(|rest| rest.split_once('\n'))
            .map_or(text, |(_, words)| words)
    }
}

/// One part of a tool's result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToolContent {
    /// Text for the model and the person.
    Text {
        /// UTF-8 text.
        text: String,
    },
    /// Structured data.
    Json {
        /// Any JSON value.
        value: serde_json::Value,
    },
    /// An image.
    Image {
        /// For example `image/png`.
        media_type: String,
        /// Base64 of the file.
        data: String,
    },
    /// A change of one file, as a unified diff. Shown to the person; the model gets its text.
    Diff {
        /// The file, relative to the workspace.
        path: String,
        /// Unified diff with three lines of context.
        unified: String,
        /// Lines added.
        added: u32,
        /// Lines removed.
        removed: u32,
    },
}

/// Facts about items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", content = "item", rename_all = "snake_case")]
pub enum ItemEvent {
    /// The item exists and is pending or running.
    Started(Item),
    /// The item will not change any more.
    Completed(Item),
}

/// Which stream of a process a piece of output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A line the tool logged.
    Log,
}
