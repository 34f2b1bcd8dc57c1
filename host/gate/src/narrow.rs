//! Narrowing: what somebody who speaks for a turn leaves of the tools. It takes away and never gives: whatever is
//! left is judged as before.

use crate::Rule;
use crate::effect::Effect;
use crate::gate::{Gate, Standing, covers};
use crate::visible::visible;

/// Characters of the tools that are named in a refusal.
const SHOWN_CHARS: usize = 400;

/// Who narrows, and what is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowing {
    /// Who says so, in words: "the skill `commit`".
    pub by: String,
    /// The tools that may be called, and what may be done with those that are named with a pattern.
    pub rules: Vec<Rule>,
}

impl Gate {
    /// The same gate with only some tools left. Of several narrowings each one holds.
    #[must_use]
    pub fn narrowed(&self, narrowing: Narrowing) -> Self {
        let mut narrowings = self.narrowings.to_vec();
        if !narrowings.contains(&narrowing) {
            narrowings.push(narrowing);
        }
        Self {
            narrowings: narrowings.into(),
            ..self.clone()
        }
    }

    /// Why a tool may not be called at all.
    pub(crate) fn narrow_refusal(&self, tool: &str) -> Option<String> {
        let is_left_out =
            |narrowing: &&Narrowing| !narrowing.rules.iter().any(|rule| rule.names(tool));
        let narrowing = self.narrowings.iter().find(is_left_out)?;
        Some(narrowing.refusal(tool))
    }

    /// Denies an effect of a tool that is left for other uses only.
    pub(crate) fn hold_narrow(&self, tool: &str, effect: &Effect, standing: &mut Standing) {
        if standing.is_free || standing.denied.is_some() {
            return;
        }
        let is_left = |narrowing: &&Narrowing| {
            let mut rules = narrowing.rules.iter();
            rules.any(|rule| is_covered(rule, tool, effect, standing))
                || covers_each(&narrowing.rules, tool, standing)
        };
        let refusing = self.narrowings.iter().find(|narrowing| !is_left(narrowing));
        standing.denied = refusing.map(|narrowing| (narrowing.refusal(tool), None));
    }
}

impl Narrowing {
    fn refusal(&self, tool: &str) -> String {
        let mut names: Vec<String> = self.rules.iter().map(Rule::to_string).collect();
        names.dedup();
        let mut left = visible(&names.join(", "));
        if left.chars().count() > SHOWN_CHARS {
            left = left.chars().take(SHOWN_CHARS).chain(['…']).collect();
        }
        let left = match left.is_empty() {
            true => "no tool at all".to_owned(),
            false => format!("only: {left}"),
        };
        format!(
            "`{}` may not be used like that: {} leaves {left}, until this turn ends. Go on with what is left, or say what you need.",
            visible(tool),
            self.by
        )
    }
}

/// What runs outside of the sandbox is named by no pattern; a rule for the whole tool leaves it to be asked about.
fn is_covered(rule: &Rule, tool: &str, effect: &Effect, standing: &Standing) -> bool {
    rule.covers_tool(tool) || covers(rule, tool, effect, standing)
}

/// Whether each command of a line of several is covered by one of the rules.
fn covers_each(rules: &[Rule], tool: &str, standing: &Standing) -> bool {
    let covered = |words: &Vec<String>| {
        let mut rules = rules.iter();
        rules.any(|rule| rule.covers_command(tool, Some(words)))
    };
    !standing.commands.is_empty() && standing.commands.iter().all(covered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CallFacts, CallVerdict, EffectVerdict, FilePath, Memory, Place, Policy};
    use anteroom_api::{Capability, Mode, Tier};

    fn gate() -> Gate {
        let policy = Policy {
            mode: Mode::Auto,
            allowed: vec!["*".parse().unwrap()],
            is_sandboxed: true,
            is_offline: true,
            ..Policy::default()
        };
        let place = Place {
            workspace: "/w".into(),
            ..Place::default()
        };
        Gate::new(policy, place, Memory::default()).unwrap()
    }

    fn narrowed(gate: &Gate, rules: &[&str]) -> Gate {
        gate.narrowed(Narrowing {
            by: "the skill `s`".to_owned(),
            rules: rules.iter().map(|rule| rule.parse().unwrap()).collect(),
        })
    }

    fn call(gate: &Gate, tool: &str) -> CallVerdict {
        gate.judge_call(CallFacts {
            tool: tool.into(),
            declared: Tier::Read,
            arguments: serde_json::json!({}),
            capabilities: vec![Capability::Process],
            is_third_party: false,
        })
    }

    fn runs(gate: &Gate, line: &str) -> bool {
        let CallVerdict::Allow(permit) = call(gate, "bash") else {
            panic!("the tool itself is left");
        };
        let effect = Effect::Process {
            line: line.into(),
            cwd: String::new(),
            is_background: false,
        };
        !matches!(permit.judge(&effect), EffectVerdict::Deny(_))
    }

    #[test]
    fn a_tool_that_is_not_left_is_refused_in_every_mode() {
        let gate = narrowed(&gate(), &["read_file", "bash:git *"]);
        assert!(matches!(call(&gate, "read_file"), CallVerdict::Allow(_)));
        assert!(matches!(call(&gate, "bash"), CallVerdict::Allow(_)));
        let CallVerdict::Deny(refusal) = call(&gate, "write_file") else {
            panic!("it is not left");
        };
        let words = ["the skill `s`", "read_file, bash:git *"];
        assert!(
            words.iter().all(|words| refusal.text.contains(words)),
            "{}",
            refusal.text
        );
        // Nothing named is nothing left.
        assert!(matches!(
            call(&narrowed(&gate, &[]), "read_file"),
            CallVerdict::Deny(_)
        ));
    }

    #[test]
    fn a_pattern_leaves_only_what_it_covers() {
        let gate = narrowed(&gate(), &["bash:git add *", "bash:git status"]);
        for (line, is_left) in [
            ("git add .", true),
            ("git add a b", true),
            ("git status", true),
            ("git status && git add .", true),
            ("git status --short", false),
            ("git push", false),
            ("git add . && git push", false),
            ("git add .; curl example.org", false),
            ("git add $(curl example.org)", false),
            ("git add $WHAT; $CMD", false),
            ("eval 'git add .'", false),
            ("git add . | sh", false),
            ("sudo git add .", false),
            ("", false),
        ] {
            assert_eq!(runs(&gate, line), is_left, "{line}");
        }
        let gate = narrowed(&gate, &["bash:*"]);
        assert!(!runs(&gate, "git push"), "each narrowing holds");
    }

    #[test]
    fn files_are_left_by_their_pattern_and_nothing_is_given() {
        let judge = |gate: &Gate, path: FilePath| {
            let CallVerdict::Allow(permit) = call(gate, "edit_file") else {
                panic!("the tool itself is left");
            };
            permit.judge(&Effect::FileWrite {
                path,
                is_new: true,
                preview: None,
            })
        };
        let gate = narrowed(&gate(), &["edit_file:docs/**"]);
        let inside = |path: &str| FilePath::Workspace(path.into());
        assert!(matches!(
            judge(&gate, inside("docs/a.md")),
            EffectVerdict::Allow { .. }
        ));
        assert!(matches!(
            judge(&gate, inside("src/a.rs")),
            EffectVerdict::Deny(_)
        ));
        let outside = FilePath::Outside("/etc/docs/a".into());
        assert!(matches!(judge(&gate, outside), EffectVerdict::Deny(_)));
        // What is left is judged as before.
        let gate = narrowed(&self::gate(), &["edit_file"]);
        let outside = FilePath::Outside("/etc/hosts".into());
        assert!(matches!(judge(&gate, outside), EffectVerdict::Ask(_)));
    }

    #[test]
    fn planning_and_narrowing_hold_together() {
        let gate = narrowed(&gate().planning(), &["bash:git *"]);
        assert!(!runs(&gate, "git add ."), "a plan is being made");
        assert!(!runs(&gate, "ls"), "it is not left");
        assert!(runs(&gate, "git status"));
    }
}
