//! Commands about skills. What is called by its name alone is looked up behind the commands.

use super::{Command, Group, Wish, Wrong, split};

/// What they ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Skills {
    /// All, and where each is from.
    List,
    /// One, whole.
    Show(String),
    /// One is called with these words.
    Call(String, String),
}

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "skills",
        aliases: &[],
        arguments: "[NAME]",
        summary: "list skills and where they are from, or show one",
        group: Group::Talk,
        is_for_any_time: true,
        examples: &[
            ("/skills", "all that count here, and what hides which"),
            ("/skills review", "what it says, where its file is"),
        ],
        parse: |argument| {
            let name = argument.trim_start_matches('/');
            Ok(Wish::Skills(match name {
                "" => Skills::List,
                name => Skills::Show(name.to_lowercase()),
            }))
        },
    },
    Command {
        name: "skill",
        aliases: &[],
        arguments: "NAME [WORDS]",
        summary: "call a skill; /NAME does it, too",
        group: Group::Talk,
        is_for_any_time: true,
        examples: &[
            (
                "/skill plan split config.rs",
                "where a command has its name",
            ),
            ("/skill review src/main.rs", "as /review src/main.rs"),
        ],
        parse: |argument| match split(argument) {
            ("", _) => Err(Wrong::Usage),
            (name, words) => Ok(Wish::Skills(Skills::Call(
                name.trim_start_matches('/').to_lowercase(),
                words.to_owned(),
            ))),
        },
    },
];
