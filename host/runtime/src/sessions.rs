//! Web sessions: launch tokens, passwords, and how long a browser stays signed in.
//!
//! Knows hashes of secrets and one password for as long as it is compared; knows nothing of cookies or requests.

use crate::config;
use crate::engine::Engine;
use crate::host::Port;
use crate::live;
use anteroom_api::{
    Event, OpId, Password, Problem, ProblemCode, SessionEvent, SessionHow, SessionId, SessionOp,
    SessionView, SessionWay, Topic,
};
use anteroom_storage::{NewSession, SessionSpan};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use serde_json::Value;
use std::sync::Arc;

/// Characters of what a browser calls itself, and of where a listener is.
const LABEL_CHARS: usize = 120;
/// Signs of a SHA-256 in hex.
const HASH_SIGNS: usize = 64;
/// A use is written down this long after the one before, milliseconds: each page asks many times a minute.
const USED_EVERY_MS: i64 = 3 * 60_000;
/// Fewest characters of a password.
const PASSWORD_CHARS: usize = 12;
/// Most bytes of one, so that comparing costs what it costs.
const PASSWORD_BYTES: usize = 1024;
/// Where its hash is kept.
const PASSWORD_KEY: &str = "app.password_hash";

const HOUR_MS: i64 = 3_600_000;

/// Wishes about web sessions.
pub(crate) async fn take(port: &Port, id: OpId, op: SessionOp) -> Result<(), Problem> {
    let engine = &port.engine;
    let (storage, now) = (&engine.storage, engine.ambient.now());
    match op {
        SessionOp::Invite { hash } => Ok(storage.invite(hashed(hash)?, now).await?),
        SessionOp::Open {
            way,
            cookie_hash,
            tab_hash,
            label,
            place,
        } => {
            let new = NewSession {
                id: id.into(),
                launch: let_in(engine, way).await?,
                cookie: hashed(cookie_hash)?,
                tab: hashed(tab_hash)?,
                label: label_of(&label),
                place: place.map(|place| label_of(&place)),
            };
            let opened = storage.open_session(new, (now, span(engine))).await?;
            let session = opened.ok_or_else(no_launch)?;
            tell(port, id, SessionEvent::Opened { session }).await
        }
        SessionOp::Tab { session, tab_hash } => {
            let tab = (session, hashed(tab_hash)?);
            match storage.add_session_tab(tab, (now, span(engine))).await? {
                true => Ok(()),
                false => Err(ended()),
            }
        }
        SessionOp::Attend { place, is_new } => {
            let place = (label_of(&place), is_new);
            let ended = storage.attend_place(place, now).await?;
            tell_ended(port, id, ended).await
        }
        SessionOp::Used { session } => {
            let found = storage.session(session, (now, span(engine))).await?;
            let found = found.ok_or_else(ended)?;
            match now >= found.used_at.plus(USED_EVERY_MS) {
                true => Ok(storage.use_session(session, now).await?),
                false => Ok(()),
            }
        }
        SessionOp::End { session } => match storage.end_session(session).await? {
            true => tell(port, id, SessionEvent::Ended { session }).await,
            false => Ok(()),
        },
        SessionOp::EndAll => end(port, id, None).await,
        SessionOp::SetPassword { password } => set_password(port, id, password).await,
    }
}

/// The session of two hashes, if there is one.
pub(crate) async fn by(
    engine: &Engine,
    cookie: String,
    tab: String,
) -> Result<Option<SessionView>, Problem> {
    let moment = (engine.ambient.now(), span(engine));
    Ok(engine.storage.session_by((cookie, tab), moment).await?)
}

/// The hashes of the tabs of a cookie's session.
pub(crate) async fn tabs(engine: &Engine, cookie: String) -> Result<Vec<String>, Problem> {
    let moment = (engine.ambient.now(), span(engine));
    Ok(engine.storage.session_tabs(cookie, moment).await?)
}

/// All living sessions.
pub(crate) async fn all(engine: &Engine) -> Result<Vec<SessionView>, Problem> {
    let moment = (engine.ambient.now(), span(engine));
    Ok(engine.storage.sessions(moment).await?)
}

/// How long sessions last, as it is set now.
pub(crate) fn span(engine: &Engine) -> SessionSpan {
    let settings = engine.settings();
    SessionSpan {
        idle_ms: i64::from(settings.app.session_idle) * HOUR_MS,
        whole_ms: i64::from(settings.app.session_days) * 24 * HOUR_MS,
    }
}

/// The launch token that is to be used up, or none where the password was right.
async fn let_in(engine: &Arc<Engine>, way: SessionWay) -> Result<Option<String>, Problem> {
    match way {
        SessionWay::Launch { hash } => hashed(hash).map(Some),
        SessionWay::Password { password } => check(engine, password).await.map(|()| None),
    }
}

async fn check(engine: &Arc<Engine>, password: Password) -> Result<(), Problem> {
    let settings = engine.settings();
    let Some(kept) = settings.app.password_hash.clone() else {
        return Err(
            Problem::new(ProblemCode::Denied, "no password is set for the web page")
                .hint("open it with `aroom web`, or set one with `aroom password`"),
        );
    };
    if password.expose().len() > PASSWORD_BYTES {
        return Err(wrong());
    }
    // One at a time: each takes memory and time on purpose, and whoever guesses is to have no more of it.
    let _alone = engine.passwords.lock().await;
    let compared = tokio::task::spawn_blocking(move || {
        let hash = PasswordHash::new(kept.expose()).map_err(|error| {
            Problem::new(
                ProblemCode::InvalidConfig,
                format!("`{PASSWORD_KEY}` is no hash of a password"),
            )
            .cause(error)
            .hint("set it with `aroom password`")
        })?;
        let compared = Argon2::default().verify_password(password.expose().as_bytes(), &hash);
        compared.map_err(|_| wrong())
    });
    compared.await.map_err(failed)?
}

async fn set_password(port: &Port, id: OpId, password: Option<Password>) -> Result<(), Problem> {
    let file = port.live.sources().home.join(config::FILE_NAME);
    let value = match password {
        None => None,
        Some(password) => Some(Value::from(hash(&port.engine, password).await?)),
    };
    config::change(&file, PASSWORD_KEY, value.as_ref())?;
    live::changed_by(port, id, PASSWORD_KEY.to_owned()).await?;
    end(port, id, Some(SessionHow::Password)).await
}

async fn hash(engine: &Engine, password: Password) -> Result<String, Problem> {
    let (chars, bytes) = (password.expose().chars().count(), password.expose().len());
    if chars < PASSWORD_CHARS || bytes > PASSWORD_BYTES {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("a password has {PASSWORD_CHARS} characters at least"),
        )
        .hint("several words in a row are easy to remember and hard to guess"));
    }
    let salt: [u8; 16] = engine.ambient.random_bytes()?;
    let hashed = tokio::task::spawn_blocking(move || {
        let hash: Result<PasswordHash, _> =
            Argon2::default().hash_password_with_salt(password.expose().as_bytes(), &salt);
        hash.map(|hash| hash.to_string())
    });
    hashed.await.map_err(failed)?.map_err(failed)
}

/// Ends the sessions that were opened so, or all, and tells each.
async fn end(port: &Port, id: OpId, how: Option<SessionHow>) -> Result<(), Problem> {
    let ended = port.engine.storage.end_sessions(how).await?;
    tell_ended(port, id, ended).await
}

async fn tell_ended(port: &Port, id: OpId, ended: Vec<SessionId>) -> Result<(), Problem> {
    if ended.is_empty() {
        return Ok(());
    }
    let events = ended
        .into_iter()
        .map(|session| Event::Session(SessionEvent::Ended { session }))
        .collect();
    port.engine
        .bus
        .publish(Topic::Host, Some(id), events)
        .await?;
    Ok(())
}

async fn tell(port: &Port, id: OpId, event: SessionEvent) -> Result<(), Problem> {
    port.tell(Topic::Host, id, Event::Session(event)).await
}

fn hashed(hash: String) -> Result<String, Problem> {
    let is_hex = |sign: u8| matches!(sign, b'0'..=b'9' | b'a'..=b'f');
    if hash.len() == HASH_SIGNS && hash.bytes().all(is_hex) {
        return Ok(hash);
    }
    Err(Problem::new(
        ProblemCode::InvalidInput,
        "a secret's hash is a SHA-256 in lower-case hex",
    ))
}

fn label_of(label: &str) -> String {
    let shown = label.chars().filter(|sign| !sign.is_control());
    shown
        .take(LABEL_CHARS)
        .collect::<String>()
        .trim()
        .to_owned()
}

fn no_launch() -> Problem {
    Problem::new(
        ProblemCode::Denied,
        "this link was used already, is older than a minute, or was never made here",
    )
    .hint("`aroom web` makes a new one")
}

fn wrong() -> Problem {
    Problem::new(ProblemCode::Denied, "the password is wrong")
        .hint("`aroom web` opens the page without one, on the machine it runs on")
}

fn ended() -> Problem {
    Problem::new(ProblemCode::Denied, "this session has ended").hint("sign in again")
}

fn failed(error: impl std::fmt::Display) -> Problem {
    Problem::new(ProblemCode::Internal, "the password could not be processed").cause(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hashes_are_taken() {
        let hash = "0123456789abcdef".repeat(4);
        assert_eq!(hashed(hash.clone()).unwrap(), hash);
        let cases = [
            String::new(),
            hash.to_uppercase(),
            hash[1..].to_owned(),
            format!("{hash}0"),
            "g".repeat(64),
            "é".repeat(32),
        ];
        for wrong in cases {
            assert!(hashed(wrong.clone()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_label_is_one_short_line() {
        assert_eq!(
            label_of(" Chromium\n on\u{1b}[2J Linux "),
            "Chromium on[2J Linux"
        );
        assert_eq!(label_of(&"x".repeat(500)).len(), LABEL_CHARS);
    }
}
