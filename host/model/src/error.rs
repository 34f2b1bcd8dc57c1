//! What can go wrong with a request, by what was attempted. Words for people are in [`crate::problem`].

use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// Why a request brought no answer. Carries no secret: keys are cut out of what servers say.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ModelError {
    /// The caller stopped it.
    #[error("the request was cancelled")]
    Cancelled,
    /// The base URL cannot be used.
    #[error("`{url}` is not a usable base URL: {reason}")]
    BaseUrl {
        /// As configured.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The additional certificates cannot be used.
    #[error("could not read certificates from `{}`: {reason}", path.display())]
    CaFile {
        /// As configured.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The HTTP client cannot be set up.
    #[error("could not set up the HTTP client: {reason}")]
    Setup {
        /// Why.
        reason: String,
    },
    /// The key is missing or cannot be sent.
    #[error("could not get the key: {reason}")]
    Key {
        /// Why.
        reason: String,
    },
    /// The request cannot be written as JSON.
    #[error("could not write the request: {reason}")]
    Request {
        /// Why.
        reason: String,
    },
    /// The endpoint cannot be reached.
    #[error("could not reach `{url}`: {detail}")]
    Unreachable {
        /// Where.
        url: String,
        /// In which way.
        why: Unreachable,
        /// In the words of the system.
        detail: String,
    },
    /// A wait was too long.
    #[error("`{url}`: {wait} took longer than {} ms", limit.as_millis())]
    Timeout {
        /// Where.
        url: String,
        /// For what.
        wait: Wait,
        /// The limit that was reached.
        limit: Duration,
    },
    /// The connection ended before the answer did.
    #[error("`{url}` broke off: {detail}")]
    Lost {
        /// Where.
        url: String,
        /// In the words of the system.
        detail: String,
    },
    /// The endpoint answered with an error status.
    #[error("`{url}` answered {status}: {message}")]
    Status {
        /// Where.
        url: String,
        /// The status.
        status: u16,
        /// What the endpoint says about it.
        message: String,
        /// The model that was asked for, if one was.
        model: Option<String>,
        /// How long the endpoint asks us to wait.
        retry_after: Option<Duration>,
    },
    /// The endpoint sends us elsewhere; we do not go.
    #[error("`{url}` redirects to `{target}`")]
    Redirected {
        /// Where.
        url: String,
        /// Whereto.
        target: String,
    },
    /// An error told inside an answer that began well.
    #[error("`{url}` failed while answering: {message}")]
    Told {
        /// Where.
        url: String,
        /// What the endpoint says.
        message: String,
        /// Its kind or code, as sent.
        kind: String,
        /// Whether it may pass.
        is_transient: bool,
    },
    /// A web page came where an answer was expected.
    #[error("`{url}` answered with a web page: {title}")]
    Page {
        /// Where.
        url: String,
        /// The page's title.
        title: String,
    },
    /// The answer is not what the protocol says.
    #[error("`{url}` sent something unreadable: {detail}")]
    Unreadable {
        /// Where.
        url: String,
        /// What was wrong with it.
        detail: String,
    },
    /// The answer is larger than anything sensible.
    #[error("`{url}` sent {what}, more than {limit}")]
    TooLarge {
        /// Where.
        url: String,
        /// What was too large.
        what: String,
        /// The limit, with its unit.
        limit: String,
    },
    /// The answer ended without saying anything.
    #[error("`{url}` ended the answer without saying anything")]
    Empty {
        /// Where.
        url: String,
    },
}

/// In which way an endpoint cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// Nobody listens there.
    Refused,
    /// The name is unknown.
    Name,
    /// The certificate is not trusted.
    Certificate,
    /// The other side does not speak TLS as we do, or not at all.
    Tls,
    /// Anything else.
    Network,
}

/// What was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A free place among the concurrent requests.
    Pool,
    /// The connection.
    Connect,
    /// Sending the request.
    Write,
    /// The first token.
    FirstToken,
    /// The next chunk.
    Chunk,
    /// The whole request.
    Request,
}

impl std::fmt::Display for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pool => "waiting for a free connection",
            Self::Connect => "connecting",
            Self::Write => "sending the request",
            Self::FirstToken => "waiting for the first token",
            Self::Chunk => "waiting for the next token",
            Self::Request => "the whole answer",
        })
    }
}

impl ModelError {
    /// Whether the same request may succeed if simply repeated.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Lost { .. } | Self::Empty { .. } => true,
            Self::Unreachable { why, .. } => {
                !matches!(why, Unreachable::Certificate | Unreachable::Tls)
            }
            Self::Status { status, .. } => matches!(status, 408 | 409 | 429 | 500..=599),
            Self::Told { is_transient, .. } => *is_transient,
            Self::Cancelled
            | Self::BaseUrl { .. }
            | Self::CaFile { .. }
            | Self::Setup { .. }
            | Self::Key { .. }
            | Self::Request { .. }
            | Self::Redirected { .. }
            | Self::Page { .. }
            | Self::Unreadable { .. }
            | Self::TooLarge { .. } => false,
        }
    }

    /// A few words for the line that announces a retry.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Timeout { wait, .. } => match wait {
                Wait::Pool => "no free connection".into(),
                Wait::Connect => "connect timeout".into(),
                Wait::Write => "write timeout".into(),
                Wait::FirstToken => "no first token".into(),
                Wait::Chunk => "stalled".into(),
                Wait::Request => "request timeout".into(),
            },
            Self::Unreachable { why, .. } => match why {
                Unreachable::Refused => "connection refused".into(),
                Unreachable::Name => "unknown host name".into(),
                Unreachable::Certificate => "certificate not trusted".into(),
                Unreachable::Tls => "TLS failed".into(),
                Unreachable::Network => "connection failed".into(),
            },
            Self::Lost { .. } => "connection lost".into(),
            Self::Status { status: 429, .. } => "rate limited (429)".into(),
            Self::Status { status, .. } => format!("server error ({status})"),
            Self::Told { .. } => "the server reported an error".into(),
            Self::Empty { .. } => "empty answer".into(),
            other => other.to_string(),
        }
    }
}
