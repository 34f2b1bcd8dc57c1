//! The web frontend: pages, routes and the event stream, over contract 2 alone.
//!
//! Knows the host through `anteroom-api` and the network through `anteroom-http`. It translates: what a request asks
//! becomes an op, a read or a following; nothing is decided here that another frontend would have to decide again.
#![warn(missing_docs)]
#![cfg_attr(
    test,
    expect(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "a failed expectation is a failed test"
    )
)]

mod api;
mod assets;
mod media;
mod pages;
mod preview;
mod stream;
#[cfg(test)]
mod types;

use anteroom_http::Routes;
use std::sync::Arc;

/// What the program tells the pages of itself.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program's version.
    pub version: &'static str,
    /// The folder that new conversations work in where none is named: absolute.
    pub workspace: String,
    /// The user's home folder, to shorten paths by.
    pub home: Option<String>,
}

/// Everything this frontend serves, for [`anteroom_http::Server`].
#[must_use]
pub fn routes(options: Options) -> Routes {
    let options = Arc::new(options);
    let tickets = Arc::default();
    let routes = pages::add(Routes::new());
    let routes = preview::add(routes, &tickets);
    api::add(routes, &options, &tickets)
}
