//! What files were before calls changed them: the index. The contents lie beside the database, by their hash.
//!
//! Rows are written directly and not through events: they must be there before the change is made, and they
//! point at files of this machine. What was taken back is told as an event all the same.

use crate::conversations::key;
use crate::error::{Fault, StorageError};
use crate::{Storage, UserStamp, past, rows};
use anteroom_api::{ConversationId, ItemId, TurnId, UndoTarget, UnixMillis};
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
        // The conversation may live in another file than what is kept on this machine.
        let (condition, ids) = match target {
            UndoTarget::Call { item } => (
                "item IN",
                self.read_of(root, move |connection| calls(connection, item))
                    .await?,
            ),
            UndoTarget::Turn { turn } => ("takes_back IS NULL AND root_turn IN", vec![turn.0]),
            UndoTarget::Since { item } => (
                "takes_back IS NULL AND root_turn IN",
                self.read_of(root, move |connection| turns_since(connection, root, item))
                    .await?,
            ),
        };
        self.read(move |connection| meant(connection, root, (condition, &ids)))
            .await
    }

    /// The paths whose changes were taken back or made again since the model was last told, each once; from
    /// now on it counts as told. Paths outside the workspace are absolute. Whether there is anything to tell is said
    /// by [`crate::Outset::has_undone`], without a write.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn tell_undone(&self, root: ConversationId) -> Result<Vec<String>, StorageError> {
        // What was put aside the model does not know of anyway.
        let aside = self
            .read_of(root, move |connection| past::turns_aside(connection, root))
            .await?;
        self.write(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT DISTINCT path, root_turn FROM changes WHERE root = ?1 AND NOT is_told
                 ORDER BY path",
            )?;
            let found =
                statement.query_map([key(root)], |row| Ok((row.get(0)?, rows::id(row, 1)?)))?;
            let found: Vec<(String, TurnId)> = found.collect::<Result<_, _>>()?;
            if !found.is_empty() {
                connection
                    .prepare_cached(
                        "UPDATE changes SET is_told = 1 WHERE root = ?1 AND NOT is_told",
                    )?
                    .execute([key(root)])?;
            }
            let told = found.into_iter().filter(|(_, turn)| !aside.contains(turn));
            let mut paths: Vec<String> = told.map(|(path, _)| path).collect();
            paths.dedup();
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

/// Whether the model does not know yet that something was taken back or made again.
pub(crate) fn has_untold(connection: &Connection, root: ConversationId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM changes WHERE root = ?1 AND NOT is_told";
    Ok(connection.prepare_cached(sql)?.exists([key(root)])?)
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

/// A call and those of the child agents it started.
fn calls(connection: &Connection, item: ItemId) -> Result<Vec<Uuid>, Fault> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE calls (item) AS (
             VALUES (?1)
             UNION
             SELECT i.id FROM calls
                 JOIN conversations c ON c.parent = calls.item
                 JOIN items i ON i.conversation = c.id
         ) SELECT item FROM calls",
    )?;
    let found = statement.query_map([item.0.into_bytes()], |row| rows::id(row, 0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The turn of an item and all that came after it, whether or not they were put aside.
fn turns_since(
    connection: &Connection,
    conversation: ConversationId,
    item: ItemId,
) -> Result<Vec<Uuid>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT turn FROM items WHERE conversation = ?1 AND ordinal >=
             (SELECT ordinal FROM items WHERE conversation = ?1 AND id = ?2)",
    )?;
    let place = params![key(conversation), item.0.into_bytes()];
    let found = statement.query_map(place, |row| rows::id(row, 0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn meant(
    connection: &Connection,
    root: ConversationId,
    (condition, ids): (&str, &[Uuid]),
) -> Result<Vec<StoredChange>, Fault> {
    let ids: Vec<String> = ids.iter().map(|id| id.simple().to_string()).collect();
    let mut statement = connection.prepare_cached(&format!(
        "{VIEW} WHERE root = ?1 AND {condition} (SELECT unhex(value) FROM json_each(?2))
         ORDER BY row DESC"
    ))?;
    let found = statement.query_map(params![key(root), rows::json_column(&ids)?], view)?;
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
