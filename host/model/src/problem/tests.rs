//! Every error in the words a person sees.

use crate::{ModelError, Unreachable, Wait};
use anteroom_api::{Problem, ProblemCode as Code};
use std::path::PathBuf;
use std::time::Duration;

const URL: &str = "https://llm.corp/v1";

fn status(status: u16, message: &str) -> ModelError {
    ModelError::Status {
        url: URL.into(),
        status,
        message: message.into(),
        model: Some("qwen3".into()),
        retry_after: (status == 429).then_some(Duration::from_millis(6500)),
    }
}

fn timeout(wait: Wait) -> ModelError {
    ModelError::Timeout {
        url: URL.into(),
        wait,
        limit: Duration::from_secs(5),
    }
}

fn unreachable(url: &str, why: Unreachable) -> ModelError {
    ModelError::Unreachable {
        url: url.into(),
        why,
        detail: "detail".into(),
    }
}

/// Code, error, hint, whether it may pass.
type Row = (ModelError, Code, &'static str, &'static str, bool);

fn check(rows: Vec<Row>) {
    for (error, code, words, hint, retryable) in rows {
        let shown = format!("{error:?}");
        let problem = Problem::from(error);
        assert_eq!(
            (
                problem.code,
                problem.error.as_str(),
                problem.hint.as_deref(),
                problem.retryable
            ),
            (code, words, Some(hint), retryable),
            "{shown}"
        );
    }
}

#[test]
fn answers_with_a_status() {
    let tools = "this model cannot call tools: choose another, or chat with `--no-tools`";
    let images =
        "this model takes no images: send the message without them, or choose a model that sees";
    let long =
        "the conversation is too long for this model: `/compact`, or a model with a larger context";
    check(vec![
        (
            status(400, "bad"),
            Code::EndpointFailed,
            "the model endpoint refused the request (400)",
            "check the address and the model: `aroom doctor`",
            false,
        ),
        (
            status(400, "gemma does not support tools"),
            Code::EndpointFailed,
            "the model endpoint refused the request (400)",
            tools,
            false,
        ),
        (
            status(400, "image input is not supported"),
            Code::EndpointFailed,
            "the model endpoint refused the request (400)",
            images,
            false,
        ),
        (
            status(400, "This model's maximum context length is 8192 tokens"),
            Code::EndpointFailed,
            "the model endpoint refused the request (400)",
            long,
            false,
        ),
        (
            status(401, "no"),
            Code::EndpointAuth,
            "the model endpoint refused the key (401)",
            "`aroom config set ai.api_key_command '…'` · `aroom doctor`",
            false,
        ),
        (
            status(402, "pay"),
            Code::EndpointFailed,
            "the model endpoint wants to be paid (402)",
            "check the account's balance with the provider",
            false,
        ),
        (
            status(403, "no"),
            Code::EndpointAuth,
            "the model endpoint forbids this (403)",
            "does the key allow this model? `aroom config set ai.api_key_command '…'` · `aroom doctor`",
            false,
        ),
        (
            status(404, "model 'qwen3' not found"),
            Code::EndpointFailed,
            "the model endpoint has no model `qwen3`",
            "list the models with `aroom doctor`, then `aroom config set ai.model NAME`",
            false,
        ),
        (
            status(404, "not found"),
            Code::EndpointFailed,
            "the model endpoint does not know the address (404)",
            "is this the address of an OpenAI-compatible endpoint? `aroom config set ai.base_url '…'`",
            false,
        ),
        (
            status(413, ""),
            Code::EndpointFailed,
            "the request is too large for the model endpoint (413)",
            "shorten the conversation with `/compact`, or send smaller images",
            false,
        ),
        (
            status(429, "slow"),
            Code::RateLimited,
            "the model endpoint asks us to slow down (429)",
            "try again in 7 s",
            true,
        ),
        (
            status(503, "busy"),
            Code::EndpointFailed,
            "the model endpoint failed (503)",
            "try again, or look at the server's log",
            true,
        ),
        (
            status(504, ""),
            Code::EndpointTimeout,
            "the model endpoint gave up waiting (504)",
            "try again; is it loading a model?",
            true,
        ),
    ]);
}

#[test]
fn endpoints_that_are_not_reached() {
    let code = Code::EndpointUnreachable;
    let refused = "nothing answers at the model endpoint's address";
    check(vec![
        (
            unreachable(URL, Unreachable::Refused),
            code,
            refused,
            "is the server running? Start it, or `aroom config set ai.base_url '…'`",
            true,
        ),
        (
            unreachable("http://127.0.0.0:1/v1", Unreachable::Refused),
            code,
            refused,
            "the host is not an address one can connect to: `aroom config set ai.base_url 'http://127.0.0.1:1/v1'`",
            true,
        ),
        (
            unreachable(URL, Unreachable::Name),
            code,
            "the model endpoint's host name is unknown",
            "check the name and the network, or `aroom config set ai.base_url '…'`",
            true,
        ),
        (
            unreachable(URL, Unreachable::Certificate),
            code,
            "the model endpoint's certificate is not trusted",
            "if your organization signs its own: `aroom config set ai.ca_file /path/to/ca.pem`",
            false,
        ),
        (
            unreachable(URL, Unreachable::Tls),
            code,
            "the model endpoint does not speak TLS as we do",
            "perhaps it wants plain HTTP: `aroom config set ai.base_url 'http://llm.corp/v1'`",
            false,
        ),
        (
            unreachable(URL, Unreachable::Network),
            code,
            "could not reach the model endpoint",
            "check the network and the proxy variables: `aroom doctor`",
            true,
        ),
        (
            ModelError::Lost {
                url: URL.into(),
                detail: "x".into(),
            },
            code,
            "the connection to the model endpoint broke off",
            "try again; if it keeps happening, look at the server's log",
            true,
        ),
    ]);
}

#[test]
fn waits_that_were_too_long() {
    let longer = |setting: &str| -> &'static str {
        match setting {
            "connect" => {
                "is it loading a model or busy? To wait longer: `aroom config set ai.connect_timeout SECONDS`"
            }
            "write" => {
                "is it loading a model or busy? To wait longer: `aroom config set ai.write_timeout SECONDS`"
            }
            "first" => {
                "is it loading a model or busy? To wait longer: `aroom config set ai.first_token_timeout SECONDS`"
            }
            "chunk" => {
                "is it loading a model or busy? To wait longer: `aroom config set ai.chunk_stall_timeout SECONDS`"
            }
            _ => {
                "is it loading a model or busy? To wait longer: `aroom config set ai.request_timeout SECONDS`"
            }
        }
    };
    check(vec![
        (
            timeout(Wait::Pool),
            Code::LimitReached,
            "too many requests to the model endpoint are under way",
            "wait for a running turn, or `aroom config set ai.pool_timeout SECONDS`",
            true,
        ),
        (
            timeout(Wait::Connect),
            Code::EndpointTimeout,
            "could not connect to the model endpoint in time",
            longer("connect"),
            true,
        ),
        (
            timeout(Wait::Write),
            Code::EndpointTimeout,
            "the model endpoint did not take the request in time",
            longer("write"),
            true,
        ),
        (
            timeout(Wait::FirstToken),
            Code::EndpointTimeout,
            "the model endpoint did not begin to answer in time",
            longer("first"),
            true,
        ),
        (
            timeout(Wait::Chunk),
            Code::EndpointTimeout,
            "the model endpoint stopped in the middle of its answer",
            longer("chunk"),
            true,
        ),
        (
            timeout(Wait::Request),
            Code::EndpointTimeout,
            "the model endpoint did not finish its answer in time",
            longer("request"),
            true,
        ),
    ]);
}

#[test]
fn settings_and_nonsense() {
    let url = || URL.to_owned();
    let failed = Code::EndpointFailed;
    let whose =
        "is this the address of an OpenAI-compatible endpoint? `aroom config set ai.base_url '…'`";
    check(vec![
        (
            ModelError::BaseUrl {
                url: String::new(),
                reason: "empty".into(),
            },
            Code::NotConfigured,
            "no model endpoint is configured",
            "`aroom config set ai.base_url 'http://127.0.0.1:11434/v1'`, or let `aroom init` find one",
            false,
        ),
        (
            ModelError::BaseUrl {
                url: "llm.corp".into(),
                reason: "x".into(),
            },
            Code::InvalidConfig,
            "`llm.corp` cannot be used as the address of a model endpoint",
            "`aroom config set ai.base_url 'https://llm.corp/v1'`, or let `aroom init` find one",
            false,
        ),
        (
            ModelError::CaFile {
                path: PathBuf::from("ca.pem"),
                reason: "x".into(),
            },
            Code::InvalidConfig,
            "could not read certificates from `ca.pem`",
            "`ai.ca_file` must name a file of PEM certificates: `aroom config set ai.ca_file PATH`",
            false,
        ),
        (
            ModelError::Setup { reason: "x".into() },
            Code::Internal,
            "could not set up the HTTP client",
            "check the system's certificates and the proxy variables: `aroom doctor`",
            false,
        ),
        (
            ModelError::Key { reason: "x".into() },
            Code::EndpointAuth,
            "could not get the key for the model endpoint",
            "`aroom config set ai.api_key_command '…'`; the command must print the key and nothing else",
            false,
        ),
        (
            ModelError::Redirected {
                url: url(),
                target: "https://b/v1/chat/completions".into(),
            },
            failed,
            "the model endpoint redirects elsewhere",
            "if you trust that address: `aroom config set ai.base_url 'https://b/v1'`",
            false,
        ),
        (
            ModelError::Redirected {
                url: url(),
                target: "https://b/login".into(),
            },
            failed,
            "the model endpoint redirects elsewhere",
            "`ai.base_url` must be the address that answers itself: `aroom doctor`",
            false,
        ),
        (
            ModelError::Told {
                url: url(),
                message: "x".into(),
                kind: String::new(),
                is_transient: true,
            },
            failed,
            "the model endpoint failed while answering",
            "try again, or look at the server's log",
            true,
        ),
        (
            ModelError::Page {
                url: "http://h:1".into(),
                title: "Hi".into(),
            },
            failed,
            "a web page came where a model's answer was expected",
            "the path `/v1` is missing? `aroom config set ai.base_url 'http://h:1/v1'`",
            false,
        ),
        (
            ModelError::Unreadable {
                url: url(),
                detail: "x".into(),
            },
            failed,
            "the model endpoint sent something that is no answer",
            whose,
            false,
        ),
        (
            ModelError::TooLarge {
                url: url(),
                what: "one line".into(),
                limit: "8 MiB".into(),
            },
            failed,
            "the model endpoint sent more than can be an answer",
            "try again, or another model; a model that repeats itself does this",
            false,
        ),
        (
            ModelError::Empty { url: url() },
            failed,
            "the model endpoint gave an empty answer",
            "try again, or look at the server's log",
            true,
        ),
    ]);
    assert_eq!(
        Problem::from(ModelError::Cancelled),
        Problem::new(Code::Conflict, "the request was cancelled")
    );
}
