//! Refusals that are heard: a peer that is still sending reads no answer, and a connection closed on it is reset.

use crate::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Version, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt, future, stream};
use http_body_util::BodyExt;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::Instant;

/// What is thrown away of a body nobody wants, for how long, and for how long nothing of it may come.
const BYTES: usize = 64 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);
const PIECE_PATIENCE: Duration = Duration::from_millis(250);

/// The refusal first; then the rest of the body is thrown away piece by piece while the answer stays open, so that the
/// peer gets to read it. Afterwards the connection is closed. In HTTP/2 a stream is simply reset.
pub(crate) fn refuse(mut response: Response, parts: &Parts, body: Body) -> Response {
    if http_body::Body::is_end_stream(&body) || parts.version == Version::HTTP_2 {
        return response;
    }
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    if parts.headers.contains_key(header::EXPECT) || parts.version != Version::HTTP_11 {
        // It waits for our word before it sends, or could not tell the end of an answer without a length.
        return response;
    }
    let until = Instant::now() + PATIENCE;
    response.map(|answer| {
        let answer = answer
            .into_data_stream()
            .map(|piece| piece.unwrap_or_default());
        let thrown = stream::unfold((body, 0), move |(mut body, so_far)| async move {
            let by = until.min(Instant::now() + PIECE_PATIENCE);
            let frame = tokio::time::timeout_at(by, body.frame())
                .await
                .ok()??
                .ok()?;
            let so_far = so_far + frame.data_ref().map_or(0, Bytes::len);
            (so_far <= BYTES).then_some((Bytes::new(), (body, so_far)))
        });
        let thrown = thrown.filter(|piece| future::ready(!piece.is_empty()));
        Body::from_stream(answer.chain(thrown).map(Ok::<Bytes, Infallible>))
    })
}
