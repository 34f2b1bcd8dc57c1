//! What a person is asked: approvals by the gate, questions by a tool.

use crate::Storage;
use crate::conversations::key;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use crate::rows;
use anteroom_api::{
    Answer, Approval, ApprovalId, AskedApproval, ConversationId, ElicitationId, ItemId,
    OpenApproval, Question, Resolution, UnixMillis,
};
use rusqlite::{Connection, OptionalExtension, params};

impl Storage {
    /// Open approvals that a living process waits for, of one conversation or of all, oldest first.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn open_approvals(
        &self,
        id: Option<ConversationId>,
    ) -> Result<Vec<OpenApproval>, StorageError> {
        let found = self.read_all(move |connection, file| {
            let (own, is_alive) = (file.number(), file.liveness());
            let mut statement = connection.prepare_cached(
                "SELECT a.conversation, a.approval, t.host FROM approvals a INDEXED BY approvals_open
                    JOIN turns t ON t.id = a.turn
                 WHERE a.resolved_at IS NULL AND t.ended_at IS NULL
                    AND (?1 IS NULL OR a.conversation = ?1)
                 ORDER BY a.row",
            )?;
            let found = statement.query_map([id.map(key)], |row| {
                let open = OpenApproval {
                    conversation: rows::id(row, 0)?,
                    approval: rows::json(row, 1)?,
                };
                Ok((open, row.get::<_, Option<i64>>(2)?))
            })?;
            let found: Vec<_> = found.collect::<Result<_, _>>()?;
            Ok(living(found, own, &is_alive))
        });
        Ok(found
            .await?
            .into_iter()
            .flat_map(|(_, open)| open)
            .collect())
    }

    /// Open questions of a conversation that a living process waits for, oldest first.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn open_questions(&self, id: ConversationId) -> Result<Vec<Question>, StorageError> {
        let file = self.home_of(id).await?;
        let (own, is_alive) = (file.number(), file.liveness());
        file.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT q.question, t.host FROM questions q INDEXED BY questions_open
                    JOIN turns t ON t.id = q.turn
                 WHERE q.conversation = ?1 AND q.answered_at IS NULL AND t.ended_at IS NULL
                 ORDER BY q.row",
            )?;
            let found =
                statement.query_map([key(id)], |row| Ok((rows::json(row, 0)?, row.get(1)?)))?;
            let found: Vec<_> = found.collect::<Result<_, _>>()?;
            Ok(living(found, own, &is_alive))
        })
        .await
    }

    /// How many approvals and questions are open in other living processes.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn open_elsewhere(&self) -> Result<u32, StorageError> {
        let found = self.read_all(|connection, file| {
            let (own, is_alive) = (file.number(), file.liveness());
            let mut statement = connection.prepare_cached(
                "SELECT t.host, count(*) FROM (
                    SELECT turn FROM approvals INDEXED BY approvals_open WHERE resolved_at IS NULL
                    UNION ALL
                    SELECT turn FROM questions INDEXED BY questions_open WHERE answered_at IS NULL
                 ) o JOIN turns t ON t.id = o.turn WHERE t.ended_at IS NULL GROUP BY t.host",
            )?;
            let found = statement.query_map([], |row| {
                Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, u32>(1)?))
            })?;
            let mut open = 0;
            for entry in found {
                let (host, count) = entry?;
                if host != own && host.is_some_and(&is_alive) {
                    open += count;
                }
            }
            Ok(open)
        });
        Ok(found.await?.into_iter().map(|(_, open)| open).sum())
    }

    /// Everything that was asked about a call, in order, with what became of it.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn asked_of(&self, item: ItemId) -> Result<Vec<AskedApproval>, StorageError> {
        let found = self.read_all(move |connection, _| {
            let mut statement = connection.prepare_cached(
                "SELECT approval, resolution, resolved_by, resolved_at FROM approvals
                 WHERE item = ?1 ORDER BY row",
            )?;
            let found = statement.query_map([item.0.into_bytes()], |row| {
                let resolved_at: Option<i64> = row.get(3)?;
                Ok(AskedApproval {
                    approval: rows::json(row, 0)?,
                    resolution: rows::optional_json(row, 1)?,
                    by: row.get(2)?,
                    resolved_at: resolved_at.map(UnixMillis),
                })
            })?;
            Ok(found.collect::<Result<Vec<_>, _>>()?)
        });
        Ok(found
            .await?
            .into_iter()
            .flat_map(|(_, asked)| asked)
            .collect())
    }
}

/// One approval.
pub(crate) fn find(connection: &Connection, id: ApprovalId) -> Result<Option<Approval>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT approval FROM approvals WHERE id = ?1")?;
    let found = statement.query_row([id.0.into_bytes()], |row| rows::json(row, 0));
    Ok(found.optional()?)
}

/// What belongs to a process that still runs. Where processes cannot see each other, everything is our own.
fn living<T>(
    found: Vec<(T, Option<i64>)>,
    own: Option<i64>,
    is_alive: &dyn Fn(i64) -> bool,
) -> Vec<T> {
    let living = found
        .into_iter()
        .filter(|(_, host)| *host == own || host.is_some_and(is_alive));
    living.map(|(open, _)| open).collect()
}

/// The gate asks.
pub(crate) fn request(
    fact: &Fact<'_>,
    conversation: ConversationId,
    approval: &Approval,
) -> Result<(), Fault> {
    fact.connection
        .prepare_cached(
            "INSERT INTO approvals (id, conversation, turn, item, requested_at, approval)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            approval.id.0.into_bytes(),
            key(conversation),
            approval.turn.0.into_bytes(),
            approval.item.0.into_bytes(),
            approval.requested_at.0,
            rows::json_column(approval)?,
        ])?;
    Ok(())
}

/// An approval is decided. The first decision counts.
pub(crate) fn resolve(
    fact: &Fact<'_>,
    approval: ApprovalId,
    resolution: &Resolution,
    by: &str,
) -> Result<(), Fault> {
    fact.connection
        .prepare_cached(
            "UPDATE approvals SET resolved_at = ?2, resolution = ?3, resolved_by = ?4
             WHERE id = ?1 AND resolved_at IS NULL",
        )?
        .execute(params![
            approval.0.into_bytes(),
            fact.at.0,
            rows::json_column(resolution)?,
            by,
        ])?;
    Ok(())
}

/// There is more time to answer.
pub(crate) fn extend(
    fact: &Fact<'_>,
    approval: ApprovalId,
    expires_at: UnixMillis,
) -> Result<(), Fault> {
    fact.connection
        .prepare_cached(
            "UPDATE approvals SET approval = json_set(approval, '$.expires_at', ?2)
             WHERE id = ?1 AND resolved_at IS NULL",
        )?
        .execute(params![approval.0.into_bytes(), expires_at.0])?;
    Ok(())
}

/// A tool asks.
pub(crate) fn ask(
    fact: &Fact<'_>,
    conversation: ConversationId,
    question: &Question,
) -> Result<(), Fault> {
    fact.connection
        .prepare_cached(
            "INSERT INTO questions (id, conversation, turn, item, requested_at, question)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            question.id.0.into_bytes(),
            key(conversation),
            question.turn.0.into_bytes(),
            question.item.0.into_bytes(),
            fact.at.0,
            rows::json_column(question)?,
        ])?;
    Ok(())
}

/// A question is answered. The first answer counts.
pub(crate) fn answer(
    fact: &Fact<'_>,
    elicitation: ElicitationId,
    answer: &Answer,
) -> Result<(), Fault> {
    fact.connection
        .prepare_cached(
            "UPDATE questions SET answered_at = ?2, answer = ?3
             WHERE id = ?1 AND answered_at IS NULL",
        )?
        .execute(params![
            elicitation.0.into_bytes(),
            fact.at.0,
            rows::json_column(answer)?,
        ])?;
    Ok(())
}

/// Approvals nobody has decided, oldest first.
pub(crate) fn open(connection: &Connection, id: ConversationId) -> Result<Vec<Approval>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT approval FROM approvals WHERE conversation = ?1 AND resolved_at IS NULL
         ORDER BY row",
    )?;
    let found = statement.query_map([key(id)], |row| rows::json(row, 0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Questions nobody has answered, oldest first.
pub(crate) fn unanswered(
    connection: &Connection,
    id: ConversationId,
) -> Result<Vec<Question>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT question FROM questions WHERE conversation = ?1 AND answered_at IS NULL
         ORDER BY row",
    )?;
    let found = statement.query_map([key(id)], |row| rows::json(row, 0))?;
    Ok(found.collect::<Result<_, _>>()?)
}
