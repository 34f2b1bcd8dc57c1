//! What toolsets keep between calls: small values by key, each toolset's for itself in a project. Bounded by what
//! the caller says.

use crate::Storage;
use crate::error::StorageError;
use rusqlite::{OptionalExtension as _, params};

/// Whose values: the toolset, as the caller tells toolsets apart, and the project's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreOwner {
    /// The toolset.
    pub toolset: String,
    /// The project's folder.
    pub place: String,
}

/// How much an owner may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreRoom {
    /// Keys.
    pub keys: i64,
    /// Bytes of keys and values together.
    pub bytes: i64,
}

impl Storage {
    /// The value of a key.
    ///
    /// # Errors
    /// Any [`crate::Fault`].
    pub async fn stored(
        &self,
        owner: StoreOwner,
        key: String,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT value FROM stores WHERE toolset = ?1 AND place = ?2 AND key = ?3",
            )?;
            let value = statement.query_row([&owner.toolset, &owner.place, &key], |row| row.get(0));
            Ok(value.optional()?)
        })
        .await
    }

    /// Keeps a value in the place of what the key held; false if there is no room for it.
    ///
    /// # Errors
    /// Any [`crate::Fault`].
    pub async fn store(
        &self,
        owner: StoreOwner,
        (key, value): (String, Vec<u8>),
        room: StoreRoom,
    ) -> Result<bool, StorageError> {
        self.write(move |connection| {
            let (keys, bytes): (i64, i64) = connection
                .prepare_cached(
                    "SELECT count(*), coalesce(sum(octet_length(key) + length(value)), 0)
                     FROM stores WHERE toolset = ?1 AND place = ?2 AND key <> ?3",
                )?
                .query_row([&owner.toolset, &owner.place, &key], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            let length = i64::try_from(key.len() + value.len()).unwrap_or(i64::MAX);
            if keys >= room.keys || bytes.saturating_add(length) > room.bytes {
                return Ok(false);
            }
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO stores (toolset, place, key, value)
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![owner.toolset, owner.place, key, value])?;
            Ok(true)
        })
        .await
    }

    /// Forgets a key; says whether it held something.
    ///
    /// # Errors
    /// Any [`crate::Fault`].
    pub async fn unstore(&self, owner: StoreOwner, key: String) -> Result<bool, StorageError> {
        self.write(move |connection| {
            let gone = connection
                .prepare_cached(
                    "DELETE FROM stores WHERE toolset = ?1 AND place = ?2 AND key = ?3",
                )?
                .execute([&owner.toolset, &owner.place, &key])?;
            Ok(gone > 0)
        })
        .await
    }

    /// Forgets everything, in all projects, of the toolsets that begin so.
    ///
    /// # Errors
    /// Any [`crate::Fault`].
    pub async fn unstore_all(&self, toolsets: String) -> Result<usize, StorageError> {
        self.write(move |connection| {
            let gone = connection
                .prepare_cached("DELETE FROM stores WHERE substr(toolset, 1, length(?1)) = ?1")?
                .execute([&toolsets])?;
            Ok(gone)
        })
        .await
    }

    /// The keys of an owner, sorted.
    ///
    /// # Errors
    /// Any [`crate::Fault`].
    pub async fn stored_keys(&self, owner: StoreOwner) -> Result<Vec<String>, StorageError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key FROM stores WHERE toolset = ?1 AND place = ?2 ORDER BY key",
            )?;
            let keys = statement.query_map([&owner.toolset, &owner.place], |row| row.get(0))?;
            Ok(keys.collect::<Result<_, _>>()?)
        })
        .await
    }
}
