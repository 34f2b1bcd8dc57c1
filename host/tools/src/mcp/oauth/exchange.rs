//! Requests to where a server says one signs in. It is the server that names these places, so they are looked at:
//! encrypted, on the public network or the server's own origin, without redirects, and short.

use super::discovery::Found;
use crate::mcp::clean;
use crate::net::{self, NoAddress, NoBody, address};
use reqwest::Url;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of an answer.
const ANSWER_MAX: usize = 256 << 10;

/// Who may be asked, and by whom.
pub(super) struct Exchange {
    /// The server's own address, which the user vouches for.
    server: Url,
}

/// Who we are to an authorization server.
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: Option<String>,
}

/// A token that was not given.
pub(super) struct Failure {
    pub(super) why: String,
    /// Whether it was refused, so that asking again changes nothing.
    pub(super) is_refusal: bool,
}

impl Exchange {
    pub(super) fn new(server: &Url) -> Self {
        Self {
            server: server.clone(),
        }
    }

    /// An address that a server named, if it may be used at all.
    pub(super) fn checked(&self, text: &str) -> Result<Url, String> {
        let url = Url::parse(text).map_err(|_| "it names something that is no address")?;
        let is_own = url.origin() == self.server.origin();
        let is_plain = url.scheme() != "https" && !(is_own && url.scheme() == "http");
        if is_plain || !url.username().is_empty() || url.password().is_some() {
            return Err(format!(
                "it names `{}`, which is not encrypted or holds a password",
                clean::line(text, 200)
            ));
        }
        Ok(url)
    }

    /// Reads a description.
    pub(super) async fn get(&self, text: &str) -> Result<Value, String> {
        let url = self.checked(text)?;
        let client = self.client(&url).await?;
        let answer = ask(client.get(url.clone()), &url).await?;
        if !answer.is_success {
            return Err(format!("`{url}` answered {}", answer.status));
        }
        Ok(answer.body)
    }

    /// Introduces us.
    pub(super) async fn register(&self, found: &Found, redirect: &str) -> Result<Client, String> {
        let Some(endpoint) = &found.registration_endpoint else {
            return Err("its authorization server lets no program introduce itself; ask its operator for a token, and put it into `headers`".to_owned());
        };
        let url = self.checked(endpoint)?;
        let about = json!({
            "client_name": "Anteroom",
            "redirect_uris": [redirect],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        });
        let client = self.client(&url).await?;
        let answer = ask(client.post(url.clone()).json(&about), &url).await?;
        let text = |name: &str| Some(answer.body.get(name)?.as_str()?.to_owned());
        match text("client_id") {
            Some(id) if answer.is_success => Ok(Client {
                id,
                secret: text("client_secret"),
            }),
            _ => Err(format!(
                "its authorization server does not take us: {}",
                answer.words()
            )),
        }
    }

    /// Asks for a token.
    pub(super) async fn token(
        &self,
        endpoint: &str,
        client: &Client,
        fields: &[(&str, &str)],
    ) -> Result<Value, Failure> {
        let failed = |why: String| Failure {
            why,
            is_refusal: false,
        };
        let url = self.checked(endpoint).map_err(failed)?;
        let mut form = url.clone();
        form.set_query(None);
        {
            let mut pairs = form.query_pairs_mut();
            pairs.extend_pairs(fields);
            pairs.append_pair("client_id", &client.id);
            if let Some(secret) = &client.secret {
                pairs.append_pair("client_secret", secret);
            }
        }
        let body = form.query().unwrap_or_default().to_owned();
        let http = self.client(&url).await.map_err(failed)?;
        let request = http
            .post(url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        let answer = ask(request, &url).await.map_err(failed)?;
        if answer.is_success {
            return Ok(answer.body);
        }
        Err(Failure {
            why: format!(
                "its authorization server gives no token: {}",
                answer.words()
            ),
            is_refusal: (400..500).contains(&answer.status) && answer.status != 429,
        })
    }

    /// A client for one host: its addresses are found once and looked at, and the connection goes to exactly those.
    async fn client(&self, url: &Url) -> Result<reqwest::Client, String> {
        let host = url.host_str().unwrap_or_default();
        let name = net::bare(host);
        let port = url.port_or_known_default().unwrap_or(443);
        let is_own = url.origin() == self.server.origin();
        let may_reach = |ip| is_own || address::is_public(ip);
        let found = net::addresses((name, port), TIMEOUT, may_reach).await;
        let found = found.map_err(|why| match why {
            NoAddress::NotFound(error) => format!("`{host}` could not be found: {error}"),
            NoAddress::Late => format!("`{host}` could not be found in time"),
            NoAddress::Refused => {
                format!("`{host}` lies in a private network, where a server may not send us")
            }
        })?;
        net::pinned(name, &found, TIMEOUT)
    }
}

/// What came back.
struct Answer {
    status: u16,
    is_success: bool,
    body: Value,
}

impl Answer {
    /// What an authorization server says of its refusal. What it says is from outside.
    fn words(&self) -> String {
        let said = ["error_description", "error"].iter().find_map(|name| {
            let said = self.body.get(*name)?.as_str()?;
            Some(clean::line(said, 200))
        });
        said.unwrap_or_else(|| format!("it answered {}", self.status))
    }
}

async fn ask(request: reqwest::RequestBuilder, url: &Url) -> Result<Answer, String> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let asking = async {
        let request = request.header(ACCEPT, "application/json");
        // What an error of the client says may hold the address with a code in it.
        let mut response = request.send().await.map_err(|_| "it cannot be reached")?;
        let status = response.status();
        let bytes = net::body(&mut response, ANSWER_MAX).await;
        let bytes = bytes.map_err(|why| match why {
            NoBody::TooLong => "it answers too much",
            NoBody::Broken(_) => "it broke off",
        })?;
        Ok(Answer {
            status: status.as_u16(),
            is_success: status.is_success(),
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
        })
    };
    let answer = timeout(TIMEOUT, asking)
        .await
        .unwrap_or(Err("it does not answer"));
    answer.map_err(|why| format!("`{host}`: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_sends_us_only_where_it_may() {
        let of = |server: &str| Exchange::new(&Url::parse(server).unwrap());
        let public = of("https://a.test/mcp");
        let local = of("http://127.0.0.1:8080/mcp");
        for (exchange, named, expected) in [
            (&public, "https://b.test/token", true),
            (&public, "http://a.test/token", false),
            (&public, "http://b.test/token", false),
            (&public, "file:///etc/passwd", false),
            (&public, "javascript:alert(1)", false),
            (&public, "https://u:p@b.test/", false),
            (&local, "http://127.0.0.1:8080/token", true),
            (&local, "http://127.0.0.1:22/token", false),
            (&local, "https://b.test/token", true),
        ] {
            assert_eq!(exchange.checked(named).is_ok(), expected, "{named}");
        }
    }

    #[tokio::test]
    async fn private_networks_are_not_looked_into() {
        let exchange = Exchange::new(&Url::parse("https://a.test/mcp").unwrap());
        for named in [
            "https://127.0.0.1/x",
            "https://169.254.169.254/latest/meta-data",
            "https://10.0.0.1/x",
            "https://[::1]/x",
        ] {
            let refused = exchange.get(named).await.unwrap_err();
            assert!(
                refused.contains("lies in a private network"),
                "{named}: {refused}"
            );
        }
    }
}
