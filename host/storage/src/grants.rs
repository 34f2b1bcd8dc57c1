//! Grants: which power was lent to which exact binary, for how long and for how many calls.

use crate::Storage;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use crate::rows;
use anteroom_api::{Capability, GrantOp, GrantWhere, ModuleId, UnixMillis};
use rusqlite::{Connection, Row, params};

/// A call that wants to use what was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantUse {
    /// The module.
    pub module: ModuleId,
    /// SHA-256 of its component, hexadecimal.
    pub hash: String,
    /// The workspace the call is made in, absolute.
    pub workspace: String,
    /// What the tool declares; it can use nothing else.
    pub capabilities: Vec<Capability>,
    /// The time of the call.
    pub at: UnixMillis,
}

const COLUMNS: &str = "module, hash, capability, reach, workspace, expires_at, calls";

impl Storage {
    /// What was granted to the component with this hash, also what is over or used up. `calls` is what is left.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn grants(&self, hash: &str) -> Result<Vec<GrantOp>, StorageError> {
        let hash = hash.to_string();
        self.read(move |connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM grants WHERE hash = ?1 ORDER BY module, capability, workspace"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_map([hash], grant)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Everything that was granted, also what is over or used up.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn all_grants(&self) -> Result<Vec<GrantOp>, StorageError> {
        self.read(move |connection| {
            let sql =
                format!("SELECT {COLUMNS} FROM grants ORDER BY module, capability, workspace");
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_map([], grant)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Whether a module of that name was ever granted something that was not taken back.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn has_grants(&self, module: &ModuleId) -> Result<bool, StorageError> {
        let module = module.0.clone();
        self.read(move |connection| {
            let sql = "SELECT 1 FROM grants WHERE module = ?1";
            Ok(connection.prepare_cached(sql)?.exists([&module])?)
        })
        .await
    }

    /// Takes one call off every grant that is counted and that the call may need, and answers all grants it may
    /// use. What it answers is on the disk: a call that is cut off has used its place up.
    ///
    /// A counted grant is spared where the same capability is granted without a number.
    ///
    /// # Errors
    /// Any [`Fault`]; nothing was taken then, and the call must not be made.
    pub async fn use_grants(&self, wanted: GrantUse) -> Result<Vec<GrantOp>, StorageError> {
        let asked = wanted.clone();
        let found = self.read(move |connection| usable(connection, &asked));
        let found = found.await?;
        if counted(&found).is_empty() {
            return Ok(found);
        }
        self.write(move |connection| take(connection, &wanted))
            .await
    }
}

/// The grants of a call that hold at its time.
fn usable(connection: &Connection, wanted: &GrantUse) -> Result<Vec<GrantOp>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM grants
         WHERE hash = ?1 AND module = ?2 AND workspace IN ('', ?3)
             AND (expires_at IS NULL OR expires_at > ?4) AND (calls IS NULL OR calls > 0)
         ORDER BY capability, workspace"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(
        params![wanted.hash, wanted.module.0, wanted.workspace, wanted.at.0],
        grant,
    )?;
    let mut found: Vec<GrantOp> = found.collect::<Result<_, _>>()?;
    found.retain(|grant| wanted.capabilities.contains(&grant.capability));
    Ok(found)
}

fn take(connection: &Connection, wanted: &GrantUse) -> Result<Vec<GrantOp>, Fault> {
    let found = usable(connection, wanted)?;
    for grant in counted(&found) {
        connection
            .prepare_cached(
                "UPDATE grants SET calls = calls - 1
                 WHERE hash = ?1 AND module = ?2 AND capability = ?3 AND workspace = ?4 AND calls > 0",
            )?
            .execute(params![
                grant.hash,
                grant.module.0,
                rows::word_column(&grant.capability)?,
                workspace(&grant.place),
            ])?;
    }
    Ok(found)
}

/// Those a call must be taken off: one for each capability that is granted only by number.
fn counted(found: &[GrantOp]) -> Vec<&GrantOp> {
    let mut counted: Vec<&GrantOp> = Vec::new();
    for grant in found {
        let capability = grant.capability;
        let is_free = found
            .iter()
            .any(|other| other.capability == capability && other.calls.is_none());
        let is_counted = counted.iter().any(|other| other.capability == capability);
        if !is_free && !is_counted {
            counted.push(grant);
        }
    }
    counted
}

fn grant(row: &Row<'_>) -> rusqlite::Result<GrantOp> {
    let workspace: String = row.get(4)?;
    let expires_at: Option<i64> = row.get(5)?;
    Ok(GrantOp {
        module: ModuleId(row.get(0)?),
        hash: row.get(1)?,
        capability: rows::word(row, 2)?,
        reach: rows::json(row, 3)?,
        place: if workspace.is_empty() {
            GrantWhere::Everywhere
        } else {
            GrantWhere::Workspace(workspace)
        },
        expires_at: expires_at.map(UnixMillis),
        calls: row.get(6)?,
    })
}

fn workspace(place: &GrantWhere) -> &str {
    match place {
        GrantWhere::Everywhere => "",
        GrantWhere::Workspace(path) => path,
    }
}

/// Adds a grant. The newest word on a capability in a place is the one that holds, so that it can be narrowed.
pub(crate) fn add(fact: &Fact<'_>, grant: &GrantOp, at: UnixMillis) -> Result<(), Fault> {
    // A workspace is an absolute path; without one, the grant would silently hold everywhere.
    if grant.place == GrantWhere::Workspace(String::new()) {
        return Ok(());
    }
    fact.connection
        .prepare_cached(
            "INSERT OR REPLACE INTO grants
                 (hash, module, capability, workspace, reach, granted_at, expires_at, calls)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            grant.hash,
            grant.module.0,
            rows::word_column(&grant.capability)?,
            workspace(&grant.place),
            rows::json_column(&grant.reach)?,
            at.0,
            grant.expires_at.map(|end| end.0),
            grant.calls,
        ])?;
    Ok(())
}

/// Removes the grants of a module, or those of one capability.
pub(crate) fn remove(
    fact: &Fact<'_>,
    module: &ModuleId,
    capability: Option<Capability>,
) -> Result<(), Fault> {
    let capability = capability.as_ref().map(rows::word_column).transpose()?;
    fact.connection
        .prepare_cached("DELETE FROM grants WHERE module = ?1 AND (?2 IS NULL OR capability = ?2)")?
        .execute(params![module.0, capability])?;
    Ok(())
}
