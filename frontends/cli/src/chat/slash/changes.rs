//! Commands about what was said and changed: seeing it, taking it back, going on from it.

use super::{Command, Group, Wish, Wrong, nothing, optional};

/// What they ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Changes {
    /// The last call, or the last turn.
    Undo {
        is_turn: bool,
        is_forced: bool,
    },
    /// So many of the person's messages; whether files go back, too.
    Rewind {
        messages: usize,
        is_undoing: bool,
    },
    Fork,
    Canvas(Option<String>),
}

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "undo",
        aliases: &[],
        arguments: "[turn] [force]",
        summary: "take back what the last call or turn changed",
        group: Group::Changes,
        is_for_any_time: false,
        examples: &[
            ("/undo", "the files of the last call"),
            ("/undo turn", "the files of the last turn"),
            ("/undo force", "overwrites what was changed since, too"),
        ],
        parse: undo,
    },
    Command {
        name: "rewind",
        aliases: &[],
        arguments: "[N] [undo]",
        summary: "go back to before your last message, or the Nth last",
        group: Group::Changes,
        is_for_any_time: false,
        examples: &[
            ("/rewind", "puts your last message and all after it aside"),
            ("/rewind 3 undo", "three messages, and the files with them"),
        ],
        parse: rewind,
    },
    Command {
        name: "fork",
        aliases: &[],
        arguments: "",
        summary: "go on in a copy of this conversation",
        group: Group::Changes,
        is_for_any_time: false,
        examples: &[("/fork", "this conversation stays as it is")],
        parse: |argument| nothing(argument, Wish::Changes(Changes::Fork)),
    },
    Command {
        name: "canvas",
        aliases: &[],
        arguments: "[TITLE]",
        summary: "list or show the canvases of this conversation",
        group: Group::Changes,
        is_for_any_time: true,
        examples: &[("/canvas Plan", "shows the canvas of that title")],
        parse: |argument| Ok(Wish::Changes(Changes::Canvas(optional(argument)))),
    },
];

fn undo(argument: &str) -> Result<Wish, Wrong> {
    let (mut is_turn, mut is_forced) = (false, false);
    for word in argument.split_whitespace() {
        match word {
            "turn" => is_turn = true,
            "force" => is_forced = true,
            _ => return Err(Wrong::Usage),
        }
    }
    Ok(Wish::Changes(Changes::Undo { is_turn, is_forced }))
}

fn rewind(argument: &str) -> Result<Wish, Wrong> {
    let (mut messages, mut is_undoing) = (1, false);
    for word in argument.split_whitespace() {
        match word.parse() {
            Ok(number) if number > 0 => messages = number,
            Err(_) if word == "undo" => is_undoing = true,
            _ => return Err(Wrong::Usage),
        }
    }
    Ok(Wish::Changes(Changes::Rewind {
        messages,
        is_undoing,
    }))
}
