//! Prefixes: what the model was told first in each conversation, byte for byte. Texts are kept once, by hash.

use crate::Storage;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use crate::rows::Key;
use anteroom_api::ConversationId;
use rusqlite::{Connection, OptionalExtension as _, params};

/// What stands in front of every request of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredPrefix {
    /// The system prompt.
    pub system: PrefixText,
    /// The tools, in the order they were sent; each text is of one, or of several that were sent together. What they
    /// mean is the runtime's business.
    pub tools: Vec<PrefixText>,
    /// How many such texts it ever had, those included that were taken out: another number is another prefix.
    pub told: usize,
}

/// What comes behind what is kept of a prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrefixGrowth {
    /// The system prompt, if nothing is kept yet.
    pub system: Option<PrefixText>,
    /// How many texts of tools there ever were before.
    pub told: usize,
    /// Those that are new.
    pub tools: Vec<PrefixText>,
}

impl From<StoredPrefix> for PrefixGrowth {
    /// The whole of a prefix, for a conversation without one.
    fn from(prefix: StoredPrefix) -> Self {
        Self {
            system: Some(prefix.system),
            told: 0,
            tools: prefix.tools,
        }
    }
}

/// A text under its hash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrefixText {
    /// SHA-256 of the text.
    pub hash: [u8; 32],
    /// The text.
    pub text: String,
}

impl Storage {
    /// What a conversation was told, if anything was.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn prefix(
        &self,
        conversation: ConversationId,
    ) -> Result<Option<StoredPrefix>, StorageError> {
        let id: Key = conversation.0.into_bytes();
        self.read(move |connection| prefix(connection, id)).await
    }

    /// Keeps what a conversation is told now behind what it was told before. Answers whether it did: where another
    /// process kept something meanwhile, that stays, and this is not kept.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn keep_prefix(
        &self,
        conversation: ConversationId,
        growth: PrefixGrowth,
    ) -> Result<bool, StorageError> {
        let id: Key = conversation.0.into_bytes();
        self.write(move |connection| {
            let known = "SELECT 1 FROM prefixes WHERE conversation = ?1";
            let is_known = connection.prepare_cached(known)?.exists([id])?;
            if is_known == growth.system.is_some() || told(connection, id)? != growth.told {
                return Ok(false);
            }
            if let Some(system) = &growth.system {
                put(connection, system)?;
                connection
                    .prepare_cached("INSERT INTO prefixes (conversation, system) VALUES (?1, ?2)")?
                    .execute(params![id, system.hash])?;
            }
            append(connection, id, &growth.tools)?;
            Ok(true)
        })
        .await
    }

    /// Takes tools out of what a conversation is told, by the hashes of their texts, and puts others behind the rest.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn change_prefix(
        &self,
        conversation: ConversationId,
        (dropped, added): (Vec<[u8; 32]>, Vec<PrefixText>),
    ) -> Result<(), StorageError> {
        let id: Key = conversation.0.into_bytes();
        self.write(move |connection| {
            // First what comes: the last place is never given twice.
            append(connection, id, &added)?;
            for hash in dropped
                .iter()
                .filter(|hash| added.iter().all(|it| it.hash != **hash))
            {
                let sql = "DELETE FROM prefix_tools WHERE conversation = ?1 AND tool = ?2";
                connection.prepare_cached(sql)?.execute(params![id, hash])?;
                tidy(connection, hash)?;
            }
            Ok(())
        })
        .await
    }

    /// Forgets what a conversation was told: its next request begins anew.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn forget_prefix(&self, conversation: ConversationId) -> Result<(), StorageError> {
        let id: Key = conversation.0.into_bytes();
        self.write(move |connection| remove(connection, id)).await
    }
}

/// Removes what a deleted conversation was told.
pub(crate) fn forget(fact: &Fact<'_>, conversation: ConversationId) -> Result<(), Fault> {
    remove(fact.connection, conversation.0.into_bytes())
}

fn prefix(connection: &Connection, id: Key) -> Result<Option<StoredPrefix>, Fault> {
    let sql = "SELECT hash, text FROM prefixes JOIN prefix_texts ON hash = system
               WHERE conversation = ?1";
    let text = |row: &rusqlite::Row<'_>| {
        Ok(PrefixText {
            hash: row.get(0)?,
            text: row.get(1)?,
        })
    };
    let system = connection.prepare_cached(sql)?.query_row([id], text);
    let Some(system) = system.optional()? else {
        return Ok(None);
    };
    let sql = "SELECT hash, text FROM prefix_tools JOIN prefix_texts ON hash = tool
               WHERE conversation = ?1 ORDER BY place";
    let mut statement = connection.prepare_cached(sql)?;
    let tools = statement.query_map([id], text)?;
    let tools = tools.collect::<Result<_, _>>()?;
    Ok(Some(StoredPrefix {
        system,
        tools,
        told: told(connection, id)?,
    }))
}

/// How many texts of tools a conversation was ever told: cheaper than the prefix, to see whether it is another now.
pub(crate) fn told(connection: &Connection, id: Key) -> Result<usize, Fault> {
    let sql = "SELECT coalesce(max(place) + 1, 0) FROM prefix_tools WHERE conversation = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let number: i64 = statement.query_row([id], |row| row.get(0))?;
    Ok(usize::try_from(number).unwrap_or_default())
}

fn append(connection: &Connection, id: Key, tools: &[PrefixText]) -> Result<(), Fault> {
    let next = told(connection, id)?;
    for (place, tool) in (next..).zip(tools) {
        put(connection, tool)?;
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        let sql = "INSERT INTO prefix_tools (conversation, place, tool) VALUES (?1, ?2, ?3)";
        let mut statement = connection.prepare_cached(sql)?;
        statement.execute(params![id, place, tool.hash])?;
    }
    Ok(())
}

fn put(connection: &Connection, text: &PrefixText) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO prefix_texts (hash, text) VALUES (?1, ?2)")?
        .execute(params![text.hash, text.text])?;
    Ok(())
}

/// Removes a prefix, and the texts that nobody else was told.
fn remove(connection: &Connection, id: Key) -> Result<(), Fault> {
    let sql = "SELECT system FROM prefixes WHERE conversation = ?1
               UNION SELECT tool FROM prefix_tools WHERE conversation = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let hashes = statement.query_map([id], |row| row.get::<_, [u8; 32]>(0))?;
    let hashes: Vec<[u8; 32]> = hashes.collect::<Result<_, _>>()?;
    for sql in [
        "DELETE FROM prefixes WHERE conversation = ?1",
        "DELETE FROM prefix_tools WHERE conversation = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([id])?;
    }
    hashes.iter().try_for_each(|hash| tidy(connection, hash))
}

/// Removes a text that nobody is told any more.
fn tidy(connection: &Connection, hash: &[u8; 32]) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "DELETE FROM prefix_texts WHERE hash = ?1
                 AND NOT EXISTS (SELECT 1 FROM prefixes WHERE system = ?1)
                 AND NOT EXISTS (SELECT 1 FROM prefix_tools WHERE tool = ?1)",
        )?
        .execute([hash])?;
    Ok(())
}
