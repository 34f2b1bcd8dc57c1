//! Canvases: every version is kept, the newest is shown.

use crate::Storage;
use crate::conversations::key;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use crate::rows;
use anteroom_api::{CanvasId, CanvasView, ConversationId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// The columns of the newest version, in the order [`view`] reads them.
const VIEW: &str = "SELECT c.id, c.conversation, v.title, v.kind, v.version, v.body, v.updated_at
    FROM canvases c JOIN canvas_versions v ON v.canvas = c.id AND v.version = c.version";

impl Storage {
    /// The newest version of each canvas of a conversation, in the order they were made.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn canvases(&self, id: ConversationId) -> Result<Vec<CanvasView>, StorageError> {
        self.read_of(id, move |connection| {
            let sql = format!("{VIEW} WHERE c.conversation = ?1 ORDER BY c.row");
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_map([key(id)], view)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The newest version of one canvas of a conversation.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn canvas(
        &self,
        conversation: ConversationId,
        id: CanvasId,
    ) -> Result<Option<CanvasView>, StorageError> {
        self.read_of(conversation, move |connection| {
            let sql = format!("{VIEW} WHERE c.conversation = ?1 AND c.id = ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_row(params![key(conversation), id.0.into_bytes()], view);
            Ok(found.optional()?)
        })
        .await
    }

    /// Every version of one canvas of a conversation, oldest first.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn versions_of_canvas(
        &self,
        conversation: ConversationId,
        id: CanvasId,
    ) -> Result<Vec<CanvasView>, StorageError> {
        self.read_of(conversation, move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT c.id, c.conversation, v.title, v.kind, v.version, v.body, v.updated_at
                 FROM canvases c JOIN canvas_versions v ON v.canvas = c.id
                 WHERE c.conversation = ?1 AND c.id = ?2 ORDER BY v.version",
            )?;
            let found = statement.query_map(params![key(conversation), id.0.into_bytes()], view)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }
}

/// Adds the next version. Told again it changes nothing; any other is stale, because somebody else was faster,
/// and its event is not stored.
pub(crate) fn save(fact: &Fact<'_>, canvas: &CanvasView) -> Result<(), Fault> {
    let id = canvas.id.0.into_bytes();
    let current: Option<u32> = fact
        .connection
        .prepare_cached("SELECT version FROM canvases WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let current = current.unwrap_or(0);
    if canvas.version != current + 1 {
        return match is_kept(fact, canvas)? {
            true => Ok(()),
            false => Err(Fault::StaleCanvas { current }),
        };
    }
    fact.connection
        .prepare_cached(
            "INSERT INTO canvases (id, conversation, version) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET version = excluded.version",
        )?
        .execute(params![id, key(canvas.conversation), canvas.version])?;
    fact.connection
        .prepare_cached(
            "INSERT INTO canvas_versions (canvas, version, title, kind, updated_at,
                user_id, user_display_name, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            id,
            canvas.version,
            canvas.title,
            canvas.kind,
            canvas.updated_at.0,
            fact.user_id(),
            fact.user_display_name(),
            canvas.body,
        ])?;
    Ok(())
}

/// Whether exactly this version is there already.
fn is_kept(fact: &Fact<'_>, canvas: &CanvasView) -> Result<bool, Fault> {
    let found = fact
        .connection
        .prepare_cached(
            "SELECT 1 FROM canvas_versions
             WHERE canvas = ?1 AND version = ?2 AND title = ?3 AND kind = ?4 AND body = ?5",
        )?
        .exists(params![
            canvas.id.0.into_bytes(),
            canvas.version,
            canvas.title,
            canvas.kind,
            canvas.body,
        ])?;
    Ok(found)
}

/// Every version saved at `until` or before, canvas by canvas.
pub(crate) fn versions(
    connection: &Connection,
    conversation: ConversationId,
    until: UnixMillis,
) -> Result<Vec<CanvasView>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT c.id, c.conversation, v.title, v.kind, v.version, v.body, v.updated_at
         FROM canvases c JOIN canvas_versions v ON v.canvas = c.id
         WHERE c.conversation = ?1 AND v.updated_at <= ?2 ORDER BY c.row, v.version",
    )?;
    let found = statement.query_map(params![key(conversation), until.0], view)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn view(row: &Row<'_>) -> rusqlite::Result<CanvasView> {
    Ok(CanvasView {
        id: rows::id(row, 0)?,
        conversation: rows::id(row, 1)?,
        title: row.get(2)?,
        kind: row.get(3)?,
        version: row.get(4)?,
        body: row.get(5)?,
        updated_at: rows::millis(row, 6)?,
    })
}
