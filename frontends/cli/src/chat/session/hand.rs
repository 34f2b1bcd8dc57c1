//! `!command`: a command that the person runs, through the same gate as the agent's, its output shown as it
//! comes and added to the conversation.

use super::Session;
use crate::clean::Cleaner;
use crate::tool_line;
use anteroom_api::{
    Delta, Event, Item, ItemBody, ItemEvent, ItemId, Problem, ProblemCode, ToolCall, TurnId,
    TurnOp, TurnOptions,
};
use serde_json::json;
use std::collections::BTreeSet;

/// The tool that runs commands.
const TOOL: &str = "bash";

/// The calls that were made by hand here.
#[derive(Debug, Default)]
pub(in crate::chat) struct ByHand {
    turns: BTreeSet<TurnId>,
    /// The one that runs, and what was shown of its output.
    running: Option<(ItemId, Shown)>,
}

#[derive(Debug, Default)]
struct Shown {
    cleaner: Cleaner,
    /// Whole lines that were printed.
    lines: Vec<String>,
    /// The line that has not ended.
    tail: String,
}

impl Shown {
    /// The lines that a piece completes.
    fn push(&mut self, piece: &str) -> Vec<String> {
        self.tail.push_str(&self.cleaner.push(piece));
        let mut done = Vec::new();
        while let Some(at) = self.tail.find('\n') {
            let rest = self.tail.split_off(at + 1);
            let mut line = std::mem::replace(&mut self.tail, rest);
            line.pop();
            done.push(line.replace('\t', "    "));
        }
        self.lines.extend(done.iter().cloned());
        done
    }

    /// What of the result was not shown yet. Where a piece was lost, everything.
    fn rest(&self, call: &ToolCall) -> Vec<String> {
        let text = tool_line::result_text(call);
        let all: Vec<String> = text
            .lines()
            .map(|line| line.replace('\t', "    "))
            .collect();
        match all.strip_prefix(self.lines.as_slice()) {
            Some(rest) => rest.to_vec(),
            None => all,
        }
    }
}

impl ByHand {
    /// The lines to print for a piece of output, if it is of such a call.
    pub(super) fn preview(&mut self, delta: &Delta) -> Vec<String> {
        match (delta, &mut self.running) {
            (Delta::Output { item, text, .. }, Some((running, shown))) if item == running => {
                shown.push(text)
            }
            _ => Vec::new(),
        }
    }

    /// The lines to print before what is said of a fact anyway.
    pub(super) fn fact(&mut self, event: &Event) -> Vec<String> {
        match event {
            Event::Item(ItemEvent::Started(item)) if self.is_own(item) => {
                self.running = Some((item.id, Shown::default()));
                Vec::new()
            }
            Event::Item(ItemEvent::Completed(item)) if self.is_own(item) => {
                let shown = self.running.take().map(|(_, shown)| shown);
                match &item.body {
                    ItemBody::ToolCall(call) => shown.unwrap_or_default().rest(call),
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    fn is_own(&self, item: &Item) -> bool {
        self.turns.contains(&item.turn) && matches!(item.body, ItemBody::ToolCall(_))
    }
}

impl Session<'_> {
    /// Runs a command by hand; refused while the agent works, as its result would come in between.
    pub(super) async fn run_by_hand(&mut self, command: &str) -> Result<(), Problem> {
        let command = command.trim();
        if command.is_empty() {
            return Err(
                Problem::new(ProblemCode::InvalidInput, "there is no command behind `!`")
                    .hint("`!cargo test` runs it here, and adds what it says to the conversation"),
            );
        }
        if self.chat.is_without_tools {
            return Err(Problem::new(
                ProblemCode::Denied,
                "tools are off in this chat (`--no-tools`)",
            )
            .hint("`aroom chat -c` goes on with them"));
        }
        if !self.turns.is_empty() {
            return Err(Problem::new(ProblemCode::Conflict, "not while it works")
                .hint("Esc cancels, then try again"));
        }
        let conversation = self.opened().await?;
        let op = TurnOp::Call {
            conversation,
            tool: TOOL.to_owned(),
            arguments: json!({ "command": command }),
            options: TurnOptions {
                mode: self.mode,
                allowed_tools: self.context.options.allowed_tools.clone(),
                is_attended: true,
                ..TurnOptions::default()
            },
        };
        let submitted = self.context.host.submit(op).await;
        let turn = TurnId::from(submitted.map_err(|rejection| rejection.0)?);
        self.turns.insert(turn);
        self.own.insert(turn);
        self.by_hand.turns.insert(turn);
        // What the host says to the model of it, the person has just typed.
        self.view.shown.insert(turn);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::bash;
    use anteroom_api::ToolResult;

    #[test]
    fn output_is_shown_once_whether_it_came_before_or_with_the_result() {
        let check = |pieces: &[&str], result: &str, live: &[&str], rest: &[&str]| {
            let mut shown = Shown::default();
            let printed: Vec<String> = pieces.iter().flat_map(|p| shown.push(p)).collect();
            assert_eq!(printed, live);
            let call = ToolCall {
                result: Some(ToolResult::text(result)),
                ..bash("x")
            };
            assert_eq!(shown.rest(&call), rest);
        };
        check(&["a\nb", "b\n"], "a\nbb\n", &["a", "bb"], &[]);
        check(
            &["a\nhalf"],
            "a\nhalf\n[exit code 2]",
            &["a"],
            &["half", "[exit code 2]"],
        );
        check(&[], "a\n", &[], &["a"]);
        check(&["b\n"], "a\nb\n", &["b"], &["a", "b"]);
        check(&["\u{1b}]0;title\u{7}a\tb\n"], "a\tb", &["a    b"], &[]);
    }
}
