//! What can be wrong with where something is to be put, in words.

use anteroom_api::{ConversationId, FolderId, ProblemCode, ProjectId};
use thiserror::Error;

/// What is wrong with a wish about tags, folders, projects or texts. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FilingFault {
    /// No such folder in this database.
    #[error("there is no folder `{0}` in the database of what is to be put there")]
    UnknownFolder(FolderId),
    /// No such project in this database.
    #[error("there is no project `{0}` in the database of what is to belong to it")]
    UnknownProject(ProjectId),
    /// Its neighbor is called so.
    #[error("there is a folder `{0}` there already")]
    FolderTaken(String),
    /// Another project is called so.
    #[error("there is a project `{0}` already")]
    ProjectTaken(String),
    /// A folder cannot be inside itself.
    #[error("a folder cannot be put into itself or a folder in it")]
    Cycle,
    /// More folders inside each other than there may be.
    #[error("folders can be {0} deep at most")]
    TooDeep(usize),
    /// Somebody else changed the project meanwhile.
    #[error("the project was changed since it was shown")]
    StaleProject,
    /// A conversation without a text.
    #[error("the conversation `{0}` is no note and no document")]
    NoText(ConversationId),
    /// A version that is not the next one.
    #[error("the text has version {current} by now")]
    StaleText {
        /// The version it has.
        current: u32,
    },
}

impl FilingFault {
    /// Its kind.
    pub(crate) fn code(&self) -> ProblemCode {
        match self {
            Self::UnknownFolder(_) | Self::UnknownProject(_) => ProblemCode::NotFound,
            Self::FolderTaken(_)
            | Self::ProjectTaken(_)
            | Self::StaleProject
            | Self::StaleText { .. } => ProblemCode::Conflict,
            Self::Cycle | Self::TooDeep(_) | Self::NoText(_) => ProblemCode::InvalidInput,
        }
    }

    /// What to do.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::UnknownFolder(_) => "`aroom folder list` shows folders and their databases",
            Self::UnknownProject(_) | Self::ProjectTaken(_) => {
                "`aroom project list` shows projects and their databases"
            }
            Self::FolderTaken(_) => "choose another name; `aroom folder list` shows those taken",
            Self::Cycle | Self::TooDeep(_) => {
                "choose another place; `aroom folder list` shows the tree"
            }
            Self::StaleProject => "look at it again with `aroom project list`, then repeat it",
            Self::NoText(_) => "`aroom note list` and `aroom document list` show those there are",
            Self::StaleText { .. } => {
                "nothing was written; look at the newest version, bring both together, write again"
            }
        }
    }
}
