//! Commands that find, order and keep conversations: what the parser knows of them, and the way to each.

pub(crate) mod find;
pub(crate) mod folder;
pub(crate) mod project;
pub(crate) mod search;
pub(crate) mod spending;
pub(crate) mod tag;
pub(crate) mod text;

use super::conversation::{self, ConversationCommand};
use crate::context::{Context, Quit};
use crate::exit;
use clap::Subcommand;
use serde_json::Value;

/// Commands that find, order and keep conversations.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum OrganizeCommand {
    /// List, show, search and order conversations
    #[command(
        alias = "conv",
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom conversation list --tag rust
  aroom conv move 5f21c0de research/papers"
    )]
    Conversation {
        /// What to do.
        #[command(subcommand)]
        command: ConversationCommand,
    },
    /// Write, edit and find notes
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom note new \"Retry policy\"
  aroom note edit \"Retry policy\"
  aroom note list"
    )]
    Note {
        /// What to do.
        #[command(subcommand)]
        command: text::NoteCommand,
    },
    /// Write, edit and find documents
    #[command(
        alias = "doc",
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom document new \"Design\" < design.md
  aroom document edit Design
  aroom document list"
    )]
    Document {
        /// What to do.
        #[command(subcommand)]
        command: text::DocumentCommand,
    },
    /// Find words in conversations, notes and documents
    #[command(after_help = "\
Examples:
  aroom search retry policy
  aroom search -n 5 backoff --json")]
    Search(search::Search),
    /// List, rename and remove tags
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom tag list
  aroom tag rename q3 2026-q3
  aroom conversation tag 5f21c0de rust"
    )]
    Tag {
        /// What to do.
        #[command(subcommand)]
        command: tag::TagCommand,
    },
    /// List and change the folders of conversations
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom folder new research/papers
  aroom folder mv research/papers archive
  aroom folder list"
    )]
    Folder {
        /// What to do.
        #[command(subcommand)]
        command: folder::FolderCommand,
    },
    /// List and change projects: what conversations begin with
    #[command(
        subcommand_required = true,
        arg_required_else_help = true,
        after_help = "\
Examples:
  aroom project new Loader --instructions \"Keep the tests green.\"
  aroom project edit Loader
  aroom project list"
    )]
    Project {
        /// What to do.
        #[command(subcommand)]
        command: project::ProjectCommand,
    },
    /// Show tokens and cost by day, model and project
    #[command(after_help = "\
Examples:
  aroom usage
  aroom usage --days 7 --csv > usage.csv
  aroom usage --json | jq '.[].usage.cost_micros'")]
    Usage(spending::Spending),
}

pub(crate) async fn run(context: &mut Context, command: &OrganizeCommand) -> Result<u8, Quit> {
    match command {
        OrganizeCommand::Conversation { command } => conversation::run(context, command).await,
        OrganizeCommand::Note { command } => text::run(context, &command.into()).await,
        OrganizeCommand::Document { command } => text::run(context, &command.into()).await,
        OrganizeCommand::Search(search) => search::run(context, search).await,
        OrganizeCommand::Tag { command } => tag::run(context, command).await,
        OrganizeCommand::Folder { command } => folder::run(context, command).await,
        OrganizeCommand::Project { command } => project::run(context, command).await,
        OrganizeCommand::Usage(spending) => spending::run(context, spending).await,
    }
}

/// Says what was done: as JSON where that is wanted, in words otherwise.
pub(crate) fn done(context: &mut Context, value: &Value, words: &str) -> u8 {
    if context.options.is_json {
        context.printer.json(value);
    } else {
        context.printer.progress(words);
    }
    exit::OK
}
