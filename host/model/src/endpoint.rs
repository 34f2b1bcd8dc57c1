//! How an endpoint is reached: address, credentials, patience. Plain data; defaults are the documented ones.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// An endpoint as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// For example `http://127.0.0.1:11434/v1`; paths are added to it.
    pub base_url: String,
    /// The key, if the endpoint wants one.
    pub api_key: Option<Secret>,
    /// A command whose output is the key. It wins over `api_key`.
    pub api_key_command: Option<String>,
    /// Files that the command may have open until it raises that itself; as many as this process if nobody says.
    pub open_files: Option<u64>,
    /// Certificates (PEM) trusted in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// How often to try again.
    pub retry: Retry,
    /// Whether certificates are checked.
    pub verify_tls: bool,
    /// Requests under way at once; more wait for [`Timeouts::pool`].
    pub max_concurrent: usize,
}

impl Endpoint {
    /// An endpoint without credentials and with the documented defaults.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            api_key: None,
            api_key_command: None,
            open_files: None,
            ca_file: None,
            timeouts: Timeouts::default(),
            retry: Retry::default(),
            verify_tls: true,
            max_concurrent: 1024,
        }
    }
}

/// A key. It can be sent; it cannot be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a key.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// How long to wait for what, per attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Name, connection and TLS.
    pub connect: Duration,
    /// Sending the request.
    pub write: Duration,
    /// A free place among the concurrent requests.
    pub pool: Duration,
    /// From the sent request to the first token.
    pub first_token: Duration,
    /// The whole request, from connecting to the last token.
    pub request: Duration,
    /// Silence between two chunks.
    pub chunk_stall: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            write: Duration::from_secs(30),
            pool: Duration::from_secs(10),
            first_token: Duration::from_secs(30),
            request: Duration::from_secs(120),
            chunk_stall: Duration::from_secs(30),
        }
    }
}

/// How often to try again, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Attempts after the first; 0 means none.
    pub max_attempts: u32,
    /// The first wait; it doubles with each attempt.
    pub backoff_base: Duration,
    /// The longest wait. An endpoint that asks for more is not tried again.
    pub max_delay: Duration,
    /// Whether an answer that broke off after tokens reached the caller is voided and begun anew.
    pub discards_partial: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            backoff_base: Duration::from_secs(1),
            max_delay: Duration::from_secs(60),
            discards_partial: true,
        }
    }
}
