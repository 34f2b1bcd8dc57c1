//! Tags, wherever they are used.

use crate::Storage;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use anteroom_api::TagView;
use rusqlite::params;
use std::collections::BTreeMap;

impl Storage {
    /// All tags of all files, by name.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn tags(&self) -> Result<Vec<TagView>, StorageError> {
        let found = self.read_all(|connection, _| {
            let sql = "SELECT tag, count(*) FROM conversation_tags GROUP BY tag";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                let count: i64 = row.get(1)?;
                Ok((row.get::<_, String>(0)?, count.unsigned_abs()))
            })?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        });
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for (tag, count) in found.await?.into_iter().flat_map(|(_, tags)| tags) {
            *counts.entry(tag).or_default() += count;
        }
        let views = counts.into_iter();
        Ok(views
            .map(|(name, conversations)| TagView {
                name,
                conversations,
            })
            .collect())
    }
}

pub(super) fn rename(fact: &Fact<'_>, tag: &str, to: &str) -> Result<(), Fault> {
    fact.connection
        .prepare_cached(
            "INSERT OR IGNORE INTO conversation_tags
             SELECT conversation, ?2 FROM conversation_tags WHERE tag = ?1",
        )?
        .execute(params![tag, to])?;
    if tag == to {
        return Ok(());
    }
    delete(fact, tag)
}

pub(super) fn delete(fact: &Fact<'_>, tag: &str) -> Result<(), Fault> {
    fact.connection
        .prepare_cached("DELETE FROM conversation_tags WHERE tag = ?1")?
        .execute([tag])?;
    Ok(())
}
