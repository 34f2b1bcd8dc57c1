//! Folders: a tree that people put conversations in. Not folders of the disk; those are workspaces.
//!
//! A folder lives in one database and holds conversations of that database. Beside each other, names differ by more
//! than the case of letters; a name has 1 to 80 characters and no `/`. The tree is at most 16 folders deep.

use crate::{FolderId, UnixMillis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FolderView {
    /// Its id.
    pub id: FolderId,
    /// Its name.
    pub name: String,
    /// Its names from the top, separated by `/`.
    pub path: String,
    /// The folder it is in; none at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<FolderId>,
    /// The shared database it lives in; none for the personal one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Conversations in it, those of folders below it not counted.
    pub conversations: u64,
    /// When it was made.
    pub created_at: UnixMillis,
}

/// Wishes about folders; [`crate::ConversationOp::Move`] puts conversations into them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum FolderOp {
    /// Makes a folder, whose id is the op's; answered by [`FolderEvent::Created`]. Rejected with
    /// [`crate::ProblemCode::Conflict`] if the name is taken there.
    Create {
        /// Its name.
        name: String,
        /// The folder it is to be in; none: at the top.
        #[serde(default)]
        parent: Option<FolderId>,
        /// The shared database it is to live in; the parent's, or the personal one, if none.
        #[serde(default)]
        database: Option<String>,
    },
    /// Gives another name; answered by [`FolderEvent::Renamed`].
    Rename {
        /// Which.
        folder: FolderId,
        /// The new name.
        name: String,
    },
    /// Puts it with all that is in it into another folder of the same database; answered by
    /// [`FolderEvent::Moved`]. Rejected with [`crate::ProblemCode::InvalidInput`] if that folder is in it.
    Move {
        /// Which.
        folder: FolderId,
        /// Where to; none: to the top.
        #[serde(default)]
        parent: Option<FolderId>,
    },
    /// Takes it away; answered by [`FolderEvent::Deleted`]. Nothing that was in it is lost: conversations and
    /// folders in it move up to where it was. Rejected with [`crate::ProblemCode::Conflict`] if a folder in it has
    /// a name that is taken there.
    Delete {
        /// Which.
        folder: FolderId,
    },
}

/// Facts about folders, on the host's topic.
///
/// `database` is the shared database it happened in, none for the personal one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum FolderEvent {
    /// It exists.
    Created {
        /// What it is.
        folder: FolderView,
    },
    /// It has another name.
    Renamed {
        /// Which.
        folder: FolderId,
        /// The new name.
        name: String,
        /// Where it lives.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        database: Option<String>,
    },
    /// It is in another folder.
    Moved {
        /// Which.
        folder: FolderId,
        /// Where it is; none: at the top.
        parent: Option<FolderId>,
        /// Where it lives.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        database: Option<String>,
    },
    /// It is gone, and what was in it is where it was.
    Deleted {
        /// Which.
        folder: FolderId,
        /// Where it lived.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        database: Option<String>,
    },
}
