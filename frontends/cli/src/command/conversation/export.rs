//! A conversation as a file: Markdown to be read, or the JSON lines of `docs/data.md`.

use super::arguments::{Export, Format};
use super::{all_items, title};
use crate::clean::clean;
use crate::command::organize::{done, text};
use crate::context::{Context, Quit};
use crate::exit;
use crate::target;
use crate::words;
use anteroom_api::{
    Content, ConversationKind, ConversationView, DatabaseOp, Item, ItemBody, Problem, ProblemCode,
    Status,
};
use serde_json::json;
use std::io::Write as _;
use std::path::Path;

pub(super) async fn run(context: &mut Context, export: &Export) -> Result<u8, Quit> {
    let view = target::named(context, &export.id).await?;
    if export.format == Format::Jsonl {
        let Some(output) = &export.output else {
            return Err(Problem::new(
                ProblemCode::InvalidInput,
                "JSON lines are written to a file",
            )
            .hint("name one with `-o FILE`")
            .into());
        };
        let path = context.workspace.join(output);
        let op = DatabaseOp::Export {
            path: path.to_string_lossy().into_owned(),
            conversations: vec![view.id],
        };
        context.settle(op).await?;
        return Ok(written(context, &view, &path));
    }
    let Some(output) = &export.output else {
        if is_text(&view) {
            return text::text(context, &view, None).await;
        }
        if context.options.is_json {
            let markdown = markdown(context, &view).await?;
            let told = json!({ "conversation": view.id, "markdown": markdown });
            context.printer.json(&told);
            return Ok(exit::OK);
        }
        let markdown = markdown(context, &view).await?;
        context.printer.data(&markdown);
        return Ok(exit::OK);
    };
    let path = context.workspace.join(output);
    save(&path, &markdown(context, &view).await?)?;
    Ok(written(context, &view, &path))
}

fn is_text(view: &ConversationView) -> bool {
    matches!(
        view.kind,
        ConversationKind::Note | ConversationKind::Document
    )
}

fn written(context: &mut Context, view: &ConversationView, path: &Path) -> u8 {
    let told = json!({ "conversation": view.id, "path": path });
    done(context, &told, &format!("written to `{}`", path.display()))
}

/// Writes a new file for the owner only; what is there stays.
pub(crate) fn save(path: &Path, text: &str) -> Result<(), Problem> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = options.open(path);
    let written = made.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let shown = path.display();
        let code = match error.kind() {
            std::io::ErrorKind::AlreadyExists => ProblemCode::Conflict,
            _ => ProblemCode::InvalidInput,
        };
        Problem::new(code, format!("`{shown}` could not be written"))
            .cause(error)
            .hint("name a file that does not exist yet, in a folder you may write to")
    })
}

/// What was said, to be read by people: no escapes, no bytes of images.
pub(crate) async fn markdown(
    context: &Context,
    view: &ConversationView,
) -> Result<String, Problem> {
    if is_text(view) {
        let body = context.host.read().text(view.id, None).await?.body;
        return Ok(format!("{}\n", clean(&body).trim_end()));
    }
    let items = all_items(context, view).await;
    let items = items.map_err(|quit| match quit {
        Quit::Problem(problem) => problem,
        Quit::Code(_) => Problem::new(ProblemCode::Internal, "it could not be read"),
    })?;
    Ok(said(view, &items))
}

fn said(view: &ConversationView, items: &[Item]) -> String {
    let mut text = format!(
        "# {}\n\n_{} · {}_\n",
        clean(&title(view)),
        words::date(view.created_at),
        clean(&view.workspace)
    );
    let mut speaker = "";
    for item in items {
        let (who, words) = match &item.body {
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
            ItemBody::Reasoning { .. } => continue,
        };
        if who != speaker {
            text.push_str(&format!("\n## {who}\n"));
            speaker = who;
        }
        text.push_str(&format!("\n{}\n", words.trim_end()));
    }
    text
}

fn input(content: &[Content]) -> String {
    let parts = content.iter().map(|part| match part {
        Content::Text { text } => clean(text),
        Content::Image { media_type, .. } => format!("_image ({})_", clean(media_type)),
        Content::Attachment(attachment) => format!("_attached: {}_", clean(&attachment.path)),
    });
    parts.collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{item, view};

    #[test]
    fn a_talk_is_written_to_be_read() {
        let body = |text: &str| ItemBody::AgentMessage { text: text.into() };
        let asked = ItemBody::UserMessage {
            content: vec![
                Content::text("Why\u{1b}]0;x\u{7}?"),
                Content::Image {
                    media_type: "image/png".into(),
                    data: "AAAA".into(),
                },
            ],
        };
        let items = [
            item(1, Status::Completed, asked),
            item(2, Status::Completed, body("Because.")),
            item(3, Status::Completed, body("And so on.\n")),
        ];
        assert_eq!(
            said(&view(7, "/w"), &items),
            "# Talk 7\n\n_1970-01-01 · /w_\n\n## You\n\nWhy?\n\n_image (image/png)_\n\n\
             ## Anteroom\n\nBecause.\n\nAnd so on.\n"
        );
    }

    #[test]
    fn a_file_is_the_owner_s_and_nothing_is_written_over() {
        let path = std::env::temp_dir().join(format!("aroom-talk-{}.md", std::process::id()));
        save(&path, "one").unwrap();
        let problem = save(&path, "two").unwrap_err();
        assert_eq!(problem.code, ProblemCode::Conflict);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::remove_file(path).unwrap();
    }
}
