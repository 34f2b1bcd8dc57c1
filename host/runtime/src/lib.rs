//! The runtime: the agent loop and what surrounds it, where the rest of the host meets.
//!
//! Knows all of `host/`; knows no frontend and no built-in tool by name.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "tests fail by panicking"
    )
)]

mod agent;
pub mod ambient;
mod approvals;
mod audit;
mod bundles;
mod bus;
mod canvases;
mod checkpoints;
pub mod config;
mod conversation;
mod database;
mod doctor;
mod endings;
mod engine;
mod filing;
mod forwarding;
mod hex;
mod hooks;
mod host;
pub mod identity;
mod live;
pub mod logs;
mod markdown;
mod masking;
mod mcp;
mod modules;
mod neighbors;
mod paths;
mod reads;
mod recovery;
mod rules;
mod sandbox;
mod servers;
mod sessions;
#[cfg(test)]
#[path = "../../../tests/support/settled.rs"]
mod settled;
mod skills;
mod standing;
mod texts;
mod tool_secrets;
mod trust;
mod wiring;

pub use ambient::Ambient;
pub use config::FlagValue;
pub use host::{Host, HostOptions};
