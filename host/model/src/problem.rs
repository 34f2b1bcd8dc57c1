//! Errors in words: what failed, why, and what to do next.

use crate::address::{path_fix, scheme_fix};
use crate::{ModelError, Unreachable, Wait};
use anteroom_api::{Problem, ProblemCode};

impl From<ModelError> for Problem {
    fn from(error: ModelError) -> Self {
        let problem = words(&error);
        if error.is_retryable() {
            problem.retryable()
        } else {
            problem
        }
    }
}

const SET_URL: &str = "aroom config set ai.base_url";
const SET_KEY: &str = "aroom config set ai.api_key_command '…'";

fn words(error: &ModelError) -> Problem {
    use ProblemCode as Code;
    match error {
        ModelError::Cancelled => Problem::new(Code::Conflict, "the request was cancelled"),
        ModelError::BaseUrl { url, reason } => base_url(url, reason),
        ModelError::CaFile { path, reason } => Problem::new(
            Code::InvalidConfig,
            format!("could not read certificates from `{}`", path.display()),
        )
        .cause(reason)
        .hint(
            "`ai.ca_file` must name a file of PEM certificates: `aroom config set ai.ca_file PATH`",
        ),
        ModelError::Setup { reason } => {
            Problem::new(Code::Internal, "could not set up the HTTP client")
                .cause(reason)
                .hint("check the system's certificates and the proxy variables: `aroom doctor`")
        }
        ModelError::Key { reason } => Problem::new(
            Code::EndpointAuth,
            "could not get the key for the model endpoint",
        )
        .cause(reason)
        .hint(format!(
            "`{SET_KEY}`; the command must print the key and nothing else"
        )),
        ModelError::Request { reason } => {
            Problem::new(Code::Internal, "could not write the request").cause(reason)
        }
        ModelError::Unreachable { url, why, detail } => unreachable(url, *why, detail),
        ModelError::Timeout { url, wait, limit } => timeout(url, *wait, limit.as_secs_f64()),
        ModelError::Lost { url, detail } => Problem::new(
            Code::EndpointUnreachable,
            "the connection to the model endpoint broke off",
        )
        .cause(format!("`{url}`: {detail}"))
        .hint("try again; if it keeps happening, look at the server's log"),
        ModelError::Status { .. } => status(error),
        ModelError::Redirected { url, target } => Problem::new(
            Code::EndpointFailed,
            "the model endpoint redirects elsewhere",
        )
        .cause(format!(
            "`{url}` sends us to `{target}`; redirects are not followed"
        ))
        .hint(match base_of(target) {
            Some(base) => format!("if you trust that address: `{SET_URL} '{base}'`"),
            None => "`ai.base_url` must be the address that answers itself: `aroom doctor`".into(),
        }),
        ModelError::Told { url, message, .. } => {
            let problem = Problem::new(
                Code::EndpointFailed,
                "the model endpoint failed while answering",
            )
            .cause(format!("`{url}`: {message}"));
            advised(problem, message, "try again, or look at the server's log")
        }
        ModelError::Page { url, title } => Problem::new(
            Code::EndpointFailed,
            "a web page came where a model's answer was expected",
        )
        .cause(format!("`{url}` answered with the page \"{title}\""))
        .hint(path_hint(url)),
        ModelError::Unreadable { url, detail } => Problem::new(
            Code::EndpointFailed,
            "the model endpoint sent something that is no answer",
        )
        .cause(format!("`{url}`: {detail}"))
        .hint(path_hint(url)),
        ModelError::TooLarge { url, what, limit } => Problem::new(
            Code::EndpointFailed,
            "the model endpoint sent more than can be an answer",
        )
        .cause(format!("`{url}` sent {what} beyond {limit}"))
        .hint("try again, or another model; a model that repeats itself does this"),
        ModelError::Empty { url } => Problem::new(
            Code::EndpointFailed,
            "the model endpoint gave an empty answer",
        )
        .cause(format!("`{url}` ended the answer without saying anything"))
        .hint("try again, or look at the server's log"),
    }
}

fn base_url(url: &str, reason: &str) -> Problem {
    let (code, error) = if url.trim().is_empty() {
        (
            ProblemCode::NotConfigured,
            "no model endpoint is configured".to_owned(),
        )
    } else {
        (
            ProblemCode::InvalidConfig,
            format!("`{url}` cannot be used as the address of a model endpoint"),
        )
    };
    let example = path_fix(url).map_or("http://127.0.0.1:11434/v1".into(), |fix| fix.base_url);
    Problem::new(code, error).cause(reason).hint(format!(
        "`{SET_URL} '{example}'`, or let `aroom init` find one"
    ))
}

fn unreachable(url: &str, why: Unreachable, detail: &str) -> Problem {
    let (error, hint) = match why {
        Unreachable::Refused => (
            "nothing answers at the model endpoint's address",
            match path_fix(url).filter(|fix| fix.reason.contains("host")) {
                Some(fix) => format!("{}: `{SET_URL} '{}'`", fix.reason, fix.base_url),
                None => format!("is the server running? Start it, or `{SET_URL} '…'`"),
            },
        ),
        Unreachable::Name => (
            "the model endpoint's host name is unknown",
            format!("check the name and the network, or `{SET_URL} '…'`"),
        ),
        Unreachable::Certificate => (
            "the model endpoint's certificate is not trusted",
            "if your organization signs its own: `aroom config set ai.ca_file /path/to/ca.pem`"
                .into(),
        ),
        Unreachable::Tls => (
            "the model endpoint does not speak TLS as we do",
            match scheme_fix(url) {
                Some(fix) => format!(
                    "perhaps it wants plain HTTP: `{SET_URL} '{}'`",
                    fix.base_url
                ),
                None => "check the address with `aroom doctor`".into(),
            },
        ),
        Unreachable::Network => (
            "could not reach the model endpoint",
            "check the network and the proxy variables: `aroom doctor`".into(),
        ),
    };
    Problem::new(ProblemCode::EndpointUnreachable, error)
        .cause(format!("`{url}`: {detail}"))
        .hint(hint)
}

fn timeout(url: &str, wait: Wait, seconds: f64) -> Problem {
    let (error, setting) = match wait {
        Wait::Pool => {
            return Problem::new(
                ProblemCode::LimitReached,
                "too many requests to the model endpoint are under way",
            )
            .cause(format!("no place became free within {seconds} s"))
            .hint("wait for a running turn, or `aroom config set ai.pool_timeout SECONDS`");
        }
        Wait::Connect => (
            "could not connect to the model endpoint in time",
            "connect_timeout",
        ),
        Wait::Write => (
            "the model endpoint did not take the request in time",
            "write_timeout",
        ),
        Wait::FirstToken => (
            "the model endpoint did not begin to answer in time",
            "first_token_timeout",
        ),
        Wait::Chunk => (
            "the model endpoint stopped in the middle of its answer",
            "chunk_stall_timeout",
        ),
        Wait::Request => (
            "the model endpoint did not finish its answer in time",
            "request_timeout",
        ),
    };
    Problem::new(ProblemCode::EndpointTimeout, error)
        .cause(format!("`{url}`: {wait} took longer than {seconds} s"))
        .hint(format!(
            "is it loading a model or busy? To wait longer: `aroom config set ai.{setting} SECONDS`"
        ))
}

fn status(error: &ModelError) -> Problem {
    use ProblemCode as Code;
    let ModelError::Status {
        url,
        status,
        message,
        model,
        retry_after,
    } = error
    else {
        return Problem::new(Code::Internal, error.to_string());
    };
    let cause = match message.as_str() {
        "" => format!("`{url}` answered {status}"),
        message => format!("`{url}` answered {status}: {message}"),
    };
    let names_model = message.to_ascii_lowercase().contains("model");
    let (code, error, hint) = match status {
        401 => (
            Code::EndpointAuth,
            "the model endpoint refused the key (401)".into(),
            format!("`{SET_KEY}` · `aroom doctor`"),
        ),
        403 => (
            Code::EndpointAuth,
            "the model endpoint forbids this (403)".into(),
            format!("does the key allow this model? `{SET_KEY}` · `aroom doctor`"),
        ),
        404 if names_model => (
            Code::EndpointFailed,
            match model {
                Some(model) => format!("the model endpoint has no model `{model}`"),
                None => "the model endpoint has no such model".into(),
            },
            "list the models with `aroom doctor`, then `aroom config set ai.model NAME`".into(),
        ),
        404 | 405 => (
            Code::EndpointFailed,
            format!("the model endpoint does not know the address ({status})"),
            path_hint(url),
        ),
        408 | 504 => (
            Code::EndpointTimeout,
            format!("the model endpoint gave up waiting ({status})"),
            "try again; is it loading a model?".into(),
        ),
        429 => (
            Code::RateLimited,
            "the model endpoint asks us to slow down (429)".into(),
            match retry_after {
                Some(wait) => format!("try again in {} s", wait.as_secs_f64().ceil()),
                None => "wait a while and try again; check the account's limits".into(),
            },
        ),
        402 => (
            Code::EndpointFailed,
            "the model endpoint wants to be paid (402)".into(),
            "check the account's balance with the provider".into(),
        ),
        413 => (
            Code::EndpointFailed,
            "the request is too large for the model endpoint (413)".into(),
            "shorten the conversation with `/compact`, or send smaller images".into(),
        ),
        500..=599 => (
            Code::EndpointFailed,
            format!("the model endpoint failed ({status})"),
            "try again, or look at the server's log".into(),
        ),
        _ => (
            Code::EndpointFailed,
            format!("the model endpoint refused the request ({status})"),
            "check the address and the model: `aroom doctor`".into(),
        ),
    };
    let problem = Problem::new(code, error).cause(cause);
    match status {
        400 | 413 | 422 | 500..=599 => advised(problem, message, &hint),
        _ => problem.hint(hint),
    }
}

/// A hint by what the server says, where it is one of the usual complaints.
fn advised(problem: Problem, message: &str, otherwise: &str) -> Problem {
    let message = message.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let hint = if has(&[
        "context length",
        "context_length",
        "context window",
        "too many tokens",
        "maximum context",
        "exceeds the available context",
    ]) {
        "the conversation is too long for this model: `/compact`, or a model with a larger context"
    } else if has(&["image", "vision", "multimodal", "mmproj"]) {
        "this model takes no images: send the message without them, or choose a model that sees"
    } else if has(&[
        "does not support tools",
        "tool use",
        "tools are not supported",
        "tool choice",
        "tool_choice",
        "function calling",
    ]) {
        "this model cannot call tools: choose another, or chat with `--no-tools`"
    } else if has(&["plain http request was sent to https"]) {
        "the server wants `https://` in `ai.base_url`"
    } else {
        otherwise
    };
    problem.hint(hint)
}

/// What to try when the address answers, but not as an endpoint.
fn path_hint(url: &str) -> String {
    match path_fix(url) {
        Some(fix) => format!("{}? `{SET_URL} '{}'`", fix.reason, fix.base_url),
        None => format!("is this the address of an OpenAI-compatible endpoint? `{SET_URL} '…'`"),
    }
}

/// The base of an address of one endpoint.
fn base_of(target: &str) -> Option<String> {
    ["/chat/completions", "/models"]
        .iter()
        .find_map(|end| target.trim_end_matches('/').strip_suffix(end))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests;
