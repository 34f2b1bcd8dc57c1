//! Whole copies of the database, taken while it is in use.

use crate::error::{Fault, with_ending};
use crate::files;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::path::Path;
use std::time::{Duration, Instant};

/// Copies the database behind `connection` to `target`; a file that is there is replaced, in one move, at the end.
pub(crate) fn copy(connection: &Connection, target: &Path) -> Result<(), Fault> {
    /// All pages in one step: nobody else's write can make us begin anew.
    const ALL: std::ffi::c_int = -1;
    let unfinished = with_ending(target, ".part");
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    files::create_private(&unfinished)?;
    let mut copy = Connection::open(&unfinished)?;
    let backup = Backup::new(connection, &mut copy)?;
    let deadline = Instant::now() + crate::connection::PATIENCE;
    // Busy and locked come back at once here, without the connection's own waiting.
    while backup.step(ALL)? != StepResult::Done && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    let is_complete = backup.progress().remaining == 0 && backup.progress().pagecount > 0;
    drop(backup);
    copy.close().map_err(|(_, error)| error)?;
    if !is_complete {
        let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        return Err(rusqlite::Error::SqliteFailure(busy, None).into());
    }
    files::create_private(&unfinished)?.sync_all()?;
    std::fs::rename(&unfinished, target)?;
    files::sync_folder(target)?;
    Ok(())
}
