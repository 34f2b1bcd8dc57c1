//! The secrets this host knows by their value, so that they are masked wherever a tool says them.

use crate::config::Settings;
use crate::tool_secrets;
use anteroom_gate::Masker;
use std::collections::BTreeMap;

/// How names of variables that hold a secret end.
const SECRET_NAMES: [&str; 11] = [
    "KEY",
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIALS",
    "PAT",
    "DSN",
    "COOKIE",
    "AUTH",
];

/// Hides what secrets look like, the keys in the settings, and what the environment holds under a name that
/// says so, or that tools may send; the values that `${NAME}` in the config stands for are among them.
pub(crate) fn masker(settings: &Settings, environment: &BTreeMap<String, String>) -> Masker {
    let configured = [&settings.ai.api_key, &settings.identity.private_key]
        .into_iter()
        .flatten()
        .map(|secret| secret.expose());
    let set = environment
        .iter()
        .filter(|(name, _)| is_secret(name))
        .map(|(_, value)| value.as_str());
    let lent = tool_secrets::values(&settings.safety.tool_secrets, environment);
    Masker::new(configured.chain(set).chain(lent))
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let last = name.rsplit('_').next().unwrap_or_default();
    SECRET_NAMES.iter().any(|ending| last.ends_with(ending)) && !name.ends_with("PUBLIC_KEY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_so() {
        for (name, expected) in [
            ("AI_CHAT_API_KEY", true),
            ("GITHUB_TOKEN", true),
            ("GH_PAT", true),
            ("AWS_SECRET_ACCESS_KEY", true),
            ("DB_PASSWORD", true),
            ("db_password", true),
            ("PATH", false),
            ("HOME", false),
            ("SSH_PUBLIC_KEY", false),
            ("LANG", false),
        ] {
            assert_eq!(is_secret(name), expected, "{name}");
        }
    }
}
