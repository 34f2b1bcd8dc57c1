//! Conversations: their rows, the list of them, and their end.

use crate::error::{Fault, StorageError};
use crate::file::File;
use crate::project::Fact;
use crate::rows::{self, Key};
use crate::{Storage, filing, journal, prefixes, shared};
use anteroom_api::{
    ConversationFilter, ConversationId, ConversationView, Filing, Mode, Page, Seq, Topic, Trust,
    UnixMillis,
};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use std::sync::Arc;
use uuid::Uuid;

/// The columns of a [`ConversationView`], in the order [`view`] reads them.
const VIEW: &str = "SELECT c.id, c.kind, c.title, c.workspace, c.model, c.parent, c.trust,
    c.created_at, c.updated_at, c.seq,
    (SELECT t.id FROM turns t WHERE t.conversation = c.id AND t.ended_at IS NULL
     ORDER BY t.row LIMIT 1),
    c.prompt_tokens, c.completion_tokens, c.cached_tokens, c.estimated_turns, c.cost_micros,
    c.forked_from,
    (SELECT json_group_array(g.tag ORDER BY g.tag) FROM conversation_tags g
        WHERE g.conversation = c.id),
    c.folder, c.project, c.is_pinned, c.mode
    FROM conversations c";

impl Storage {
    /// Chats of people, most recently used first.
    ///
    /// # Errors
    /// [`Fault::BadCursor`], or any other [`Fault`].
    pub async fn conversations(
        &self,
        before: Option<String>,
        limit: u32,
    ) -> Result<Page<ConversationView>, StorageError> {
        let all = ConversationFilter::default();
        self.filtered(all, before, limit).await
    }

    /// Conversations of people that a filter lets through, most recently used first.
    ///
    /// # Errors
    /// [`Fault::BadCursor`], or any other [`Fault`].
    pub async fn filtered(
        &self,
        filter: ConversationFilter,
        before: Option<String>,
        limit: u32,
    ) -> Result<Page<ConversationView>, StorageError> {
        let limit = limit.max(1);
        let pages = self
            .read_all(move |connection, _| list(connection, &filter, (before.as_deref(), limit)));
        Ok(merged(pages.await?, limit))
    }

    /// One conversation; its running turn is the one without an end.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn conversation(
        &self,
        id: ConversationId,
    ) -> Result<Option<ConversationView>, StorageError> {
        let file = self.home_of(id).await?;
        let found = file.read(move |connection| find(connection, id));
        Ok(found.await?.map(|view| shared::named(&file, view)))
    }
}

/// One conversation, as its own file knows it.
pub(crate) fn find(
    connection: &Connection,
    id: ConversationId,
) -> Result<Option<ConversationView>, Fault> {
    let mut statement = connection.prepare_cached(&format!("{VIEW} WHERE c.id = ?1"))?;
    Ok(statement.query_row([key(id)], view).optional()?)
}

/// A conversation's id as it is stored.
pub(crate) fn key(id: ConversationId) -> Key {
    id.0.into_bytes()
}

/// Whether there is such a conversation.
pub(crate) fn exists(connection: &Connection, id: ConversationId) -> Result<bool, Fault> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM conversations WHERE id = ?1")?;
    Ok(statement.exists([key(id)])?)
}

/// Notes the newest position of a conversation's topic and when it was reached.
pub(crate) fn touch(
    connection: &Connection,
    id: ConversationId,
    seq: Seq,
    at: UnixMillis,
) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE conversations SET seq = ?2, updated_at = max(updated_at, ?3) WHERE id = ?1",
        )?
        .execute(params![key(id), rows::seq_column(seq), at.0])?;
    Ok(())
}

/// Adds a conversation. One that is there keeps what has happened to it since.
pub(crate) fn open(fact: &Fact<'_>, conversation: &ConversationView) -> Result<(), Fault> {
    let parent: Option<Key> = conversation.parent.map(|item| item.0.into_bytes());
    let forked_from: Option<Key> = conversation.forked_from.map(|item| item.0.into_bytes());
    fact.connection
        .prepare_cached(
            "INSERT INTO conversations (id, kind, title, workspace, model, parent, trust,
                created_at, updated_at, user_id, user_display_name, forked_from, project)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,
                (SELECT p.project FROM items i JOIN conversations p ON p.id = i.conversation
                 WHERE i.id = ?13))
             ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            key(conversation.id),
            rows::word_column(&conversation.kind)?,
            conversation.title,
            conversation.workspace,
            conversation.model,
            parent,
            rows::word_column(&conversation.trust)?,
            conversation.created_at.0,
            conversation.updated_at.0,
            fact.user_id(),
            fact.user_display_name(),
            forked_from,
            parent,
        ])?;
    filing::open(fact, conversation.id, &conversation.filing)
}

/// Gives a conversation another title.
pub(crate) fn rename(fact: &Fact<'_>, id: ConversationId, title: &str) -> Result<(), Fault> {
    fact.connection
        .prepare_cached("UPDATE conversations SET title = ?2 WHERE id = ?1")?
        .execute(params![key(id), title])?;
    Ok(())
}

/// Gives a conversation another model and mode, or none of its own.
pub(crate) fn configure(
    fact: &Fact<'_>,
    id: ConversationId,
    (model, mode): (Option<&str>, Option<Mode>),
) -> Result<(), Fault> {
    let mode = mode.map(|mode| rows::word_column(&mode)).transpose()?;
    fact.connection
        .prepare_cached("UPDATE conversations SET model = ?2, mode = ?3 WHERE id = ?1")?
        .execute(params![key(id), model, mode])?;
    Ok(())
}

/// Marks a conversation as holding content from outside.
pub(crate) fn taint(fact: &Fact<'_>, id: ConversationId) -> Result<(), Fault> {
    fact.connection
        .prepare_cached("UPDATE conversations SET trust = ?2 WHERE id = ?1")?
        .execute(params![key(id), rows::word_column(&Trust::Untrusted)?])?;
    Ok(())
}

/// Removes a conversation, its child agents' conversations, and all that belongs to them.
pub(crate) fn delete(fact: &Fact<'_>, id: ConversationId) -> Result<(), Fault> {
    let connection = fact.connection;
    for doomed in with_children(connection, id)? {
        connection
            .prepare_cached("DELETE FROM journal WHERE topic = ?1")?
            .execute([journal::topic_column(&Topic::Conversation(doomed))])?;
        connection
            .prepare_cached("DELETE FROM conversations WHERE id = ?1")?
            .execute([key(doomed)])?;
        forget_titles(connection, doomed)?;
        forget_leftovers(fact, doomed)?;
    }
    Ok(())
}

/// Removes what the personal file keeps of a conversation, wherever that lived.
pub(crate) fn forget_leftovers(fact: &Fact<'_>, id: ConversationId) -> Result<(), Fault> {
    prefixes::forget(fact, id)?;
    fact.connection
        .prepare_cached("DELETE FROM changes WHERE root = ?1")?
        .execute([key(id)])?;
    Ok(())
}

/// A conversation and those of its child agents, parents first.
pub(crate) fn with_children(
    connection: &Connection,
    id: ConversationId,
) -> Result<Vec<ConversationId>, Fault> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE family (id) AS (
             VALUES (?1)
             UNION
             SELECT c.id FROM family
                 JOIN items i ON i.conversation = family.id
                 JOIN conversations c ON c.parent = i.id
         ) SELECT id FROM family",
    )?;
    let found = statement.query_map([key(id)], |row| rows::id(row, 0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The host's topic keeps its numbering, but not the words of a conversation that is gone.
fn forget_titles(connection: &Connection, id: ConversationId) -> Result<(), Fault> {
    let host = journal::topic_column(&Topic::Host);
    let text = id.to_string();
    connection
        .prepare_cached(
            "UPDATE journal SET event = json_set(event, '$.event.title', '')
             WHERE topic = ?1 AND event ->> '$.noun' = 'conversation'
                 AND event ->> '$.event.verb' = 'renamed' AND event ->> '$.event.conversation' = ?2",
        )?
        .execute(params![host, text])?;
    connection
        .prepare_cached(
            "UPDATE journal SET event = json_set(event,
                 '$.event.conversation.title', '', '$.event.conversation.workspace', '')
             WHERE topic = ?1 AND event ->> '$.noun' = 'conversation'
                 AND event ->> '$.event.verb' = 'opened' AND event ->> '$.event.conversation.id' = ?2",
        )?
        .execute(params![host, text])?;
    Ok(())
}

/// The pages of all files as one: each holds its file's first entries after the same place.
fn merged(pages: Vec<(Arc<File>, Page<ConversationView>)>, limit: u32) -> Page<ConversationView> {
    let has_more = pages.iter().any(|(_, page)| page.before.is_some());
    let entries = pages.into_iter().flat_map(|(file, page)| {
        let entries = page.entries.into_iter();
        entries.map(move |view| shared::named(&file, view))
    });
    let mut entries: Vec<ConversationView> = entries.collect();
    entries.sort_by_key(|view| std::cmp::Reverse((view.updated_at, key(view.id))));
    let has_more = has_more || entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let last = entries.last().filter(|_| has_more);
    let before = last.map(|view| Place::of(view).to_string());
    Page {
        entries,
        before,
        after: None,
        place: None,
    }
}

fn list(
    connection: &Connection,
    filter: &ConversationFilter,
    (before, limit): (Option<&str>, u32),
) -> Result<Page<ConversationView>, Fault> {
    let place = match before {
        None => Place::FIRST,
        Some(cursor) => Place::parse(cursor)?,
    };
    let mut entries = filing::list(connection, filter, (&place, i64::from(limit) + 1))?;
    let has_more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let last = entries.last().filter(|_| has_more);
    let before = last.map(|view| Place::of(view).to_string());
    Ok(Page {
        entries,
        before,
        after: None,
        place: None,
    })
}

/// The conversations whose ids a statement gives, most recently used first.
pub(crate) fn views(
    connection: &Connection,
    ids: &str,
    given: &[(&str, &dyn ToSql)],
) -> Result<Vec<ConversationView>, Fault> {
    let sql = format!("{VIEW} WHERE c.id IN ({ids}) ORDER BY c.updated_at DESC, c.id DESC");
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(given, view)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn view(row: &Row<'_>) -> rusqlite::Result<ConversationView> {
    Ok(ConversationView {
        id: rows::id(row, 0)?,
        kind: rows::word(row, 1)?,
        title: row.get(2)?,
        workspace: row.get(3)?,
        model: row.get(4)?,
        mode: rows::optional_word(row, 21)?,
        parent: rows::optional_id(row, 5)?,
        forked_from: rows::optional_id(row, 16)?,
        database: None,
        filing: Filing {
            tags: rows::json(row, 17)?,
            folder: rows::optional_id(row, 18)?,
            project: rows::optional_id(row, 19)?,
            is_pinned: row.get(20)?,
        },
        trust: rows::word(row, 6)?,
        created_at: rows::millis(row, 7)?,
        updated_at: rows::millis(row, 8)?,
        seq: rows::seq(row, 9)?,
        running: rows::optional_id(row, 10)?,
        usage: rows::usage(row, 11)?,
    })
}

/// A place in the list: the conversation a page ended with.
pub(crate) struct Place {
    pub(crate) updated_at: i64,
    pub(crate) id: Key,
}

impl Place {
    /// Before everything.
    const FIRST: Self = Self {
        updated_at: i64::MAX,
        id: [u8::MAX; 16],
    };

    fn of(view: &ConversationView) -> Self {
        Self {
            updated_at: view.updated_at.0,
            id: key(view.id),
        }
    }

    fn parse(cursor: &str) -> Result<Self, Fault> {
        let parts = cursor.split_once('.').and_then(|(time, id)| {
            Some(Self {
                updated_at: time.parse().ok()?,
                id: Uuid::try_parse(id).ok()?.into_bytes(),
            })
        });
        parts.ok_or_else(|| Fault::BadCursor(cursor.to_string()))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}.{}",
            self.updated_at,
            Uuid::from_bytes(self.id).simple()
        )
    }
}
