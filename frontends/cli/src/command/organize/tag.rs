//! `aroom tag`: the names that conversations carry.

use super::{done, find};
use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use crate::theme::{Style, Theme, pad};
use anteroom_api::{TagOp, TagView};
use clap::Subcommand;
use serde_json::json;
use unicode_width::UnicodeWidthStr;

/// `aroom tag`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum TagCommand {
    /// List tags and how often each is used
    #[command(after_help = "\
Examples:
  aroom tag list
  aroom tag list --json")]
    List,
    /// Call a tag otherwise, wherever it is used
    #[command(after_help = "\
Examples:
  aroom tag rename q3 2026-q3
  aroom tag rename rustlang rust --merge")]
    Rename {
        /// As it is called
        #[arg(value_name = "TAG")]
        tag: String,
        /// As it is to be called
        #[arg(value_name = "NEW")]
        to: String,
        /// The new name may be in use: make one of both
        #[arg(long)]
        merge: bool,
    },
    /// Take a tag from every conversation; they stay
    #[command(after_help = "\
Examples:
  aroom tag rm draft
  aroom tag rm draft --yes")]
    Rm {
        /// The tag
        #[arg(value_name = "TAG")]
        tag: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

pub(crate) async fn run(context: &mut Context, command: &TagCommand) -> Result<u8, Quit> {
    match command {
        TagCommand::List => {
            let tags = context.host.read().tags().await?;
            if context.options.is_json {
                context.printer.json(&json!(tags));
                return Ok(exit::OK);
            }
            if tags.is_empty() {
                let hint = "no tags yet; give one with `aroom conversation tag ID NAME`";
                context.printer.progress(hint);
            }
            let theme = context.printer.out_theme();
            for line in lines(&tags, &theme) {
                context.printer.line(&line);
            }
            Ok(exit::OK)
        }
        TagCommand::Rename { tag, to, merge } => {
            let op = TagOp::Rename {
                tag: tag.clone(),
                to: to.clone(),
                is_merging: *merge,
            };
            context.host.submit(op).await?;
            let words = format!("`{}` is `{}` everywhere now", reveal(tag), reveal(to));
            Ok(done(context, &json!({ "tag": to, "was": tag }), &words))
        }
        TagCommand::Rm { tag, yes } => {
            let question = format!("Take the tag `{}` from every conversation?", reveal(tag));
            if !find::confirmed(context, &question, *yes)? {
                return Ok(find::left(context));
            }
            context
                .host
                .submit(TagOp::Delete { tag: tag.clone() })
                .await?;
            let words = format!("nothing has the tag `{}` any more", reveal(tag));
            Ok(done(context, &json!({ "removed": tag }), &words))
        }
    }
}

pub(crate) fn lines(tags: &[TagView], theme: &Theme) -> Vec<String> {
    let names: Vec<String> = tags
        .iter()
        .map(|tag| format!("#{}", reveal(&tag.name)))
        .collect();
    let width = names.iter().map(|name| name.width()).max().unwrap_or(0);
    names
        .iter()
        .zip(tags)
        .map(|(name, tag)| {
            let count = tag.conversations.to_string();
            format!("{}  {}", pad(name, width), theme.paint(Style::Dim, &count))
        })
        .collect()
}
