//! What tests share: a real host on a temporary home, a scripted endpoint, event logs that compare.

pub mod alone;
#[path = "support/endpoint.rs"]
pub mod endpoint;
pub mod faults;
pub mod filing;
pub mod held;
pub mod log;
pub mod neighbor;
pub mod program;
#[cfg(unix)]
pub mod pty;
pub mod scene;
pub mod talking;
pub mod toolset;
