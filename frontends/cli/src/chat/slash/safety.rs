//! Commands about what may be done and what was decided.

use super::{Command, Group, Wish, nothing};

/// What they ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::chat) enum Safety {
    Tools,
}

pub(super) const COMMANDS: &[Command] = &[Command {
    name: "tools",
    aliases: &[],
    arguments: "",
    summary: "list tools and what they were granted",
    group: Group::Safety,
    is_for_any_time: true,
    examples: &[("/tools", "every toolset, loaded or not")],
    parse: |argument| nothing(argument, Wish::Safety(Safety::Tools)),
}];
