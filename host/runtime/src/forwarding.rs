//! Wishes that concern what another living process holds: carried out there, answered here.
//!
//! A conversation runs in one process at a time. Whoever else shows it sends its wishes there through the
//! database; nothing is done twice, and a process that has ended is noticed before anybody waits for it.

use crate::host::Port;
use crate::recovery;
use anteroom_api::{
    ApprovalOp, ConversationId, ConversationOp, ElicitationOp, Event, Op, OpId, Problem,
    ProblemCode, ServerOp, Topic, TurnEvent, TurnId, TurnOp, TurnOptions,
};
use anteroom_storage::{Delivery, Holder, HostNumber, Letter};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

/// How long another process may take to carry a wish out.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked whether that process still lives, while a wish is under way.
const HEARTBEAT: Duration = Duration::from_millis(50);

/// Rises whenever there may be an answer.
pub(crate) struct Ticks(watch::Sender<u64>);

impl Default for Ticks {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Ticks {
    /// There may be answers.
    pub(crate) fn tick(&self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// Who is to carry a wish out.
#[derive(Debug)]
enum Way {
    Here,
    There(HostNumber),
    Refused(Problem),
}

/// Carries a wish out where what it concerns is; false if that is here.
pub(crate) async fn elsewhere(port: &Port, id: OpId, op: &Op) -> Result<bool, Problem> {
    let host = match way(port, op).await? {
        Way::Here => return Ok(false),
        Way::Refused(problem) => return Err(problem),
        Way::There(host) => host,
    };
    match send(port, host, id, op).await? {
        Sent::Done => Ok(true),
        Sent::Gone => {
            recovery::close_dead_turns(&port.engine).await?;
            match begins(op) {
                true => Ok(false),
                false => Err(gone()),
            }
        }
    }
}

/// Carries out what other processes sent here.
pub(crate) async fn take(port: &Arc<Port>) {
    let engine = &port.engine;
    let letters = match engine.storage.take_letters(engine.ambient.now()).await {
        Ok(letters) => letters,
        Err(error) => {
            tracing::warn!(%error, "wishes of other processes could not be read");
            return;
        }
    };
    for letter in letters {
        let port = Arc::clone(port);
        tokio::spawn(async move {
            let answer = match concerns_one_process(&letter.wish) {
                true => port.perform(letter.op, letter.wish).await,
                false => Err(Problem::new(
                    ProblemCode::InvalidInput,
                    "this is not for another process to do",
                )),
            };
            let told = port.engine.storage.answer_letter(letter.op, &answer).await;
            if let Err(error) = told {
                tracing::warn!(%error, "another process could not be answered");
            }
            port.engine.bus.bell().ring();
        });
    }
}

/// Runs input that is held, in this process.
pub(crate) async fn release(
    port: &Port,
    turn: TurnId,
    options: TurnOptions,
) -> Result<(), Problem> {
    let (conversation, input) = held(port, turn).await?;
    let (reply, taken) = oneshot::channel();
    let start = crate::conversation::Letter::Start {
        op: OpId(turn.0),
        input,
        options,
        reply,
    };
    let address = port.address(conversation).await?;
    address.send(start).await.map_err(|_| not_held())?;
    taken.await.map_err(|_| not_held())?
}

/// Takes input back that is held; false if it is not.
pub(crate) async fn discard(port: &Port, id: OpId, turn: TurnId) -> Result<bool, Problem> {
    let Ok((conversation, _)) = held(port, turn).await else {
        return Ok(false);
    };
    let unqueued = Event::Turn(TurnEvent::Unqueued { turn });
    port.tell(Topic::Conversation(conversation), id, unqueued)
        .await?;
    Ok(true)
}

async fn held(
    port: &Port,
    turn: TurnId,
) -> Result<(ConversationId, Vec<anteroom_api::Content>), Problem> {
    let storage = &port.engine.storage;
    let conversation = storage.conversation_of_queued(turn).await?;
    let conversation = conversation.ok_or_else(not_held)?;
    let queue = storage.queue(conversation).await?;
    let found = queue
        .into_iter()
        .find(|queued| queued.turn == turn && queued.is_held);
    Ok((conversation, found.ok_or_else(not_held)?.input))
}

async fn way(port: &Port, op: &Op) -> Result<Way, Problem> {
    let (storage, desk) = (&port.engine.storage, &port.engine.desk);
    let holder = match op {
        Op::Turn(TurnOp::Start { conversation, .. } | TurnOp::Call { conversation, .. })
        | Op::Conversation(
            ConversationOp::Delete { conversation }
            | ConversationOp::Rewind { conversation, .. }
            | ConversationOp::Compact { conversation }
            | ConversationOp::Uncompact { conversation },
        ) => storage.holder_of_conversation(*conversation).await?,
        Op::Turn(
            TurnOp::Steer { turn, .. }
            | TurnOp::Cancel { turn }
            | TurnOp::Unqueue { turn }
            | TurnOp::Reword { turn, .. }
            | TurnOp::Reorder { turn, .. },
        ) => storage.holder_of_turn(*turn).await?,
        Op::Turn(TurnOp::Release { turn, .. }) => {
            match storage.conversation_of_queued(*turn).await? {
                Some(conversation) => storage.holder_of_conversation(conversation).await?,
                None => Holder::Nobody,
            }
        }
        Op::Approval(ApprovalOp::Decide { approval, .. } | ApprovalOp::Extend { approval }) => {
            match desk.has_approval(*approval) {
                true => Holder::Own,
                false => storage.holder_of_approval(*approval).await?,
            }
        }
        Op::Elicitation(ElicitationOp::Answer { elicitation, .. }) => {
            match desk.has_question(*elicitation) {
                true => Holder::Own,
                false => storage.holder_of_question(*elicitation).await?,
            }
        }
        Op::Server(ServerOp::End { pid }) => storage.holder_of_server(*pid).await?,
        Op::Conversation(
            ConversationOp::Open { .. }
            | ConversationOp::Rename { .. }
            | ConversationOp::Tag { .. }
            | ConversationOp::Move { .. }
            | ConversationOp::Assign { .. }
            | ConversationOp::Pin { .. }
            | ConversationOp::Configure { .. }
            | ConversationOp::Fork { .. },
        )
        | Op::Module(_)
        | Op::Setting(_)
        | Op::Rule(_)
        | Op::Checkpoint(_)
        | Op::Database(_)
        | Op::Workspace(_)
        | Op::Tag(_)
        | Op::Folder(_)
        | Op::Project(_)
        | Op::Text(_)
        | Op::Canvas(_)
        | Op::Bundle(_)
        | Op::Session(_)
        | Op::Mcp(_)
        | Op::Skill(_)
        | Op::Server(ServerOp::Announce { .. }) => Holder::Own,
    };
    Ok(match holder {
        Holder::Nobody | Holder::Own => Way::Here,
        Holder::Other(_) if changes_history(op) => Way::Refused(runs_elsewhere()),
        Holder::Other(host) => Way::There(host),
        Holder::Far => Way::Refused(far()),
        Holder::Gone => {
            recovery::close_dead_turns(&port.engine).await?;
            match begins(op) || matches!(op, Op::Turn(TurnOp::Unqueue { .. })) {
                true => Way::Here,
                false => Way::Refused(gone()),
            }
        }
    })
}

/// Whether a wish is done just as well when nothing runs any more.
fn begins(op: &Op) -> bool {
    matches!(
        op,
        Op::Turn(TurnOp::Start { .. } | TurnOp::Call { .. } | TurnOp::Release { .. })
            | Op::Conversation(_)
    )
}

fn changes_history(op: &Op) -> bool {
    matches!(
        op,
        Op::Conversation(
            ConversationOp::Rewind { .. }
                | ConversationOp::Compact { .. }
                | ConversationOp::Uncompact { .. }
        )
    )
}

/// What another process may send: wishes about what this one holds.
fn concerns_one_process(op: &Op) -> bool {
    matches!(
        op,
        Op::Turn(_)
            | Op::Approval(_)
            | Op::Elicitation(_)
            | Op::Server(ServerOp::End { .. })
            | Op::Conversation(ConversationOp::Delete { .. })
    )
}

enum Sent {
    Done,
    /// The process had ended; nothing was done.
    Gone,
}

async fn send(port: &Port, host: HostNumber, id: OpId, op: &Op) -> Result<Sent, Problem> {
    let engine = &port.engine;
    let letter = Letter {
        op: id,
        wish: op.clone(),
    };
    let mut ticks = engine.ticks.0.subscribe();
    let sent = engine
        .storage
        .send_letter(host, &letter, engine.ambient.now());
    if !sent.await? {
        return Ok(Sent::Gone);
    }
    engine.bus.bell().ring();
    let deadline = Instant::now() + PATIENCE;
    loop {
        tokio::select! {
            _ = ticks.changed() => {}
            () = tokio::time::sleep(HEARTBEAT) => {}
        }
        if engine.storage.is_answered(id).await?
            || !engine.storage.is_alive(host)
            || Instant::now() >= deadline
        {
            break;
        }
    }
    match engine.storage.end_letter(id).await? {
        Delivery::Answered(answer) => answer.map(|()| Sent::Done),
        Delivery::Withdrawn if engine.storage.is_alive(host) => Err(silent()),
        Delivery::Withdrawn => Ok(Sent::Gone),
        Delivery::Taken => Err(unconfirmed()),
    }
}

fn gone() -> Problem {
    Problem::new(
        ProblemCode::Conflict,
        "the process that ran this turn has ended, and the turn with it",
    )
    .hint("say again what is to be done; the conversation goes on from there")
}

fn silent() -> Problem {
    Problem::new(
        ProblemCode::Conflict,
        "the process that runs this conversation does not answer; nothing was done",
    )
    .hint("try again, or end that process")
    .retryable()
}

fn unconfirmed() -> Problem {
    Problem::new(
        ProblemCode::Conflict,
        "the process that runs this conversation has taken the wish and not said what came of it",
    )
    .hint("look at the conversation before trying again")
}

fn runs_elsewhere() -> Problem {
    Problem::new(
        ProblemCode::Conflict,
        "a turn runs in this conversation, in another process",
    )
    .hint("wait for its end, or cancel it")
}

fn far() -> Problem {
    Problem::new(
        ProblemCode::Conflict,
        "this conversation of a shared database runs in another process",
    )
    .hint("answer it where it was started, or wait for its end")
}

fn not_held() -> Problem {
    Problem::new(ProblemCode::NotFound, "this input is not held any more")
        .hint("it runs, waits behind a turn, or was taken back")
}
