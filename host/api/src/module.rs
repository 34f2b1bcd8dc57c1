//! Modules: toolsets, what they ask for, and what they were granted.

use crate::{Problem, Tier, UnixMillis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A loadable thing: the name of its file without `.wasm`.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct ModuleId(pub String);

impl fmt::Display for ModuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a module was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModuleOrigin {
    /// Embedded in the binary; its grants are given in advance.
    BuiltIn,
    /// The user's own tools folder.
    User,
    /// The project's tools folder; looked into only when the project is trusted.
    Project,
    /// A bundle that is installed; what it was granted was approved with it.
    Bundle,
    /// An MCP server; the module's id is the server's name.
    Server,
}

/// A power that a component can be lent.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Read files of the workspace.
    FilesRead,
    /// Change files of the workspace.
    FilesWrite,
    /// Start commands.
    Process,
    /// Create and change canvases of the conversation.
    Canvas,
    /// Start child agents.
    Agents,
    /// Ask the person.
    Ask,
    /// Make requests to hosts on the network.
    Fetch,
    /// Keep small values between calls, for the toolset and the project.
    Store,
    /// Put named secrets into the headers of requests, without ever reading them.
    Secrets,
    /// Load skills of the conversation.
    Skills,
    /// Look up tools that are not described to the model in full.
    Catalog,
}

impl Capability {
    /// All of them, in the order they are shown.
    pub const ALL: [Self; 11] = [
        Self::FilesRead,
        Self::FilesWrite,
        Self::Process,
        Self::Canvas,
        Self::Agents,
        Self::Ask,
        Self::Fetch,
        Self::Store,
        Self::Secrets,
        Self::Skills,
        Self::Catalog,
    ];

    /// What it lets a module do, in plain words.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::FilesRead => "read files of the workspace",
            Self::FilesWrite => "change files of the workspace",
            Self::Process => "start commands",
            Self::Canvas => "create and change canvases of the conversation",
            Self::Agents => "start child agents",
            Self::Ask => "ask you questions",
            Self::Fetch => "make requests to hosts on the network",
            Self::Store => "keep small values between calls",
            Self::Secrets => "send named secrets it cannot read",
            Self::Skills => "load skills",
            Self::Catalog => "look up further tools",
        }
    }

    /// The tier of using it at all.
    #[must_use]
    pub fn tier(self) -> Tier {
        match self {
            Self::FilesRead
            | Self::Canvas
            | Self::Ask
            | Self::Store
            | Self::Skills
            | Self::Catalog => Tier::Read,
            Self::FilesWrite => Tier::Write,
            Self::Process | Self::Agents | Self::Fetch | Self::Secrets => Tier::Execute,
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FilesRead => "files_read",
            Self::FilesWrite => "files_write",
            Self::Process => "process",
            Self::Canvas => "canvas",
            Self::Agents => "agents",
            Self::Ask => "ask",
            Self::Fetch => "fetch",
            Self::Store => "store",
            Self::Secrets => "secrets",
            Self::Skills => "skills",
            Self::Catalog => "catalog",
        })
    }
}

impl FromStr for Capability {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = text.trim().to_ascii_lowercase().replace('-', "_");
        Self::ALL
            .into_iter()
            .find(|c| c.to_string() == wanted)
            .ok_or_else(|| {
                let known: Vec<String> = Self::ALL.iter().map(|c| format!("`{c}`")).collect();
                format!("`{text}` is no capability; known are {}", known.join(", "))
            })
    }
}

/// How far a granted capability reaches. Empty means: as far as the capability goes inside the workspace; for
/// `secrets`, where only what is named is lent, it means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GrantReach {
    /// Folders relative to the workspace, for the file capabilities.
    pub folders: Vec<String>,
    /// Command prefixes, for `process`.
    pub commands: Vec<String>,
    /// Hosts, for `fetch`: exact names or `*.suffix`, with `:port` where it is not 443. Without any, every new
    /// host is asked about; with some, no other host is reached and these are not asked about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Names of secrets, for `secrets`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
}

/// Where a grant holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "where", content = "workspace", rename_all = "snake_case")]
pub enum GrantWhere {
    /// In every workspace.
    Everywhere,
    /// In the workspace with this absolute path.
    Workspace(String),
}

/// A capability given to one exact binary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantOp {
    /// The module.
    pub module: ModuleId,
    /// SHA-256 of the component as it was shown, hexadecimal; the grant holds for nothing else.
    pub hash: String,
    /// The power.
    pub capability: Capability,
    /// How far it reaches.
    #[serde(default)]
    pub reach: GrantReach,
    /// Where it holds.
    #[serde(flatten)]
    pub place: GrantWhere,
    /// When it ends, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixMillis>,
    /// For how many calls it holds, if not for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u32>,
}

/// A loaded, failed or waiting module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModuleView {
    /// Its id.
    pub id: ModuleId,
    /// Where it was found.
    pub origin: ModuleOrigin,
    /// The file, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The bundle that brought it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
    /// SHA-256 of the component, hexadecimal.
    pub hash: String,
    /// Size of the component, bytes.
    pub size_bytes: u64,
    /// How it is doing.
    pub state: ModuleState,
    /// Its tools, in the order it lists them.
    pub tools: Vec<ToolView>,
    /// What it imports, read from its type.
    pub requested: Vec<Capability>,
    /// What it was granted here.
    pub granted: Vec<Capability>,
    /// How it differs from the binary that was last granted something, one line each; empty if it does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
}

/// How a module is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ModuleState {
    /// Its tools can be called.
    Loaded,
    /// It could not be loaded.
    Failed {
        /// Why.
        problem: Problem,
    },
    /// A person switched it off.
    Disabled,
}

/// A tool as its module describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolView {
    /// The name the model calls it by.
    pub name: String,
    /// What the model is told.
    pub description: String,
    /// JSON Schema of its arguments object.
    pub input_schema: serde_json::Value,
    /// The tier it declares.
    pub tier: Tier,
}

/// Wishes about modules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum ModuleOp {
    /// Gives a capability to one binary; answered by [`ModuleEvent::Granted`].
    Grant(GrantOp),
    /// Takes grants of a module back; answered by [`ModuleEvent::Revoked`].
    Revoke {
        /// The module.
        module: ModuleId,
        /// Which capability; all if none.
        #[serde(default)]
        capability: Option<Capability>,
    },
    /// Copies a component into the user's tools folder; answered by [`ModuleEvent::Loaded`] or
    /// [`ModuleEvent::Failed`]. Grants nothing.
    Install {
        /// The file, absolute.
        path: String,
        /// Replaces a module of that name.
        #[serde(default)]
        is_replacing: bool,
    },
    /// Removes a component from the user's tools folder, its grants too; answered by [`ModuleEvent::Withdrawn`].
    Remove {
        /// The module.
        module: ModuleId,
    },
    /// Switches a module off or on; answered by [`ModuleEvent::Switched`].
    Switch {
        /// The module.
        module: ModuleId,
        /// Whether its tools can be called.
        is_enabled: bool,
    },
    /// Looks through the tools folders now; answered by an event for each module that differs.
    Reload,
}

/// Facts about modules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum ModuleEvent {
    /// A module was found and can be called as far as it is granted.
    Loaded {
        /// What it is.
        module: Box<ModuleView>,
    },
    /// A module was found and cannot be used.
    Failed {
        /// Which.
        module: ModuleId,
        /// Why.
        problem: Problem,
    },
    /// A capability was granted.
    Granted {
        /// The grant.
        grant: GrantOp,
        /// When.
        at: UnixMillis,
    },
    /// Grants of a module were taken back.
    Revoked {
        /// Which.
        module: ModuleId,
        /// Which capability; all if none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        capability: Option<Capability>,
    },
    /// A module is gone; its tools answer that they were withdrawn.
    Withdrawn {
        /// Which.
        module: ModuleId,
    },
    /// A module was switched off or on.
    Switched {
        /// Which.
        module: ModuleId,
        /// Whether its tools can be called.
        is_enabled: bool,
    },
}
