//! Brings a file to the newest schema: numbered steps, each whole or not at all, a copy of the file first.

use crate::backup;
use crate::connection::{reader, versions};
use crate::error::{Fault, with_ending};
use crate::files::{self, Found};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;
use std::sync::Arc;

/// `PRAGMA application_id` of our files: "ARoM".
const APPLICATION: u32 = 0x4152_6f4d;

/// The steps from nothing to the newest schema; the one at position n leads to schema n + 1. Only ever appended to.
pub(crate) const STEPS: &[&str] = &[
    include_str!("schema/0001_initial.sql"),
    include_str!("schema/0002_processes.sql"),
    include_str!("schema/0003_audit.sql"),
    include_str!("schema/0004_checkpoints.sql"),
    include_str!("schema/0005_agent.sql"),
    include_str!("schema/0006_data.sql"),
    include_str!("schema/0007_organize.sql"),
    include_str!("schema/0008_web.sql"),
    include_str!("schema/0009_places.sql"),
    include_str!("schema/0010_mcp.sql"),
    include_str!("schema/0011_stores.sql"),
    include_str!("schema/0012_mcp_shown.sql"),
];

/// The schema that `steps` lead to.
pub(crate) fn newest(steps: &[&str]) -> u32 {
    u32::try_from(steps.len()).unwrap_or(u32::MAX)
}

/// Refuses a file that is not ours or that is newer than we are, without touching it.
pub(crate) fn check(path: &Path, steps: &[&str]) -> Result<(), Fault> {
    match files::look(path)? {
        Found::Nothing => Ok(()),
        Found::Settled {
            version,
            application,
        } if version > 0 => accept(version, application, steps),
        // Only the database itself knows what its log adds, and whether there are tables in it.
        Found::Settled { .. } | Found::Unsettled => {
            let connection = reader(path)?;
            let moment = connection.unchecked_transaction()?;
            let (version, application) = versions(&moment)?;
            if version == 0 && !is_empty(&moment)? {
                return Err(Fault::Foreign);
            }
            accept(version, application, steps)
        }
    }
}

/// Refuses a file that has any schema but ours: nothing can be done about it where nothing can be written.
pub(crate) fn check_exact(connection: &Connection, steps: &[&str]) -> Result<(), Fault> {
    let (found, application) = versions(connection)?;
    accept(found, application, steps)?;
    let known = newest(steps);
    if found < known {
        return Err(Fault::OlderSchema { found, known });
    }
    Ok(())
}

/// Takes every missing step, after a copy of the file if there is anything in it.
pub(crate) fn run(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), Fault> {
    let (found, application) = versions(connection)?;
    accept(found, application, steps)?;
    // A step may rebuild a table that others point at; what it leaves is checked before it counts.
    connection.pragma_update(None, "foreign_keys", false)?;
    if found < newest(steps) {
        back_up(connection, path, steps)?;
        for (version, step) in (1..).zip(steps) {
            take(connection, version, step).map_err(|fault| match fault {
                Fault::Statement(source) => Fault::Migration { version, source },
                other => other,
            })?;
        }
    }
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

/// Copies an older file, while nobody can write to it or do the same.
fn back_up(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), Fault> {
    let lock = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (found, application) = versions(&lock)?;
    accept(found, application, steps)?;
    if found > 0 && found < newest(steps) {
        let target = with_ending(path, &format!(".backup-v{found}"));
        backup::copy(&reader(path)?, &target)?;
    }
    Ok(lock.rollback()?)
}

fn accept(version: u32, application: u32, steps: &[&str]) -> Result<(), Fault> {
    let known = newest(steps);
    if version > known && application == APPLICATION {
        return Err(Fault::NewerSchema {
            found: version,
            known,
        });
    }
    if version > 0 && application != APPLICATION {
        return Err(Fault::Foreign);
    }
    Ok(())
}

/// One step, unless this or another process has taken it already.
fn take(connection: &mut Connection, version: u32, step: &str) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (found, _) = versions(&transaction)?;
    if found + 1 != version {
        return Ok(());
    }
    if found == 0 && !is_empty(&transaction)? {
        return Err(Fault::Foreign);
    }
    transaction.execute_batch(step)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", version)?;
    check_references(&transaction)?;
    transaction.commit()?;
    Ok(())
}

/// A step that leaves rows pointing nowhere has failed.
fn check_references(connection: &Connection) -> Result<(), Fault> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    if statement.exists([])? {
        let text = "rows point at rows that do not exist";
        return Err(Fault::Statement(Arc::new(std::io::Error::other(text))));
    }
    Ok(())
}

fn is_empty(connection: &Connection) -> Result<bool, Fault> {
    let mut statement = connection.prepare("SELECT 1 FROM sqlite_schema")?;
    Ok(!statement.exists([])?)
}
