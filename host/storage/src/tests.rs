//! The crate as a whole, against real files.

mod audit;
mod deletion;
mod failing;
mod journal;
mod migrating;
mod opening;
mod projection;
mod reading;
mod support;
mod unfinished;
