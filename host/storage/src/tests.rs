//! The crate as a whole, against real files.

mod audit;
mod copies;
mod deletion;
mod durable;
mod failing;
mod journal;
mod migrating;
mod modules;
mod opening;
mod processes;
mod portable;
mod projection;
mod random;
mod reading;
mod spending;
mod shared;
mod support;
mod unfinished;
mod upkeep;
