//! Conversations as JSONL, to be carried elsewhere and back: what each line holds. `docs/data.md` is its reference.
//!
//! One conversation after the other, each from its `conversation` to its `end`. What belongs to this machine stays
//! here: settings, keys, permissions, the audit log, files and what they were before.

mod check;
mod export;
mod filed;
mod import;
mod lines;

pub use import::Imported;

use crate::UserStamp;
use anteroom_api::{
    CanvasId, Content, ConversationId, ConversationKind, Item, ItemId, StopReason, Trust, TurnId,
    UnixMillis, Usage,
};
use filed::FiledRecord;
use serde::{Deserialize, Serialize};

/// What the first line says the file is.
const FORMAT: &str = "anteroom-conversations";

/// The version that is written, and the only one there is so far.
const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    version: u32,
}

/// Every other line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
enum Record {
    Conversation(ConversationRecord),
    Turn(TurnRecord),
    Item(ItemRecord),
    Canvas(CanvasRecord),
    Text(TextRecord),
    Queued(QueuedRecord),
    Summary(SummaryRecord),
    Besides(BesidesRecord),
    End(Counts),
    EndOfExport(Ending),
}

/// A conversation begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConversationRecord {
    id: ConversationId,
    kind: ConversationKind,
    title: String,
    workspace: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<ItemId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forked_from: Option<ItemId>,
    trust: Trust,
    /// Where people put it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filed: Option<FiledRecord>,
    created_at: UnixMillis,
    updated_at: UnixMillis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<UserRecord>,
}

/// Whose something is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserRecord {
    id: String,
    name: String,
}

impl UserRecord {
    fn stamp(self) -> UserStamp {
        UserStamp {
            user_id: self.id,
            user_display_name: self.name,
        }
    }
}

/// A turn, before its items. One that had not ended counts as interrupted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TurnRecord {
    id: TurnId,
    started_at: UnixMillis,
    ended_at: UnixMillis,
    stop: StopReason,
    usage: Usage,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<UserRecord>,
}

/// What a step of a turn used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepRecord {
    step: u32,
    at: UnixMillis,
    usage: Usage,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
}

/// An item, with its call and the call's outcome, if it is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemRecord {
    item: Item,
    /// Put aside by a rewind.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_aside: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<UserRecord>,
}

/// A version of a canvas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CanvasRecord {
    id: CanvasId,
    version: u32,
    title: String,
    kind: String,
    updated_at: UnixMillis,
    body: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<UserRecord>,
}

/// A version of a note or document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TextRecord {
    version: u32,
    updated_at: UnixMillis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restored_from: Option<u32>,
    body: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<UserRecord>,
}

/// Input that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct QueuedRecord {
    turn: TurnId,
    input: Vec<Content>,
}

/// The summary that stands for older items, for the model only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SummaryRecord {
    item: ItemId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<ItemId>,
    at: UnixMillis,
}

/// A request beside the steps of turns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BesidesRecord {
    purpose: String,
    at: UnixMillis,
    usage: Usage,
}

/// A conversation ends: how many lines of each kind it had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    turns: u64,
    items: u64,
    canvases: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    texts: u64,
    queued: u64,
    besides: u64,
}

/// The file ends: how many conversations it had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ending {
    conversations: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Counts {
    /// Counts a line of a conversation.
    fn add(&mut self, record: &Record) {
        match record {
            Record::Turn(_) => self.turns += 1,
            Record::Item(_) => self.items += 1,
            Record::Canvas(_) => self.canvases += 1,
            Record::Text(_) => self.texts += 1,
            Record::Queued(_) => self.queued += 1,
            Record::Besides(_) => self.besides += 1,
            Record::Conversation(_)
            | Record::Summary(_)
            | Record::End(_)
            | Record::EndOfExport(_) => {}
        }
    }
}
