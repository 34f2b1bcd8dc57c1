//! MCP servers: how each is doing, what it wrote, what it lets people attach and send.

use super::places;
use super::start::Where;
use crate::Options;
use anteroom_api::{McpPromptView, McpResourceView, McpServerView, Problem};
use anteroom_http::{About, Context, Path, Query, Routes, Session};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn add(routes: Routes, options: &Arc<Options>) -> Routes {
    let (first, second, third) = (options.clone(), options.clone(), options.clone());
    let list = move |context: Context, Query(place): Query<Where>| {
        let options = first.clone();
        async move {
            let folder = folder(&context, &options, place).await?;
            let servers: Result<Vec<McpServerView>, Problem> =
                context.host.read().mcp_servers(folder).await;
            servers
        }
    };
    let resources = move |context: Context, Query(place): Query<Where>| {
        let options = second.clone();
        async move {
            let folder = folder(&context, &options, place).await?;
            let resources: Result<Vec<McpResourceView>, Problem> =
                context.host.read().mcp_resources(folder).await;
            resources
        }
    };
    let prompts = move |context: Context, Query(place): Query<Where>| {
        let options = third.clone();
        async move {
            let folder = folder(&context, &options, place).await?;
            let prompts: Result<Vec<McpPromptView>, Problem> =
                context.host.read().mcp_prompts(folder).await;
            prompts
        }
    };
    routes
        .get(
            Session,
            "/api/mcp",
            About::new(
                "mcpServers",
                "The MCP servers of the user and of a folder's project, as they are doing",
            ),
            list,
        )
        .get(
            Session,
            "/api/mcp/resources",
            About::new("mcpResources", "What MCP servers let people attach"),
            resources,
        )
        .get(
            Session,
            "/api/mcp/prompts",
            About::new("mcpPrompts", "The prompts that MCP servers offer"),
            prompts,
        )
        .get(
            Session,
            "/api/mcp/{server}/log",
            About::new("mcpLog", "The last lines that an MCP server wrote"),
            log,
        )
}

async fn folder(context: &Context, options: &Options, place: Where) -> Result<String, Problem> {
    places::folder(context.host.read(), &options.workspace, place.workspace).await
}

/// Which server.
#[derive(Debug, Deserialize, JsonSchema)]
struct Of {
    /// Its name.
    server: String,
}

async fn log(context: Context, Path(of): Path<Of>) -> Result<Vec<String>, Problem> {
    context.host.read().mcp_log(of.server).await
}
