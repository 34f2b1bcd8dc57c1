//! Commands that find, order and keep conversations.

use super::{Command, Group, Wish, Wrong, nothing};

/// What they ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Organize {
    List,
    Search(String),
    Usage,
}

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "list",
        aliases: &[],
        arguments: "",
        summary: "list conversations",
        group: Group::Organize,
        is_for_any_time: true,
        examples: &[("/list", "the newest conversations with their ids")],
        parse: |argument| nothing(argument, Wish::Organize(Organize::List)),
    },
    Command {
        name: "search",
        aliases: &[],
        arguments: "WORDS",
        summary: "find words in all conversations",
        group: Group::Organize,
        is_for_any_time: true,
        examples: &[("/search retry policy", "where both words were said")],
        parse: |argument| match argument {
            "" => Err(Wrong::Usage),
            words => Ok(Wish::Organize(Organize::Search(words.to_owned()))),
        },
    },
    Command {
        name: "usage",
        aliases: &[],
        arguments: "",
        summary: "show the tokens of this conversation",
        group: Group::Organize,
        is_for_any_time: true,
        examples: &[("/usage", "tokens in, out and cached")],
        parse: |argument| nothing(argument, Wish::Organize(Organize::Usage)),
    },
];
