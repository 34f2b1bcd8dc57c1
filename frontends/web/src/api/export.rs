//! A conversation as a file that is saved: Markdown to be read, JSON for programs.

use super::conversations::Of;
use anteroom_api::{
    CanvasView, Content, ConversationKind, ConversationView, Item, ItemBody, ItemsAt, Problem,
    Reads, Status, TextView, TurnView,
};
use anteroom_http::{About, Context, Download, Failure, Path, Query, Routes, Session};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Items read at once.
const PAGE: u32 = 500;
/// Characters of a title that a file's name takes.
const NAME: usize = 60;

pub(super) fn add(routes: Routes) -> Routes {
    let about = About::new("export", "A conversation as a file")
        .media("*/*")
        .costly();
    routes.get(Session, "/api/conversations/{id}/export", about, export)
}

/// As what.
#[derive(Debug, Deserialize, JsonSchema)]
struct As {
    /// Markdown if nothing is said.
    #[serde(default)]
    format: ExportFormat,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ExportFormat {
    /// What was said, to be read.
    #[default]
    Markdown,
    /// Everything, as the API tells it.
    Json,
}

/// What the JSON file holds.
#[derive(Serialize)]
struct Exported {
    conversation: ConversationView,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<TextView>,
    items: Vec<Item>,
    turns: Vec<TurnView>,
    canvases: Vec<CanvasView>,
}

async fn export(
    context: Context,
    Path(of): Path<Of>,
    Query(wanted): Query<As>,
) -> Result<Download, Failure> {
    let reads = context.host.read();
    let conversation = reads.conversation(of.id).await?;
    let is_text = matches!(
        conversation.kind,
        ConversationKind::Note | ConversationKind::Document
    );
    let all = Exported {
        text: match is_text {
            true => Some(reads.text(of.id, None).await?),
            false => None,
        },
        items: items(reads, &conversation).await?,
        turns: reads.turns(of.id).await?,
        canvases: reads.canvases(of.id).await?,
        conversation,
    };
    let (media, ending, bytes) = match wanted.format {
        ExportFormat::Markdown => (
            "text/markdown; charset=utf-8",
            "md",
            markdown(&all).into_bytes(),
        ),
        ExportFormat::Json => (
            "application/json",
            "json",
            serde_json::to_vec_pretty(&all).unwrap_or_default(),
        ),
    };
    Ok(Download {
        name: file_name(&all.conversation, ending),
        media,
        bytes: bytes.into(),
    })
}

/// All items, oldest first.
async fn items(reads: &dyn Reads, view: &ConversationView) -> Result<Vec<Item>, Problem> {
    let mut pages = Vec::new();
    let mut at = ItemsAt::Newest;
    loop {
        let page = reads.items(view.id, at, PAGE).await?;
        pages.push(page.entries);
        match page.before {
            Some(before) => at = ItemsAt::Before(before),
            None => break,
        }
    }
    Ok(pages.into_iter().rev().flatten().collect())
}

/// A name made of the title that is a plain file's everywhere, and no other conversation's.
fn file_name(view: &ConversationView, ending: &str) -> String {
    let mut name = String::new();
    for letter in view.title.chars() {
        match letter.is_alphanumeric() {
            true => name.extend(letter.to_lowercase()),
            false if !name.is_empty() && !name.ends_with('-') => name.push('-'),
            false => {}
        }
    }
    let name: String = name.chars().take(NAME).collect();
    let name = match name.trim_matches('-') {
        "" => "conversation",
        name => name,
    };
    let id = view.id.to_string();
    // The end of an id is random, its beginning is the time.
    let id = id.get(id.len().saturating_sub(8)..).unwrap_or_default();
    format!("{name}-{id}.{ending}")
}

fn markdown(all: &Exported) -> String {
    let view = &all.conversation;
    let title = match clean(&view.title) {
        title if title.is_empty() => "Untitled".to_owned(),
        title => title,
    };
    if let Some(text) = &all.text {
        return format!("{}\n", clean(&text.body).trim_end());
    }
    let mut written = format!("# {title}\n\n_{}_\n", clean(&view.workspace));
    let mut speaker = "";
    for item in &all.items {
        let Some((who, words)) = said(item) else {
            continue;
        };
        if who != speaker {
            written.push_str(&format!("\n## {who}\n"));
            speaker = who;
        }
        written.push_str(&format!("\n{}\n", words.trim_end()));
    }
    for canvas in &all.canvases {
        let (title, body) = (clean(&canvas.title), clean(&canvas.body));
        let fence = fence(&body);
        let kind = clean(&canvas.kind).replace(['`', '\n'], "");
        written.push_str(&format!(
            "\n## Canvas: {title}\n\n{fence}{kind}\n{}\n{fence}\n",
            body.trim_end()
        ));
    }
    written
}

/// Who says what in an item; none for what is only thought.
fn said(item: &Item) -> Option<(&'static str, String)> {
    Some(match &item.body {
        ItemBody::UserMessage { content } => ("You", input(content)),
        ItemBody::AgentMessage { text } => ("Anteroom", clean(text)),
        ItemBody::ToolCall(call) => {
            let ended = match item.status {
                Status::Completed => "",
                Status::Denied => ", denied",
                Status::Failed => ", failed",
                Status::Pending | Status::Running | Status::Interrupted => ", not finished",
            };
            ("Anteroom", format!("> `{}`{ended}", clean(&call.tool)))
        }
        ItemBody::Summary { text } => ("Summary for the model", clean(text)),
        ItemBody::Reasoning { .. } => return None,
    })
}

fn input(content: &[Content]) -> String {
    let parts = content.iter().map(|part| match part {
        Content::Text { text } => clean(text),
        Content::Image { media_type, .. } => format!("_image ({})_", clean(media_type)),
        Content::Attachment(attachment) => format!("_attached: {}_", clean(&attachment.path)),
    });
    parts.collect::<Vec<_>>().join("\n\n")
}

/// A fence that nothing in the text closes.
fn fence(body: &str) -> String {
    let longest = body
        .lines()
        .map(|line| line.trim_start().chars().take_while(|c| *c == '`').count())
        .max();
    "`".repeat(longest.unwrap_or(0).max(2) + 1)
}

/// Without what would steer a terminal that shows the file.
fn clean(text: &str) -> String {
    let is_shown = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().filter(is_shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn view(title: &str) -> ConversationView {
        let view = json!({
            "id": "018f0000-0000-7000-8000-00000000abcd", "kind": "chat", "title": title, "workspace": "/w",
            "trust": "user", "created_at": 0, "updated_at": 0, "seq": 1, "usage": {},
        });
        serde_json::from_value(view).unwrap()
    }

    fn item(body: serde_json::Value) -> Item {
        let item = json!({
            "id": "018f0000-0000-7000-8000-000000000001", "turn": "018f0000-0000-7000-8000-000000000002",
            "step": 1, "status": "completed", "origin": { "kind": "person" }, "created_at": 0, "body": body,
        });
        serde_json::from_value(item).unwrap()
    }

    #[test]
    fn a_file_s_name_is_plain_whatever_the_title_says() {
        let rows = [
            ("Why is it so?", "why-is-it-so-0000abcd.md"),
            ("../../etc/passwd", "etc-passwd-0000abcd.md"),
            ("\u{202e}gpj.exe\0\n\"; x=", "gpj-exe-x-0000abcd.md"),
            ("Grüße, 世界", "grüße-世界-0000abcd.md"),
            ("CON", "con-0000abcd.md"),
            ("…", "conversation-0000abcd.md"),
            ("", "conversation-0000abcd.md"),
        ];
        for (title, name) in rows {
            assert_eq!(file_name(&view(title), "md"), name, "{title:?}");
        }
        assert!(file_name(&view(&"long ".repeat(100)), "json").len() < 80);
    }

    #[test]
    fn a_talk_is_written_to_be_read() {
        let canvas = json!({
            "id": "018f0000-0000-7000-8000-000000000003", "conversation": "018f0000-0000-7000-8000-00000000abcd",
            "title": "Plan", "kind": "markdown", "version": 1, "body": "```\ncode\n```\n", "updated_at": 0,
        });
        let all = Exported {
            conversation: view("Why\u{1b}]0;x\u{7}?"),
            text: None,
            items: vec![
                item(json!({ "kind": "user_message", "content": [
                    { "type": "text", "text": "Look" }, { "type": "image", "media_type": "image/png", "data": "AAAA" },
                ] })),
                item(json!({ "kind": "reasoning", "text": "hm" })),
                item(json!({ "kind": "agent_message", "text": "One." })),
                item(json!({ "kind": "agent_message", "text": "Two.\n" })),
            ],
            turns: Vec::new(),
            canvases: vec![serde_json::from_value(canvas).unwrap()],
        };
        assert_eq!(
            markdown(&all),
            "# Why]0;x?\n\n_/w_\n\n## You\n\nLook\n\n_image (image/png)_\n\n## Anteroom\n\nOne.\n\nTwo.\n\n\
             ## Canvas: Plan\n\n````markdown\n```\ncode\n```\n````\n"
        );
    }
}
