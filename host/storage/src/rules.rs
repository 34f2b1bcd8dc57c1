//! Rules that a person allowed for good. What a rule means is the gate's business.

use crate::Storage;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use crate::rows;
use anteroom_api::{RuleView, UnixMillis};
use rusqlite::{Connection, params};

impl Storage {
    /// All rules, oldest first; also those whose time is over, until they are revoked.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn rules(&self) -> Result<Vec<RuleView>, StorageError> {
        self.read(all).await
    }
}

/// All rules, oldest first.
pub(crate) fn all(connection: &Connection) -> Result<Vec<RuleView>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT rule, nullif(workspace, ''), created_at, expires_at FROM rules
         ORDER BY created_at, rule, workspace",
    )?;
    let found = statement.query_map([], |row| {
        let expires_at: Option<i64> = row.get(3)?;
        Ok(RuleView {
            rule: row.get(0)?,
            workspace: row.get(1)?,
            created_at: rows::millis(row, 2)?,
            expires_at: expires_at.map(UnixMillis),
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Keeps a rule; one with the same words and place is replaced.
pub(crate) fn keep(fact: &Fact<'_>, rule: &RuleView) -> Result<(), Fault> {
    // A workspace is an absolute path; without one, the rule would silently hold everywhere.
    if rule.workspace.as_deref() == Some("") {
        return Ok(());
    }
    fact.connection
        .prepare_cached(
            "INSERT OR REPLACE INTO rules (rule, workspace, created_at, expires_at)
             VALUES (?1, coalesce(?2, ''), ?3, ?4)",
        )?
        .execute(params![
            rule.rule,
            rule.workspace,
            rule.created_at.0,
            rule.expires_at.map(|at| at.0),
        ])?;
    Ok(())
}

/// Removes a rule.
pub(crate) fn revoke(fact: &Fact<'_>, rule: &str, workspace: Option<&str>) -> Result<(), Fault> {
    fact.connection
        .prepare_cached("DELETE FROM rules WHERE rule = ?1 AND workspace = ?2")?
        .execute([rule, workspace.unwrap_or_default()])?;
    Ok(())
}
