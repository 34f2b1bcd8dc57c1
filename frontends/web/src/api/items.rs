//! What a conversation consists of: items by the page, changes of files, what would be sent, and a search in it.

use super::conversations::{Of, limited};
use anteroom_api::{
    ChangeView, ConversationId, FileDiff, Item, ItemId, ItemsAt, Page, Problem, ProblemCode,
    PromptReport, Reads, SearchHit, TurnId, TurnView, UndoTarget,
};
use anteroom_http::{About, Context, Failure, Path, Query, Routes, Session};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use tokio::try_join;

/// Items on a page where nothing is said, and at most.
const SHOWN: (u32, u32) = (120, 500);
/// Hits of a search where nothing is said, and at most.
pub(super) const FOUND: (u32, u32) = (20, 100);

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .get(
            Session,
            "/api/conversations/{id}/items",
            About::new(
                "items",
                "Items of a conversation, oldest first, with their turns",
            ),
            items,
        )
        .get(
            Session,
            "/api/conversations/{id}/changes",
            About::new("changes", "Files that its calls changed, newest first"),
            changes,
        )
        .get(
            Session,
            "/api/conversations/{id}/diff",
            About::new("diff", "What separates files from what they were"),
            diff,
        )
        .get(
            Session,
            "/api/conversations/{id}/prompt",
            About::new(
                "conversationPrompt",
                "What would be sent before the first word",
            ),
            prompt,
        )
        .get(
            Session,
            "/api/conversations/{id}/search",
            About::new("searchConversation", "Search in its messages; best first"),
            search,
        )
}

/// How much to open, and where.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Around {
    /// How many items, 500 at most.
    #[serde(default)]
    pub(super) limit: Option<u32>,
    /// The item that is to be among them; the newest if none.
    #[serde(default)]
    pub(super) around: Option<ItemId>,
}

/// Which items; one of the three at most.
#[derive(Debug, Deserialize, JsonSchema)]
struct Which {
    /// A page's `before`.
    #[serde(default)]
    before: Option<String>,
    /// A page's `after`.
    #[serde(default)]
    after: Option<String>,
    /// The item that is to be among them.
    #[serde(default)]
    around: Option<ItemId>,
    /// How many, 500 at most.
    #[serde(default)]
    limit: Option<u32>,
}

/// A page of items, with the turns they belong to.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ItemsPage {
    /// The page, oldest first.
    #[serde(flatten)]
    pub(super) page: Page<Item>,
    /// Their turns, oldest first.
    pub(super) turns: Vec<TurnView>,
}

/// Reads a page and the turns on it, `running` too.
pub(super) async fn page(
    reads: &dyn Reads,
    conversation: ConversationId,
    at: ItemsAt,
    limit: Option<u32>,
    running: Option<TurnId>,
) -> Result<ItemsPage, Problem> {
    let limit = limited(limit, SHOWN);
    let (page, mut turns) = try_join!(
        reads.items(conversation, at, limit),
        reads.turns(conversation)
    )?;
    let mut shown: HashSet<TurnId> = page.entries.iter().map(|item| item.turn).collect();
    shown.extend(running);
    turns.retain(|turn| shown.contains(&turn.id));
    Ok(ItemsPage { page, turns })
}

async fn items(
    context: Context,
    Path(of): Path<Of>,
    Query(which): Query<Which>,
) -> Result<ItemsPage, Failure> {
    let at = match (which.before, which.after, which.around) {
        (None, None, None) => ItemsAt::Newest,
        (Some(before), None, None) => ItemsAt::Before(before),
        (None, Some(after), None) => ItemsAt::After(after),
        (None, None, Some(around)) => ItemsAt::Around(around),
        _ => return Err(one_of("`before`, `after` and `around`")),
    };
    Ok(page(context.host.read(), of.id, at, which.limit, None).await?)
}

fn one_of(names: &str) -> Failure {
    let error = format!("{names} contradict each other");
    Problem::new(ProblemCode::InvalidInput, error)
        .hint("name one of them")
        .into()
}

async fn changes(context: Context, Path(of): Path<Of>) -> Result<Vec<ChangeView>, Problem> {
    context.host.read().changes(of.id).await
}

/// Of which changes; of the whole conversation's if none is named.
#[derive(Debug, Deserialize, JsonSchema)]
struct Target {
    /// Those of one turn.
    #[serde(default)]
    turn: Option<TurnId>,
    /// Those of one call.
    #[serde(default)]
    call: Option<ItemId>,
    /// All since a message, its turn's included.
    #[serde(default)]
    before: Option<ItemId>,
}

async fn diff(
    context: Context,
    Path(of): Path<Of>,
    Query(target): Query<Target>,
) -> Result<Vec<FileDiff>, Failure> {
    let target = match (target.turn, target.call, target.before) {
        (None, None, None) => None,
        (Some(turn), None, None) => Some(UndoTarget::Turn { turn }),
        (None, Some(item), None) => Some(UndoTarget::Call { item }),
        (None, None, Some(item)) => Some(UndoTarget::Since { item }),
        _ => return Err(one_of("`turn`, `call` and `before`")),
    };
    Ok(context.host.read().diff(of.id, target).await?)
}

async fn prompt(context: Context, Path(of): Path<Of>) -> Result<PromptReport, Problem> {
    let reads = context.host.read();
    let view = reads.conversation(of.id).await?;
    reads.prompt(Some(of.id), view.workspace, None).await
}

/// What to look for.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Words {
    /// Words; the last may be unfinished.
    pub(super) q: String,
    /// How many, 100 at most.
    #[serde(default)]
    pub(super) limit: Option<u32>,
}

async fn search(
    context: Context,
    Path(of): Path<Of>,
    Query(words): Query<Words>,
) -> Result<Vec<SearchHit>, Problem> {
    let limit = limited(words.limit, FOUND);
    context
        .host
        .read()
        .search(words.q, Some(of.id), limit)
        .await
}
