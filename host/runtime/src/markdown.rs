//! A conversation as Markdown, to be read by people; every frontend hands on this one.

use crate::host::Port;
use anteroom_api::{
    CanvasView, Content, ConversationId, ConversationKind, ConversationView, Item, ItemBody,
    Problem, Status, UnixMillis,
};

/// A conversation in its newest state.
pub(crate) async fn of(port: &Port, id: ConversationId) -> Result<String, Problem> {
    let view = port.existing(id).await?;
    match view.kind {
        ConversationKind::Note | ConversationKind::Document => {
            let text = crate::texts::read(port, id, None).await?;
            Ok(format!("{}\n", clean(&text.body).trim_end()))
        }
        ConversationKind::Chat | ConversationKind::Agent => {
            let items = port.engine.storage.all_items(id).await?;
            let canvases = port.engine.storage.canvases(id).await?;
            Ok(written(&view, &items, &canvases))
        }
    }
}

fn written(view: &ConversationView, items: &[Item], canvases: &[CanvasView]) -> String {
    let mut text = format!(
        "# {}\n\n_{} · {}_\n",
        title(&view.title),
        date(view.created_at),
        line(&view.workspace)
    );
    let mut speaker = "";
    for item in items {
        let Some((who, words)) = said(item) else {
            continue;
        };
        if who != speaker {
            text.push_str(&format!("\n## {who}\n"));
            speaker = who;
        }
        text.push_str(&format!("\n{}\n", words.trim_end()));
    }
    for canvas in canvases {
        text.push_str(&shown(canvas));
    }
    text
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
            ("Anteroom", format!("> `{}`{ended}", word(&call.tool)))
        }
        ItemBody::Summary { text } => ("Summary for the model", clean(text)),
        ItemBody::Reasoning { .. } => return None,
    })
}

fn input(content: &[Content]) -> String {
    let parts = content.iter().map(|part| match part {
        Content::Text { text } => clean(text),
        Content::Image { media_type, .. } => format!("_image ({})_", line(media_type)),
        Content::Skill { .. } => clean(&part.words().unwrap_or_default()),
        Content::Prompt { server, name, .. } => {
            format!("_prompt: {}_", line(&format!("/{server}.{name}")))
        }
        Content::Attachment(attachment) => format!("_attached: {}_", line(&attachment.path)),
    });
    parts.collect::<Vec<_>>().join("\n\n")
}

/// A canvas in a fence that nothing in it closes.
fn shown(canvas: &CanvasView) -> String {
    let body = clean(&canvas.body);
    let ticks = |row: &str| row.trim_start().chars().take_while(|c| *c == '`').count();
    let longest = body.lines().map(ticks).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!(
        "\n## Canvas: {}\n\n{fence}{}\n{}\n{fence}\n",
        title(&canvas.title),
        word(&canvas.kind),
        body.trim_end()
    )
}

fn title(text: &str) -> String {
    match line(text) {
        title if title.is_empty() => "Untitled".to_owned(),
        title => title,
    }
}

fn date(at: UnixMillis) -> String {
    let (year, month, day) = at.date();
    format!("{year:04}-{month:02}-{day:02}")
}

/// In one line.
fn line(text: &str) -> String {
    let words = clean(text);
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// In one line that leaves no code span and no fence.
fn word(text: &str) -> String {
    line(text).replace('`', "")
}

/// Without what would steer a terminal that shows it. The signs of a sequence stay: nothing is hidden.
fn clean(text: &str) -> String {
    let is_shown = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().filter(is_shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn view(title: &str) -> ConversationView {
        let view = json!({
            "id": "018f0000-0000-7000-8000-00000000abcd", "kind": "chat", "title": title, "workspace": "/w",
            "trust": "user", "created_at": 1_795_219_200_000_u64, "updated_at": 0, "seq": 1, "usage": {},
        });
        serde_json::from_value(view).unwrap()
    }

    fn item(status: &str, body: Value) -> Item {
        let item = json!({
            "id": "018f0000-0000-7000-8000-000000000001", "turn": "018f0000-0000-7000-8000-000000000002",
            "step": 1, "status": status, "origin": { "kind": "person" }, "created_at": 0, "body": body,
        });
        serde_json::from_value(item).unwrap()
    }

    fn call(status: &str, tool: &str) -> Item {
        let call = json!({ "kind": "tool_call", "call": "c", "tool": tool, "arguments": {}, "tier": "read" });
        item(status, call)
    }

    fn says(text: &str) -> Item {
        item(
            "completed",
            json!({ "kind": "agent_message", "text": text }),
        )
    }

    fn canvas(title: &str, kind: &str, body: &str) -> CanvasView {
        let canvas = json!({
            "id": "018f0000-0000-7000-8000-000000000003", "conversation": "018f0000-0000-7000-8000-00000000abcd",
            "title": title, "kind": kind, "version": 1, "body": body, "updated_at": 0,
        });
        serde_json::from_value(canvas).unwrap()
    }

    #[test]
    fn a_talk_is_written_to_be_read() {
        let asked = json!({ "kind": "user_message", "content": [
            { "type": "text", "text": "Look" },
            { "type": "image", "media_type": "image/png", "data": "AAAA" },
            { "type": "attachment", "path": "src/a.rs", "kind": "file", "count": 1, "trust": "user", "text": "a" },
        ] });
        let items = [
            item("completed", asked),
            item("completed", json!({ "kind": "reasoning", "text": "hm" })),
            says("One."),
            call("completed", "read_file"),
            call("denied", "bash"),
            call("failed", "`gr`ep\n"),
            call("interrupted", "edit_file"),
            says("Two.\n"),
            item("completed", json!({ "kind": "summary", "text": "So far." })),
        ];
        let canvases = [
            canvas("Plan", "markdown", "```\ncode\n```\n"),
            canvas("", "`x\n", "a"),
        ];
        assert_eq!(
            written(&view("Why?"), &items, &canvases),
            "# Why?\n\n_2026-11-21 · /w_\n\n\
             ## You\n\nLook\n\n_image (image/png)_\n\n_attached: src/a.rs_\n\n\
             ## Anteroom\n\nOne.\n\n> `read_file`\n\n> `bash`, denied\n\n> `grep`, failed\n\n\
             > `edit_file`, not finished\n\nTwo.\n\n\
             ## Summary for the model\n\nSo far.\n\n\
             ## Canvas: Plan\n\n````markdown\n```\ncode\n```\n````\n\n\
             ## Canvas: Untitled\n\n```x\na\n```\n"
        );
    }

    #[test]
    fn nothing_in_it_steers_a_terminal() {
        let hostile = "a\u{1b}]0;x\u{7}b\u{9b}2J\r\n\tc\u{0}";
        let text = written(
            &view(hostile),
            &[says(hostile), call("completed", hostile)],
            &[canvas(hostile, hostile, hostile)],
        );
        let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        assert!(!text.contains(steers), "{text:?}");
        assert!(text.starts_with("# a]0;xb2J c\n"), "{text:?}");
    }

    #[test]
    fn what_has_no_title_says_so() {
        assert_eq!(
            written(&view(" \n"), &[], &[]),
            "# Untitled\n\n_2026-11-21 · /w_\n"
        );
    }
}
