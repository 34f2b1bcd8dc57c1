//! The crate as a whole, against real files.

mod audit;
mod checkpoints;
mod copies;
mod deletion;
mod durable;
mod failing;
mod filing;
mod journal;
mod mcp;
mod migrating;
mod modules;
mod opening;
mod past;
mod plans;
mod portable;
mod processes;
mod projection;
mod random;
mod reading;
mod sessions;
mod shared;
mod spending;
mod support;
mod texts;
mod unfinished;
mod upkeep;
