//! The one shape of every failure: a status, and a body that says what, why and what to do.

use anteroom_api::{Problem, ProblemCode, Rejection};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;

/// A request that was not carried out.
#[derive(Clone, Debug)]
pub struct Failure(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    status: StatusCode,
    code: Cow<'static, str>,
    field: Option<String>,
    problem: Problem,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What stands in the body of every failure.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Failure")]
pub(crate) struct FailureBody {
    /// Stable name of the kind of failure.
    code: String,
    /// What failed, in one line.
    message: String,
    /// What to try next.
    hint: Option<String>,
    /// Which part of the request is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// Why, outermost first.
    causes: Vec<String>,
    /// Whether the same request may succeed if simply repeated.
    retryable: bool,
}

impl Failure {
    /// A failure of the request itself, with a name of its own.
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self(Box::new(Parts {
            status,
            code: code.into(),
            field: None,
            problem: Problem::new(ProblemCode::InvalidInput, message).hint(hint),
            headers: Vec::new(),
        }))
    }

    /// Says which part of the request is meant.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Says why.
    #[must_use]
    pub fn cause(mut self, cause: impl std::fmt::Display) -> Self {
        self.0.problem.causes.push(cause.to_string());
        self
    }

    /// Answers with another status.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
        self.0.problem.retryable = true;
        self.0.headers.push((header::RETRY_AFTER, seconds.into()));
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Stable name of the kind of failure.
    pub(crate) fn code(&self) -> &str {
        &self.0.code
    }

    /// Which status it is answered with.
    #[must_use]
    pub fn http_status(&self) -> StatusCode {
        self.0.status
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let code = serde_json::to_value(problem.code).unwrap_or_default();
        Self(Box::new(Parts {
            status: status_of(problem.code),
            code: code.as_str().unwrap_or("internal").to_owned().into(),
            field: None,
            problem,
            headers: Vec::new(),
        }))
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        rejection.0.into()
    }
}

/// Which status a kind of problem is answered with. What lies between us and the model endpoint is a 502 or 504:
/// 401 and 429 speak of our own doors only.
fn status_of(code: ProblemCode) -> StatusCode {
    match code {
        ProblemCode::InvalidInput => StatusCode::BAD_REQUEST,
        ProblemCode::NotFound => StatusCode::NOT_FOUND,
        ProblemCode::NotConfigured
        | ProblemCode::InvalidConfig
        | ProblemCode::LimitReached
        | ProblemCode::Conflict => StatusCode::CONFLICT,
        ProblemCode::EndpointUnreachable
        | ProblemCode::EndpointAuth
        | ProblemCode::EndpointFailed => StatusCode::BAD_GATEWAY,
        ProblemCode::EndpointTimeout => StatusCode::GATEWAY_TIMEOUT,
        ProblemCode::RateLimited | ProblemCode::Storage => StatusCode::SERVICE_UNAVAILABLE,
        ProblemCode::Tool => StatusCode::UNPROCESSABLE_ENTITY,
        ProblemCode::Denied => StatusCode::FORBIDDEN,
        ProblemCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Parts {
            status,
            code,
            field,
            problem,
            headers: more,
        } = *self.0;
        let body = FailureBody {
            code: code.into_owned(),
            message: problem.error,
            hint: problem.hint,
            field,
            causes: problem.causes,
            retryable: problem.retryable,
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.extend(more);
        response
    }
}
