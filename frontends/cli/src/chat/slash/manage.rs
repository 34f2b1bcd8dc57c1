//! Commands about the program itself.

use super::{Command, Group, Wish, Wrong, find, nothing, unknown};

/// What they ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Manage {
    Config,
    Doctor,
}

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "config",
        aliases: &[],
        arguments: "",
        summary: "show settings and where they come from",
        group: Group::Manage,
        is_for_any_time: true,
        examples: &[("/config", "what holds now, and who set it")],
        parse: |argument| nothing(argument, Wish::Manage(Manage::Config)),
    },
    Command {
        name: "doctor",
        aliases: &[],
        arguments: "",
        summary: "check everything and say what to do",
        group: Group::Manage,
        is_for_any_time: false,
        examples: &[("/doctor", "endpoint, sandbox, database, tools")],
        parse: |argument| nothing(argument, Wish::Manage(Manage::Doctor)),
    },
    Command {
        name: "help",
        aliases: &["?"],
        arguments: "[COMMAND]",
        summary: "list the commands, or explain one",
        group: Group::Manage,
        is_for_any_time: true,
        examples: &[("/help undo", "what it takes, with examples")],
        parse: help,
    },
    Command {
        name: "quit",
        aliases: &["exit", "q"],
        arguments: "",
        summary: "leave (Ctrl+D)",
        group: Group::Manage,
        is_for_any_time: true,
        examples: &[("/quit", "cancels what runs, and leaves")],
        parse: |argument| nothing(argument, Wish::Quit),
    },
];

fn help(argument: &str) -> Result<Wish, Wrong> {
    if argument.is_empty() {
        return Ok(Wish::Help(None));
    }
    let name = argument.trim_start_matches('/').to_ascii_lowercase();
    match find(&name) {
        Some(command) => Ok(Wish::Help(Some(command))),
        None => Err(Wrong::Said(unknown(&name))),
    }
}
