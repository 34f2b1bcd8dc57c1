//! Turns: running, waiting, over, or cut off by a crash; and the tokens they used.

use crate::conversations::key;
use crate::error::{Fault, StorageError};
use crate::project::Fact;
use crate::{Storage, approvals, items, rows, usage};
use anteroom_api::{
    Approval, ConversationId, Item, Question, QueuedInput, StopReason, TurnId, TurnView, Usage,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// The columns of a [`TurnView`], in the order [`view`] reads them.
const VIEW: &str = "SELECT id, conversation, started_at, ended_at, stop,
    prompt_tokens, completion_tokens, cached_tokens, is_estimated, cost_micros,
    (SELECT u.prompt_tokens + u.completion_tokens FROM usage u WHERE u.turn = turns.id
        ORDER BY u.step DESC LIMIT 1) FROM turns";

/// A turn that was cut off, with everything that has to be closed before it can be.
#[derive(Clone, Debug, PartialEq)]
pub struct Unfinished {
    /// The turn.
    pub turn: TurnView,
    /// Its items that are not complete, with what was saved of them.
    pub items: Vec<Item>,
    /// Its approvals that nobody has decided.
    pub approvals: Vec<Approval>,
    /// Its questions that nobody has answered.
    pub questions: Vec<Question>,
}

/// How far a turn has come, by what is stored of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Nothing is stored of it.
    Unknown,
    /// It has an end.
    Ended,
    /// It has begun and has no end.
    Open(Box<Unfinished>),
}

impl Storage {
    /// How far a turn has come, with all writes that were given before.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn standing(&self, turn: TurnId) -> Result<Standing, StorageError> {
        // Asked where the writes are made: what waits there is stored first.
        for file in self.files() {
            if file.is_read_only() {
                continue;
            }
            let found = file.write(move |connection| standing(connection, turn));
            match found.await {
                Ok(Standing::Unknown) => {}
                Err(error) if file.name.is_some() => {
                    tracing::warn!(%error, "a shared database is left out");
                }
                known => return known,
            }
        }
        Ok(Standing::Unknown)
    }

    /// The conversation a turn belongs to.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn conversation_of_turn(
        &self,
        turn: TurnId,
    ) -> Result<Option<ConversationId>, StorageError> {
        for file in self.files() {
            let found = file.read(move |connection| {
                let sql = "SELECT conversation FROM turns WHERE id = ?1";
                let mut statement = connection.prepare_cached(sql)?;
                let found = statement.query_row([turn.0.into_bytes()], |row| rows::id(row, 0));
                Ok(found.optional()?)
            });
            match found.await {
                Ok(None) => {}
                Err(error) if file.name.is_some() => {
                    tracing::warn!(%error, "a shared database is left out");
                }
                found => return found,
            }
        }
        Ok(None)
    }

    /// Turns without an end whose process is gone. Each is handed to one process only, which is expected to
    /// close it; one that runs in another process is none of ours.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>, StorageError> {
        let mut all = Vec::new();
        for file in self.files() {
            if file.is_read_only() {
                continue;
            }
            let (own, is_alive) = (file.number(), file.liveness());
            let found = file.write(move |connection| {
                claim(connection, own, &is_alive)?;
                unfinished(connection, own)
            });
            match found.await {
                Ok(found) => all.extend(found),
                Err(error) if file.name.is_some() => {
                    tracing::warn!(%error, "a shared database is left out");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    /// Turns of a conversation that were not put aside, oldest first.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn turns(&self, id: ConversationId) -> Result<Vec<TurnView>, StorageError> {
        self.read_of(id, move |connection| {
            let sql = format!("{VIEW} WHERE conversation = ?1 AND NOT is_aside ORDER BY row");
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_map([key(id)], view)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Input that waits behind the running turn, next first.
    ///
    /// # Errors
    /// Any [`Fault`].
    pub async fn queue(&self, id: ConversationId) -> Result<Vec<QueuedInput>, StorageError> {
        let file = self.home_of(id).await?;
        let (own, is_alive) = (file.number(), file.liveness());
        file.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT turn, input, host FROM queued WHERE conversation = ?1 ORDER BY row",
            )?;
            let found = statement.query_map([key(id)], |row| {
                let host: Option<i64> = row.get(2)?;
                Ok(QueuedInput {
                    turn: rows::id(row, 0)?,
                    input: rows::json(row, 1)?,
                    is_held: host != own && !host.is_some_and(&is_alive),
                })
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }
}

/// Input waits. Not if its turn has begun already.
pub(crate) fn queue(
    fact: &Fact<'_>,
    conversation: ConversationId,
    queued: &QueuedInput,
) -> Result<(), Fault> {
    fact.connection
        .prepare_cached(
            "INSERT INTO queued (turn, conversation, input, host)
             SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM turns WHERE id = ?1)
             ON CONFLICT (turn) DO UPDATE SET host = coalesce(excluded.host, host)",
        )?
        .execute(params![
            queued.turn.0.into_bytes(),
            key(conversation),
            rows::json_column(&queued.input)?,
            fact.host,
        ])?;
    Ok(())
}

/// Input waits no more.
pub(crate) fn unqueue(fact: &Fact<'_>, turn: TurnId) -> Result<(), Fault> {
    fact.connection
        .prepare_cached("DELETE FROM queued WHERE turn = ?1")?
        .execute([turn.0.into_bytes()])?;
    Ok(())
}

/// Waiting input says something else.
pub(crate) fn reword(fact: &Fact<'_>, queued: &QueuedInput) -> Result<(), Fault> {
    fact.connection
        .prepare_cached("UPDATE queued SET input = ?2 WHERE turn = ?1")?
        .execute(params![
            queued.turn.0.into_bytes(),
            rows::json_column(&queued.input)?,
        ])?;
    Ok(())
}

/// Waiting input runs before another one that waits, or last. Without either of them nothing changes.
pub(crate) fn reorder(
    fact: &Fact<'_>,
    conversation: ConversationId,
    (turn, ahead_of): (TurnId, Option<TurnId>),
) -> Result<(), Fault> {
    let waiting: Vec<(i64, TurnId)> = fact
        .connection
        .prepare_cached("SELECT row, turn FROM queued WHERE conversation = ?1 ORDER BY row")?
        .query_map([key(conversation)], |row| {
            Ok((row.get(0)?, rows::id(row, 1)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut order: Vec<TurnId> = waiting.iter().map(|(_, turn)| *turn).collect();
    let Some(from) = order.iter().position(|waiting| *waiting == turn) else {
        return Ok(());
    };
    order.remove(from);
    let to = match ahead_of {
        None => order.len(),
        Some(next) => match order.iter().position(|waiting| *waiting == next) {
            Some(to) => to,
            None => return Ok(()),
        },
    };
    order.insert(to, turn);
    // Numbers are unique all the while: first out of the way, then into their places.
    fact.connection
        .prepare_cached("UPDATE queued SET row = -row WHERE conversation = ?1")?
        .execute([key(conversation)])?;
    let mut place = fact
        .connection
        .prepare_cached("UPDATE queued SET row = ?2 WHERE turn = ?1")?;
    for ((row, _), turn) in waiting.iter().zip(order) {
        place.execute(params![turn.0.into_bytes(), row])?;
    }
    Ok(())
}

/// A turn runs, in this process. A conversation has one running turn: what another process has begun there
/// meanwhile stands. (Turns of processes that have ended are closed before another one begins.)
pub(crate) fn start(
    fact: &Fact<'_>,
    conversation: ConversationId,
    turn: TurnId,
) -> Result<(), Fault> {
    unqueue(fact, turn)?;
    let added = fact
        .connection
        .prepare_cached(
            "INSERT INTO turns (id, conversation, started_at, host, user_id, user_display_name)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (
                SELECT 1 FROM turns INDEXED BY turns_open
                WHERE conversation = ?2 AND ended_at IS NULL AND host IS NOT ?4 AND id <> ?1)
             ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            turn.0.into_bytes(),
            key(conversation),
            fact.at.0,
            fact.host,
            fact.user_id(),
            fact.user_display_name(),
        ])?;
    if added > 0 || is_ours(fact, turn)? {
        return Ok(());
    }
    Err(Fault::Busy)
}

/// Whether a turn that is known is over, or runs in this process, or nobody can tell where it runs.
fn is_ours(fact: &Fact<'_>, turn: TurnId) -> Result<bool, Fault> {
    let mut statement = fact.connection.prepare_cached(
        "SELECT 1 FROM turns WHERE id = ?1
            AND (ended_at IS NOT NULL OR host IS NULL OR ?2 IS NULL OR host = ?2)",
    )?;
    Ok(statement.exists(params![turn.0.into_bytes(), fact.host])?)
}

/// A step is over. While the turn runs, its tokens are the sum of its steps'.
pub(crate) fn end_step(
    fact: &Fact<'_>,
    conversation: ConversationId,
    turn: TurnId,
    (step, usage): (u32, Usage),
) -> Result<(), Fault> {
    start(fact, conversation, turn)?;
    fact.connection
        .prepare_cached(
            "INSERT INTO usage (turn, step, prompt_tokens, completion_tokens, cached_tokens,
                is_estimated, at, cost_micros, calls)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (turn, step) DO UPDATE SET prompt_tokens = excluded.prompt_tokens,
                completion_tokens = excluded.completion_tokens,
                cached_tokens = excluded.cached_tokens, is_estimated = excluded.is_estimated,
                cost_micros = excluded.cost_micros, calls = excluded.calls",
        )?
        .execute(params![
            turn.0.into_bytes(),
            step,
            rows::tokens_column(usage.prompt_tokens),
            rows::tokens_column(usage.completion_tokens),
            rows::tokens_column(usage.cached_tokens),
            usage.is_estimated,
            fact.at.0,
            rows::tokens_column(usage.cost_micros),
            items::calls_of_step(fact.connection, conversation, (turn, step))?,
        ])?;
    fact.connection
        .prepare_cached(
            "UPDATE turns SET (prompt_tokens, completion_tokens, cached_tokens, is_estimated,
                cost_micros) =
                (SELECT sum(prompt_tokens), sum(completion_tokens), sum(cached_tokens),
                    max(is_estimated), sum(cost_micros) FROM usage WHERE turn = ?1)
             WHERE id = ?1 AND ended_at IS NULL",
        )?
        .execute([turn.0.into_bytes()])?;
    usage::settle_step(fact.connection, turn, step)
}

/// A turn is over. The first end counts.
pub(crate) fn end(
    fact: &Fact<'_>,
    conversation: ConversationId,
    turn: TurnId,
    (stop, usage): (&StopReason, Usage),
) -> Result<(), Fault> {
    start(fact, conversation, turn)?;
    fact.connection
        .prepare_cached(
            "UPDATE turns SET ended_at = ?2, stop = ?3, prompt_tokens = ?4,
                completion_tokens = ?5, cached_tokens = ?6, is_estimated = ?7, cost_micros = ?8
             WHERE id = ?1 AND ended_at IS NULL",
        )?
        .execute(params![
            turn.0.into_bytes(),
            fact.at.0,
            rows::json_column(stop)?,
            rows::tokens_column(usage.prompt_tokens),
            rows::tokens_column(usage.completion_tokens),
            rows::tokens_column(usage.cached_tokens),
            usage.is_estimated,
            rows::tokens_column(usage.cost_micros),
        ])?;
    usage::settle_turn(
        fact.connection,
        turn,
        matches!(stop, StopReason::Interrupted),
    )
}

/// Takes over the turns of processes that are gone.
fn claim(
    connection: &Connection,
    own: Option<i64>,
    is_alive: &dyn Fn(i64) -> bool,
) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT host FROM turns INDEXED BY turns_open WHERE ended_at IS NULL",
    )?;
    let hosts = statement.query_map([], |row| row.get::<_, Option<i64>>(0))?;
    let hosts: Vec<Option<i64>> = hosts.collect::<Result<_, _>>()?;
    for host in hosts {
        if host.is_some_and(is_alive) {
            continue;
        }
        connection
            .prepare_cached(
                "UPDATE turns INDEXED BY turns_open SET host = ?2, is_cut_off = 1
                 WHERE ended_at IS NULL AND host IS ?1",
            )?
            .execute(params![host, own])?;
    }
    Ok(())
}

fn unfinished(connection: &Connection, own: Option<i64>) -> Result<Vec<Unfinished>, Fault> {
    let mut statement = connection.prepare_cached(&format!(
        "{VIEW} INDEXED BY turns_open
         WHERE ended_at IS NULL AND is_cut_off AND host IS ?1 ORDER BY row"
    ))?;
    let turns = statement.query_map([own], view)?;
    let turns: Vec<TurnView> = turns.collect::<Result<_, _>>()?;
    turns
        .into_iter()
        .map(|turn| left_open(connection, turn))
        .collect()
}

fn standing(connection: &Connection, turn: TurnId) -> Result<Standing, Fault> {
    let mut statement = connection.prepare_cached(&format!("{VIEW} WHERE id = ?1"))?;
    let found = statement
        .query_row([turn.0.into_bytes()], view)
        .optional()?;
    Ok(match found {
        None => Standing::Unknown,
        Some(turn) if turn.ended_at.is_some() => Standing::Ended,
        Some(turn) => Standing::Open(Box::new(left_open(connection, turn)?)),
    })
}

/// A turn with everything that belongs to it and is open.
fn left_open(connection: &Connection, turn: TurnView) -> Result<Unfinished, Fault> {
    let conversation = turn.conversation;
    let mut approvals = approvals::open(connection, conversation)?;
    approvals.retain(|approval| approval.turn == turn.id);
    let mut questions = approvals::unanswered(connection, conversation)?;
    questions.retain(|question| question.turn == turn.id);
    Ok(Unfinished {
        items: items::open_of(connection, turn.id)?,
        turn,
        approvals,
        questions,
    })
}

fn view(row: &Row<'_>) -> rusqlite::Result<TurnView> {
    let ended_at: Option<i64> = row.get(3)?;
    let context_tokens: Option<i64> = row.get(10)?;
    Ok(TurnView {
        id: rows::id(row, 0)?,
        conversation: rows::id(row, 1)?,
        started_at: rows::millis(row, 2)?,
        ended_at: ended_at.map(anteroom_api::UnixMillis),
        stop: rows::optional_json(row, 4)?,
        usage: rows::usage(row, 5)?,
        context_tokens: context_tokens.map(i64::unsigned_abs),
    })
}
