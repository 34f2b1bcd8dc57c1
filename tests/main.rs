//! Everything that is tested from outside, in one binary.
//!
//! `scenarios/` run the real host against a scripted endpoint, `denials.rs` holds what must be refused,
//! `program.rs` runs the real binary, `terminal.rs` runs it on a pseudo-terminal, `browser.rs` opens its web page
//! in Chromium, `robustness.rs` breaks what it can, `tidy.rs` guards the shape of the repository itself.

mod support;

#[cfg(unix)]
mod browser;
mod denials;
mod program;
mod robustness;
mod scenarios;
#[cfg(unix)]
mod terminal;
mod tidy;
