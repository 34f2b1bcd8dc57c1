//! What tests share: a real host on a temporary home, a scripted endpoint, event logs that compare.

pub mod alone;
pub mod bundles;
#[cfg(unix)]
pub mod chromium;
#[path = "support/endpoint.rs"]
pub mod endpoint;
pub mod faults;
pub mod filing;
pub mod git;
pub mod held;
pub mod http;
pub mod log;
pub mod neighbor;
#[cfg(unix)]
pub mod page;
pub mod program;
#[cfg(unix)]
pub mod pty;
pub mod scene;
#[cfg(feature = "web")]
pub mod served;
pub mod servers;
pub mod talking;
pub mod toolset;
