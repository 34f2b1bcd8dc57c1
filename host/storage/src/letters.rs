//! Letters between processes: a wish that concerns what another living process holds is carried out there.
//!
//! Each letter is taken once. Who sent it reads the answer and removes it, or withdraws it while it is untaken.
//! Letters lie in the personal file only: whoever else may write into a shared one sends no wishes here.

use crate::conversations::key;
use crate::error::{Fault, StorageError};
use crate::file::File;
use crate::{Storage, rows};
use anteroom_api::{
    ApprovalId, ConversationId, ElicitationId, Op, OpId, Problem, TurnId, UnixMillis,
};
use rusqlite::{Connection, OptionalExtension, ToSql, params};

/// One opening of the database: a process, as other processes know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HostNumber(pub(crate) i64);

/// Whose something open is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nothing of the kind is open.
    Nobody,
    /// This process.
    Own,
    /// Another process of this user, which runs.
    Other(HostNumber),
    /// Another process that has a shared database open, perhaps somebody else's; it takes no letters.
    Far,
    /// A process that has ended without closing it.
    Gone,
}

/// A wish that another process sent here.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// The wish's id; what it creates takes this id, wherever it is carried out.
    pub op: OpId,
    /// The wish.
    pub wish: Op,
}

/// What became of a letter so far.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    /// Nobody has taken it, and nobody can any more: it was withdrawn.
    Withdrawn,
    /// It was taken and is not answered yet.
    Taken,
    /// It was carried out or rejected; the letter is removed.
    Answered(Result<(), Problem>),
}

impl Storage {
    /// Whose the running turn of a conversation is.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn holder_of_conversation(&self, id: ConversationId) -> Result<Holder, StorageError> {
        let sql = "SELECT host FROM turns INDEXED BY turns_open
                   WHERE conversation = ?1 AND ended_at IS NULL";
        self.holder(sql, key(id)).await
    }

    /// Whose a turn is that runs or waits.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn holder_of_turn(&self, id: TurnId) -> Result<Holder, StorageError> {
        let sql = "SELECT host FROM turns WHERE id = ?1 AND ended_at IS NULL
                   UNION ALL SELECT host FROM queued WHERE turn = ?1";
        self.holder(sql, id.0.into_bytes()).await
    }

    /// Whose an open approval is.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn holder_of_approval(&self, id: ApprovalId) -> Result<Holder, StorageError> {
        let sql = "SELECT t.host FROM approvals a JOIN turns t ON t.id = a.turn
                   WHERE a.id = ?1 AND a.resolved_at IS NULL AND t.ended_at IS NULL";
        self.holder(sql, id.0.into_bytes()).await
    }

    /// Whose an open question is.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn holder_of_question(&self, id: ElicitationId) -> Result<Holder, StorageError> {
        let sql = "SELECT t.host FROM questions q JOIN turns t ON t.id = q.turn
                   WHERE q.id = ?1 AND q.answered_at IS NULL AND t.ended_at IS NULL";
        self.holder(sql, id.0.into_bytes()).await
    }

    /// The conversation that waiting input belongs to.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn conversation_of_queued(
        &self,
        turn: TurnId,
    ) -> Result<Option<ConversationId>, StorageError> {
        let found = self
            .read_all(move |connection, _| {
                let mut statement =
                    connection.prepare_cached("SELECT conversation FROM queued WHERE turn = ?1")?;
                let found = statement.query_row([turn.0.into_bytes()], |row| rows::id(row, 0));
                Ok(found.optional()?)
            })
            .await?;
        Ok(found.into_iter().find_map(|(_, conversation)| conversation))
    }

    /// Whether a process that ended left a turn open which nobody has closed yet.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn has_abandoned_turns(&self) -> Result<bool, StorageError> {
        let found = self
            .read_all(|connection, file| {
                let is_alive = file.liveness();
                let mut statement = connection.prepare_cached(
                    "SELECT DISTINCT host FROM turns INDEXED BY turns_open WHERE ended_at IS NULL",
                )?;
                let hosts = statement.query_map([], |row| row.get::<_, Option<i64>>(0))?;
                let hosts: Vec<Option<i64>> = hosts.collect::<Result<_, _>>()?;
                Ok(hosts.into_iter().flatten().any(|host| !is_alive(host)))
            })
            .await?;
        Ok(found.into_iter().any(|(_, is_abandoned)| is_abandoned))
    }

    /// Whether a process still runs.
    #[must_use]
    pub fn is_alive(&self, host: HostNumber) -> bool {
        self.host().liveness()(host.0)
    }

    /// Whether another process has the personal file open, or may have.
    #[must_use]
    pub fn has_company(&self) -> bool {
        self.host().has_company()
    }

    /// Leaves a wish for another process; false if that one has ended or this one cannot be answered.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn send_letter(
        &self,
        addressee: HostNumber,
        letter: &Letter,
        at: UnixMillis,
    ) -> Result<bool, StorageError> {
        let Some(own) = self.host().number() else {
            return Ok(false);
        };
        let is_alive = self.host().liveness();
        let letter = letter.clone();
        self.write(move |connection| {
            if !is_alive(addressee.0) {
                return Ok(false);
            }
            connection
                .prepare_cached(
                    "INSERT INTO letters (op, sender, addressee, sent_at, wish)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    letter.op.0.into_bytes(),
                    own,
                    addressee.0,
                    at.0,
                    rows::json_column(&letter.wish)?,
                ])?;
            Ok(true)
        })
        .await
    }

    /// Takes the letters that wait for this process, oldest first. No letter is given out twice.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn take_letters(&self, at: UnixMillis) -> Result<Vec<Letter>, StorageError> {
        let Some(own) = self.host().number() else {
            return Ok(Vec::new());
        };
        self.write(move |connection| {
            let letters = waiting(connection, own)?;
            connection
                .prepare_cached(
                    "UPDATE letters SET taken_at = ?2 WHERE addressee = ?1 AND taken_at IS NULL",
                )?
                .execute(params![own, at.0])?;
            Ok(letters)
        })
        .await
    }

    /// Tells the sender what became of its letter.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn answer_letter(
        &self,
        op: OpId,
        answer: &Result<(), Problem>,
    ) -> Result<(), StorageError> {
        let problem = answer.clone().err();
        self.write(move |connection| {
            connection
                .prepare_cached("UPDATE letters SET answer = ?2 WHERE op = ?1")?
                .execute(params![op.0.into_bytes(), rows::json_column(&problem)?])?;
            Ok(())
        })
        .await
    }

    /// Whether a letter of this process has its answer; cheap to ask.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn is_answered(&self, op: OpId) -> Result<bool, StorageError> {
        self.read(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT 1 FROM letters WHERE op = ?1 AND answer IS NOT NULL")?;
            Ok(statement.exists([op.0.into_bytes()])?)
        })
        .await
    }

    /// Ends a letter: gives its answer if there is one, and withdraws it if nobody has taken it.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn end_letter(&self, op: OpId) -> Result<Delivery, StorageError> {
        self.write(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT taken_at IS NOT NULL, answer FROM letters WHERE op = ?1")?;
            let found = statement.query_row([op.0.into_bytes()], |row| {
                let is_taken: bool = row.get(0)?;
                let answer: Option<Option<Problem>> = match row.get_ref(1)?.as_str_or_null()? {
                    None => None,
                    Some(_) => Some(rows::optional_json(row, 1)?.flatten()),
                };
                Ok(match (is_taken, answer) {
                    (_, Some(None)) => Delivery::Answered(Ok(())),
                    (_, Some(Some(problem))) => Delivery::Answered(Err(problem)),
                    (true, None) => Delivery::Taken,
                    (false, None) => Delivery::Withdrawn,
                })
            });
            let delivery = found.optional()?.unwrap_or(Delivery::Withdrawn);
            if delivery != Delivery::Taken {
                connection
                    .prepare_cached("DELETE FROM letters WHERE op = ?1")?
                    .execute([op.0.into_bytes()])?;
            }
            Ok(delivery)
        })
        .await
    }

    /// Removes letters whose sender has ended: nobody waits for their answer. What was not taken never will be.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn clear_letters(&self) -> Result<(), StorageError> {
        let is_alive = self.host().liveness();
        let senders: Vec<i64> = self
            .read(|connection| {
                let mut statement =
                    connection.prepare_cached("SELECT DISTINCT sender FROM letters")?;
                let found = statement.query_map([], |row| row.get(0))?;
                Ok(found.collect::<Result<_, _>>()?)
            })
            .await?;
        let gone: Vec<i64> = senders
            .into_iter()
            .filter(|host| !is_alive(*host))
            .collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.write(move |connection| {
            let sql = "DELETE FROM letters WHERE sender = ?1";
            for sender in &gone {
                connection.prepare_cached(sql)?.execute([sender])?;
            }
            Ok(())
        })
        .await
    }

    /// Whether `state` of `what` is news that this process is the first to tell. Every process sees a file
    /// change; one of them tells it.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn is_first_to_tell(&self, what: &str, state: &str) -> Result<bool, StorageError> {
        let (what, state) = (what.to_owned(), state.to_owned());
        self.write(move |connection| {
            let changed = connection
                .prepare_cached(
                    "INSERT INTO told (what, state) VALUES (?1, ?2)
                     ON CONFLICT (what) DO UPDATE SET state = excluded.state
                     WHERE state <> excluded.state",
                )?
                .execute([&what, &state])?;
            Ok(changed > 0)
        })
        .await
    }

    async fn holder(
        &self,
        sql: &'static str,
        id: impl ToSql + Clone + Send + 'static,
    ) -> Result<Holder, StorageError> {
        let found = self
            .read_all(move |connection, file| {
                let mut statement = connection.prepare_cached(sql)?;
                let hosts = statement.query_map([id.clone()], |row| row.get(0))?;
                let hosts: Vec<Option<i64>> = hosts.collect::<Result<_, _>>()?;
                Ok(of(&hosts, file))
            })
            .await?;
        let mut holders = found.into_iter().map(|(_, holder)| holder);
        Ok(holders
            .find(|holder| *holder != Holder::Nobody)
            .unwrap_or(Holder::Nobody))
    }
}

/// Whose something is that these openings of a file hold; a living one counts most.
fn of(hosts: &[Option<i64>], file: &File) -> Holder {
    let own = file.number();
    // Where no process has a number, everything counts as this one's.
    if hosts.contains(&own) {
        return Holder::Own;
    }
    let is_alive = file.liveness();
    match hosts.iter().flatten().find(|host| is_alive(**host)) {
        Some(host) if file.name.is_none() => Holder::Other(HostNumber(*host)),
        Some(_) => Holder::Far,
        None if hosts.is_empty() => Holder::Nobody,
        None => Holder::Gone,
    }
}

fn waiting(connection: &Connection, own: i64) -> Result<Vec<Letter>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT op, wish FROM letters WHERE addressee = ?1 AND taken_at IS NULL ORDER BY row",
    )?;
    let found = statement.query_map([own], |row| {
        Ok(Letter {
            op: rows::id(row, 0)?,
            wish: rows::json(row, 1)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
