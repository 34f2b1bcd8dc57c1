//! How risky an effect is, and how much the user wants to be asked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Risk of a call or an effect, from harmless to irreversible. Ordered: a higher tier includes more risk.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Looks, changes nothing.
    Read,
    /// Changes files inside the workspace.
    Write,
    /// Starts a process, an agent, or reaches the network.
    Execute,
    /// Analysis found that it cannot be taken back.
    Destructive,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Execute => "execute",
            Self::Destructive => "destructive",
        })
    }
}

impl FromStr for Tier {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_ascii_lowercase().as_str() {
            "read" | "0" => Ok(Self::Read),
            "write" | "1" => Ok(Self::Write),
            "execute" | "2" => Ok(Self::Execute),
            "destructive" | "3" => Ok(Self::Destructive),
            other => Err(format!(
                "`{other}` is no tier; use `read`, `write`, `execute` or `destructive`"
            )),
        }
    }
}

/// `safety.approval_mode`: which tiers wait for a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nothing inside the workspace and the sandbox; hard blocks and sensitive paths still ask.
    Auto,
    /// Destructive effects ask.
    AskForDangerous,
    /// Write, execute and destructive effects ask.
    #[default]
    AskForWrites,
    /// Every call asks, reading too.
    Ask,
}

impl Mode {
    /// All modes, from the most to the least permissive.
    pub const ALL: [Self; 4] = [
        Self::Auto,
        Self::AskForDangerous,
        Self::AskForWrites,
        Self::Ask,
    ];
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::AskForDangerous => "ask_for_dangerous",
            Self::AskForWrites => "ask_for_writes",
            Self::Ask => "ask",
        })
    }
}

impl FromStr for Mode {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "ask_for_dangerous" | "dangerous" => Ok(Self::AskForDangerous),
            "ask_for_writes" | "writes" => Ok(Self::AskForWrites),
            "ask" => Ok(Self::Ask),
            other => Err(format!(
                "`{other}` is no approval mode; use `auto`, `ask_for_dangerous`, `ask_for_writes` or `ask`"
            )),
        }
    }
}
