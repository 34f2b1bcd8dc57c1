//! What `init` starts from, and how it reads addresses. Pure.

use crate::context::Context;
use anteroom_api::{Problem, ProblemCode, SettingOrigin, SettingsReport};

/// What is configured now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Present {
    pub(super) path: String,
    pub(super) base_url: String,
    pub(super) model: String,
    pub(super) has_key: bool,
    /// Of `ai.api_key` and `ai.api_key_command`, those that the user's file sets.
    pub(super) key_settings: Vec<String>,
}

/// How the endpoint is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Without a key.
    None,
    /// With the one that is configured.
    Kept,
    /// With this one.
    Given(String),
    /// With what this command prints.
    Command(String),
}

impl Present {
    pub(super) fn of(report: &SettingsReport) -> Self {
        let keys: Vec<_> = report
            .settings
            .iter()
            .filter(|setting| matches!(setting.key.as_str(), "ai.api_key" | "ai.api_key_command"))
            .filter(|setting| !Context::setting(report, &setting.key).is_empty())
            .collect();
        Self {
            path: report.path.clone(),
            base_url: Context::setting(report, "ai.base_url"),
            model: Context::setting(report, "ai.model"),
            has_key: !keys.is_empty(),
            key_settings: keys
                .iter()
                .filter(|setting| matches!(setting.origin, SettingOrigin::User { .. }))
                .map(|setting| setting.key.clone())
                .collect(),
        }
    }
}

/// An address as it was typed, checked as far as a mistake would be sure.
pub(super) fn url(text: &str) -> Result<String, Problem> {
    let text = text.trim().trim_end_matches('/');
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.contains(char::is_whitespace) => {
            Ok(text.to_owned())
        }
        _ => Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("`{text}` is not the address of an endpoint"),
        )
        .hint("it begins with `http://` or `https://`, for example `http://127.0.0.1:11434/v1`")),
    }
}

/// What was probably meant, if that is something else.
pub(super) fn likely_url(url: &str) -> Option<String> {
    let trimmed = ["/chat/completions", "/completions", "/models"]
        .iter()
        .find_map(|tail| url.strip_suffix(tail));
    if let Some(trimmed) = trimmed {
        return Some(trimmed.to_owned());
    }
    let (_, rest) = url.split_once("://")?;
    (!rest.contains('/')).then(|| format!("{url}/v1"))
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

/// Whether a key for the one address must not be sent to the other.
pub(super) fn is_moved(from: &str, to: &str) -> bool {
    let scheme = |url: &str| url.split_once("://").map(|(scheme, _)| scheme.to_owned());
    !host(from).eq_ignore_ascii_case(host(to)) || scheme(from) != scheme(to)
}

/// Whether the address is this machine, where nobody asks for a key.
pub(super) fn is_loopback(url: &str) -> bool {
    let host = host(url).to_ascii_lowercase();
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost"
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_and_corrections_offered() {
        assert_eq!(
            url(" https://llm.corp/v1/ ").unwrap(),
            "https://llm.corp/v1"
        );
        for wrong in ["", "llm.corp", "http://", "ftp://x/v1", "http://a b/v1"] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
        let check = |typed: &str, wanted: Option<&str>| {
            assert_eq!(likely_url(typed).as_deref(), wanted, "{typed}");
        };
        check("http://h:1", Some("http://h:1/v1"));
        check("http://h/v1/chat/completions", Some("http://h/v1"));
        check("http://h/v1", None);
        check("http://h/api/openai", None);
    }

    #[test]
    fn a_key_belongs_to_a_host_and_a_scheme() {
        let check = |from: &str, to: &str, wanted: bool| {
            assert_eq!(is_moved(from, to), wanted, "{from} -> {to}");
        };
        check("https://llm.corp/v1", "https://LLM.corp/v2", false);
        check("https://llm.corp/v1", "http://llm.corp/v1", true);
        check("https://llm.corp/v1", "https://llm.corp:8443/v1", true);
        check(
            "https://llm.corp/v1",
            "https://llm.corp@evil.example/v1",
            true,
        );
        check("", "https://llm.corp/v1", true);
    }

    #[test]
    fn loopback_is_recognized() {
        for here in [
            "http://localhost:1/v1",
            "http://127.0.0.1:1/v1",
            "http://[::1]:1/v1",
        ] {
            assert!(is_loopback(here), "{here}");
        }
        for there in [
            "http://10.0.0.1/v1",
            "http://localhost.evil/v1",
            "http://127.0.0.1.x/v1",
        ] {
            assert!(!is_loopback(there), "{there}");
        }
    }
}
