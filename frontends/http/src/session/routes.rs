//! Routes about sessions: opening one, letting another tab in, listing, ending.

use crate::guard::credential;
use crate::limits;
use crate::pipeline::Site;
use crate::session::pass::{self, Name};
use crate::session::secret::Secret;
use crate::{About, Context, Created, Empty, Failure, Json, Path, Public, Raw, Routes, Session};
use anteroom_api::{Password, ProblemCode, SessionId, SessionOp, SessionView, SessionWay};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Weak};
use std::time::Instant;

/// The cookie is taken away when the session cannot live any longer, whatever the settings say then.
const LONGEST_SECONDS: i64 = 400 * 24 * 3600;
/// What a stranger's body may have: a token, or a password of a thousand bytes however it is escaped.
const STRANGERS_BYTES: usize = 16 * 1024;
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// A launch link's token.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Launch {
    /// What stands behind `#launch=`.
    launch: String,
}

/// A password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Typed {
    /// As it was typed.
    password: Password,
}

/// A session that was just opened.
#[derive(Serialize, JsonSchema)]
struct Opened {
    /// The secret of this tab, for the header `X-Anteroom-Tab` of every request.
    tab: String,
    /// The session.
    session: SessionId,
}

/// Another tab's secret.
#[derive(Serialize, JsonSchema)]
struct Tab {
    /// For the header `X-Anteroom-Tab`.
    tab: String,
}

/// What a page asks before it goes on speaking to whoever answers here.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Doubted {
    /// The name of its tab, which tells nothing of its secret.
    tab: String,
    /// A number nobody knew before: 256 random bits.
    nonce: String,
}

/// The answer of whoever knows the tab.
#[derive(Serialize, JsonSchema)]
struct Proven {
    /// What passes for this server are made with.
    boot: String,
    /// HMAC-SHA256 in hex, by what the host keeps of the tab, of the address, `boot` and `nonce`.
    proof: String,
}

/// A browser that is signed in.
#[derive(Serialize, JsonSchema)]
struct SessionEntry {
    /// The session.
    #[serde(flatten)]
    session: SessionView,
    /// Whether it is the one that asks.
    is_current: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Named {
    /// The session.
    id: SessionId,
}

/// Where handlers find the sessions: the listener is made after the routes.
pub(crate) type Late = Arc<std::sync::OnceLock<Weak<Site>>>;

fn site(late: &Late) -> Result<Arc<Site>, Failure> {
    let found = late.get().and_then(Weak::upgrade);
    found.ok_or_else(|| {
        Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "internal",
            "the server is ending",
            "start it again",
        )
    })
}

/// Adds the routes about sessions.
pub(crate) fn add(routes: Routes, late: &Late) -> Routes {
    let (launch, password, end) = (late.clone(), late.clone(), late.clone());
    let proof = late.clone();
    routes
        .post(
            Public,
            "/api/session",
            About::new("open_session", "Opens a session with a launch link's token")
                .body_limit(STRANGERS_BYTES)
                .door(),
            move |cx: Context, Json(body): Json<Launch>| {
                let late = launch.clone();
                async move {
                    let token = Secret::parse(&body.launch).ok_or_else(denied)?;
                    let way = SessionWay::Launch { hash: token.hash() };
                    let site = site(&late)?;
                    // In turn, or one who tries in vain all the time would hold up everybody.
                    let _turn = site.alone.acquire().await;
                    open(&cx, &site, way).await
                }
            },
        )
        .post(
            Public,
            "/api/session/password",
            About::new(
                "open_session_with_password",
                "Opens a session with the password",
            )
            .body_limit(STRANGERS_BYTES)
            .costly(),
            move |cx: Context, Json(body): Json<Typed>| {
                let late = password.clone();
                async move {
                    let site = site(&late)?;
                    let now = Instant::now();
                    let peer = limits::peer(cx.peer);
                    let few = site.sessions.passwords.take(&peer, now);
                    few.and_then(|()| site.sessions.all_passwords.take(&(), now))
                        .map_err(limits::too_often)?;
                    let password = body.password;
                    open(&cx, &site, SessionWay::Password { password }).await
                }
            },
        )
        .post(
            Public,
            "/api/session/proof",
            About::new(
                "session_proof",
                "Proves to a tab that this is the server that signed it in",
            )
            .body_limit(STRANGERS_BYTES)
            .door(),
            move |cx: Context, Json(body): Json<Doubted>| {
                let late = proof.clone();
                async move { prove(&cx, &*site(&late)?, body).await }
            },
        )
        .post(
            Session,
            "/api/session/tabs",
            About::new("open_tab", "Makes a secret for another tab of this browser"),
            |cx: Context| async move { tab(&cx).await },
        )
        .delete(
            Session,
            "/api/session",
            About::new("end_session", "Signs this browser out"),
            move |cx: Context| {
                let late = end.clone();
                async move { sign_out(&cx, &*site(&late)?).await }
            },
        )
        .get(
            Session,
            "/api/sessions",
            About::new(
                "sessions",
                "Browsers that are signed in, the last used first",
            ),
            |cx: Context| async move { list(&cx).await },
        )
        .delete(
            Session,
            "/api/sessions",
            About::new("end_sessions", "Signs every browser out, this one included"),
            |cx: Context| async move {
                cx.host.submit(SessionOp::EndAll).await?;
                Ok::<_, Failure>(Empty)
            },
        )
        .delete(
            Session,
            "/api/sessions/{id}",
            About::new("end_one_session", "Signs one browser out"),
            |cx: Context, Path(Named { id })| async move {
                cx.host.submit(SessionOp::End { session: id }).await?;
                Ok::<_, Failure>(Empty)
            },
        )
}

async fn open(cx: &Context, site: &Site, way: SessionWay) -> Result<Raw, Failure> {
    let (cookie, tab) = (Secret::new()?, Secret::new()?);
    let before = current(cx, site).await;
    let opened = cx.host.submit(SessionOp::Open {
        way,
        cookie_hash: site.sessions.cookie_hash(&cookie),
        tab_hash: tab.hash(),
        label: label(cx.header(&header::USER_AGENT).unwrap_or_default()),
        place: site.sessions.place().map(str::to_owned),
    });
    let session = opened.await.map_err(|rejection| match rejection.0.code {
        ProblemCode::Denied => {
            if site.noted.take(&(), Instant::now()).is_ok() {
                tracing::warn!(peer = %cx.peer, "a browser was not let in");
            }
            Failure::from(rejection).status(StatusCode::UNAUTHORIZED)
        }
        _ => rejection.into(),
    })?;
    tracing::info!(peer = %cx.peer, session = %SessionId::from(session), "a browser signed in");
    if let Some(session) = before {
        cx.host.submit(SessionOp::End { session }).await?;
        site.sessions.forget(session);
    }
    let body = Opened {
        tab: tab.expose().to_owned(),
        session: session.into(),
    };
    let line = site
        .sessions
        .set_cookie(Some((cookie.expose(), LONGEST_SECONDS)));
    let line = HeaderValue::try_from(line).map_err(|_| denied())?;
    let bytes = serde_json::to_vec(&body).map_err(|_| denied())?;
    Ok(Raw::new("application/json", bytes)
        .status(StatusCode::CREATED)
        .header(header::SET_COOKIE, line))
}

/// The session that this browser has already: a new one takes its place.
async fn current(cx: &Context, site: &Site) -> Option<SessionId> {
    let found = credential::session(&cx.head.headers, &cx.head.authority, &site.sessions).await;
    found.ok().flatten().map(|(session, _)| session)
}

async fn prove(cx: &Context, site: &Site, body: Doubted) -> Result<Proven, Failure> {
    let sessions = &site.sessions;
    let cookie = cx.cookie(sessions.cookie_name()).and_then(Secret::parse);
    let name = Name::parse(&body.tab);
    let nonce = Secret::parse(&body.nonce);
    let (Some(cookie), Some(name), Some(nonce)) = (cookie, name, nonce) else {
        return Err(credential::unauthenticated());
    };
    let hash = sessions.tab_hash(&cookie, &name.0).await?;
    let hash = hash.ok_or_else(credential::unauthenticated)?;
    let boot = sessions.boot();
    Ok(Proven {
        proof: pass::proof(&hash, &cx.head.authority, boot, nonce.expose()),
        boot: boot.to_owned(),
    })
}

async fn tab(cx: &Context) -> Result<Created<Tab>, Failure> {
    let tab = Secret::new()?;
    let op = SessionOp::Tab {
        session: cx.session()?,
        tab_hash: tab.hash(),
    };
    cx.host.submit(op).await?;
    let tab = tab.expose().to_owned();
    Ok(Created(Tab { tab }))
}

async fn sign_out(cx: &Context, site: &Site) -> Result<Raw, Failure> {
    let session = cx.session()?;
    cx.host.submit(SessionOp::End { session }).await?;
    site.sessions.forget(session);
    let line = HeaderValue::try_from(site.sessions.set_cookie(None)).map_err(|_| denied())?;
    Ok(Raw::new("application/json", "null")
        .header(header::SET_COOKIE, line)
        .header(
            CLEAR_SITE_DATA,
            HeaderValue::from_static("\"cache\", \"storage\""),
        ))
}

async fn list(cx: &Context) -> Result<Vec<SessionEntry>, Failure> {
    let current = cx.session()?;
    let sessions = cx.host.read().sessions().await?;
    let entries = sessions.into_iter().map(|session| SessionEntry {
        is_current: session.id == current,
        session,
    });
    Ok(entries.collect())
}

fn denied() -> Failure {
    Failure::new(
        StatusCode::UNAUTHORIZED,
        "denied",
        "this link is used up or too old",
        "run `aroom web --print-url` for a fresh one",
    )
}

/// What a browser calls itself, as a person would say it.
fn label(agent: &str) -> String {
    let browsers = [
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |list: &[(&str, &'static str)]| {
        let found = list.iter().find(|(mark, _)| agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    match (find(&browsers), find(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => "another program".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn browsers_are_named_as_people_name_them() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";
        assert_eq!(label(chrome), "Chrome on Linux");
        let safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15";
        assert_eq!(label(safari), "Safari on macOS");
        assert_eq!(label("curl/8.0\u{1b}[2J"), "another program");
    }
}
