//! The database: one SQLite file that holds everything Anteroom remembers. Nobody else knows SQL.
//!
//! Events are the way in: [`Storage::append`] writes them to the journal and, in the same
//! transaction, into the tables that views are read from. When it returns, what it was given
//! survives a crash. This crate knows no agent, no tool and no frontend, and it has no clock and no
//! source of randomness: times and ids come with what is stored.
#![warn(missing_docs)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "tests fail by panicking"
    )
)]

mod approvals;
mod audit;
mod backup;
mod canvases;
mod connection;
mod conversations;
mod error;
mod files;
mod grants;
mod hosts;
mod items;
mod journal;
mod migrate;
mod modules;
mod prefixes;
mod project;
mod readers;
mod rows;
mod rules;
mod search;
mod status;
mod storage;
mod turns;
mod writer;

#[cfg(test)]
mod tests;

pub use audit::{AuditCheck, AuditHash, AuditHead, AuditSeal, Sealed};
pub use error::{Cause, Fault, StorageError};
pub use grants::GrantUse;
pub use journal::{Entry, UserStamp};
pub use modules::ToldModule;
pub use prefixes::{PrefixText, StoredPrefix};
pub use rules::StoredRule;
pub use status::Status;
pub use storage::Storage;
pub use turns::{Standing, Unfinished};
