//! What a person is asked: approvals by the gate, questions by a tool.

use crate::Storage;
use crate::conversations::key;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use crate::rows;
use anteroom_api::{
    Answer, Approval, ApprovalId, ConversationId, ElicitationId, Question, Resolution,
};
use rusqlite::{Connection, params};

impl Storage {
    /// Open approvals of a conversation, oldest first.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn approvals(&self, id: ConversationId) -> Result<Vec<Approval>, StorageError> {
        self.read(move |connection| open(connection, id)).await
    }

    /// Open questions of a conversation, oldest first.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn questions(&self, id: ConversationId) -> Result<Vec<Question>, StorageError> {
        self.read(move |connection| unanswered(connection, id))
            .await
    }
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
