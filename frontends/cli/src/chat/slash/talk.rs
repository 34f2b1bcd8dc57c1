//! Commands for talking: where, with which model, what waits, what the model is sent.

use super::{Command, Group, Wish, Wrong, nothing, number, optional, split};
use anteroom_api::Mode;

/// What they ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Talk {
    New,
    /// The conversation; the last one here without.
    Resume(Option<String>),
    Model(Option<String>),
    Mode(Option<Mode>),
    Plan(String),
    Queue(Queue),
    /// A summary of the older history; or the whole history again.
    Compact {
        is_undo: bool,
    },
}

/// What is done with what waits. Numbers are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Queue {
    Show,
    Remove(usize),
    Run(usize),
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
        arguments: "[NAME]",
        summary: "show or change the model",
        group: Group::Talk,
        is_for_any_time: true,
        examples: &[("/model qwen3", "from the next turn on")],
        parse: |argument| Ok(Wish::Talk(Talk::Model(optional(argument)))),
    },
    Command {
        name: "mode",
        aliases: &[],
        arguments: "[MODE]",
        summary: "show or change when you are asked",
        group: Group::Talk,
        is_for_any_time: true,
        examples: &[("/mode ask", "every call is asked for")],
        parse: |argument| {
            let mode = optional(argument).map(|mode| mode.parse()).transpose()?;
            Ok(Wish::Talk(Talk::Mode(mode)))
        },
    },
    Command {
        name: "plan",
        aliases: &[],
        arguments: "TEXT",
        summary: "have a plan made, and carried out once you approve it",
        group: Group::Talk,
        is_for_any_time: true,
        examples: &[(
            "/plan split config.rs",
            "reads, then shows a plan and waits",
        )],
        parse: |argument| match argument {
            "" => Err(Wrong::Usage),
            text => Ok(Wish::Talk(Talk::Plan(text.to_owned()))),
        },
    },
    Command {
        name: "queue",
        aliases: &[],
        arguments: "[rm|run N]",
        summary: "show what waits, take it back, run what is held",
        group: Group::Talk,
        is_for_any_time: true,
        examples: &[
            ("/queue", "what waits, numbered"),
            ("/queue rm 2", "takes the second back"),
            ("/queue run 1", "runs what is held"),
        ],
        parse: |argument| queue(argument).map(|queue| Wish::Talk(Talk::Queue(queue))),
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
    match split(argument) {
        ("", _) => Ok(Queue::Show),
        ("rm", rest) => number(rest).map(Queue::Remove),
        ("run", rest) => number(rest).map(Queue::Run),
        _ => Err(Wrong::Usage),
    }
}
