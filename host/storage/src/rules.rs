//! Rules that a person allowed for good. What a rule means is the gate's business.

use crate::Storage;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use crate::rows;
use anteroom_api::{ConversationId, Item, ItemBody, Resolution, RuleView, UnixMillis};
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
        "SELECT rule, nullif(workspace, ''), created_at, expires_at, used_at FROM rules
         ORDER BY created_at, rule, workspace",
    )?;
    let found = statement.query_map([], |row| {
        let (expires_at, used_at): (Option<i64>, Option<i64>) = (row.get(3)?, row.get(4)?);
        Ok(RuleView {
            rule: row.get(0)?,
            workspace: row.get(1)?,
            created_at: rows::millis(row, 2)?,
            expires_at: expires_at.map(UnixMillis),
            used_at: used_at.map(UnixMillis),
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
            "INSERT INTO rules (rule, workspace, created_at, expires_at)
             VALUES (?1, coalesce(?2, ''), ?3, ?4)
             ON CONFLICT DO UPDATE SET created_at = ?3, expires_at = ?4",
        )?
        .execute(params![
            rule.rule,
            rule.workspace,
            rule.created_at.0,
            rule.expires_at.map(|at| at.0),
        ])?;
    Ok(())
}

/// Notes when the rules that let a call through did so.
pub(crate) fn used(fact: &Fact<'_>, place: ConversationId, item: &Item) -> Result<(), Fault> {
    let ItemBody::ToolCall(call) = &item.body else {
        return Ok(());
    };
    let allowing = call
        .decisions
        .iter()
        .filter(|decision| matches!(decision.resolution, Resolution::Allowed { .. }));
    for rule in allowing.filter_map(|decision| decision.rule.as_deref()) {
        fact.connection
            .prepare_cached(
                "UPDATE rules SET used_at = max(coalesce(used_at, 0), ?3) WHERE rule = ?1
                 AND workspace IN ('', (SELECT workspace FROM conversations WHERE id = ?2))",
            )?
            .execute(params![rule, crate::conversations::key(place), fact.at.0])?;
    }
    Ok(())
}

/// Removes a rule.
pub(crate) fn revoke(fact: &Fact<'_>, rule: &str, workspace: Option<&str>) -> Result<(), Fault> {
    fact.connection
        .prepare_cached("DELETE FROM rules WHERE rule = ?1 AND workspace = ?2")?
        .execute([rule, workspace.unwrap_or_default()])?;
    Ok(())
}
