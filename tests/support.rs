//! What tests share: a real host on a temporary home, a scripted endpoint, event logs that compare.

#[path = "support/endpoint.rs"]
pub mod endpoint;
pub mod faults;
pub mod log;
pub mod program;
pub mod scene;
