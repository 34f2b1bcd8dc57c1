//! What was spent on what, by day, model and project.

use crate::Storage;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use crate::rows;
use anteroom_api::{SpendingRow, TurnId, UnixMillis};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

impl Storage {
    /// What was spent from a moment on, in all files, the newest day first. Shared files hold what everybody spent.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn spending(&self, since: UnixMillis) -> Result<Vec<SpendingRow>, StorageError> {
        let found = self.read_all(move |connection, _| spent(connection, since));
        let mut together: BTreeMap<_, SpendingRow> = BTreeMap::new();
        for row in found.await?.into_iter().flat_map(|(_, rows)| rows) {
            let key = (
                std::cmp::Reverse(row.day),
                row.model.clone(),
                row.project_name.clone(),
                row.project,
            );
            together
                .entry(key)
                .and_modify(|sum| {
                    sum.requests += row.requests;
                    sum.usage = sum.usage.plus(row.usage);
                })
                .or_insert(row);
        }
        Ok(together.into_values().collect())
    }
}

/// Notes which model a step asked.
pub(crate) fn asked(
    fact: &Fact<'_>,
    (turn, step): (TurnId, u32),
    model: Option<&str>,
) -> Result<(), Fault> {
    let Some(model) = model.filter(|model| !model.is_empty()) else {
        return Ok(());
    };
    fact.connection
        .prepare_cached("UPDATE usage SET model = ?3 WHERE turn = ?1 AND step = ?2")?
        .execute(params![turn.0.into_bytes(), step, model])?;
    Ok(())
}

fn spent(connection: &Connection, since: UnixMillis) -> Result<Vec<SpendingRow>, Fault> {
    // Requests beside the steps say no model; they went to the one that the conversation asked last.
    let mut statement = connection.prepare_cached(
        "WITH asked (conversation, model, at, prompt, completion, cached, estimated, cost) AS (
             SELECT t.conversation, u.model, u.at, u.prompt_tokens, u.completion_tokens,
                u.cached_tokens, u.is_estimated, u.cost_micros
             FROM usage u JOIN turns t ON t.id = u.turn WHERE u.at >= ?1
             UNION ALL
             SELECT b.conversation, (SELECT u.model FROM turns t JOIN usage u ON u.turn = t.id
                    WHERE t.conversation = b.conversation AND u.model IS NOT NULL
                    ORDER BY u.at DESC LIMIT 1),
                b.at, b.prompt_tokens, b.completion_tokens, b.cached_tokens, b.is_estimated,
                b.cost_micros
             FROM usage_besides b WHERE b.at >= ?1
         )
         SELECT a.at / 86400000 * 86400000, coalesce(a.model, c.model, ''), p.id,
            coalesce(p.name, ''), count(*), sum(a.prompt), sum(a.completion), sum(a.cached),
            max(a.estimated), sum(a.cost)
         FROM asked a JOIN conversations c ON c.id = a.conversation
            LEFT JOIN projects p ON p.id = c.project
         WHERE a.prompt + a.completion > 0
         GROUP BY 1, 2, 3",
    )?;
    let found = statement.query_map(params![since.0], |row| {
        let requests: i64 = row.get(4)?;
        Ok(SpendingRow {
            day: rows::millis(row, 0)?,
            model: row.get(1)?,
            project: rows::optional_id(row, 2)?,
            project_name: row.get(3)?,
            requests: requests.unsigned_abs(),
            usage: rows::usage(row, 5)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
