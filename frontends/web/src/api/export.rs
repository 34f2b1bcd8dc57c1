//! A conversation as a file that is saved: Markdown to be read, JSON for programs.

use super::conversations::Of;
use anteroom_api::{
    CanvasView, ConversationKind, ConversationView, Item, ItemsAt, Problem, Reads, TextView,
    TurnView,
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
    let (media, ending, bytes) = match wanted.format {
        ExportFormat::Markdown => {
            let markdown = reads.conversation_markdown(of.id).await?;
            ("text/markdown; charset=utf-8", "md", markdown.into_bytes())
        }
        ExportFormat::Json => {
            let json = everything(reads, conversation.clone()).await?;
            ("application/json", "json", json)
        }
    };
    Ok(Download {
        name: file_name(&conversation, ending),
        media,
        bytes: bytes.into(),
    })
}

/// The JSON file.
async fn everything(reads: &dyn Reads, conversation: ConversationView) -> Result<Vec<u8>, Failure> {
    let id = conversation.id;
    let is_text = matches!(
        conversation.kind,
        ConversationKind::Note | ConversationKind::Document
    );
    let all = Exported {
        text: match is_text {
            true => Some(reads.text(id, None).await?),
            false => None,
        },
        items: items(reads, &conversation).await?,
        turns: reads.turns(id).await?,
        canvases: reads.canvases(id).await?,
        conversation,
    };
    Ok(serde_json::to_vec_pretty(&all).unwrap_or_default())
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
}
