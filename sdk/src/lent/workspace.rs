//! What a tool says about the workspace before it acts. Needs no grant.

use super::is_hosted;
use crate::FileDiff;
use crate::bindings::anteroom::tool::workspace as host;

/// Says what is about to be written to one file, so that a person who is asked about the write sees it.
/// Call it before the file is opened for writing.
pub fn propose(change: &FileDiff) {
    if is_hosted() {
        host::propose(change);
    }
}
