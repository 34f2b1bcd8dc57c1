//! Items of the past as lines: for `conversation show` and for the last lines of a resumed chat. Pure.

use crate::attached;
use crate::clean::{clean, reveal};
use crate::markdown;
use crate::theme::{Style, Theme};
use crate::tool_line;
use anteroom_api::{Content, Item, ItemBody, Origin, Status, Tier, ToolCall};

/// Rows of a message before a call that are dim.
const NARRATION_ROWS: usize = 2;

/// The lines of some items, in order, as they looked when they came; a blank line stands behind what was said.
pub(crate) fn lines(items: &[Item], theme: &Theme) -> Vec<String> {
    let mut past = Past {
        theme,
        lines: Vec::new(),
        calls: Vec::new(),
    };
    for (at, item) in items.iter().enumerate() {
        let next = items.get(at + 1).filter(|next| next.turn == item.turn);
        let is_before_call = next.is_some_and(|next| matches!(next.body, ItemBody::ToolCall(_)));
        past.take(item, is_before_call);
    }
    past.flush();
    past.lines
}

struct Past<'a> {
    theme: &'a Theme,
    lines: Vec<String>,
    /// Calls that share a line.
    calls: Vec<ToolCall>,
}

impl Past<'_> {
    fn take(&mut self, item: &Item, is_before_call: bool) {
        let theme = self.theme;
        match &item.body {
            // What the host tells the model about the person's wish is not the person's.
            ItemBody::UserMessage { .. } if item.origin == Origin::Host => {}
            ItemBody::Reasoning { .. } => {}
            ItemBody::ToolCall(call) => self.call(call, item.status),
            ItemBody::UserMessage { content } => self.say(user_lines(content, theme)),
            ItemBody::AgentMessage { text } => {
                let mut rows = markdown::rows(&clean(text), theme);
                if is_before_call && rows.len() <= NARRATION_ROWS {
                    rows = rows.iter().map(|row| theme.dim_row(row)).collect();
                }
                if item.status == Status::Interrupted {
                    let words = format!("{} cancelled", theme.stopped());
                    rows.push(theme.paint(Style::Dim, &words));
                }
                self.say(rows);
            }
            ItemBody::Summary { .. } => {
                let words = "(what was said before is summarized)";
                self.say(vec![theme.paint(Style::Dim, words)]);
            }
        }
    }

    fn say(&mut self, rows: Vec<String>) {
        self.flush();
        // A blank line sets what was done apart from what is said.
        if !rows.is_empty() && self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
        let has_rows = !rows.is_empty();
        self.lines.extend(rows);
        self.lines.extend(has_rows.then(String::new));
    }

    fn call(&mut self, call: &ToolCall, status: Status) {
        let may_share = call.tier == Tier::Read && status == Status::Completed;
        if !may_share || self.calls.last().is_some_and(|last| last.tool != call.tool) {
            self.flush();
        }
        if may_share {
            self.calls.push(call.clone());
            return;
        }
        self.lines
            .push(tool_line::tool_line(call, status, self.theme));
        self.lines
            .extend(tool_line::failure_line(call, status, self.theme));
    }

    fn flush(&mut self) {
        let calls = std::mem::take(&mut self.calls);
        self.lines
            .extend(tool_line::merged_line(&calls, self.theme));
    }
}

fn user_lines(content: &[Content], theme: &Theme) -> Vec<String> {
    let mut lines = Vec::new();
    for part in content {
        match part {
            Content::Text { text } => {
                lines.extend(clean(text).trim_end().lines().map(ToOwned::to_owned));
            }
            Content::Image { media_type, .. } => lines.push(format!("[{}]", clean(media_type))),
            Content::Attachment(_) => {}
            Content::Skill { .. } | Content::Prompt { .. } => {
                lines.extend(part.words().map(|words| reveal(&words)));
            }
        }
    }
    if let Some(first) = lines.first_mut() {
        *first = format!("{} {first}", theme.paint(Style::Accent, theme.prompt()));
    }
    lines.extend(attached::lines(content, theme));
    lines
}

/// The first line of an input, for lists.
pub(crate) fn input_line(content: &[Content], columns: usize, theme: &Theme) -> String {
    let text = content.iter().find_map(Content::words);
    let text = clean(text.as_deref().unwrap_or("(image)"));
    theme.fit(text.trim().lines().next().unwrap_or_default(), columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{bash, item};
    use crate::theme::BARE;

    #[test]
    fn what_was_said_reads_as_it_looked() {
        let said = [
            item(
                1,
                Status::Completed,
                ItemBody::UserMessage {
                    content: vec![Content::text("do it\nnow")],
                },
            ),
            item(
                2,
                Status::Completed,
                ItemBody::Reasoning { text: "hm".into() },
            ),
            item(3, Status::Completed, ItemBody::ToolCall(bash("ls"))),
            item(
                4,
                Status::Interrupted,
                ItemBody::AgentMessage {
                    text: "# Half\u{1b}[2J".into(),
                },
            ),
        ];
        assert_eq!(
            lines(&said, &BARE),
            [
                "❯ do it",
                "now",
                "",
                "▶ bash ls  ✓",
                "",
                "# Half",
                "⏹ cancelled",
                ""
            ]
        );
    }
}
