//! Commands for talking: where, with which model, what waits, what the model is sent.

use super::{Command, Group, Wish, Wrong, nothing, number, optional, split};
use anteroom_api::Mode;

/// What they ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Talk {
    New,
    /// The conversation; the last one here without.
    Resume(Option<String>),
    /// A name, or a number in the list of them.
    Model(Option<String>),
    Mode(Option<Manner>),
    Plan(Plan),
    Queue(Queue),
    /// The last input again, or on from where it was cut off.
    Retry,
    Verbosity(Option<u8>),
    /// A summary of the older history; or the whole history again.
    Compact {
        is_undo: bool,
    },
}

/// How messages are taken from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Manner {
    /// Carried out, asking as the mode says.
    Doing(Mode),
    /// A plan first.
    Planning,
}

impl Manner {
    /// As Shift+Tab goes through them: from the most asking to the least, then planning.
    pub(in crate::chat) const ALL: [Self; 5] = [
        Self::Doing(Mode::Ask),
        Self::Doing(Mode::AskForWrites),
        Self::Doing(Mode::AskForDangerous),
        Self::Doing(Mode::Auto),
        Self::Planning,
    ];

    /// The one behind it.
    pub(in crate::chat) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|manner| *manner == self);
        let next = at.map_or(0, |at| (at + 1) % Self::ALL.len());
        Self::ALL.get(next).copied().unwrap_or(Self::Planning)
    }
}

/// What `/plan` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Plan {
    /// A plan for this.
    For(String),
    /// Plans from now on, or no more; the other of the two without.
    Turn(Option<bool>),
}

/// What is done with what waits. Numbers are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Queue {
    Show,
    Remove(usize),
    Run(usize),
    /// Other words; without any the present ones are put into the draft.
    Edit(usize, Option<String>),
    /// One place, towards the front or the end.
    Up(usize),
    Down(usize),
}

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "new",
        aliases: &["clear"],
        arguments: "",
        summary: "start a new conversation",
        group: Group::Talk,
        is_for_any_time: false,
        examples: &[("/new", "the next message begins another conversation")],
        parse: |argument| nothing(argument, Wish::Talk(Talk::New)),
    },
    Command {
        name: "resume",
        aliases: &[],
        arguments: "[ID]",
        summary: "go on with another conversation, the last one without ID",
        group: Group::Talk,
        is_for_any_time: false,
        examples: &[
            ("/resume", "the last conversation in this folder"),
            ("/resume 5f21c0de", "the one whose id begins so"),
        ],
        parse: |argument| Ok(Wish::Talk(Talk::Resume(optional(argument)))),
    },
    Command {
        name: "model",
        aliases: &[],
        arguments: "[NAME|N]",
        summary: "list the endpoint's models, or change to one",
        group: Group::Talk,
        is_for_any_time: true,
        examples: &[
            ("/model", "numbered, the one in use marked"),
            ("/model 2", "the second of the list, from the next turn on"),
            ("/model qwen3", "by its name"),
        ],
        parse: |argument| Ok(Wish::Talk(Talk::Model(optional(argument)))),
    },
    Command {
        name: "mode",
        aliases: &[],
        arguments: "[MODE]",
        summary: "show or change when you are asked (Shift+Tab)",
        group: Group::Talk,
        is_for_any_time: true,
        examples: &[
            ("/mode", "all of them, the one in use marked"),
            ("/mode ask", "every call is asked for"),
            ("/mode plan", "each message gets a plan first"),
        ],
        parse: |argument| match argument {
            "" => Ok(Wish::Talk(Talk::Mode(None))),
            "plan" => Ok(Wish::Talk(Talk::Mode(Some(Manner::Planning)))),
            mode => {
                let mode = Manner::Doing(mode.replace([' ', '-'], "_").parse()?);
                Ok(Wish::Talk(Talk::Mode(Some(mode))))
            }
        },
    },
    Command {
        name: "plan",
        aliases: &[],
        arguments: "[TEXT|on|off]",
        summary: "have a plan made, and carried out once you approve it",
        group: Group::Talk,
        is_for_any_time: true,
        examples: &[
            (
                "/plan split config.rs",
                "reads, then shows a plan and waits",
            ),
            ("/plan on", "from now on for every message"),
            ("/plan off", "messages are carried out again"),
        ],
        parse: |argument| {
            let plan = match argument {
                "" => Plan::Turn(None),
                "on" => Plan::Turn(Some(true)),
                "off" => Plan::Turn(Some(false)),
                text => Plan::For(text.to_owned()),
            };
            Ok(Wish::Talk(Talk::Plan(plan)))
        },
    },
    Command {
        name: "queue",
        aliases: &[],
        arguments: "[edit|rm|up|down|run N]",
        summary: "show what waits; change, move, take back, run it",
        group: Group::Talk,
        is_for_any_time: true,
        examples: &[
            ("/queue", "what waits, numbered"),
            (
                "/queue edit 2",
                "puts the words of the second into the prompt",
            ),
            (
                "/queue edit 2 run clippy",
                "changes the words of the second",
            ),
            ("/queue up 2", "moves the second one place to the front"),
            ("/queue rm 2", "takes the second back"),
            ("/queue run 1", "runs what is held"),
        ],
        parse: |argument| queue(argument).map(|queue| Wish::Talk(Talk::Queue(queue))),
    },
    Command {
        name: "retry",
        aliases: &[],
        arguments: "",
        summary: "run your last message again, or go on where it was cut",
        group: Group::Talk,
        is_for_any_time: false,
        examples: &[(
            "/retry",
            "after a cancelled or failed turn: goes on; else: answers anew",
        )],
        parse: |argument| nothing(argument, Wish::Talk(Talk::Retry)),
    },
    Command {
        name: "verbosity",
        aliases: &[],
        arguments: "[LEVEL]",
        summary: "show more or less: compact, normal, verbose",
        group: Group::Talk,
        is_for_any_time: true,
        examples: &[
            ("/verbosity", "which it is"),
            ("/verbosity verbose", "results and what calls used, too"),
        ],
        parse: |argument| {
            let level = match argument {
                "" => None,
                "compact" | "0" => Some(0),
                "normal" | "1" => Some(1),
                "verbose" | "2" => Some(2),
                _ => return Err(Wrong::Usage),
            };
            Ok(Wish::Talk(Talk::Verbosity(level)))
        },
    },
    Command {
        name: "compact",
        aliases: &[],
        arguments: "[undo]",
        summary: "summarize the older history, or undo that",
        group: Group::Talk,
        is_for_any_time: false,
        examples: &[
            ("/compact", "the model is sent a summary of what is old"),
            ("/compact undo", "the model is sent everything again"),
        ],
        parse: |argument| {
            let is_undo = match argument {
                "" => false,
                "undo" => true,
                _ => return Err(Wrong::Usage),
            };
            Ok(Wish::Talk(Talk::Compact { is_undo }))
        },
    },
];

fn queue(argument: &str) -> Result<Queue, Wrong> {
    let (word, rest) = split(argument);
    match word {
        "" => Ok(Queue::Show),
        "rm" => number(rest).map(Queue::Remove),
        "run" => number(rest).map(Queue::Run),
        "up" => number(rest).map(Queue::Up),
        "down" => number(rest).map(Queue::Down),
        "edit" => {
            let (place, words) = split(rest);
            Ok(Queue::Edit(number(place)?, optional(words)))
        }
        _ => Err(Wrong::Usage),
    }
}
