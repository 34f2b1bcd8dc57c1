//! Lines and progress shown beside the call. Needs no grant.
//!
//! ```
//! use anteroom_sdk::log::{self, Level};
//! use anteroom_sdk::testing::Host;
//!
//! let host = Host::new("/work");
//! host.during(|| {
//!     log::progress("3 of 10", Some(0.3));
//!     log::line(Level::Warn, "`a.csv` is empty");
//! });
//! assert_eq!(host.progress(), [("3 of 10".to_owned(), Some(0.3))]);
//! assert_eq!(host.lines(), [(Level::Warn, "`a.csv` is empty".to_owned())]);
//! ```

use super::is_hosted;
use crate::bindings::anteroom::tool::log as host;
pub use crate::bindings::anteroom::tool::log::Level;

/// Adds a line to the call's log.
pub fn line(level: Level, message: &str) {
    #[cfg(not(target_family = "wasm"))]
    crate::testing::ask(|host| host.line(level, message));
    if is_hosted() {
        host::log(level, message);
    }
}

/// Says how far the call has come, `fraction` from 0 to 1.
pub fn progress(message: &str, fraction: Option<f32>) {
    #[cfg(not(target_family = "wasm"))]
    crate::testing::ask(|host| host.say(message, fraction));
    if is_hosted() {
        host::progress(message, fraction);
    }
}
