//! Facts, host to frontend: one variant per noun; and their droppable previews.

use crate::{
    ApprovalEvent, BundleEvent, CanvasEvent, CheckpointEvent, ConversationEvent, ConversationId,
    DatabaseEvent, ElicitationEvent, FolderEvent, ItemEvent, ItemId, McpEvent, ModuleEvent, OpId,
    OutputStream, Phase, Problem, ProjectEvent, RuleEvent, Seq, SessionEvent, SettingEvent,
    TagEvent, TextEvent, TurnEvent, TurnId, UnixMillis, WorkspaceEvent,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an event is about, and what can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "topic", content = "id", rename_all = "snake_case")]
pub enum Topic {
    /// Everything that belongs to no single conversation.
    Host,
    /// One conversation.
    Conversation(ConversationId),
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("host"),
            Self::Conversation(id) => write!(f, "conversation:{id}"),
        }
    }
}

/// A stored fact with its place in the order of its topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Envelope {
    /// What it is about.
    pub topic: Topic,
    /// Rises by one within the topic; the resume point.
    pub seq: Seq,
    /// When it was stored.
    pub at: UnixMillis,
    /// The wish that led here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<OpId>,
    /// The fact.
    pub event: Event,
}

/// A fact. Stored before it is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "noun", content = "event", rename_all = "snake_case")]
pub enum Event {
    /// About a conversation.
    Conversation(ConversationEvent),
    /// About a turn.
    Turn(TurnEvent),
    /// About an item.
    Item(ItemEvent),
    /// About an approval.
    Approval(ApprovalEvent),
    /// About an elicitation.
    Elicitation(ElicitationEvent),
    /// About a canvas.
    Canvas(CanvasEvent),
    /// About a module.
    Module(ModuleEvent),
    /// About a setting.
    Setting(SettingEvent),
    /// About a rule that was kept.
    Rule(RuleEvent),
    /// About changes of files.
    Checkpoint(CheckpointEvent),
    /// About a database.
    Database(DatabaseEvent),
    /// About a folder people work in.
    Workspace(WorkspaceEvent),
    /// About a tag wherever it is used.
    Tag(TagEvent),
    /// About a folder of conversations.
    Folder(FolderEvent),
    /// About a project.
    Project(ProjectEvent),
    /// About a note or document.
    Text(TextEvent),
    /// About a bundle.
    Bundle(BundleEvent),
    /// About a web session.
    Session(SessionEvent),
    /// About an MCP server.
    Mcp(McpEvent),
    /// About the host itself.
    Host(HostEvent),
}

/// Facts about the host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum HostEvent {
    /// Something is wrong that concerns everybody.
    Trouble {
        /// What.
        problem: Problem,
    },
    /// The host ends.
    Stopping,
}

/// A preview of the next fact: never stored, free to be dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "delta", rename_all = "snake_case")]
pub enum Delta {
    /// More words of an agent message. Whoever has `had` characters of it appends what of `text` is beyond them: all
    /// but the first `had - at`. `at` is never greater than `had`: what a slow follower had no room for is told once
    /// there is room, and whoever joins later is first told the whole text so far, with `at: 0`. The announcement
    /// of the item ([`ItemEvent::Started`]), also a second one, sets `had` to what that holds. A message that is
    /// complete is not previewed any more.
    Text {
        /// The message.
        item: ItemId,
        /// Unicode scalar values of the message before `text`.
        at: u64,
        /// The words from there on.
        text: String,
    },
    /// More reasoning; as [`Delta::Text`].
    Reasoning {
        /// The reasoning item.
        item: ItemId,
        /// Unicode scalar values of the item before `text`.
        at: u64,
        /// The words from there on.
        text: String,
    },
    /// More of a call's arguments, while the model still writes them.
    Arguments {
        /// Position of the call in the answer, from 0.
        index: u32,
        /// The tool's name, as far as known.
        tool: String,
        /// What to append.
        text: String,
    },
    /// Output of a running call.
    Output {
        /// The call.
        item: ItemId,
        /// Where it came from.
        stream: OutputStream,
        /// What to append.
        text: String,
    },
    /// How far a running call says it has come.
    Progress {
        /// The call.
        item: ItemId,
        /// In words.
        message: String,
        /// From 0 to 1, if known.
        fraction: Option<f32>,
    },
    /// What the turn is doing.
    Phase {
        /// The turn.
        turn: TurnId,
        /// Doing what.
        phase: Phase,
    },
    /// What a child agent is doing; sent on its parents' topics.
    Agent {
        /// The call that started it.
        item: ItemId,
        /// Its name.
        name: String,
        /// Its step, from 1.
        step: u32,
        /// The tool it runs, if it does.
        tool: Option<String>,
        /// Calls it has begun so far.
        #[serde(default)]
        calls: u32,
        /// Tokens so far.
        tokens: u64,
        /// Milliseconds since it started.
        elapsed_ms: u64,
    },
}

/// What a follower receives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "signal", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "made once and moved seldom; a box would stand in every match of every frontend"
)]
pub enum Signal {
    /// A fact, in order, each once.
    Event {
        /// The fact with its place.
        envelope: Envelope,
    },
    /// A preview.
    Delta {
        /// The preview.
        delta: Delta,
    },
    /// Something was stored in a conversation, or it was opened: its view is another one. On [`Topic::Host`] only, a
    /// hint that may be dropped, and of several in a row one may be told. Never stored.
    Stirred {
        /// Which.
        conversation: ConversationId,
    },
    /// The follower was too slow and facts were not kept for it: follow again after `resume`.
    Lagged {
        /// The last fact delivered.
        resume: Seq,
    },
    /// What could not be stored, above all that nothing can be stored. Never replayed.
    Trouble {
        /// The turn that ended because of it, if one did.
        turn: Option<TurnId>,
        /// What is wrong.
        problem: Problem,
    },
}
