//! What was asked for on the command line, as plain data. Knows no parser.

use crate::command::approval::ApprovalCommand;
use crate::command::audit::AuditCommand;
use crate::command::bundle::BundleCommand;
use crate::command::completions::Wanted;
use crate::command::db::DbCommand;
use crate::command::grants::GrantsCommand;
use crate::command::identity::IdentityCommand;
use crate::command::mcp::McpCommand;
use crate::command::organize::OrganizeCommand;
use crate::command::prompt::PromptCommand;
use crate::command::replay::Replay;
use crate::command::server::ServerCommand;
use crate::command::skill::SkillCommand;
use crate::command::tool::run::RunTool;
use crate::command::trust::Trust;
use crate::command::undo::Undo;
use crate::command::why::Why;
use crate::terminal::ColorChoice;
use anteroom_api::{Capability, ConversationId, Mode, Problem, ProblemCode};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A parsed command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// `--path`, as written.
    pub workspace: Option<PathBuf>,
    /// Settings that flags override: key, value, flag.
    pub overrides: Vec<(String, Value, String)>,
    /// What to do.
    pub command: Command,
    /// What holds for every command.
    pub options: Options,
}

/// What holds for every command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `--model`.
    pub model: Option<String>,
    /// `--approval-mode`; already among the overrides, kept to show it.
    pub mode: Option<Mode>,
    /// `--allowed-tools`, one rule each.
    pub allowed_tools: Vec<String>,
    /// `--port`; already among the overrides, kept to find the server that has it.
    pub port: Option<u16>,
    /// `--json`.
    pub is_json: bool,
    /// `--color`.
    pub color: ColorChoice,
    /// `--plain`.
    pub is_plain: bool,
    /// `--quiet`.
    pub is_quiet: bool,
    /// How often `--verbose` was given.
    pub verbosity: u8,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The server of the web page.
    Server(ServerCommand),
    /// Talk.
    Chat(Chat),
    /// One run without a person.
    Exec(Exec),
    /// Connect a model endpoint.
    Init(Init),
    /// Check everything.
    Doctor,
    /// Check the endpoint only (`--test`).
    Test,
    /// Settings.
    Config(ConfigCommand),
    /// Conversations, notes, documents, and what they are ordered with.
    Organize(OrganizeCommand),
    /// Modules and their tools.
    Tool(ToolCommand),
    /// Bundles.
    Bundle(BundleCommand),
    /// MCP servers.
    Mcp(McpCommand),
    /// Skills.
    Skill(SkillCommand),
    /// What waits for a person.
    Approval(ApprovalCommand),
    /// What led to a call's permissions.
    Why(Why),
    /// What was allowed for good.
    Grants(GrantsCommand),
    /// Whether a project's own config and tools count.
    Trust(Trust),
    /// The audit log.
    Audit(AuditCommand),
    /// The databases.
    Db(DbCommand),
    /// Who this installation is.
    Identity(IdentityCommand),
    /// Turns run again from their record.
    Replay(Replay),
    /// What the model is told first.
    Prompt(PromptCommand),
    /// Taking changes of files back.
    Undo(Undo),
    /// Names that complete a command line.
    Complete(Wanted),
}

/// Which conversation to go on with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Resume {
    /// None: a new one.
    #[default]
    New,
    /// The one last used in this folder.
    Last,
    /// The one whose id is, begins or ends so.
    Named(String),
}

/// `aroom chat`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chat {
    /// What to begin with.
    pub prompt: Option<String>,
    /// Where to go on.
    pub resume: Resume,
    /// `--no-tools`.
    pub is_without_tools: bool,
}

/// `aroom exec`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exec {
    /// The prompt; none if it comes from standard input.
    pub prompt: Option<String>,
    /// Where to go on.
    pub resume: Resume,
    /// `--no-tools`.
    pub is_without_tools: bool,
    /// `--image`, in order.
    pub images: Vec<PathBuf>,
    /// `--schema`.
    pub schema: Option<PathBuf>,
    /// `--stream-json`.
    pub is_stream: bool,
    /// `--input stream-json`.
    pub is_fed: bool,
    /// `--include-deltas`.
    pub has_deltas: bool,
    /// `--output`.
    pub output: Option<PathBuf>,
    /// `--timeout`.
    pub timeout: Option<Duration>,
    /// `--max-turns`.
    pub max_steps: Option<u32>,
    /// `--plan`.
    pub is_plan: bool,
}

/// `aroom init`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Init {
    /// `--base-url`.
    pub base_url: Option<String>,
    /// `--api-key-env`: the variable that holds the key.
    pub api_key_env: Option<String>,
    /// `--api-key-command`.
    pub api_key_command: Option<String>,
    /// `--yes`.
    pub is_yes: bool,
}

/// `aroom config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigCommand {
    /// All settings and where they come from.
    Show,
    /// One value.
    Get {
        /// Dotted name.
        key: String,
    },
    /// Write one value.
    Set {
        /// Dotted name.
        key: String,
        /// The value; none to be asked for it, `-` to read it.
        value: Option<String>,
    },
    /// Remove one value.
    Reset {
        /// Dotted name.
        key: String,
    },
    /// The whole file, in an editor.
    Edit,
    /// What is wrong with what was written.
    Validate,
    /// JSON Schema of the file.
    Schema,
    /// Where the file is.
    Path,
}

/// `aroom tool`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolCommand {
    /// Modules, tools and grants.
    List,
    /// Everything about one module.
    Inspect {
        /// The module.
        module: String,
    },
    /// Give capabilities.
    Grant(Grant),
    /// Take grants of a module back.
    Revoke {
        /// The module.
        module: String,
        /// Which capabilities; all if none.
        capabilities: Vec<Capability>,
    },
    /// Copy a component into the user's tools folder.
    Install {
        /// The file, or an address.
        file: String,
        /// `--replace`.
        is_replacing: bool,
    },
    /// Take a component out of it.
    Remove {
        /// The module.
        module: String,
    },
    /// Switch a module off or on.
    Switch {
        /// The module.
        module: String,
        /// Whether its tools can be called.
        is_enabled: bool,
    },
    /// Look through the tools folders now.
    Reload,
    /// Run one tool by hand.
    Run(RunTool),
}

/// `aroom tool grant`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The module.
    pub module: String,
    /// The capabilities; none to see what it asks for.
    pub capabilities: Vec<Capability>,
    /// `--folder`.
    pub folders: Vec<String>,
    /// `--command`.
    pub commands: Vec<String>,
    /// `--host`.
    pub hosts: Vec<String>,
    /// `--secret`.
    pub secrets: Vec<String>,
    /// `--everywhere`.
    pub is_everywhere: bool,
    /// `--for`.
    pub lasts: Option<Duration>,
    /// `--calls`.
    pub calls: Option<u32>,
}

impl Invocation {
    /// Whether it is meant to mend a config file that cannot be understood.
    #[must_use]
    pub fn is_mending_config(&self) -> bool {
        self.command == Command::Config(ConfigCommand::Edit)
    }

    /// The folder to work in: absolute, existing, without links.
    ///
    /// # Errors
    /// [`ProblemCode::NotFound`] when `--path` names no folder.
    pub fn folder(&self, current: &Path) -> Result<PathBuf, Problem> {
        let wanted = match &self.workspace {
            Some(path) => current.join(path),
            None => current.to_path_buf(),
        };
        match wanted.canonicalize() {
            Ok(path) if path.is_dir() => Ok(path),
            Ok(_) => Err(Problem::new(
                ProblemCode::InvalidInput,
                format!("`{}` is not a folder", wanted.display()),
            )
            .hint("give a folder to `--path`")),
            Err(error) => Err(Problem::new(
                ProblemCode::NotFound,
                format!("there is no folder `{}`", wanted.display()),
            )
            .cause(error)
            .hint("create it, or give an existing folder to `--path`")),
        }
    }
}

impl Resume {
    /// The whole id, if that is what was given.
    pub(crate) fn id(text: &str) -> Option<ConversationId> {
        text.parse().ok()
    }
}
