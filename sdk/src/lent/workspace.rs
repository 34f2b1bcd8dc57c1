//! What a tool says about the workspace before it acts. Needs no grant.
//!
//! ```
//! use anteroom_sdk::testing::Host;
//! use anteroom_sdk::{FileDiff, workspace};
//!
//! let change = FileDiff {
//!     path: "notes.md".to_owned(),
//!     unified: "@@ -0,0 +1 @@\n+begin\n".to_owned(),
//!     added: 1,
//!     removed: 0,
//! };
//! let host = Host::new("/work");
//! host.during(|| workspace::propose(&change));
//! assert_eq!(host.proposals(), [change]);
//! ```

use super::is_hosted;
use crate::FileDiff;
use crate::bindings::anteroom::tool::workspace as host;

/// Says what is about to be written to one file, so that a person who is asked about the write sees it.
/// Call it before the file is opened for writing.
pub fn propose(change: &FileDiff) {
    #[cfg(not(target_family = "wasm"))]
    crate::testing::ask(|host| host.played().proposals.push(change.clone()));
    if is_hosted() {
        host::propose(change);
    }
}
