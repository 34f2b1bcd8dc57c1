//! Conversations: lasting sequences of turns.

use crate::{ConversationId, ItemId, Seq, Trust, TurnId, UnixMillis, Usage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A conversation without its items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConversationView {
    /// Its id.
    pub id: ConversationId,
    /// What sort it is.
    pub kind: ConversationKind,
    /// Its title; empty until it has one.
    pub title: String,
    /// The folder its tools work in, absolute.
    pub workspace: String,
    /// The model it was opened with, if not the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The call that started it, if it is a child agent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ItemId>,
    /// Whether content from outside has entered it.
    pub trust: Trust,
    /// When it was opened.
    pub created_at: UnixMillis,
    /// When something last happened in it.
    pub updated_at: UnixMillis,
    /// The newest event of its topic; follow from here to see only what is new.
    pub seq: Seq,
    /// The turn that runs now, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<TurnId>,
    /// Tokens of all turns together.
    pub usage: Usage,
}

/// What sort of conversation it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConversationKind {
    /// A person and the agent talk.
    #[default]
    Chat,
    /// A child agent works on a task of its parent's; not listed by itself.
    Agent,
}

/// Wishes about conversations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum ConversationOp {
    /// Opens a new conversation, whose id is the op's; answered by [`ConversationEvent::Opened`].
    Open {
        /// The folder its tools work in: absolute, existing.
        workspace: String,
        /// A title; empty to have one made.
        #[serde(default)]
        title: String,
        /// A model other than the configured one.
        #[serde(default)]
        model: Option<String>,
    },
    /// Gives a title; answered by [`ConversationEvent::Renamed`].
    Rename {
        /// Which.
        conversation: ConversationId,
        /// The new title.
        title: String,
    },
    /// Deletes it with all that belongs to it; answered by [`ConversationEvent::Deleted`] on the host's topic.
    Delete {
        /// Which.
        conversation: ConversationId,
    },
}

/// Facts about conversations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum ConversationEvent {
    /// It exists.
    Opened {
        /// What it is.
        conversation: Box<ConversationView>,
    },
    /// It has a new title.
    Renamed {
        /// Which.
        conversation: ConversationId,
        /// The new title.
        title: String,
    },
    /// Content from outside entered; from now on sending data out asks.
    Tainted {
        /// Which.
        conversation: ConversationId,
        /// The item it entered with.
        item: ItemId,
        /// Where it came from, in words.
        source: String,
    },
    /// It is gone.
    Deleted {
        /// Which.
        conversation: ConversationId,
    },
}
