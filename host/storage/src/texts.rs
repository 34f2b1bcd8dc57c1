//! Notes and documents: every version of their texts. The newest one is also where searches look.

use crate::Storage;
use crate::conversations::key;
use crate::error::{Fault, StorageError};
use crate::filing::FilingFault;
use crate::project::Fact;
use crate::rows;
use anteroom_api::{ConversationId, ConversationKind, TextVersion, TextView};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// The columns of a [`TextView`], in the order [`view`] reads them.
const VIEW: &str =
    "SELECT conversation, version, body, updated_at, user_display_name, restored_from
    FROM text_versions";

impl Storage {
    /// A text: its newest version, or the one named.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn text(
        &self,
        id: ConversationId,
        version: Option<u32>,
    ) -> Result<Option<TextView>, StorageError> {
        self.read_of(id, move |connection| {
            let sql =
                format!("{VIEW} WHERE conversation = ?1 AND version = coalesce(?2, {NEWEST})");
            let mut statement = connection.prepare_cached(&sql)?;
            Ok(statement
                .query_row(params![key(id), version], view)
                .optional()?)
        })
        .await
    }

    /// All versions of a text, newest first.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn text_versions(
        &self,
        id: ConversationId,
    ) -> Result<Vec<TextVersion>, StorageError> {
        self.read_of(id, move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT version, updated_at, user_display_name, restored_from, octet_length(body)
                 FROM text_versions WHERE conversation = ?1 ORDER BY version DESC",
            )?;
            let found = statement.query_map([key(id)], |row| {
                let size: i64 = row.get(4)?;
                Ok(TextVersion {
                    version: row.get(0)?,
                    updated_at: rows::millis(row, 1)?,
                    author: row.get(2)?,
                    restored_from: row.get(3)?,
                    size_bytes: size.unsigned_abs(),
                })
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }
}

/// The newest version of conversation `?1`.
const NEWEST: &str = "(SELECT max(version) FROM text_versions WHERE conversation = ?1)";

/// Adds the next version. Told again it changes nothing; any other is stale, because somebody else was faster, and
/// its event is not stored.
pub(crate) fn save(fact: &Fact<'_>, text: &TextView) -> Result<(), Fault> {
    let id = text.conversation;
    if !takes_text(fact.connection, id)? {
        return Err(Fault::Filing(FilingFault::NoText(id)));
    }
    let current: Option<u32> = fact
        .connection
        .prepare_cached(&format!("SELECT {NEWEST}"))?
        .query_row([key(id)], |row| row.get(0))?;
    let current = current.unwrap_or(0);
    if text.version != current + 1 {
        return match is_kept(fact.connection, text)? {
            true => Ok(()),
            false => Err(Fault::Filing(FilingFault::StaleText { current })),
        };
    }
    fact.connection
        .prepare_cached(
            "INSERT INTO text_versions (conversation, version, updated_at, restored_from, user_id,
                user_display_name, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            key(id),
            text.version,
            text.updated_at.0,
            text.restored_from,
            fact.user_id(),
            fact.user_display_name(),
            text.body,
        ])?;
    fact.connection
        .prepare_cached("UPDATE texts SET body = ?2 WHERE conversation = ?1")?
        .execute(params![key(id), text.body])?;
    Ok(())
}

fn takes_text(connection: &Connection, id: ConversationId) -> Result<bool, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT kind FROM conversations WHERE id = ?1")?;
    let kind = statement.query_row([key(id)], |row| rows::word::<ConversationKind>(row, 0));
    let kind = kind.optional()?;
    Ok(matches!(
        kind,
        Some(ConversationKind::Note | ConversationKind::Document)
    ))
}

fn is_kept(connection: &Connection, text: &TextView) -> Result<bool, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM text_versions WHERE conversation = ?1 AND version = ?2 AND body = ?3",
    )?;
    Ok(statement.exists(params![key(text.conversation), text.version, text.body])?)
}

fn view(row: &Row<'_>) -> rusqlite::Result<TextView> {
    Ok(TextView {
        conversation: rows::id(row, 0)?,
        version: row.get(1)?,
        body: row.get(2)?,
        updated_at: rows::millis(row, 3)?,
        author: row.get(4)?,
        restored_from: row.get(5)?,
    })
}
