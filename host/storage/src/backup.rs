//! Whole copies of the database, taken while it is in use, and one put back in its place.

use crate::connection::{self, PATIENCE, reader, versions};
use crate::error::{Fault, StorageError, with_ending};
use crate::migrate::{self, STEPS};
use crate::{Storage, files, status, writer};
use anteroom_api::UnixMillis;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OptionalExtension as _};
use std::ffi::c_int;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Pages copied between two looks at whether to go on: 4 MB.
const PAGES: c_int = 1024;

/// Whether work that may take long should go on.
pub type GoOn = Arc<dyn Fn() -> bool + Send + Sync>;

impl Storage {
    /// Copies the personal database to `target` while it is in use; gives the copy's size in bytes. The copy is one
    /// file for the owner only, read through once after it was made.
    ///
    /// # Errors
    /// [`Fault::Exists`], [`Fault::Stopped`], or any [`Fault`] of either disk; there is no `target` then.
    pub async fn back_up(&self, target: &Path, go_on: GoOn) -> Result<u64, StorageError> {
        let (source, target) = (self.path().to_path_buf(), target.to_path_buf());
        let named = target.clone();
        let done = tokio::task::spawn_blocking(move || back_up(&source, &target, &go_on)).await;
        done.unwrap_or_else(|error| Err(Fault::Panicked(error.to_string())))
            .map_err(|fault| fault.with(&named))
    }

    /// Puts a copy in the place of the personal database, whose content is first copied to `kept`. The copy itself
    /// is only read. Afterwards this handle works with what was put back; whatever was read before is void.
    ///
    /// # Errors
    /// [`Fault::InUse`] if anybody else has the database open, [`Fault::BadCopy`] or another [`Fault`] of the copy;
    /// the database is as it was then. After a fault of the disk in the last steps, it is either as it was or put back.
    pub async fn restore(
        &self,
        copy: &Path,
        kept: &Path,
        at: UnixMillis,
    ) -> Result<(), StorageError> {
        let staged = with_ending(self.path(), ".restoring");
        let ready = {
            let (copy, staged) = (copy.to_path_buf(), staged.clone());
            tokio::task::spawn_blocking(move || stage(&copy, &staged)).await
        };
        let ready = ready.unwrap_or_else(|error| Err(Fault::Panicked(error.to_string())));
        ready.map_err(|fault| fault.with(copy))?;
        let done = self.replace(&staged, kept, at).await;
        if done.is_err() {
            remove_database(&staged);
            return done;
        }
        // What was decided and done stays on record, whatever is put back.
        let kept = kept.to_path_buf();
        self.write(move |connection| carry_audit(&kept, connection))
            .await
    }

    /// Gives unused space back; gives the sizes before and after, in bytes.
    ///
    /// # Errors
    /// Any [`Fault`]; [`Fault::Locked`] while somebody else reads or writes.
    pub async fn vacuum(&self) -> Result<(u64, u64), StorageError> {
        let path = self.path().to_path_buf();
        let size = move || {
            let (file, log) = files::sizes(&path);
            file + log
        };
        self.personal()
            .alone(move |connection| {
                let before = size();
                connection.execute_batch(
                    "INSERT INTO messages_text (messages_text) VALUES ('optimize');
                     VACUUM; PRAGMA optimize;",
                )?;
                writer::checkpoint(connection, "TRUNCATE")?;
                Ok((before, size()))
            })
            .await
    }

    async fn replace(
        &self,
        staged: &Path,
        kept: &Path,
        at: UnixMillis,
    ) -> Result<(), StorageError> {
        let file = self.personal();
        let path = file.path.clone();
        let alone = file
            .presence
            .is_alone()
            .map_err(|fault| fault.with(&path))?;
        if !alone {
            return Err(Fault::InUse.with(&path));
        }
        let outcome = self.exchange(staged, kept).await;
        // Whoever opens it from here on finds one or the other, whole.
        if let Err(fault) = file.presence.rejoin() {
            tracing::warn!(%fault, "other processes cannot see that this database is open");
        }
        match outcome {
            // Closed, and either exchanged or not: what is there now is opened anew.
            Ok(exchanged) => {
                self.reopen(at).await?;
                exchanged
            }
            Err(error) => Err(error),
        }
    }

    /// The outer result is of what comes before anything is closed.
    async fn exchange(
        &self,
        staged: &Path,
        kept: &Path,
    ) -> Result<Result<(), StorageError>, StorageError> {
        self.back_up(kept, Arc::new(|| true)).await?;
        let file = self.personal();
        let path = file.path.clone();
        file.readers.close().await;
        let merged = file.alone(merge_alone).await;
        if let Err(error) = merged {
            // Only the readers are gone; they come back with the file.
            drop(file.close().await);
            return Ok(Err(error));
        }
        if let Err(error) = file.close().await {
            return Ok(Err(error));
        }
        let staged = staged.to_path_buf();
        let moved = tokio::task::spawn_blocking(move || move_in(&staged, &path)).await;
        let moved = moved.unwrap_or_else(|error| Err(Fault::Panicked(error.to_string())));
        Ok(moved.map_err(|fault| fault.with(self.path())))
    }
}

/// Copies the database behind `connection` to `target`; a file that is there is replaced, in one move, at the end.
pub(crate) fn copy(connection: &Connection, target: &Path) -> Result<(), Fault> {
    let unfinished = with_ending(target, ".part");
    write_copy(connection, &unfinished, &|| true)?;
    std::fs::rename(&unfinished, target)?;
    files::sync_folder(target)?;
    Ok(())
}

fn back_up(source: &Path, target: &Path, go_on: &GoOn) -> Result<u64, Fault> {
    if target.exists() {
        return Err(Fault::Exists(target.to_path_buf()));
    }
    if let Some(folder) = target.parent() {
        files::create_folder(folder)?;
    }
    let unfinished = with_ending(target, ".part");
    let made = write_copy(&reader(source)?, &unfinished, &**go_on)
        .and_then(|()| check_copy(&unfinished))
        .and_then(|()| Ok(files::move_new(&unfinished, target)?));
    if let Err(fault) = made {
        remove_database(&unfinished);
        return Err(match fault {
            Fault::Disk(_) if target.exists() => Fault::Exists(target.to_path_buf()),
            other => other,
        });
    }
    Ok(target.metadata()?.len())
}

/// Writes all pages of the database as it is now into a new file, and syncs it.
fn write_copy(
    connection: &Connection,
    target: &Path,
    go_on: &dyn Fn() -> bool,
) -> Result<(), Fault> {
    remove_database(target);
    files::create_private(target)?;
    // The moment that is copied: nobody else's write can make us begin anew.
    let moment = connection.unchecked_transaction()?;
    connection::version(&moment)?;
    let mut copy = Connection::open(target)?;
    let backup = Backup::new(&moment, &mut copy)?;
    let mut deadline = Instant::now() + PATIENCE;
    loop {
        if !go_on() {
            return Err(Fault::Stopped);
        }
        match backup.step(PAGES)? {
            StepResult::Done => break,
            StepResult::More => deadline = Instant::now() + PATIENCE,
            // Busy and locked come back at once here, without the connection's own waiting.
            _ if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            _ => {
                let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                return Err(rusqlite::Error::SqliteFailure(busy, None).into());
            }
        }
    }
    drop(backup);
    copy.close().map_err(|(_, error)| error)?;
    files::create_private(target)?.sync_all()?;
    Ok(())
}

/// Makes a sound copy of a copy: what is looked through here is what is put in place.
fn stage(copy: &Path, staged: &Path) -> Result<(), Fault> {
    if !copy.is_file() {
        return Err(Fault::BadCopy("there is no such file".to_string()));
    }
    migrate::check(copy, STEPS)?;
    let reading = connection::how_to_read(copy)?;
    let source = connection::reader_as(copy, reading)?;
    if versions(&source)?.0 == 0 {
        return Err(Fault::BadCopy("it is empty".to_string()));
    }
    let staged_copy = write_copy(&source, staged, &|| true).and_then(|()| {
        let damage = status::damage(&reader(staged)?)?;
        match damage.first() {
            Some(first) => Err(Fault::BadCopy(first.clone())),
            None => Ok(()),
        }
    });
    remove_side_files(staged);
    if staged_copy.is_err() {
        remove_database(staged);
    }
    staged_copy
}

fn check_copy(copy: &Path) -> Result<(), Fault> {
    let connection = reader(copy)?;
    let mut statement = connection.prepare("PRAGMA quick_check(1)")?;
    let found: String = statement.query_row([], |row| row.get(0))?;
    drop(statement);
    drop(connection);
    remove_side_files(copy);
    if found == "ok" {
        Ok(())
    } else {
        Err(Fault::BadCopy(found))
    }
}

/// Adds the audit records that `kept` has behind those that were put back. Only where both are one chain: a copy
/// of another home has a log of its own.
fn carry_audit(kept: &Path, home: &Connection) -> Result<(), Fault> {
    let kept = reader(kept)?;
    let last: i64 = home.query_row("SELECT coalesce(max(number), 0) FROM audit", [], |row| {
        row.get(0)
    })?;
    let hash = |connection: &Connection| {
        let sql = "SELECT hash FROM audit WHERE number = ?1";
        connection
            .query_row(sql, [last], |row| row.get::<_, Vec<u8>>(0))
            .optional()
    };
    if hash(home)? != hash(&kept)? {
        tracing::warn!("what was put back has an audit log of its own");
        return Ok(());
    }
    let tables = [
        ("audit", "number, previous, record, hash"),
        ("audit_seals", "number, hash, at, public_key, signature"),
    ];
    for (table, columns) in tables {
        let count = columns.split(',').count();
        let places = vec!["?"; count].join(", ");
        let mut rows = kept.prepare(&format!(
            "SELECT {columns} FROM {table} WHERE number > ?1 ORDER BY number"
        ))?;
        let mut add = home.prepare(&format!(
            "INSERT OR IGNORE INTO {table} ({columns}) VALUES ({places})"
        ))?;
        let mut rows = rows.query([last])?;
        while let Some(row) = rows.next()? {
            let values: Vec<rusqlite::types::Value> = (0..count)
                .map(|index| row.get(index))
                .collect::<Result<_, _>>()?;
            add.execute(rusqlite::params_from_iter(values))?;
        }
    }
    Ok(())
}

/// Merges and removes the whole log, which SQLite does only while no other connection has the file open, be it of a
/// program that knows nothing of our locks.
fn merge_alone(connection: &Connection) -> Result<(), Fault> {
    let mode: Result<String, _> =
        connection.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0));
    match mode.map_err(Fault::from) {
        Ok(mode) if mode.eq_ignore_ascii_case("delete") => Ok(()),
        Ok(_) | Err(Fault::Locked(_)) => Err(Fault::InUse),
        Err(fault) => Err(fault),
    }
}

/// The database is closed, its log merged and gone.
fn move_in(staged: &Path, path: &Path) -> Result<(), Fault> {
    if files::has_log(path) {
        return Err(Fault::InUse);
    }
    remove_side_files(path);
    std::fs::rename(staged, path)?;
    files::sync_folder(path)?;
    Ok(())
}

fn remove_side_files(path: &Path) {
    for file in files::side_files(path) {
        remove(&file);
    }
}

fn remove_database(path: &Path) {
    remove(path);
    remove_side_files(path);
}

fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "left a file behind");
        }
        Ok(()) | Err(_) => {}
    }
}
