//! The trees of folders, one in each file.

use super::{FilingFault, name_of};
use crate::Storage;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use crate::rows::{self, Key};
use anteroom_api::{FolderId, FolderView};
use rusqlite::{Connection, params};
use std::collections::HashMap;

/// Folders inside each other; also what ends a walk through a file that others have tangled.
const DEPTH: usize = 16;

impl Storage {
    /// All folders, the personal file's first, each file's by path.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn folders(&self) -> Result<Vec<FolderView>, StorageError> {
        let found = self.read_all(|connection, file| all(connection, name_of(file)));
        let trees = found.await?.into_iter();
        Ok(trees.flat_map(|(_, tree)| tree).collect())
    }
}

pub(crate) fn all(
    connection: &Connection,
    database: Option<String>,
) -> Result<Vec<FolderView>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT f.id, f.name, f.parent, f.created_at,
            (SELECT count(*) FROM conversations c WHERE c.folder = f.id AND c.kind <> 'agent')
         FROM folders f",
    )?;
    let found = statement.query_map([], |row| {
        let conversations: i64 = row.get(4)?;
        Ok(FolderView {
            id: rows::id(row, 0)?,
            name: row.get(1)?,
            path: String::new(),
            parent: rows::optional_id(row, 2)?,
            database: database.clone(),
            conversations: conversations.unsigned_abs(),
            created_at: rows::millis(row, 3)?,
        })
    })?;
    let mut folders: Vec<FolderView> = found.collect::<Result<_, _>>()?;
    let names: HashMap<FolderId, (String, Option<FolderId>)> = folders
        .iter()
        .map(|folder| (folder.id, (folder.name.clone(), folder.parent)))
        .collect();
    for folder in &mut folders {
        folder.path = path(&names, folder.id);
    }
    folders.sort_by_cached_key(|folder| (folder.path.to_lowercase(), folder.id));
    Ok(folders)
}

/// The names from the top.
fn path(names: &HashMap<FolderId, (String, Option<FolderId>)>, id: FolderId) -> String {
    let (mut parts, mut here) = (Vec::new(), Some(id));
    while let Some((name, parent)) = here.and_then(|id| names.get(&id)) {
        parts.push(name.as_str());
        here = *parent;
        if parts.len() >= DEPTH {
            break;
        }
    }
    parts.reverse();
    parts.join("/")
}

/// That there is such a folder in this file.
pub(super) fn existing(connection: &Connection, id: FolderId) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM folders WHERE id = ?1")?;
    match statement.exists([id.0.into_bytes()])? {
        true => Ok(()),
        false => Err(Fault::Filing(FilingFault::UnknownFolder(id))),
    }
}

/// Adds a folder. One that is there stays.
pub(super) fn create(fact: &Fact<'_>, folder: &FolderView) -> Result<(), Fault> {
    if existing(fact.connection, folder.id).is_ok() {
        return Ok(());
    }
    if let Some(parent) = folder.parent {
        existing(fact.connection, parent)?;
    }
    check_place(fact.connection, (folder.id, folder.parent), &folder.name)?;
    fact.connection
        .prepare_cached(
            "INSERT INTO folders (id, name, parent, created_at, user_id, user_display_name)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            folder.id.0.into_bytes(),
            folder.name,
            column(folder.parent),
            folder.created_at.0,
            fact.user_id(),
            fact.user_display_name(),
        ])?;
    Ok(())
}

pub(super) fn rename(fact: &Fact<'_>, id: FolderId, name: &str) -> Result<(), Fault> {
    let (_, parent) = row(fact.connection, id)?;
    check_name(fact.connection, (id, parent), name)?;
    fact.connection
        .prepare_cached("UPDATE folders SET name = ?2 WHERE id = ?1")?
        .execute(params![id.0.into_bytes(), name])?;
    Ok(())
}

/// Puts a folder into another one.
pub(super) fn put(fact: &Fact<'_>, id: FolderId, parent: Option<FolderId>) -> Result<(), Fault> {
    let (name, _) = row(fact.connection, id)?;
    if let Some(parent) = parent {
        existing(fact.connection, parent)?;
    }
    check_place(fact.connection, (id, parent), &name)?;
    fact.connection
        .prepare_cached("UPDATE folders SET parent = ?2 WHERE id = ?1")?
        .execute(params![id.0.into_bytes(), column(parent)])?;
    Ok(())
}

/// Takes a folder away; what is in it moves up. Told again it changes nothing.
pub(super) fn delete(fact: &Fact<'_>, id: FolderId) -> Result<(), Fault> {
    let connection = fact.connection;
    let Ok((_, parent)) = row(connection, id) else {
        return Ok(());
    };
    let mut statement =
        connection.prepare_cached("SELECT id, name FROM folders WHERE parent = ?1")?;
    let inside = statement.query_map([id.0.into_bytes()], |row| {
        Ok((rows::id::<FolderId>(row, 0)?, row.get::<_, String>(1)?))
    })?;
    let inside: Vec<(FolderId, String)> = inside.collect::<Result<_, _>>()?;
    let key = id.0.into_bytes();
    connection
        .prepare_cached("DELETE FROM folders WHERE id = ?1")?
        .execute([key])?;
    for (child, name) in inside {
        check_name(connection, (child, parent), &name)?;
        connection
            .prepare_cached("UPDATE folders SET parent = ?2 WHERE id = ?1")?
            .execute(params![child.0.into_bytes(), column(parent)])?;
    }
    connection
        .prepare_cached("UPDATE conversations SET folder = ?2 WHERE folder = ?1")?
        .execute(params![key, column(parent)])?;
    Ok(())
}

fn row(connection: &Connection, id: FolderId) -> Result<(String, Option<FolderId>), Fault> {
    let mut statement =
        connection.prepare_cached("SELECT name, parent FROM folders WHERE id = ?1")?;
    let mut found = statement.query([id.0.into_bytes()])?;
    match found.next()? {
        Some(row) => Ok((row.get(0)?, rows::optional_id(row, 1)?)),
        None => Err(Fault::Filing(FilingFault::UnknownFolder(id))),
    }
}

fn column(id: Option<FolderId>) -> Option<Key> {
    id.map(|id| id.0.into_bytes())
}

/// That a folder may be there, under this name.
fn check_place(
    connection: &Connection,
    (id, parent): (FolderId, Option<FolderId>),
    name: &str,
) -> Result<(), Fault> {
    let mut above = 1;
    let mut here = parent;
    while let Some(folder) = here {
        if folder == id {
            return Err(Fault::Filing(FilingFault::Cycle));
        }
        if above >= DEPTH {
            return Err(Fault::Filing(FilingFault::TooDeep(DEPTH)));
        }
        above += 1;
        here = row(connection, folder)?.1;
    }
    if above + height(connection, id)? > DEPTH {
        return Err(Fault::Filing(FilingFault::TooDeep(DEPTH)));
    }
    check_name(connection, (id, parent), name)
}

/// How many folders deep it goes on below a folder.
fn height(connection: &Connection, id: FolderId) -> Result<usize, Fault> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE below (id, depth) AS (
             VALUES (?1, 0)
             UNION
             SELECT f.id, below.depth + 1 FROM below JOIN folders f ON f.parent = below.id
             WHERE below.depth <= ?2
         ) SELECT max(depth) FROM below",
    )?;
    let depth = i64::try_from(DEPTH).unwrap_or(i64::MAX);
    let height: i64 = statement.query_row(params![id.0.into_bytes(), depth], |row| row.get(0))?;
    Ok(usize::try_from(height).unwrap_or(DEPTH))
}

/// That nothing beside it is called so, whatever the case of letters.
fn check_name(
    connection: &Connection,
    (id, parent): (FolderId, Option<FolderId>),
    name: &str,
) -> Result<(), Fault> {
    let mut statement = connection
        .prepare_cached("SELECT id, name FROM folders WHERE parent IS ?1 AND id <> ?2")?;
    let mut beside = statement.query(params![column(parent), id.0.into_bytes()])?;
    let wanted = name.to_lowercase();
    while let Some(row) = beside.next()? {
        let taken: String = row.get(1)?;
        if taken.to_lowercase() == wanted {
            return Err(Fault::Filing(FilingFault::FolderTaken(taken)));
        }
    }
    Ok(())
}
