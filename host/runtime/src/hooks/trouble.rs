//! Hooks that fail: told when it happens, and by the doctor until they work again.

use crate::agent::turn::TurnContext;
use crate::config::private_file::{self, Existing};
use crate::config::{HookMeant, HookMoment};
use crate::engine::Engine;
use anteroom_api::event::HostEvent;
use anteroom_api::{Event, Finding, Health, Problem, ProblemCode, Topic};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// Hooks of which it is remembered how they failed.
const MOST: usize = 256;
/// Bytes that are read of what was remembered.
const MOST_BYTES: u64 = 4 << 20;
/// In the data folder: how hooks failed when they last did, by place, for a doctor in another process.
const FILE: &str = "hooks.json";

type Failing = BTreeMap<String, String>;

/// How the hooks are doing, as far as this process knows.
#[derive(Default)]
pub(crate) struct Keeper {
    /// Read once, and written down when it changes.
    failing: tokio::sync::Mutex<Option<Failing>>,
}

/// It works, or it does not.
pub(super) async fn note(engine: &Engine, place: &str, why: Option<&str>) {
    let file = engine.paths.data.join(FILE);
    let mut held = engine.hooks.failing.lock().await;
    let failing = match held.as_mut() {
        Some(failing) => failing,
        None => held.insert(read(file.clone()).await),
    };
    let is_other = match why {
        Some(why) if failing.len() < MOST || failing.contains_key(place) => {
            failing.insert(place.to_owned(), why.to_owned()).as_deref() != Some(why)
        }
        Some(_) => false,
        None => failing.remove(place).is_some(),
    };
    if !is_other {
        return;
    }
    let text = serde_json::to_vec(failing).unwrap_or_default();
    let written = move || private_file::write(&file, &text, Existing::Replace);
    match tokio::task::spawn_blocking(written).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "how a hook is doing could not be written down"),
        Err(error) => tracing::warn!(%error, "how a hook is doing could not be written down"),
    }
}

/// What is written down; nothing where it cannot be read.
async fn read(file: PathBuf) -> Failing {
    let read = move || {
        let mut text = String::new();
        let file = File::open(file).ok()?;
        file.take(MOST_BYTES).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    };
    let read = tokio::task::spawn_blocking(read).await;
    read.ok().flatten().unwrap_or_default()
}

/// Tells everybody that a hook failed.
pub(super) async fn tell(turn: &TurnContext, (place, moment): (&str, HookMoment), why: &str) {
    let engine = &turn.engine;
    tracing::warn!(place, moment = moment.word(), why, "a hook failed");
    note(engine, place, Some(why)).await;
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
pub(crate) async fn findings(engine: &Engine) -> Vec<Finding> {
    let settings = engine.settings();
    let failing = read(engine.paths.data.join(FILE)).await;
    let found = settings.hooks.iter().map(|hook| {
        let (health, text, hint) = match (&hook.meant, failing.get(&hook.place)) {
            (HookMeant::Wrong(why), _) => (
                Health::Failed,
                format!("`{}` {why}; no tool runs", hook.place),
                Some("correct it, or take it out"),
            ),
            (HookMeant::Rule(rule), Some(why)) => (
                Health::Failed,
                format!(
                    "`{}` for `{}` failed when it last ran: it {why}",
                    hook.place,
                    rule.on.word()
                ),
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
