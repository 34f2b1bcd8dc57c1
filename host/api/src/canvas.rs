//! Canvases: texts that grow beside a conversation, with versions.

use crate::{CanvasId, ConversationId, UnixMillis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One version of a canvas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CanvasView {
    /// Its id.
    pub id: CanvasId,
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// Its title.
    pub title: String,
    /// What it holds, for example `markdown`, `html`, `rust`.
    pub kind: String,
    /// Counted from 1.
    pub version: u32,
    /// The whole text.
    pub body: String,
    /// When this version was made.
    pub updated_at: UnixMillis,
}

/// What separates two versions of a canvas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CanvasDiff {
    /// The one version.
    pub from: u32,
    /// The other.
    pub to: u32,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// Unified diff, three lines of context; empty if they say the same. Cut at 1 MiB.
    pub unified: String,
}

/// Wishes about canvases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum CanvasOp {
    /// Writes the next version by hand, with title and kind as they are; answered by [`CanvasEvent::Saved`]. The same
    /// words again are no new version and no event. Rejected with [`crate::ProblemCode::Conflict`] if somebody, or the
    /// model, has written since `base_version`: then nothing is stored.
    Write {
        /// Where.
        conversation: ConversationId,
        /// Which.
        canvas: CanvasId,
        /// The version that was changed.
        base_version: u32,
        /// The whole text.
        body: String,
    },
}

/// Facts about canvases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum CanvasEvent {
    /// A first or a later version exists.
    Saved {
        /// The version.
        canvas: CanvasView,
    },
}
