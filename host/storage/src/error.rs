//! What can go wrong with the database, and how that is told to a person.

use crate::filing::FilingFault;
use anteroom_api::{ConversationId, ItemId, Problem, ProblemCode, Topic};
use rusqlite::ErrorCode;
use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// A failure, and the file it happened with.
#[derive(Clone, Debug, Error)]
#[error("{fault} (database `{}`)", path.display())]
pub struct StorageError {
    /// The database file.
    pub path: PathBuf,
    /// What went wrong.
    pub fault: Fault,
}

/// A cause that several waiting callers can share.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// What went wrong. Nothing of the write that met it was stored.
#[derive(Clone, Debug, Error)]
pub enum Fault {
    /// No space is left.
    #[error("the disk is full")]
    DiskFull(#[source] Cause),
    /// The file or its folder cannot be opened, created or written by this user.
    #[error("the database cannot be opened for writing")]
    ReadOnly(#[source] Cause),
    /// The file is damaged, or never was a database.
    #[error("the database is damaged or is no database")]
    Corrupt(#[source] Cause),
    /// Looked through, and damaged.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// It stayed locked for as long as we are willing to wait.
    #[error("another program holds the database")]
    Locked(#[source] Cause),
    /// The disk failed.
    #[error("the disk reported an error")]
    Disk(#[source] Cause),
    /// Written by a later version of this program.
    #[error("the database has schema {found}, this program knows schemas up to {known}")]
    NewerSchema {
        /// The file's.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// Written by an earlier version, where it cannot be brought to our schema.
    #[error("the database has schema {found} and can only be read; schema {known} is needed")]
    OlderSchema {
        /// The file's.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// A sound database that some other program made.
    #[error("the file is the database of another program")]
    Foreign,
    /// A place, such as a network share, where processes cannot share a write-ahead log.
    #[error("the file system cannot hold a write-ahead log")]
    NoWriteAheadLog,
    /// A disk of several machines, where one's locks and shared memory do not reach the others.
    #[error("the file is on a network disk ({0})")]
    NetworkDisk(&'static str),
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// A name or a file that is in use already.
    #[error("it is the same as {0}")]
    SharedTaken(String),
    /// A conversation for a shared database that is not there.
    #[error("there is no shared database `{0}`")]
    UnknownDatabase(String),
    /// Another process has the database open, where it must not.
    #[error("another process has the database open")]
    InUse,
    /// A file that must not be there is.
    #[error("`{}` exists already", .0.display())]
    Exists(PathBuf),
    /// A copy that is not sound.
    #[error("the copy is damaged: {0}")]
    BadCopy(String),
    /// A line of an export that cannot be taken.
    #[error("line {line}: {text}")]
    BadLine {
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        text: String,
    },
    /// Stopped before it was done, because the program ends.
    #[error("it was stopped")]
    Stopped,
    /// A step from one schema to the next failed and was undone.
    #[error("the database could not be brought to schema {version}")]
    Migration {
        /// The step.
        version: u32,
        /// Why.
        #[source]
        source: Cause,
    },
    /// An event for a conversation that is not there (any more).
    #[error("there is no conversation `{0}`")]
    UnknownConversation(ConversationId),
    /// An item that is not in the conversation, or was put aside.
    #[error("there is no item `{0}` in this conversation")]
    UnknownItem(ItemId),
    /// An event on a topic where it makes no sense.
    #[error("an event about {noun} does not belong on the topic `{topic}`")]
    Misplaced {
        /// What it is about.
        noun: &'static str,
        /// Where it was to be stored.
        topic: Topic,
    },
    /// A turn in a conversation in which another process has just begun one.
    #[error("another process has begun a turn in this conversation")]
    Busy,
    /// A canvas version that is not the next one.
    #[error("the canvas has version {current} by now")]
    StaleCanvas {
        /// The version it has; 0 if there is no such canvas.
        current: u32,
    },
    /// What is wrong with where something is to be put.
    #[error("{0}")]
    Filing(FilingFault),
    /// A paging cursor that did not come from here.
    #[error("`{0}` is no place in the list")]
    BadCursor(String),
    /// A stored value that this program does not understand.
    #[error("a stored value cannot be read")]
    Unreadable(#[source] Cause),
    /// A value that cannot be stored.
    #[error("a value cannot be stored")]
    Unstorable(#[source] Cause),
    /// The database was closed.
    #[error("the database is closed")]
    Closed,
    /// A fault of this crate.
    #[error("a statement failed")]
    Statement(#[source] Cause),
    /// A fault of this crate.
    #[error("storing panicked: {0}")]
    Panicked(String),
}

impl Fault {
    /// Names the file.
    pub(crate) fn with(self, path: &Path) -> StorageError {
        StorageError {
            path: path.to_path_buf(),
            fault: self,
        }
    }

    /// What is told of a file that may only be read.
    pub(crate) fn read_only() -> Self {
        Self::ReadOnly(Arc::new(io::Error::from(io::ErrorKind::PermissionDenied)))
    }

    /// Whether the disk or the file is to blame, so that the next write will likely fare no better.
    #[must_use]
    pub fn is_of_the_disk(&self) -> bool {
        matches!(
            self,
            Self::DiskFull(_)
                | Self::ReadOnly(_)
                | Self::Corrupt(_)
                | Self::Locked(_)
                | Self::Disk(_)
                | Self::NewerSchema { .. }
        )
    }

    /// What a caught panic said.
    pub(crate) fn panicked(payload: &(dyn std::any::Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| payload.downcast_ref::<String>().cloned());
        Self::Panicked(text.unwrap_or_else(|| "no message".to_string()))
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as Sqlite;
        let code = error.sqlite_error_code();
        let is_value = matches!(
            error,
            Sqlite::FromSqlConversionFailure(..)
                | Sqlite::IntegralValueOutOfRange(..)
                | Sqlite::Utf8Error(..)
                | Sqlite::InvalidColumnType(..)
        );
        let cause: Cause = Arc::new(error);
        match code {
            Some(ErrorCode::DiskFull) => Self::DiskFull(cause),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly(cause)
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(cause),
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed,
            ) => Self::Locked(cause),
            Some(ErrorCode::SystemIoFailure) => Self::Disk(cause),
            Some(ErrorCode::TooBig) => Self::Unstorable(cause),
            // The rest are mistakes in our own statements.
            Some(_) => Self::Statement(cause),
            None if is_value => Self::Unreadable(cause),
            None => Self::Statement(cause),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        let kind = error.kind();
        let cause: Cause = Arc::new(error);
        match kind {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull(cause),
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::NotFound => Self::ReadOnly(cause),
            // Kinds are not ours; whatever else a disk says is a disk's error.
            _ => Self::Disk(cause),
        }
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        let mut problem = Self::new(code(&error.fault), words(&error));
        let mut cause = error.fault.source();
        while let Some(inner) = cause {
            problem = problem.cause(inner);
            cause = inner.source();
        }
        if let Some(hint) = hint(&error) {
            problem = problem.hint(hint);
        }
        if matches!(error.fault, Fault::Locked(_)) {
            problem = problem.retryable();
        }
        problem
    }
}

fn code(fault: &Fault) -> ProblemCode {
    match fault {
        Fault::Filing(fault) => fault.code(),
        Fault::UnknownConversation(_) | Fault::UnknownItem(_) | Fault::UnknownDatabase(_) => {
            ProblemCode::NotFound
        }
        Fault::BadCursor(_)
        | Fault::BadLine { .. }
        | Fault::BadCopy(_)
        | Fault::Exists(_)
        | Fault::SharedTaken(_) => ProblemCode::InvalidInput,
        Fault::InUse | Fault::Stopped => ProblemCode::Conflict,
        Fault::StaleCanvas { .. } | Fault::Busy => ProblemCode::Conflict,
        Fault::Misplaced { .. } | Fault::Statement(_) | Fault::Panicked(_) => ProblemCode::Internal,
        Fault::DiskFull(_)
        | Fault::ReadOnly(_)
        | Fault::Corrupt(_)
        | Fault::Damaged(_)
        | Fault::Locked(_)
        | Fault::Disk(_)
        | Fault::NewerSchema { .. }
        | Fault::OlderSchema { .. }
        | Fault::Foreign
        | Fault::NoWriteAheadLog
        | Fault::NetworkDisk(_)
        | Fault::Missing
        | Fault::Migration { .. }
        | Fault::Unreadable(_)
        | Fault::Unstorable(_)
        | Fault::Closed => ProblemCode::Storage,
    }
}

fn words(error: &StorageError) -> String {
    let path = error.path.display();
    match &error.fault {
        Fault::DiskFull(_) => format!("could not store in `{path}`: the disk is full"),
        Fault::ReadOnly(_) => format!("the database `{path}` cannot be opened for writing"),
        Fault::Corrupt(_) => format!("the database `{path}` is damaged or is no database"),
        Fault::Damaged(text) => format!("the database `{path}` is damaged: {text}"),
        Fault::Locked(_) => format!("another program holds the database `{path}`"),
        Fault::Disk(_) => format!("the disk with the database `{path}` reported an error"),
        Fault::NewerSchema { found, known } => format!(
            "the database `{path}` was made by a newer version (schema {found}, known up to {known})"
        ),
        Fault::OlderSchema { found, known } => format!(
            "the database `{path}` can only be read, and has schema {found} where {known} is needed"
        ),
        Fault::Foreign => format!("`{path}` is the database of another program"),
        Fault::NetworkDisk(kind) => format!("the database `{path}` is on a network disk ({kind})"),
        Fault::Missing => format!("there is no database `{path}`"),
        Fault::SharedTaken(other) => format!("`{path}` is the same as {other}"),
        Fault::InUse => format!("another process has the database `{path}` open"),
        Fault::BadCopy(text) => format!("`{path}` cannot be put back: {text}"),
        Fault::BadLine { line, text } => format!("`{path}`, line {line}: {text}"),
        Fault::NoWriteAheadLog => format!("the database `{path}` is where it cannot be shared"),
        Fault::Migration { version, .. } => {
            format!("could not bring the database `{path}` to schema {version}")
        }
        Fault::UnknownConversation(_)
        | Fault::UnknownItem(_)
        | Fault::Misplaced { .. }
        | Fault::BadCursor(_)
        | Fault::StaleCanvas { .. }
        | Fault::Filing(_)
        | Fault::Busy
        | Fault::UnknownDatabase(_)
        | Fault::Exists(_)
        | Fault::Stopped
        | Fault::Closed => error.fault.to_string(),
        Fault::Unreadable(_) | Fault::Unstorable(_) | Fault::Statement(_) | Fault::Panicked(_) => {
            format!("database `{path}`: {}", error.fault)
        }
    }
}

fn hint(error: &StorageError) -> Option<String> {
    let path = Quoted(&error.path);
    let folder = Quoted(error.path.parent().unwrap_or(&error.path));
    Some(match &error.fault {
        Fault::DiskFull(_) => format!(
            "free space on the disk of {folder} and try again; nothing stored so far is lost"
        ),
        Fault::ReadOnly(_) => format!(
            "let your user write there: `ls -ld {folder} {path}` shows who owns it, \
             `chmod u+rwx {folder}` and `chmod u+rw {path}` open it"
        ),
        Fault::Damaged(_) => "put a backup in its place with `aroom db restore FILE`; \
             `aroom db export` saves what can still be read"
            .to_string(),
        Fault::Corrupt(_) => format!(
            "put a backup in its place (in `backups` beside it, or `.backup-v*`), \
             or start anew with `mv {path} {}`",
            Quoted(&with_ending(&error.path, ".broken"))
        ),
        Fault::Locked(_) => {
            format!("close the program that holds it (`fuser {path}` tells which) and try again")
        }
        Fault::Disk(_) => format!(
            "check the disk (`df {folder}`, `dmesg`) and try again; nothing stored so far is lost"
        ),
        Fault::NewerSchema { .. } => {
            "install the newer version, or set `ANTEROOM_HOME` to another folder; \
             this file was not touched"
                .to_string()
        }
        Fault::OlderSchema { .. } => {
            "open it once as somebody who may write to it; this brings it to the newer schema"
                .to_string()
        }
        Fault::Foreign => "choose another data folder; this file was not touched".to_string(),
        Fault::NetworkDisk(_) => {
            "keep it on a local disk, and share copies: `aroom db export` and `aroom db import`"
                .to_string()
        }
        Fault::Missing => {
            "is the disk it lies on there? `aroom db shared list` shows all".to_string()
        }
        Fault::SharedTaken(_) => {
            "choose another name or file; `aroom db shared list` shows them".to_string()
        }
        Fault::UnknownDatabase(_) => {
            "`aroom db shared list` shows those there are; `aroom db shared add` adds one"
                .to_string()
        }
        Fault::Filing(fault) => fault.hint().to_string(),
        Fault::InUse => {
            "end the other `aroom` processes (`pgrep -a aroom`) and try again".to_string()
        }
        Fault::Exists(_) => "name a file that does not exist yet".to_string(),
        Fault::BadCopy(_) => "choose another copy; nothing was changed".to_string(),
        Fault::BadLine { .. } => {
            "nothing was imported; correct the line, or export anew".to_string()
        }
        Fault::Stopped => "try again".to_string(),
        Fault::NoWriteAheadLog => {
            "move the data folder to a local disk; network shares cannot hold it".to_string()
        }
        Fault::Migration { .. } => {
            "the step was undone and a backup is beside the file as `.backup-v*`: \
             go on with the previous version, and report this"
                .to_string()
        }
        Fault::UnknownConversation(_) => {
            "it may have been deleted; list the conversations there are".to_string()
        }
        Fault::UnknownItem(_) => "it may have been taken back; read the newest page".to_string(),
        Fault::BadCursor(_) => "start again from the first page".to_string(),
        Fault::Busy => "send it again; it will wait behind that turn".to_string(),
        Fault::StaleCanvas { .. } => "look at its newest version and change that".to_string(),
        Fault::Closed => "start the program again".to_string(),
        Fault::Unreadable(_) => format!(
            "another version may have written it; check with `sqlite3 {path} 'PRAGMA integrity_check'`"
        ),
        Fault::Misplaced { .. }
        | Fault::Unstorable(_)
        | Fault::Statement(_)
        | Fault::Panicked(_) => return None,
    })
}

/// The path with something after its name.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A path as it can be pasted into a shell.
struct Quoted<'a>(&'a Path);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string_lossy();
        let is_plain = |c: char| c.is_alphanumeric() || "/._-+@:=,".contains(c);
        if !text.is_empty() && text.chars().all(is_plain) {
            f.write_str(&text)
        } else {
            write!(f, "'{}'", text.replace('\'', r"'\''"))
        }
    }
}
