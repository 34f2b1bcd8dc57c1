//! Where to sign in: what the server says about itself, and what the authorization server it names says.

use super::exchange::Exchange;
use reqwest::Url;
use serde_json::Value;

/// Authorization servers that are tried.
const SERVERS_MAX: usize = 3;
/// Characters of the scopes that are asked for.
const SCOPE_MAX: usize = 2_000;

/// Where to sign in.
pub(super) struct Found {
    issuer: String,
    names_issuer: bool,
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: String,
    pub(super) registration_endpoint: Option<String>,
    /// What the token is for: the server's own name of itself.
    pub(super) resource: String,
    pub(super) scope: Option<String>,
}

impl Found {
    /// Who has to sign the browser's return, if it says that it does.
    pub(super) fn issuer_to_expect(&self) -> Option<&str> {
        self.names_issuer.then_some(self.issuer.as_str())
    }
}

/// Finds out.
///
/// # Errors
/// What is missing, in words.
pub(super) async fn discover(
    exchange: &Exchange,
    server: &Url,
    challenge: &str,
) -> Result<Found, String> {
    let about = about_server(exchange, server, challenge).await?;
    let resource = text(&about, "resource").unwrap_or_else(|| server.to_string());
    if !is_of(&resource, server) {
        return Err("it calls itself by the name of another server".to_owned());
    }
    let named = about.get("authorization_servers").and_then(Value::as_array);
    let named = named.into_iter().flatten().filter_map(Value::as_str);
    let mut issuers: Vec<String> = named.take(SERVERS_MAX).map(str::to_owned).collect();
    if issuers.is_empty() {
        // Before 2025-06-18 a server signed people in itself.
        issuers.push(server.origin().ascii_serialization());
    }
    let scopes = about
        .get("scopes_supported")
        .and_then(Value::as_array)
        .map(|scopes| {
            let scopes = scopes.iter().filter_map(Value::as_str);
            scopes.collect::<Vec<_>>().join(" ")
        });
    let scope = parameter(challenge, "scope").or(scopes);
    let scope = scope.filter(|scope| !scope.is_empty() && scope.len() <= SCOPE_MAX);
    let mut why = String::new();
    for issuer in issuers {
        match about_issuer(exchange, &issuer).await {
            Ok(found) => {
                return Ok(Found {
                    resource,
                    scope,
                    ..found
                });
            }
            Err(error) => why = error,
        }
    }
    Err(why)
}

/// What the server says about itself, where it says to look or where it is usual.
async fn about_server(exchange: &Exchange, server: &Url, challenge: &str) -> Result<Value, String> {
    if let Some(address) = parameter(challenge, "resource_metadata") {
        return exchange.get(&address).await;
    }
    let mut usual = Vec::new();
    let path = server.path().trim_end_matches('/');
    if !path.is_empty() {
        usual.push(format!("/.well-known/oauth-protected-resource{path}"));
    }
    usual.push("/.well-known/oauth-protected-resource".to_owned());
    for path in usual {
        let address = format!("{}{path}", server.origin().ascii_serialization());
        if let Ok(about) = exchange.get(&address).await {
            return Ok(about);
        }
    }
    Ok(Value::Null)
}

/// What an authorization server says about itself.
async fn about_issuer(exchange: &Exchange, issuer: &str) -> Result<Found, String> {
    let url = Url::parse(issuer).map_err(|_| "it names no address to sign in at".to_owned())?;
    let origin = url.origin().ascii_serialization();
    let path = url.path().trim_end_matches('/');
    let mut usual = vec![
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{origin}/.well-known/openid-configuration{path}"),
    ];
    if !path.is_empty() {
        usual.push(format!("{origin}{path}/.well-known/openid-configuration"));
    }
    let mut why = String::new();
    for address in usual {
        match exchange.get(&address).await {
            Ok(about) => return read(exchange, issuer, &about),
            Err(error) => why = error,
        }
    }
    Err(format!("where to sign in cannot be found out: {why}"))
}

fn read(exchange: &Exchange, issuer: &str, about: &Value) -> Result<Found, String> {
    let needed = |name: &str| {
        text(about, name)
            .ok_or_else(|| format!("its authorization server does not tell its `{name}`"))
    };
    let told = needed("issuer")?;
    if told.trim_end_matches('/') != issuer.trim_end_matches('/') {
        return Err("its authorization server calls itself by another name".to_owned());
    }
    let methods = about
        .get("code_challenge_methods_supported")
        .and_then(Value::as_array);
    if !methods.is_some_and(|methods| methods.iter().any(|method| method == "S256")) {
        return Err("its authorization server does not support PKCE".to_owned());
    }
    let authorization = exchange.checked(&needed("authorization_endpoint")?)?;
    Ok(Found {
        names_issuer: about.get("authorization_response_iss_parameter_supported")
            == Some(&Value::Bool(true)),
        authorization_endpoint: authorization,
        token_endpoint: needed("token_endpoint")?,
        registration_endpoint: text(about, "registration_endpoint"),
        issuer: told,
        resource: String::new(),
        scope: None,
    })
}

/// Whether a name is the server's own: the same origin, and a path above or at the server's.
fn is_of(resource: &str, server: &Url) -> bool {
    let Ok(resource) = Url::parse(resource) else {
        return false;
    };
    let path = resource.path().trim_end_matches('/');
    resource.origin() == server.origin()
        && server
            .path()
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn text(about: &Value, name: &str) -> Option<String> {
    Some(about.get(name)?.as_str()?.to_owned())
}

/// A quoted parameter of `WWW-Authenticate`.
fn parameter(challenge: &str, name: &str) -> Option<String> {
    let mut rest = challenge;
    loop {
        let at = rest.find(name)?;
        let is_whole = rest[..at]
            .chars()
            .next_back()
            .is_none_or(|sign| sign == ' ' || sign == ',');
        rest = &rest[at + name.len()..];
        if let Some(value) = rest.strip_prefix("=\"").filter(|_| is_whole) {
            return Some(value[..value.find('"')?].to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read() {
        let challenge = r#"Bearer error="invalid_token", resource_metadata="https://a.test/.well-known/x", scope="read write""#;
        for (name, expected) in [
            ("resource_metadata", Some("https://a.test/.well-known/x")),
            ("scope", Some("read write")),
            ("metadata", None),
            ("realm", None),
        ] {
            assert_eq!(parameter(challenge, name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_server_goes_by_its_own_name_only() {
        let server = Url::parse("https://a.test/tools/mcp").unwrap();
        for (resource, expected) in [
            ("https://a.test/tools/mcp", true),
            ("https://a.test/tools/", true),
            ("https://a.test", true),
            ("https://a.test/too", false),
            ("https://a.test/other", false),
            ("https://b.test/tools/mcp", false),
            ("http://a.test/tools/mcp", false),
            ("https://a.test:8443/tools/mcp", false),
            ("urn:a", false),
        ] {
            assert_eq!(is_of(resource, &server), expected, "{resource}");
        }
    }
}
