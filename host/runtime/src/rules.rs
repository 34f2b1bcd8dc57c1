//! Rules that were allowed for good: kept as facts, held by the memories of all conversations, taken back.

use crate::engine::Engine;
use crate::host::Port;
use anteroom_api::{
    ConversationId, Event, OpId, Problem, ProblemCode, RuleEvent, RuleOp, RuleView, Topic,
    UnixMillis,
};
use anteroom_gate::{Memory, Rule, StoredAlways};
use anteroom_storage::StorageError;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// What the gates of this process remember, by conversation, so that a change reaches turns that run.
#[derive(Default)]
pub(crate) struct Memories(Mutex<HashMap<ConversationId, Held>>);

#[derive(Clone)]
struct Held {
    workspace: String,
    memory: Memory,
}

impl Memories {
    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<ConversationId, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The conversation's task has ended.
    pub(crate) fn forget(&self, conversation: ConversationId) {
        self.all().remove(&conversation);
    }
}

/// The memory of a conversation's gate, with the rules as they are now.
pub(crate) fn memory(
    engine: &Arc<Engine>,
    conversation: ConversationId,
    (workspace, rules): (&str, &[RuleView]),
) -> Memory {
    let known = engine.memories.all().get(&conversation).cloned();
    let held = known.unwrap_or_else(|| {
        let ambient = engine.ambient.clone();
        let memory = Memory::new(Vec::new()).with_clock(Arc::new(move || ambient.now()));
        let held = Held {
            workspace: workspace.to_owned(),
            memory,
        };
        engine.memories.all().insert(conversation, held.clone());
        held
    });
    held.replace(rules);
    held.memory
}

/// Brings the rules as they are now into every running conversation.
pub(crate) async fn refresh(engine: &Engine) -> Result<(), StorageError> {
    let rules = engine.storage.rules().await?;
    let all: Vec<Held> = engine.memories.all().values().cloned().collect();
    for held in all {
        held.replace(&rules);
    }
    Ok(())
}

impl Held {
    fn replace(&self, rules: &[RuleView]) {
        let here = rules.iter().filter(|rule| {
            let place = rule.workspace.as_ref();
            place.is_none_or(|place| *place == self.workspace)
        });
        let always = here.filter_map(|rule| {
            Some(StoredAlways {
                rule: rule.rule.parse().ok()?,
                expires_at: rule.expires_at,
            })
        });
        self.memory.replace_always(always.collect());
    }
}

/// Keeps what a person allowed for always. Until it is kept it is not acted upon.
pub(crate) async fn keep(
    engine: &Engine,
    rule: String,
    workspace: &Path,
    days: u32,
) -> Result<(), StorageError> {
    let now = engine.ambient.now();
    let rule = RuleView {
        rule,
        workspace: Some(workspace.display().to_string()),
        created_at: now,
        expires_at: ends(now, days),
        used_at: None,
    };
    let kept = Event::Rule(RuleEvent::Kept { rule });
    engine.bus.publish(Topic::Host, None, vec![kept]).await?;
    refresh(engine).await
}

/// When a rule ends that is given now; never without a number of days.
fn ends(now: UnixMillis, days: u32) -> Option<UnixMillis> {
    (days > 0).then(|| now.plus(i64::from(days).saturating_mul(DAY)))
}

pub(crate) async fn take(port: &Port, id: OpId, op: RuleOp) -> Result<(), Problem> {
    let RuleOp::Revoke { rule, workspace } = op;
    let known = port.engine.storage.rules().await?;
    if !known
        .iter()
        .any(|known| known.rule == rule && known.workspace == workspace)
    {
        let place = workspace.map_or("everywhere".to_owned(), |place| format!("in `{place}`"));
        return Err(Problem::new(
            ProblemCode::NotFound,
            format!("there is no rule `{rule}` {place}"),
        )
        .hint("see `aroom grants list`"));
    }
    let revoked = Event::Rule(RuleEvent::Revoked { rule, workspace });
    port.tell(Topic::Host, id, revoked).await?;
    Ok(refresh(&port.engine).await?)
}

pub(crate) async fn list(port: &Port) -> Result<Vec<RuleView>, Problem> {
    Ok(port.engine.storage.rules().await?)
}

/// Rules as people write them.
pub(crate) fn parsed<'a>(texts: impl Iterator<Item = &'a String>) -> Result<Vec<Rule>, Problem> {
    let parse = |text: &String| {
        text.parse().map_err(|error: anteroom_gate::RuleError| {
            Problem::new(ProblemCode::InvalidInput, format!("`{text}` is no rule"))
                .cause(error)
                .hint("write a tool's name, or `bash:cargo test *`, or `edit_file:src/**`")
        })
    };
    texts.map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_ends_after_so_many_days_or_never() {
        let now = UnixMillis(1000);
        assert_eq!(ends(now, 0), None);
        assert_eq!(ends(now, 1), Some(UnixMillis(86_401_000)));
        assert_eq!(ends(UnixMillis(i64::MAX), 9), Some(UnixMillis(i64::MAX)));
    }
}
