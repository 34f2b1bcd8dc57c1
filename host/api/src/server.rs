//! Servers: processes of this installation that listen for browsers.

use crate::UnixMillis;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A process that listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerView {
    /// The process.
    pub pid: u32,
    /// Where its page is, for example `http://127.0.0.1:8080/`.
    pub url: String,
    /// Since when.
    pub started_at: UnixMillis,
    /// The program's version.
    pub version: String,
}

/// Wishes about servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum ServerOp {
    /// Says that this process listens now; [`crate::Reads::servers`] has it until the process ends, however it ends.
    /// Said again, the newer address holds. Nothing is told.
    Announce {
        /// Where its page is.
        url: String,
    },
    /// Asks a server to end in order, in whichever process it is: there [`crate::HostHandle::asked_to_end`] is raised.
    /// Rejected with [`crate::ProblemCode::NotFound`] if there is none. Nothing is told.
    End {
        /// The process.
        pid: u32,
    },
}
