//! `fetch`: requests to other machines. What is sent is shown to the grants and to the permit before a name is looked
//! up; secrets are put in behind them, and taken out of what comes back.

mod download;
mod exchange;
mod target;

use crate::wasm::bindings::anteroom::tool::fetch::{
    FetchError, Header, Host, Request, Response, SecretHeader,
};
use crate::wasm::cache::hash_of;
use crate::wasm::hosted::Hosted;
use crate::wasm::state::CallState;
use anteroom_api::{Capability, GrantReach};
use anteroom_gate::Effect;
pub(crate) use download::public_addresses;
pub use download::{DownloadReach, download};
use exchange::{Received, Sent, exchange};
use reqwest::header::{HeaderMap, HeaderValue};
use std::time::Duration;
use target::{Named, Target, named_by};

const TIMEOUT_DEFAULT_MS: u32 = 30_000;
const TIMEOUT_MAX_MS: u32 = 600_000;
/// A request's time ends this long before its call's, so that the tool can still tell of it.
const HEAD_START: Duration = Duration::from_millis(500);
/// Requests of one call.
const REQUESTS_MAX: u64 = 500;
/// Bytes of a body that are shown to a person; the rest is bound by its hash.
const SHOWN_BYTES: usize = 4096;
/// What stands in the place of a secret that a machine sent back.
const HIDDEN: &[u8] = b"[secret masked: known to Anteroom]";

impl Host for Hosted {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, FetchError>> {
        Ok(send(&self.state, request).await)
    }
}

/// Whether a grant reaches a machine.
pub(crate) fn reaches(reach: &GrantReach, host: &str) -> bool {
    named_by(&reach.hosts, host).is_some()
}

async fn send(state: &CallState, request: Request) -> Result<Response, FetchError> {
    let refused = |why: String| FetchError::Denied(state.refused(why));
    let reach = state
        .require(Capability::Fetch)
        .map_err(FetchError::Denied)?;
    let target = Target::parse(&request.url)?;
    let method = target::method(&request)?;
    let mut headers = target::headers(&request)?;
    let named = named_by(&reach.hosts, &target.host)
        .ok_or_else(|| refused(state.caller.beyond(Capability::Fetch, &reach.hosts)))?;
    target.check(named).map_err(refused)?;
    if state.counters.requests.add(1) > REQUESTS_MAX {
        return Err(FetchError::Failed(format!(
            "a call sends {REQUESTS_MAX} requests at most"
        )));
    }
    let secrets = secrets(state, &request.secret_headers, &target)?;
    let effect = Effect::Network {
        method: method.to_string(),
        url: target.url.to_string(),
        host: target.host.clone(),
        is_granted: named != Named::None,
        secrets: request
            .secret_headers
            .iter()
            .map(|header| header.secret.clone())
            .collect(),
        content: content(&request),
    };
    state.effect(effect).await.map_err(FetchError::Denied)?;
    fill_in(&mut headers, &secrets)?;
    let host = target.host.clone();
    let sent = Sent {
        target,
        named,
        method,
        headers,
        body: request.body,
    };
    state.counters.hosts.note(&host);
    let limit = patience(request.timeout_ms).min(state.clock.left().saturating_sub(HEAD_START));
    let received = match tokio::time::timeout(limit, exchange(sent)).await {
        Ok(received) => received?,
        Err(_) => return Err(FetchError::TimedOut),
    };
    state.counters.bytes_sent.add(received.sent);
    let length = u64::try_from(received.body.len()).unwrap_or(u64::MAX);
    state.counters.bytes_received.add(length);
    Ok(response(received, &secrets))
}

/// How long a request may take that asks for so many milliseconds.
fn patience(asked_ms: Option<u32>) -> Duration {
    let asked_ms = asked_ms.unwrap_or(TIMEOUT_DEFAULT_MS);
    Duration::from_millis(u64::from(asked_ms.min(TIMEOUT_MAX_MS)))
}

/// A header with the secret in it. Never printed.
struct Secret<'a> {
    header: &'a SecretHeader,
    value: String,
}

/// The secrets of a request, each granted by its name and meant for this host.
fn secrets<'a>(
    state: &CallState,
    headers: &'a [SecretHeader],
    target: &Target,
) -> Result<Vec<Secret<'a>>, FetchError> {
    if headers.is_empty() {
        return Ok(Vec::new());
    }
    let reach = state
        .require(Capability::Secrets)
        .map_err(FetchError::Denied)?;
    let of = |header: &'a SecretHeader| {
        let name = &header.secret;
        let module = &state.caller.module;
        if !reach.secrets.contains(name) {
            let shown = anteroom_gate::visible(name);
            return Err(format!(
                "the toolset `{module}` was not granted the secret `{shown}`; a person can allow it with `aroom tool grant {module} secrets --secret {shown}`"
            ));
        }
        let value = state.services.secret(name, &target.host);
        let value = value.ok_or_else(|| {
            format!(
                "there is no secret `{name}` for `{}`; a person can name it in their config, under `safety.tool_secrets`",
                target.host
            )
        })?;
        Ok(Secret {
            header,
            value: value.expose().to_owned(),
        })
    };
    headers
        .iter()
        .map(|header| of(header).map_err(|why| FetchError::Denied(state.refused(why))))
        .collect()
}

/// Puts the secrets into the headers; the last moment before they are sent.
fn fill_in(headers: &mut HeaderMap, secrets: &[Secret<'_>]) -> Result<(), FetchError> {
    for secret in secrets {
        let name = target::header_name(&secret.header.name)?;
        let text = format!("{}{}", secret.header.prefix, secret.value);
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            FetchError::Invalid(format!(
                "the secret `{}` cannot be sent in a header",
                secret.header.secret
            ))
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(())
}

/// Headers and body for a person. What is no text or is cut is bound by its length and hash.
fn content(request: &Request) -> String {
    let mut text = String::new();
    for header in &request.headers {
        text.push_str(&format!("{}: {}\n", header.name, header.value));
    }
    for header in &request.secret_headers {
        let prefix = &header.prefix;
        text.push_str(&format!(
            "{}: {prefix}(the secret {})\n",
            header.name, header.secret
        ));
    }
    let Some(body) = &request.body else {
        return text;
    };
    text.push('\n');
    match std::str::from_utf8(body) {
        Ok(words) if body.len() <= SHOWN_BYTES => text.push_str(words),
        Ok(words) => {
            text.push_str(&words[..words.floor_char_boundary(SHOWN_BYTES)]);
            text.push_str(&bound(body));
        }
        Err(_) => text.push_str(&bound(body)),
    }
    text
}

fn bound(body: &[u8]) -> String {
    format!("\n({} bytes in all, SHA-256 {})", body.len(), hash_of(body))
}

/// What the tool gets to see: without the secrets, should the machine have sent them back.
fn response(received: Received, secrets: &[Secret<'_>]) -> Response {
    let clean = |bytes: Vec<u8>| {
        let hide = |bytes: Vec<u8>, secret: &Secret<'_>| without(bytes, secret.value.as_bytes());
        secrets.iter().fold(bytes, hide)
    };
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&clean(bytes)).into_owned();
    let headers = received.headers.into_iter().map(|(name, value)| Header {
        name,
        value: text(value),
    });
    Response {
        status: received.status,
        headers: headers.collect(),
        url: text(String::from(received.url).into_bytes()),
        body: clean(received.body),
    }
}

/// The bytes with what is hidden replaced wherever it stands.
fn without(bytes: Vec<u8>, hidden: &[u8]) -> Vec<u8> {
    let Some(first) = find(&bytes, hidden) else {
        return bytes;
    };
    let mut clean = Vec::with_capacity(bytes.len());
    let (mut rest, mut at) = (&bytes[..], Some(first));
    while let Some(start) = at {
        clean.extend_from_slice(&rest[..start]);
        clean.extend_from_slice(HIDDEN);
        rest = &rest[start + hidden.len()..];
        at = find(rest, hidden);
    }
    clean.extend_from_slice(rest);
    clean
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    if wanted.is_empty() || bytes.len() < wanted.len() {
        return None;
    }
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &[u8]) -> Request {
        Request {
            method: "POST".into(),
            url: "https://a.test/".into(),
            headers: vec![Header {
                name: "Accept".into(),
                value: "text/plain".into(),
            }],
            secret_headers: vec![SecretHeader {
                name: "Authorization".into(),
                prefix: "Bearer ".into(),
                secret: "forecast".into(),
            }],
            body: Some(body.to_vec()),
            timeout_ms: None,
        }
    }

    #[test]
    fn a_person_sees_what_is_sent_and_all_of_it_is_bound() {
        let head = "Accept: text/plain\nAuthorization: Bearer (the secret forecast)\n\n";
        assert_eq!(content(&request(b"hello")), format!("{head}hello"));
        let long = |last: u8| [&[b'x'; SHOWN_BYTES][..], &[last]].concat();
        let (one, other) = (
            content(&request(&long(b'1'))),
            content(&request(&long(b'2'))),
        );
        assert!(one.contains("(4097 bytes in all, SHA-256 "), "{one}");
        assert_ne!(one, other);
        assert!(content(&request(&[0xff])).contains("(1 bytes in all"));
    }

    #[test]
    fn a_secret_that_comes_back_is_hidden() {
        let hidden = String::from_utf8(HIDDEN.to_vec()).unwrap();
        for (bytes, expected) in [
            ("nothing", "nothing".to_owned()),
            ("hush", hidden.clone()),
            ("a hush, hushhush", format!("a {hidden}, {hidden}{hidden}")),
        ] {
            let clean = without(bytes.as_bytes().to_vec(), b"hush");
            assert_eq!(String::from_utf8(clean).unwrap(), expected);
        }
        assert_eq!(without(b"x".to_vec(), b""), b"x");
    }

    #[test]
    fn a_request_gets_ten_minutes_at_most() {
        let seconds = |asked_ms| patience(asked_ms).as_secs();
        assert_eq!(seconds(None), 30);
        assert_eq!(seconds(Some(1_000)), 1);
        assert_eq!(seconds(Some(u32::MAX)), 600);
    }
}
