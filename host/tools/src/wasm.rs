//! Components: the engine, its compiled code, one store per call, and what a call is linked to.

pub(crate) mod bindings;
pub(crate) mod cache;
pub(crate) mod call;
mod cpu;
pub(crate) mod describe;
pub(crate) mod engine;
mod failure;
pub(crate) mod files;
pub(crate) mod heap;
pub(crate) mod hosted;
pub(crate) mod limiter;
pub(crate) mod schema;
pub(crate) mod state;
pub(crate) mod stderr;
