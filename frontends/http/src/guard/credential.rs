//! Fourth guard: who asks. A cookie alone is nobody; a refusal never gives one.

use crate::access::Class;
use crate::guard::{cookie, only};
use crate::session::Sessions;
use crate::session::secret::Secret;
use crate::{Caller, Failure};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};

/// The header in which a tab shows its secret. No form and no image can send it, so it also says that the request is
/// the page's own.
pub(crate) const TAB: HeaderName = HeaderName::from_static("x-anteroom-tab");

/// Finds out who asks.
///
/// # Errors
/// 401, the same whatever was missing or wrong; 503 where the host cannot tell.
pub(crate) async fn check(
    parts: &Parts,
    class: &Class,
    sessions: &Sessions,
) -> Result<Caller, Failure> {
    match class {
        Class::Public => Ok(Caller::Nobody),
        Class::Session => {
            let cookie = cookie(&parts.headers, sessions.cookie_name()).and_then(Secret::parse);
            let tab = only(&parts.headers, &TAB).and_then(Secret::parse);
            let (Some(cookie), Some(tab)) = (cookie, tab) else {
                return Err(unauthenticated());
            };
            let session = sessions.find(&cookie, &tab).await?;
            session.map(Caller::Session).ok_or_else(unauthenticated)
        }
        Class::Bearer(_) => {
            let key = only(&parts.headers, &header::AUTHORIZATION)
                .and_then(|line| line.split_once(' '))
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                .map(|(_, key)| key.trim());
            let Some(key) = key.filter(|key| !key.is_empty()) else {
                return Err(no_key());
            };
            class.holder(key).await.map(Caller::Key).ok_or_else(no_key)
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
