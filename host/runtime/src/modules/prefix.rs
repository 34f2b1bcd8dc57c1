//! What stands in front of every request of a conversation: the system prompt and the tools, byte for byte as they
//! were first sent, also in another process. New tools come behind; what was sent once stays.

use super::{deferral, keeper};
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
}

/// A tool as it was sent.
#[derive(Serialize, Deserialize)]
struct Sent {
    module: ModuleId,
    origin: ModuleOrigin,
    hash: String,
    tool: ToolView,
    capabilities: Vec<Capability>,
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
    Some(Prefix {
        system: stored.system.text,
        tools: tools.into_iter().map(Definition::from).collect(),
    })
}

/// The prefix for the next turn of a conversation. `before` is the one of the last turn, `sent` the number of tools
/// it was told of by whichever process; `system` makes the system prompt of a conversation that begins. Answers also
/// which tools wait until they are looked up.
pub(crate) async fn next(
    engine: &Arc<Engine>,
    conversation: ConversationId,
    (before, sent): (Option<Prefix>, usize),
    (offered, system): (Vec<Definition>, impl FnOnce(&[Definition]) -> String),
) -> (Prefix, Vec<Definition>) {
    let before = match before {
        // Another process may have sent more meanwhile.
        Some(before) if sent == before.tools.len() => Some(before),
        // Whoever was told of tools has a prefix; one without any is looked for.
        Some(_) | None => kept(engine, conversation).await,
    };
    let is_new = before.is_none();
    let mut prefix = before.unwrap_or_else(|| Prefix {
        system: system(&offered),
        tools: Vec::new(),
    });
    let most = engine.settings().ai.max_tool_tokens;
    let chosen = deferral::choose(&prefix.tools, offered, most);
    if !is_new && chosen.added.is_empty() {
        return (prefix, chosen.deferred);
    }
    prefix.tools.extend(chosen.added);
    (keep(engine, conversation, prefix).await, chosen.deferred)
}

/// Puts tools behind what a conversation was told of: those that were looked up.
pub(crate) async fn append(engine: &Engine, conversation: ConversationId, tools: Vec<Definition>) {
    let Some(mut prefix) = kept(engine, conversation).await else {
        return;
    };
    prefix.tools.extend(tools);
    keep(engine, conversation, prefix).await;
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
    let sent = prefix.tools.iter().cloned().map(Sent::from);
    let texts = sent.map(|sent| serde_json::to_string(&sent).unwrap_or_default());
    StoredPrefix {
        system: text(prefix.system.clone()),
        tools: texts.map(text).collect(),
    }
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

impl From<Definition> for Sent {
    fn from(definition: Definition) -> Self {
        Self {
            module: definition.module,
            origin: definition.origin,
            hash: definition.hash,
            tool: Arc::unwrap_or_clone(definition.tool),
            capabilities: definition.capabilities,
        }
    }
}
