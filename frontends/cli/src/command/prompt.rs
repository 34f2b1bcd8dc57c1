//! `aroom prompt`: what the model is told before the first word, and what that costs.

use super::organize::find;
use crate::clean::reveal_lines;
use crate::context::{Context, Quit};
use crate::exit;
use crate::target;
use crate::theme::{Style, Theme};
use crate::words;
use anteroom_api::{PromptPart, PromptReport};
use clap::Subcommand;
use serde_json::json;

/// `aroom prompt`.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum PromptCommand {
    /// Print system prompt and tool definitions with their tokens
    #[command(after_help = "\
Examples:
  aroom prompt show
  aroom prompt show --conversation 5f21c0de
  aroom prompt show --json | jq .tokens")]
    Show {
        /// As this conversation was told: its id, or how that begins or ends
        #[arg(long, value_name = "ID")]
        conversation: Option<String>,
        /// As a new conversation of this project would be told
        #[arg(long, value_name = "NAME", conflicts_with = "conversation")]
        project: Option<String>,
    },
}

pub(crate) async fn run(context: &mut Context, command: &PromptCommand) -> Result<u8, Quit> {
    let PromptCommand::Show {
        conversation,
        project,
    } = command;
    let project = match project {
        Some(name) => Some(find::project(context, name).await?),
        None => None,
    };
    if project.as_ref().is_some_and(|project| !project.is_trusted) {
        context.printer.progress(
            "what the project says is not trusted and not sent; `aroom project trust` shows it",
        );
    }
    let conversation = match conversation {
        Some(text) => Some(target::named(context, text).await?.id),
        None => None,
    };
    let workspace = context.workspace();
    let report = context
        .host
        .read()
        .prompt(conversation, workspace, project.map(|project| project.id))
        .await?;
    if context.options.is_json {
        context.printer.json(&json!(report));
        return Ok(exit::OK);
    }
    let theme = context.printer.out_theme();
    for line in lines(&report, &theme) {
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

fn lines(report: &PromptReport, theme: &Theme) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |title: &str, parts: &[PromptPart]| {
        for part in parts {
            let tokens = words::count(part.tokens);
            let head = format!("== {title} {} ({tokens} tokens)", part.name);
            lines.push(theme.paint(Style::Bold, &head));
            lines.extend(reveal_lines(&part.text));
            lines.push(String::new());
        }
    };
    add("section", &report.sections);
    add("tool", &report.tools);
    lines.push(format!(
        "{} tokens in front of every request, by estimate",
        words::count(report.tokens)
    ));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::BARE;

    #[test]
    fn every_part_is_shown_whole_with_its_tokens() {
        let part = |name: &str, text: &str, tokens| PromptPart {
            name: name.into(),
            text: text.into(),
            tokens,
        };
        let report = PromptReport {
            sections: vec![part("identity", "You are\nan agent", 1200)],
            tools: vec![part("grep", "{}", 3)],
            tokens: 1203,
        };
        assert_eq!(
            lines(&report, &BARE),
            [
                "== section identity (1.2k tokens)",
                "You are",
                "an agent",
                "",
                "== tool grep (3 tokens)",
                "{}",
                "",
                "1.2k tokens in front of every request, by estimate",
            ]
        );
    }
}
