//! Components: the engine, its compiled code, one store per call, and what a call is linked to.

pub(crate) mod files;
pub(crate) mod state;
