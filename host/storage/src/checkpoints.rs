//! What files were before calls changed them: the index. The contents lie beside the database, by their hash.
//!
//! Rows are written directly and not through events: they must be there before the change is made, and they
//! point at files of this machine. What was taken back is told as an event all the same.

use crate::conversations::key;
use crate::error::{Fault, StorageError};
use crate::rows;
use crate::{Storage, UserStamp};
use anteroom_api::{ConversationId, ItemId, TurnId, UndoTarget, UnixMillis};
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

/// Changes of one conversation that are listed at most, the newest.
const LISTED_MAX: u32 = 10_000;

/// The columns of a [`StoredChange`], in the order [`view`] reads them.
const VIEW: &str =
    "SELECT row, conversation, turn, root, root_turn, item, tool, at, is_outside, path,
    moved_from, before, after, obstacle, doubt, takes_back, is_undone FROM changes";

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StoredState {
    /// Nothing.
    Absent,
    /// A file.
    File {
        /// SHA-256 of its content, in hex.
        hash: String,
        /// Its length in bytes.
        size: u64,
        /// Its permissions.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// Where it leads, as it is written.
        target: String,
    },
    /// A folder.
    Folder {
        /// Its permissions.
        mode: u32,
        /// What tells it from another of the same name, where that matters.
        id: Option<String>,
    },
}

/// Whose change it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeOwner {
    /// The conversation of the call, a child agent's perhaps.
    pub conversation: ConversationId,
    /// The turn of the call.
    pub turn: TurnId,
    /// The conversation a person sees it in.
    pub root: ConversationId,
    /// The turn a person sees it in.
    pub root_turn: TurnId,
    /// The call; of an undo, the wish.
    pub item: ItemId,
    /// The tool.
    pub tool: String,
}

/// A change that is about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChange {
    /// Whether `path` is absolute and outside the workspace.
    pub is_outside: bool,
    /// Relative to the workspace, or absolute.
    pub path: String,
    /// A renamed folder's earlier path.
    pub moved_from: Option<String>,
    /// What was there; none if it could not be kept.
    pub before: Option<StoredState>,
    /// What is there now, if it has happened already.
    pub after: Option<StoredState>,
    /// Why it could not be kept.
    pub obstacle: Option<String>,
    /// Why it is not taken back unless somebody insists.
    pub doubt: Option<String>,
    /// The change it takes back, if it is an undo.
    pub takes_back: Option<i64>,
}

/// A change as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredChange {
    /// Its number; later ones are greater.
    pub row: i64,
    /// Whose it is.
    pub owner: ChangeOwner,
    /// When it was made.
    pub at: UnixMillis,
    /// What it is.
    pub change: NewChange,
    /// Whether it was taken back.
    pub is_undone: bool,
}

/// How a change came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeEnd {
    /// This is there now.
    Became(StoredState),
    /// What is there now cannot be told; why.
    Unknown(String),
    /// Nothing was changed after all.
    Void,
}

impl Storage {
    /// Writes changes down before they are made; answers their numbers.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn add_changes(
        &self,
        (owner, user): (ChangeOwner, Option<UserStamp>),
        at: UnixMillis,
        changes: Vec<NewChange>,
    ) -> Result<Vec<i64>, StorageError> {
        self.write(move |connection| {
            let add = |change| add(connection, (&owner, user.as_ref()), at, change);
            changes.iter().map(add).collect()
        })
        .await
    }

    /// Notes how changes came out.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn end_changes(&self, ends: Vec<(i64, ChangeEnd)>) -> Result<(), StorageError> {
        self.write(move |connection| ends.iter().try_for_each(|end| finish(connection, end)))
            .await
    }

    /// Marks a change as taken back, or as made again; the model is to be told.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn set_undone(&self, row: i64, is_undone: bool) -> Result<(), StorageError> {
        self.write(move |connection| {
            connection
                .prepare_cached("UPDATE changes SET is_undone = ?2, is_told = 0 WHERE row = ?1")?
                .execute(params![row, is_undone])?;
            Ok(())
        })
        .await
    }

    /// Changes that a person sees in a conversation, its child agents' included, newest first.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn changes(&self, root: ConversationId) -> Result<Vec<StoredChange>, StorageError> {
        self.read(move |connection| {
            let sql = format!("{VIEW} WHERE root = ?1 ORDER BY row DESC LIMIT {LISTED_MAX}");
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_map([key(root)], view)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The changes that an undo means, newest first. A call's are those of the child agents it started, too;
    /// what an undo itself did is meant only where it is named.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn changes_of(
        &self,
        root: ConversationId,
        target: UndoTarget,
    ) -> Result<Vec<StoredChange>, StorageError> {
        self.read(move |connection| meant(connection, root, target))
            .await
    }

    /// The paths whose changes were taken back or made again since the model was last told, each once; from
    /// now on it counts as told. Paths outside the workspace are absolute.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn tell_undone(&self, root: ConversationId) -> Result<Vec<String>, StorageError> {
        self.write(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT DISTINCT path FROM changes WHERE root = ?1 AND NOT is_told ORDER BY path",
            )?;
            let found = statement.query_map([key(root)], |row| row.get(0))?;
            let paths: Vec<String> = found.collect::<Result<_, _>>()?;
            if !paths.is_empty() {
                connection
                    .prepare_cached(
                        "UPDATE changes SET is_told = 1 WHERE root = ?1 AND NOT is_told",
                    )?
                    .execute([key(root)])?;
            }
            Ok(paths)
        })
        .await
    }

    /// Forgets changes that are older than `before`; answers how many.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn forget_changes(&self, before: UnixMillis) -> Result<usize, StorageError> {
        self.write(move |connection| {
            let mut statement = connection.prepare_cached("DELETE FROM changes WHERE at < ?1")?;
            Ok(statement.execute([before.0])?)
        })
        .await
    }

    /// Hashes of all contents that changes point at, those of the oldest changes first.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn kept_hashes(&self) -> Result<Vec<String>, StorageError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT before_hash FROM changes WHERE before_hash IS NOT NULL
                 GROUP BY before_hash ORDER BY max(row)",
            )?;
            let found = statement.query_map([], |row| row.get(0))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Lets go of contents; changes that point at them cannot be taken back any more, because of `obstacle`.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn drop_contents(
        &self,
        hashes: Vec<String>,
        obstacle: String,
    ) -> Result<(), StorageError> {
        self.write(move |connection| {
            let mut statement = connection.prepare_cached(
                "UPDATE changes SET before = NULL, obstacle = ?2 WHERE before_hash = ?1",
            )?;
            for hash in &hashes {
                statement.execute(params![hash, obstacle])?;
            }
            Ok(())
        })
        .await
    }
}

fn add(
    connection: &Connection,
    (owner, user): (&ChangeOwner, Option<&UserStamp>),
    at: UnixMillis,
    change: &NewChange,
) -> Result<i64, Fault> {
    connection
        .prepare_cached(
            "INSERT INTO changes (conversation, turn, root, root_turn, item, tool, at, is_outside,
                path, moved_from, before, after, obstacle, doubt, takes_back,
                user_id, user_display_name)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?
        .execute(params![
            key(owner.conversation),
            owner.turn.0.into_bytes(),
            key(owner.root),
            owner.root_turn.0.into_bytes(),
            owner.item.0.into_bytes(),
            owner.tool,
            at.0,
            change.is_outside,
            change.path,
            change.moved_from,
            change.before.as_ref().map(rows::json_column).transpose()?,
            change.after.as_ref().map(rows::json_column).transpose()?,
            change.obstacle,
            change.doubt,
            change.takes_back,
            user.map(|user| user.user_id.as_str()),
            user.map(|user| user.user_display_name.as_str()),
        ])?;
    Ok(connection.last_insert_rowid())
}

fn finish(connection: &Connection, (row, end): &(i64, ChangeEnd)) -> Result<(), Fault> {
    match end {
        ChangeEnd::Became(state) => connection
            .prepare_cached("UPDATE changes SET after = ?2 WHERE row = ?1")?
            .execute(params![row, rows::json_column(state)?])?,
        ChangeEnd::Unknown(doubt) => connection
            .prepare_cached("UPDATE changes SET doubt = ?2 WHERE row = ?1")?
            .execute(params![row, doubt])?,
        ChangeEnd::Void => connection
            .prepare_cached("DELETE FROM changes WHERE row = ?1")?
            .execute([row])?,
    };
    Ok(())
}

fn meant(
    connection: &Connection,
    root: ConversationId,
    target: UndoTarget,
) -> Result<Vec<StoredChange>, Fault> {
    let (condition, id) = match target {
        UndoTarget::Call { item } => (
            "item IN (
                WITH RECURSIVE calls (item) AS (
                    VALUES (?2)
                    UNION
                    SELECT i.id FROM calls
                        JOIN conversations c ON c.parent = calls.item
                        JOIN items i ON i.conversation = c.id
                ) SELECT item FROM calls)",
            item.0,
        ),
        UndoTarget::Turn { turn } => (
            "takes_back IS NULL AND (root_turn = ?2 OR turn = ?2)",
            turn.0,
        ),
        // Turns are numbered in the order they began, and so are the items that begin them.
        UndoTarget::Since { item } => (
            "takes_back IS NULL AND root_turn IN (
                SELECT DISTINCT turn FROM items WHERE conversation = ?1 AND ordinal >=
                    (SELECT ordinal FROM items WHERE conversation = ?1 AND id = ?2))",
            item.0,
        ),
    };
    let mut statement = connection.prepare_cached(&format!(
        "{VIEW} WHERE root = ?1 AND {condition} ORDER BY row DESC"
    ))?;
    let found = statement.query_map(params![key(root), id.into_bytes()], view)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn view(row: &Row<'_>) -> rusqlite::Result<StoredChange> {
    Ok(StoredChange {
        row: row.get(0)?,
        owner: ChangeOwner {
            conversation: rows::id(row, 1)?,
            turn: rows::id(row, 2)?,
            root: rows::id(row, 3)?,
            root_turn: rows::id(row, 4)?,
            item: rows::id(row, 5)?,
            tool: row.get(6)?,
        },
        at: rows::millis(row, 7)?,
        change: NewChange {
            is_outside: row.get(8)?,
            path: row.get(9)?,
            moved_from: row.get(10)?,
            before: rows::optional_json(row, 11)?,
            after: rows::optional_json(row, 12)?,
            obstacle: row.get(13)?,
            doubt: row.get(14)?,
            takes_back: row.get(15)?,
        },
        is_undone: row.get(16)?,
    })
}
