//! Slash commands: their names, what they take, what they mean. Pure.

use crate::theme::{Style, Theme, pad};
use crate::words;
use anteroom_api::Mode;

/// What a line that begins with `/` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slash {
    Help,
    New,
    Resume(Option<String>),
    List,
    Search(String),
    Model(Option<String>),
    Mode(Option<Mode>),
    Tools,
    Queue,
    Unqueue(usize),
    Release(usize),
    Usage,
    Config,
    Doctor,
    Canvas(Option<String>),
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
    /// A summary of the older history; or the whole history again.
    Compact {
        is_undo: bool,
    },
    Plan(String),
    Quit,
}

/// Names with what follows them and what they do, in the order of `/help`.
const COMMANDS: [(&str, &str, &str); 19] = [
    ("help", "", "this list"),
    ("new", "", "start a new conversation"),
    (
        "resume",
        "[ID]",
        "go on with another conversation; the last one here without ID",
    ),
    ("list", "", "list conversations"),
    ("search", "WORDS", "find words in all conversations"),
    ("model", "[NAME]", "show or change the model"),
    ("mode", "[MODE]", "show or change when you are asked"),
    ("tools", "", "list tools and what they were granted"),
    (
        "queue",
        "[rm|run N]",
        "show what waits, take it back, run what is held",
    ),
    ("usage", "", "tokens of this conversation"),
    ("config", "", "show settings and where they come from"),
    ("doctor", "", "check everything"),
    (
        "canvas",
        "[TITLE]",
        "list or show the canvases of this conversation",
    ),
    (
        "undo",
        "[turn] [force]",
        "take back what the last call or turn changed",
    ),
    (
        "rewind",
        "[N] [undo]",
        "go back to before your last message, or the Nth last",
    ),
    ("fork", "", "go on in a copy of this conversation"),
    (
        "plan",
        "TEXT",
        "have a plan made, and carried out once you approve it",
    ),
    (
        "compact",
        "[undo]",
        "summarize the older history, or undo that",
    ),
    ("quit", "", "leave (Ctrl+D)"),
];

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
        let optional = (!argument.is_empty()).then(|| argument.to_owned());
        Ok(match name {
            "help" | "?" => Self::Help,
            "new" => Self::New,
            "resume" => Self::Resume(optional),
            "list" => Self::List,
            "search" if argument.is_empty() => return Err("/search WORDS".to_owned()),
            "search" => Self::Search(argument.to_owned()),
            "model" => Self::Model(optional),
            "mode" => Self::Mode(optional.map(|mode| mode.parse()).transpose()?),
            "tools" => Self::Tools,
            "queue" => return queue(argument),
            "usage" => Self::Usage,
            "config" => Self::Config,
            "doctor" => Self::Doctor,
            "canvas" => Self::Canvas(optional),
            "undo" => return undo(argument),
            "rewind" => return rewind(argument),
            "fork" => Self::Fork,
            "plan" if argument.is_empty() => return Err("/plan TEXT".to_owned()),
            "plan" => Self::Plan(argument.to_owned()),
            "compact" if argument.is_empty() => Self::Compact { is_undo: false },
            "compact" if argument == "undo" => Self::Compact { is_undo: true },
            "compact" => return Err("/compact, or /compact undo".to_owned()),
            "quit" | "exit" | "q" => Self::Quit,
            other => {
                let near = words::nearest(other, COMMANDS.iter().map(|(name, _, _)| *name));
                let near = near.map_or("/help lists all".to_owned(), |near| {
                    format!("did you mean /{near}?")
                });
                return Err(format!("there is no /{other}; {near}"));
            }
        })
    }

    /// Whether it can be done while a turn runs.
    pub(super) fn works_while_running(&self) -> bool {
        match self {
            Self::Help
            | Self::List
            | Self::Search(_)
            | Self::Model(_)
            | Self::Mode(_)
            | Self::Tools
            | Self::Queue
            | Self::Unqueue(_)
            | Self::Release(_)
            | Self::Usage
            | Self::Config
            | Self::Canvas(_)
            | Self::Plan(_)
            | Self::Quit => true,
            Self::New
            | Self::Resume(_)
            | Self::Doctor
            | Self::Undo { .. }
            | Self::Rewind { .. }
            | Self::Compact { .. }
            | Self::Fork => false,
        }
    }
}

fn queue(argument: &str) -> Result<Slash, String> {
    if argument.is_empty() {
        return Ok(Slash::Queue);
    }
    let (word, number) = argument.split_once(' ').unwrap_or((argument, ""));
    let number = number.trim().parse().ok().filter(|number| *number > 0);
    match (word, number) {
        ("rm", Some(number)) => Ok(Slash::Unqueue(number)),
        ("run", Some(number)) => Ok(Slash::Release(number)),
        _ => Err("/queue, /queue rm N, or /queue run N for what is held".to_owned()),
    }
}

fn undo(argument: &str) -> Result<Slash, String> {
    let (mut is_turn, mut is_forced) = (false, false);
    for word in argument.split_whitespace() {
        match word {
            "turn" => is_turn = true,
            "force" => is_forced = true,
            _ => return Err("/undo, /undo turn, and force to overwrite what changed since".into()),
        }
    }
    Ok(Slash::Undo { is_turn, is_forced })
}

fn rewind(argument: &str) -> Result<Slash, String> {
    let (mut messages, mut is_undoing) = (1, false);
    for word in argument.split_whitespace() {
        match word.parse() {
            Ok(number) if number > 0 => messages = number,
            Err(_) if word == "undo" => is_undoing = true,
            _ => return Err("/rewind, /rewind N, and undo to take file changes back".into()),
        }
    }
    Ok(Slash::Rewind {
        messages,
        is_undoing,
    })
}

/// The lines of `/help`.
pub(super) fn help(theme: &Theme) -> Vec<String> {
    let mut lines: Vec<String> = COMMANDS
        .iter()
        .map(|(name, argument, about)| {
            let head = format!("/{name} {argument}");
            format!(
                "{}  {}",
                pad(head.trim_end(), 16),
                theme.paint(Style::Dim, about)
            )
        })
        .collect();
    lines.push(String::new());
    let keys = [
        "While it works: Enter queues",
        "Up takes the last one back",
        "Esc cancels",
    ];
    lines.push(theme.paint(Style::Dim, &keys.join(theme.dot())));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::BARE;

    #[test]
    fn lines_are_commands_or_not() {
        let check = |line: &str, wanted: Option<Result<Slash, &str>>| {
            let wanted = wanted.map(|read| read.map_err(ToOwned::to_owned));
            assert_eq!(Slash::read(line), wanted, "{line}");
        };
        check("hello", None);
        check("/usr/bin is a folder", None);
        check(" /Help ", Some(Ok(Slash::Help)));
        check("/resume", Some(Ok(Slash::Resume(None))));
        check(
            "/resume 5f21c0de",
            Some(Ok(Slash::Resume(Some("5f21c0de".into())))),
        );
        check(
            "/search retry policy",
            Some(Ok(Slash::Search("retry policy".into()))),
        );
        check("/search", Some(Err("/search WORDS")));
        check(
            "/mode dangerous",
            Some(Ok(Slash::Mode(Some(Mode::AskForDangerous)))),
        );
        check("/queue rm 2", Some(Ok(Slash::Unqueue(2))));
        check("/queue run 1", Some(Ok(Slash::Release(1))));
        check(
            "/queue rm 0",
            Some(Err("/queue, /queue rm N, or /queue run N for what is held")),
        );
        let undo = |is_turn, is_forced| Some(Ok(Slash::Undo { is_turn, is_forced }));
        check("/undo", undo(false, false));
        check("/undo force turn", undo(true, true));
        let rewind = |messages, is_undoing| {
            Some(Ok(Slash::Rewind {
                messages,
                is_undoing,
            }))
        };
        check("/rewind", rewind(1, false));
        check("/rewind 3 undo", rewind(3, true));
        assert!(Slash::read("/rewind 0").is_some_and(|read| read.is_err()));
        check("/q", Some(Ok(Slash::Quit)));
        check(
            "/modl",
            Some(Err("there is no /modl; did you mean /model?")),
        );
        check(
            "/zzzzzzz",
            Some(Err("there is no /zzzzzzz; /help lists all")),
        );
        assert!(Slash::read("/mode x").is_some_and(|read| read.is_err()));
    }

    #[test]
    fn every_command_of_the_list_is_understood() {
        for (name, argument, _) in COMMANDS {
            let argument = if argument.starts_with('[') {
                ""
            } else {
                argument
            };
            let read = Slash::read(&format!("/{name} {argument}"));
            assert!(matches!(read, Some(Ok(_))), "{name}");
        }
        assert_eq!(help(&BARE).len(), COMMANDS.len() + 2);
        assert!(help(&BARE).iter().all(|line| line.chars().count() <= 80));
    }
}
