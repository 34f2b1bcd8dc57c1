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
    GetPromptRequestParams, GetPromptResponse, PaginatedRequestParams, Prompt,
    ReadResourceRequestParams, ReadResourceResponse, Resource, ResourceContents, ResourceTemplate,
    Role,
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
/// Characters of a media type.
const KIND_CHARS: usize = 100;
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
        pages(&mut found, |params| async {
            let page = peer.list_resources(Some(params)).await;
            let page = page.map_err(|error| trouble::of_request(&error))?;
            let views = page.resources.into_iter().map(|it| resource(name, it));
            Ok((views.collect(), page.next_cursor))
        })
        .await?;
        let templates = pages(&mut found, |params| async {
            let page = peer.list_resource_templates(Some(params)).await;
            let page = page.map_err(|error| trouble::of_request(&error))?;
            let views = page.resource_templates.into_iter();
            let views = views.map(|it| template(name, it));
            Ok((views.collect(), page.next_cursor))
        });
        // Many servers have none, and say so with an error.
        drop(templates.await);
        Ok(())
    });
    told(server, "resources", listed.await);
    found
}

fn resource(server: &str, listed: Resource) -> McpResourceView {
    McpResourceView {
        server: server.to_owned(),
        uri: clean::line(&listed.uri, NAME_CHARS),
        name: clean::line(listed.title.as_deref().unwrap_or(&listed.name), NAME_CHARS),
        description: description(listed.description.as_deref()),
        media_type: listed.mime_type.as_deref().map(media_type),
        is_template: false,
    }
}

fn template(server: &str, listed: ResourceTemplate) -> McpResourceView {
    McpResourceView {
        server: server.to_owned(),
        uri: clean::line(&listed.uri_template, NAME_CHARS),
        name: clean::line(listed.title.as_deref().unwrap_or(&listed.name), NAME_CHARS),
        description: description(listed.description.as_deref()),
        media_type: listed.mime_type.as_deref().map(media_type),
        is_template: true,
    }
}

/// Asks for page after page until a list ends or is long enough. What came is in `found` also if this is dropped.
async fn pages<T, Page>(
    found: &mut Vec<T>,
    mut page: impl FnMut(PaginatedRequestParams) -> Page,
) -> Result<(), String>
where
    Page: Future<Output = Result<(Vec<T>, Option<String>), String>>,
{
    let mut cursor = None;
    for _ in 0..PAGES_MAX {
        let (entries, next) = page(PaginatedRequestParams::default().with_cursor(cursor)).await?;
        let room = ENTRIES_MAX.saturating_sub(found.len());
        found.extend(entries.into_iter().take(room));
        if next.is_none() || found.len() >= ENTRIES_MAX {
            break;
        }
        cursor = next;
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
        let (uri, kind, body) = match contents {
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
            media_type: kind.as_deref().map(media_type),
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
    let name = &server.spec.id.name;
    let mut found = Vec::new();
    let listing = pages(&mut found, |params| async {
        let page = peer.list_prompts(Some(params)).await;
        let page = page.map_err(|error| trouble::of_request(&error))?;
        let views = page.prompts.into_iter().map(|it| prompt(name, it));
        Ok((views.collect(), page.next_cursor))
    });
    let listed = timeout(LIST_TIMEOUT, listing).await;
    told(server, "prompts", listed);
    found
}

fn prompt(server: &str, listed: Prompt) -> McpPromptView {
    let about = listed.description.as_deref().or(listed.title.as_deref());
    let arguments = listed.arguments.unwrap_or_default().into_iter();
    let arguments = arguments
        .take(ARGUMENTS_MAX)
        .map(|argument| McpPromptArgument {
            name: clean::line(&argument.name, NAME_CHARS),
            description: description(argument.description.as_deref()),
            is_required: argument.required == Some(true),
        });
    McpPromptView {
        server: server.to_owned(),
        name: clean::line(&listed.name, NAME_CHARS),
        description: description(about),
        arguments: arguments.collect(),
    }
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

fn media_type(from_outside: &str) -> String {
    clean::line(from_outside, KIND_CHARS)
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

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_api::BoxFuture;
    use std::task::{Context, Waker};

    type Page = Result<(Vec<usize>, Option<String>), String>;

    /// A list without an end, ten entries a page; after so many pages it hangs or fails.
    fn list(
        last: usize,
        is_hanging: bool,
    ) -> impl FnMut(PaginatedRequestParams) -> BoxFuture<'static, Page> {
        move |params: PaginatedRequestParams| {
            Box::pin(async move {
                let page: usize = params.cursor.map_or(0, |cursor| cursor.parse().unwrap());
                if page >= last && is_hanging {
                    std::future::pending::<()>().await;
                }
                match page < last {
                    true => Ok((
                        (page * 10..page * 10 + 10).collect(),
                        Some((page + 1).to_string()),
                    )),
                    false => Err("no more".to_owned()),
                }
            })
        }
    }

    #[tokio::test]
    async fn what_came_before_time_was_up_or_a_page_failed_is_kept() {
        let mut found = Vec::new();
        {
            // Asked once, it stops at the page that hangs; there its time is up.
            let listing = std::pin::pin!(pages(&mut found, list(3, true)));
            let mut asked = Context::from_waker(Waker::noop());
            assert!(listing.poll(&mut asked).is_pending());
        }
        assert_eq!(found, (0..30).collect::<Vec<_>>());
        let failed = pages(&mut found, list(2, false)).await;
        assert_eq!(failed, Err("no more".to_owned()));
        assert_eq!(found.len(), 50);
    }

    #[tokio::test]
    async fn a_list_without_end_ends() {
        let mut found = Vec::new();
        assert_eq!(pages(&mut found, list(usize::MAX, false)).await, Ok(()));
        assert_eq!(found.len(), PAGES_MAX * 10);
        let mut found = vec![0; ENTRIES_MAX - 5];
        assert_eq!(pages(&mut found, list(usize::MAX, false)).await, Ok(()));
        assert_eq!(found.len(), ENTRIES_MAX);
    }
}
