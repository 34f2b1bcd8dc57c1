//! MCP servers: what the settings and the user's approvals mean for the servers of this process, and what is told
//! of them. How a server is spoken with belongs to the tools crate.

use crate::host::Port;
use anteroom_api::{
    McpOp, McpPromptView, McpResourceView, McpServerView, OpId, Problem, ProblemCode,
};

/// Carries out a wish about a server.
pub(crate) async fn take(_port: &Port, _id: OpId, _op: McpOp) -> Result<(), Problem> {
    Err(Problem::new(
        ProblemCode::NotConfigured,
        "MCP servers are not connected yet",
    ))
}

/// The servers of the user and of a workspace's project.
pub(crate) async fn servers(
    _port: &Port,
    _workspace: String,
) -> Result<Vec<McpServerView>, Problem> {
    Ok(Vec::new())
}

/// The last lines of a server.
pub(crate) fn log(_port: &Port, server: &str) -> Result<Vec<String>, Problem> {
    Err(unknown(server))
}

/// What servers let people read.
pub(crate) async fn resources(
    _port: &Port,
    _workspace: String,
) -> Result<Vec<McpResourceView>, Problem> {
    Ok(Vec::new())
}

/// The prompts of servers.
pub(crate) async fn prompts(
    _port: &Port,
    _workspace: String,
) -> Result<Vec<McpPromptView>, Problem> {
    Ok(Vec::new())
}

fn unknown(server: &str) -> Problem {
    Problem::new(
        ProblemCode::NotFound,
        format!("there is no MCP server `{server}`"),
    )
    .hint("see `mcp_servers` in the config file")
}
