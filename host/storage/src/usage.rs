//! What was spent: tokens, cost and calls, and what is set aside for requests under way.
//!
//! What is spent here goes by no event, but beside them: it is money, and holds also if nobody is told.

use crate::Storage;
use crate::conversations::key;
use crate::error::{Fault, StorageError};
use crate::journal::Entry;
use crate::{items, rows};
use anteroom_api::{
    ConversationId, Event, StopReason, Topic, TurnEvent, TurnId, UnixMillis, Usage,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

const DAY_MS: i64 = 86_400_000;

/// Tokens, cost and calls together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Of requests and answers.
    pub tokens: u64,
    /// In millionths of the currency that the prices are in.
    pub cost_micros: u64,
    /// Calls of tools.
    pub calls: u64,
}

/// What may be spent; none is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// Of requests and answers.
    pub tokens: Option<u64>,
    /// In millionths of the currency that the prices are in.
    pub cost_micros: Option<u64>,
    /// Calls of tools.
    pub calls: Option<u64>,
}

/// What a request or the calls of an answer may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Its own id.
    pub id: Uuid,
    /// The turn.
    pub turn: TurnId,
    /// The step; with its end the reservation ends.
    pub step: u32,
    /// How much.
    pub amount: Spent,
}

impl Spent {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(other.tokens),
            cost_micros: self.cost_micros.saturating_add(other.cost_micros),
            calls: self.calls.saturating_add(other.calls),
        }
    }
}

impl Caps {
    /// Whether nothing is limited.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }

    /// Whether so much is within.
    #[must_use]
    pub fn hold(&self, spent: Spent) -> bool {
        let within = |cap: Option<u64>, spent: u64| cap.is_none_or(|cap| spent <= cap);
        within(self.tokens, spent.tokens)
            && within(self.cost_micros, spent.cost_micros)
            && within(self.calls, spent.calls)
    }
}

impl Storage {
    /// What a conversation and its child agents have spent.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn spent(&self, conversation: ConversationId) -> Result<Spent, StorageError> {
        self.read_of(conversation, move |connection| {
            let mut statement = connection.prepare_cached(
                "WITH RECURSIVE family (id) AS (
                     VALUES (?1)
                     UNION
                     SELECT c.id FROM family
                         JOIN items i ON i.conversation = family.id
                         JOIN conversations c ON c.parent = i.id
                 )
                 SELECT coalesce(sum(c.prompt_tokens + c.completion_tokens), 0),
                    coalesce(sum(c.cost_micros), 0),
                    coalesce(sum((SELECT count(*) FROM tool_calls t JOIN items i ON i.row = t.item_row
                        WHERE i.conversation = c.id)), 0)
                 FROM family JOIN conversations c ON c.id = family.id",
            )?;
            Ok(statement.query_row([key(conversation)], spent)?)
        })
        .await
    }

    /// What was spent on the day of `at`, and what is set aside on it, in all processes together.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn spent_on(&self, at: UnixMillis) -> Result<Spent, StorageError> {
        self.read(move |connection| of_day(connection, day(at)))
            .await
    }

    /// Sets an amount aside if the day's caps hold with it, whoever else does so at the same time; otherwise
    /// says what was spent and set aside already, and changes nothing.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn reserve(
        &self,
        reservation: Reservation,
        caps: Caps,
        at: UnixMillis,
    ) -> Result<Result<(), Spent>, StorageError> {
        self.write(move |connection| {
            let day = day(at);
            // What a process that is gone had set aside and nobody settled counted on its own day.
            connection
                .prepare_cached("DELETE FROM reservations WHERE day < ?1")?
                .execute([day - 1])?;
            let before = of_day(connection, day)?;
            if !caps.hold(before.plus(reservation.amount)) {
                return Ok(Err(before));
            }
            insert(connection, &reservation, day)?;
            Ok(Ok(()))
        })
        .await
    }

    /// Gives back what was set aside and not spent.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn release(&self, reservation: Uuid) -> Result<(), StorageError> {
        self.write(move |connection| {
            connection
                .prepare_cached("DELETE FROM reservations WHERE id = ?1")?
                .execute([reservation.into_bytes()])?;
            Ok(())
        })
        .await
    }

    /// Counts a request beside the steps of turns; its reservation ends with it.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn spend_besides(
        &self,
        conversation: ConversationId,
        purpose: &'static str,
        (usage, at, reservation): (Usage, UnixMillis, Option<Uuid>),
    ) -> Result<(), StorageError> {
        let file = self.home_of(conversation).await?;
        let is_shared = file.name.is_some();
        file.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO usage_besides (conversation, purpose, prompt_tokens,
                        completion_tokens, cached_tokens, is_estimated, cost_micros, at)
                     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
                     WHERE EXISTS (SELECT 1 FROM conversations WHERE id = ?1)",
                )?
                .execute(params![
                    key(conversation),
                    purpose,
                    rows::tokens_column(usage.prompt_tokens),
                    rows::tokens_column(usage.completion_tokens),
                    rows::tokens_column(usage.cached_tokens),
                    usage.is_estimated,
                    rows::tokens_column(usage.cost_micros),
                    at.0,
                ])?;
            match reservation.filter(|_| !is_shared) {
                Some(id) => give_back(connection, id),
                None => Ok(()),
            }
        })
        .await?;
        if is_shared {
            self.write(move |connection| {
                add_to_day(connection, at, &of_usage(usage, 0))?;
                reservation.map_or(Ok(()), |id| give_back(connection, id))
            })
            .await?;
        }
        Ok(())
    }
}

/// What an entry spent in a file whose days are not this user's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SpentBy {
    /// A step is over.
    Step(TurnId, u32, Spent),
    /// A turn is over.
    Turn(TurnId, bool),
}

/// What an entry spent; asked of the file it was stored in.
pub(crate) fn spent_by(connection: &Connection, entry: &Entry) -> Result<Vec<SpentBy>, Fault> {
    let mut spent = Vec::new();
    let Topic::Conversation(conversation) = entry.topic else {
        return Ok(spent);
    };
    for event in &entry.events {
        match event {
            Event::Turn(TurnEvent::StepEnded {
                turn, step, usage, ..
            }) => {
                let calls = items::calls_of_step(connection, conversation, (*turn, *step))?;
                spent.push(SpentBy::Step(*turn, *step, of_usage(*usage, calls)));
            }
            Event::Turn(TurnEvent::Ended { turn, stop, .. }) => {
                spent.push(SpentBy::Turn(*turn, *stop == StopReason::Interrupted));
            }
            _ => {}
        }
    }
    Ok(spent)
}

/// Counts in the personal file what was spent in another one.
pub(crate) fn count(
    connection: &Connection,
    spent: &[SpentBy],
    at: UnixMillis,
) -> Result<(), Fault> {
    spent.iter().try_for_each(|spent| match spent {
        SpentBy::Step(turn, step, amount) => {
            add_to_day(connection, at, amount)?;
            settle_step(connection, *turn, *step)
        }
        SpentBy::Turn(turn, is_cut_off) => settle_turn(connection, *turn, *is_cut_off),
    })
}

fn of_usage(usage: Usage, calls: u32) -> Spent {
    Spent {
        tokens: usage.prompt_tokens.saturating_add(usage.completion_tokens),
        cost_micros: usage.cost_micros,
        calls: u64::from(calls),
    }
}

fn add_to_day(connection: &Connection, at: UnixMillis, amount: &Spent) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO days VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (day) DO UPDATE SET tokens = tokens + excluded.tokens,
                cost_micros = cost_micros + excluded.cost_micros, calls = calls + excluded.calls",
        )?
        .execute(params![
            day(at),
            rows::tokens_column(amount.tokens),
            rows::tokens_column(amount.cost_micros),
            rows::tokens_column(amount.calls),
        ])?;
    Ok(())
}

fn give_back(connection: &Connection, reservation: Uuid) -> Result<(), Fault> {
    connection
        .prepare_cached("DELETE FROM reservations WHERE id = ?1")?
        .execute([reservation.into_bytes()])?;
    Ok(())
}

/// A step is over: what was set aside for it is spent or free.
pub(crate) fn settle_step(connection: &Connection, turn: TurnId, step: u32) -> Result<(), Fault> {
    connection
        .prepare_cached("DELETE FROM reservations WHERE turn = ?1 AND step <= ?2")?
        .execute(params![turn.0.into_bytes(), step])?;
    Ok(())
}

/// A turn is over. What a turn that was cut off had set aside may have been spent, and counts as spent.
pub(crate) fn settle_turn(
    connection: &Connection,
    turn: TurnId,
    is_cut_off: bool,
) -> Result<(), Fault> {
    if is_cut_off {
        connection
            .prepare_cached(
                "INSERT INTO days SELECT day, sum(tokens), sum(cost_micros), sum(calls)
                    FROM reservations WHERE turn = ?1 GROUP BY day
                 ON CONFLICT (day) DO UPDATE SET tokens = tokens + excluded.tokens,
                    cost_micros = cost_micros + excluded.cost_micros,
                    calls = calls + excluded.calls",
            )?
            .execute([turn.0.into_bytes()])?;
    }
    settle_step(connection, turn, u32::MAX)
}

fn insert(connection: &Connection, reservation: &Reservation, day: i64) -> Result<(), Fault> {
    let amount = reservation.amount;
    connection
        .prepare_cached(
            "INSERT INTO reservations (id, turn, step, day, tokens, cost_micros, calls)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            reservation.id.into_bytes(),
            reservation.turn.0.into_bytes(),
            reservation.step,
            day,
            rows::tokens_column(amount.tokens),
            rows::tokens_column(amount.cost_micros),
            rows::tokens_column(amount.calls),
        ])?;
    Ok(())
}

fn of_day(connection: &Connection, day: i64) -> Result<Spent, Fault> {
    let settled = connection
        .prepare_cached("SELECT tokens, cost_micros, calls FROM days WHERE day = ?1")?
        .query_row([day], spent)
        .optional()?;
    let set_aside = connection
        .prepare_cached(
            "SELECT coalesce(sum(tokens), 0), coalesce(sum(cost_micros), 0), coalesce(sum(calls), 0)
             FROM reservations WHERE day = ?1",
        )?
        .query_row([day], spent)?;
    Ok(settled.unwrap_or_default().plus(set_aside))
}

fn day(at: UnixMillis) -> i64 {
    at.0.div_euclid(DAY_MS)
}

fn spent(row: &Row<'_>) -> rusqlite::Result<Spent> {
    let amount = |index: usize| row.get::<_, i64>(index).map(i64::unsigned_abs);
    Ok(Spent {
        tokens: amount(0)?,
        cost_micros: amount(1)?,
        calls: amount(2)?,
    })
}
