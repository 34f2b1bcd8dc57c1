//! Secrets that tools send without reading them: which there are, for which hosts, and where their values stand.
//!
//! An entry of `safety.tool_secrets` is `NAME@HOST=VARIABLE`: the name a grant and a tool use, the one host it is
//! sent to, and the environment variable that holds it. So no secret stands in the file, and none is lent to a host
//! that the person did not write down.

use std::collections::BTreeMap;

/// One entry.
#[derive(Debug, PartialEq, Eq)]
struct Entry<'a> {
    name: &'a str,
    host: &'a str,
    variable: &'a str,
}

impl<'a> Entry<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (name, rest) = text.trim().split_once('@')?;
        let (host, variable) = rest.split_once('=')?;
        let is_name = |text: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        };
        let is_host = !host.is_empty() && !host.contains(['*', '/', '@', ' ']);
        (is_name(name) && is_host && is_name(variable)).then_some(Self {
            name,
            host,
            variable,
        })
    }
}

/// The value of a secret for one host: its name, with the port where it is not the usual one.
pub(crate) fn value(
    entries: &[String],
    environment: &BTreeMap<String, String>,
    (name, host): (&str, &str),
) -> Option<String> {
    let mut entries = entries.iter().filter_map(|text| Entry::parse(text));
    let entry = entries.find(|it| it.name == name && it.host.eq_ignore_ascii_case(host))?;
    let value = environment.get(entry.variable)?;
    (!value.is_empty()).then(|| value.clone())
}

/// All values, to be masked wherever they turn up.
pub(crate) fn values<'a>(
    entries: &'a [String],
    environment: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = &'a str> {
    let entries = entries.iter().filter_map(|text| Entry::parse(text));
    entries.filter_map(|entry| environment.get(entry.variable).map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_for_the_host_it_was_written_down_for() {
        let entries = [
            "forecast@api.example.org=FORECAST",
            "forecast@other.example.org:8443=OTHER",
            "empty@api.example.org=NOTHING",
            "any@*=FORECAST",
            "torn@api.example.org",
        ]
        .map(str::to_owned);
        let environment = [("FORECAST", "hush"), ("OTHER", "quiet"), ("NOTHING", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = BTreeMap::from(environment);
        for (name, host, expected) in [
            ("forecast", "api.example.org", Some("hush")),
            ("forecast", "API.example.org", Some("hush")),
            ("forecast", "other.example.org:8443", Some("quiet")),
            ("forecast", "other.example.org", None),
            ("forecast", "api.example.org.evil.test", None),
            ("FORECAST", "api.example.org", None),
            ("empty", "api.example.org", None),
            ("any", "api.example.org", None),
            ("any", "*", None),
            ("torn", "api.example.org", None),
        ] {
            let found = value(&entries, &environment, (name, host));
            assert_eq!(found.as_deref(), expected, "{name} {host}");
        }
        let all: Vec<&str> = values(&entries, &environment).collect();
        assert_eq!(all, ["hush", "quiet", ""]);
    }
}
