//! Slash commands: one table of names, what they take and what they mean. Pure.
//!
//! A command is one entry in the file of its group, with its parser; what it does stands beside the session.

mod changes;
mod help;
mod manage;
pub(super) mod organize;
mod safety;
mod servers;
mod skills;
mod talk;

use crate::words;
pub(super) use changes::{Canvas, Changes, Undo};
pub(super) use help::{list, of_command};
pub(super) use manage::{Config, Manage};
pub(super) use organize::{Folder, Note, Organize, Project};
pub(super) use safety::{Safety, Trust, Why};
pub(super) use servers::Servers;
pub(super) use skills::Skills;
pub(super) use talk::{Manner, Plan, Queue, Talk};

/// One command of the chat.
#[derive(Debug)]
pub(super) struct Command {
    /// What is typed behind `/`.
    pub(super) name: &'static str,
    /// Other names of it.
    pub(super) aliases: &'static [&'static str],
    /// What may follow, in the notation of `--help`; empty if nothing.
    pub(super) arguments: &'static str,
    /// What it does, beginning with a verb, at most 58 characters.
    pub(super) summary: &'static str,
    /// Under which heading `/help` lists it.
    pub(super) group: Group,
    /// Whether it can be done while a turn runs.
    pub(super) is_for_any_time: bool,
    /// Lines a person might type, each with what comes of it.
    pub(super) examples: &'static [(&'static str, &'static str)],
    /// Reads what follows the name, trimmed.
    parse: fn(&str) -> Result<Wish, Wrong>,
}

/// The headings of `/help`, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Talk,
    Organize,
    Changes,
    Safety,
    Manage,
}

impl Group {
    pub(super) const ALL: [Self; 5] = [
        Self::Talk,
        Self::Organize,
        Self::Changes,
        Self::Safety,
        Self::Manage,
    ];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Talk => "Talk",
            Self::Organize => "Organize",
            Self::Changes => "Changes",
            Self::Safety => "Safety",
            Self::Manage => "Manage",
        }
    }
}

/// Why a line is no command that can be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wrong {
    /// The command takes something else.
    Usage,
    /// In words.
    Said(String),
}

impl From<String> for Wrong {
    fn from(words: String) -> Self {
        Self::Said(words)
    }
}

/// A line that begins with `/`, understood.
#[derive(Debug)]
pub(super) struct Slash {
    pub(super) command: &'static Command,
    pub(super) wish: Wish,
}

/// What a command asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// All commands, or one.
    Help(Option<&'static Command>),
    Talk(Talk),
    Organize(Organize),
    Changes(Changes),
    Safety(Safety),
    Servers(Servers),
    Skills(Skills),
    Manage(Manage),
    Quit,
}

impl PartialEq for Command {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Command {}

impl Slash {
    /// Reads a line; none if it is no command at all.
    ///
    /// An unknown command is an error that names the nearest one.
    pub(super) fn read(line: &str) -> Option<Result<Self, String>> {
        let rest = line.trim().strip_prefix('/')?;
        // A path that begins a sentence is no command.
        let (name, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        if name.contains('/') {
            return None;
        }
        Some(Self::parse(&name.to_ascii_lowercase(), argument.trim()))
    }

    fn parse(name: &str, argument: &str) -> Result<Self, String> {
        let Some(command) = find(name) else {
            return Err(unknown(name));
        };
        match (command.parse)(argument) {
            Ok(wish) => Ok(Self { command, wish }),
            Err(Wrong::Said(words)) => Err(words),
            Err(Wrong::Usage) => Err(command.usage()),
        }
    }

    /// Whether it can be done while a turn runs.
    pub(super) fn works_while_running(&self) -> bool {
        self.command.is_for_any_time
    }

    pub(super) fn is_quit(&self) -> bool {
        self.wish == Wish::Quit
    }
}

impl Command {
    /// `/queue [rm|run N]`.
    pub(super) fn head(&self) -> String {
        format!("/{} {}", self.name, self.arguments)
            .trim_end()
            .to_owned()
    }

    fn usage(&self) -> String {
        format!("{}; /help {} shows examples", self.head(), self.name)
    }
}

/// All commands, in the order of `/help`.
pub(super) fn all() -> impl Iterator<Item = &'static Command> {
    talk::COMMANDS
        .iter()
        .chain(skills::COMMANDS)
        .chain(organize::COMMANDS)
        .chain(changes::COMMANDS)
        .chain(safety::COMMANDS)
        .chain(manage::COMMANDS)
        .chain(servers::COMMANDS)
}

/// The command of that name.
///
/// Names that are not in the table are nobody's yet: what else can be called by a name is looked up behind it.
pub(super) fn find(name: &str) -> Option<&'static Command> {
    all().find(|command| command.name == name || command.aliases.contains(&name))
}

fn unknown(name: &str) -> String {
    let near = words::nearest(name, all().map(|command| command.name));
    let near = near.map_or("/help lists all".to_owned(), |near| {
        format!("did you mean /{near}?")
    });
    format!("there is no /{name}; {near}")
}

/// The argument if there is one.
fn optional(argument: &str) -> Option<String> {
    (!argument.is_empty()).then(|| argument.to_owned())
}

/// Nothing may follow.
fn nothing(argument: &str, wish: Wish) -> Result<Wish, Wrong> {
    if argument.is_empty() {
        Ok(wish)
    } else {
        Err(Wrong::Usage)
    }
}

/// A number from 1.
fn number(text: &str) -> Result<usize, Wrong> {
    let number = text.trim().parse().ok().filter(|number| *number > 0);
    number.ok_or(Wrong::Usage)
}

/// The first word and the rest.
fn split(argument: &str) -> (&str, &str) {
    let (word, rest) = argument
        .split_once(char::is_whitespace)
        .unwrap_or((argument, ""));
    (word, rest.trim())
}

#[cfg(test)]
mod tests;
