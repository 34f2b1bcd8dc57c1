//! What there should be: the servers as the runtime describes them. Plain values; where they come from and who
//! approved them is the runtime's business.

use anteroom_api::McpReach;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How long a server may take until it can be used.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long one call of a server's tool may take, if nobody says otherwise.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(120);

/// Characters of a server's name.
const NAME_MAX: usize = 32;

/// Which server: its name, and the project it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerId {
    /// `[a-z0-9][a-z0-9_-]{0,31}`; also the id of its module.
    pub name: String,
    /// The tools folder of the project it counts in, as in [`crate::Registry::definitions_in`]; none: everywhere.
    pub place: Option<PathBuf>,
}

/// One server that there should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSpec {
    /// Which one.
    pub id: ServerId,
    /// How it is reached.
    pub transport: ServerTransport,
    /// Globs over the server's own names of tools; none means all.
    pub include: Vec<String>,
    /// Globs over the server's own names of tools that are left out, whatever `include` says.
    pub exclude: Vec<String>,
    /// Whether what it says counts as the workspace's, not as from outside.
    pub is_trusted: bool,
    /// Whether it is connected without anybody asking for it.
    pub is_enabled: bool,
    /// Whether it may be started or reached at all; it waits otherwise.
    pub is_allowed_to_start: bool,
    /// What its program was and reached when it was approved: it is started only while that is still so. None for
    /// an address; a program without one waits.
    pub approved: Option<McpReach>,
    /// How long connecting and listing may take, together.
    pub connect_timeout: Duration,
    /// How long one call may take; progress does not prolong it.
    pub call_timeout: Duration,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerTransport {
    /// A program that is started, over its standard input and output.
    Stdio(StdioSpec),
    /// Streamable HTTP.
    Http(HttpSpec),
    /// The transport of 2024, which is no longer carried: such a server fails, with words that say so.
    Sse {
        /// Its address.
        url: String,
    },
}

/// A program that is a server. Its environment may hold secrets and is left out of what is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct StdioSpec {
    /// A name that is looked for in `PATH`, or a path.
    pub command: String,
    /// Its arguments, as they are; no shell reads them.
    pub args: Vec<String>,
    /// All that it sees of an environment, besides `PATH`, `LANG`, `HOME` and `TMPDIR`.
    pub env: BTreeMap<String, String>,
    /// Its own folder, where it starts, and its home; made, for the user alone, if it is not there.
    pub folder: PathBuf,
    /// What it reaches besides.
    pub folders: Vec<ServerFolder>,
    /// Whether it reaches the network.
    pub network: bool,
}

/// A folder, or a file, that a server was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFolder {
    /// Absolute.
    pub path: PathBuf,
    /// Whether it may be written, too.
    pub is_writable: bool,
}

/// A server behind an address. Its headers may hold secrets and are left out of what is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpSpec {
    /// `https://…`, or `http://…` on this machine or where the user says so.
    pub url: String,
    /// Sent with each request, to this origin alone.
    pub headers: BTreeMap<String, String>,
    /// Certificates to trust besides the system's, as a PEM file.
    pub ca_file: Option<PathBuf>,
}

impl ServerId {
    /// Whether the name can be told from the tool's behind the dot, and is no path.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let mut signs = self.name.chars();
        let is_plain = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit();
        signs.next().is_some_and(is_plain)
            && self.name.len() <= NAME_MAX
            && signs.all(|sign| is_plain(sign) || sign == '_' || sign == '-')
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for StdioSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdioSpec")
            .field("command", &self.command)
            .field("args", &self.args)
            .field("env", &self.env.keys().collect::<Vec<_>>())
            .field("folder", &self.folder)
            .field("folders", &self.folders)
            .field("network", &self.network)
            .finish()
    }
}

impl fmt::Debug for HttpSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSpec")
            .field("url", &self.url)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("ca_file", &self.ca_file)
            .finish()
    }
}

impl ServerSpec {
    /// A server with the usual settings: everything included, untrusted, enabled, and not yet allowed to start.
    #[must_use]
    pub fn new(name: impl Into<String>, transport: ServerTransport) -> Self {
        Self {
            id: ServerId {
                name: name.into(),
                place: None,
            },
            transport,
            include: Vec::new(),
            exclude: Vec::new(),
            is_trusted: false,
            is_enabled: true,
            is_allowed_to_start: false,
            approved: None,
            connect_timeout: CONNECT_TIMEOUT,
            call_timeout: CALL_TIMEOUT,
        }
    }
}
