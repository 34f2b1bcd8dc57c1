//! The listener from outside: raw sockets against every route, with a host in memory behind it.

mod bodies;
mod document;
mod fake;
mod guards;
mod lasting;
mod proof;
mod scene;
mod sessions;
mod tls;
mod wire;
