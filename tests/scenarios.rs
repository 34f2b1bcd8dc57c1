//! The real host, whole turns, scripted models.

mod agents;
mod approvals;
mod asking;
pub(crate) mod browsers;
mod budget;
mod bundles;
mod catalog;
mod compaction;
mod crash;
mod data;
mod differences;
mod fetching;
mod filing;
pub(crate) mod hand;
pub(crate) mod hooks;
mod images;
mod live;
mod mcp;
mod modules;
mod narration;
mod past;
mod plan;
mod prefix;
mod processes;
mod prompt;
mod references;
mod replay;
pub(crate) mod skills;
#[cfg(unix)]
mod toolchains;
mod tools;
mod turns;
mod undo;
#[cfg(feature = "web")]
mod web;
