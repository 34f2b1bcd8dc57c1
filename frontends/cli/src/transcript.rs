//! Items of the past as lines: for `conversation show` and for the last lines of a resumed chat. Pure.

use crate::attached;
use crate::clean::clean;
use crate::markdown;
use crate::theme::{Style, Theme};
use crate::tool_line;
use anteroom_api::{Content, Item, ItemBody, Origin, Status};

/// The lines of some items, in order.
pub(crate) fn lines(items: &[Item], theme: &Theme) -> Vec<String> {
    items
        .iter()
        .flat_map(|item| item_lines(item, theme))
        .collect()
}

fn item_lines(item: &Item, theme: &Theme) -> Vec<String> {
    let mut lines = match &item.body {
        // What the host tells the model about the person's wish is not the person's.
        ItemBody::UserMessage { .. } if item.origin == Origin::Host => return Vec::new(),
        ItemBody::UserMessage { content } => user_lines(content, theme),
        ItemBody::AgentMessage { text } => {
            let mut lines = markdown::rows(&clean(text), theme);
            if item.status == Status::Interrupted {
                lines.push(theme.paint(Style::Dim, &format!("{} cancelled", theme.stopped())));
            }
            lines
        }
        // Tool lines belong to what was said before them, so no blank line follows.
        ItemBody::ToolCall(call) => {
            let mut lines = vec![tool_line::tool_line(call, item.status, theme)];
            lines.extend(tool_line::failure_line(call, item.status, theme));
            return lines;
        }
        ItemBody::Summary { .. } => {
            vec![theme.paint(Style::Dim, "(what was said before is summarized)")]
        }
        ItemBody::Reasoning { .. } => return Vec::new(),
    };
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines
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
    let text = content.iter().find_map(|part| match part {
        Content::Text { text } => Some(text.as_str()),
        Content::Image { .. } | Content::Attachment(_) => None,
    });
    let text = clean(text.unwrap_or("(image)"));
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
                "# Half",
                "⏹ cancelled",
                ""
            ]
        );
    }
}
