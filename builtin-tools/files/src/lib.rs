//! The built-in file tools: read, write, edit, find and search. They see files as any program does, through
//! `std::fs`; what they may touch is the host's business.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "tests fail by panicking"
    )
)]

mod change;
mod edit;
mod encoding;
mod glob;
mod grep;
mod kind;
mod read;
mod walk;
mod write;

pub use edit::EditFile;
pub use glob::GlobFiles;
pub use grep::Grep;
pub use read::ReadFile;
pub use write::WriteFile;

anteroom_sdk::export!(ReadFile, WriteFile, EditFile, GlobFiles, Grep);
