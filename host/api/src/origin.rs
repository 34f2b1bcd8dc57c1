//! Where a piece of content came from, and how far it may be believed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who or what produced an item. Every item carries one from the moment it enters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// The person at a frontend.
    Person,
    /// The model's own words.
    Model,
    /// The host itself (a summary, a notice).
    Host,
    /// What a tool returned, and how far that can be believed.
    Tool {
        /// The tool's name.
        tool: String,
        /// The highest distrust among what the tool read to answer.
        trust: Trust,
    },
}

impl Origin {
    /// How far content of this origin may be believed.
    #[must_use]
    pub fn trust(&self) -> Trust {
        match self {
            Self::Person | Self::Host => Trust::User,
            Self::Model => Trust::Workspace,
            Self::Tool { trust, .. } => *trust,
        }
    }
}

/// How far content may be believed. Ordered: a higher value is believed less.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Said by the user or the host.
    User,
    /// From the user's own workspace.
    Workspace,
    /// From outside: web, MCP, documents, third-party tools. Taints the conversation.
    Untrusted,
}
