//! Where people put a conversation, and how they find it again: tags, a folder, a project, a pin.

use crate::{ConversationKind, FolderId, ProjectId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a conversation was put. None of it changes what the conversation is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Filing {
    /// Its tags, in alphabetical order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The folder it is in; none: in no folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<FolderId>,
    /// The project it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// Whether it is kept at hand.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_pinned: bool,
}

/// Which conversations of people are wanted; everything that is named must hold. Child agents' are never among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConversationFilter {
    /// Of which sorts; by itself chats only. Empty: of all.
    pub kinds: Vec<ConversationKind>,
    /// With this tag.
    pub tag: Option<String>,
    /// In this folder.
    pub folder: Option<FolderId>,
    /// Also in the folders below it.
    pub is_deep: bool,
    /// Of this project.
    pub project: Option<ProjectId>,
    /// Pinned ones only.
    pub is_pinned: bool,
    /// With all these words in their title, text or messages; the last one may be unfinished. Of messages with
    /// very common words only the newest are looked at.
    pub words: Option<String>,
    /// Whose tools work in exactly this folder.
    pub workspace: Option<String>,
}

impl Default for ConversationFilter {
    fn default() -> Self {
        Self {
            kinds: vec![ConversationKind::Chat],
            tag: None,
            folder: None,
            is_deep: false,
            project: None,
            is_pinned: false,
            words: None,
            workspace: None,
        }
    }
}
