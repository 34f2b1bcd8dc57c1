//! A request's body that tells how far it has been sent.

use bytes::Bytes;
use futures_util::stream;
use reqwest::Body;
use tokio::sync::watch;

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// No connection yet.
    Nothing,
    /// The connection takes the body.
    Partly,
    /// The connection has the whole body.
    Whole,
}

const PIECE: usize = 64 * 1024;

/// A body in pieces, and the place where its progress can be watched.
///
/// The pieces are asked for one by one as the connection has room. The length must be told in
/// `Content-Length`, or the body would go out chunked, which some servers do not read.
pub(crate) fn upload(bytes: Bytes) -> (Body, watch::Receiver<Sent>) {
    let (progress, watched) = watch::channel(Sent::Nothing);
    let pieces = stream::unfold((bytes, progress), |(mut rest, progress)| async move {
        if rest.is_empty() {
            progress.send_replace(Sent::Whole);
            return None;
        }
        let piece = rest.split_to(rest.len().min(PIECE));
        // With a known length nobody asks for the end after the last piece.
        progress.send_replace(if rest.is_empty() {
            Sent::Whole
        } else {
            Sent::Partly
        });
        Some((Ok::<_, std::convert::Infallible>(piece), (rest, progress)))
    });
    (Body::wrap_stream(pieces), watched)
}
