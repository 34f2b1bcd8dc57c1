//! What stands in front of every request of a conversation: the system prompt and the tools, byte for byte as they
//! were first sent, also in another process. New tools come behind; what was sent once stays. Tools that were looked
//! up stand behind what they were found beside, and alone may go again.

use super::{deferral, keeper};
use crate::agent::catalog::Change;
use crate::engine::Engine;
use anteroom_api::{Capability, ConversationId, ModuleId, ModuleOrigin, ToolView};
use anteroom_storage::{PrefixGrowth, PrefixText};
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
    /// How many texts of tools it ever had: another number is another prefix.
    told: usize,
}

/// What a turn's requests begin with.
pub(crate) struct Next {
    pub(crate) prefix: Prefix,
    /// The tools that wait until they are looked up.
    pub(crate) deferred: Vec<Definition>,
    /// What has to be kept of it, if it is not yet.
    pub(crate) unkept: Option<PrefixGrowth>,
}

/// A text of tools.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Piece {
    /// One that was looked up, and may go again.
    One(Sent),
    /// Those that were sent together.
    Together(Vec<Sent>),
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
        .map(|piece| serde_json::from_str::<Piece>(&piece.text));
    let tools = tools.collect::<Result<Vec<Piece>, _>>().ok()?;
    let tools: Vec<Sent> = tools.into_iter().flat_map(Piece::into_sent).collect();
    let found = tools.iter().filter(|tool| tool.is_found);
    Some(Prefix {
        system: stored.system.text,
        found: found.map(|tool| tool.tool.name.clone()).collect(),
        tools: tools.into_iter().map(Definition::from).collect(),
        told: stored.told,
    })
}

/// The prefix for the next turn of a conversation. `before` is the one of the last turn, `told` the number of
/// texts it was ever told by whichever process; `system` makes the system prompt of a conversation that begins.
pub(crate) async fn next(
    engine: &Arc<Engine>,
    conversation: ConversationId,
    (before, told): (Option<Prefix>, usize),
    (offered, system): (Vec<Definition>, impl FnOnce(&[Definition]) -> String),
) -> Next {
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
    let unkept = PrefixGrowth {
        system: is_new.then(|| text(prefix.system.clone())),
        told: prefix.told,
        tools: together(&chosen.added).into_iter().collect(),
    };
    prefix.told += unkept.tools.len();
    prefix.tools.extend(chosen.added);
    Next {
        unkept: (unkept.system.is_some() || !unkept.tools.is_empty()).then_some(unkept),
        deferred: chosen.deferred,
        prefix,
    }
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
        let added = change.fresh.iter().map(found);
        let changes = (dropped, added.collect());
        engine.storage.change_prefix(conversation, changes).await
    };
    if let Err(error) = changed.await {
        tracing::warn!(%error, "what a conversation looked up could not be kept");
    }
}

/// Keeps what is new of a prefix. Answers whether it is for certain what is kept now.
pub(crate) async fn keep(
    engine: &Engine,
    conversation: ConversationId,
    unkept: PrefixGrowth,
) -> bool {
    match engine.storage.keep_prefix(conversation, unkept).await {
        Ok(is_certain) => is_certain,
        Err(error) => {
            tracing::warn!(%error, "what a conversation was told first could not be kept");
            false
        }
    }
}

/// Has a conversation begin with what another was told, so that its requests begin with the same bytes.
pub(crate) async fn copy(engine: &Engine, from: ConversationId, to: ConversationId) {
    let copied = match engine.storage.prefix(from).await {
        Ok(None) => Ok(()),
        Ok(Some(prefix)) => {
            let kept = engine.storage.keep_prefix(to, prefix.into()).await;
            kept.map(drop)
        }
        Err(error) => Err(error),
    };
    if let Err(error) = copied {
        tracing::warn!(%error, "what a conversation was told first could not be copied");
    }
}

/// Tools that are sent together, as they are kept: in one text, which most conversations share.
fn together(tools: &[Definition]) -> Option<PrefixText> {
    let sent = tools.iter().map(|tool| Sent::of(tool, false)).collect();
    (!tools.is_empty()).then(|| piece(&Piece::Together(sent)))
}

/// A tool that was looked up, as it is kept.
fn found(tool: &Definition) -> PrefixText {
    piece(&Piece::One(Sent::of(tool, true)))
}

fn piece(piece: &Piece) -> PrefixText {
    text(serde_json::to_string(piece).unwrap_or_default())
}

impl Piece {
    fn into_sent(self) -> Vec<Sent> {
        match self {
            Self::One(sent) => vec![sent],
            Self::Together(sent) => sent,
        }
    }
}

impl Sent {
    fn of(definition: &Definition, is_found: bool) -> Self {
        Self {
            module: definition.module.clone(),
            origin: definition.origin,
            hash: definition.hash.clone(),
            tool: definition.tool.as_ref().clone(),
            capabilities: definition.capabilities.clone(),
            is_found,
        }
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
