//! Tags: names that people give conversations, across all databases.
//!
//! A tag is lower case, has no spaces, commas or `#`, and at most 64 characters. It exists while a conversation has it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A tag and how often it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TagView {
    /// The tag.
    pub name: String,
    /// Conversations that have it, in all databases.
    pub conversations: u64,
}

/// Wishes about a tag wherever it is used; [`crate::ConversationOp::Tag`] gives and takes it.
///
/// A shared database that can only be read keeps what it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum TagOp {
    /// Calls a tag otherwise; answered by [`TagEvent::Renamed`]. Rejected with [`crate::ProblemCode::NotFound`] if
    /// nothing has it, and with [`crate::ProblemCode::Conflict`] if something has the new one and it is not merging.
    Rename {
        /// As it is called.
        tag: String,
        /// As it is to be called.
        to: String,
        /// Whether the new name may be in use: both become one.
        #[serde(default)]
        is_merging: bool,
    },
    /// Takes a tag from every conversation; answered by [`TagEvent::Deleted`]. The conversations stay.
    Delete {
        /// The tag.
        tag: String,
    },
}

/// Facts about tags, on the host's topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum TagEvent {
    /// Every conversation that had the one has the other.
    Renamed {
        /// As it was called.
        tag: String,
        /// As it is called.
        to: String,
    },
    /// No conversation has it any more.
    Deleted {
        /// The tag.
        tag: String,
    },
}
