//! Whether the reach of a grant says something: what never matches is refused, so that nobody believes in it. Pure.

use anteroom_api::{Capability, GrantReach};

/// What is wrong with a reach.
///
/// # Errors
/// In words for the person who grants.
pub(super) fn check(capability: Capability, reach: &GrantReach) -> Result<(), String> {
    if let Some(host) = reach.hosts.iter().find(|host| !is_host(host)) {
        return Err(format!(
            "`{}` is no host; write a name such as `api.example.org`, all names that end so as `*.example.org`, with `:port` where it is not 443",
            anteroom_gate::visible(host)
        ));
    }
    if capability == Capability::Secrets && reach.secrets.is_empty() {
        return Err(
            "only secrets that are named are lent; name them with `--secret NAME`".to_owned(),
        );
    }
    Ok(())
}

fn is_host(pattern: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let name = pattern.strip_prefix("*.").unwrap_or(pattern);
    !name.is_empty()
        && !name.contains("//")
        && !name.starts_with('.')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_matches_is_refused() {
        let hosts = |host: &str| GrantReach {
            hosts: vec![host.to_owned()],
            ..GrantReach::default()
        };
        for (host, is_taken) in [
            ("api.example.org", true),
            ("api.example.org:8443", true),
            ("*.example.org", true),
            ("*", true),
            ("127.0.0.1:80", true),
            ("[::1]:80", true),
            ("https://example.org", false),
            ("example.org/path", false),
            ("exa mple.org", false),
            ("*example.org", false),
            ("a.*.org", false),
            ("*.", false),
            ("*..org", false),
            ("", false),
            ("user@example.org", false),
        ] {
            let found = check(Capability::Fetch, &hosts(host));
            assert_eq!(found.is_ok(), is_taken, "{host}");
        }
        assert!(check(Capability::Fetch, &GrantReach::default()).is_ok());
        assert!(check(Capability::Secrets, &GrantReach::default()).is_err());
        let named = GrantReach {
            secrets: vec!["forecast".into()],
            ..GrantReach::default()
        };
        assert!(check(Capability::Secrets, &named).is_ok());
    }
}
