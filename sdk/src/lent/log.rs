//! Lines and progress shown beside the call. Needs no grant.

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
