//! What skills leave of a turn's tools, from the moment they are taken up until it ends.
//!
//! What holds is the gate ([`Gate::narrowed`]). A skill that the model takes up narrows from the next step on, so
//! that calls which run side by side with it are judged alike, in a replay too: the call's item says what was left.

use super::allowed;
use anteroom_api::{CallDecision, Content, Item, ItemBody, Resolution, Scope, Status, Tier};
use anteroom_gate::{Gate, Narrowing};
use std::sync::{Mutex, PoisonError};

/// Who decided, in the decision that keeps what a skill leaves.
const SKILL: &str = "skill";

/// What is left, skill by skill.
#[derive(Debug, Default)]
pub(crate) struct Narrowed(Mutex<Vec<Left>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Left {
    skill: String,
    tools: Vec<String>,
}

impl Narrowed {
    /// Takes over what the skills in a person's words leave.
    pub(crate) fn by_person(&self, content: &[Content]) {
        for part in content {
            if let Content::Skill {
                name,
                used: Some(used),
                ..
            } = part
                && let Some(tools) = &used.allowed_tools
            {
                self.add(name, tools);
            }
        }
    }

    /// Takes over what the skills leave that calls of a step took up.
    pub(crate) fn by_calls(&self, items: &[Item]) {
        for item in items {
            let ItemBody::ToolCall(call) = &item.body else {
                continue;
            };
            if item.status != Status::Completed {
                continue;
            }
            for decision in call
                .decisions
                .iter()
                .filter(|decision| decision.by == SKILL)
            {
                if let Some(tools) = &decision.rule {
                    let tools = tools.split(SEPARATOR).map(str::to_owned);
                    self.add(&decision.effect, &tools.collect::<Vec<_>>());
                }
            }
        }
    }

    fn add(&self, skill: &str, tools: &[String]) {
        let left = Left {
            skill: skill.to_owned(),
            tools: tools.to_vec(),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains(&left) {
            all.push(left);
        }
    }

    /// A gate with what is left of these tools.
    pub(crate) fn gate<'a>(
        &self,
        gate: &Gate,
        tools: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Gate {
        let all = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        all.into_iter().fold(gate.clone(), |gate, left| {
            gate.narrowed(Narrowing {
                by: format!("the skill `{}`", left.skill),
                rules: allowed::rules(&left.tools, tools.clone()),
            })
        })
    }
}

const SEPARATOR: &str = ", ";

/// How a call keeps that it took up a skill which leaves only some tools.
pub(crate) fn decision(skill: &str, tools: &[String]) -> CallDecision {
    CallDecision {
        effect: skill.to_owned(),
        tier: Tier::Read,
        resolution: Resolution::Allowed { scope: Scope::Once },
        by: SKILL.to_owned(),
        reasons: vec![format!(
            "until the turn ends it leaves of the tools: {}",
            tools.join(SEPARATOR)
        )],
        rule: Some(tools.join(SEPARATOR)),
    }
}
