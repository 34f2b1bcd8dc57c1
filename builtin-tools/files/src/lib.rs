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

mod encoding;
mod kind;
mod read;

pub use read::ReadFile;

anteroom_sdk::export!(ReadFile);
