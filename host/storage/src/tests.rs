//! The crate as a whole, against real files.

mod audit;
mod deletion;
mod durable;
mod failing;
mod journal;
mod migrating;
mod opening;
mod projection;
mod random;
mod reading;
mod support;
mod unfinished;
