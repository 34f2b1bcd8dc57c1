//! The terminal frontend: `exec` for scripts, `chat` for people, and the commands beside them.
//!
//! Sees the host through `anteroom-api` only. The parts, from the outside in: [`parse`] turns words into an
//! [`Invocation`]; [`Cli`] runs it against a host and leaves an exit code in an [`ExitSlot`]. Inside, whatever
//! looks like something is a pure function from a fact and a theme to a line, and one printer writes.
#![warn(missing_docs)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "tests fail by panicking"
    )
)]

mod args;
mod ascii;
mod attached;
mod budget;
mod called;
mod chat;
mod clean;
mod command;
mod connect;
mod context;
mod diff;
mod effect;
mod exec;
mod exit;
#[cfg(test)]
mod fake;
mod follow;
mod frontend;
mod highlight;
mod interrupts;
mod invocation;
mod man;
mod markdown;
mod notices;
mod parse;
mod phase;
mod printer;
mod problem;
mod program;
mod prompter;
mod serving;
mod target;
mod terminal;
mod theme;
mod tool_line;
mod transcript;
mod words;

pub use exit::{Exit, ExitSlot};
pub use frontend::{Cli, report};
pub use invocation::{
    Chat, Command, ConfigCommand, Exec, Grant, Init, Invocation, Options, Resume, ToolCommand,
};
pub use parse::parse;
pub use serving::{Listening, Nowhere, Ready, Serving};
pub use terminal::{ColorChoice, Terminal};
