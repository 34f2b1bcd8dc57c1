//! What a server says has become other than it was: its tools, or what it lends besides.

use rmcp::model::ServerNotification;
use tokio::sync::Notify;

/// Told when a server says that a list is another one now. Told twice before somebody looked, it is looked at once.
#[derive(Default)]
pub(super) struct Stirred {
    pub(super) tools: Notify,
    /// Resources and prompts.
    pub(super) lent: Notify,
}

impl Stirred {
    /// Hears what a subscription brought.
    pub(super) fn hear(&self, told: &ServerNotification) {
        match told {
            ServerNotification::ToolListChangedNotification(_) => self.tools.notify_one(),
            ServerNotification::ResourceListChangedNotification(_)
            | ServerNotification::PromptListChangedNotification(_) => self.lent.notify_one(),
            _ => {}
        }
    }
}
