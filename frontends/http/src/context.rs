//! What a handler is given besides its input.

use crate::Failure;
use crate::guard;
use anteroom_api::{HostHandle, SessionId, Stop};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, Uri};
use serde_json::Value;
use std::net::IpAddr;
use std::sync::Arc;

/// Who asks, as the guards found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nobody in particular: a public route.
    Nobody,
    /// A browser that is signed in.
    Session(SessionId),
    /// A program with a key, by the key's name.
    Key(String),
}

/// One request, after all guards.
#[derive(Clone)]
pub struct Context {
    /// The host.
    pub host: HostHandle,
    /// Raised when the server is about to end; a stream says so to its reader and ends.
    pub stop: Stop,
    /// Who asks.
    pub caller: Caller,
    /// Where from.
    pub peer: IpAddr,
    pub(crate) head: Arc<Head>,
    pub(crate) document: Arc<std::sync::OnceLock<Value>>,
}

/// The parts of a request that stay readable while its body is taken.
pub(crate) struct Head {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    /// The name and port it was asked for by, which is one of ours.
    pub(crate) authority: String,
    pub(crate) is_tls: bool,
}

impl Head {
    pub(crate) fn of(parts: &Parts, authority: String, is_tls: bool) -> Self {
        Self {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
            authority,
            is_tls,
        }
    }
}

impl Context {
    /// The session that asks.
    ///
    /// # Errors
    /// 401 on a route that is not registered with [`crate::Session`].
    pub fn session(&self) -> Result<SessionId, Failure> {
        match &self.caller {
            Caller::Session(session) => Ok(*session),
            Caller::Nobody | Caller::Key(_) => Err(guard::credential::unauthenticated()),
        }
    }

    /// A header's text; none if it is not there, there twice, or not text.
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        guard::only(&self.head.headers, name)
    }

    /// A cookie's value; none if it is not there, or there twice.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        guard::cookie(&self.head.headers, name)
    }

    /// The method; a HEAD is answered by the handler of GET, and its body dropped.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.head.method
    }

    /// The path as it was asked for, still encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        self.head.uri.path()
    }

    /// Whether the request came over TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.head.is_tls
    }

    /// The OpenAPI document of everything that is served.
    #[must_use]
    pub fn openapi(&self) -> Value {
        self.document.get().cloned().unwrap_or_default()
    }
}
