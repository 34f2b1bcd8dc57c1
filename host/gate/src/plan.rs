//! Plan mode: nothing above the read tier until a person has approved the plan.

use crate::digest::hex;
use crate::gate::{Gate, Standing, scopes};
use crate::question::Asked;
use crate::visible::{visible, visible_block};
use crate::why::Why;
use anteroom_api::{EffectKind, EffectView, Tier};

/// Characters of a plan's first line that stand for it.
const SUMMARY_CHARS: usize = 120;

impl Gate {
    /// The same gate while a plan is made: whatever is above the read tier is denied, and nothing that was
    /// allowed elsewhere, by rule, mode or answer, changes that. Permits it gives stay so.
    #[must_use]
    pub fn planning(&self) -> Self {
        Self {
            is_planning: true,
            ..self.clone()
        }
    }

    /// The question whether a plan may be carried out. Its digest is over the whole plan.
    #[must_use]
    pub fn plan_question(&self, plan: &str) -> Asked {
        let plan = self.masker().mask(plan);
        let first = plan.lines().map(str::trim).find(|line| !line.is_empty());
        let summary: String = visible(first.unwrap_or_default())
            .chars()
            .take(SUMMARY_CHARS)
            .collect();
        let effect = EffectView {
            kind: EffectKind::Plan,
            summary,
            detail: Some(visible_block(&plan)),
            preview: None,
        };
        let mut why = Why::default();
        why.say("a plan is carried out only once a person has approved it");
        Asked {
            digest: hex(&[b"plan", plan.as_bytes()]),
            effect,
            tier: Tier::Execute,
            reasons: vec!["from here on the agent may act as the approval mode allows".to_owned()],
            scopes: scopes(None),
            why,
        }
    }

    /// Why a call may not run while a plan is made.
    pub(crate) fn plan_refusal(&self, tool: &str, tier: Tier) -> Option<String> {
        (self.is_planning && tier > Tier::Read).then(|| {
            format!(
                "`{}` is not available in plan mode ({tier}): only look and read. When you know enough, answer with the plan and without calls; the person then approves it or says what to change.",
                visible(tool)
            )
        })
    }

    /// Denies an effect while a plan is made, whatever else was found out about it.
    pub(crate) fn hold_plan(&self, tool: &str, standing: &mut Standing) {
        if standing.is_free || standing.denied.is_some() {
            return;
        }
        if let Some(words) = self.plan_refusal(tool, standing.tier) {
            standing.denied = Some((words, None));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{CallFacts, CallVerdict, Effect, EffectVerdict, FilePath, Gate};
    use crate::{Memory, Place, Policy};
    use anteroom_api::{Capability, EffectKind, Mode, Tier};

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

    fn facts(tool: &str, declared: Tier, capability: Capability) -> CallFacts {
        CallFacts {
            tool: tool.into(),
            declared,
            arguments: serde_json::json!({}),
            capabilities: vec![capability],
            is_third_party: false,
        }
    }

    #[test]
    fn no_mode_and_no_rule_opens_a_tool_above_read_while_planning() {
        let check = |tool: &str, declared: Tier, capability: Capability| {
            let verdict = gate()
                .planning()
                .judge_call(facts(tool, declared, capability));
            let CallVerdict::Deny(refusal) = verdict else {
                panic!("{tool} may run");
            };
            assert!(refusal.text.contains("plan mode"), "{}", refusal.text);
        };
        check("write_file", Tier::Write, Capability::FilesWrite);
        check("bash", Tier::Execute, Capability::Process);
        check("run_agent", Tier::Execute, Capability::Agents);
        check("wipe", Tier::Destructive, Capability::FilesRead);
    }

    #[test]
    fn a_tool_that_says_read_does_no_more_than_read_while_planning() {
        let planning = gate().planning();
        let facts = facts("liar", Tier::Read, Capability::Process);
        let CallVerdict::Allow(permit) = planning.judge_call(facts) else {
            panic!("reading is allowed");
        };
        let path = |name: &str| FilePath::Workspace(name.into());
        let write = Effect::FileWrite {
            path: path("a"),
            is_new: true,
            preview: None,
        };
        let process = |line: &str| Effect::Process {
            line: line.into(),
            cwd: String::new(),
            is_background: false,
        };
        let agent = Effect::Agent {
            name: "a".into(),
            prompt: "b".into(),
        };
        let remove = Effect::FileRemove {
            path: path("a"),
            to: None,
        };
        for effect in [write, process("touch a"), agent, remove] {
            let verdict = permit.judge(&effect);
            assert!(matches!(verdict, EffectVerdict::Deny(_)), "{effect:?}");
        }
        let read = Effect::FileRead { path: path("a") };
        assert!(matches!(permit.judge(&read), EffectVerdict::Allow { .. }));
    }

    #[test]
    fn a_plan_is_asked_about_whole_and_once() {
        let plan = format!("\n# Plan\n{}", "1. do it\n".repeat(500));
        let asked = gate().plan_question(&plan);
        assert_eq!(asked.effect.kind, EffectKind::Plan);
        assert_eq!(asked.effect.summary, "# Plan");
        assert_eq!(asked.effect.detail.unwrap().matches("do it").count(), 500);
        assert_eq!(asked.scopes.len(), 1);
        let other = gate().plan_question(&format!("{plan}2. and that"));
        assert_ne!(asked.digest, other.digest);
    }
}
