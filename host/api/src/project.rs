//! Projects: what conversations of one undertaking begin with.
//!
//! A project lives in one database. What it says takes effect only as far as this user wrote or accepted it: anybody
//! who may write to a shared database can change it there, and an import may bring one.

use crate::{ProjectId, UnixMillis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a person says of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProjectSpec {
    /// Its name: 1 to 80 characters, in its database no other has it.
    pub name: String,
    /// What the model is told at the start of its new conversations; at most 32 000 characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub instructions: String,
    /// The folder its new conversations work in where none is named: absolute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The model of its new conversations where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectView {
    /// Its id.
    pub id: ProjectId,
    /// What it says.
    #[serde(flatten)]
    pub spec: ProjectSpec,
    /// The shared database it lives in; none for the personal one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Conversations of people that belong to it.
    pub conversations: u64,
    /// SHA-256 over what it says, hexadecimal.
    pub hash: String,
    /// Whether instructions, workspace and model take effect: this user wrote or accepted them as they are.
    pub is_trusted: bool,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

/// Wishes about projects; [`crate::ConversationOp::Assign`] has conversations belong to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum ProjectOp {
    /// Makes a project, whose id is the op's; answered by [`ProjectEvent::Saved`]. Rejected with
    /// [`crate::ProblemCode::Conflict`] if the name is taken.
    Create {
        /// What it says.
        spec: ProjectSpec,
        /// The shared database it is to live in; the personal one if none.
        #[serde(default)]
        database: Option<String>,
    },
    /// Changes what it says, for conversations that begin from now on; answered by [`ProjectEvent::Saved`].
    /// Rejected with [`crate::ProblemCode::Conflict`] if it is not any more as it was shown.
    Change {
        /// Which.
        project: ProjectId,
        /// [`ProjectView::hash`] as it was shown.
        base: String,
        /// What it is to say, all of it.
        spec: ProjectSpec,
    },
    /// Has what it says take effect for this user, as it was shown; answered by [`ProjectEvent::Trusted`]. Rejected
    /// with [`crate::ProblemCode::Conflict`] if it has changed since.
    Trust {
        /// Which.
        project: ProjectId,
        /// [`ProjectView::hash`] as it was shown.
        hash: String,
    },
    /// Takes it away; answered by [`ProjectEvent::Deleted`]. Its conversations stay, belong to no project, and
    /// keep what they were told when they began.
    Delete {
        /// Which.
        project: ProjectId,
    },
}

/// Facts about projects, on the host's topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum ProjectEvent {
    /// It exists, or says something else; this user said so.
    Saved {
        /// What it is.
        project: ProjectView,
        /// The hash of what it said before; none if it is new.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<String>,
    },
    /// What it says takes effect for this user.
    Trusted {
        /// Which.
        project: ProjectId,
        /// What it says.
        hash: String,
    },
    /// It is gone.
    Deleted {
        /// Which.
        project: ProjectId,
        /// The shared database it lived in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        database: Option<String>,
    },
}
