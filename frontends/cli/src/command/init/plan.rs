//! What `init` starts from, and how it reads addresses. Pure.

use crate::clean::reveal;
use crate::context::Context;
use crate::words;
use anteroom_api::{
    EndpointReport, FoundEndpoint, Problem, ProblemCode, SettingOrigin, SettingsReport,
};
use unicode_width::UnicodeWidthStr;

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

/// The address that a failed test advises, if it advises one.
pub(super) fn hinted(report: &EndpointReport) -> Option<String> {
    let mut problems = report.steps.iter().filter_map(|step| step.problem.as_ref());
    let hint = problems.next()?.hint.as_deref()?;
    let (_, rest) = hint.split_once("ai.base_url '")?;
    let (found, _) = rest.split_once('\'')?;
    url(found).ok()
}

/// `Found: 1 Ollama :11434 (7 models)   2 LM Studio :1234 (2 models)`, in as many lines as it takes.
pub(super) fn found_lines(found: &[FoundEndpoint], width: usize) -> Vec<String> {
    if found.is_empty() {
        return vec!["Found no model server on this machine.".to_owned()];
    }
    let entries = (1..).zip(found).map(|(number, endpoint)| {
        let place = endpoint.base_url.rsplit(':').next().unwrap_or_default();
        let port = place.split('/').next().unwrap_or_default();
        let models = words::plural(endpoint.models.len(), "model", "models");
        format!("{number} {} :{port} ({models})", reveal(&endpoint.name))
    });
    paragraph("Found: ", entries, width)
}

/// The same of models; a long list is cut, a name can be typed all the same.
pub(super) fn model_lines(models: &[String], width: usize) -> Vec<String> {
    /// More than anyone reads.
    const SHOWN: usize = 40;
    let entries = (1..).zip(models.iter().take(SHOWN));
    let entries = entries.map(|(number, model)| format!("{number} {}", reveal(model)));
    let mut lines = paragraph("Models: ", entries, width);
    if models.len() > SHOWN {
        lines.push(format!("and {} more", models.len() - SHOWN));
    }
    lines
}

/// A path as people write it: `~/.anteroom/config.yaml`.
pub(super) fn from_home(path: &str, home: Option<&str>) -> String {
    let rest = home.filter(|home| !home.is_empty());
    let rest = rest.and_then(|home| path.strip_prefix(home.trim_end_matches('/')));
    match rest {
        Some(rest) if rest.starts_with('/') => format!("~{rest}"),
        _ => path.to_owned(),
    }
}

/// Entries behind a label, three columns apart; further lines begin below the first entry.
fn paragraph(label: &str, entries: impl Iterator<Item = String>, width: usize) -> Vec<String> {
    let mut lines = vec![label.to_owned()];
    for entry in entries {
        let line = lines.last().map_or("", String::as_str);
        let is_first = line.trim_end().width() <= label.trim_end().width();
        if is_first || line.width() + 3 + entry.width() <= width {
            let gap = if is_first { "" } else { "   " };
            if let Some(line) = lines.last_mut() {
                line.push_str(&format!("{gap}{entry}"));
            }
        } else {
            lines.push(format!("{}{entry}", " ".repeat(label.width())));
        }
    }
    lines
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
    fn what_was_found_stands_in_a_paragraph() {
        let endpoint = |name: &str, port: u16, models: usize| FoundEndpoint {
            name: name.into(),
            base_url: format!("http://127.0.0.1:{port}/v1"),
            models: vec!["m".into(); models],
        };
        let found = [endpoint("Ollama", 11434, 7), endpoint("LM Studio", 1234, 1)];
        assert_eq!(
            found_lines(&found, 80),
            ["Found: 1 Ollama :11434 (7 models)   2 LM Studio :1234 (1 model)"]
        );
        assert_eq!(
            found_lines(&found, 40),
            [
                "Found: 1 Ollama :11434 (7 models)",
                "       2 LM Studio :1234 (1 model)"
            ]
        );
    }

    #[test]
    fn the_address_that_a_test_advises_is_found() {
        let check = |hint: &str, wanted: Option<&str>| {
            let problem = Problem::new(ProblemCode::EndpointFailed, "no").hint(hint);
            let report = EndpointReport {
                models: vec![],
                model: None,
                steps: vec![anteroom_api::ProbeStep {
                    name: "models".into(),
                    took_ms: 1,
                    problem: Some(problem),
                }],
            };
            assert_eq!(hinted(&report).as_deref(), wanted, "{hint}");
        };
        check(
            "the path `/v1` is missing? `aroom config set ai.base_url 'http://h/v1'`",
            Some("http://h/v1"),
        );
        check("is this right? `aroom config set ai.base_url '…'`", None);
        check("try again", None);
    }

    #[test]
    fn paths_are_written_from_home() {
        let path = "/home/u/.anteroom/config.yaml";
        let check = |home, wanted: &str| assert_eq!(from_home(path, home), wanted);
        check(Some("/home/u"), "~/.anteroom/config.yaml");
        check(Some("/home/u/"), "~/.anteroom/config.yaml");
        check(Some("/home/us"), path);
        check(None, path);
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
