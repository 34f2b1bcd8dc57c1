//! The real host, whole turns, scripted models.

mod agents;
mod approvals;
mod crash;
mod prefix;
mod tools;
mod turns;
