//! Calls that a hook wants a person to see: as in mode `ask`, whatever mode and rules say. It takes away and never
//! gives: what is denied stays denied.

use crate::call::{CallFacts, CallVerdict};
use crate::gate::{Gate, Standing, scopes};
use crate::question::{CallQuestion, Refusal};
use crate::why::Why;

/// Who decided, where a hook did.
pub const HOOK: &str = "hook";

impl Gate {
    /// As [`Gate::judge_call`], but what would be allowed is asked, and a yes holds for this once only.
    #[must_use]
    pub fn judge_call_asking(&self, facts: CallFacts, reason: &str) -> CallVerdict {
        let mut question = match self.judge_call(facts.clone()) {
            CallVerdict::Deny(refusal) => return CallVerdict::Deny(refusal),
            CallVerdict::Ask(question) => question,
            CallVerdict::Allow(permit) => {
                let tier = self.tier_of(&facts);
                let standing = Standing {
                    tier,
                    always_asks: true,
                    is_tainted: self.taint().is_marked(),
                    ..Standing::default()
                };
                let mut why = Why::default();
                why.say(format!("tier {tier}"));
                why.say("a hook asks for it");
                CallQuestion {
                    asked: Box::new(self.call_question(&facts, standing, why)),
                    permit,
                }
            }
        };
        question.asked.reasons.insert(0, reason.to_owned());
        question.asked.scopes = scopes(None);
        CallVerdict::Ask(question)
    }
}

impl Refusal {
    /// The same for whoever really decided: what a hook refused was not refused by a person.
    #[must_use]
    pub fn told_by(mut self, by: &str) -> Self {
        if by == HOOK {
            self.text = self
                .text
                .replacen("the person said no", "a hook said no", 1);
            by.clone_into(&mut self.by);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Memory, Place, Policy};
    use anteroom_api::{Capability, Mode, Resolution, Scope, Tier};
    use serde_json::json;

    fn gate(mode: Mode, denied: &[&str]) -> Gate {
        let policy = Policy {
            mode,
            allowed: vec!["*".parse().unwrap()],
            denied: denied.iter().map(|rule| rule.parse().unwrap()).collect(),
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

    fn facts(declared: Tier) -> CallFacts {
        CallFacts {
            tool: "t".into(),
            declared,
            arguments: json!({ "a": 1 }),
            capabilities: vec![Capability::Process],
            is_third_party: false,
        }
    }

    #[test]
    fn what_is_allowed_is_asked_once_and_what_is_denied_stays_so() {
        for mode in [
            Mode::Auto,
            Mode::AskForDangerous,
            Mode::AskForWrites,
            Mode::Ask,
        ] {
            for tier in [Tier::Read, Tier::Write, Tier::Execute, Tier::Destructive] {
                let verdict = gate(mode, &[]).judge_call_asking(facts(tier), "because");
                let CallVerdict::Ask(question) = verdict else {
                    panic!("{mode} {tier}: {verdict:?}");
                };
                let asked = question.asked().clone();
                assert_eq!(asked.tier, tier);
                assert_eq!(asked.reasons[0], "because");
                let offered: Vec<Scope> = asked.scopes.iter().map(|it| it.scope).collect();
                assert_eq!(offered, [Scope::Once]);
                let no = question.answer(&Resolution::NotAnswered);
                assert!(no.is_err(), "no answer is a no");
            }
        }
        let verdict = gate(Mode::Auto, &["t"]).judge_call_asking(facts(Tier::Read), "because");
        assert!(matches!(verdict, CallVerdict::Deny(_)));
        let planning = gate(Mode::Auto, &[]).planning();
        let verdict = planning.judge_call_asking(facts(Tier::Write), "because");
        assert!(matches!(verdict, CallVerdict::Deny(_)));
    }

    #[test]
    fn a_hooks_no_is_not_told_as_a_persons() {
        let verdict = gate(Mode::Auto, &[]).judge_call_asking(facts(Tier::Write), "because");
        let CallVerdict::Ask(question) = verdict else {
            panic!("{verdict:?}");
        };
        let no = Resolution::Denied {
            reason: Some("not today".into()),
        };
        let refusal = question.answer(&no).unwrap_err().told_by(HOOK);
        assert!(
            refusal.text.contains("a hook said no: not today"),
            "{refusal}"
        );
        assert_eq!(refusal.by, HOOK);
    }
}
