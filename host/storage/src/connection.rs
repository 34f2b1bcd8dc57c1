//! How connections are opened and set up: one that writes, others that only read.

use crate::error::Fault;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a statement waits for another process before it gives up.
pub(crate) const PATIENCE: Duration = Duration::from_millis(if cfg!(test) { 1000 } else { 5000 });

/// More than this crate has statements, so that none is ever prepared twice.
const STATEMENTS: usize = 96;

/// The first version without the known loss of a log reset while another process writes.
const SQLITE_LEAST: i32 = 3_051_003;

/// The one connection that writes. The file exists already.
pub(crate) fn writer(path: &Path) -> Result<Connection, Fault> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if connection.is_readonly(MAIN_DB)? {
        return Err(Fault::ReadOnly(Arc::new(std::io::Error::from(
            std::io::ErrorKind::PermissionDenied,
        ))));
    }
    use_log(&connection)?;
    // The writing thread merges the log itself, after it has answered; see writer.rs.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // A log that once grew large is cut back to this when it is next reset.
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    Ok(connection)
}

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Others may write to it meanwhile.
    Live,
    /// Nobody does, and we may not even leave an index of its log beside it. Such a connection is never kept, so
    /// that it does not outlive the moment in which that was true.
    Still,
}

/// A connection that cannot write.
pub(crate) fn reader(path: &Path) -> Result<Connection, Fault> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// A connection that cannot write, to a file that is read in this way.
pub(crate) fn reader_as(path: &Path, reading: Reading) -> Result<Connection, Fault> {
    match reading {
        Reading::Live => reader(path),
        Reading::Still if crate::files::has_log(path) => reader(path),
        Reading::Still => {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            let connection = open(Path::new(&still(path)?), flags)?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(connection)
        }
    }
}

/// How a file can be read by somebody who may not write to it.
pub(crate) fn how_to_read(path: &Path) -> Result<Reading, Fault> {
    match reader(path).and_then(|connection| version(&connection)) {
        Ok(_) => Ok(Reading::Live),
        Err(Fault::ReadOnly(_)) => {
            version(&reader_as(path, Reading::Still)?)?;
            Ok(Reading::Still)
        }
        Err(fault) => Err(fault),
    }
}

/// The path as an address that says that nobody writes, <https://www.sqlite.org/uri.html>.
fn still(path: &Path) -> Result<String, Fault> {
    use std::fmt::Write as _;
    let Some(text) = path.to_str() else {
        let text = "its path is not UTF-8";
        return Err(Fault::Disk(Arc::new(std::io::Error::other(text))));
    };
    let mut address = String::from("file:");
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            address.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address.push_str("?immutable=1");
    Ok(address)
}

/// `user_version` and `application_id`.
pub(crate) fn versions(connection: &Connection) -> Result<(u32, u32), Fault> {
    Ok((
        version(connection)?,
        number(connection, "PRAGMA application_id")?,
    ))
}

/// `user_version`: the schema the file has now.
pub(crate) fn version(connection: &Connection) -> Result<u32, Fault> {
    number(connection, "PRAGMA user_version")
}

fn number(connection: &Connection, sql: &str) -> Result<u32, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let number: i32 = statement.query_row([], |row| row.get(0))?;
    Ok(number.cast_unsigned())
}

/// Refuses a library that is older than what we rely on.
pub(crate) fn check_library() -> Result<(), Fault> {
    if rusqlite::version_number() >= SQLITE_LEAST {
        return Ok(());
    }
    let text = format!("SQLite {} is too old", rusqlite::version());
    Err(Fault::Statement(Arc::new(std::io::Error::other(text))))
}

fn open(path: &Path, access: OpenFlags) -> Result<Connection, Fault> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // Without it a kept statement is planned anew whenever a value is bound that a partial index might care about:
    // a ninth of the processor time of a turn, measured.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    // What is sorted or rebuilt on the side never reaches a folder that others can read.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// Switches to the write-ahead log. SQLite does not wait here when two processes meet on a new file, so we do.
fn use_log(connection: &Connection) -> Result<(), Fault> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mode: Result<String, _> =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
        match mode {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(_) => return Err(Fault::NoWriteAheadLog),
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < deadline =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error.into()),
        }
    }
}
