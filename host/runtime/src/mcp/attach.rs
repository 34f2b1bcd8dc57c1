//! What people attach of servers: resources by `@server:uri`, and prompts. Asked for when the turn begins; what the
//! server said is stored behind the words, so that the history is what was sent.

use super::{place, unknown};
use crate::agent::history;
use crate::engine::Engine;
use anteroom_api::{
    AttachedImage, Attachment, AttachmentKind, Content, Problem, ProblemCode, ToolContent, Trust,
};
use anteroom_gate::{Masker, visible};
use anteroom_tools::{FilledPrompt, ResourceBody, ResourcePart};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::path::Path;

/// Bytes of an image that are sent.
const MOST_IMAGE_BYTES: usize = 5 * 1024 * 1024;
/// Kinds of images that endpoints take.
const IMAGES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// What of it is attached.
#[derive(Clone, Copy)]
pub(crate) struct Bounds<'a> {
    pub(crate) max_chars: usize,
    pub(crate) masker: &'a Masker,
}

/// Whether there is a server of this name.
pub(crate) fn is_server(engine: &Engine, name: &str) -> bool {
    let servers = super::entries(engine);
    servers.iter().any(|server| server.filled.name == name)
}

/// A resource of a server, as an attachment.
///
/// # Errors
/// That there is no such server or resource, or that it cannot be read now.
pub(crate) async fn resource(
    engine: &Engine,
    workspace: &Path,
    (server, uri): (&str, &str),
    bounds: Bounds<'_>,
) -> Result<Attachment, String> {
    let project = place(workspace);
    let registry = &engine.registry;
    let parts = registry.read_resource(Some(&project), server, uri).await?;
    let (text, image) = of_parts(parts);
    let path = format!("{server}:{uri}");
    let head = format!("[Attached resource `{}`", visible(&path));
    Ok(attachment(
        engine,
        (server, path, AttachmentKind::Resource),
        (head, text, image),
        bounds,
    ))
}

/// The input with what its prompts said behind each of them.
///
/// # Errors
/// The first prompt that cannot be had; nothing was sent then.
pub(crate) async fn prompts(
    engine: &Engine,
    workspace: &Path,
    input: Vec<Content>,
    bounds: Bounds<'_>,
) -> Result<Vec<Content>, Problem> {
    let mut content = Vec::with_capacity(input.len());
    for part in input {
        let said = match &part {
            Content::Prompt {
                server,
                name,
                arguments,
            } => Some(prompt(engine, workspace, (server, name, arguments), bounds).await?),
            _ => None,
        };
        content.push(part);
        content.extend(said.map(|said| Content::Attachment(Box::new(said))));
    }
    Ok(content)
}

async fn prompt(
    engine: &Engine,
    workspace: &Path,
    (server, name, arguments): (&str, &str, &BTreeMap<String, String>),
    bounds: Bounds<'_>,
) -> Result<Attachment, Problem> {
    if !is_server(engine, server) {
        return Err(unknown(server));
    }
    let project = place(workspace);
    let registry = &engine.registry;
    let filled = registry
        .get_prompt(Some(&project), server, name, arguments)
        .await;
    let filled = filled.map_err(|why| {
        Problem::new(
            ProblemCode::NotFound,
            format!("the prompt `{}` of `{server}` cannot be had", visible(name)),
        )
        .cause(why)
        .hint(format!(
            "nothing was sent; `aroom mcp show {server}` shows how it is doing"
        ))
    })?;
    let (text, image) = of_prompt(filled);
    let path = format!("{server}.{name}");
    let head = format!("[Prompt `/{}`", visible(&path));
    let of = (server, path, AttachmentKind::Prompt);
    Ok(attachment(engine, of, (head, text, image), bounds))
}

fn attachment(
    engine: &Engine,
    (server, path, kind): (&str, String, AttachmentKind),
    (head, text, image): (String, String, Option<AttachedImage>),
    bounds: Bounds<'_>,
) -> Attachment {
    let masked = bounds.masker.mask(&text);
    let is_cut = masked.chars().count() > bounds.max_chars;
    let body: String = masked.chars().take(bounds.max_chars).collect();
    let cut = if is_cut { ", its beginning" } else { "" };
    let trust = trust(engine, server);
    let told = match trust {
        // The name stands in quotes.
        Trust::Untrusted if !body.is_empty() => {
            let name = visible(&path).replace(['"', '<', '>'], "_");
            history::wrap(&format!("@{name}"), &body)
        }
        _ => body.clone(),
    };
    Attachment {
        path,
        kind,
        lines: None,
        count: body.lines().count() as u64,
        is_cut,
        trust,
        text: format!("{head}{cut}]\n{told}").trim_end().to_owned(),
        image,
    }
}

fn trust(engine: &Engine, name: &str) -> Trust {
    let servers = super::entries(engine);
    let is_trusted = |server: &crate::config::McpServer| {
        server.filled.name == name && server.filled.trust == Some(anteroom_api::McpTrust::Trusted)
    };
    match servers.iter().any(is_trusted) {
        true => Trust::Workspace,
        false => Trust::Untrusted,
    }
}

fn of_parts(parts: Vec<ResourcePart>) -> (String, Option<AttachedImage>) {
    let (mut texts, mut image) = (Vec::new(), None);
    for part in parts {
        let kind = part.media_type.unwrap_or_default();
        match part.body {
            ResourceBody::Text(text) => texts.push(text),
            ResourceBody::Bytes(bytes)
                if image.is_none()
                    && IMAGES.contains(&kind.as_str())
                    && bytes.len() <= MOST_IMAGE_BYTES =>
            {
                image = Some(AttachedImage {
                    media_type: kind,
                    data: STANDARD.encode(bytes),
                });
            }
            ResourceBody::Bytes(bytes) => {
                texts.push(format!("[{} bytes of {}]", bytes.len(), visible(&kind)));
            }
        }
    }
    (texts.join("\n\n"), image)
}

fn of_prompt(filled: FilledPrompt) -> (String, Option<AttachedImage>) {
    let (mut texts, mut image) = (Vec::new(), None);
    let is_talk = filled.messages.len() > 1;
    for message in filled.messages {
        let who = if message.is_assistant {
            "Model: "
        } else {
            "User: "
        };
        let who = if is_talk { who } else { "" };
        for content in message.content {
            match content {
                ToolContent::Text { text } => texts.push(format!("{who}{text}")),
                ToolContent::Json { value } => texts.push(format!("{who}{value}")),
                ToolContent::Diff { unified, .. } => texts.push(format!("{who}{unified}")),
                ToolContent::Image { media_type, data } if image.is_none() => {
                    image = Some(AttachedImage { media_type, data });
                }
                ToolContent::Image { media_type, .. } => {
                    texts.push(format!("{who}[an image, {}]", visible(&media_type)));
                }
            }
        }
    }
    (texts.join("\n\n"), image)
}
