//! Items: the pieces of turns, in the order they began.

use crate::Storage;
use crate::conversations::{self, key};
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use crate::rows::{self, Key};
use anteroom_api::{
    Content, ConversationId, Item, ItemBody, ItemId, ItemsAt, Page, PagePlace, Status, ToolCall,
    Topic, TurnId,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// The columns of an [`Item`], in the order [`view`] reads them; the ordinal last.
const VIEW: &str = "SELECT i.id, i.turn, i.status, i.origin, i.created_at, i.body,
    c.call, c.tool, c.arguments, c.tier, c.approval_decision, c.result, c.meter, c.child, i.step, i.ordinal
    FROM items i LEFT JOIN tool_calls c ON c.item_row = i.row";

/// The first column behind those of [`VIEW`].
pub(crate) const AFTER: usize = 16;

/// [`VIEW`] with further columns behind its own.
pub(crate) fn view_with(columns: &str) -> String {
    VIEW.replacen(" FROM items", &format!(", {columns} FROM items"), 1)
}

/// More items than one step has: an answer holds 128 calls at most.
const STEP_ITEMS: u32 = 256;

impl Storage {
    /// Items of a conversation that were not put aside, `limit` at most; a page is oldest first.
    ///
    /// # Errors
    /// [`Fault::BadCursor`], [`Fault::UnknownItem`], or any other [`Fault`].
    pub async fn items(
        &self,
        id: ConversationId,
        at: ItemsAt,
        limit: u32,
    ) -> Result<Page<Item>, StorageError> {
        self.read_of(id, move |connection| page(connection, id, &at, limit))
            .await
    }

    /// All items of a conversation that were not put aside, oldest first.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn all_items(&self, id: ConversationId) -> Result<Vec<Item>, StorageError> {
        self.read_of(id, move |connection| {
            let sql =
                format!("{VIEW} WHERE i.conversation = ?1 AND NOT i.is_aside ORDER BY i.ordinal");
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_map([key(id)], view)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Stores how far a streamed item has come, so that a crash loses only what came after. Not an event, and
    /// without effect once the item is complete.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn save_partial(
        &self,
        conversation: ConversationId,
        item: &Item,
    ) -> Result<(), StorageError> {
        let item = item.clone();
        self.write_of(conversation, move |connection| {
            if !conversations::exists(connection, conversation)? {
                return Err(Fault::UnknownConversation(conversation));
            }
            let fact = Fact {
                connection,
                topic: Topic::Conversation(conversation),
                at: item.created_at,
                user: None,
                host: None,
                asked: &[],
            };
            save(&fact, conversation, &item)
        })
        .await
    }
}

/// Whether there is an item with this id.
pub(crate) fn exists(connection: &Connection, id: ItemId) -> Result<bool, Fault> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM items WHERE id = ?1")?;
    Ok(statement.exists([id.0.into_bytes()])?)
}

/// Adds or changes an item. An item that is complete is not opened again.
pub(crate) fn save(
    fact: &Fact<'_>,
    conversation: ConversationId,
    item: &Item,
) -> Result<(), Fault> {
    let (body, call) = match &item.body {
        ItemBody::ToolCall(call) => (None, Some(call)),
        ItemBody::UserMessage { .. }
        | ItemBody::AgentMessage { .. }
        | ItemBody::Reasoning { .. }
        | ItemBody::Summary { .. } => (Some(rows::json_column(&item.body)?), None),
    };
    let is_open = is_open(item.status);
    if !is_open && matches!(&item.body, ItemBody::AgentMessage { text } if text.is_empty()) {
        return forget(fact, conversation, item);
    }
    let row: Option<i64> = fact
        .connection
        .prepare_cached(
            "INSERT INTO items (id, conversation, ordinal, turn, status, origin, created_at,
                user_id, user_display_name, body, text, step)
             VALUES (?1, ?2,
                (SELECT coalesce(max(ordinal), 0) + 1 FROM items WHERE conversation = ?2),
                ?3, ?4, ?5, ?6, ?7, ?8, ?9,
                CASE (SELECT kind FROM conversations WHERE id = ?2) WHEN 'chat' THEN ?10 END,
                ?12)
             ON CONFLICT (id) DO UPDATE SET
                status = excluded.status, origin = excluded.origin, body = excluded.body,
                text = excluded.text, user_id = coalesce(excluded.user_id, user_id),
                user_display_name = coalesce(excluded.user_display_name, user_display_name)
             WHERE conversation = excluded.conversation
                AND (NOT ?11 OR status IN ('pending', 'running'))
             RETURNING row",
        )?
        .query_row(
            params![
                item.id.0.into_bytes(),
                key(conversation),
                item.turn.0.into_bytes(),
                rows::word_column(&item.status)?,
                rows::json_column(&item.origin)?,
                item.created_at.0,
                fact.user_id(),
                fact.user_display_name(),
                body,
                if is_open {
                    None
                } else {
                    searchable(&item.body)
                },
                is_open,
                item.step,
            ],
            |row| row.get(0),
        )
        .optional()?;
    match (row, call) {
        (Some(row), Some(call)) => save_call(fact, conversation, item, (row, call)),
        _ => Ok(()),
    }
}

/// A message is announced before its first word is known. One that never had a word leaves nothing.
fn forget(fact: &Fact<'_>, conversation: ConversationId, item: &Item) -> Result<(), Fault> {
    fact.connection
        .prepare_cached("DELETE FROM items WHERE id = ?1 AND conversation = ?2")?
        .execute(params![item.id.0.into_bytes(), key(conversation)])?;
    Ok(())
}

fn save_call(
    fact: &Fact<'_>,
    conversation: ConversationId,
    item: &Item,
    (row, call): (i64, &ToolCall),
) -> Result<(), Fault> {
    let child: Option<Key> = call.child.map(key);
    let result = call.result.as_ref().map(rows::json_column).transpose()?;
    let meter = call.meter.as_ref().map(rows::json_column).transpose()?;
    fact.connection
        .prepare_cached(
            "INSERT INTO tool_calls (item_row, item, conversation, turn, call, tool, arguments,
                tier, approval_decision, result, meter, child)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (item_row) DO UPDATE SET
                call = excluded.call, tool = excluded.tool, arguments = excluded.arguments,
                tier = excluded.tier, approval_decision = excluded.approval_decision,
                result = excluded.result, meter = excluded.meter, child = excluded.child",
        )?
        .execute(params![
            row,
            item.id.0.into_bytes(),
            key(conversation),
            item.turn.0.into_bytes(),
            call.call,
            call.tool,
            rows::json_column(&call.arguments)?,
            rows::word_column(&call.tier)?,
            rows::json_column(&call.decisions)?,
            result,
            meter,
            child,
        ])?;
    Ok(())
}

/// The item in a row, and where it belongs.
pub(crate) fn at(connection: &Connection, row: i64) -> Result<(ConversationId, Item), Fault> {
    let conversation = connection
        .prepare_cached("SELECT conversation FROM items WHERE row = ?1")?
        .query_row([row], |row| rows::id(row, 0))?;
    let mut statement = connection.prepare_cached(&format!("{VIEW} WHERE i.row = ?1"))?;
    Ok((conversation, statement.query_row([row], view)?))
}

/// Items of a turn that are not complete, oldest first.
pub(crate) fn open_of(connection: &Connection, turn: TurnId) -> Result<Vec<Item>, Fault> {
    let mut statement = connection.prepare_cached(&format!(
        "{VIEW} WHERE i.turn = ?1 AND i.status IN ('pending', 'running') ORDER BY i.ordinal"
    ))?;
    let found = statement.query_map([turn.0.into_bytes()], view)?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// How many calls a step made; they are among the last items of the conversation.
pub(crate) fn calls_of_step(
    connection: &Connection,
    conversation: ConversationId,
    (turn, step): (TurnId, u32),
) -> Result<u32, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT count(*) FROM items WHERE conversation = ?1 AND turn = ?2 AND step = ?3
            AND body IS NULL AND ordinal >
                (SELECT max(ordinal) FROM items WHERE conversation = ?1) - ?4",
    )?;
    let found = statement.query_row(
        params![key(conversation), turn.0.into_bytes(), step, STEP_ITEMS],
        |row| row.get(0),
    )?;
    Ok(found)
}

fn page(
    connection: &Connection,
    id: ConversationId,
    at: &ItemsAt,
    limit: u32,
) -> Result<Page<Item>, Fault> {
    let limit = limit.max(1) as usize;
    let found = match at {
        ItemsAt::Newest => older(connection, id, (i64::MAX, limit))?,
        ItemsAt::Before(cursor) => older(connection, id, (place(cursor)?, limit))?,
        ItemsAt::After(cursor) => newer(connection, id, (place(cursor)?, limit))?,
        ItemsAt::Behind(count) => {
            let after = match count {
                0 => i64::MIN,
                _ => nth(connection, id, *count)?.unwrap_or(i64::MAX),
            };
            newer(connection, id, (after, limit))?
        }
        ItemsAt::Around(item) => {
            let middle = ordinal(connection, id, *item)?.ok_or(Fault::UnknownItem(*item))?;
            let mut found = older(connection, id, (middle, limit))?;
            let mut rest = newer(connection, id, (middle - 1, limit))?;
            // Half of them on either side, and more where the other side has less.
            let behind = rest.len().min(limit.div_ceil(2));
            let before = found.len().min(limit - behind);
            found.drain(..found.len() - before);
            rest.truncate(limit - before);
            found.append(&mut rest);
            found
        }
    };
    let (first, last) = (found.first(), found.last());
    let total = count(connection, id, i64::MAX)?;
    let start = match first {
        Some((_, first)) => count(connection, id, *first)?,
        None => total,
    };
    let end = start + u64::try_from(found.len()).unwrap_or(0);
    let cursor = |(_, ordinal): &(Item, i64)| ordinal.to_string();
    Ok(Page {
        before: first.filter(|_| start > 0).map(cursor),
        after: last.filter(|_| end < total).map(cursor),
        place: Some(PagePlace { start, total }),
        entries: found.into_iter().map(|(item, _)| item).collect(),
    })
}

fn place(cursor: &str) -> Result<i64, Fault> {
    let place = cursor.parse();
    place.map_err(|_| Fault::BadCursor(cursor.to_string()))
}

/// The last items before a place, oldest first.
fn older(
    connection: &Connection,
    id: ConversationId,
    (before, limit): (i64, usize),
) -> Result<Vec<(Item, i64)>, Fault> {
    let mut statement = connection.prepare_cached(&format!(
        "{VIEW} WHERE i.conversation = ?1 AND i.ordinal < ?2 AND NOT i.is_aside
         ORDER BY i.ordinal DESC LIMIT ?3"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = statement.query_map(params![key(id), before, limit], placed)?;
    let mut found: Vec<(Item, i64)> = found.collect::<Result<_, _>>()?;
    found.reverse();
    Ok(found)
}

/// The first items after a place, oldest first.
fn newer(
    connection: &Connection,
    id: ConversationId,
    (after, limit): (i64, usize),
) -> Result<Vec<(Item, i64)>, Fault> {
    let mut statement = connection.prepare_cached(&format!(
        "{VIEW} WHERE i.conversation = ?1 AND i.ordinal > ?2 AND NOT i.is_aside
         ORDER BY i.ordinal LIMIT ?3"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = statement.query_map(params![key(id), after, limit], placed)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn placed(row: &Row<'_>) -> rusqlite::Result<(Item, i64)> {
    Ok((view(row)?, row.get(15)?))
}

/// The place of an item of a conversation that was not put aside.
fn ordinal(
    connection: &Connection,
    id: ConversationId,
    item: ItemId,
) -> Result<Option<i64>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT ordinal FROM items WHERE id = ?1 AND conversation = ?2 AND NOT is_aside",
    )?;
    let found = statement.query_row(params![item.0.into_bytes(), key(id)], |row| row.get(0));
    Ok(found.optional()?)
}

/// The place of an item by its number, from 1.
fn nth(connection: &Connection, id: ConversationId, number: u64) -> Result<Option<i64>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT ordinal FROM items WHERE conversation = ?1 AND NOT is_aside
         ORDER BY ordinal LIMIT 1 OFFSET ?2",
    )?;
    let skipped = i64::try_from(number.saturating_sub(1)).unwrap_or(i64::MAX);
    let found = statement.query_row(params![key(id), skipped], |row| row.get(0));
    Ok(found.optional()?)
}

/// How many items there are before a place. Both numbers come from indexes alone.
fn count(connection: &Connection, id: ConversationId, before: i64) -> Result<u64, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT (SELECT count(*) FROM items WHERE conversation = ?1 AND ordinal < ?2)
              - (SELECT count(*) FROM items WHERE conversation = ?1 AND ordinal < ?2 AND is_aside)",
    )?;
    let found: i64 = statement.query_row(params![key(id), before], |row| row.get(0))?;
    Ok(found.unsigned_abs())
}

pub(crate) fn view(row: &Row<'_>) -> rusqlite::Result<Item> {
    let body = match rows::optional_json(row, 5)? {
        Some(body) => body,
        None => ItemBody::ToolCall(ToolCall {
            call: row.get(6)?,
            tool: row.get(7)?,
            arguments: rows::json(row, 8)?,
            tier: rows::word(row, 9)?,
            decisions: rows::json(row, 10)?,
            result: rows::optional_json(row, 11)?,
            meter: rows::optional_json(row, 12)?,
            child: rows::optional_id(row, 13)?,
        }),
    };
    Ok(Item {
        id: rows::id(row, 0)?,
        turn: rows::id(row, 1)?,
        step: row.get(14)?,
        status: rows::word(row, 2)?,
        origin: rows::json(row, 3)?,
        created_at: rows::millis(row, 4)?,
        body,
    })
}

/// Whether it may still change.
pub(crate) fn is_open(status: Status) -> bool {
    match status {
        Status::Pending | Status::Running => true,
        Status::Completed | Status::Failed | Status::Denied | Status::Interrupted => false,
    }
}

/// What a search finds an item by: the words of people and of the model.
fn searchable(body: &ItemBody) -> Option<String> {
    let text = match body {
        ItemBody::UserMessage { content } => {
            let parts: Vec<_> = content.iter().filter_map(Content::words).collect();
            parts.join("\n")
        }
        ItemBody::AgentMessage { text } => text.clone(),
        ItemBody::Reasoning { .. } | ItemBody::ToolCall(_) | ItemBody::Summary { .. } => {
            return None;
        }
    };
    // The marks around matches in a snippet must be ours alone.
    let text = text.replace(['\u{0}', '\u{2}', '\u{3}'], " ");
    (!text.trim().is_empty()).then_some(text)
}
