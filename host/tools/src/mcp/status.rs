//! What there is: the servers as they are now, for whoever shows them.

use super::pin::Pin;
use super::spec::ServerId;
use anteroom_api::{Problem, ToolView};
use std::sync::Arc;
use std::time::Duration;

/// A server as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerStatus {
    /// Which one.
    pub id: ServerId,
    /// What it is doing.
    pub state: ServerState,
    /// The protocol that was agreed on.
    pub protocol: Option<String>,
    /// What it calls itself, with its version. From outside, cleaned.
    pub title: Option<String>,
    /// What it says about its use. From outside, cleaned and capped.
    pub instructions: Option<String>,
    /// Its tools as they were listed last, also those that are not offered.
    pub tools: Vec<ServerTool>,
    /// Whether it has resources.
    pub has_resources: bool,
    /// Whether it has prompts.
    pub has_prompts: bool,
    /// Rises when it says that its resources or prompts are others.
    pub lists: u64,
    /// Calls of its tools since the host was started.
    pub calls: u64,
    /// Calls that run now.
    pub running: usize,
    /// What went wrong last; it may have been mended since.
    pub last_error: Option<Problem>,
    /// The end of what it said on its standard error and in its log. From outside, cleaned.
    pub log: Vec<String>,
}

/// What a server is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerState {
    /// It may not be started or reached before it was approved as it is now.
    NeedsApproval,
    /// Nobody wants it connected now.
    Disconnected,
    /// It is being started, or its tools are being listed.
    Connecting,
    /// It can be used.
    Ready,
    /// Somebody has to sign in there first.
    NeedsSignIn,
    /// It could not be connected, or was lost.
    Failed {
        /// Why, in words, with the end of its standard error.
        problem: Problem,
        /// When it is tried again; none if it is not.
        next_try: Option<Duration>,
    },
}

/// One tool of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTool {
    /// Its name at the server. From outside, cleaned.
    pub name: String,
    /// As the model sees it, with its full name.
    pub view: Arc<ToolView>,
    /// Its pin as it is now.
    pub pin: Pin,
    /// Whether it is offered.
    pub standing: ToolStanding,
}

/// Whether a tool is offered, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolStanding {
    /// It is.
    Offered,
    /// `tools_include` or `tools_exclude` leave it out.
    Excluded,
    /// It is not what it was when it was pinned.
    Quarantined {
        /// What it was.
        pinned: Pin,
        /// What differs, one line each. From outside, cleaned.
        differences: Vec<String>,
    },
    /// It cannot be offered, for this reason.
    Refused(String),
}
