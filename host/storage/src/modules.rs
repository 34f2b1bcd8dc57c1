//! Modules: what was told of them, what they were when they were granted something, which are switched off.

use crate::Storage;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use crate::rows;
use anteroom_api::{ModuleId, ModuleView, UnixMillis};
use rusqlite::params;

/// A file of a tools folder, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldModule {
    /// The file, absolute.
    pub path: String,
    /// Its folder.
    pub folder: String,
    /// The module it is.
    pub module: ModuleId,
    /// SHA-256 of the component, hexadecimal; empty if it could not be read.
    pub hash: String,
    /// Why it cannot be used; none if it can.
    pub problem: Option<String>,
}

impl Storage {
    /// Takes note of what a file is now. Answers whether that is news: of several processes that see the same,
    /// only the first is answered yes.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn note_module(&self, told: ToldModule) -> Result<bool, StorageError> {
        self.write(move |connection| {
            let changed = connection
                .prepare_cached(
                    "INSERT INTO modules_told (path, folder, module, hash, problem)
                     VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (path) DO UPDATE SET folder = excluded.folder,
                         module = excluded.module, hash = excluded.hash, problem = excluded.problem
                     WHERE hash <> excluded.hash OR problem IS NOT excluded.problem",
                )?
                .execute(params![
                    told.path,
                    told.folder,
                    told.module.0,
                    told.hash,
                    told.problem
                ])?;
            Ok(changed > 0)
        })
        .await
    }

    /// Takes note that a file is gone. Answers whether that is news.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn note_module_gone(&self, path: &str) -> Result<bool, StorageError> {
        let path = path.to_string();
        self.write(move |connection| {
            let sql = "DELETE FROM modules_told WHERE path = ?1";
            Ok(connection.prepare_cached(sql)?.execute([&path])? > 0)
        })
        .await
    }

    /// What was told last of the files of a folder, by path.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn told_modules(&self, folder: &str) -> Result<Vec<ToldModule>, StorageError> {
        let folder = folder.to_string();
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT path, folder, module, hash, problem FROM modules_told
                 WHERE folder = ?1 ORDER BY path",
            )?;
            let found = statement.query_map([folder], |row| {
                Ok(ToldModule {
                    path: row.get(0)?,
                    folder: row.get(1)?,
                    module: ModuleId(row.get(2)?),
                    hash: row.get(3)?,
                    problem: row.get(4)?,
                })
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Keeps what a module was when it was granted something.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn keep_granted(
        &self,
        path: &str,
        view: ModuleView,
        at: UnixMillis,
    ) -> Result<(), StorageError> {
        let path = path.to_string();
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO modules_granted (path, granted_at, view)
                     VALUES (?1, ?2, ?3)",
                )?
                .execute(params![path, at.0, rows::json_column(&view)?])?;
            Ok(())
        })
        .await
    }

    /// What the module in a file was when it was granted something last.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn last_granted(&self, path: &str) -> Result<Option<ModuleView>, StorageError> {
        let path = path.to_string();
        self.read(move |connection| {
            let sql = "SELECT view FROM modules_granted WHERE path = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let mut found = statement.query_map([path], |row| rows::json(row, 0))?;
            Ok(found.next().transpose()?)
        })
        .await
    }

    /// Forgets what the module in a file was.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn forget_granted(&self, path: &str) -> Result<(), StorageError> {
        let path = path.to_string();
        self.write(move |connection| {
            let sql = "DELETE FROM modules_granted WHERE path = ?1";
            connection.prepare_cached(sql)?.execute([&path])?;
            Ok(())
        })
        .await
    }

    /// The modules that are switched off.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn modules_off(&self) -> Result<Vec<ModuleId>, StorageError> {
        self.read(|connection| {
            let sql = "SELECT module FROM modules_off ORDER BY module";
            let mut statement = connection.prepare_cached(sql)?;
            let found = statement.query_map([], |row| Ok(ModuleId(row.get(0)?)))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }
}

/// Switches a module off or on.
pub(crate) fn switch(fact: &Fact<'_>, module: &ModuleId, is_enabled: bool) -> Result<(), Fault> {
    if is_enabled {
        let sql = "DELETE FROM modules_off WHERE module = ?1";
        fact.connection.prepare_cached(sql)?.execute([&module.0])?;
    } else {
        let sql = "INSERT OR IGNORE INTO modules_off (module, off_at) VALUES (?1, ?2)";
        fact.connection
            .prepare_cached(sql)?
            .execute(params![module.0, fact.at.0])?;
    }
    Ok(())
}
