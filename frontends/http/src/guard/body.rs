//! What a request carries: how much, before anything is read, and of which kind, before a handler reads it.

use crate::Failure;
use crate::guard::only;
use crate::input::{Takes, too_large};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};

/// What a body may have where a route says nothing else.
pub(crate) const LIMIT: usize = 15 * 1024 * 1024;

/// Refuses a body that says it is too large. One that does not say is counted while it is read.
///
/// # Errors
/// 413; 400 for a length that is none.
pub(crate) fn check_size(parts: &Parts, limit: usize) -> Result<(), Failure> {
    if !parts.headers.contains_key(header::CONTENT_LENGTH) {
        return Ok(());
    }
    let length = only(&parts.headers, &header::CONTENT_LENGTH)
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse::<u64>().ok());
    match length {
        Some(length) if length <= limit as u64 => Ok(()),
        Some(_) => Err(too_large(limit)),
        None => Err(Failure::new(
            StatusCode::BAD_REQUEST,
            "invalid_input",
            "the length of the body is no length",
            "send one `Content-Length`, in digits",
        )),
    }
}

/// Refuses a body of another kind than the route takes. A browser sends the kinds it may send to strangers without
/// asking them first as text or forms; none of those is ever taken.
///
/// # Errors
/// 415.
pub(crate) fn check_kind(
    parts: &Parts,
    takes: Takes,
    accepts: Option<&'static str>,
    has_body: bool,
) -> Result<(), Failure> {
    let wanted = match takes {
        Takes::Nothing if !has_body => return Ok(()),
        Takes::Nothing => return Err(unsupported("this route takes no body".to_owned())),
        Takes::Json => "application/json",
        Takes::Bytes => accepts.unwrap_or("application/octet-stream"),
    };
    let given = only(&parts.headers, &header::CONTENT_TYPE).unwrap_or_default();
    let mut pieces = given.split(';').map(str::trim);
    let is_wanted = pieces
        .next()
        .is_some_and(|media| media.eq_ignore_ascii_case(wanted));
    let is_utf8 =
        pieces.all(|piece| piece.is_empty() || piece.eq_ignore_ascii_case("charset=utf-8"));
    if is_wanted && is_utf8 {
        Ok(())
    } else {
        Err(unsupported(format!("this route takes `{wanted}`")))
    }
}

fn unsupported(message: String) -> Failure {
    Failure::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        message,
        "set `Content-Type` to what the route takes",
    )
}
