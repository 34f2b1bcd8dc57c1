//! Grants: which power was lent to which exact binary.

use crate::Storage;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use crate::rows;
use anteroom_api::{GrantOp, GrantWhere, ModuleId, UnixMillis};
use rusqlite::params;

impl Storage {
    /// What was granted to the component with this hash.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn grants(&self, hash: &str) -> Result<Vec<GrantOp>, StorageError> {
        let hash = hash.to_string();
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT module, hash, capability, reach, workspace FROM grants WHERE hash = ?1
                 ORDER BY module, capability, workspace",
            )?;
            let found = statement.query_map([hash], |row| {
                let workspace: String = row.get(4)?;
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
                    expires_at: None,
                    calls: None,
                })
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Everything that was granted, whether it still holds or has ended.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn all_grants(&self) -> Result<Vec<GrantOp>, StorageError> {
        let hashes: Vec<String> = self
            .read(|connection| {
                let sql = "SELECT DISTINCT hash FROM grants ORDER BY hash";
                let mut statement = connection.prepare_cached(sql)?;
                let found = statement.query_map([], |row| row.get(0))?;
                Ok(found.collect::<Result<_, _>>()?)
            })
            .await?;
        let mut all = Vec::new();
        for hash in hashes {
            all.extend(self.grants(&hash).await?);
        }
        all.sort_by(|a, b| a.module.cmp(&b.module));
        Ok(all)
    }
}

/// Adds a grant. The newest word on a capability in a place is the one that holds, so that it can be narrowed.
pub(crate) fn add(fact: &Fact<'_>, grant: &GrantOp, at: UnixMillis) -> Result<(), Fault> {
    let workspace = match &grant.place {
        GrantWhere::Everywhere => "",
        // A workspace is an absolute path; without one, the grant would silently hold everywhere.
        GrantWhere::Workspace(path) if path.is_empty() => return Ok(()),
        GrantWhere::Workspace(path) => path,
    };
    fact.connection
        .prepare_cached(
            "INSERT OR REPLACE INTO grants (hash, module, capability, workspace, reach, granted_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            grant.hash,
            grant.module.0,
            rows::word_column(&grant.capability)?,
            workspace,
            rows::json_column(&grant.reach)?,
            at.0,
        ])?;
    Ok(())
}

/// Removes all grants of a module.
pub(crate) fn remove(fact: &Fact<'_>, module: &ModuleId) -> Result<(), Fault> {
    fact.connection
        .prepare_cached("DELETE FROM grants WHERE module = ?1")?
        .execute([&module.0])?;
    Ok(())
}
