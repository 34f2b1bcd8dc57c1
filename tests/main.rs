//! Everything that is tested from outside, in one binary.
//!
//! `scenarios/` run the real host against a scripted endpoint, `denials.rs` holds what must be refused,
//! `program.rs` runs the real binary, `terminal.rs` runs it on a pseudo-terminal,
//! `robustness.rs` breaks what it can, `tidy.rs` guards the shape of the repository itself.

mod support;

mod denials;
mod program;
mod robustness;
mod scenarios;
#[cfg(unix)]
mod terminal;
mod tidy;
