//! The list of conversations that a filter lets through, in order, without looking at more than it must.

use crate::conversations::{self, Place};
use crate::error::Fault;
use crate::rows::{self, Key};
use crate::search;
use anteroom_api::{ConversationFilter, ConversationKind, ConversationView};
use rusqlite::{Connection, ToSql};

/// The folders asked for.
const FOLDERS: &str = "(WITH RECURSIVE below (id) AS (
        VALUES (:folder)
        UNION
        SELECT f.id FROM below JOIN folders f ON f.parent = below.id WHERE :is_deep
    ) SELECT id FROM below)";

/// Conversations with the words in their title or text, and those of the newest messages that have them.
const MATCHING: &str =
    "(SELECT t.conversation AS id FROM texts_text x JOIN texts t ON t.row = x.rowid
         WHERE texts_text MATCH :words
     UNION
     SELECT i.conversation FROM (SELECT rowid AS row FROM messages_text
             WHERE messages_text MATCH :words ORDER BY rowid DESC LIMIT 2000) m
         CROSS JOIN items i ON i.row = m.row)";

/// The first `limit` conversations behind a place.
pub(crate) fn list(
    connection: &Connection,
    filter: &ConversationFilter,
    (place, limit): (&Place, i64),
) -> Result<Vec<ConversationView>, Fault> {
    let kinds = kinds(filter)?;
    let words = match &filter.words {
        // Words that hold nothing to look for are in no conversation.
        Some(words) => match search::query(words) {
            Some(query) => Some(query),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    let folder: Option<Key> = filter.folder.map(|id| id.0.into_bytes());
    let project: Option<Key> = filter.project.map(|id| id.0.into_bytes());
    let mut given: Vec<(&str, &dyn ToSql)> = vec![
        (":at", &place.updated_at),
        (":id", &place.id),
        (":limit", &limit),
    ];
    let mut conditions = String::new();
    // What leads to few rows by itself leads; the rest is asked of each of those.
    let mut source = None;
    let mut add = |from: String, condition: &str| match source {
        None => source = Some(from),
        Some(_) => {
            conditions.push_str(" AND ");
            conditions.push_str(condition);
        }
    };
    if let Some(words) = &words {
        given.push((":words", words));
        add(
            format!("{MATCHING} m CROSS JOIN conversations c ON c.id = m.id WHERE true"),
            "true",
        );
    }
    if let Some(tag) = &filter.tag {
        given.push((":tag", tag));
        add(
            "conversation_tags g CROSS JOIN conversations c ON c.id = g.conversation
                 WHERE g.tag = :tag"
                .to_owned(),
            "EXISTS (SELECT 1 FROM conversation_tags g WHERE g.conversation = c.id AND g.tag = :tag)",
        );
    }
    if folder.is_some() {
        given.push((":folder", &folder));
        given.push((":is_deep", &filter.is_deep));
        add(
            format!(
                "conversations c INDEXED BY conversations_in_folder WHERE c.folder IN {FOLDERS}"
            ),
            &format!("c.folder IN {FOLDERS}"),
        );
    }
    if project.is_some() {
        given.push((":project", &project));
        add(
            "conversations c INDEXED BY conversations_of_project WHERE c.project = :project"
                .to_owned(),
            "c.project = :project",
        );
    }
    if filter.is_pinned {
        add(
            "conversations c INDEXED BY conversations_pinned WHERE c.is_pinned".to_owned(),
            "c.is_pinned",
        );
    }
    if let Some(workspace) = &filter.workspace {
        given.push((":workspace", workspace));
        add(
            "conversations c WHERE c.workspace = :workspace".to_owned(),
            "c.workspace = :workspace",
        );
    }
    let sql = match source {
        Some(source) => format!(
            "SELECT c.id FROM {source}{conditions} AND c.kind IN ({}) AND (c.updated_at, c.id) < (:at, :id)
             ORDER BY c.updated_at DESC, c.id DESC LIMIT :limit",
            kinds.join(", ")
        ),
        None => of_kinds(&kinds),
    };
    conversations::views(connection, &sql, &given)
}

/// Each kind is in order already; only what each begins with is put together.
fn of_kinds(kinds: &[&'static str]) -> String {
    let each: Vec<String> = kinds
        .iter()
        .map(|kind| {
            format!(
                "SELECT * FROM (SELECT c.id, c.updated_at FROM conversations c
                 WHERE c.kind = {kind} AND (c.updated_at, c.id) < (:at, :id)
                 ORDER BY c.updated_at DESC, c.id DESC LIMIT :limit)"
            )
        })
        .collect();
    format!(
        "SELECT id FROM ({}) ORDER BY updated_at DESC, id DESC LIMIT :limit",
        each.join(" UNION ALL ")
    )
}

/// Their names as SQL says them. Child agents' conversations are nobody's to list.
fn kinds(filter: &ConversationFilter) -> Result<Vec<&'static str>, Fault> {
    let all = [
        (ConversationKind::Chat, "'chat'"),
        (ConversationKind::Note, "'note'"),
        (ConversationKind::Document, "'document'"),
    ];
    let wanted = all
        .into_iter()
        .filter(|(kind, _)| filter.kinds.is_empty() || filter.kinds.contains(kind));
    let mut names = Vec::new();
    for (kind, name) in wanted {
        debug_assert_eq!(format!("'{}'", rows::word_column(&kind)?), name);
        names.push(name);
    }
    if names.is_empty() {
        // Child agents' only: there are none.
        names.push("''");
    }
    Ok(names)
}
