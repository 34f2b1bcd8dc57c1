//! What holds for every line, policy, rule and text: grown ones, and those of `tests/corpus/lines`.

mod lines;
mod policies;
#[path = "../../../tests/support/settled.rs"]
mod settled;
mod texts;

use crate::{
    CallFacts, CallVerdict, Effect, EffectVerdict, FilePath, Gate, Memory, Place, Policy, Taint,
};
use anteroom_api::{Capability, Mode, Resolution, Scope, Tier};
use std::path::PathBuf;

fn place() -> Place {
    Place {
        workspace: PathBuf::from("/home/ada/work/app"),
        home: Some(PathBuf::from("/home/ada")),
        protected: vec![PathBuf::from("/home/ada/.anteroom")],
        temp: Some(PathBuf::from("/home/ada/.anteroom/data/temp/1")),
    }
}

/// What a gate makes of an effect, from the freest to the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Strictness {
    Allowed,
    /// Asked, and a rule could cover it.
    Asked,
    /// Asked each time.
    AskedEachTime,
    Denied,
}

/// A gate's tools are approved as calls, so that what is found is about effects.
fn strictness(gate: &Gate, effect: &Effect) -> (Strictness, Tier) {
    let facts = CallFacts {
        tool: "tool".to_owned(),
        declared: Tier::Execute,
        arguments: serde_json::json!({}),
        capabilities: vec![
            Capability::FilesWrite,
            Capability::Process,
            Capability::Agents,
        ],
        is_third_party: false,
    };
    let permit = match gate.judge_call(facts) {
        CallVerdict::Allow(permit) => permit,
        CallVerdict::Ask(question) => {
            let yes = Resolution::Allowed { scope: Scope::Once };
            question.answer(&yes).expect("a yes is a permit")
        }
        CallVerdict::Deny(_) => return (Strictness::Denied, Tier::Destructive),
    };
    match permit.judge(effect) {
        EffectVerdict::Allow { tier, .. } => (Strictness::Allowed, tier),
        EffectVerdict::Ask(asked) if asked.scopes.len() > 1 => (Strictness::Asked, asked.tier),
        EffectVerdict::Ask(asked) => (Strictness::AskedEachTime, asked.tier),
        EffectVerdict::Deny(_) => (Strictness::Denied, Tier::Destructive),
    }
}

fn run(line: &str) -> Effect {
    Effect::Process {
        line: line.to_owned(),
        cwd: String::new(),
        is_background: false,
    }
}

/// A gate that holds what a line does against nothing but its own finding.
fn bare() -> Gate {
    let policy = Policy {
        mode: Mode::Auto,
        is_sandboxed: true,
        is_offline: true,
        ..Policy::default()
    };
    Gate::new(policy, place(), Memory::default())
        .expect("the policy is sound")
        .with_taint(Taint::earlier("a page"))
}

fn write(path: &str) -> Effect {
    Effect::FileWrite {
        path: FilePath::Workspace(path.to_owned()),
        is_new: false,
        preview: None,
    }
}
