//! The database as a thing to look after: copies, checks, export and import, shared files.

use crate::{ConversationId, UnixMillis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One database file and how it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseView {
    /// Its name; empty for the personal one.
    pub name: String,
    /// The file.
    pub path: String,
    /// Its size with its side files, bytes.
    pub size_bytes: u64,
    /// Version of its schema.
    pub schema: u32,
    /// Conversations in it.
    pub conversations: u64,
    /// Items in it.
    pub items: u64,
    /// When a copy of it was last made, if one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backed_up_at: Option<UnixMillis>,
    /// Whether nothing can be stored in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_read_only: bool,
    /// What takes how much space: the folders beside the personal database, and where it was checked, its tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartView>,
    /// What is wrong with it, each with what to do; empty if nothing is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub complaints: Vec<String>,
}

/// Something that takes space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartView {
    /// What: a folder such as `backups/`, or a table such as `journal`.
    pub name: String,
    /// How much, bytes.
    pub bytes: u64,
}

/// Wishes about databases. Files are named by absolute paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum DatabaseOp {
    /// Copies the personal database, while it is in use; answered by [`DatabaseEvent::BackedUp`].
    BackUp {
        /// Where to; must not exist. A file in the data folder's `backups` if none.
        #[serde(default)]
        path: Option<String>,
    },
    /// Puts a copy in the place of the personal database, which is copied first; refused while another process has it
    /// open. Answered by [`DatabaseEvent::Restored`], after which this host ends.
    Restore {
        /// The copy.
        path: String,
    },
    /// Gives unused space back; answered by [`DatabaseEvent::Vacuumed`].
    Vacuum,
    /// Writes conversations with all that belongs to them as JSONL; answered by [`DatabaseEvent::Exported`].
    Export {
        /// Where to; must not exist.
        path: String,
        /// Which; all if empty.
        #[serde(default)]
        conversations: Vec<ConversationId>,
    },
    /// Reads what [`DatabaseOp::Export`] wrote. A conversation that is there already is left alone. Answered by
    /// [`DatabaseEvent::Imported`].
    Import {
        /// The file.
        path: String,
    },
    /// Adds a shared database, made if it does not exist; answered by [`DatabaseEvent::SharedAdded`].
    ShareAdd {
        /// A short name.
        name: String,
        /// The file.
        path: String,
    },
    /// Lets go of a shared database; its file stays. Answered by [`DatabaseEvent::SharedRemoved`].
    ShareRemove {
        /// Its name.
        name: String,
    },
}

/// Facts about databases, on the host's topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum DatabaseEvent {
    /// A copy was made.
    BackedUp {
        /// Where.
        path: String,
        /// Its size.
        size_bytes: u64,
    },
    /// A copy took the place of the personal database.
    Restored {
        /// The copy.
        path: String,
        /// Where the earlier content is kept.
        kept: String,
    },
    /// Unused space was given back.
    Vacuumed {
        /// Size before.
        before_bytes: u64,
        /// Size after.
        after_bytes: u64,
    },
    /// Conversations were written.
    Exported {
        /// Where.
        path: String,
        /// How many.
        conversations: u64,
    },
    /// Conversations were read.
    Imported {
        /// From where.
        path: String,
        /// How many.
        conversations: u64,
        /// How many were there already.
        skipped: u64,
    },
    /// A shared database is there.
    SharedAdded {
        /// Its name.
        name: String,
        /// The file.
        path: String,
    },
    /// A shared database is let go of.
    SharedRemoved {
        /// Its name.
        name: String,
    },
}
