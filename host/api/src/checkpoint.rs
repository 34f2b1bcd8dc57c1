//! Checkpoints: what a file was before a call changed it, and taking changes back.

use crate::{ConversationId, ItemId, TurnId, UnixMillis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One file that a call changed, with what is needed to take it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeView {
    /// The call.
    pub item: ItemId,
    /// Its turn.
    pub turn: TurnId,
    /// The tool.
    pub tool: String,
    /// The file, absolute.
    pub path: String,
    /// What happened to it.
    pub kind: ChangeKind,
    /// When.
    pub at: UnixMillis,
    /// Whether it was taken back.
    pub is_undone: bool,
    /// Why it cannot be taken back, if it cannot: too large, or its copy was dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<String>,
}

/// What separates a file as it is now from what it was before calls changed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileDiff {
    /// The file, absolute; a folder's ends in `/`.
    pub path: String,
    /// What has happened to it altogether.
    pub kind: ChangeKind,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// Unified diff from then to now, three lines of context, secrets masked; empty if there is none to show.
    pub unified: String,
    /// Why there is none, or not all of it: not text, too large, not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// Why an undo would leave it as it is, unless somebody insists where that helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hindrance: Option<String>,
}

/// What a call did to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It was not there before.
    Created,
    /// Its content changed.
    Changed,
    /// It is not there any more.
    Removed,
}

/// Which changes are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "target", rename_all = "snake_case")]
pub enum UndoTarget {
    /// Those of one call.
    Call {
        /// The call.
        item: ItemId,
    },
    /// Those of one turn, its child agents' included.
    Turn {
        /// The turn.
        turn: TurnId,
    },
    /// All since a message, its turn's included.
    Since {
        /// The message.
        item: ItemId,
    },
}

/// Wishes about checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum CheckpointOp {
    /// Takes changes back, newest first; answered by [`CheckpointEvent::Undone`]. A file that was changed by
    /// somebody else since is left alone unless `is_forced`.
    Undo {
        /// Where.
        conversation: ConversationId,
        /// Which changes.
        #[serde(flatten)]
        target: UndoTarget,
        /// Overwrites what was changed since, too.
        #[serde(default)]
        is_forced: bool,
    },
}

/// What became of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UndoneFile {
    /// The file, absolute.
    pub path: String,
    /// What was done.
    #[serde(flatten)]
    pub outcome: UndoOutcome,
}

/// What became of a file that was to be taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum UndoOutcome {
    /// It has its earlier content again.
    Restored,
    /// It is gone again.
    Removed,
    /// It was left as it is.
    Skipped {
        /// Why, in words.
        reason: String,
    },
}

/// Facts about checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum CheckpointEvent {
    /// Changes were taken back.
    Undone {
        /// Which.
        #[serde(flatten)]
        target: UndoTarget,
        /// What became of each file.
        files: Vec<UndoneFile>,
    },
}
