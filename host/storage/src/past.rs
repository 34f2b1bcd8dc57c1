//! Going back: items put aside by a rewind, and what a fork needs to know of the conversation it comes from.

use crate::conversations::key;
use crate::error::StorageError;
use crate::project::Fact;
use crate::{Storage, canvases, error::Fault, rows};
use anteroom_api::{CanvasView, ConversationId, ItemId, TurnId, UnixMillis};
use rusqlite::{Connection, OptionalExtension, params};

impl Storage {
    /// The conversation an item is in, looked for where `fork` lives: a fork lives where its source does.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn source_of(
        &self,
        fork: ConversationId,
        item: ItemId,
    ) -> Result<Option<ConversationId>, StorageError> {
        self.read_of(fork, move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT conversation FROM items WHERE id = ?1")?;
            let found = statement.query_row([item.0.into_bytes()], |row| rows::id(row, 0));
            Ok(found.optional()?)
        })
        .await
    }

    /// Every version of every canvas of a conversation that was saved at `until` or before, in the order in
    /// which they may be saved again.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn canvas_versions(
        &self,
        conversation: ConversationId,
        until: UnixMillis,
    ) -> Result<Vec<CanvasView>, StorageError> {
        self.read_of(conversation, move |connection| {
            canvases::versions(connection, conversation, until)
        })
        .await
    }
}

/// Puts an item and everything after it aside: kept, and neither sent nor shown nor found. A turn that has
/// nothing left goes with them, and so does a summary.
pub(crate) fn put_aside(
    fact: &Fact<'_>,
    conversation: ConversationId,
    before: ItemId,
) -> Result<(), Fault> {
    let connection = fact.connection;
    let place = params![key(conversation), before.0.into_bytes()];
    connection
        .prepare_cached(
            "UPDATE items SET is_aside = 1, text = NULL WHERE conversation = ?1 AND ordinal >=
                (SELECT ordinal FROM items WHERE conversation = ?1 AND id = ?2)",
        )?
        .execute(place)?;
    put_turns_aside(connection, conversation)?;
    connection
        .prepare_cached(
            "DELETE FROM summaries WHERE conversation = ?1
                AND item IN (SELECT id FROM items WHERE conversation = ?1 AND is_aside)",
        )?
        .execute([key(conversation)])?;
    Ok(())
}

fn put_turns_aside(connection: &Connection, conversation: ConversationId) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE turns SET is_aside = 1 WHERE conversation = ?1 AND NOT is_aside
                AND id IN (SELECT turn FROM items WHERE conversation = ?1 AND is_aside)
                AND id NOT IN (SELECT turn FROM items WHERE conversation = ?1 AND NOT is_aside)",
        )?
        .execute([key(conversation)])?;
    Ok(())
}

/// The turns of a conversation that were put aside.
pub(crate) fn turns_aside(
    connection: &Connection,
    conversation: ConversationId,
) -> Result<Vec<TurnId>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM turns WHERE conversation = ?1 AND is_aside")?;
    let found = statement.query_map([key(conversation)], |row| rows::id(row, 0))?;
    Ok(found.collect::<Result<_, _>>()?)
}
