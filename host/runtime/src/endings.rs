//! Ends of turns that could not tell them: their task panicked, or nothing could be stored.
//!
//! An end that is owed is told as soon as it can be stored, before anything else of its conversation, and
//! closes what the turn left open. What this process never comes to tell, the next start closes.

use crate::agent::turn::{TurnContext, TurnReport};
use crate::engine::Engine;
use crate::recovery;
use anteroom_api::{
    ConversationId, Event, Problem, ProblemCode, StopReason, Topic, TurnEvent, TurnId, Usage,
};
use anteroom_storage::Standing;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinError;

/// How long the end of a turn waits for what still runs for it.
const SETTLE_PATIENCE: Duration = Duration::from_secs(1);
/// Said of a call that the turn's fault cut off.
const CUT_OFF: &str =
    "the turn failed inside Anteroom while this call ran; its effects may be partial";

/// Ends that are owed.
#[derive(Default)]
pub(crate) struct Owed(Mutex<Vec<Ending>>);

/// The end of one turn.
struct Ending {
    /// The conversation a person sees it in, which tells it.
    root: ConversationId,
    conversation: ConversationId,
    turn: TurnId,
    stop: StopReason,
}

impl Owed {
    fn add(&self, turn: &TurnContext, stop: StopReason) {
        self.endings().push(Ending {
            root: turn.root.conversation,
            conversation: turn.conversation,
            turn: turn.turn,
            stop,
        });
    }

    fn take(&self, root: ConversationId) -> Vec<Ending> {
        let mut endings = self.endings();
        let all = std::mem::take(&mut *endings);
        let (due, others) = all.into_iter().partition(|ending| ending.root == root);
        *endings = others;
        due
    }

    fn endings(&self) -> std::sync::MutexGuard<'_, Vec<Ending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of a turn's task. Its end is told, or owed.
pub(crate) async fn of(turn: &TurnContext, ended: Result<TurnReport, JoinError>) -> TurnReport {
    match ended {
        Ok(report) => {
            if !report.is_told {
                turn.engine.owed.add(turn, report.stop.clone());
            }
            report
        }
        Err(error) => panicked(turn, &error).await,
    }
}

/// A panic fails the turn, visibly, and nothing else. The turn's stop must have been raised.
async fn panicked(turn: &TurnContext, error: &JoinError) -> TurnReport {
    tracing::error!(turn = %turn.turn, %error, "a turn failed inside the host");
    // What ran for the turn tells its own end first; what does not come to it is closed with the turn.
    drop(tokio::time::timeout(SETTLE_PATIENCE, turn.busy.write()).await);
    let problem = Problem::new(ProblemCode::Internal, "the turn failed inside the host")
        .cause(error)
        .hint("try again; the log in the data folder tells more");
    let stop = StopReason::Failed { problem };
    turn.engine.owed.add(turn, stop.clone());
    if let Err(problem) = settle(&turn.engine, turn.root.conversation).await {
        let topic = Topic::Conversation(turn.root.conversation);
        turn.engine
            .bus
            .trouble(topic, Some(turn.root.turn), problem);
    }
    TurnReport {
        stop,
        text: String::new(),
        steps: 0,
        is_told: true,
    }
}

/// Tells the ends that a conversation owes, its child agents' included.
///
/// # Errors
/// They still cannot be stored.
pub(crate) async fn settle(engine: &Engine, root: ConversationId) -> Result<(), Problem> {
    let mut result = Ok(());
    for ending in engine.owed.take(root) {
        if let Err(problem) = tell(engine, &ending).await {
            if problem.code == ProblemCode::Storage {
                engine.owed.endings().push(ending);
                result = Err(problem);
            } else {
                // Its conversation is gone, and with it whoever would want to know.
                tracing::warn!(turn = %ending.turn, %problem, "the end of a turn was not told");
            }
        }
    }
    result
}

async fn tell(engine: &Engine, ending: &Ending) -> Result<(), Problem> {
    let (turn, stop) = (ending.turn, ending.stop.clone());
    let events = match engine.storage.standing(turn).await? {
        Standing::Ended => return Ok(()),
        Standing::Open(left) => recovery::ending(*left, stop, CUT_OFF),
        Standing::Unknown => vec![Event::Turn(TurnEvent::Ended {
            turn,
            stop,
            usage: Usage::default(),
        })],
    };
    let topic = Topic::Conversation(ending.conversation);
    engine.bus.publish(topic, None, events).await?;
    Ok(())
}
