//! Conversations: lasting sequences of turns.

use crate::{
    ConversationId, Filing, FolderId, ItemId, Mode, ProjectId, Seq, Trust, TurnId, UnixMillis,
    Usage,
};
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
    /// The model of its turns, if not the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The approval mode that frontends are to propose for its turns, if not the configured one. It holds for a turn
    /// only once somebody gives it that: see [`crate::TurnOptions::mode`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The call that started it, if it is a child agent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ItemId>,
    /// The item it was forked from, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked_from: Option<ItemId>,
    /// The shared database it lives in; none for the personal one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Where people put it.
    #[serde(flatten)]
    pub filing: Filing,
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
    /// A text that a person wrote down; takes no turns.
    Note,
    /// A longer text; takes no turns.
    Document,
    /// A child agent works on a task of its parent's; not listed by itself.
    Agent,
}

/// Wishes about conversations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum ConversationOp {
    /// Opens a new conversation, whose id is the op's; answered by [`ConversationEvent::Opened`].
    Open {
        /// The folder its tools work in: absolute, existing. Empty for the project's.
        workspace: String,
        /// A title; empty to have one made.
        #[serde(default)]
        title: String,
        /// A model other than the configured one.
        #[serde(default)]
        model: Option<String>,
        /// The project it is to belong to: what that says holds from the first word on.
        #[serde(default)]
        project: Option<ProjectId>,
        /// The shared database it is to live in; the project's, or the personal one, if none.
        #[serde(default)]
        database: Option<String>,
    },
    /// Gives a title; answered by [`ConversationEvent::Renamed`].
    Rename {
        /// Which.
        conversation: ConversationId,
        /// The new title.
        title: String,
    },
    /// Opens a new conversation, whose id is the op's, with copies of everything up to an item; answered by
    /// [`ConversationEvent::Opened`].
    Fork {
        /// Where from.
        conversation: ConversationId,
        /// The last item to be copied; its whole step comes along.
        until: ItemId,
    },
    /// Goes back to before a message: it and everything after it is put aside, and not sent any more. Refused
    /// while a turn runs. Answered by [`ConversationEvent::Rewound`].
    Rewind {
        /// Which.
        conversation: ConversationId,
        /// A message of the person's.
        before: ItemId,
        /// Whether to take back the changes of files made since.
        #[serde(default)]
        is_undoing: bool,
    },
    /// Puts a summary in the place of the older history, for the model only; answered by
    /// [`ConversationEvent::Compacted`]. Refused while a turn runs.
    Compact {
        /// Which.
        conversation: ConversationId,
    },
    /// Sends the whole history again instead of its summary; answered by [`ConversationEvent::Uncompacted`].
    Uncompact {
        /// Which.
        conversation: ConversationId,
    },
    /// Gives and takes tags; answered by [`ConversationEvent::Tagged`]. Nothing is told if nothing changes.
    Tag {
        /// Which.
        conversation: ConversationId,
        /// Tags to give.
        #[serde(default)]
        add: Vec<String>,
        /// Tags to take.
        #[serde(default)]
        remove: Vec<String>,
    },
    /// Puts it into a folder of its database; answered by [`ConversationEvent::Moved`].
    Move {
        /// Which.
        conversation: ConversationId,
        /// Where to; none: out of all.
        #[serde(default)]
        folder: Option<FolderId>,
    },
    /// Has it belong to a project of its database, or to none; answered by [`ConversationEvent::Assigned`]. What it
    /// was told when it began stays.
    Assign {
        /// Which.
        conversation: ConversationId,
        /// To which.
        #[serde(default)]
        project: Option<ProjectId>,
    },
    /// Keeps it at hand or lets go of it; answered by [`ConversationEvent::Pinned`].
    Pin {
        /// Which.
        conversation: ConversationId,
        /// Whether it is kept at hand.
        is_pinned: bool,
    },
    /// Chooses its model and its approval mode, both at once; answered by [`ConversationEvent::Configured`]. The model
    /// holds from the next turn on. In a shared database no mode is kept: others may write there.
    Configure {
        /// Which.
        conversation: ConversationId,
        /// The model; none: the configured one.
        #[serde(default)]
        model: Option<String>,
        /// The mode that frontends are to propose; none: the configured one.
        #[serde(default)]
        mode: Option<Mode>,
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
    /// It has other tags.
    Tagged {
        /// Which.
        conversation: ConversationId,
        /// Tags it was given.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        added: Vec<String>,
        /// Tags it was taken.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        removed: Vec<String>,
    },
    /// It is in another folder.
    Moved {
        /// Which.
        conversation: ConversationId,
        /// Where; none: in no folder.
        folder: Option<FolderId>,
    },
    /// It belongs to another project.
    Assigned {
        /// Which.
        conversation: ConversationId,
        /// To which; none: to no project.
        project: Option<ProjectId>,
    },
    /// It is kept at hand, or not any more.
    Pinned {
        /// Which.
        conversation: ConversationId,
        /// Whether it is.
        is_pinned: bool,
    },
    /// Its model or its mode is another one.
    Configured {
        /// Which.
        conversation: ConversationId,
        /// The model; none: the configured one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        /// The mode; none: the configured one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mode: Option<Mode>,
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
    /// It and everything after it was put aside.
    Rewound {
        /// Which.
        conversation: ConversationId,
        /// The first item put aside.
        before: ItemId,
    },
    /// A summary stands in the place of the older history, for the model only.
    Compacted {
        /// Which.
        conversation: ConversationId,
        /// The summary.
        item: ItemId,
        /// The first item that is still sent as it is.
        from: Option<ItemId>,
        /// Tokens of the history before.
        before_tokens: u64,
        /// Tokens of the history after.
        after_tokens: u64,
    },
    /// The whole history is sent again.
    Uncompacted {
        /// Which.
        conversation: ConversationId,
    },
    /// The history comes near its limit.
    ContextGrown {
        /// Which.
        conversation: ConversationId,
        /// Tokens of the last request.
        tokens: u64,
        /// From here on it is compacted by itself.
        limit_tokens: u64,
    },
    /// It is gone.
    Deleted {
        /// Which.
        conversation: ConversationId,
    },
}
