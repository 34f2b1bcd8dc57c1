//! Fourth guard: who asks. A cookie alone is nobody; a refusal never gives one.

use crate::access::Class;
use crate::guard::{cookie, only};
use crate::session::Sessions;
use crate::session::pass::Shown;
use crate::session::secret::Secret;
use crate::{Caller, Failure};
use anteroom_api::SessionId;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// The header in which a tab shows its secret or a pass. No form and no image can send it, so it also says that the request is
/// the page's own.
pub(crate) const TAB: HeaderName = HeaderName::from_static("x-anteroom-tab");

/// The secrets of a session, its cookie's and a tab's.
pub(crate) type Secrets = (Secret, Secret);

/// What a request shows of a session, as it was sent.
pub(crate) fn shown(headers: &HeaderMap, sessions: &Sessions) -> Option<(Secret, Shown)> {
    let cookie = cookie(headers, sessions.cookie_name()).and_then(Secret::parse);
    let tab = only(headers, &TAB).and_then(Shown::parse);
    cookie.zip(tab)
}

/// The session that a request shows, and its secrets.
///
/// # Errors
/// The host cannot tell.
pub(crate) async fn session(
    headers: &HeaderMap,
    authority: &str,
    sessions: &Sessions,
) -> Result<Option<(SessionId, Secrets)>, Failure> {
    let Some((cookie, shown)) = shown(headers, sessions) else {
        return Ok(None);
    };
    let Some(tab) = sessions.unmask(&cookie, shown, authority).await? else {
        return Ok(None);
    };
    let session = sessions.find(&cookie, &tab).await?;
    Ok(session.map(|session| (session, (cookie, tab))))
}

/// Finds out who asks, by which secrets if it is a session.
///
/// # Errors
/// 401, the same whatever was missing or wrong; 503 where the host cannot tell.
pub(crate) async fn check(
    parts: &Parts,
    authority: &str,
    class: &Class,
    sessions: &Sessions,
) -> Result<(Caller, Option<Secrets>), Failure> {
    match class {
        Class::Public => Ok((Caller::Nobody, None)),
        Class::Session => {
            let found = session(&parts.headers, authority, sessions).await?;
            let (session, secrets) = found.ok_or_else(unauthenticated)?;
            Ok((Caller::Session(session), Some(secrets)))
        }
        Class::Bearer(_) => {
            let key = only(&parts.headers, &header::AUTHORIZATION)
                .and_then(|line| line.split_once(' '))
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                .map(|(_, key)| key.trim());
            let Some(key) = key.filter(|key| !key.is_empty()) else {
                return Err(no_key());
            };
            let holder = class.holder(key).await.ok_or_else(no_key)?;
            Ok((Caller::Key(holder), None))
        }
    }
}

pub(crate) fn unauthenticated() -> Failure {
    Failure::new(
        StatusCode::UNAUTHORIZED,
        "unauthenticated",
        "this browser is not signed in",
        "run `aroom web --print-url` and open the link it prints",
    )
    .header(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Anteroom-Session"),
    )
}

fn no_key() -> Failure {
    Failure::new(
        StatusCode::UNAUTHORIZED,
        "unauthenticated",
        "a key is needed",
        "send it as `Authorization: Bearer KEY`",
    )
    .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}
