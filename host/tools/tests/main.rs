//! The crate from outside: real guests under a real gate. One binary, so that guests are compiled once.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

#[expect(
    clippy::disallowed_methods,
    reason = "makes the repositories of these tests, which no sandbox has to hold"
)]
#[path = "../../../tests/support/git.rs"]
mod git;
#[path = "crate/grants.rs"]
mod grants;
#[expect(
    clippy::disallowed_methods,
    reason = "compiles the guests of these tests, which no sandbox has to hold"
)]
#[path = "../../../builtin-tools/embed/build/guest.rs"]
mod guest;
#[path = "crate/hooks.rs"]
mod hooks;
#[path = "crate/limits.rs"]
mod limits;
#[path = "crate/live.rs"]
mod live;
#[path = "crate/modules.rs"]
mod modules;
#[path = "crate/network.rs"]
mod network;
#[path = "crate/processes.rs"]
mod processes;
#[path = "crate/releases.rs"]
mod releases;
#[path = "crate/remote.rs"]
mod remote;
#[path = "crate/repositories.rs"]
mod repositories;
#[path = "crate/servers.rs"]
mod servers;
#[path = "crate/support.rs"]
mod support;
#[path = "../../../tests/support/toolset.rs"]
mod toolset;
#[path = "crate/web.rs"]
mod web;
