//! Where a request goes and what it is, checked word by word, and what of it a grant reaches. Pure.

use crate::net::{address, bare};
use crate::wasm::bindings::anteroom::tool::fetch::{FetchError, Request};
use reqwest::Method;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::net::IpAddr;

/// Bytes of a request's body.
const BODY_MAX: usize = 16 << 20;
/// Bytes of an address.
const URL_MAX: usize = 8 << 10;
/// Headers of a request.
const HEADERS_MAX: usize = 64;
/// What the host alone decides.
const RESERVED: [&str; 12] = [
    "host",
    "content-length",
    "connection",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
    "accept-encoding",
];
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// A machine, as it stands in an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) url: Url,
    /// Its name in lower case, or its address; brackets left out.
    pub(super) name: String,
    /// The same for people, rules and grants: with the port where it is not the usual one.
    pub(super) host: String,
    pub(super) port: u16,
}

/// How a grant reaches a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// No host is named, so each is asked about.
    None,
    /// By a pattern.
    ByPattern,
    /// By itself.
    Literally,
}

impl Target {
    /// Takes an address apart.
    pub(super) fn parse(text: &str) -> Result<Self, FetchError> {
        let invalid = |why: &str| {
            let shown: String = text.chars().take(200).collect();
            FetchError::Invalid(format!("`{shown}` is no address to fetch: {why}"))
        };
        if text.len() > URL_MAX {
            return Err(invalid("it is too long"));
        }
        let url = Url::parse(text).map_err(|error| invalid(&error.to_string()))?;
        Self::of(url).map_err(|why| invalid(&why))
    }

    /// The same of an address that was taken apart already.
    pub(super) fn of(mut url: Url) -> Result<Self, String> {
        if !matches!(url.scheme(), "https" | "http") {
            return Err("only `https` is fetched".into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it holds a user name or a password; use a secret header".into());
        }
        url.set_fragment(None);
        let shown = url.host_str().unwrap_or_default().to_owned();
        let name = bare(&shown);
        if name.is_empty() || name.ends_with('.') {
            return Err("its host is no plain name".into());
        }
        let name = name.to_owned();
        let port = url.port_or_known_default().unwrap_or_default();
        let host = match url.port() {
            None => shown,
            Some(port) => format!("{shown}:{port}"),
        };
        Ok(Self {
            url,
            name,
            host,
            port,
        })
    }

    /// The address, if it is one and no name.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.name.parse().ok()
    }

    /// Whether it is this machine itself, whatever a name server says.
    pub(super) fn is_loopback(&self) -> bool {
        self.name == "localhost" || self.address().is_some_and(|it| it.is_loopback())
    }

    /// Whether the scheme fits, and an address that is written out may be reached.
    pub(super) fn check(&self, named: Named) -> Result<(), String> {
        let is_literal = named == Named::Literally;
        if self.url.scheme() == "http" && !(is_literal && self.is_loopback()) {
            return Err(format!(
                "`{}` is not encrypted; `http` is fetched only from this machine itself, where a grant names it",
                self.host
            ));
        }
        match self.address() {
            Some(address) if !is_literal && !address::is_public(address) => Err(self.is_private()),
            _ => Ok(()),
        }
    }

    /// What is said of a machine that is not reached.
    pub(super) fn is_private(&self) -> String {
        format!(
            "`{}` is an address of a private network, which is reached only where a grant names the host literally",
            self.host
        )
    }
}

/// How the hosts of a grant reach a machine; none if they do not.
pub(super) fn named_by(hosts: &[String], host: &str) -> Option<Named> {
    if hosts.is_empty() {
        return Some(Named::None);
    }
    let mut patterns = hosts.iter();
    if patterns.any(|pattern| pattern.eq_ignore_ascii_case(host)) {
        return Some(Named::Literally);
    }
    let is_by_pattern = hosts.iter().any(|pattern| is_one_of(pattern, host));
    is_by_pattern.then_some(Named::ByPattern)
}

fn is_one_of(pattern: &str, host: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let pattern = pattern.to_ascii_lowercase();
    let Some(end) = pattern.strip_prefix("*.").filter(|end| !end.is_empty()) else {
        return false;
    };
    host.strip_suffix(end)
        .and_then(|rest| rest.strip_suffix('.'))
        .is_some_and(|rest| !rest.is_empty())
}

/// The method, if it is one that is sent.
pub(super) fn method(request: &Request) -> Result<Method, FetchError> {
    let name = request.method.to_ascii_uppercase();
    if !METHODS.contains(&name.as_str()) {
        return Err(FetchError::Invalid(format!(
            "`{}` is no method that is sent; use {}",
            anteroom_gate::visible(&name),
            METHODS.join(", ")
        )));
    }
    Method::from_bytes(name.as_bytes()).map_err(|error| FetchError::Invalid(error.to_string()))
}

/// The headers, secrets not included, and the size of the body.
pub(super) fn headers(request: &Request) -> Result<HeaderMap, FetchError> {
    let body = request.body.as_ref().map_or(0, Vec::len);
    if body > BODY_MAX {
        return Err(FetchError::Invalid(format!(
            "the body has {body} bytes; at most {BODY_MAX} are sent"
        )));
    }
    if request.headers.len() + request.secret_headers.len() > HEADERS_MAX {
        return Err(FetchError::Invalid(format!(
            "the request has more than {HEADERS_MAX} headers"
        )));
    }
    let mut headers = HeaderMap::new();
    for header in &request.headers {
        let name = header_name(&header.name)?;
        let value = HeaderValue::from_str(&header.value).map_err(|_| {
            FetchError::Invalid(format!("the value of the header `{name}` cannot be sent"))
        })?;
        headers.append(name, value);
    }
    for header in &request.secret_headers {
        let name = header_name(&header.name)?;
        // What a person is shown must be what is sent, so no line may end in here.
        HeaderValue::from_str(&header.prefix).map_err(|_| {
            FetchError::Invalid(format!(
                "what stands before the secret in `{name}` cannot be sent"
            ))
        })?;
    }
    Ok(headers)
}

/// The name of a header, if a tool may set it.
pub(super) fn header_name(name: &str) -> Result<HeaderName, FetchError> {
    let shown = || anteroom_gate::visible(&name.chars().take(100).collect::<String>());
    let parsed = HeaderName::try_from(name)
        .map_err(|_| FetchError::Invalid(format!("`{}` is no name of a header", shown())))?;
    if RESERVED.contains(&parsed.as_str()) {
        return Err(FetchError::Invalid(format!(
            "the header `{parsed}` is the host's to set"
        )));
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        Target::parse(text).unwrap()
    }

    #[test]
    fn hosts_are_told_with_an_unusual_port() {
        for (text, host) in [
            ("https://Example.ORG/a?b#c", "example.org"),
            ("https://example.org:443/", "example.org"),
            ("https://example.org:8443/", "example.org:8443"),
            ("https://[::1]:8443/", "[::1]:8443"),
            ("https://0x7f.1/", "127.0.0.1"),
            ("https://2130706433/", "127.0.0.1"),
            ("https://münchen.example/", "xn--mnchen-3ya.example"),
        ] {
            assert_eq!(target(text).host, host, "{text}");
        }
        for text in [
            "example.org",
            "ftp://example.org/",
            "file:///etc/passwd",
            "https://",
            "https://a:b@example.org/",
            "https://a@example.org/",
            "https://example.org./",
        ] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_grant_reaches_what_it_names() {
        for (hosts, url, expected) in [
            (&[][..], "https://a.test/", Some(Named::None)),
            (&["a.test"], "https://a.test/", Some(Named::Literally)),
            (&["A.test"], "https://a.test/", Some(Named::Literally)),
            (&["a.test"], "https://a.test:8443/", None),
            (
                &["a.test:8443"],
                "https://a.test:8443/",
                Some(Named::Literally),
            ),
            (&["a.test:8443"], "https://a.test/", None),
            (&["*.a.test"], "https://b.a.test/", Some(Named::ByPattern)),
            (&["*.a.test"], "https://a.test/", None),
            (&["*.a.test"], "https://xa.test/", None),
            (&["*.a.test"], "https://b.a.test.evil.test/", None),
            (&["*"], "https://b.test/", Some(Named::ByPattern)),
            (
                &["b.test", "a.test"],
                "https://a.test/",
                Some(Named::Literally),
            ),
            (&["*."], "https://a.test/", None),
            (&[""], "https://a.test/", None),
        ] {
            let hosts: Vec<String> = hosts.iter().map(|it| (*it).to_owned()).collect();
            assert_eq!(
                named_by(&hosts, &target(url).host),
                expected,
                "{hosts:?} {url}"
            );
        }
    }

    #[test]
    fn private_and_plain_needs_to_be_named() {
        use Named::{ByPattern, Literally, None};
        for (url, named, is_taken) in [
            ("https://a.test/", None, true),
            ("http://a.test/", None, false),
            ("http://a.test/", Literally, false),
            ("http://127.0.0.1:8080/", Literally, true),
            ("http://localhost:8080/", Literally, true),
            ("http://localhost:8080/", ByPattern, false),
            ("http://127.0.0.1:8080/", None, false),
            ("http://192.168.1.1/", Literally, false),
            ("https://192.168.1.1/", Literally, true),
            ("https://192.168.1.1/", None, false),
            ("https://[::ffff:10.0.0.1]/", ByPattern, false),
            ("https://169.254.169.254/", None, false),
            ("https://1.1.1.1/", None, true),
        ] {
            assert_eq!(
                target(url).check(named).is_ok(),
                is_taken,
                "{url} {named:?}"
            );
        }
    }

    #[test]
    fn no_header_begins_another_line() {
        use crate::wasm::bindings::anteroom::tool::fetch::{Header, SecretHeader};
        let request = |value: &str, prefix: &str| Request {
            method: "GET".into(),
            url: "https://a.test/".into(),
            headers: vec![Header {
                name: "X-A".into(),
                value: value.into(),
            }],
            secret_headers: vec![SecretHeader {
                name: "X-B".into(),
                prefix: prefix.into(),
                secret: "b".into(),
            }],
            body: None,
            timeout_ms: None,
        };
        assert!(headers(&request("a", "Bearer ")).is_ok());
        assert!(headers(&request("a\r\nX-C: d", "Bearer ")).is_err());
        assert!(headers(&request("a", "Bearer \nX-C: d")).is_err());
    }

    #[test]
    fn what_belongs_to_the_connection_is_the_host_s() {
        for name in ["Host", "content-length", "Transfer-Encoding", "a b", ""] {
            assert!(header_name(name).is_err(), "{name}");
        }
        assert!(header_name("X-Anything").is_ok());
    }
}
