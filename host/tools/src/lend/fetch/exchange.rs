//! One exchange with one machine: its addresses are found once, checked, and the connection goes to exactly those.

use super::target::{Named, Target};
use crate::net::{self, NoAddress, NoBody, address};
use crate::wasm::bindings::anteroom::tool::fetch::FetchError;
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Client, Method, Response, StatusCode, Url};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Bytes of a response.
const RESPONSE_MAX: usize = 16 << 20;
/// How long finding a name or a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// Redirects that are followed, all to the same host.
const REDIRECTS_MAX: usize = 5;

/// What is sent, secrets included.
pub(super) struct Sent {
    pub(super) target: Target,
    pub(super) named: Named,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Vec<u8>>,
}

/// What came back.
pub(super) struct Received {
    pub(super) status: u16,
    pub(super) url: Url,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    /// Bytes of bodies that went out, for the meter.
    pub(super) sent: u64,
}

/// Sends a request to a machine that was allowed, and reads all of its answer.
pub(super) async fn exchange(sent: Sent) -> Result<Received, FetchError> {
    let addresses = resolve(&sent.target, sent.named).await?;
    let client = client(&sent.target, &addresses).map_err(FetchError::Failed)?;
    let (mut method, mut body) = (sent.method, sent.body);
    let mut target = sent.target;
    let mut bytes_sent = 0_u64;
    for _ in 0..=REDIRECTS_MAX {
        bytes_sent = bytes_sent.saturating_add(length(body.as_deref()));
        let mut request = client
            .request(method.clone(), target.url.clone())
            .headers(sent.headers.clone());
        if let Some(body) = &body {
            request = request.body(body.clone());
        }
        let response = request.send().await.map_err(|error| in_words(&error))?;
        let Some(next) = redirection(&response, &target)? else {
            return read(response, bytes_sent).await;
        };
        (method, body) = again(response.status(), method, body);
        target = next;
    }
    Err(FetchError::Failed(format!(
        "`{}` redirects more than {REDIRECTS_MAX} times",
        target.host
    )))
}

/// The machine's addresses that may be reached.
pub(super) async fn resolve(target: &Target, named: Named) -> Result<Vec<SocketAddr>, FetchError> {
    let place = (target.name.as_str(), target.port);
    let found = net::addresses(place, CONNECT, |ip| may_reach(target, named, ip)).await;
    found.map_err(|why| match why {
        NoAddress::NotFound(error) => {
            FetchError::Failed(format!("`{}` could not be found: {error}", target.name))
        }
        NoAddress::Late => FetchError::TimedOut,
        NoAddress::Refused => FetchError::Denied(target.is_private()),
    })
}

/// Whether an address may be reached under this name. Without encryption it is this machine alone.
fn may_reach(target: &Target, named: Named, ip: IpAddr) -> bool {
    let is_literal = named == Named::Literally;
    match target.url.scheme() {
        "http" => is_literal && ip.is_loopback(),
        _ => is_literal || address::is_public(ip),
    }
}

/// A client for one machine. Nothing of the environment leads it elsewhere: no proxy, no redirect, no name server.
pub(super) fn client(target: &Target, addresses: &[SocketAddr]) -> Result<Client, String> {
    net::pinned(&target.name, addresses, CONNECT)
}

/// Where the same machine sends on to, if it does.
fn redirection(response: &Response, target: &Target) -> Result<Option<Target>, FetchError> {
    let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let Some(location) = response.headers().get(LOCATION).filter(|_| is_redirect) else {
        return Ok(None);
    };
    let shown = String::from_utf8_lossy(location.as_bytes()).into_owned();
    let Some(next) = next(target, &shown) else {
        return Err(FetchError::Redirected(anteroom_gate::visible(&shown)));
    };
    Ok(Some(next))
}

/// A redirect is followed where scheme, name and port stay the same.
fn next(target: &Target, location: &str) -> Option<Target> {
    let next = Target::of(target.url.join(location).ok()?).ok()?;
    let is_same = next.url.scheme() == target.url.scheme() && next.host == target.host;
    is_same.then_some(next)
}

/// The method and body of the request that follows a redirect.
fn again(status: StatusCode, method: Method, body: Option<Vec<u8>>) -> (Method, Option<Vec<u8>>) {
    let becomes_get = status == StatusCode::SEE_OTHER && method != Method::HEAD
        || matches!(status.as_u16(), 301 | 302) && method == Method::POST;
    if becomes_get {
        (Method::GET, None)
    } else {
        (method, body)
    }
}

async fn read(mut response: Response, sent: u64) -> Result<Received, FetchError> {
    let status = response.status().as_u16();
    let url = response.url().clone();
    let headers = response.headers().iter();
    let headers = headers
        .filter(|(name, _)| !matches!(name.as_str(), "set-cookie" | "set-cookie2"))
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    let body = net::body(&mut response, RESPONSE_MAX).await;
    let body = body.map_err(|why| match why {
        NoBody::TooLong => FetchError::TooLarge,
        NoBody::Broken(error) => in_words(&error),
    })?;
    Ok(Received {
        status,
        url,
        headers,
        body,
        sent,
    })
}

fn length(body: Option<&[u8]>) -> u64 {
    body.map_or(0, |body| u64::try_from(body.len()).unwrap_or(u64::MAX))
}

/// What went wrong, without the address, which the caller knows and which may hold a token.
pub(super) fn in_words(error: &reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::TimedOut;
    }
    let mut words = if error.is_connect() {
        "no connection could be made".to_owned()
    } else {
        "the exchange broke off".to_owned()
    };
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        words.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    FetchError::Failed(anteroom_gate::visible(&words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        Target::of(Url::parse(text).unwrap()).unwrap()
    }

    #[test]
    fn a_name_that_leads_inside_is_not_reached() {
        let found: [IpAddr; 3] = ["10.0.0.1", "1.1.1.1", "::1"].map(|it| it.parse().unwrap());
        let of = |url: &str, named| found.map(|ip| may_reach(&target(url), named, ip));
        assert_eq!(of("https://a.test/", Named::None), [false, true, false]);
        assert_eq!(
            of("https://a.test/", Named::ByPattern),
            [false, true, false]
        );
        assert_eq!(of("https://a.test/", Named::Literally), [true; 3]);
        assert_eq!(
            of("http://localhost/", Named::Literally),
            [false, false, true]
        );
        assert_eq!(of("http://localhost/", Named::ByPattern), [false; 3]);
    }

    #[test]
    fn only_the_same_machine_sends_on() {
        let from = target("https://a.test/here?x=1");
        let to = |location: &str| next(&from, location).map(|next| next.url.to_string());
        assert_eq!(to("/there"), Some("https://a.test/there".to_owned()));
        assert_eq!(
            to("https://A.test/there#x"),
            Some("https://a.test/there".to_owned())
        );
        for elsewhere in [
            "https://b.test/",
            "//b.test/",
            "http://a.test/",
            "https://a.test:8443/",
            "https://u:p@a.test/",
            "file:///etc/passwd",
        ] {
            assert_eq!(to(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn a_form_is_not_sent_twice() {
        for (status, method, expected) in [
            (301, Method::POST, Method::GET),
            (303, Method::PUT, Method::GET),
            (307, Method::POST, Method::POST),
            (308, Method::PUT, Method::PUT),
            (302, Method::HEAD, Method::HEAD),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let (next, body) = again(status, method, Some(vec![1]));
            assert_eq!(next, expected, "{status}");
            assert_eq!(body.is_some(), expected != Method::GET);
        }
    }
}
