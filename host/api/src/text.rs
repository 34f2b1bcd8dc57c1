//! Notes and documents: conversations that are a text with versions. Every version is kept.
//!
//! Renaming, deleting, tags, folders, projects and pins are those of conversations. A text has at most 1 MB.

use crate::{ConversationId, ConversationKind, ProjectId, UnixMillis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One version of a text, with its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TextView {
    /// The note or document.
    pub conversation: ConversationId,
    /// Counted from 1.
    pub version: u32,
    /// The text, Markdown.
    pub body: String,
    /// When it was written.
    pub updated_at: UnixMillis,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The version it was taken from, if an earlier one was brought back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_from: Option<u32>,
}

/// One version of a text, without its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TextVersion {
    /// Counted from 1.
    pub version: u32,
    /// When it was written.
    pub updated_at: UnixMillis,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The version it was taken from, if an earlier one was brought back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_from: Option<u32>,
    /// Bytes of its words.
    pub size_bytes: u64,
}

/// Wishes about notes and documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum TextOp {
    /// Begins one, whose id is the op's, with version 1; answered by [`crate::ConversationEvent::Opened`] and
    /// [`TextEvent::Saved`] on its own topic.
    Open {
        /// Note or document.
        kind: ConversationKind,
        /// Its title; the first words of the text if empty.
        #[serde(default)]
        title: String,
        /// The text.
        #[serde(default)]
        body: String,
        /// Where the person is at work: absolute.
        workspace: String,
        /// The project it belongs to.
        #[serde(default)]
        project: Option<ProjectId>,
        /// The shared database it is to live in; the project's, or the personal one, if none.
        #[serde(default)]
        database: Option<String>,
    },
    /// Writes the next version; answered by [`TextEvent::Saved`]. The same words again are no new version and no
    /// event. Rejected with [`crate::ProblemCode::Conflict`] if somebody else has written since `base_version`:
    /// then nothing is stored, and both texts can be read and brought together.
    Write {
        /// Which.
        conversation: ConversationId,
        /// The version that was changed.
        base_version: u32,
        /// The whole text.
        body: String,
    },
    /// Brings an earlier version back as the next one; answered by [`TextEvent::Saved`]. Rejected as a write is.
    Restore {
        /// Which.
        conversation: ConversationId,
        /// The newest version as it was shown.
        base_version: u32,
        /// The version to bring back.
        version: u32,
    },
}

/// Facts about notes and documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum TextEvent {
    /// It has a new version.
    Saved {
        /// The version.
        text: TextView,
    },
}
