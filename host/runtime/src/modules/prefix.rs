//! What stands in front of every request of a conversation: the system prompt and the tools, byte for byte as they
//! were first sent, also in another process. New tools come behind; what was sent once stays. Tools that were looked
//! up stand behind what they were found beside, and alone may go again.

use super::{deferral, keeper};
use crate::agent::catalog::Change;
use crate::engine::Engine;
use anteroom_api::{Capability, ConversationId, ModuleId, ModuleOrigin, ToolView};
use anteroom_storage::{PrefixText, StoredPrefix};
use anteroom_tools::Definition;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::sync::Arc;

/// The prefix of a conversation.
#[derive(Clone, Debug)]
pub(crate) struct Prefix {
    pub(crate) system: String,
    pub(crate) tools: Vec<Definition>,
    /// The names of those that were looked up, the oldest first.
    pub(crate) found: Vec<String>,
    /// How many tools it ever had: another number is another prefix.
    told: usize,
}

/// A tool as it was sent.
#[derive(Serialize, Deserialize)]
struct Sent {
    module: ModuleId,
    origin: ModuleOrigin,
    hash: String,
    tool: ToolView,
    capabilities: Vec<Capability>,
    /// Whether it was looked up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_found: bool,
}

/// The tools that a new conversation in a workspace would be told of.
pub(crate) async fn tools(engine: &Arc<Engine>, workspace: &Path) -> Vec<Definition> {
    let project = keeper::watch_project(engine, workspace).await;
    engine.registry.definitions_in(Some(&project)).await
}

/// The same, where it is known already with which content the folder was trusted.
pub(crate) async fn tools_of_trusted(
    engine: &Arc<Engine>,
    workspace: &Path,
    hash: Option<String>,
) -> Vec<Definition> {
    let is_trusted = crate::trust::is_trusted_as(engine, workspace, hash).await;
    let project = keeper::watch_if(engine, workspace, is_trusted);
    engine.registry.definitions_in(Some(&project)).await
}

/// What was kept of a conversation's prefix, if it has begun.
///
/// What cannot be read any more counts as not sent: the conversation goes on with a prefix that is new.
pub(crate) async fn kept(engine: &Engine, conversation: ConversationId) -> Option<Prefix> {
    let stored = match engine.storage.prefix(conversation).await {
        Ok(stored) => stored?,
        Err(error) => {
            tracing::warn!(%error, "what a conversation was told first could not be read");
            return None;
        }
    };
    let tools = stored
        .tools
        .iter()
        .map(|tool| serde_json::from_str::<Sent>(&tool.text));
    let tools = tools.collect::<Result<Vec<Sent>, _>>().ok()?;
    let found = tools.iter().filter(|tool| tool.is_found);
    Some(Prefix {
        system: stored.system.text,
        found: found.map(|tool| tool.tool.name.clone()).collect(),
        tools: tools.into_iter().map(Definition::from).collect(),
        told: stored.told,
    })
}

/// The prefix for the next turn of a conversation. `before` is the one of the last turn, `told` the number of tools
/// it was ever told of by whichever process; `system` makes the system prompt of a conversation that begins. Answers also
/// which tools wait until they are looked up.
pub(crate) async fn next(
    engine: &Arc<Engine>,
    conversation: ConversationId,
    (before, told): (Option<Prefix>, usize),
    (offered, system): (Vec<Definition>, impl FnOnce(&[Definition]) -> String),
) -> (Prefix, Vec<Definition>) {
    let before = match before {
        // Another process may have sent others meanwhile, and so may the last turn.
        Some(before) if told == before.told => Some(before),
        // Whoever was told of tools has a prefix; one without any is looked for.
        Some(_) | None => kept(engine, conversation).await,
    };
    let is_new = before.is_none();
    let mut prefix = before.unwrap_or_else(|| Prefix {
        system: system(&offered),
        tools: Vec::new(),
        found: Vec::new(),
        told: 0,
    });
    let most = engine.settings().ai.max_tool_tokens;
    let chosen = deferral::choose(&prefix.tools, offered, most);
    if !is_new && chosen.added.is_empty() {
        return (prefix, chosen.deferred);
    }
    prefix.told += chosen.added.len();
    prefix.tools.extend(chosen.added);
    (keep(engine, conversation, prefix).await, chosen.deferred)
}

/// Puts tools that were looked up behind what a conversation was told of, in the place of some that were before.
pub(crate) async fn change(engine: &Engine, conversation: ConversationId, change: Change) {
    let changed = async {
        let Some(stored) = engine.storage.prefix(conversation).await? else {
            return Ok(());
        };
        let is_dropped = |tool: &&PrefixText| {
            let sent = serde_json::from_str::<Sent>(&tool.text);
            sent.is_ok_and(|sent| sent.is_found && change.dropped.contains(&sent.tool.name))
        };
        let dropped = stored.tools.iter().filter(is_dropped);
        let dropped = dropped.map(|tool| tool.hash).collect();
        let added = change.fresh.iter().map(|tool| of_tool(tool, true));
        let changes = (dropped, added.collect());
        engine.storage.change_prefix(conversation, changes).await
    };
    if let Err(error) = changed.await {
        tracing::warn!(%error, "what a conversation looked up could not be kept");
    }
}

/// Keeps a prefix, and answers the one that is kept.
async fn keep(engine: &Engine, conversation: ConversationId, prefix: Prefix) -> Prefix {
    match engine
        .storage
        .keep_prefix(conversation, stored(&prefix))
        .await
    {
        Ok(true) => prefix,
        // Two processes began at once: what is stored is what both send.
        Ok(false) => kept(engine, conversation).await.unwrap_or(prefix),
        Err(error) => {
            tracing::warn!(%error, "what a conversation was told first could not be kept");
            prefix
        }
    }
}

/// Has a conversation begin with what another was told, so that its requests begin with the same bytes.
pub(crate) async fn copy(engine: &Engine, from: ConversationId, to: ConversationId) {
    let copied = match engine.storage.prefix(from).await {
        Ok(None) => Ok(()),
        Ok(Some(prefix)) => engine.storage.keep_prefix(to, prefix).await.map(drop),
        Err(error) => Err(error),
    };
    if let Err(error) = copied {
        tracing::warn!(%error, "what a conversation was told first could not be copied");
    }
}

fn stored(prefix: &Prefix) -> StoredPrefix {
    let tools = prefix.tools.iter();
    let tools = tools.map(|tool| of_tool(tool, prefix.found.contains(&tool.tool.name)));
    StoredPrefix {
        system: text(prefix.system.clone()),
        tools: tools.collect(),
        told: prefix.told,
    }
}

/// A tool as it is kept.
fn of_tool(definition: &Definition, is_found: bool) -> PrefixText {
    let sent = Sent {
        module: definition.module.clone(),
        origin: definition.origin,
        hash: definition.hash.clone(),
        tool: definition.tool.as_ref().clone(),
        capabilities: definition.capabilities.clone(),
        is_found,
    };
    text(serde_json::to_string(&sent).unwrap_or_default())
}

fn text(text: String) -> PrefixText {
    PrefixText {
        hash: Sha256::digest(text.as_bytes()).into(),
        text,
    }
}

impl From<Sent> for Definition {
    fn from(sent: Sent) -> Self {
        Self {
            module: sent.module,
            origin: sent.origin,
            hash: sent.hash,
            tool: Arc::new(sent.tool),
            capabilities: sent.capabilities,
        }
    }
}
