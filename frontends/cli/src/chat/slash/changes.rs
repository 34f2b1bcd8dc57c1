//! Commands about what was said and changed: seeing it, keeping it, taking it back, going on from it.

use super::{Command, Group, Wish, Wrong, nothing, number, optional, split};

/// What they ask for. Numbers are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Changes {
    Undo {
        what: Undo,
        is_forced: bool,
    },
    /// So many of the person's messages; whether files go back, too.
    Rewind {
        messages: usize,
        is_undoing: bool,
    },
    Fork,
    /// All changes, or those of the last turn.
    Diff {
        is_turn: bool,
    },
    History,
    /// The last answer, or one of its code blocks.
    Copy(Option<usize>),
    Canvas(Canvas),
}

/// What is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Undo {
    /// What the last call changed.
    LastCall,
    /// What this call changed: how its id begins or ends.
    Call(String),
    /// What the last turn changed.
    Turn,
    /// All since one of the person's messages, the last being 1.
    To(usize),
    /// Nothing; what could be is shown.
    List,
}

/// What is done with canvases; which one: its number or title, the one changed last without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Canvas {
    /// The only one, or all with their numbers.
    List,
    Show(String),
    /// Between two versions, the last two without.
    Diff(Option<usize>, Option<(u32, u32)>),
    Save {
        canvas: Option<usize>,
        file: String,
        is_forced: bool,
    },
}

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "diff",
        aliases: &[],
        arguments: "[turn]",
        summary: "show what this conversation changed in files",
        group: Group::Changes,
        is_for_any_time: true,
        examples: &[
            ("/diff", "all of it, as the files are now"),
            ("/diff turn", "since the last turn that changed something"),
        ],
        parse: |argument| {
            let is_turn = match argument {
                "" => false,
                "turn" => true,
                _ => return Err(Wrong::Usage),
            };
            Ok(Wish::Changes(Changes::Diff { is_turn }))
        },
    },
    Command {
        name: "undo",
        aliases: &[],
        arguments: "[turn|to N|CALL] [force]",
        summary: "take changes of files back: a call's, a turn's, more",
        group: Group::Changes,
        is_for_any_time: false,
        examples: &[
            ("/undo", "the last call's; shows it and asks first"),
            ("/undo turn", "the last turn's"),
            ("/undo to 2", "all since your second last message"),
            (
                "/undo list",
                "what could be taken back, with the ids of calls",
            ),
            ("/undo 5f21c0de force", "a call's, over what changed since"),
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
        name: "history",
        aliases: &[],
        arguments: "",
        summary: "read the whole conversation, page by page",
        group: Group::Changes,
        is_for_any_time: true,
        examples: &[("/history", "in $PAGER, from its beginning")],
        parse: |argument| nothing(argument, Wish::Changes(Changes::History)),
    },
    Command {
        name: "copy",
        aliases: &[],
        arguments: "[N]",
        summary: "copy the last answer, or its Nth code block",
        group: Group::Changes,
        is_for_any_time: true,
        examples: &[
            ("/copy", "the last answer, into the terminal's clipboard"),
            ("/copy 1", "its first code block"),
        ],
        parse: |argument| {
            let block = optional(argument).map(|text| number(&text)).transpose()?;
            Ok(Wish::Changes(Changes::Copy(block)))
        },
    },
    Command {
        name: "canvas",
        aliases: &[],
        arguments: "[N|diff|save FILE]",
        summary: "list, show, compare or save the canvases",
        group: Group::Changes,
        is_for_any_time: true,
        examples: &[
            ("/canvas", "all of them, or the only one"),
            ("/canvas 2", "the second, rendered; a title will do, too"),
            ("/canvas diff", "what its last version changed"),
            (
                "/canvas diff 2 1 3",
                "of the second: version 1 to version 3",
            ),
            ("/canvas save plan.md", "into a file that is not there yet"),
            ("/canvas save 2 plan.md force", "over the one that is there"),
        ],
        parse: |argument| canvas(argument).map(|canvas| Wish::Changes(Changes::Canvas(canvas))),
    },
];

fn undo(argument: &str) -> Result<Wish, Wrong> {
    let words: Vec<&str> = argument.split_whitespace().collect();
    let (words, is_forced) = match words.as_slice() {
        [before @ .., "force"] => (before, true),
        ["force", after @ ..] => (after, true),
        all => (all, false),
    };
    let what = match words {
        [] => Undo::LastCall,
        ["turn"] => Undo::Turn,
        ["list"] if !is_forced => Undo::List,
        ["to", messages] => Undo::To(number(messages)?),
        [call] if is_id(call) => Undo::Call((*call).to_owned()),
        _ => return Err(Wrong::Usage),
    };
    Ok(Wish::Changes(Changes::Undo { what, is_forced }))
}

/// How an id may begin or end.
fn is_id(text: &str) -> bool {
    text.len() >= 4
        && text
            .chars()
            .all(|sign| sign.is_ascii_hexdigit() || sign == '-')
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

fn canvas(argument: &str) -> Result<Canvas, Wrong> {
    let (word, rest) = split(argument);
    match word {
        "" => Ok(Canvas::List),
        "diff" => canvas_diff(rest),
        "save" => canvas_save(rest),
        _ => Ok(Canvas::Show(argument.to_owned())),
    }
}

fn canvas_diff(rest: &str) -> Result<Canvas, Wrong> {
    let version = |text: &str| {
        text.trim_start_matches('v')
            .parse()
            .map_err(|_| Wrong::Usage)
    };
    let words: Vec<&str> = rest.split_whitespace().collect();
    Ok(match words.as_slice() {
        [] => Canvas::Diff(None, None),
        [canvas] => Canvas::Diff(Some(number(canvas)?), None),
        [from, to] => Canvas::Diff(None, Some((version(from)?, version(to)?))),
        [canvas, from, to] => {
            let versions = (version(from)?, version(to)?);
            Canvas::Diff(Some(number(canvas)?), Some(versions))
        }
        _ => return Err(Wrong::Usage),
    })
}

fn canvas_save(rest: &str) -> Result<Canvas, Wrong> {
    let (rest, is_forced) = match rest.strip_suffix(" force") {
        Some(rest) => (rest.trim_end(), true),
        None => (rest, false),
    };
    let (canvas, file) = match split(rest) {
        (first, file) if !file.is_empty() && number(first).is_ok() => (number(first).ok(), file),
        _ => (None, rest),
    };
    if file.is_empty() {
        return Err(Wrong::Usage);
    }
    Ok(Canvas::Save {
        canvas,
        file: file.to_owned(),
        is_forced,
    })
}
