//! The crate as a whole, against real files.

mod support;

mod crash;
mod opening;
mod projection;
mod reading;
