//! What the settings mean, typed: the struct that the rest of the host uses.
//!
//! Its fields are the rows of the table and nothing more; a row without a field, or a field
//! without a row, fails the first load.

use super::hooks::Hook;
use super::servers::McpServer;
use anteroom_api::{Mode, Tier};
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// All settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The model endpoint.
    pub ai: Ai,
    /// The program itself.
    pub app: App,
    /// The agent's limits and the terminal's manners.
    pub cli: Cli,
    /// The safety gate.
    pub safety: Safety,
    /// What may be spent.
    pub budget: Budget,
    /// Limits of one tool call.
    pub tools: Tools,
    /// The audit log.
    pub audit: Audit,
    /// What is kept of files before they are changed.
    pub checkpoints: Checkpoints,
    /// What is kept, and for how long.
    pub data: Data,
    /// Who the user is, as far as it was written down here.
    pub identity: IdentitySettings,
    /// Further databases beside the personal one.
    pub shared_databases: Vec<SharedDatabase>,
    /// Programs and addresses of other people that offer tools.
    pub mcp_servers: Vec<McpServer>,
    /// What is told of what happens, and may say no.
    pub hooks: Vec<Hook>,
}

/// A further database.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedDatabase {
    pub name: String,
    pub path: PathBuf,
}

/// What is kept, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    pub backup_daily: bool,
    pub backup_keep: usize,
    pub host_facts_days: i64,
    pub temp_days: i64,
    pub cache_max_mb: u64,
}

/// The model endpoint.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ai {
    pub base_url: Option<String>,
    pub api_key: Option<Secret>,
    pub api_key_command: Option<String>,
    pub model: Option<String>,
    /// The user's own instructions, in addition to the built-in prompt.
    pub system_prompt: Option<String>,
    pub temperature: Option<f64>,
    pub verify_ssl: bool,
    pub ca_file: Option<PathBuf>,
    #[serde(deserialize_with = "seconds")]
    pub connect_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub write_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub pool_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub first_token_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub request_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub chunk_stall_timeout: Duration,
    pub retry_max_attempts: u32,
    #[serde(deserialize_with = "seconds")]
    pub retry_backoff_base: Duration,
    pub narration_cadence: u32,
    pub titles: bool,
    pub max_tool_tokens: u64,
    pub prices: Prices,
}

/// What a million tokens cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    pub input: Option<f64>,
    pub cached: Option<f64>,
    pub output: Option<f64>,
}

/// What may be spent.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    pub turn: Cap,
    pub conversation: Cap,
    pub day: Cap,
    pub answer_tokens: u64,
}

/// Most tokens, cost and calls; none is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    pub tokens: Option<u64>,
    pub cost: Option<f64>,
    pub calls: Option<u64>,
}

/// The program itself.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    pub data_dir: PathBuf,
    pub log_level: LogLevel,
    pub log_format: LogFormat,
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    /// Names under which other machines reach the page.
    pub hosts: Vec<String>,
    /// Folders that the page may work in.
    pub folders: Vec<PathBuf>,
    pub password_hash: Option<Secret>,
    /// Hours.
    pub session_idle: u32,
    pub session_days: u32,
}

/// How the web page is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// As it is.
    Off,
    /// With a certificate of this installation.
    SelfSigned,
    /// With a certificate of the user's.
    Files,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}

/// The agent's limits and the terminal's manners.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cli {
    pub max_tool_iterations: u32,
    pub model_context_window: u32,
    pub context_warn_tokens: u32,
    pub context_auto_compact_tokens: u32,
    pub auto_compact: bool,
    pub tool_output_max_chars: usize,
    pub file_reference_max_chars: usize,
    pub verbosity: Verbosity,
    pub theme: Colors,
    pub tool_dedup: bool,
    #[serde(deserialize_with = "seconds")]
    pub esc_hint_delay: Duration,
    #[serde(deserialize_with = "seconds")]
    pub stall_display_threshold: Duration,
    #[serde(deserialize_with = "seconds")]
    pub stall_warning_threshold: Duration,
}

/// How much of the tools' work is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verbosity {
    Compact,
    Normal,
    Verbose,
}

/// Colors of the terminal; which they are is the frontend's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Colors {
    Auto,
    Dark,
    Light,
    HighContrast,
    None,
}

/// The safety gate.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Safety {
    pub approval_mode: Mode,
    #[serde(deserialize_with = "seconds")]
    pub approval_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    pub approval_unseen: Duration,
    pub allowed_tools: Vec<String>,
    /// Days that an answer for always holds; 0 is without end.
    pub grant_days: u32,
    pub denied_tools: Vec<String>,
    pub tool_tiers: BTreeMap<String, Tier>,
    pub custom_patterns: Vec<String>,
    pub sensitive_paths: Vec<String>,
    pub tool_secrets: Vec<String>,
    pub trusted_folders: Vec<PathBuf>,
    pub sandbox: Sandbox,
    pub network: Network,
    pub sandbox_writable: Vec<PathBuf>,
    pub limits: CommandLimits,
    pub subagent: Subagent,
}

/// `safety.network`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// The machine's.
    On,
    /// One of the command's own.
    Local,
    /// None.
    Off,
}

/// What one command may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandLimits {
    pub memory_mb: u32,
    pub processes: u32,
    pub file_mb: u32,
    pub open_files: u32,
}

/// `safety.sandbox`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sandbox {
    /// None.
    Off,
    /// What this system has.
    Auto,
    /// Nothing runs without it.
    Require,
}

/// Limits of sub-agents.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subagent {
    pub max_concurrent: u32,
    pub max_total: u32,
    pub max_depth: u32,
    pub max_iterations: u32,
    #[serde(deserialize_with = "seconds")]
    pub timeout: Duration,
    pub max_output_chars: usize,
    pub max_prompt_chars: usize,
}

/// Limits of one tool call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tools {
    #[serde(deserialize_with = "seconds")]
    pub call_timeout: Duration,
    pub memory_mb: u32,
    /// What holds instead for single tools.
    pub limits: BTreeMap<String, OwnLimits>,
}

/// The limits of one tool.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnLimits {
    #[serde(default)]
    pub seconds: Option<f64>,
    #[serde(default)]
    pub memory_mb: Option<u32>,
}

/// The audit log.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Whether it keeps the arguments of calls as they are.
    pub full_arguments: bool,
}

/// What is kept of files before they are changed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoints {
    /// Whether anything is.
    pub enabled: bool,
    pub max_file_mb: u32,
    pub max_total_mb: u32,
    pub max_days: u32,
}

/// Who the user is, as far as it was written down.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentitySettings {
    pub user_id: Option<String>,
    pub display_name: Option<String>,
    /// Kept by the original; it follows from the private one.
    pub public_key: Option<String>,
    pub private_key: Option<Secret>,
}

/// A text that must not be shown: no `Display`, no `Serialize`, and `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(D::Error::custom)
}
