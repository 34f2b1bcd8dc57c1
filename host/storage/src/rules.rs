//! Rules that a person allowed for good. What a rule means is the gate's business.

use crate::Storage;
use crate::error::StorageError;
use crate::rows;
use anteroom_api::UnixMillis;
use rusqlite::params;

/// A permission given with scope `always`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRule {
    /// The rule in its notation, for example `bash:cargo test *`.
    pub rule: String,
    /// The absolute folder it holds in; everywhere if none.
    pub workspace: Option<String>,
    /// When it was given.
    pub created_at: UnixMillis,
    /// When it ends, if it does. Ended rules are kept and returned until removed.
    pub expires_at: Option<UnixMillis>,
}

impl Storage {
    /// All rules, oldest first.
    ///
    /// # Errors
    /// Any [`crate::Fault`].
    pub async fn rules(&self) -> Result<Vec<StoredRule>, StorageError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT rule, nullif(workspace, ''), created_at, expires_at FROM rules
                 ORDER BY created_at, rule, workspace",
            )?;
            let found = statement.query_map([], |row| {
                let expires_at: Option<i64> = row.get(3)?;
                Ok(StoredRule {
                    rule: row.get(0)?,
                    workspace: row.get(1)?,
                    created_at: rows::millis(row, 2)?,
                    expires_at: expires_at.map(UnixMillis),
                })
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Adds a rule; one with the same words and place is replaced.
    ///
    /// # Errors
    /// Any [`crate::Fault`].
    pub async fn add_rule(&self, rule: &StoredRule) -> Result<(), StorageError> {
        let rule = rule.clone();
        self.write(move |connection| {
            connection
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
        })
        .await
    }

    /// Removes a rule; says whether there was one.
    ///
    /// # Errors
    /// Any [`crate::Fault`].
    pub async fn remove_rule(
        &self,
        rule: &str,
        workspace: Option<&str>,
    ) -> Result<bool, StorageError> {
        let rule = rule.to_string();
        let workspace = workspace.unwrap_or_default().to_string();
        self.write(move |connection| {
            let removed = connection
                .prepare_cached("DELETE FROM rules WHERE rule = ?1 AND workspace = ?2")?
                .execute(params![rule, workspace])?;
            Ok(removed > 0)
        })
        .await
    }
}
