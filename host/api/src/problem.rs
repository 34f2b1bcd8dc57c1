//! What went wrong, in words a person can act on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A failure as shown: `error`, `cause` lines, `hint`. Never carries a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Stable machine name of the kind of failure.
    pub code: ProblemCode,
    /// What failed: one line, literals in backticks, no final period.
    pub error: String,
    /// Why, outermost first; may be empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// The next thing to try, a runnable command where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Whether the same wish may succeed if simply repeated.
    #[serde(default)]
    pub retryable: bool,
}

impl Problem {
    /// A problem without causes or hint.
    pub fn new(code: ProblemCode, error: impl Into<String>) -> Self {
        Self {
            code,
            error: error.into(),
            causes: Vec::new(),
            hint: None,
            retryable: false,
        }
    }

    /// Adds a cause below the ones already there.
    #[must_use]
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Sets what to try next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Marks the problem as worth a second try.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        for cause in &self.causes {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// The kinds of failure. Frontends map them to exit codes and HTTP status codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The wish itself is malformed or contradicts itself.
    InvalidInput,
    /// No such conversation, turn, file, tool…
    NotFound,
    /// No endpoint or model is configured.
    NotConfigured,
    /// The configuration file cannot be understood.
    InvalidConfig,
    /// The model endpoint cannot be reached (connection, DNS, TLS).
    EndpointUnreachable,
    /// The model endpoint did not answer in time.
    EndpointTimeout,
    /// The model endpoint refused the credentials (401, 403).
    EndpointAuth,
    /// The model endpoint answered with an error or with nonsense.
    EndpointFailed,
    /// The model endpoint asks us to slow down (429).
    RateLimited,
    /// The database cannot be opened, read or written.
    Storage,
    /// A toolset cannot be loaded or run.
    Tool,
    /// The gate or a person said no.
    Denied,
    /// A limit (turns, tokens, time, queue length) was reached.
    LimitReached,
    /// The state does not allow the wish right now (a turn runs, an approval is answered already).
    Conflict,
    /// A fault of the host itself.
    Internal,
}

/// An op the host would not take. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Rejection(pub Problem);

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Rejection {}

impl From<Problem> for Rejection {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}
