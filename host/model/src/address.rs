//! The endpoint's address: paths added to it, what may be shown of it, and what is probably wrong with it.

use crate::ModelError;
use reqwest::Url;

/// The addresses requests go to.
#[derive(Clone)]
pub(crate) struct Addresses {
    pub(crate) chat: Url,
    pub(crate) models: Url,
    /// The base without credentials and query, for messages.
    pub(crate) shown: String,
    pub(crate) is_loopback: bool,
    pub(crate) is_tls: bool,
}

impl Addresses {
    pub(crate) fn of(base_url: &str) -> Result<Self, ModelError> {
        let unusable = |reason: String| ModelError::BaseUrl {
            url: shown_text(base_url),
            reason,
        };
        let base = Url::parse(base_url.trim()).map_err(|error| unusable(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(unusable(
                "it must begin with `http://` or `https://`".into(),
            ));
        }
        Ok(Self {
            chat: joined(&base, "chat/completions"),
            models: joined(&base, "models"),
            shown: shown(&base),
            is_loopback: is_loopback(&base),
            is_tls: base.scheme() == "https",
        })
    }
}

/// Adds a path; a query such as `?api-version=…` stays behind it.
fn joined(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url.set_fragment(None);
    url
}

/// An address without credentials, query and fragment.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only where there is nothing to remove.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.as_str().trim_end_matches('/').to_owned()
}

/// The same for what may be no address at all.
fn shown_text(text: &str) -> String {
    match Url::parse(text.trim()) {
        Ok(url) if url.has_host() => shown(&url),
        _ => match text.split_once('@') {
            Some((_, rest)) => format!("…@{rest}"),
            None => text.to_owned(),
        },
    }
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let host = host.trim_matches(['[', ']']);
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// A base URL that is probably meant instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlFix {
    /// The corrected base URL.
    pub base_url: String,
    /// What was wrong, as a sentence without period.
    pub reason: &'static str,
}

/// What is probably wrong with a base URL, most likely first. Offered to a person, never applied silently.
#[must_use]
pub fn url_fixes(base_url: &str) -> Vec<UrlFix> {
    let text = base_url.trim();
    if text.is_empty() {
        return Vec::new();
    }
    if !text.contains("://") {
        let scheme = match Url::parse(&format!("http://{text}")) {
            Ok(url) if is_loopback(&url) || is_plain_host(&url) => "http",
            _ => "https",
        };
        let whole = format!("{scheme}://{text}");
        let base_url = url_fixes(&whole)
            .into_iter()
            .find(|fix| fix.reason != OTHER_SCHEME)
            .map_or(whole, |fix| fix.base_url);
        return vec![UrlFix {
            base_url,
            reason: "the address has no `http://` or `https://`",
        }];
    }
    let Ok(url) = Url::parse(text) else {
        return Vec::new();
    };
    let mut fixes = Vec::new();
    let mut fix = |reason: &'static str, change: &dyn Fn(&mut Url)| {
        let mut fixed = url.clone();
        change(&mut fixed);
        fixes.push(UrlFix {
            base_url: fixed.as_str().trim_end_matches('/').to_owned(),
            reason,
        });
    };
    if matches!(url.host_str(), Some("127.0.0.0" | "0.0.0.0")) {
        fix("the host is not an address one can connect to", &|url| {
            // Fails for no address of this shape.
            let _ = url.set_host(Some("127.0.0.1"));
        });
    }
    let path = url.path().trim_end_matches('/');
    const ENDPOINTS: [&str; 5] = [
        "/chat/completions",
        "/completions",
        "/models",
        "/responses",
        "/embeddings",
    ];
    if let Some(base) = ENDPOINTS.iter().find_map(|end| path.strip_suffix(end)) {
        fix(
            "the address is that of a single endpoint; the base comes before it",
            &|url| {
                url.set_path(if base.is_empty() { "/v1" } else { base });
            },
        );
    } else if path.is_empty() || path == "/api" {
        fix("the path `/v1` is missing", &|url| {
            url.set_path(&format!("{path}/v1"));
        });
    }
    if let Some(scheme) = other_scheme(url.scheme()) {
        fix(OTHER_SCHEME, &|url| {
            // Fails only between schemes of different kinds.
            let _ = url.set_scheme(scheme);
        });
    }
    fixes
}

const OTHER_SCHEME: &str = "the server may want the other of `http` and `https`";

fn other_scheme(scheme: &str) -> Option<&'static str> {
    match scheme {
        "http" => Some("https"),
        "https" => Some("http"),
        _ => None,
    }
}

/// A host without a dot, or a bare address: hardly a public server.
fn is_plain_host(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        !host.contains('.') || host.parse::<std::net::IpAddr>().is_ok() || host.starts_with('[')
    })
}

/// The fix for an address whose path is not answered.
pub(crate) fn path_fix(base_url: &str) -> Option<UrlFix> {
    url_fixes(base_url)
        .into_iter()
        .find(|fix| fix.reason != OTHER_SCHEME)
}

/// The fix for an address that does not speak TLS as asked.
pub(crate) fn scheme_fix(base_url: &str) -> Option<UrlFix> {
    url_fixes(base_url)
        .into_iter()
        .find(|fix| fix.reason == OTHER_SCHEME)
}

#[cfg(test)]
mod tests;
