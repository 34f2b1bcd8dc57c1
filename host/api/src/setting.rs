//! Settings: named, documented, defaulted values and where each comes from.

use crate::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a value comes from; later ones win.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "origin", rename_all = "snake_case")]
pub enum SettingOrigin {
    /// Nobody set it.
    Default,
    /// The user's config file.
    User {
        /// The file.
        path: String,
        /// Counted from 1.
        line: u32,
    },
    /// A bundle that is installed; it may only make settings stricter.
    Bundle {
        /// Its name.
        name: String,
    },
    /// The project's config file.
    Project {
        /// The file.
        path: String,
        /// Counted from 1.
        line: u32,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        name: String,
    },
    /// A command-line flag.
    Flag {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::User { path, line } | Self::Project { path, line } => write!(f, "{path}:{line}"),
            Self::Bundle { name } => write!(f, "bundle {name}"),
            Self::Environment { name } => write!(f, "${name}"),
            Self::Flag { name } => f.write_str(name),
        }
    }
}

/// What a page may do with a setting: a session is lent to a browser, so it may make things stricter than the person
/// at the machine has them, and never looser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "may", rename_all = "snake_case")]
pub enum PageMay {
    /// Give it any value: it loosens nothing.
    Set,
    /// Give it a lower number, or one where there is none.
    Lower,
    /// Give it a higher number, or one where there is none.
    Raise,
    /// Choose a stricter word than the one that holds.
    Tighten {
        /// All words, from the loosest to the strictest.
        words: Vec<String>,
    },
    /// Add entries to the list.
    Add,
    /// Take entries out of the list.
    Remove,
    /// Raise tiers of tools.
    RaiseTiers,
    /// Take it away.
    Reset,
    /// Nothing.
    #[default]
    Nothing,
}

/// One setting with its effective value. A secret's value is masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SettingView {
    /// Dotted name, for example `ai.base_url`.
    pub key: String,
    /// What holds now.
    pub value: serde_json::Value,
    /// What would hold if nobody set it.
    pub default: serde_json::Value,
    /// Where the value comes from.
    pub origin: SettingOrigin,
    /// One line on what it does.
    pub doc: String,
    /// The environment variable that sets it, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Whether the value is a secret, and therefore masked.
    pub is_secret: bool,
    /// What a frontend that others may reach, such as a page, may do with it. For the rest there is the terminal and
    /// the file.
    #[serde(default)]
    pub page: PageMay,
    /// Whether `${NAME}` in it is text. In all others it is the variable of the host's environment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_literal: bool,
    /// Whether it is read at the start only: a change takes effect when the program is started again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_read_at_start: bool,
}

/// All settings, and what is wrong with what was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SettingsReport {
    /// The user's config file, existing or not.
    pub path: String,
    /// In the order of the reference.
    pub settings: Vec<SettingView>,
    /// Unknown keys, wrong types, clamped numbers: each with file, line and column.
    pub warnings: Vec<Problem>,
}

/// Wishes about settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum SettingOp {
    /// Writes one value into the user's config file, keeping comments and order; answered by
    /// [`SettingEvent::Changed`].
    Change {
        /// Dotted name.
        key: String,
        /// The new value.
        value: serde_json::Value,
    },
    /// Removes one value from the user's config file; answered by [`SettingEvent::Changed`].
    Reset {
        /// Dotted name.
        key: String,
    },
    /// Replaces the whole text of the user's config file; answered by [`SettingEvent::Replaced`]. Rejected with
    /// [`crate::ProblemCode::InvalidConfig`] if it cannot be understood, and with
    /// [`crate::ProblemCode::Conflict`] if the file is not as it was any more. There is no read of the text: it
    /// may hold a secret, so whoever edits it opens the file.
    Replace {
        /// The new text, YAML.
        text: String,
        /// The text it was made from; empty if there was no file.
        was: String,
    },
}

/// Facts about settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum SettingEvent {
    /// A value in the user's config file changed.
    Changed {
        /// Dotted name.
        key: String,
    },
    /// The whole config file of the user was replaced.
    Replaced {
        /// The settings that have another value now; none if only comments or the order changed.
        keys: Vec<String>,
    },
}
