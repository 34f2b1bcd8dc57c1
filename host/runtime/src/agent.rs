//! The agent: one loop for every frontend and every child.

pub(crate) mod budget;
pub(crate) mod calls;
pub(crate) mod child;
pub(crate) mod compact;
pub(crate) mod draft;
pub(crate) mod fork;
pub(crate) mod git;
pub(crate) mod hand;
pub(crate) mod history;
pub(crate) mod images;
pub(crate) mod instructions;
pub(crate) mod narration;
pub(crate) mod past;
pub(crate) mod plan;
pub(crate) mod prompt;
pub(crate) mod record;
pub(crate) mod references;
pub(crate) mod replay;
pub(crate) mod services;
pub(crate) mod shared;
pub(crate) mod steering;
pub(crate) mod steps;
pub(crate) mod titles;
pub(crate) mod tokens;
pub(crate) mod turn;
