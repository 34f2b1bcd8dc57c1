//! The host's side of what `wit/` lends: one file per interface. Every effect is shown to the permit first, and
//! every capability but `log` and `workspace` is refused, in words, where it was not granted.

mod agents;
mod ask;
mod canvas;
mod catalog;
pub(crate) mod fetch;
pub(crate) mod footing;
mod log;
mod output;
pub(crate) mod plain;
pub(crate) mod process;
mod skills;
mod store;
pub(crate) mod tasks;
mod workspace;

/// Only words; there is nothing to lend.
impl crate::wasm::bindings::anteroom::tool::types::Host for crate::wasm::hosted::Hosted {}
