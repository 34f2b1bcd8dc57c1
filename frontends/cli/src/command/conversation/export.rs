//! A conversation as a file: Markdown to be read, or the JSON lines of `docs/data.md`.

use super::arguments::{Export, Format};
use crate::clean::clean;
use crate::command::organize::{done, text};
use crate::context::{Context, Quit};
use crate::exit;
use crate::target;
use anteroom_api::{
    ConversationId, ConversationKind, ConversationView, DatabaseOp, Problem, ProblemCode,
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
            let markdown = markdown(context, view.id).await?;
            let told = json!({ "conversation": view.id, "markdown": markdown });
            context.printer.json(&told);
            return Ok(exit::OK);
        }
        let markdown = markdown(context, view.id).await?;
        context.printer.data(&markdown);
        return Ok(exit::OK);
    };
    let path = context.workspace.join(output);
    save(&path, &markdown(context, view.id).await?)?;
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

/// What was said, to be read by people, as the host writes it.
pub(crate) async fn markdown(
    context: &Context,
    conversation: ConversationId,
) -> Result<String, Problem> {
    let reads = context.host.read();
    let markdown = reads.conversation_markdown(conversation).await?;
    Ok(clean(&markdown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Bench, Ran, Views, view};

    fn bench(line: &[&str], views: Views) -> Ran {
        Bench::with(line, vec![], views, "").run()
    }

    #[test]
    fn what_the_host_writes_is_handed_on_harmless() {
        let mut talk = view(7, "/w");
        talk.title = "Why\u{1b}[2J?".into();
        let views = Views {
            conversations: vec![talk],
            ..Views::default()
        };
        let path = std::env::temp_dir().join(format!("aroom-export-{}.md", std::process::id()));
        let id = view(7, "/w").id.to_string();
        let shown = bench(&["conv", "export", &id], views.clone());
        assert_eq!((shown.code, shown.out.as_str()), (0, "# Why?\n"));
        let file = path.to_str().unwrap();
        assert_eq!(bench(&["conv", "export", &id, "-o", file], views).code, 0);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "# Why?\n");
        std::fs::remove_file(path).unwrap();
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
