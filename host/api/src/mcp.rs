//! MCP servers: programs and addresses of other people that offer tools, resources and prompts.
//!
//! A server is named in `mcp_servers` of the config file. A server of a project counts in that project only, once
//! its folder is trusted, and never in the place of one of the user's with the same name. Everything a server says
//! is from outside. Its tools are called `server.tool`.

use crate::{Problem, Tier, UnixMillis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A server as it was written down and as it is doing in the process that is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct McpServerView {
    /// Its name: lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// The folder of the project that names it; none for one of the user's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The bundle that brought it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
    /// How it is reached.
    pub transport: McpTransport,
    /// What its program is and reaches here, as it was found just now; none for an address, and where it cannot be
    /// started at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<McpReach>,
    /// SHA-256 of what would be started or reached, hexadecimal: what an approval names.
    pub hash: String,
    /// Whether exactly this was approved; true for an address that needs no approval.
    pub is_approved: bool,
    /// What differs from what was approved last, one line each; empty if nothing was, or nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
    /// How far what it says may be believed.
    pub trust: McpTrust,
    /// How it is doing.
    pub state: McpState,
    /// What it calls itself, with its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The version of the protocol that was agreed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Its tools, in its order.
    #[serde(default)]
    pub tools: Vec<McpToolView>,
    /// Resources it listed when it was last connected.
    #[serde(default)]
    pub resources: u32,
    /// Prompts it listed when it was last connected.
    #[serde(default)]
    pub prompts: u32,
    /// Whether it may ask for answers of the model.
    #[serde(default)]
    pub is_sampling_allowed: bool,
    /// Calls of its tools since it was connected.
    #[serde(default)]
    pub calls: u64,
    /// What went wrong last, also where it runs again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "transport", rename_all = "snake_case")]
pub enum McpTransport {
    /// A program that is started in the sandbox.
    Stdio {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Names of the environment variables it gets; their values are not told.
        env: Vec<String>,
        /// Folders it may see beside its own.
        folders: Vec<McpFolder>,
        /// Whether it reaches the network.
        network: bool,
    },
    /// An address that speaks streamable HTTP.
    Http {
        /// Where, as it is written.
        url: String,
        /// What scheme, host and port come to, where the address is made of variables.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<String>,
        /// Names of the headers that are sent along, each with the variables that its value is made of; no values.
        headers: Vec<String>,
    },
    /// An address of the older kind, with events one way and requests the other.
    Sse {
        /// Where.
        url: String,
        /// Names of the headers that are sent along; their values are not told.
        headers: Vec<String>,
    },
}

/// A folder that a server's program may see.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct McpFolder {
    /// Absolute.
    pub path: String,
    /// Whether it may also write there.
    pub is_writable: bool,
}

/// What a server's program is and reaches, by the paths that things really have. Part of what is approved: where a
/// path leads elsewhere later, it is asked about again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct McpReach {
    /// The program, and what is open to it beside the system's own folders and its own.
    pub paths: Vec<McpPath>,
    /// What of the sandbox does not hold here, one line each; empty if all of it does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// Something that a server's program is made of, or that is open to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct McpPath {
    /// What it is.
    pub what: McpPathKind,
    /// As it is written, or was found.
    pub path: String,
    /// Where that leads; none if it is not there, and then it is not open either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub real: Option<String>,
    /// Whether it may be written, too.
    pub is_writable: bool,
}

impl McpPath {
    /// What it is to the program, in a word that stands before its path.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match (self.what, self.is_writable) {
            (McpPathKind::Program, _) => "program",
            (McpPathKind::Interpreter, _) => "run by",
            (McpPathKind::Script, _) => "script",
            (McpPathKind::Folder | McpPathKind::Argument | McpPathKind::Beside, true) => "writes",
            (McpPathKind::Folder | McpPathKind::Argument | McpPathKind::Beside, false) => "reads",
        }
    }
}

/// What a path is to a server's program.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum McpPathKind {
    /// The program that is started.
    Program,
    /// What runs it, as its first line says.
    Interpreter,
    /// What it runs: the first of its arguments.
    Script,
    /// What `folders` names.
    Folder,
    /// A file or folder that another argument names.
    Argument,
    /// What program or script are installed with.
    Beside,
}

/// How far what a server says may be believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum McpTrust {
    /// From outside: it is wrapped for the model and taints the conversation.
    #[default]
    Untrusted,
    /// As the user's own workspace.
    Trusted,
}

/// How a server is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum McpState {
    /// Switched off in the config file.
    Disabled,
    /// It was never approved as it stands there now; nothing was started or reached.
    NeedsApproval,
    /// It asks to be signed in to.
    NeedsSignIn {
        /// Where to, once it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// It is being started or reached.
    Connecting,
    /// Its tools can be called.
    Ready,
    /// A person disconnected it.
    Disconnected,
    /// It cannot be used.
    Failed {
        /// Why.
        problem: Problem,
        /// When it is tried again, if it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_try: Option<UnixMillis>,
    },
}

/// A tool of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct McpToolView {
    /// Its name at the server.
    pub name: String,
    /// What it does, shortened.
    pub description: String,
    /// Its tier: what is called at the server runs there, so at least `execute`.
    pub tier: Tier,
    /// SHA-256 of all the server says of it, hexadecimal.
    pub hash: String,
    /// Whether the model is offered it.
    pub state: McpToolState,
}

/// Whether the model is offered a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "offer", rename_all = "snake_case")]
pub enum McpToolState {
    /// It is.
    Offered,
    /// `tools_include` or `tools_exclude` leaves it out.
    Excluded,
    /// It is not what it was at first use. It stays away until a person accepts it as it is now.
    Quarantined {
        /// What differs, one line each.
        differences: Vec<String>,
    },
    /// It cannot be used: its name, its schema or its size is none that is taken.
    Refused {
        /// Why.
        reason: String,
    },
}

/// Something that a server lets people read: `@server:uri` attaches it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct McpResourceView {
    /// The server.
    pub server: String,
    /// Its address there; with `{names}` to be filled in where it is a template.
    pub uri: String,
    /// What it is called.
    pub name: String,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// For example `text/plain`, as the server says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Whether its address has names to be filled in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_template: bool,
}

/// A prompt that a server offers: [`crate::Content::Prompt`] sends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct McpPromptView {
    /// The server.
    pub server: String,
    /// Its name there.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it asks for, in order.
    #[serde(default)]
    pub arguments: Vec<McpPromptArgument>,
}

/// What a prompt asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct McpPromptArgument {
    /// Its name.
    pub name: String,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether the prompt cannot be had without it.
    #[serde(default)]
    pub is_required: bool,
}

/// A server as it is written in the config file. A value may be `${NAME}`, the variable of the host's environment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct McpEntry {
    /// Its name: lower-case letters, digits, `-` and `_`, 32 at most, a letter or digit first.
    pub name: String,
    /// `stdio`, `http` or `sse`; told by `command` and `url` if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// The program to start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Its arguments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Environment variables it gets.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Where it is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Headers that are sent along.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Longest call, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<f64>,
    /// Longest wait until it is ready, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_timeout: Option<f64>,
    /// Patterns of the tools that are offered; all if none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools_include: Vec<String>,
    /// Patterns of the tools that are not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools_exclude: Vec<String>,
    /// `untrusted` or `trusted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<McpTrust>,
    /// Whether it is used at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Folders its program may read; with `:rw` behind the path also write.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<String>,
    /// Whether its program reaches the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<bool>,
}

/// Wishes about MCP servers. Where two projects have servers of one name, a wish is about each that fits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum McpOp {
    /// Lets a server's program start or its address be reached, exactly as it was shown; answered by [`McpEvent::Approved`]. Rejected with
    /// [`crate::ProblemCode::Conflict`] if it is another one by now, or cannot be started so.
    Approve {
        /// The server.
        server: String,
        /// The [`McpServerView::hash`] that was shown.
        hash: String,
    },
    /// Starts or reaches a server that was disconnected or failed, in this process; answered by
    /// [`McpEvent::Changed`].
    Connect {
        /// The server.
        server: String,
    },
    /// Ends the connection in this process until it is connected again; answered by [`McpEvent::Changed`].
    Disconnect {
        /// The server.
        server: String,
    },
    /// Both, in this process; answered by [`McpEvent::Changed`].
    Restart {
        /// The server.
        server: String,
    },
    /// Takes a quarantined tool as it is now; answered by [`McpEvent::Accepted`]. Rejected with
    /// [`crate::ProblemCode::Conflict`] if the server says something else by now.
    Accept {
        /// The server.
        server: String,
        /// The tool's name there.
        tool: String,
        /// The [`McpToolView::hash`] that was shown.
        hash: String,
    },
    /// Lets a server ask for answers of the model, or forbids it; answered by [`McpEvent::SamplingChanged`]. Each
    /// request is asked about all the same.
    AllowSampling {
        /// The server.
        server: String,
        /// Whether it may.
        is_allowed: bool,
    },
    /// Begins to sign in to a server; answered by [`McpEvent::Changed`] with the address to open.
    SignIn {
        /// The server.
        server: String,
    },
    /// Writes a server into the user's config file; answered by [`McpEvent::Changed`]. Starts nothing that was not
    /// approved.
    Add {
        /// What is written.
        entry: Box<McpEntry>,
        /// Whether one of that name is replaced.
        #[serde(default)]
        is_replacing: bool,
    },
    /// Takes a server out of the user's config file; answered by [`McpEvent::Removed`].
    Remove {
        /// The server.
        server: String,
    },
}

/// Facts about MCP servers, on the host's topic. What a server is doing, each process knows for itself: read
/// [`crate::Reads::mcp_servers`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum McpEvent {
    /// A server is another one than any process told last: its entry, its state, its tools.
    Changed {
        /// How it is doing in the process that tells.
        server: Box<McpServerView>,
    },
    /// It is not in the config file any more.
    Removed {
        /// Which.
        server: String,
    },
    /// A person let its program start, or its address be reached.
    Approved {
        /// Which.
        server: String,
        /// Exactly what.
        hash: String,
        /// The same in words, line by line: whose it is, the command or address, and what it is given.
        shown: String,
    },
    /// A person took a tool as it is now.
    Accepted {
        /// The server.
        server: String,
        /// The folder of the project that names it, if one does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        workspace: Option<String>,
        /// The tool's name there.
        tool: String,
        /// What the server says of it now.
        hash: String,
    },
    /// A person let it ask for answers of the model, or forbade it.
    SamplingChanged {
        /// Which.
        server: String,
        /// Exactly what: another command or address was not allowed.
        hash: String,
        /// Whether it may.
        is_allowed: bool,
    },
}
