//! What `/help` shows: all commands under their headings, or one with examples.

use super::{Command, Group, all};
use crate::theme::{Style, Theme, pad};

/// Columns of the names.
const HEAD: usize = 19;

/// The lines of `/help`.
pub(in crate::chat) fn list(theme: &Theme) -> Vec<String> {
    let mut lines = Vec::new();
    for group in Group::ALL {
        lines.push(theme.paint(Style::Bold, group.title()));
        let of_group = all().filter(|command| command.group == group);
        lines.extend(of_group.map(|command| row(command, theme)));
    }
    lines.push(String::new());
    lines.extend(keys(theme));
    lines
}

fn row(command: &Command, theme: &Theme) -> String {
    let mut head = command.head();
    if head.len() > HEAD {
        head = format!("/{} {}", command.name, theme.ellipsis());
    }
    let summary = theme.paint(Style::Dim, command.summary);
    format!("  {} {summary}", pad(&head, HEAD))
}

/// The keys, as far as they are not the usual ones.
fn keys(theme: &Theme) -> Vec<String> {
    let parts = [
        "While it works: Enter queues",
        "Up takes the last one back",
        "Esc cancels",
    ];
    vec![
        theme.paint(Style::Dim, &parts.join(theme.dot())),
        theme.paint(Style::Dim, "/help COMMAND explains one, with examples"),
    ]
}

/// The lines of `/help COMMAND`.
pub(in crate::chat) fn of_command(command: &Command, theme: &Theme) -> Vec<String> {
    let mut lines = vec![
        theme.paint(Style::Bold, &command.head()),
        format!("  {}", command.summary),
    ];
    if !command.aliases.is_empty() {
        let aliases: Vec<String> = command
            .aliases
            .iter()
            .map(|name| format!("/{name}"))
            .collect();
        lines.push(format!("  also {}", aliases.join(", ")));
    }
    if !command.is_for_any_time {
        lines.push("  waits until nothing runs".to_owned());
    }
    lines.push(String::new());
    let width = command.examples.iter().map(|(line, _)| line.len()).max();
    for (line, about) in command.examples {
        let about = theme.paint(Style::Dim, about);
        lines.push(format!("  {}  {about}", pad(line, width.unwrap_or(0))));
    }
    lines
}
