//! Skills: named instructions that a person calls with `/name`, or that the model takes up when they fit.
//!
//! A skill is a folder with a file `SKILL.md`: front matter that names and describes it, then the instructions.
//! They enter a conversation only when the skill is called. Of several skills of one name one counts; a view says
//! which.

use crate::Trust;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a skill was found.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SkillOrigin {
    /// The user's own skills folder.
    User,
    /// A folder of the workspace: `.anteroom/skills`, `.agents/skills` or `.claude/skills`. These are the words of
    /// the workspace, not of the user.
    Project,
    /// A bundle brought it.
    Bundle {
        /// The bundle's name.
        bundle: String,
    },
    /// It came with the program.
    BuiltIn,
}

impl SkillOrigin {
    /// How far what it says may be believed.
    #[must_use]
    pub fn trust(&self) -> Trust {
        match self {
            Self::User | Self::BuiltIn => Trust::User,
            Self::Project | Self::Bundle { .. } => Trust::Workspace,
        }
    }
}

impl fmt::Display for SkillOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User => f.write_str("user"),
            Self::Project => f.write_str("project"),
            Self::Bundle { bundle } => write!(f, "bundle {bundle}"),
            Self::BuiltIn => f.write_str("built in"),
        }
    }
}

/// Something about a skill's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkillFinding {
    /// The file.
    pub path: String,
    /// The line in it, from 1, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Whether the skill cannot be used because of it.
    pub is_error: bool,
    /// What is found, in plain words.
    pub text: String,
}

/// One skill, or a file that was to be one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkillView {
    /// Its name; of a file that cannot be read what the file would be called.
    pub name: String,
    /// When to use it and what it does.
    pub description: String,
    /// Where it was found.
    pub origin: SkillOrigin,
    /// Its file, absolute; none if it came with the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What is given to it, for people, for example `[file] [question]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument_hint: Option<String>,
    /// The only tools that may be called once it is taken up, as it names them; all if it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_tools: Option<Vec<String>>,
    /// Whether the model is told of it and may take it up.
    pub is_for_model: bool,
    /// Whether people call it; the others are for the model alone.
    pub is_for_people: bool,
    /// Whether it can be called: its file is in order, and no other of its name comes first.
    pub is_usable: bool,
    /// Of those of its name another one counts: where that lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadowed_by: Option<String>,
    /// What was found about its file, errors first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<SkillFinding>,
    /// The files beside it, relative to its folder and sorted. Only in the view of one skill.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// The instructions as they are written. Only in the view of one skill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// A skill as it was taken up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkillUse {
    /// Where it was found.
    pub origin: SkillOrigin,
    /// Its file; none if it came with the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What the model reads: the instructions, filled in; secrets are masked.
    pub text: String,
    /// The only tools that may be called from then on in the turn, as it names them; all if it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_tools: Option<Vec<String>>,
}

/// Wishes about skills. Their files are changed when the wish was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum SkillOp {
    /// Makes a folder with a `SKILL.md` to be filled in. Rejected if there is something in its place.
    New {
        /// Its name: small letters, digits and `-`, 64 at most.
        name: String,
        /// When to use it and what it does.
        #[serde(default)]
        description: String,
        /// The instructions; a frame to be filled in without any.
        #[serde(default)]
        body: Option<String>,
        /// Make it in this folder, in `.anteroom/skills`; the user's own without one.
        #[serde(default)]
        workspace: Option<String>,
    },
    /// Removes a skill with all its files: one of the user's own, or of a workspace's `.anteroom/skills`.
    Remove {
        /// Its name.
        name: String,
        /// Of this folder; the user's own without one.
        #[serde(default)]
        workspace: Option<String>,
    },
}
