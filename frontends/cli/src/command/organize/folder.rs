//! `aroom folder`: the tree that conversations are put in.

use super::{done, find};
use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use crate::theme::{Style, Theme};
use anteroom_api::{FolderId, FolderOp, FolderView, Problem, ProblemCode};
use clap::Subcommand;
use serde_json::json;

/// `aroom folder`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum FolderCommand {
    /// List folders as a tree
    #[command(after_help = "\
Examples:
  aroom folder list
  aroom folder list --json")]
    List,
    /// Make a folder, and those above it that are missing
    #[command(after_help = "\
Examples:
  aroom folder new research/papers
  aroom folder new ideas --database team")]
    New {
        /// Its names from the top
        #[arg(id = "folder", value_name = "PATH")]
        path: String,
        /// In this shared database
        #[arg(long, value_name = "NAME")]
        database: Option<String>,
    },
    /// Move or rename a folder, with all that is in it
    #[command(after_help = "\
Examples:
  aroom folder mv research/papers archive      into archive, if it is there
  aroom folder mv archive/papers 2026-papers   to the top, under another name")]
    Mv {
        /// The folder
        #[arg(id = "folder", value_name = "PATH")]
        path: String,
        /// A folder to put it into, or its new path; `/` is the top
        #[arg(value_name = "TO")]
        to: String,
    },
    /// Remove a folder; what is in it moves up
    #[command(after_help = "\
Examples:
  aroom folder rm research/papers
  aroom folder rm research/papers --yes

No conversation is deleted: what is in the folder moves to where it was.")]
    Rm {
        /// The folder
        #[arg(id = "folder", value_name = "PATH")]
        path: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

pub(crate) async fn run(context: &mut Context, command: &FolderCommand) -> Result<u8, Quit> {
    match command {
        FolderCommand::List => list(context).await,
        FolderCommand::New { path, database } => {
            let id = new(context, path, database.as_deref()).await?;
            let words = format!("made the folder `{}`", reveal(path.trim_matches('/')));
            Ok(done(context, &json!({ "id": id, "path": path }), &words))
        }
        FolderCommand::Mv { path, to } => {
            let folder = find::folder(context, path).await?;
            put(context, &folder, to).await?;
            let words = format!("moved `{}` to `{}`", reveal(&folder.path), reveal(to));
            Ok(done(context, &json!({ "id": folder.id, "to": to }), &words))
        }
        FolderCommand::Rm { path, yes } => {
            let folder = find::folder(context, path).await?;
            let question = format!(
                "Remove the folder `{}`? Its {} conversations and the folders in it move up.",
                reveal(&folder.path),
                folder.conversations
            );
            if !find::confirmed(context, &question, *yes)? {
                return Ok(find::left(context));
            }
            let op = FolderOp::Delete { folder: folder.id };
            context.host.submit(op).await?;
            let words = format!(
                "removed `{}`; what was in it moved up",
                reveal(&folder.path)
            );
            Ok(done(context, &json!({ "removed": folder.id }), &words))
        }
    }
}

async fn list(context: &mut Context) -> Result<u8, Quit> {
    let folders = context.host.read().folders().await?;
    if context.options.is_json {
        context.printer.json(&json!(folders));
        return Ok(exit::OK);
    }
    if folders.is_empty() {
        context
            .printer
            .progress("no folders yet; make one with `aroom folder new NAME`");
    }
    let theme = context.printer.out_theme();
    for line in lines(&folders, &theme) {
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

/// The tree, each folder with how many conversations are in it.
pub(crate) fn lines(folders: &[FolderView], theme: &Theme) -> Vec<String> {
    let mut database = None;
    let mut lines = Vec::new();
    for folder in folders {
        if folder.database != database {
            database.clone_from(&folder.database);
            let name = database.as_deref().unwrap_or_default();
            lines.push(theme.paint(Style::Dim, &format!("in {}:", reveal(name))));
        }
        let depth = folder.path.matches('/').count();
        let count = folder.conversations.to_string();
        lines.push(format!(
            "{}{}  {}",
            "  ".repeat(depth),
            reveal(&folder.name),
            theme.paint(Style::Dim, &count)
        ));
    }
    lines
}

/// Makes a folder and what is missing above it; gives the last one.
pub(crate) async fn new(
    context: &Context,
    path: &str,
    database: Option<&str>,
) -> Result<FolderId, Problem> {
    let all = context.host.read().folders().await?;
    let mut parent: Option<FolderId> = None;
    let mut is_new = false;
    for name in path.trim().trim_matches('/').split('/') {
        let here = all.iter().find(|folder| {
            folder.parent == parent
                && folder.database.as_deref() == database
                && folder.name.to_lowercase() == name.trim().to_lowercase()
        });
        let id = match here.filter(|_| !is_new) {
            Some(folder) => folder.id,
            None => {
                is_new = true;
                let op = FolderOp::Create {
                    name: name.to_owned(),
                    parent,
                    database: database.map(str::to_owned),
                };
                let made = context.host.submit(op).await;
                made.map_err(|rejection| rejection.0)?.into()
            }
        };
        parent = Some(id);
    }
    match parent.filter(|_| is_new) {
        Some(id) => Ok(id),
        None => Err(Problem::new(
            ProblemCode::Conflict,
            format!("there is a folder `{}` already", reveal(path)),
        )
        .hint("`aroom folder list` shows all folders")),
    }
}

/// As `mv` of files has it: into a folder that is there, otherwise under that name.
async fn put(context: &Context, folder: &FolderView, to: &str) -> Result<(), Problem> {
    let to = to.trim().trim_matches('/');
    let all = context.host.read().folders().await?;
    let at = |path: &str| {
        let mut folders = all.iter();
        folders.find(|other| {
            other.database == folder.database
                && other.id != folder.id
                && other.path.to_lowercase() == path.to_lowercase()
        })
    };
    let (parent, name) = match at(to) {
        _ if to.is_empty() => (None, None),
        Some(into) => (Some(into.id), None),
        None => match to.rsplit_once('/') {
            None => (None, Some(to)),
            Some((above, name)) => {
                let above = at(above).ok_or_else(|| {
                    Problem::new(
                        ProblemCode::NotFound,
                        format!("there is no folder `{}`", reveal(above)),
                    )
                    .hint(format!(
                        "make it first: `aroom folder new '{}'`",
                        reveal(above)
                    ))
                })?;
                (Some(above.id), Some(name))
            }
        },
    };
    let mut wishes = Vec::new();
    if parent != folder.parent {
        wishes.push(FolderOp::Move {
            folder: folder.id,
            parent,
        });
    }
    if let Some(name) = name.filter(|name| *name != folder.name) {
        wishes.push(FolderOp::Rename {
            folder: folder.id,
            name: name.to_owned(),
        });
    }
    for op in wishes {
        let moved = context.host.submit(op).await;
        moved.map_err(|rejection| rejection.0)?;
    }
    Ok(())
}
