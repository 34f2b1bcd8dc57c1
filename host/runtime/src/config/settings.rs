//! The table of settings: one row each.
//!
//! A row yields parsing, bounds, the JSON Schema, the reference, the report and what a project's
//! file may do with it. Nothing else in the host names a default or a bound of a setting.

/// One setting.
pub(crate) struct Row {
    /// Dotted name.
    pub(crate) key: &'static str,
    pub(crate) kind: Kind,
    pub(crate) standard: Standard,
    pub(crate) environment: Option<&'static str>,
    /// Masked wherever it is shown.
    pub(crate) is_secret: bool,
    /// `${NAME}` is left alone: the value is a text or a program of its own.
    pub(crate) is_literal: bool,
    /// A change takes effect at the next start.
    pub(crate) is_read_at_start: bool,
    pub(crate) project: Project,
    /// One line, a sentence without its subject.
    pub(crate) doc: &'static str,
}

/// What a value may be.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Text,
    /// A file or folder: `~/` is the user's home, a relative one starts at the config file's folder.
    Path,
    Switch,
    /// A whole number; out of bounds is clamped.
    Whole {
        least: u64,
        most: u64,
    },
    /// A number; out of bounds is clamped.
    Number {
        least: f64,
        most: f64,
    },
    /// Like [`Kind::Number`], in seconds.
    Seconds {
        least: f64,
        most: f64,
    },
    /// One of some words, from the loosest to the strictest where that means something.
    Choice {
        words: &'static [&'static str],
        aliases: &'static [(&'static str, &'static str)],
    },
    /// Texts; what the layers say adds up.
    List,
    /// A list of [`Kind::Path`]s.
    Paths,
    /// Shared databases, each with a name and a [`Kind::Path`].
    Databases,
    /// MCP servers; read entry by entry, and only in files.
    Servers,
    /// Hooks; read entry by entry, and only in files.
    Hooks,
    /// Tool name to tier; what the layers say adds up, later ones win.
    Tiers,
    /// Tool name to the limits of its calls; what the layers say adds up, later ones win.
    Limits,
}

/// What holds if nobody sets it.
#[derive(Clone, Copy)]
pub(crate) enum Standard {
    Nothing,
    Switch(bool),
    Number(f64),
    Word(&'static str),
    /// The home folder of this installation.
    Home,
}

/// What a project's file may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Project {
    /// Set it: it cannot loosen anything.
    Set,
    /// Lower it.
    Lower,
    /// Choose a stricter word.
    Tighten,
    /// Add entries.
    Add,
    /// Raise tiers.
    Raise,
    /// Set it once the user trusts the folder.
    IfTrusted,
    /// Nothing: it is the user's own.
    Nothing,
}

/// A name that the original or a later version knows and this one does not use.
pub(crate) struct Reserved {
    pub(crate) key: &'static str,
    /// The next thing to try.
    pub(crate) hint: &'static str,
}

const NO_CEILING: u64 = u32::MAX as u64;
/// A day: longer than anybody watches a prompt.
const LONGEST_SHOWN: f64 = 86_400.0;

impl Row {
    const fn new(key: &'static str, kind: Kind, standard: Standard, doc: &'static str) -> Self {
        Self {
            key,
            kind,
            standard,
            environment: None,
            is_secret: false,
            is_literal: false,
            is_read_at_start: false,
            project: Project::Nothing,
            doc,
        }
    }

    const fn text(key: &'static str, doc: &'static str) -> Self {
        Self::new(key, Kind::Text, Standard::Nothing, doc)
    }

    const fn list(key: &'static str, doc: &'static str) -> Self {
        Self::new(key, Kind::List, Standard::Nothing, doc)
    }

    const fn switch(key: &'static str, standard: bool, doc: &'static str) -> Self {
        Self::new(key, Kind::Switch, Standard::Switch(standard), doc)
    }

    const fn whole(
        key: &'static str,
        standard: u32,
        bounds: (u64, u64),
        doc: &'static str,
    ) -> Self {
        let (least, most) = bounds;
        let standard = Standard::Number(standard as f64);
        Self::new(key, Kind::Whole { least, most }, standard, doc)
    }

    const fn seconds(
        key: &'static str,
        standard: f64,
        bounds: (f64, f64),
        doc: &'static str,
    ) -> Self {
        let (least, most) = bounds;
        Self::new(
            key,
            Kind::Seconds { least, most },
            Standard::Number(standard),
            doc,
        )
    }

    const fn choice(
        key: &'static str,
        words: &'static [&'static str],
        standard: &'static str,
        doc: &'static str,
    ) -> Self {
        let aliases = &[];
        Self::new(
            key,
            Kind::Choice { words, aliases },
            Standard::Word(standard),
            doc,
        )
    }

    /// A budget: no limit if not set, and a project may set one.
    const fn cap(key: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self::new(key, kind, Standard::Nothing, doc).project(Project::Lower)
    }

    const fn environment(mut self, name: &'static str) -> Self {
        self.environment = Some(name);
        self
    }

    const fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    const fn literal(mut self) -> Self {
        self.is_literal = true;
        self
    }

    const fn at_start(mut self) -> Self {
        self.is_read_at_start = true;
        self
    }

    const fn project(mut self, may: Project) -> Self {
        self.project = may;
        self
    }

    /// The part before the last dot.
    pub(crate) fn section(&self) -> &'static str {
        self.key.rsplit_once('.').map_or("", |(section, _)| section)
    }
}

/// The row of a dotted name.
pub(crate) fn row(key: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.key == key)
}

/// Whether settings live below this dotted name.
pub(crate) fn is_section(key: &str) -> bool {
    ROWS.iter().any(|row| {
        row.key
            .strip_prefix(key)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// The reserved name that covers this dotted name.
pub(crate) fn reserved(key: &str) -> Option<&'static Reserved> {
    RESERVED.iter().find(|reserved| reserved.key == key)
}

/// In the order of the reference.
pub(crate) static ROWS: &[Row] = &[
    // The model endpoint.
    Row::text("ai.base_url", "Address of the model endpoint, OpenAI-compatible, usually ending in `/v1`")
        .environment("AI_CHAT_BASE_URL")
        .project(Project::IfTrusted),
    Row::text("ai.api_key", "Key for the endpoint; better a `${NAME}` reference or `ai.api_key_command`")
        .environment("AI_CHAT_API_KEY")
        .secret()
        .project(Project::IfTrusted),
    Row::text("ai.api_key_command", "Command that prints the key; run at first use and again when the endpoint refuses the key")
        .environment("AI_CHAT_API_KEY_COMMAND")
        .literal()
        .project(Project::IfTrusted),
    Row::text("ai.model", "Model to use")
        .environment("AI_CHAT_MODEL")
        .project(Project::Set),
    Row::text("ai.system_prompt", "Your own instructions, added to the system prompt")
        .environment("AI_CHAT_SYSTEM_PROMPT")
        .literal()
        .project(Project::IfTrusted),
    Row::new("ai.temperature", Kind::Number { least: 0.0, most: 2.0 }, Standard::Nothing, "Sampling temperature; the endpoint's own if not set")
        .environment("AI_CHAT_TEMPERATURE")
        .project(Project::Set),
    Row::switch("ai.verify_ssl", true, "Check the endpoint's certificate")
        .environment("AI_CHAT_VERIFY_SSL")
        .project(Project::Tighten),
    Row::new("ai.ca_file", Kind::Path, Standard::Nothing, "Certificates to trust beside the system's, as a PEM file")
        .environment("AI_CHAT_CA_FILE")
        .project(Project::IfTrusted),
    Row::seconds("ai.connect_timeout", 5.0, (1.0, 30.0), "Longest wait for a connection, in seconds")
        .environment("AI_CHAT_CONNECT_TIMEOUT")
        .project(Project::Lower),
    Row::seconds("ai.write_timeout", 30.0, (5.0, 120.0), "Longest time to send a request, in seconds")
        .environment("AI_CHAT_WRITE_TIMEOUT")
        .project(Project::Lower),
    Row::seconds("ai.pool_timeout", 10.0, (1.0, 60.0), "Longest wait for a free connection, in seconds")
        .environment("AI_CHAT_POOL_TIMEOUT")
        .project(Project::Lower),
    Row::seconds("ai.first_token_timeout", 30.0, (5.0, 120.0), "Longest wait for the first token, in seconds")
        .environment("AI_CHAT_FIRST_TOKEN_TIMEOUT")
        .project(Project::Lower),
    Row::seconds("ai.request_timeout", 120.0, (10.0, 600.0), "Longest time for a whole answer, in seconds")
        .environment("AI_CHAT_REQUEST_TIMEOUT")
        .project(Project::Lower),
    Row::seconds("ai.chunk_stall_timeout", 30.0, (10.0, 600.0), "Longest silence in the middle of an answer, in seconds")
        .environment("AI_CHAT_CHUNK_STALL_TIMEOUT")
        .project(Project::Lower),
    Row::whole("ai.retry_max_attempts", 3, (0, 10), "How often a request is tried again; 0 is never")
        .environment("AI_CHAT_RETRY_MAX_ATTEMPTS")
        .project(Project::Lower),
    Row::seconds("ai.retry_backoff_base", 1.0, (0.1, 30.0), "Wait before the first retry, in seconds; it doubles with each")
        .environment("AI_CHAT_RETRY_BACKOFF_BASE")
        .project(Project::Set),
    Row::whole("ai.narration_cadence", 5, (0, NO_CEILING), "Tool calls after which the agent is asked for a word on its progress; 0 is never")
        .environment("AI_CHAT_NARRATION_CADENCE")
        .project(Project::Set),
    Row::switch("ai.titles", true, "Let the model name a conversation after its first turn; otherwise its first line is its name")
        .environment("AI_CHAT_TITLES")
        .project(Project::Set),
    Row::whole("ai.max_tool_tokens", 4000, (500, NO_CEILING), "Tokens of tool definitions sent with a request; beyond, tools of MCP servers are listed and loaded when the model looks for them")
        .project(Project::Lower),
    Row::new("ai.prices.input", PRICE, Standard::Nothing, "Price of a million tokens sent, in your currency"),
    Row::new("ai.prices.cached", PRICE, Standard::Nothing, "Price of a million tokens sent that the endpoint had cached; as `input` if not set"),
    Row::new("ai.prices.output", PRICE, Standard::Nothing, "Price of a million tokens answered, in your currency"),
    // The program.
    Row::new("app.data_dir", Kind::Path, Standard::Home, "Folder of the database and the logs")
        .environment("AI_CHAT_DATA_DIR")
        .at_start(),
    Row::choice("app.log_level", &["error", "warn", "info", "debug", "trace"], "info", "How much is logged; `debug` and `trace` may hold parts of conversations")
        .environment("AI_CHAT_LOG_LEVEL")
        .at_start(),
    Row::choice("app.log_format", &["text", "json"], "text", "How a log line is written")
        .environment("AI_CHAT_LOG_FORMAT")
        .at_start(),
    Row::new("app.host", Kind::Text, Standard::Word("127.0.0.1"), "Address the web page is served on; another than the machine's own needs `app.tls`, `app.hosts` and a password")
        .at_start(),
    Row::whole("app.port", 8080, (0, 65_535), "Port the web page is served on; 0 takes a free one")
        .environment("AI_CHAT_PORT")
        .at_start(),
    Row::choice("app.tls", &["off", "self-signed", "files"], "off", "Serve the web page encrypted: not, with a certificate made here, or with `app.tls_cert` and `app.tls_key`")
        .at_start(),
    Row::new("app.tls_cert", Kind::Path, Standard::Nothing, "Certificate chain of the web page, as a PEM file")
        .at_start(),
    Row::new("app.tls_key", Kind::Path, Standard::Nothing, "Private key of that certificate, as a PEM file")
        .at_start(),
    Row::list("app.hosts", "Names under which other machines reach the web page; requests for any other are refused")
        .at_start(),
    Row::new("app.folders", Kind::Paths, Standard::Nothing, "Folders that the web page may work in, beside the one it is served from and those you have worked in"),
    Row::text("app.password_hash", "Hash of the password for the web page; `aroom password` sets it")
        .secret()
        .literal(),
    Row::whole("app.session_idle", 12, (1, 168), "Hours without use after which a browser is signed out"),
    Row::whole("app.session_days", 7, (1, 90), "Days after which a browser is signed out in any case"),
    // The agent and the terminal.
    Row::whole("cli.max_tool_iterations", 50, (1, NO_CEILING), "Most steps of one turn")
        .project(Project::Lower),
    Row::whole("cli.model_context_window", 128_000, (1000, 2_000_000), "Tokens the model can hold; for the context bar")
        .project(Project::Set),
    Row::whole("cli.context_warn_tokens", 80_000, (1000, NO_CEILING), "Size of the history that shows a warning, in tokens")
        .project(Project::Lower),
    Row::whole("cli.context_auto_compact_tokens", 100_000, (1000, NO_CEILING), "Size of the history that is compacted, in tokens")
        .project(Project::Lower),
    Row::switch("cli.auto_compact", true, "Compact the history by itself when it reaches that size")
        .project(Project::Set),
    Row::whole("cli.tool_output_max_chars", 2000, (100, NO_CEILING), "Characters of a tool's result that the model gets, head and tail")
        .project(Project::Lower),
    Row::whole("cli.file_reference_max_chars", 100_000, (1000, 10_000_000), "Characters that one `@file` reference may bring")
        .project(Project::Lower),
    Row::choice("cli.verbosity", &["compact", "normal", "verbose"], "normal", "How much of the tools' work is shown"),
    Row::choice("cli.theme", &["auto", "dark", "light", "high-contrast", "none"], "auto", "Colors of the terminal; `auto` goes by what it says of its background, `none` has no color"),
    Row::switch("cli.tool_dedup", true, "Show similar tool calls in a row as one line")
        .environment("AI_CHAT_TOOL_DEDUP"),
    Row::seconds("cli.esc_hint_delay", 3.0, (0.0, LONGEST_SHOWN), "Wait before `esc to cancel` is shown, in seconds"),
    Row::seconds("cli.stall_display_threshold", 5.0, (1.0, LONGEST_SHOWN), "Silence after which the answer is shown as stalled, in seconds"),
    Row::seconds("cli.stall_warning_threshold", 15.0, (1.0, LONGEST_SHOWN), "Silence after which a warning is shown, in seconds"),
    // The safety gate.
    Row::new("safety.approval_mode", APPROVAL_MODE, Standard::Word("ask_for_writes"), "Which tool calls wait for your approval")
        .environment("AI_CHAT_SAFETY_APPROVAL_MODE")
        .project(Project::Tighten),
    Row::seconds("safety.approval_timeout", 120.0, (10.0, 600.0), "How long an approval waits before it counts as not answered, in seconds")
        .project(Project::Lower),
    Row::seconds("safety.approval_unseen", 30.0, (1.0, 600.0), "How long an approval waits while nobody can see it, in seconds")
        .project(Project::Lower),
    Row::list("safety.allowed_tools", "Rules for what runs without asking, such as `read_file` or `bash:cargo test *`")
        .literal(),
    Row::whole("safety.grant_days", 0, (0, 3650), "Days after which what you allow for always ends; 0 is never"),
    Row::list("safety.denied_tools", "Rules for what never runs")
        .literal()
        .project(Project::Add),
    Row::new("safety.tool_tiers", Kind::Tiers, Standard::Nothing, "Tier of a tool: `read`, `write`, `execute` or `destructive`")
        .project(Project::Raise),
    Row::list("safety.custom_patterns", "Regular expressions; a command that matches counts as destructive")
        .literal()
        .project(Project::Add),
    Row::list("safety.sensitive_paths", "Paths that always ask, beside the built-in ones")
        .project(Project::Add),
    Row::list("safety.tool_secrets", "Secrets that tools send without reading them: `NAME@HOST=VARIABLE`, the variable of the environment that holds it")
        .literal(),
    Row::new("safety.trusted_folders", Kind::Paths, Standard::Nothing, "Folders whose own `.anteroom` config and tools count whatever they hold; `aroom trust` remembers one as it is instead"),
    Row::choice("safety.sandbox", &["off", "auto", "require"], "auto", "The system's sandbox around processes: what there is, or refuse to run without")
        .project(Project::Tighten),
    Row::choice("safety.network", &["on", "local", "off"], "off", "How far commands in the sandbox reach: the machine's network, one of their own, or none")
        .project(Project::Tighten),
    Row::new("safety.sandbox_writable", Kind::Paths, Standard::Nothing, "Files and folders that commands in the sandbox may write besides the workspace and their temp folder"),
    Row::whole("safety.limits.memory_mb", 8192, (64, 1_048_576), "Memory of one process of a command, in MB")
        .project(Project::Lower),
    Row::whole("safety.limits.processes", 2048, (16, 65_536), "Processes and threads of one command at a time")
        .project(Project::Lower),
    Row::whole("safety.limits.file_mb", 8192, (1, 16_777_216), "Largest file a command may write, in MB")
        .project(Project::Lower),
    Row::whole("safety.limits.open_files", 8192, (64, 1_048_576), "Files one process of a command may have open")
        .project(Project::Lower),
    // Sub-agents.
    Row::whole("safety.subagent.max_concurrent", 5, (1, NO_CEILING), "Most sub-agents at the same time")
        .project(Project::Lower),
    Row::whole("safety.subagent.max_total", 10, (0, NO_CEILING), "Most sub-agents of one turn")
        .project(Project::Lower),
    Row::whole("safety.subagent.max_depth", 3, (0, NO_CEILING), "How deep sub-agents may start sub-agents")
        .project(Project::Lower),
    Row::whole("safety.subagent.max_iterations", 15, (1, NO_CEILING), "Most steps of one sub-agent")
        .project(Project::Lower),
    Row::seconds("safety.subagent.timeout", 120.0, (10.0, 600.0), "Longest run of one sub-agent, in seconds")
        .project(Project::Lower),
    Row::whole("safety.subagent.max_output_chars", 4000, (100, NO_CEILING), "Characters of a sub-agent's answer that its parent gets")
        .project(Project::Lower),
    Row::whole("safety.subagent.max_prompt_chars", 32_000, (100, NO_CEILING), "Characters of the prompt a sub-agent may be given")
        .project(Project::Lower),
    // Budgets.
    Row::cap("budget.turn.tokens", TOKENS, "Most tokens of one turn, its sub-agents included"),
    Row::cap("budget.turn.cost", PRICE, "Most that one turn may cost, by `ai.prices`"),
    Row::cap("budget.turn.calls", TOKENS, "Most tool calls of one turn, its sub-agents included"),
    Row::cap("budget.conversation.tokens", TOKENS, "Most tokens of one conversation, its sub-agents included"),
    Row::cap("budget.conversation.cost", PRICE, "Most that one conversation may cost, by `ai.prices`"),
    Row::cap("budget.conversation.calls", TOKENS, "Most tool calls of one conversation, its sub-agents included"),
    Row::cap("budget.day.tokens", TOKENS, "Most tokens of one day (UTC), all conversations together"),
    Row::cap("budget.day.cost", PRICE, "Most that one day (UTC) may cost, by `ai.prices`"),
    Row::cap("budget.day.calls", TOKENS, "Most tool calls of one day (UTC), all conversations together"),
    Row::whole("budget.answer_tokens", 4096, (1, 1_000_000), "Tokens set aside for an answer before it is asked for, where there is a budget"),
    // Tools.
    Row::seconds("tools.call_timeout", 120.0, (1.0, 600.0), "Time a tool call gets unless the tool asks for another (600 at most), in seconds")
        .project(Project::Lower),
    Row::whole("tools.memory_mb", 64, (8, 256), "Memory of one tool call, in MB")
        .project(Project::Lower),
    Row::new("tools.limits", Kind::Limits, Standard::Nothing, "Other limits for single tools: `seconds`, whatever the tool asks for, and `memory_mb`"),
    // What is recorded.
    Row::switch("audit.full_arguments", false, "Keep the arguments of tool calls in the audit log as they are, not only their hash"),
    // What files were.
    Row::switch("checkpoints.enabled", true, "Keep what a file was before a call changes it, for `aroom undo`"),
    Row::whole("checkpoints.max_file_mb", 16, (1, 1024), "Largest file of which that is kept, in MB"),
    Row::whole("checkpoints.max_total_mb", 512, (1, 1_048_576), "All that is kept together, in MB; the oldest goes first"),
    Row::whole("checkpoints.max_days", 30, (1, 3650), "How long it is kept, in days"),
    // What is kept, and for how long.
    Row::switch("data.backup_daily", true, "Copy the personal database once a day, while the program runs"),
    Row::whole("data.backup_keep", 7, (1, 365), "How many daily copies are kept; the oldest goes first"),
    Row::whole("data.host_facts_days", 90, (1, 3650), "How long facts about the host itself are kept, in days; a conversation's stay as long as it does"),
    Row::whole("data.temp_days", 7, (1, 3650), "Days without use after which the temporary files of a conversation's tools go"),
    Row::whole("data.cache_max_mb", 512, (16, 1_048_576), "Compiled tools kept for the next start, in MB; the longest unused goes first"),
    // Who you are.
    Row::text("identity.user_id", "Id of this installation's user; made at first start")
        .environment("AI_CHAT_USER_ID")
        .at_start(),
    Row::text("identity.display_name", "Your name, as it stands beside what you write")
        .environment("AI_CHAT_DISPLAY_NAME")
        .at_start(),
    Row::text("identity.public_key", "Public key, as the original wrote it here; it follows from the private one")
        .literal(),
    Row::text("identity.private_key", "Ed25519 private key in PEM, as the original kept it here; otherwise `identity.pem` holds it")
        .secret()
        .literal()
        .at_start(),
    // Beside the sections.
    Row::new("shared_databases", Kind::Databases, Standard::Nothing, "Further databases, shown beside the personal one; `aroom db shared` changes them"),
    Row::new("mcp_servers", Kind::Servers, Standard::Nothing, "MCP servers, each with `name` and `command` or `url`; see `docs/mcp.md`")
        .literal()
        .project(Project::IfTrusted),
    Row::new("hooks", Kind::Hooks, Standard::Nothing, "Commands and components that are told of what happens and may say no, each with `on` and `command` or `component`; see `docs/hooks.md`")
        .literal()
        .project(Project::IfTrusted),
];

/// A price of a million tokens, or an amount of money.
const PRICE: Kind = Kind::Number {
    least: 0.0,
    most: 1_000_000.0,
};

/// An amount of tokens or calls.
const TOKENS: Kind = Kind::Whole {
    least: 0,
    most: 1_000_000_000_000,
};

const APPROVAL_MODE: Kind = Kind::Choice {
    words: &["auto", "ask_for_dangerous", "ask_for_writes", "ask"],
    aliases: &[
        ("dangerous", "ask_for_dangerous"),
        ("writes", "ask_for_writes"),
    ],
};

const LATER: &str = "this version leaves it alone; you can keep it for a later one";

impl Reserved {
    const fn later(key: &'static str) -> Self {
        Self { key, hint: LATER }
    }

    const fn instead(key: &'static str, hint: &'static str) -> Self {
        Self { key, hint }
    }

    /// Whether a later version will use it.
    pub(crate) fn is_later(&self) -> bool {
        self.hint == LATER
    }
}

/// Names that are known and not used.
pub(crate) static RESERVED: &[Reserved] = &[
    Reserved::later("embeddings"),
    Reserved::later("databases"),
    Reserved::later("cli.retry_delay"),
    Reserved::later("cli.max_retries"),
    Reserved::instead(
        "safety.enabled",
        "the gate cannot be turned off; for fewer questions use `safety.approval_mode: auto`",
    ),
    Reserved::instead(
        "safety.bash",
        "use `safety.denied_tools: [bash]` to forbid the tool, `safety.custom_patterns` for patterns",
    ),
    Reserved::instead(
        "safety.write_file",
        "use `safety.denied_tools: [write_file]` to forbid the tool, `safety.sensitive_paths` for paths",
    ),
];
