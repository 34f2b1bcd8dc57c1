//! Commands about what may be done and what was decided.

use super::{Command, Group, Wish, Wrong, nothing, number, optional, split};

/// What they ask for. Numbers are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Safety {
    Tools,
    Grants,
    /// A rule, or its number in the list.
    Revoke(String),
    /// The last so many records of this conversation.
    Audit(u32),
    /// A call of this conversation.
    Why(Why),
    Trust(Trust),
}

/// Which call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Why {
    /// The Nth last.
    Last(usize),
    /// How its id begins.
    Named(String),
}

/// What is done about trust in this workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Trust {
    /// Shown, and asked for.
    Ask,
    Remove,
}

/// Records shown where no number is given.
const RECORDS: u32 = 50;
/// Records shown at most.
const MOST_RECORDS: u32 = 10_000;
/// A shorter text is a number.
const SHORTEST_ID: usize = 4;

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "tools",
        aliases: &[],
        arguments: "",
        summary: "list tools and what they were granted",
        group: Group::Safety,
        is_for_any_time: true,
        examples: &[("/tools", "every toolset, loaded or not")],
        parse: |argument| nothing(argument, Wish::Safety(Safety::Tools)),
    },
    Command {
        name: "grants",
        aliases: &[],
        arguments: "[revoke N|RULE]",
        summary: "list what was allowed for good, or take it back",
        group: Group::Safety,
        is_for_any_time: true,
        examples: &[
            ("/grants", "rules, numbered, and toolsets' grants"),
            ("/grants revoke 1", "in every running conversation, too"),
            (
                "/grants revoke bash:cargo test *",
                "the rule as it is listed",
            ),
        ],
        parse: |argument| match split(argument) {
            ("", _) => Ok(Wish::Safety(Safety::Grants)),
            ("revoke", rule) if !rule.is_empty() => {
                Ok(Wish::Safety(Safety::Revoke(rule.to_owned())))
            }
            _ => Err(Wrong::Usage),
        },
    },
    Command {
        name: "audit",
        aliases: &[],
        arguments: "[N]",
        summary: "show what was decided and done in this conversation",
        group: Group::Safety,
        is_for_any_time: true,
        examples: &[
            ("/audit", "the last 50 records, the newest last"),
            ("/audit 500", "more of them"),
        ],
        parse: |argument| {
            let records = match argument {
                "" => RECORDS,
                text => u32::try_from(number(text)?).unwrap_or(MOST_RECORDS),
            };
            Ok(Wish::Safety(Safety::Audit(records.min(MOST_RECORDS))))
        },
    },
    Command {
        name: "why",
        aliases: &[],
        arguments: "[N|CALL]",
        summary: "say why the Nth last call was allowed or denied",
        group: Group::Safety,
        is_for_any_time: true,
        examples: &[
            (
                "/why",
                "the last call: what was asked, who decided, the rule",
            ),
            ("/why 3", "the third last"),
            ("/why 5f21c0de", "the one whose id begins so"),
        ],
        parse: |argument| {
            let why = match optional(argument) {
                None => Why::Last(1),
                Some(text) if text.len() < SHORTEST_ID => Why::Last(number(&text)?),
                Some(text) => Why::Named(text),
            };
            Ok(Wish::Safety(Safety::Why(why)))
        },
    },
    Command {
        name: "trust",
        aliases: &[],
        arguments: "[remove]",
        summary: "let this project's config and tools take effect, or not",
        group: Group::Safety,
        is_for_any_time: false,
        examples: &[
            ("/trust", "shows what would take effect, and asks"),
            ("/trust remove", "takes it back"),
        ],
        parse: |argument| match argument {
            "" => Ok(Wish::Safety(Safety::Trust(Trust::Ask))),
            "remove" => Ok(Wish::Safety(Safety::Trust(Trust::Remove))),
            _ => Err(Wrong::Usage),
        },
    },
];
