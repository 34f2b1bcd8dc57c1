//! The real host, whole turns, scripted models.

mod agents;
mod approvals;
mod crash;
mod modules;
mod past;
mod prefix;
mod processes;
mod tools;
mod turns;
mod undo;
