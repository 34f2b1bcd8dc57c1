//! The agent: one loop for every frontend and every child.

pub(crate) mod calls;
pub(crate) mod child;
pub(crate) mod draft;
pub(crate) mod history;
pub(crate) mod past;
pub(crate) mod prompt;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod services;
pub(crate) mod steering;
pub(crate) mod turn;
