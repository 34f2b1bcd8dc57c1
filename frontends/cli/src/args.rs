//! The command tree as clap sees it: names, flags, help. Turned into an [`crate::Invocation`] by `parse.rs`.

use crate::command::approval::ApprovalCommand;
use crate::command::audit::AuditCommand;
use crate::command::bundle::BundleCommand;
use crate::command::completions::Completions;
use crate::command::db::DbCommand;
use crate::command::grants::GrantsCommand;
use crate::command::identity::IdentityCommand;
use crate::command::mcp::McpCommand;
use crate::command::organize::OrganizeCommand;
use crate::command::prompt::PromptCommand;
use crate::command::replay::Replay;
use crate::command::server::ServerCommand;
use crate::command::skill::SkillArguments;
use crate::command::tool::run::RunTool;
use crate::command::trust::Trust;
use crate::command::undo::Undo;
use crate::command::why::Why;
use crate::exec::arguments::{self, ExecArguments};
use crate::invocation::Resume;
use crate::man::Man;
use crate::terminal::ColorChoice;
use anteroom_api::{Capability, Mode};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Handwritten so that commands are grouped and the whole fits 24 x 80; a test finds commands it forgot.
const ROOT_HELP: &str = "\
Private AI workspace: web page, terminal chat and tools on your own endpoint.

{usage-heading} {usage}

Start:    serve (default)  chat  exec  init  doctor
Work:     conversation  note  document  search  usage  tag  folder  project
Control:  approval  undo  why  grants  trust  audit  replay
Extend:   mcp  tool  skill  bundle  prompt  schema
Manage:   start  stop  status  password  config  db  identity  man  completions

Options:
  -m, --model <NAME>           Model for this run
  -p, --path <DIR>             Work in DIR
      --approval-mode <MODE>   auto, ask_for_dangerous, ask_for_writes, ask
      --allowed-tools <RULES>  Pre-allow, e.g. 'read_file,bash:cargo test *'
      --json                   Machine output on stdout
      --color <WHEN>           auto, always, never [default: auto]
      --port <PORT>  --plain  --test  -q, --quiet  -v, --verbose  -h  -V

Examples:
  aroom                                  open the web page
  aroom chat \"explain @src/main.rs\"      talk in this directory
  git diff | aroom exec \"review this\"    one answer on stdout
Run 'aroom help <COMMAND>' for details and more examples.{after-help}
";

const ROOT_MORE: &str = "\
More about the options:
  --approval-mode  `dangerous` and `writes` are short for two of the modes;
                   what is never asked about is denied where nobody can answer
  --allowed-tools  `--allow` is the same; repeatable, for one run
  --port           of the web page, 8080 by itself
  --test           lists models, sends one prompt, says what works
  --plain          no color, no cursor movement: for logs and screen readers
  -v, -vv          more about each call, and about errors

Files:
  ~/.anteroom/config.yaml   settings: `aroom config show`, `aroom config edit`
  .anteroom/config.yaml     a project's own, once you trust it: `aroom trust`
  ~/.anteroom/anteroom.db   conversations and records: `aroom db status`

Environment:
  AI_CHAT_BASE_URL, AI_CHAT_API_KEY, AI_CHAT_MODEL   an endpoint without a file
  AI_CHAT_PORT, BROWSER     port of the web page, and what opens it
  ANTEROOM_HOME             in the place of ~/.anteroom
  NO_COLOR, CLICOLOR_FORCE, VISUAL, EDITOR, PAGER    as everywhere

Exit codes:
  0 ok  1 failed  2 usage  3 not configured  4 endpoint unreachable
  5 auth refused  6 approval needed or denied  7 limit hit (requests, tokens,
  time)  8 not found  130 SIGINT  143 SIGTERM";

#[derive(Debug, Parser)]
#[command(
    name = "aroom",
    bin_name = "aroom",
    version,
    about = "Private AI workspace: web page, terminal chat and tools on your own endpoint",
    help_template = ROOT_HELP,
    after_long_help = ROOT_MORE,
    max_term_width = 80
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    /// Check the model endpoint: list models, send one prompt
    #[arg(long)]
    pub(crate) test: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Commands>,
}

/// Flags that every command takes; left out of the short help of commands.
#[derive(Args, Debug)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Model for this run
    #[arg(
        short,
        long,
        value_name = "NAME",
        global = true,
        hide_short_help = true
    )]
    pub(crate) model: Option<String>,
    /// Work in DIR
    #[arg(short, long, value_name = "DIR", global = true, hide_short_help = true)]
    pub(crate) path: Option<PathBuf>,
    /// Port of the web page; 0 takes a free one
    #[arg(long, value_name = "PORT", global = true, hide_short_help = true, value_parser = clap::value_parser!(u16))]
    pub(crate) port: Option<u16>,
    /// When to ask: auto, ask_for_dangerous, ask_for_writes, ask
    #[arg(
        long,
        value_name = "MODE",
        global = true,
        hide_short_help = true,
        value_parser = mode
    )]
    pub(crate) approval_mode: Option<Mode>,
    /// Rules allowed in advance, comma separated, repeatable, e.g. 'read_file,bash:cargo test *'
    #[arg(long, visible_alias = "allow", value_name = "RULES", global = true, hide_short_help = true, action = clap::ArgAction::Append)]
    pub(crate) allowed_tools: Vec<String>,
    /// Machine output on stdout
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) json: bool,
    /// When to use color
    #[arg(
        long,
        value_name = "WHEN",
        global = true,
        hide_short_help = true,
        default_value = "auto"
    )]
    pub(crate) color: ColorChoice,
    /// No color, no cursor movement: for logs and screen readers
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) plain: bool,
    /// No progress
    #[arg(
        short,
        long,
        global = true,
        hide_short_help = true,
        conflicts_with = "verbose"
    )]
    pub(crate) quiet: bool,
    /// More about each call; twice for more about errors
    #[arg(short, long, global = true, hide_short_help = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Commands {
    /// Talk with the agent in this folder
    #[command(after_help = "\
Examples:
  aroom chat                          start talking in this folder
  aroom chat -c                       go on with the last conversation here
  aroom chat -p ~/anteroom -m qwen3 \"explain the config loader\"

While it works: Esc cancels, Enter queues the next message. Type /help for commands.")]
    Chat {
        /// What to begin with
        #[arg(value_name = "PROMPT")]
        prompt: Vec<String>,
        #[command(flatten)]
        place: PlaceArguments,
    },
    /// Run one prompt without asking; the answer goes to stdout
    #[command(after_help = arguments::EXAMPLES, after_long_help = arguments::MORE)]
    Exec(ExecArguments),
    /// Connect a model endpoint, test it, save it
    #[command(after_help = "\
Examples:
  aroom init                                        find or ask, test, save
  aroom init --base-url http://127.0.0.1:11434/v1 --model qwen3:32b --yes
  aroom init --base-url https://llm.corp/v1 --api-key-env LLM_KEY --yes
  aroom init --base-url https://llm.corp/v1 --api-key-command 'pass llm' --yes

`--model` sets the model to save. Running it again keeps what is there.")]
    Init {
        /// The endpoint, for example https://llm.corp/v1
        #[arg(long, value_name = "URL")]
        base_url: Option<String>,
        /// Take the key from this environment variable and save it
        #[arg(long, value_name = "VAR", conflicts_with = "api_key_command")]
        api_key_env: Option<String>,
        /// Save a command that prints the key
        #[arg(long, value_name = "CMD")]
        api_key_command: Option<String>,
        /// Ask nothing, take the defaults
        #[arg(short, long)]
        yes: bool,
    },
    /// Check everything and say what to do
    #[command(after_help = "\
Examples:
  aroom doctor                 exit code 1 if anything does not work
  aroom doctor --json | jq     for scripts
  aroom --test                 the model endpoint only")]
    Doctor {
        /// The model endpoint only
        #[arg(long = "endpoint")]
        is_endpoint_only: bool,
    },
    #[command(flatten)]
    Server(ServerCommand),
    #[command(flatten)]
    Organize(OrganizeCommand),
    /// List toolsets and give or take their capabilities
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom tool list
  aroom tool grant jira process --command 'jira issue'"
    )]
    Tool {
        #[command(subcommand)]
        command: ToolArguments,
    },
    /// Add, approve, look at and remove MCP servers
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        disable_help_subcommand = true,
        after_help = "\
Examples:
  aroom mcp add time --network -- uvx mcp-server-time
  aroom mcp approve time"
    )]
    Mcp {
        #[command(subcommand)]
        command: McpCommand,
    },
    #[command(flatten)]
    Skill(SkillArguments),
    /// Show who this installation is
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom identity show
  aroom identity export-public > anteroom.pub.pem"
    )]
    Identity {
        #[command(subcommand)]
        command: IdentityCommand,
    },
    /// Run turns again from their record: no endpoint, no effects
    #[command(after_help = "\
Examples:
  aroom replay 5f21c0de             all turns of a conversation
  aroom replay 5f21c0de --turn 2    exit code 1 if anything differs")]
    Replay(Replay),
    /// List what calls changed, and take it back
    #[command(after_help = "\
Examples:
  aroom undo                    list what can be taken back
  aroom undo 5f21c0de           what one call changed
  aroom undo --last             what the last turn changed
  aroom undo --turn 9ab04411 --force")]
    Undo(Undo),
    /// List and answer what waits for a person
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom approval list
  aroom approval show 5f21c0de
  aroom approval allow 5f21c0de"
    )]
    Approval {
        #[command(subcommand)]
        command: ApprovalCommand,
    },
    /// Say what led to what a call was allowed to do
    #[command(after_help = "\
Examples:
  aroom why 019abc12            the beginning of the call's id
  aroom why call_7 --json       or of the model's id of it")]
    Why(Why),
    /// List and take back what was allowed for good
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom grants list
  aroom grants revoke 'bash:cargo test *'"
    )]
    Grants {
        #[command(subcommand)]
        command: GrantsCommand,
    },
    /// Let a project's own config and tools take effect
    #[command(after_help = "\
Examples:
  aroom trust                 show what waits here, and ask
  aroom trust ~/anteroom --yes
  aroom trust --remove

Trust is for what the folder holds now: its config file and its tools. A change
of either asks again.")]
    Trust(Trust),
    /// Install what others packed as a whole, and pack for others
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        disable_help_subcommand = true,
        after_help = "\
Examples:
  aroom bundle install team.abundle
  aroom bundle pack ./team --sign"
    )]
    Bundle {
        #[command(subcommand)]
        command: BundleCommand,
    },
    /// List, export and prove what was decided and done
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom audit list --verdict denied
  aroom audit export audit.jsonl
  aroom audit verify"
    )]
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Copy, check, export and share databases
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom db status
  aroom db backup /mnt/usb/anteroom.db
  aroom db export everything.jsonl"
    )]
    Db {
        #[command(subcommand)]
        command: DbCommand,
    },
    /// Show what the model is told before the first word
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom prompt show
  aroom prompt show --conversation 5f21c0de"
    )]
    Prompt {
        #[command(subcommand)]
        command: PromptCommand,
    },
    /// Show, change and check settings
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom config show
  aroom config set ai.model qwen3:32b
  aroom config validate"
    )]
    Config {
        #[command(subcommand)]
        command: ConfigArguments,
    },
    /// Print what completes command lines in a shell
    Completions(Completions),
    /// Write the manual pages
    #[command(after_help = "\
Examples:
  aroom man ~/.local/share/man/man1      one page for each command
  aroom man | man -l -                   read the first one")]
    Man(Man),
    /// Print the JSON Schema of a contract
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom schema events > events.schema.json
  aroom schema events | jq '.\"$defs\" | keys'"
    )]
    Schema {
        #[command(subcommand)]
        command: SchemaArguments,
    },
}

#[derive(Args, Debug)]
pub(crate) struct PlaceArguments {
    /// Go on with the last conversation of this folder
    #[arg(short = 'c', long = "continue", conflicts_with = "resume")]
    pub(crate) is_continued: bool,
    /// Go on with the one whose id is, begins or ends so
    #[arg(short, long, value_name = "ID")]
    pub(crate) resume: Option<String>,
    /// Offer the model no tools
    #[arg(long)]
    pub(crate) no_tools: bool,
}

impl PlaceArguments {
    /// Where to go on.
    pub(crate) fn resume(&self) -> Resume {
        match (&self.resume, self.is_continued) {
            (Some(id), _) => Resume::Named(id.clone()),
            (None, true) => Resume::Last,
            (None, false) => Resume::New,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ToolArguments {
    /// List toolsets, their tools and what they were granted
    #[command(after_help = "\
Examples:
  aroom tool list
  aroom tool list --json -p ~/anteroom")]
    List,
    /// Show all there is to judge a toolset by
    #[command(after_help = "\
Examples:
  aroom tool inspect jira
  aroom tool inspect jira --json | jq .requested")]
    Inspect {
        /// The toolset
        #[arg(value_name = "MODULE")]
        module: String,
    },
    /// Give capabilities to the toolset as it is now
    #[command(after_help = "\
Examples:
  aroom tool grant jira                       show what it asks for
  aroom tool grant jira process --command 'jira issue'
  aroom tool grant csv files_write --folder data --for 2h --calls 20
  aroom tool grant weather fetch --host api.weather.gov --everywhere")]
    Grant {
        /// The toolset
        #[arg(value_name = "MODULE")]
        module: String,
        /// What to give, of what it asks for, such as files_read
        #[arg(value_name = "CAPABILITY")]
        capabilities: Vec<Capability>,
        /// Only this folder, for files; repeatable
        #[arg(long = "folder", value_name = "DIR")]
        folders: Vec<String>,
        /// Only commands that begin so, for process; repeatable
        #[arg(long = "command", value_name = "PREFIX")]
        commands: Vec<String>,
        /// Only this host, for fetch; repeatable
        #[arg(long = "host", value_name = "HOST")]
        hosts: Vec<String>,
        /// This secret, by its name in the config; repeatable
        #[arg(long = "secret", value_name = "NAME")]
        secrets: Vec<String>,
        /// In every workspace, not in this one alone
        #[arg(long = "everywhere")]
        is_everywhere: bool,
        /// Only for so long, for example 30m, 2h, 7d
        #[arg(long = "for", value_name = "TIME", value_parser = span)]
        lasts: Option<std::time::Duration>,
        /// Only for so many calls
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        calls: Option<u32>,
    },
    /// Take back grants of a toolset
    #[command(after_help = "\
Examples:
  aroom tool revoke jira
  aroom tool revoke csv files_write")]
    Revoke {
        /// The toolset
        #[arg(value_name = "MODULE")]
        module: String,
        /// Only these; all if none is named
        #[arg(value_name = "CAPABILITY")]
        capabilities: Vec<Capability>,
    },
    /// Copy a toolset into your tools folder; grants nothing
    #[command(after_help = "\
Examples:
  aroom tool install target/wasm32-wasip2/release/csv.wasm
  aroom tool install csv.wasm --replace")]
    Install {
        /// The component
        #[arg(value_name = "FILE")]
        file: String,
        /// Replace a toolset of that name
        #[arg(long = "replace")]
        is_replacing: bool,
    },
    /// Take a toolset out of your tools folder, its grants too
    #[command(after_help = "\
Examples:
  aroom tool remove csv
  aroom tool remove csv -q")]
    Remove {
        /// The toolset
        #[arg(value_name = "MODULE")]
        module: String,
    },
    /// Let the tools of a toolset be called again
    #[command(after_help = "\
Examples:
  aroom tool enable csv
  aroom tool enable shell")]
    Enable {
        /// The toolset
        #[arg(value_name = "MODULE")]
        module: String,
    },
    /// Switch a toolset off, built-in ones too
    #[command(after_help = "\
Examples:
  aroom tool disable csv
  aroom tool disable shell")]
    Disable {
        /// The toolset
        #[arg(value_name = "MODULE")]
        module: String,
    },
    /// Look through the tools folders now
    #[command(after_help = "\
Examples:
  aroom tool reload
  aroom tool reload --json")]
    Reload,
    /// Make a new toolset that builds and tests at once
    #[command(after_help = "\
Examples:
  aroom tool new word-count
  aroom tool new word-count -p ~/src

The folder is NAME, in the current one. It holds a tool, its tests, the
contract and the SDK, so that cargo needs nothing but its registry.")]
    New {
        /// Small letters, digits and `-`
        #[arg(value_name = "NAME")]
        name: String,
        /// What it is written in
        #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
        lang: Language,
    },
    Run(RunTool),
}

/// What a new toolset can be written in.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Language {
    /// Rust
    Rust,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigArguments {
    /// Show every setting and where its value comes from
    #[command(after_help = "\
Examples:
  aroom config show
  aroom config show --json | jq '.settings[].key'")]
    Show,
    /// Print one value
    #[command(after_help = "\
Examples:
  aroom config get ai.model
  aroom config get safety.allowed_tools --json")]
    Get {
        /// For example ai.base_url
        #[arg(value_name = "KEY")]
        key: String,
    },
    /// Write one value into the config file
    #[command(after_help = "\
Examples:
  aroom config set ai.model qwen3:32b
  aroom config set safety.allowed_tools '[\"read_file\"]'
  aroom config set ai.api_key            asks; a key stays out of the history
  pass llm | aroom config set ai.api_key -")]
    Set {
        /// For example ai.base_url
        #[arg(value_name = "KEY")]
        key: String,
        /// The value, JSON where it is not text; `-` reads standard input
        #[arg(value_name = "VALUE", allow_hyphen_values = true)]
        value: Option<String>,
    },
    /// Remove one value from the config file
    #[command(after_help = "\
Examples:
  aroom config reset ai.model
  aroom config reset safety.allowed_tools")]
    Reset {
        /// For example ai.base_url
        #[arg(value_name = "KEY")]
        key: String,
    },
    /// Edit the config file in $VISUAL or $EDITOR
    #[command(after_help = "\
Examples:
  aroom config edit
  EDITOR='code --wait' aroom config edit

What you save counts once it is understood; else you are asked to edit it again.")]
    Edit,
    /// Say what is wrong with what was written
    #[command(after_help = "\
Examples:
  aroom config validate
  aroom config validate --json")]
    Validate,
    /// Print the JSON Schema of the config file
    #[command(after_help = "\
Examples:
  aroom config schema > config.schema.json
  aroom config schema | jq .properties")]
    Schema,
    /// Print where the config file is
    #[command(after_help = "\
Examples:
  aroom config path
  $EDITOR \"$(aroom config path)\"")]
    Path,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SchemaArguments {
    /// Print ops, events and deltas as they travel
    #[command(after_help = "\
Examples:
  aroom schema events > events.schema.json
  aroom schema events | jq .version")]
    Events,
}

fn mode(text: &str) -> Result<Mode, String> {
    text.parse()
}

fn span(text: &str) -> Result<std::time::Duration, String> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.len().saturating_sub(1));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => 0,
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(seconds))
        .filter(|seconds| (1..=MAX_SPAN_SECONDS).contains(seconds))
        .map(std::time::Duration::from_secs)
        .ok_or_else(|| "give a number with its unit, for example 30m, 2h or 7d".to_owned())
}

/// Ten years; longer is the same as for good.
const MAX_SPAN_SECONDS: u64 = 10 * 366 * 86_400;
