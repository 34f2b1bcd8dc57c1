//! Hooks that fail: told when it happens, and by the doctor until they work again.

use crate::agent::turn::TurnContext;
use crate::config::{HookMeant, HookMoment};
use crate::engine::Engine;
use anteroom_api::event::HostEvent;
use anteroom_api::{Event, Finding, Health, Problem, ProblemCode, Topic};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Hooks of which it is remembered how they failed.
const MOST: usize = 256;

/// How the hooks of this process are doing.
#[derive(Default)]
pub(crate) struct Keeper {
    /// What the last run said that failed, by place.
    failing: Mutex<BTreeMap<String, String>>,
}

impl Keeper {
    pub(super) fn answered(&self, place: &str) {
        self.failing().remove(place);
    }

    fn failed(&self, place: &str, why: &str) {
        let mut failing = self.failing();
        if failing.len() < MOST || failing.contains_key(place) {
            failing.insert(place.to_owned(), why.to_owned());
        }
    }

    fn failing(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells everybody that a hook failed.
pub(super) async fn tell(turn: &TurnContext, (place, moment): (&str, HookMoment), why: &str) {
    let engine = &turn.engine;
    tracing::warn!(place, moment = moment.word(), why, "a hook failed");
    engine.hooks.failed(place, why);
    let problem = Problem::new(
        ProblemCode::Tool,
        format!("the hook at `{place}` for `{}` failed", moment.word()),
    )
    .cause(format!("it {why}"))
    .hint(match moment {
        HookMoment::BeforeTool => "the call was refused; correct the hook, or take it out",
        HookMoment::TurnStart
        | HookMoment::AfterTool
        | HookMoment::TurnEnd
        | HookMoment::ApprovalRequested => "correct the hook, or take it out",
    });
    let root = Topic::Conversation(turn.root.conversation);
    engine.bus.trouble(root, None, problem.clone());
    let fact = Event::Host(HostEvent::Trouble { problem });
    if let Err(error) = engine.bus.publish(Topic::Host, None, vec![fact]).await {
        tracing::warn!(%error, "a failure of a hook could not be told");
    }
}

/// Which hooks there are, for the doctor.
pub(crate) fn findings(engine: &Engine) -> Vec<Finding> {
    let settings = engine.settings();
    let failing = engine.hooks.failing().clone();
    let found = settings.hooks.iter().map(|hook| {
        let (health, text, hint) = match (&hook.meant, failing.get(&hook.place)) {
            (HookMeant::Wrong(why), _) => (
                Health::Failed,
                format!("`{}` {why}; no tool runs", hook.place),
                Some("correct it, or take it out"),
            ),
            (HookMeant::Rule(rule), Some(why)) => (
                Health::Failed,
                format!("`{}` for `{}` failed: it {why}", hook.place, rule.on.word()),
                Some("correct it, or take it out"),
            ),
            (HookMeant::Rule(rule), None) => (
                Health::Ok,
                format!("`{}` for `{}`", hook.place, rule.on.word()),
                None,
            ),
        };
        Finding {
            subject: "hook".to_owned(),
            health,
            text,
            hint: hint.map(str::to_owned),
        }
    });
    found.collect()
}
