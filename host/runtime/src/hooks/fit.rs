//! Which hooks are for a moment: by its name, by the tool, by the texts of arguments. A project's are for its folder.

use super::run::Wish;
use crate::agent::turn::TurnContext;
use crate::config::{Hook, HookMeant, HookMoment, HookRule, hook_pattern};
use serde_json::Value;
use std::path::Path;

/// Whether any hook has a say.
pub(super) fn any(turn: &TurnContext, wish: &Wish<'_>) -> bool {
    of(turn, wish).next().is_some()
}

/// The hooks that have a say, in the order in which they are written.
pub(super) fn of<'a>(turn: &'a TurnContext, wish: &'a Wish<'_>) -> impl Iterator<Item = &'a Hook> {
    let hooks = turn.settings.hooks.iter();
    hooks.filter(|hook| is_here(hook, &turn.workspace) && has_a_say(hook, wish))
}

/// One that is not understood has a say before each call.
fn has_a_say(hook: &Hook, wish: &Wish<'_>) -> bool {
    match &hook.meant {
        HookMeant::Wrong(_) => wish.moment == HookMoment::BeforeTool,
        HookMeant::Rule(rule) => rule.on == wish.moment && fits(rule, wish.tool),
    }
}

/// A project's hook lies in the `.anteroom` of the folder it is for.
pub(super) fn is_here(hook: &Hook, workspace: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let of_project = hook.folder.parent();
    !hook.is_project || of_project.is_some_and(|folder| real(folder) == real(workspace))
}

fn fits(rule: &HookRule, tool: Option<(&str, &Value)>) -> bool {
    let Some((name, arguments)) = tool else {
        return true;
    };
    if rule.tool.as_ref().is_some_and(|tool| !matches(tool, name)) {
        return false;
    }
    let mut patterns = rule.arguments.iter();
    patterns.all(|(argument, pattern)| match arguments.get(argument) {
        None => false,
        Some(Value::String(text)) => matches(pattern, text),
        Some(value) => matches(pattern, &value.to_string()),
    })
}

/// What cannot be read was refused with its entry; if it gets here, it fits everything.
fn matches(pattern: &str, text: &str) -> bool {
    match hook_pattern(pattern) {
        Ok(glob) => glob.compile_matcher().is_match(text),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::HookRuns;
    use serde_json::json;

    #[test]
    fn tools_and_arguments() {
        let call = json!({ "command": "git push\n--force", "n": 3, "list": ["a", 1], "empty": "" });
        for (tool, arguments, expected) in [
            (None, vec![], true),
            (Some("bash"), vec![], true),
            (Some("b*"), vec![], true),
            (Some("{write_file,bash}"), vec![], true),
            (Some("*.bash"), vec![], false),
            (Some("ba"), vec![], false),
            (Some("BASH"), vec![], false),
            (None, vec![("command", "git push*")], true),
            (None, vec![("command", "*--force")], true),
            (None, vec![("command", "git push")], false),
            (None, vec![("command", "push*")], false),
            (None, vec![("command", "git*"), ("n", "3")], true),
            (None, vec![("command", "git*"), ("n", "4")], false),
            (None, vec![("list", r#"\["a",1\]"#)], true),
            (None, vec![("list", "*a*")], true),
            (None, vec![("empty", "")], true),
            (None, vec![("missing", "*")], false),
            (Some("other"), vec![("command", "git*")], false),
        ] {
            let rule = HookRule {
                on: HookMoment::BeforeTool,
                tool: tool.map(str::to_owned),
                arguments: arguments
                    .iter()
                    .map(|(name, glob)| ((*name).to_owned(), (*glob).to_owned()))
                    .collect(),
                runs: HookRuns::Command("true".to_owned()),
                timeout: 1.0,
                is_bare: false,
            };
            let fit = fits(&rule, Some(("bash", &call)));
            assert_eq!(fit, expected, "{tool:?} {arguments:?}");
        }
    }
}
