//! How the database is doing.

use crate::Storage;
use crate::connection::version;
use crate::error::{Fault, StorageError};
use crate::file::File;
use crate::{files, place};
use anteroom_api::{Problem, ProblemCode};
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

/// One database file and how it is.
#[derive(Clone, Debug)]
pub struct DatabaseState {
    /// Its name; none for the personal one.
    pub name: Option<String>,
    /// The file.
    pub path: PathBuf,
    /// Its size with its side files, bytes.
    pub size_bytes: u64,
    /// Its schema; 0 if it cannot be read.
    pub schema: u32,
    /// Conversations in it, child agents' included.
    pub conversations: u64,
    /// Items in it.
    pub items: u64,
    /// Whether nothing can be stored in it.
    pub is_read_only: bool,
    /// What each of its tables takes with its indexes, bytes, the largest first; only where it was checked.
    pub tables: Vec<(String, u64)>,
    /// What is wrong with it.
    pub complaints: Vec<Problem>,
}

impl Storage {
    /// All databases, the personal one first, those that cannot be used included; read through and through if
    /// `is_checking`, which takes as long as they are large.
    pub async fn databases(&self, is_checking: bool) -> Vec<DatabaseState> {
        let mut states = vec![state(&self.personal(), is_checking).await];
        for (shared, file) in self.shared_states() {
            states.push(match file {
                Ok(file) => state(&file, is_checking).await,
                Err(fault) => DatabaseState {
                    name: Some(shared.name),
                    complaints: vec![fault.with(&shared.path).into()],
                    ..DatabaseState::unknown(shared.path)
                },
            });
        }
        states
    }
}

impl DatabaseState {
    fn unknown(path: PathBuf) -> Self {
        let (file, log) = files::sizes(&path);
        Self {
            name: None,
            path,
            size_bytes: file + log,
            schema: 0,
            conversations: 0,
            items: 0,
            is_read_only: false,
            tables: Vec::new(),
            complaints: Vec::new(),
        }
    }
}

async fn state(file: &File, is_checking: bool) -> DatabaseState {
    let mut state = DatabaseState {
        name: file.name.as_deref().map(str::to_owned),
        is_read_only: file.is_read_only(),
        ..DatabaseState::unknown(file.path.clone())
    };
    if let Some(fault) = file.trouble() {
        state.complaints.push(fault.with(&file.path).into());
    }
    if file.name.is_none()
        && let Some(kind) = place::network(&file.path)
    {
        state.complaints.push(on_network(file, kind));
    }
    let counted = file.read(|connection| {
        Ok((
            version(connection)?,
            count(connection, "conversations")?,
            count(connection, "items")?,
        ))
    });
    match counted.await {
        Ok((schema, conversations, items)) => {
            (state.schema, state.conversations, state.items) = (schema, conversations, items);
        }
        Err(error) => state.complaints.push(error.into()),
    }
    if is_checking {
        match file
            .read(|connection| Ok((damage(connection)?, tables(connection)?)))
            .await
        {
            Ok((damage, tables)) => {
                state.tables = tables;
                state.complaints.extend(damaged(file, damage));
            }
            Err(error) => state.complaints.push(error.into()),
        }
    }
    state
}

/// Allowed for the personal file, because one machine alone gets along; said, because two do not.
fn on_network(file: &File, kind: &str) -> Problem {
    Problem::new(
        ProblemCode::Storage,
        format!(
            "the database `{}` is on a network disk ({kind})",
            file.path.display()
        ),
    )
    .hint("use it from one machine at a time, or set `app.data_dir` to a local folder")
}

/// Damage in one complaint.
pub(crate) fn damaged(file: &File, damage: Vec<String>) -> Option<Problem> {
    if damage.is_empty() {
        return None;
    }
    let error = StorageError {
        path: file.path.clone(),
        fault: Fault::Damaged(damage.join("; ")),
    };
    Some(error.into())
}

/// `table` is one of ours, by name.
fn count(connection: &Connection, table: &'static str) -> Result<u64, Fault> {
    let mut statement = connection.prepare_cached(&format!("SELECT count(*) FROM {table}"))?;
    let count: i64 = statement.query_row([], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

fn tables(connection: &Connection) -> Result<Vec<(String, u64)>, Fault> {
    let mut statement = connection.prepare(
        "SELECT CASE WHEN s.tbl_name LIKE 'messages_text%' THEN 'search index'
                ELSE coalesce(s.tbl_name, 'schema') END AS owner, sum(d.pgsize) AS bytes
         FROM dbstat d LEFT JOIN sqlite_schema s ON s.name = d.name
         WHERE d.aggregate = 1 GROUP BY owner ORDER BY bytes DESC, owner",
    )?;
    let found = statement.query_map([], |row| {
        let bytes: i64 = row.get(1)?;
        Ok((row.get(0)?, bytes.unsigned_abs()))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
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
