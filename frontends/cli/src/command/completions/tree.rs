//! What may stand at the end of a command line, by the command tree. Pure.

use clap::{Arg, ArgAction, Command};

/// A candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) word: String,
    /// What it is, in one line.
    pub(super) about: String,
}

impl Offer {
    pub(super) fn new(word: &str, about: &str) -> Self {
        Self {
            word: word.to_owned(),
            about: about.lines().next().unwrap_or_default().to_owned(),
        }
    }
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// These.
    Offers(Vec<Offer>),
    /// Whatever the shell itself knows of files.
    Files,
    /// The same of folders.
    Folders,
    /// Names that a host knows.
    Live(Live),
}

/// Names that a host knows, and what stands in front of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Live {
    pub(super) kind: Kind,
    /// `--model=`, or what a list begins with: `read_file,`.
    prefix: String,
    /// Candidates beside them.
    others: Vec<(String, String)>,
}

/// Kinds of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Models,
    Conversations,
    Tools,
    Modules,
    Settings,
    Skills,
}

impl Live {
    /// The names that go on with what was typed.
    pub(super) fn offers(&self, typed: &str, names: Vec<Offer>) -> Vec<Offer> {
        let others = self.others.iter();
        let others = others.map(|(word, about)| Offer::new(word, about));
        let names = names.into_iter().map(|name| Offer {
            word: format!("{}{}", self.prefix, name.word),
            ..name
        });
        others
            .chain(names)
            .filter(|offer| offer.word.starts_with(typed))
            .collect()
    }
}

/// The approval modes.
const MODES: [(&str, &str); 4] = [
    ("auto", "ask for nothing that stays in the workspace"),
    ("ask_for_dangerous", "ask for what is destructive"),
    ("ask_for_writes", "ask for changes and commands"),
    ("ask", "ask for every call"),
];

/// What may go on with `typed` behind the words `before`.
pub(super) fn find(root: &Command, before: &[String], typed: &str) -> Found {
    let place = Place::walk(root, before);
    if let Some(argument) = place.value_of {
        return values(&place, argument, (String::new(), typed));
    }
    if place.are_flags_over {
        return place.positional(typed, Vec::new());
    }
    if let Some((flag, value)) = typed.split_once('=').filter(|_| typed.starts_with("--")) {
        return match place.long(flag) {
            Some(argument) => values(&place, argument, (format!("{flag}="), value)),
            None => Found::Offers(Vec::new()),
        };
    }
    if typed.starts_with('-') {
        return Found::Offers(place.flags(typed));
    }
    let commands = place.commands(typed);
    place.positional(typed, commands)
}

/// Where in the tree a line has come to.
struct Place<'a> {
    command: &'a Command,
    /// The names on the way, the root's left out.
    path: Vec<&'a str>,
    /// Values without a flag that were given.
    positionals: usize,
    /// The flag whose value comes next.
    value_of: Option<&'a Arg>,
    /// Behind `--`.
    are_flags_over: bool,
}

impl<'a> Place<'a> {
    fn walk(root: &'a Command, before: &[String]) -> Self {
        let mut place = Self {
            command: root,
            path: Vec::new(),
            positionals: 0,
            value_of: None,
            are_flags_over: false,
        };
        for word in before {
            place.step(word);
        }
        place
    }

    fn step(&mut self, word: &str) {
        if self.value_of.take().is_some() {
            return;
        }
        if self.are_flags_over {
            self.positionals += 1;
        } else if word == "--" {
            self.are_flags_over = true;
        } else if word.starts_with("--") {
            if !word.contains('=') {
                self.value_of = self.long(word).filter(|argument| takes_value(argument));
            }
        } else if let Some(short) = word.strip_prefix('-').filter(|short| !short.is_empty()) {
            self.value_of = self.short(short);
        } else if let Some(command) = self.command.find_subcommand(word) {
            self.command = command;
            self.path.push(command.get_name());
            self.positionals = 0;
        } else {
            self.positionals += 1;
        }
    }

    fn long(&self, flag: &str) -> Option<&'a Arg> {
        let name = flag.strip_prefix("--")?;
        self.command.get_arguments().find(|argument| {
            let aliases = argument.get_all_aliases().unwrap_or_default();
            argument.get_long() == Some(name) || aliases.contains(&name)
        })
    }

    /// The flag at the end of a cluster, if its value is the next word.
    fn short(&self, cluster: &str) -> Option<&'a Arg> {
        let mut signs = cluster.chars();
        while let Some(sign) = signs.next() {
            let argument = self
                .command
                .get_arguments()
                .find(|argument| argument.get_short() == Some(sign))?;
            if takes_value(argument) {
                return signs.as_str().is_empty().then_some(argument);
            }
        }
        None
    }

    fn commands(&self, typed: &str) -> Vec<Offer> {
        if self.positionals > 0 {
            return Vec::new();
        }
        self.command
            .get_subcommands()
            .filter(|command| !command.is_hide_set() && command.get_name().starts_with(typed))
            .map(|command| Offer::new(command.get_name(), &about(command.get_about())))
            .collect()
    }

    fn flags(&self, typed: &str) -> Vec<Offer> {
        let visible = self
            .command
            .get_arguments()
            .filter(|argument| !argument.is_hide_set());
        visible
            .filter_map(|argument| {
                let flag = format!("--{}", argument.get_long()?);
                let about = about(argument.get_help());
                flag.starts_with(typed).then(|| Offer::new(&flag, &about))
            })
            .collect()
    }

    fn positional(&self, typed: &str, others: Vec<Offer>) -> Found {
        let arguments: Vec<&Arg> = self
            .command
            .get_positionals()
            .filter(|argument| !argument.is_hide_set())
            .collect();
        let last = arguments.last().copied();
        let argument = arguments.get(self.positionals).copied();
        // The last one may take all that follows.
        let argument = argument.or_else(|| last.filter(|argument| takes_several(argument)));
        let found = match argument {
            Some(argument) => values(self, argument, (String::new(), typed)),
            None => Found::Offers(Vec::new()),
        };
        match found {
            Found::Offers(mut offers) => {
                offers.splice(0..0, others);
                Found::Offers(offers)
            }
            Found::Live(mut live) => {
                live.others
                    .extend(others.into_iter().map(|offer| (offer.word, offer.about)));
                Found::Live(live)
            }
            found if others.is_empty() => found,
            _ => Found::Offers(others),
        }
    }
}

/// What may be given to an argument, behind what stands in front of it.
fn values(place: &Place<'_>, argument: &Arg, (prefix, typed): (String, &str)) -> Found {
    let offered = |known: &[(&str, &str)]| {
        let fitting = known.iter().filter(|(word, _)| word.starts_with(typed));
        let offers = fitting.map(|(word, about)| Offer::new(&format!("{prefix}{word}"), about));
        Found::Offers(offers.collect())
    };
    let possible = argument.get_possible_values();
    if !possible.is_empty() {
        let shown = possible.iter().filter(|value| !value.is_hide_set());
        let known: Vec<(String, String)> = shown
            .map(|value| (value.get_name().to_owned(), about(value.get_help())))
            .collect();
        let known: Vec<(&str, &str)> = known
            .iter()
            .map(|(word, about)| (word.as_str(), about.as_str()))
            .collect();
        return offered(&known);
    }
    let value = argument
        .get_value_names()
        .and_then(|names| names.first())
        .map_or("", |name| name.as_str());
    let live = |kind, prefix| {
        Found::Live(Live {
            kind,
            prefix,
            others: Vec::new(),
        })
    };
    let group = place.path.first().copied().unwrap_or_default();
    match (argument.get_id().as_str(), value) {
        ("model", _) => live(Kind::Models, prefix),
        ("approval_mode", _) => offered(&MODES),
        // A list: what is typed goes on behind its last comma.
        ("allowed_tools", _) => {
            let list = typed
                .rfind(',')
                .map_or("", |at| typed.get(..=at).unwrap_or_default());
            live(Kind::Tools, format!("{prefix}{list}"))
        }
        ("tool", _) => live(Kind::Tools, prefix),
        ("name", _) if place.path == ["tool", "run"] => live(Kind::Tools, prefix),
        ("name" | "skill", _) if place.path.starts_with(&["skill"]) => {
            match place.path.last().copied() {
                Some("show" | "check" | "rm") => live(Kind::Skills, prefix),
                _ => offered(&[]),
            }
        }
        ("command", _) if group == "help" => offered(&[]),
        (_, "KEY") => live(Kind::Settings, prefix),
        (_, "MODULE") => live(Kind::Modules, prefix),
        (_, "CONVERSATION") => live(Kind::Conversations, prefix),
        ("resume" | "conversation", _) => live(Kind::Conversations, prefix),
        ("id" | "conversations", _) if matches!(group, "conversation" | "replay") => {
            live(Kind::Conversations, prefix)
        }
        (_, "DIR") => Found::Folders,
        (_, "FILE") => Found::Files,
        _ => Found::Offers(Vec::new()),
    }
}

fn takes_value(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::Set | ArgAction::Append)
}

fn takes_several(argument: &Arg) -> bool {
    argument
        .get_num_args()
        .is_some_and(|range| range.max_values() > 1)
        || matches!(argument.get_action(), ArgAction::Append)
}

fn about(text: Option<&clap::builder::StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}
