//! `aroom note` and `aroom document`: texts with versions, written in the person's editor or from standard input.

use super::done;
use super::find::{self, ListArguments};
use super::project::unwritten;
use crate::clean::{clean, reveal, reveal_lines};
use crate::command::conversation;
use crate::context::{Context, Quit};
use crate::exit;
use crate::program;
use crate::theme::{Style, Theme, pad};
use crate::words;
use anteroom_api::{
    ConversationId, ConversationKind, ConversationOp, ConversationView, FolderId, Problem,
    ProblemCode, TextOp, TextVersion, UnixMillis,
};
use clap::{Args, Subcommand};
use serde_json::json;

/// The commands of one kind of text; the help names it.
macro_rules! commands {
    ($(#[$doc:meta])* $name:ident, $word:literal, $kind:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
        pub enum $name {
            /// Write a new one, in your editor or from standard input
            #[command(after_help = concat!("Examples:\n  aroom ", $word, " new \"Retry policy\"\n  aroom ", $word, " new \"Retry policy\" --tag q3 < retry.md"))]
            New(NewText),
            /// Change one, in your editor or from standard input
            #[command(after_help = concat!("Examples:\n  aroom ", $word, " edit \"Retry policy\"\n  aroom ", $word, " edit 5f21c0de < retry.md\n\nWhat somebody else wrote meanwhile is never written over."))]
            Edit {
                /// Its title, or its id, or how that begins or ends
                #[arg(value_name = "TITLE")]
                name: String,
            },
            /// List them, most recently used first
            #[command(after_help = concat!("Examples:\n  aroom ", $word, " list\n  aroom ", $word, " list --tag q3 backoff"))]
            List(ListArguments),
            /// Show one, or its versions
            #[command(after_help = concat!("Examples:\n  aroom ", $word, " show \"Retry policy\"\n  aroom ", $word, " show 5f21c0de --versions\n  aroom ", $word, " show 5f21c0de --version 2 > old.md"))]
            Show(ShowText),
            /// Restore an earlier version as the newest one
            #[command(after_help = concat!("Examples:\n  aroom ", $word, " restore \"Retry policy\" 2\n  aroom ", $word, " show \"Retry policy\" --versions"))]
            Restore {
                /// Its title, or its id, or how that begins or ends
                #[arg(value_name = "TITLE")]
                name: String,
                /// The version to bring back
                #[arg(value_name = "VERSION")]
                version: u32,
            },
            /// Delete one with all its versions
            #[command(after_help = concat!("Examples:\n  aroom ", $word, " rm \"Retry policy\"\n  aroom ", $word, " rm 5f21c0de --yes"))]
            Rm {
                /// Its title, or its id, or how that begins or ends
                #[arg(value_name = "TITLE")]
                name: String,
                /// Do not ask
                #[arg(short, long)]
                yes: bool,
            },
        }

        impl From<&$name> for TextCommand {
            fn from(command: &$name) -> Self {
                let wish = match command.clone() {
                    $name::New(new) => Wish::New(new),
                    $name::Edit { name } => Wish::Edit(name),
                    $name::List(list) => Wish::List(list),
                    $name::Show(show) => Wish::Show(show),
                    $name::Restore { name, version } => Wish::Restore(name, version),
                    $name::Rm { name, yes } => Wish::Remove(name, yes),
                };
                Self { kind: $kind, wish }
            }
        }
    };
}

commands!(
    /// `aroom note`.
    NoteCommand,
    "note",
    ConversationKind::Note
);
commands!(
    /// `aroom document`.
    DocumentCommand,
    "document",
    ConversationKind::Document
);

/// What is wanted of which kind of text.
pub(crate) struct TextCommand {
    kind: ConversationKind,
    wish: Wish,
}

enum Wish {
    New(NewText),
    Edit(String),
    List(ListArguments),
    Show(ShowText),
    Restore(String, u32),
    Remove(String, bool),
}

/// A new text.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct NewText {
    /// Its title; the first words of the text if left out
    #[arg(value_name = "TITLE")]
    pub title: Option<String>,
    /// Give it this tag; repeatable
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// Put it into this folder
    #[arg(long, value_name = "PATH")]
    pub folder: Option<String>,
    /// Of this project
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// In this shared database
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
}

/// Which text, and what of it.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ShowText {
    /// Its title, or its id, or how that begins or ends
    #[arg(value_name = "TITLE")]
    pub name: String,
    /// Not the newest version, but this one
    #[arg(long, value_name = "N", conflicts_with = "versions")]
    pub version: Option<u32>,
    /// List its versions
    #[arg(long)]
    pub versions: bool,
}

pub(crate) async fn run(context: &mut Context, command: &TextCommand) -> Result<u8, Quit> {
    let kind = command.kind;
    match &command.wish {
        Wish::New(new) => create(context, kind, new).await,
        Wish::Edit(name) => {
            let view = find::text(context, &[kind], name).await?;
            edit(context, &view).await
        }
        Wish::List(list) => listed(context, kind, list).await,
        Wish::Show(show) => shown(context, kind, show).await,
        Wish::Restore(name, version) => {
            let view = find::text(context, &[kind], name).await?;
            let newest = context.host.read().text(view.id, None).await?;
            let op = TextOp::Restore {
                conversation: view.id,
                base_version: newest.version,
                version: *version,
            };
            context.host.submit(op).await?;
            saved(context, view.id).await
        }
        Wish::Remove(name, is_yes) => {
            let view = find::text(context, &[kind], name).await?;
            let title = conversation::title(&view);
            let question = format!("Delete `{title}` with all its versions?");
            if !find::confirmed(context, &question, *is_yes)? {
                return Ok(find::left(context));
            }
            let op = ConversationOp::Delete {
                conversation: view.id,
            };
            context.host.submit(op).await?;
            let words = format!("deleted `{title}`");
            Ok(done(context, &json!({ "deleted": view.id }), &words))
        }
    }
}

/// What a person writes: in the editor where there is a terminal, otherwise what comes in.
async fn written(context: &mut Context, before: &str) -> Result<String, Quit> {
    match context.terminal.is_interactive() {
        true => Ok(program::edit(&context.terminal.environment, before)?),
        false => context.read_stdin().await,
    }
}

async fn create(context: &mut Context, kind: ConversationKind, new: &NewText) -> Result<u8, Quit> {
    let folder = match &new.folder {
        Some(path) => Some(find::folder(context, path).await?),
        None => None,
    };
    let project = match &new.project {
        Some(name) => Some(find::project(context, name).await?),
        None => None,
    };
    let body = written(context, "").await?;
    if body.trim().is_empty() && new.title.is_none() {
        return Err(
            Problem::new(ProblemCode::InvalidInput, "there is nothing to keep")
                .hint("give it a title, or write something")
                .into(),
        );
    }
    let kept = body.clone();
    let in_folder = folder.as_ref().and_then(|folder| folder.database.clone());
    let op = TextOp::Open {
        kind,
        title: new.title.clone().unwrap_or_default(),
        body,
        workspace: context.workspace(),
        project: project.map(|project| project.id),
        database: new.database.clone().or(in_folder),
    };
    let id: ConversationId = match context.host.submit(op).await {
        Ok(op) => op.into(),
        Err(rejection) => return Err(unwritten(context, &kept, rejection.0).into()),
    };
    put(context, id, (&new.tag, folder.map(|folder| folder.id))).await?;
    saved(context, id).await
}

async fn put(
    context: &Context,
    conversation: ConversationId,
    (tags, folder): (&[String], Option<FolderId>),
) -> Result<(), Quit> {
    if !tags.is_empty() {
        let op = ConversationOp::Tag {
            conversation,
            add: tags.to_vec(),
            remove: Vec::new(),
        };
        context.host.submit(op).await?;
    }
    if folder.is_some() {
        let op = ConversationOp::Move {
            conversation,
            folder,
        };
        context.host.submit(op).await?;
    }
    Ok(())
}

/// Lets a text be changed; somebody else's change meanwhile stands, and this one is kept beside it.
pub(crate) async fn edit(context: &mut Context, view: &ConversationView) -> Result<u8, Quit> {
    let before = context.host.read().text(view.id, None).await?;
    let body = written(context, &before.body).await?;
    if body == before.body {
        return Ok(done(context, &json!(before), "nothing was changed"));
    }
    let kept = body.clone();
    let op = TextOp::Write {
        conversation: view.id,
        base_version: before.version,
        body,
    };
    if let Err(rejection) = context.host.submit(op).await {
        return Err(unwritten(context, &kept, rejection.0).into());
    }
    saved(context, view.id).await
}

/// Which version it is now.
async fn saved(context: &mut Context, id: ConversationId) -> Result<u8, Quit> {
    let text = context.host.read().text(id, None).await?;
    if context.options.is_json {
        let told = json!({ "id": id, "version": text.version });
        context.printer.json(&told);
        return Ok(exit::OK);
    }
    context.printer.line(&id.to_string());
    context
        .printer
        .progress(&format!("saved version {}", text.version));
    Ok(exit::OK)
}

async fn listed(
    context: &mut Context,
    kind: ConversationKind,
    list: &ListArguments,
) -> Result<u8, Quit> {
    let filter = list.filter(context, vec![kind]).await?;
    let found = find::conversations(context, &filter, list.limit).await?;
    if context.options.is_json {
        context.printer.json(&json!(found));
        return Ok(exit::OK);
    }
    if found.is_empty() {
        let word = word(kind);
        context.printer.progress(&match list.is_narrow() {
            true => format!("no {word} fits; leave something out"),
            false => format!("no {word} yet; write one with `aroom {word} new TITLE`"),
        });
    }
    let theme = context.printer.out_theme();
    let (here, now) = (context.workspace(), (context.clock)());
    for line in conversation::lines(&found, &here, now, &theme) {
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

/// How it is called on the command line.
pub(crate) fn word(kind: ConversationKind) -> &'static str {
    match kind {
        ConversationKind::Document => "document",
        ConversationKind::Note => "note",
        ConversationKind::Chat | ConversationKind::Agent => "conversation",
    }
}

async fn shown(context: &mut Context, kind: ConversationKind, show: &ShowText) -> Result<u8, Quit> {
    let view = find::text(context, &[kind], &show.name).await?;
    if show.versions {
        let versions = context.host.read().text_versions(view.id).await?;
        if context.options.is_json {
            context.printer.json(&json!(versions));
            return Ok(exit::OK);
        }
        let theme = context.printer.out_theme();
        for line in version_lines(&versions, (context.clock)(), &theme) {
            context.printer.line(&line);
        }
        return Ok(exit::OK);
    }
    text(context, &view, show.version).await
}

/// The words of a text: as they are for a file or another program, made visible for a terminal.
pub(crate) async fn text(
    context: &mut Context,
    view: &ConversationView,
    version: Option<u32>,
) -> Result<u8, Quit> {
    let text = context.host.read().text(view.id, version).await?;
    if context.options.is_json {
        context
            .printer
            .json(&json!({ "conversation": view, "text": text }));
    } else if context.terminal.is_stdout_terminal {
        for line in reveal_lines(&text.body) {
            context.printer.line(&line);
        }
    } else {
        let body = clean(&text.body);
        context.printer.data(&body);
        if !body.ends_with('\n') {
            context.printer.data("\n");
        }
    }
    Ok(exit::OK)
}

/// One line each, the newest first.
pub(crate) fn version_lines(
    versions: &[TextVersion],
    now: UnixMillis,
    theme: &Theme,
) -> Vec<String> {
    versions
        .iter()
        .map(|version| {
            let mut parts = vec![words::bytes(version.size_bytes)];
            parts.extend(
                version
                    .author
                    .as_deref()
                    .map(|name| format!("by {}", reveal(name))),
            );
            let from = version.restored_from;
            parts.extend(from.map(|from| format!("from version {from}")));
            format!(
                "{}  {}  {}",
                pad(&version.version.to_string(), 3),
                pad(&words::ago(version.updated_at, now), 10),
                theme.paint(Style::Dim, &parts.join(theme.dot()))
            )
        })
        .collect()
}
