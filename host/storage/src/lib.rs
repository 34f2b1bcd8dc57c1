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
mod calls;
mod canvases;
mod checkpoints;
mod connection;
mod conversations;
mod error;
mod file;
mod files;
mod filing;
mod grants;
mod hosts;
mod items;
mod journal;
mod letters;
mod mcp;
mod migrate;
mod modules;
mod news;
mod outset;
mod past;
mod place;
mod portable;
mod prefixes;
mod presence;
mod project;
mod readers;
mod rows;
mod rules;
mod search;
mod servers;
mod sessions;
mod shared;
mod spending;
mod status;
mod storage;
mod stores;
mod summaries;
mod texts;
mod turns;
mod upkeep;
mod usage;
mod workspaces;
mod writer;

#[cfg(test)]
mod tests;

pub use audit::{AuditCheck, AuditHash, AuditHead, AuditSeal, Sealed};
pub use backup::GoOn;
pub use checkpoints::{ChangeEnd, ChangeOwner, NewChange, StoredChange, StoredState};
pub use error::{Cause, Fault, StorageError};
pub use filing::{FilingFault, project_hash};
pub use grants::GrantUse;
pub use journal::{Arguments, Entry, UserStamp};
pub use letters::{Delivery, Holder, HostNumber, Letter};
pub use mcp::{PinOwner, ToolPin};
pub use modules::ToldModule;
pub use news::{Marks, News};
pub use outset::Outset;
pub use portable::Imported;
pub use prefixes::{PrefixGrowth, PrefixText, StoredPrefix};
pub use sessions::{NewSession, SessionSpan};
pub use shared::SharedFile;
pub use status::{DatabaseState, Status};
pub use storage::Storage;
pub use stores::{StoreOwner, StoreRoom};
pub use summaries::Summarized;
pub use turns::{Standing, Unfinished};
pub use usage::{Caps, Reservation, Spent};
