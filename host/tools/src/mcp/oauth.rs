//! Signing in at a server that wants it: OAuth 2.1 with a code, PKCE, and a redirect to this machine.
//!
//! Shape: [`Tokens`] holds what signing in brought and renews it; [`begin`] answers the address a person opens, and
//! finishes by itself once their browser comes back. Nothing of it is ever logged. Sources: RFC 9728, 8414, 7591,
//! 7636, 8707, 9207.

mod discovery;
mod exchange;
mod redirect;
mod visits;

use super::ask::{Credentials, ServerHost};
use super::spec::ServerId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use discovery::Found;
use exchange::Exchange;
use redirect::Redirect;
use reqwest::Url;
use rustls::crypto::ring;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use visits::Visit;
pub(super) use visits::Visits;

/// How long a person may take to sign in.
const PATIENCE: Duration = Duration::from_secs(600);
/// A token is renewed this long before it ends.
const HEAD_START: Duration = Duration::from_secs(30);
/// Bytes of a token.
const TOKEN_MAX: usize = 16 << 10;

/// What signing in at one server brought.
pub(super) struct Tokens {
    id: ServerId,
    host: Arc<dyn ServerHost>,
    /// The server's address: a token is sent there and nowhere else.
    server: Url,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    is_loaded: bool,
    kept: Option<Kept>,
    /// Until when the token is good; none where nobody knows.
    good_until: Option<Instant>,
}

/// What is kept between runs.
#[derive(Clone)]
struct Kept {
    token_endpoint: String,
    client_id: String,
    client_secret: Option<String>,
    access_token: String,
    refresh_token: Option<String>,
}

/// A token, and how long it is good.
struct Granted {
    kept: Kept,
    lasts: Option<Duration>,
}

impl Tokens {
    pub(super) fn new(id: ServerId, host: Arc<dyn ServerHost>, server: Url) -> Self {
        Self {
            id,
            host,
            server,
            held: Mutex::default(),
        }
    }

    /// The token for the next request, if there is one. Renewed where it has to be.
    pub(super) async fn bearer(&self) -> Option<String> {
        let mut held = self.held.lock().await;
        if !held.is_loaded {
            held.is_loaded = true;
            let kept = self.host.credentials(self.id.clone()).await;
            held.kept = kept.and_then(|kept| Kept::read(&kept, &self.server));
            // How old it is nobody knows.
            held.good_until = Some(Instant::now());
        }
        let kept = held.kept.clone()?;
        let is_good = held
            .good_until
            .is_none_or(|until| until > Instant::now() + HEAD_START);
        if is_good || kept.refresh_token.is_none() {
            return Some(kept.access_token);
        }
        match self.renew(&kept).await {
            Ok(granted) => self.hold(&mut held, Some(granted)).await,
            Err(Renewal::Refused) => self.hold(&mut held, None).await,
            // The old one may still be good, and says so if it is not.
            Err(Renewal::Failed) => {}
        }
        held.kept.as_ref().map(|kept| kept.access_token.clone())
    }

    async fn renew(&self, kept: &Kept) -> Result<Granted, Renewal> {
        let Some(token) = &kept.refresh_token else {
            return Err(Renewal::Refused);
        };
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("resource", self.server.as_str()),
        ];
        let exchange = Exchange::new(&self.server);
        let answer = exchange
            .token(&kept.token_endpoint, &kept.client(), &fields)
            .await;
        let (is_refusal, answer) = match answer {
            Ok(answer) => (false, Some(answer)),
            Err(failure) => (failure.is_refusal, None),
        };
        let granted = answer.and_then(|answer| kept.renewed(&answer));
        granted.ok_or(if is_refusal {
            Renewal::Refused
        } else {
            Renewal::Failed
        })
    }

    async fn hold(&self, held: &mut Held, granted: Option<Granted>) {
        held.is_loaded = true;
        held.good_until = granted
            .as_ref()
            .and_then(|granted| Some(Instant::now() + granted.lasts?));
        held.kept = granted.map(|granted| granted.kept);
        let credentials = held.kept.as_ref().map(|kept| kept.write(&self.server));
        if let Err(why) = self
            .host
            .keep_credentials(self.id.clone(), credentials)
            .await
        {
            tracing::warn!(server = %self.id, why, "a sign-in could not be kept");
        }
    }
}

enum Renewal {
    /// The server takes it no more: somebody has to sign in again.
    Refused,
    Failed,
}

/// Begins to sign in. Answers the address a person has to open; `done` is told once they were there, and nothing where
/// a newer sign-in takes the place of this one.
///
/// # Errors
/// Why it cannot be done, in words.
pub(super) async fn begin(
    (tokens, visits): (Arc<Tokens>, &Arc<Visits>),
    challenge: &str,
    done: impl FnOnce(Result<(), String>) + Send + 'static,
) -> Result<String, String> {
    let mut visit = visits.begin(&tokens.id)?;
    tokio::select! {
        opened = open(&tokens, challenge) => {
            let (address, door) = opened?;
            tokio::spawn(awaited(tokens, visit, door, done));
            Ok(address)
        }
        () = visit.over() => Err("a newer sign-in took its place".to_owned()),
    }
}

/// What a browser comes back to.
struct Door {
    exchange: Exchange,
    found: Found,
    redirect: Redirect,
    client: exchange::Client,
    verifier: String,
    state: String,
}

/// Opens the door, and answers where a person has to go.
async fn open(tokens: &Tokens, challenge: &str) -> Result<(String, Door), String> {
    let exchange = Exchange::new(&tokens.server);
    let found = discovery::discover(&exchange, &tokens.server, challenge).await?;
    let redirect = Redirect::open().await?;
    let client = exchange.register(&found, redirect.address()).await?;
    let (verifier, state) = (random()?, random()?);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let mut address = found.authorization_endpoint.clone();
    {
        let mut query = address.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &client.id)
            .append_pair("redirect_uri", redirect.address())
            .append_pair("state", &state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("resource", &found.resource);
        if let Some(scope) = &found.scope {
            query.append_pair("scope", scope);
        }
    }
    let door = Door {
        exchange,
        found,
        redirect,
        client,
        verifier,
        state,
    };
    Ok((address.into(), door))
}

/// Waits at the door until somebody has come back, it took too long, or the visit is over.
async fn awaited(
    tokens: Arc<Tokens>,
    mut visit: Visit,
    door: Door,
    done: impl FnOnce(Result<(), String>),
) {
    let finished = tokio::time::timeout(PATIENCE, async {
        let issuer = door.found.issuer_to_expect();
        let came = door.redirect.wait(&door.state, issuer).await?;
        let came = (door.client, came);
        finish(&tokens, &door.exchange, &door.found, came, door.verifier).await
    });
    tokio::select! {
        finished = finished => {
            let late = || Err("nobody signed in in time".to_owned());
            done(finished.unwrap_or_else(|_| late()));
        }
        () = visit.over() => {}
    }
}

/// Turns the code into a token.
async fn finish(
    tokens: &Tokens,
    exchange: &Exchange,
    found: &Found,
    (client, came): (exchange::Client, redirect::Came),
    verifier: String,
) -> Result<(), String> {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", came.code.as_str()),
        ("redirect_uri", came.address.as_str()),
        ("code_verifier", verifier.as_str()),
        ("resource", found.resource.as_str()),
    ];
    let answer = exchange
        .token(&found.token_endpoint, &client, &fields)
        .await;
    let answer = answer.map_err(|failure| failure.why)?;
    let blank = Kept {
        token_endpoint: found.token_endpoint.clone(),
        client_id: client.id,
        client_secret: client.secret,
        access_token: String::new(),
        refresh_token: None,
    };
    let granted = blank
        .renewed(&answer)
        .ok_or("it gave no token that can be used")?;
    let mut held = tokens.held.lock().await;
    tokens.hold(&mut held, Some(granted)).await;
    Ok(())
}

impl Kept {
    /// The same with the token of an answer.
    fn renewed(&self, answer: &Value) -> Option<Granted> {
        let text = |name: &str| {
            let text = answer.get(name)?.as_str()?;
            let is_token = (1..=TOKEN_MAX).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_graphic());
            is_token.then(|| text.to_owned())
        };
        let kind = answer.get("token_type").and_then(Value::as_str);
        if kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return None;
        }
        let lasts = answer.get("expires_in").and_then(Value::as_u64);
        Some(Granted {
            kept: Self {
                access_token: text("access_token")?,
                refresh_token: text("refresh_token").or_else(|| self.refresh_token.clone()),
                ..self.clone()
            },
            lasts: lasts.map(|seconds| Duration::from_secs(seconds.min(10 * 365 * 86_400))),
        })
    }

    fn client(&self) -> exchange::Client {
        exchange::Client {
            id: self.client_id.clone(),
            secret: self.client_secret.clone(),
        }
    }

    fn write(&self, server: &Url) -> Credentials {
        let text = json!({
            "server": server.as_str(),
            "token_endpoint": self.token_endpoint,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
        });
        Credentials(text.to_string())
    }

    /// What was kept for this address; for another one it is nothing.
    fn read(kept: &Credentials, server: &Url) -> Option<Self> {
        let kept: Value = serde_json::from_str(&kept.0).ok()?;
        let text = |name: &str| Some(kept.get(name)?.as_str()?.to_owned());
        if text("server")? != server.as_str() {
            return None;
        }
        Some(Self {
            token_endpoint: text("token_endpoint")?,
            client_id: text("client_id")?,
            client_secret: text("client_secret"),
            access_token: text("access_token")?,
            refresh_token: text("refresh_token"),
        })
    }
}

/// A text that nobody can guess.
fn random() -> Result<String, String> {
    let mut bytes = [0; 32];
    let filled = ring::default_provider().secure_random.fill(&mut bytes);
    filled.map_err(|_| "there is no randomness")?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
