//! What the host in memory says of MCP servers.

use anteroom_api::{
    Event, McpEvent, McpOp, McpPromptView, McpResourceView, McpServerView, McpState,
};

/// Servers and what they offer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Servers {
    pub(crate) servers: Vec<McpServerView>,
    pub(crate) log: Vec<String>,
    pub(crate) resources: Vec<McpResourceView>,
    pub(crate) prompts: Vec<McpPromptView>,
}

impl Servers {
    /// The fact that a wish leads to.
    pub(super) fn answer(&self, op: &McpOp) -> Option<Event> {
        let of = |name: &str| self.servers.iter().find(|server| server.name == name);
        let changed = |server: &McpServerView| McpEvent::Changed {
            server: Box::new(server.clone()),
        };
        Some(Event::Mcp(match op {
            McpOp::Approve { server, hash } => McpEvent::Approved {
                server: server.clone(),
                hash: hash.clone(),
                shown: String::new(),
            },
            McpOp::Connect { server }
            | McpOp::Disconnect { server }
            | McpOp::Restart { server } => changed(of(server)?),
            McpOp::Accept { server, tool, hash } => McpEvent::Accepted {
                server: server.clone(),
                workspace: None,
                tool: tool.clone(),
                hash: hash.clone(),
            },
            McpOp::AllowSampling { server, is_allowed } => McpEvent::SamplingChanged {
                server: server.clone(),
                hash: String::new(),
                is_allowed: *is_allowed,
            },
            McpOp::SignIn { server } => {
                let mut server = of(server)?.clone();
                let url = Some("https://a.example/authorize".to_owned());
                server.state = McpState::NeedsSignIn { url };
                changed(&server)
            }
            McpOp::Add { entry, .. } => changed(of(&entry.name)?),
            McpOp::Remove { server } => McpEvent::Removed {
                server: server.clone(),
            },
        }))
    }
}
