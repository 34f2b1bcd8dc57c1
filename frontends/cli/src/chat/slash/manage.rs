//! Commands about the program itself.

use super::{Command, Group, Wish, Wrong, find, nothing, split, unknown};

/// What they ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Manage {
    Config(Config),
    Doctor,
    /// The shared databases.
    Shared,
    /// New conversations go into this one, or into the personal one.
    Share(Option<String>),
    Open,
}

/// What is done with settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Config {
    Show,
    /// Those whose names contain this.
    Get(String),
    Set(String, String),
    Reset(String),
}

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "config",
        aliases: &[],
        arguments: "[get|set|reset KEY]",
        summary: "show settings and where they come from, change them",
        group: Group::Manage,
        is_for_any_time: true,
        examples: &[
            ("/config", "what holds now, and who set it"),
            ("/config get ai.", "those whose names contain it, explained"),
            (
                "/config set ai.model qwen3",
                "in your config file, from now on",
            ),
            ("/config reset ai.model", "as if you had never set it"),
        ],
        parse: |argument| config(argument).map(|config| Wish::Manage(Manage::Config(config))),
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
        name: "shared",
        aliases: &[],
        arguments: "[use NAME|personal]",
        summary: "list shared databases, or put new conversations into one",
        group: Group::Manage,
        is_for_any_time: true,
        examples: &[
            ("/shared", "those that `aroom db shared add` made known"),
            (
                "/shared use team",
                "what you begin from now on is the team's",
            ),
            ("/shared personal", "what you begin from now on is yours"),
        ],
        parse: |argument| match split(argument) {
            ("", _) => Ok(Wish::Manage(Manage::Shared)),
            ("use", name) if !name.is_empty() => {
                Ok(Wish::Manage(Manage::Share(Some(name.to_owned()))))
            }
            ("personal", "") => Ok(Wish::Manage(Manage::Share(None))),
            _ => Err(Wrong::Usage),
        },
    },
    Command {
        name: "open",
        aliases: &[],
        arguments: "",
        summary: "open this conversation in the browser",
        group: Group::Manage,
        is_for_any_time: true,
        examples: &[("/open", "on the server that runs; `aroom start` starts one")],
        parse: |argument| nothing(argument, Wish::Manage(Manage::Open)),
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

fn config(argument: &str) -> Result<Config, Wrong> {
    let (word, rest) = split(argument);
    let (key, value) = split(rest);
    match (word, key, value) {
        ("", ..) | ("show", "", _) => Ok(Config::Show),
        ("get", key, "") if !key.is_empty() => Ok(Config::Get(key.to_owned())),
        ("set", key, value) if !value.is_empty() => {
            Ok(Config::Set(key.to_owned(), value.to_owned()))
        }
        ("reset", key, "") if !key.is_empty() => Ok(Config::Reset(key.to_owned())),
        _ => Err(Wrong::Usage),
    }
}
