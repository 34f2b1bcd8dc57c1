//! What went wrong with a server, in words for people. What it said itself is cleaned and short.

use super::clean;
use rmcp::ServiceError;
use rmcp::model::ErrorData;
use rmcp::service::ClientInitializeError;
use std::error::Error;

/// Characters of what a server or a library says.
const SAID_CHARS: usize = 500;

/// A request that failed.
pub(super) fn of_request(error: &ServiceError) -> String {
    match error {
        ServiceError::McpError(error) => of_answer(error),
        ServiceError::TransportClosed => "the connection was lost".to_owned(),
        ServiceError::TransportSend(error) => of_transport(&*error.error),
        ServiceError::UnexpectedResponse => "it answered something else than was asked".to_owned(),
        ServiceError::Cancelled { .. } => "it was cancelled".to_owned(),
        ServiceError::Timeout { timeout } => {
            format!("it did not answer within {} s", timeout.as_secs())
        }
        other => clean::line(&other.to_string(), SAID_CHARS),
    }
}

/// An error a server answered.
pub(super) fn of_answer(error: &ErrorData) -> String {
    let said = clean::line(&error.message, SAID_CHARS);
    if said.is_empty() {
        format!("it answered with error {}", error.code.0)
    } else {
        said
    }
}

/// A connection that did not come to be.
pub(super) fn of_connecting(error: &ClientInitializeError) -> String {
    match error {
        ClientInitializeError::ConnectionClosed(_) => {
            "it ended the connection before it had answered".to_owned()
        }
        ClientInitializeError::JsonRpcError(error) => {
            format!("it refused the connection: {}", of_answer(error))
        }
        ClientInitializeError::TransportError { error, .. } => of_transport(&*error.error),
        ClientInitializeError::NoCompatibleProtocolVersion {
            server_supported, ..
        } => {
            let theirs: Vec<String> = server_supported
                .iter()
                .take(8)
                .map(|version| clean::line(&version.to_string(), 20))
                .collect();
            format!(
                "it speaks no version of the protocol that is spoken here; it speaks {}",
                theirs.join(", ")
            )
        }
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => of_connecting(fallback),
        _ => "it answered something else than the protocol wants".to_owned(),
    }
}

/// The innermost cause: what is around it names types.
fn of_transport(error: &(dyn Error + Send + Sync + 'static)) -> String {
    let mut innermost: &(dyn Error + 'static) = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    clean::line(&innermost.to_string(), SAID_CHARS)
}
