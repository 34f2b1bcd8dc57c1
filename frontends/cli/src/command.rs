//! The short commands: one question or one change, then an end. One file per noun.

pub(crate) mod approval;
pub(crate) mod audit;
pub(crate) mod bundle;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod conversation;
pub(crate) mod db;
pub(crate) mod doctor;
pub(crate) mod grants;
pub(crate) mod identity;
pub(crate) mod init;
pub(crate) mod mcp;
pub(crate) mod organize;
pub(crate) mod prompt;
pub(crate) mod replay;
pub(crate) mod server;
pub(crate) mod skill;
pub(crate) mod tool;
pub(crate) mod trust;
pub(crate) mod undo;
pub(crate) mod why;
