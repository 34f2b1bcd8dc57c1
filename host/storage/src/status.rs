//! How the database is doing.

use crate::Storage;
use crate::connection::version;
use crate::error::{Fault, StorageError};
use crate::files;
use rusqlite::Connection;
use std::path::PathBuf;

/// Sizes, counts and versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The file.
    pub path: PathBuf,
    /// Its size, bytes.
    pub size_bytes: u64,
    /// Size of the log that is merged into it from time to time, bytes.
    pub log_bytes: u64,
    /// Bytes inside the file that are free for reuse.
    pub free_bytes: u64,
    /// The schema it has.
    pub schema: u32,
    /// The library's version.
    pub sqlite: &'static str,
    /// Conversations, child agents' included.
    pub conversations: u64,
    /// Turns.
    pub turns: u64,
    /// Items.
    pub items: u64,
    /// Events in the journal.
    pub events: u64,
}

impl Storage {
    /// Sizes, counts and versions.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn status(&self) -> Result<Status, StorageError> {
        let path = self.path().to_path_buf();
        self.read(move |connection| {
            let number = |sql: &str| -> rusqlite::Result<u64> {
                let value: i64 = connection.query_row(sql, [], |row| row.get(0))?;
                Ok(value.unsigned_abs())
            };
            let (size_bytes, log_bytes) = files::sizes(&path);
            let free_pages = number("PRAGMA freelist_count")?;
            Ok(Status {
                path,
                size_bytes,
                log_bytes,
                free_bytes: free_pages * number("PRAGMA page_size")?,
                schema: version(connection)?,
                sqlite: rusqlite::version(),
                conversations: number("SELECT count(*) FROM conversations")?,
                turns: number("SELECT count(*) FROM turns")?,
                items: number("SELECT count(*) FROM items")?,
                events: number("SELECT count(*) FROM journal")?,
            })
        })
        .await
    }

    /// Reads the whole file and lists what is damaged; empty if it is sound. Takes as long as the file is large.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn check(&self) -> Result<Vec<String>, StorageError> {
        self.read(damage).await
    }
}

/// What is damaged in the file behind a connection.
pub(crate) fn damage(connection: &Connection) -> Result<Vec<String>, Fault> {
    let mut damage = Vec::new();
    for question in [whole, references] {
        match question(connection) {
            Ok(lines) => damage.extend(lines),
            // Too damaged to be read to the end.
            Err(Fault::Corrupt(cause)) => damage.push(cause.to_string()),
            Err(fault) => return Err(fault),
        }
    }
    Ok(damage)
}

fn whole(connection: &Connection) -> Result<Vec<String>, Fault> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let found = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut lines: Vec<String> = found.collect::<Result<_, _>>()?;
    lines.retain(|line| line != "ok");
    Ok(lines)
}

fn references(connection: &Connection) -> Result<Vec<String>, Fault> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let found = statement.query_map([], |row| {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        Ok(format!(
            "a row of {table} points at a missing row of {parent}"
        ))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
