//! What the parser knows of `aroom conversation`.

use crate::command::organize::find::ListArguments;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `aroom conversation`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ConversationCommand {
    /// List conversations, most recently used first
    #[command(after_help = "\
Examples:
  aroom conversation list
  aroom conversation list --tag rust --folder research
  aroom conversation list --all retry policy --json")]
    List(List),
    /// Show what was said
    #[command(after_help = "\
Examples:
  aroom conversation show 5f21c0de
  aroom conversation show 5f21c0de --json")]
    Show {
        /// Its id, or how that begins or ends
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Open a copy of a conversation to go on with
    #[command(after_help = "\
Examples:
  aroom conversation fork 5f21c0de
  aroom conversation fork 5f21c0de --until 9ab04411")]
    Fork {
        /// Its id, or how that begins or ends
        #[arg(value_name = "ID")]
        id: String,
        /// The last item to be copied; the newest if left out
        #[arg(long, value_name = "ITEM")]
        until: Option<String>,
    },
    /// Go back to before a message of yours
    #[command(after_help = "\
Examples:
  aroom conversation rewind 5f21c0de --before 9ab04411
  aroom conversation rewind 5f21c0de --before 9ab04411 --undo

`aroom conversation show ID --json` shows the ids of the messages.")]
    Rewind {
        /// Its id, or how that begins or ends
        #[arg(value_name = "ID")]
        id: String,
        /// The message; it and all after it are put aside
        #[arg(long, value_name = "ITEM")]
        before: String,
        /// Take back what was changed since, too
        #[arg(long = "undo")]
        is_undoing: bool,
    },
    /// Find words in all conversations
    #[command(after_help = "\
Examples:
  aroom conversation search retry policy
  aroom conversation search --limit 5 backoff")]
    Search {
        /// The words, all of which must occur
        #[arg(value_name = "WORDS", required = true)]
        words: Vec<String>,
        /// How many hits
        #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Give and take tags
    #[command(after_help = "\
Examples:
  aroom conversation tag 5f21c0de rust q3
  aroom conversation tag 5f21c0de --rm draft
  aroom conversation tag 5f21c0de              show its tags")]
    Tag {
        /// Its id, or how that begins or ends
        #[arg(value_name = "ID")]
        id: String,
        /// Tags to give
        #[arg(value_name = "TAG")]
        add: Vec<String>,
        /// A tag to take; repeatable
        #[arg(long = "rm", value_name = "TAG")]
        remove: Vec<String>,
    },
    /// Put it into a folder or a project
    #[command(after_help = "\
Examples:
  aroom conversation move 5f21c0de research/papers
  aroom conversation move 5f21c0de --out
  aroom conversation move 5f21c0de --project Loader")]
    Move(Move),
    /// Give it another title
    #[command(after_help = "\
Examples:
  aroom conversation rename 5f21c0de Retry policy
  aroom conversation rename 5f21c0de \"Retry policy\" --json")]
    Rename {
        /// Its id, or how that begins or ends
        #[arg(value_name = "ID")]
        id: String,
        /// The new title
        #[arg(value_name = "TITLE", required = true)]
        title: Vec<String>,
    },
    /// Keep it at hand
    #[command(after_help = "\
Examples:
  aroom conversation pin 5f21c0de
  aroom conversation pin 5f21c0de --off
  aroom conversation list --pinned")]
    Pin {
        /// Its id, or how that begins or ends
        #[arg(value_name = "ID")]
        id: String,
        /// Not any more
        #[arg(long)]
        off: bool,
    },
    /// Delete it with all that belongs to it
    #[command(after_help = "\
Examples:
  aroom conversation rm 5f21c0de
  aroom conversation rm 5f21c0de 9ab04411 --yes")]
    Rm {
        /// Their ids, or how those begin or end
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Write it to a file, to read it or to carry it elsewhere
    #[command(after_help = "\
Examples:
  aroom conversation export 5f21c0de > talk.md
  aroom conversation export 5f21c0de -o talk.md
  aroom conversation export 5f21c0de --format jsonl -o talk.jsonl

`aroom db import` reads the JSON lines.")]
    Export(Export),
}

/// `aroom conversation list`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct List {
    #[command(flatten)]
    pub list: ListArguments,
    /// Of which sort
    #[arg(long, value_name = "KIND", conflicts_with = "all")]
    pub kind: Option<Kind>,
    /// Notes and documents, too
    #[arg(long)]
    pub all: bool,
}

/// A sort of conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A talk with the agent.
    Chat,
    /// A note.
    Note,
    /// A document.
    Document,
}

/// `aroom conversation move`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Move {
    /// Its id, or how that begins or ends
    #[arg(value_name = "ID")]
    pub id: String,
    /// The folder
    #[arg(value_name = "PATH", required_unless_present_any = ["out", "project", "no_project"])]
    pub folder: Option<String>,
    /// Out of its folder
    #[arg(long, conflicts_with = "folder")]
    pub out: bool,
    /// Into this project
    #[arg(long, value_name = "NAME", conflicts_with = "no_project")]
    pub project: Option<String>,
    /// Out of its project
    #[arg(long)]
    pub no_project: bool,
}

/// `aroom conversation export`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its id, or how that begins or ends
    #[arg(value_name = "ID")]
    pub id: String,
    /// The file, which must not exist; standard output if left out
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Markdown to read, or JSON lines with everything
    #[arg(long, value_name = "FORMAT", default_value = "markdown")]
    pub format: Format,
}

/// How a conversation is written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// What was said, to be read.
    #[default]
    Markdown,
    /// All there is, to be imported again.
    Jsonl,
}
