//! One listener for whatever speaks HTTP: guards, sessions, limits, TLS, and a typed builder of routes.
//!
//! It knows the host by contract 2 alone and nothing of pages: what is served is registered with [`Routes`], where
//! each route says who may ask ([`access`]), what it takes and what it answers. Before a handler runs, a request has
//! passed, in this order: the list of hosts, method and size, origin, credential, content type ([`guard`]). Loopback
//! is not a trust boundary.
#![warn(missing_docs)]
#![cfg_attr(
    test,
    expect(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "a failed expectation is a failed test"
    )
)]

pub mod about;
pub mod access;
pub mod answer;
pub mod context;
pub mod failure;
pub mod guard;
mod handler;
mod headers;
pub mod input;
mod limits;
pub mod listen;
mod openapi;
mod param;
mod pipeline;
pub mod routes;
mod server;
pub mod session;
mod transport;

pub use about::{About, Policy};
pub use access::{Access, Bearer, Class, Keys, Public, Session};
pub use answer::{Accepted, Answer, Created, Download, Empty, Raw};
pub use axum::body::Body;
pub use axum::http;
pub use bytes::Bytes;
pub use context::{Caller, Context};
pub use failure::Failure;
pub use input::{Input, Json, NoQuery, Path, Query, Upload};
pub use listen::Listen;
pub use routes::{RouteInfo, Routes};
pub use server::{Bound, Server};
pub use session::invite;

#[cfg(test)]
mod tests;
