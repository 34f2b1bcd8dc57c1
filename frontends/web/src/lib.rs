//! The web frontend: pages, routes and the event stream, over contract 2 alone.
//!
//! Knows the host through `anteroom-api` and the network through `anteroom-http`. It translates: what a request asks
//! becomes an op, a read or a following; nothing is decided here that another frontend would have to decide again.

mod assets;
mod stream;
