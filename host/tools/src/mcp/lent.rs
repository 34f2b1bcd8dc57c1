//! Resources and prompts of one server: listed, read, filled in; each with an end and in time.

use super::clean;
use super::content;
use super::offers::{FilledPrompt, PromptPart, ResourceBody, ResourcePart};
use super::server::Server;
use super::trouble;
use anteroom_api::{McpPromptArgument, McpPromptView, McpResourceView};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::{
    GetPromptRequestParams, GetPromptResponse, PaginatedRequestParams, ReadResourceRequestParams,
    ReadResourceResponse, ResourceContents, Role,
};
use rmcp::{Peer, RoleClient};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;

/// Entries of one list.
const ENTRIES_MAX: usize = 2_000;
/// Pages of one list.
const PAGES_MAX: usize = 50;
/// How long a list may take: somebody waits for it at the keyboard.
const LIST_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of a resource or a prompt.
const READ_MAX_BYTES: usize = 16 << 20;
/// Characters of a name or an address.
const NAME_CHARS: usize = 500;
/// Characters of a description.
const DESCRIPTION_CHARS: usize = 500;
/// Arguments of a prompt.
const ARGUMENTS_MAX: usize = 64;

/// Its resources and templates of resources; what could not be listed in time is left out, and its log says so.
pub(super) async fn resources(server: &Server) -> Vec<McpResourceView> {
    let Some(peer) = server.peer().filter(|_| server.has_resources()) else {
        return Vec::new();
    };
    let name = &server.spec.id.name;
    let mut found = Vec::new();
    let listed = timeout(LIST_TIMEOUT, async {
        list_resources(&peer, name, &mut found).await?;
        list_templates(&peer, name, &mut found).await
    });
    told(server, "resources", listed.await);
    found
}

async fn list_resources(
    peer: &Peer<RoleClient>,
    server: &str,
    found: &mut Vec<McpResourceView>,
) -> Result<(), String> {
    let mut cursor = None;
    for _ in 0..PAGES_MAX {
        let params = PaginatedRequestParams::default().with_cursor(cursor);
        let page = peer.list_resources(Some(params)).await;
        let page = page.map_err(|error| trouble::of_request(&error))?;
        for resource in page.resources {
            push(
                found,
                McpResourceView {
                    server: server.to_owned(),
                    uri: clean::line(&resource.uri, NAME_CHARS),
                    name: clean::line(
                        resource.title.as_deref().unwrap_or(&resource.name),
                        NAME_CHARS,
                    ),
                    description: description(resource.description.as_deref()),
                    media_type: resource.mime_type.map(|kind| clean::line(&kind, 100)),
                    is_template: false,
                },
            );
        }
        cursor = page.next_cursor;
        if cursor.is_none() || found.len() >= ENTRIES_MAX {
            break;
        }
    }
    Ok(())
}

async fn list_templates(
    peer: &Peer<RoleClient>,
    server: &str,
    found: &mut Vec<McpResourceView>,
) -> Result<(), String> {
    let mut cursor = None;
    for _ in 0..PAGES_MAX {
        let params = PaginatedRequestParams::default().with_cursor(cursor);
        // Many servers have none, and say so with an error.
        let Ok(page) = peer.list_resource_templates(Some(params)).await else {
            return Ok(());
        };
        for template in page.resource_templates {
            push(
                found,
                McpResourceView {
                    server: server.to_owned(),
                    uri: clean::line(&template.uri_template, NAME_CHARS),
                    name: clean::line(
                        template.title.as_deref().unwrap_or(&template.name),
                        NAME_CHARS,
                    ),
                    description: description(template.description.as_deref()),
                    media_type: template.mime_type.map(|kind| clean::line(&kind, 100)),
                    is_template: true,
                },
            );
        }
        cursor = page.next_cursor;
        if cursor.is_none() || found.len() >= ENTRIES_MAX {
            break;
        }
    }
    Ok(())
}

/// Reads a resource.
pub(super) async fn read_resource(server: &Server, uri: &str) -> Result<Vec<ResourcePart>, String> {
    let peer = ready(server)?;
    let params = ReadResourceRequestParams::new(uri);
    let answer = timeout(server.spec.call_timeout, peer.read_resource_once(params)).await;
    let answer = answer.map_err(|_| late(server))?;
    let result = match answer.map_err(|error| trouble::of_request(&error))? {
        ReadResourceResponse::Complete(result) => result,
        _ => return Err("it asked for something first, which is not answered here".to_owned()),
    };
    let mut room = READ_MAX_BYTES;
    let mut parts = Vec::new();
    for contents in result.contents {
        let (uri, media_type, body) = match contents {
            ResourceContents::TextResourceContents {
                uri,
                mime_type,
                text,
                ..
            } => (uri, mime_type, ResourceBody::Text(clean::text(&text))),
            ResourceContents::BlobResourceContents {
                uri,
                mime_type,
                blob,
                ..
            } => {
                let bytes = STANDARD.decode(blob.as_bytes());
                let bytes = bytes.map_err(|_| "what it sent is no base64".to_owned())?;
                (uri, mime_type, ResourceBody::Bytes(bytes))
            }
            _ => return Err("it sent something of an unknown kind".to_owned()),
        };
        let length = match &body {
            ResourceBody::Text(text) => text.len(),
            ResourceBody::Bytes(bytes) => bytes.len(),
        };
        room = room.checked_sub(length).ok_or_else(too_long)?;
        parts.push(ResourcePart {
            uri: clean::line(&uri, NAME_CHARS),
            media_type: media_type.map(|kind| clean::line(&kind, 100)),
            body,
        });
    }
    Ok(parts)
}

/// Its prompts.
pub(super) async fn prompts(server: &Server) -> Vec<McpPromptView> {
    let Some(peer) = server.peer().filter(|_| server.has_prompts()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let listed = timeout(LIST_TIMEOUT, list_prompts(&peer, server, &mut found)).await;
    told(server, "prompts", listed);
    found
}

async fn list_prompts(
    peer: &Peer<RoleClient>,
    server: &Server,
    found: &mut Vec<McpPromptView>,
) -> Result<(), String> {
    let mut cursor = None;
    for _ in 0..PAGES_MAX {
        let params = PaginatedRequestParams::default().with_cursor(cursor);
        let page = peer.list_prompts(Some(params)).await;
        let page = page.map_err(|error| trouble::of_request(&error))?;
        for prompt in page.prompts {
            let arguments = prompt.arguments.unwrap_or_default().into_iter();
            let arguments = arguments
                .take(ARGUMENTS_MAX)
                .map(|argument| McpPromptArgument {
                    name: clean::line(&argument.name, NAME_CHARS),
                    description: description(argument.description.as_deref()),
                    is_required: argument.required == Some(true),
                });
            push(
                found,
                McpPromptView {
                    server: server.spec.id.name.clone(),
                    name: clean::line(&prompt.name, NAME_CHARS),
                    description: description(
                        prompt.description.as_deref().or(prompt.title.as_deref()),
                    ),
                    arguments: arguments.collect(),
                },
            );
        }
        cursor = page.next_cursor;
        if cursor.is_none() || found.len() >= ENTRIES_MAX {
            break;
        }
    }
    Ok(())
}

/// Fills in a prompt.
pub(super) async fn get_prompt(
    server: &Server,
    name: &str,
    arguments: &BTreeMap<String, String>,
) -> Result<FilledPrompt, String> {
    let peer = ready(server)?;
    let mut params = GetPromptRequestParams::new(name);
    if !arguments.is_empty() {
        let given = arguments.iter();
        let given = given.map(|(name, value)| (name.clone(), Value::String(value.clone())));
        params = params.with_arguments(given.collect::<serde_json::Map<_, _>>());
    }
    let answer = timeout(server.spec.call_timeout, peer.get_prompt_once(params)).await;
    let answer = answer.map_err(|_| late(server))?;
    let result = match answer.map_err(|error| trouble::of_request(&error))? {
        GetPromptResponse::Complete(result) => result,
        _ => return Err("it asked for something first, which is not answered here".to_owned()),
    };
    let mut messages = Vec::new();
    for message in result.messages {
        messages.push(PromptPart {
            is_assistant: message.role == Role::Assistant,
            content: content::parts(vec![message.content])?,
        });
    }
    Ok(FilledPrompt {
        description: description(result.description.as_deref()),
        messages,
    })
}

fn ready(server: &Server) -> Result<Peer<RoleClient>, String> {
    let peer = server.peer();
    peer.ok_or_else(|| format!("the MCP server `{}` is not connected now", server.spec.id))
}

fn late(server: &Server) -> String {
    let seconds = server.spec.call_timeout.as_secs();
    format!("it did not answer within {seconds} s")
}

fn too_long() -> String {
    format!("it is longer than {} MB", READ_MAX_BYTES >> 20)
}

fn push<T>(found: &mut Vec<T>, entry: T) {
    if found.len() < ENTRIES_MAX {
        found.push(entry);
    }
}

fn description(from_outside: Option<&str>) -> Option<String> {
    let line = clean::line(from_outside?, DESCRIPTION_CHARS);
    (!line.is_empty()).then_some(line)
}

fn told(
    server: &Server,
    what: &str,
    listed: Result<Result<(), String>, tokio::time::error::Elapsed>,
) {
    match listed {
        Ok(Ok(())) => {}
        Ok(Err(why)) => server
            .log
            .add(&format!("its {what} cannot be listed: {why}")),
        Err(_) => server
            .log
            .add(&format!("it did not list its {what} in time")),
    }
}
