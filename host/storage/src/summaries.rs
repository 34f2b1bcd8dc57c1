//! Which items of a conversation the model is sent: the summary that stands for the older ones.

use crate::Storage;
use crate::conversations::key;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use crate::rows::{self, Key};
use anteroom_api::{ConversationId, ItemId};
use rusqlite::{OptionalExtension, params};

/// The summary that holds in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summarized {
    /// The summary.
    pub item: ItemId,
    /// The first item from before the summary that is still sent as it is, if one is.
    pub from: Option<ItemId>,
}

impl Storage {
    /// The summary that holds in a conversation, if one does.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn summarized(
        &self,
        conversation: ConversationId,
    ) -> Result<Option<Summarized>, StorageError> {
        self.read_of(conversation, move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT item, from_item FROM summaries WHERE conversation = ?1")?;
            let found = statement.query_row([key(conversation)], |row| {
                Ok(Summarized {
                    item: rows::id(row, 0)?,
                    from: rows::optional_id(row, 1)?,
                })
            });
            Ok(found.optional()?)
        })
        .await
    }
}

/// A summary holds; the one before it holds no more.
pub(crate) fn hold(
    fact: &Fact<'_>,
    conversation: ConversationId,
    summarized: Summarized,
) -> Result<(), Fault> {
    let from: Option<Key> = summarized.from.map(|item| item.0.into_bytes());
    fact.connection
        .prepare_cached(
            "INSERT INTO summaries (conversation, item, from_item, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (conversation) DO UPDATE SET item = excluded.item,
                from_item = excluded.from_item, at = excluded.at",
        )?
        .execute(params![
            key(conversation),
            summarized.item.0.into_bytes(),
            from,
            fact.at.0,
        ])?;
    Ok(())
}

/// No summary holds: everything is sent again.
pub(crate) fn drop(fact: &Fact<'_>, conversation: ConversationId) -> Result<(), Fault> {
    fact.connection
        .prepare_cached("DELETE FROM summaries WHERE conversation = ?1")?
        .execute([key(conversation)])?;
    Ok(())
}
