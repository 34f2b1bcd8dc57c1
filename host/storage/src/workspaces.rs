//! Folders that a person trusts, as they were when that was said.

use crate::Storage;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use rusqlite::{Connection, OptionalExtension, params};

impl Storage {
    /// The hash of what a folder held when it was trusted; none if it is not.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn trusted_hash(&self, path: &str) -> Result<Option<String>, StorageError> {
        let path = path.to_owned();
        self.read(move |connection| trusted_hash(connection, &path))
            .await
    }
}

/// The hash of what a folder held when it was trusted.
pub(crate) fn trusted_hash(connection: &Connection, path: &str) -> Result<Option<String>, Fault> {
    let mut statement = connection.prepare_cached("SELECT hash FROM workspaces WHERE path = ?1")?;
    Ok(statement.query_row([path], |row| row.get(0)).optional()?)
}

/// A folder is trusted as it is; what it held before does not count any more.
pub(crate) fn trust(fact: &Fact<'_>, path: &str, hash: &str) -> Result<(), Fault> {
    fact.connection
        .prepare_cached(
            "INSERT OR REPLACE INTO workspaces (path, hash, trusted_at) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![path, hash, fact.at.0])?;
    Ok(())
}

/// A folder is not trusted any more.
pub(crate) fn distrust(fact: &Fact<'_>, path: &str) -> Result<(), Fault> {
    fact.connection
        .prepare_cached("DELETE FROM workspaces WHERE path = ?1")?
        .execute([path])?;
    Ok(())
}
