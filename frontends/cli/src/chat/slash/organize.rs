//! Commands that find, order and keep conversations, notes and documents.

use super::{Command, Group, Wish, Wrong, optional, split};

/// What they ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Organize {
    /// With a tag and words, if any.
    List(Option<String>, String),
    Search(String),
    /// Of this conversation, or of so many days.
    Usage(Option<u32>),
    Rename(String),
    /// Tags to give and to take.
    Tag(Vec<String>, Vec<String>),
    Folder(Folder),
    Project(Project),
    Note(Note),
    Pin(bool),
    Delete,
    Export(Option<String>),
}

/// What is done with folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Folder {
    Show,
    New(String),
    Into(String),
    Out,
}

/// What is done with projects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Project {
    List,
    Show(String),
    /// A new conversation of it.
    Begin(String),
    Into(String),
    Out,
}

/// What is done with notes and documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Note {
    List,
    Show(String),
    New(String),
    Edit(String),
    /// Which, and words beside it.
    Send(String),
}

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "list",
        aliases: &[],
        arguments: "[#TAG] [WORDS]",
        summary: "list conversations",
        group: Group::Organize,
        is_for_any_time: true,
        examples: &[
            ("/list", "the newest conversations with their ids"),
            ("/list #rust retry", "with this tag and this word"),
        ],
        parse: |argument| {
            let (first, rest) = split(argument);
            let (tag, words) = match first.strip_prefix('#') {
                Some(tag) if !tag.is_empty() => (Some(tag.to_owned()), rest),
                _ => (None, argument),
            };
            Ok(Wish::Organize(Organize::List(tag, words.to_owned())))
        },
    },
    Command {
        name: "search",
        aliases: &[],
        arguments: "WORDS",
        summary: "find words in conversations, notes and documents",
        group: Group::Organize,
        is_for_any_time: true,
        examples: &[("/search retry policy", "where both words are")],
        parse: |argument| named(argument, Organize::Search),
    },
    Command {
        name: "rename",
        aliases: &[],
        arguments: "TITLE",
        summary: "give this conversation another title",
        group: Group::Organize,
        is_for_any_time: true,
        examples: &[("/rename Retry policy", "instead of the one it has")],
        parse: |argument| named(argument, Organize::Rename),
    },
    Command {
        name: "tag",
        aliases: &[],
        arguments: "[TAG..] [-TAG..]",
        summary: "show, give and take tags of this conversation",
        group: Group::Organize,
        is_for_any_time: true,
        examples: &[
            ("/tag rust q3", "gives two tags"),
            ("/tag -draft", "takes one"),
        ],
        parse: |argument| {
            let (mut add, mut remove) = (Vec::new(), Vec::new());
            for word in argument.split_whitespace() {
                match word.strip_prefix('-') {
                    Some("") => return Err(Wrong::Usage),
                    Some(tag) => remove.push(tag.to_owned()),
                    None => add.push(word.to_owned()),
                }
            }
            Ok(Wish::Organize(Organize::Tag(add, remove)))
        },
    },
    Command {
        name: "folder",
        aliases: &[],
        arguments: "[PATH | out | new PATH]",
        summary: "show folders, put this conversation into one",
        group: Group::Organize,
        is_for_any_time: true,
        examples: &[
            ("/folder", "the tree"),
            ("/folder research/papers", "puts this conversation there"),
            ("/folder new research/papers", "makes it"),
        ],
        parse: |argument| {
            Ok(Wish::Organize(Organize::Folder(match split(argument) {
                ("", _) => Folder::Show,
                ("out", "") => Folder::Out,
                ("new", "") => return Err(Wrong::Usage),
                ("new", path) => Folder::New(path.to_owned()),
                _ => Folder::Into(argument.to_owned()),
            })))
        },
    },
    Command {
        name: "project",
        aliases: &[],
        arguments: "[NAME | show NAME | move NAME | out]",
        summary: "list projects, begin or order by one",
        group: Group::Organize,
        is_for_any_time: false,
        examples: &[
            ("/project Loader", "a new conversation of it"),
            ("/project show Loader", "what it says"),
            ("/project move Loader", "this conversation belongs to it"),
        ],
        parse: |argument| {
            Ok(Wish::Organize(Organize::Project(match split(argument) {
                ("", _) => Project::List,
                ("out", "") => Project::Out,
                ("show" | "move", "") => return Err(Wrong::Usage),
                ("show", name) => Project::Show(name.to_owned()),
                ("move", name) => Project::Into(name.to_owned()),
                _ => Project::Begin(argument.to_owned()),
            })))
        },
    },
    Command {
        name: "note",
        aliases: &["document"],
        arguments: "[TITLE | new|edit|send TITLE]",
        summary: "list, show, write and send notes and documents",
        group: Group::Organize,
        is_for_any_time: false,
        examples: &[
            ("/note", "the newest notes and documents"),
            ("/note new Retry policy", "written in your editor"),
            (
                "/note send Retry policy",
                "refers to it in the next message",
            ),
        ],
        parse: |argument| {
            Ok(Wish::Organize(Organize::Note(match split(argument) {
                ("", _) => Note::List,
                ("new" | "edit" | "send", "") => return Err(Wrong::Usage),
                ("new", title) => Note::New(title.to_owned()),
                ("edit", title) => Note::Edit(title.to_owned()),
                ("send", title) => Note::Send(title.to_owned()),
                _ => Note::Show(argument.to_owned()),
            })))
        },
    },
    Command {
        name: "pin",
        aliases: &[],
        arguments: "[off]",
        summary: "keep this conversation at hand",
        group: Group::Organize,
        is_for_any_time: true,
        examples: &[("/pin", "marked in lists"), ("/pin off", "not any more")],
        parse: |argument| match argument {
            "" => Ok(Wish::Organize(Organize::Pin(true))),
            "off" => Ok(Wish::Organize(Organize::Pin(false))),
            _ => Err(Wrong::Usage),
        },
    },
    Command {
        name: "export",
        aliases: &[],
        arguments: "[FILE]",
        summary: "write this conversation to a file, to read it",
        group: Group::Organize,
        is_for_any_time: true,
        examples: &[("/export talk.md", "Markdown; what is there stays")],
        parse: |argument| Ok(Wish::Organize(Organize::Export(optional(argument)))),
    },
    Command {
        name: "delete",
        aliases: &[],
        arguments: "",
        summary: "delete this conversation with all that belongs to it",
        group: Group::Organize,
        is_for_any_time: false,
        examples: &[("/delete", "asks first")],
        parse: |argument| match argument {
            "" => Ok(Wish::Organize(Organize::Delete)),
            _ => Err(Wrong::Usage),
        },
    },
    Command {
        name: "usage",
        aliases: &[],
        arguments: "[DAYS]",
        summary: "show the tokens of this conversation, or of days",
        group: Group::Organize,
        is_for_any_time: true,
        examples: &[
            ("/usage", "tokens in, out and cached"),
            ("/usage 7", "by day, model and project"),
        ],
        parse: |argument| match argument {
            "" => Ok(Wish::Organize(Organize::Usage(None))),
            days => match days.parse() {
                Ok(days) if (1..=36_500).contains(&days) => {
                    Ok(Wish::Organize(Organize::Usage(Some(days))))
                }
                _ => Err(Wrong::Usage),
            },
        },
    },
];

fn named(argument: &str, wish: fn(String) -> Organize) -> Result<Wish, Wrong> {
    match argument {
        "" => Err(Wrong::Usage),
        words => Ok(Wish::Organize(wish(words.to_owned()))),
    }
}
