//! Going back in a conversation: undoing, rewinding, forking. All of it only while nothing runs, so it is the
//! conversation's own task that does it.

use super::fork;
use crate::checkpoints::{self, Wish};
use crate::conversation::Letter;
use crate::engine::Engine;
use crate::host::Port;
use anteroom_api::{
    CheckpointEvent, Content, ConversationEvent, ConversationId, ConversationView, Event, ItemBody,
    ItemId, OpId, Problem, ProblemCode, Topic, TurnId, UndoTarget, UndoneFile,
};
use anteroom_tools::Session;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Files that are named to the model when changes were taken back; of more it is told how many.
const NAMED_MAX: usize = 10;

/// A wish about what has been.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Past {
    Undo { target: UndoTarget, is_forced: bool },
    Rewind { before: ItemId, is_undoing: bool },
    Fork { until: ItemId },
}

/// The conversation whose past it is.
pub(crate) struct Place<'a> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) view: &'a ConversationView,
    pub(crate) session: &'a Session,
}

/// Has the conversation's own task do it.
pub(crate) async fn ask(
    port: &Port,
    conversation: ConversationId,
    (op, wish): (OpId, Past),
) -> Result<(), Problem> {
    let address = port.address(conversation).await?;
    let (reply, taken) = oneshot::channel();
    let ended = || {
        Problem::new(ProblemCode::Internal, "the conversation's task has ended").hint("try again")
    };
    let letter = Letter::Past { op, wish, reply };
    address.send(letter).await.map_err(|_| ended())?;
    taken.await.map_err(|_| ended())?
}

/// Does it; called by the conversation's task while no turn of its own runs.
pub(crate) async fn perform(place: &Place<'_>, op: OpId, wish: Past) -> Result<(), Problem> {
    refuse_running(place).await?;
    match wish {
        Past::Undo { target, is_forced } => {
            let files = checkpoints::undo(
                place.engine,
                (place.view, place.session),
                Wish {
                    op,
                    target,
                    is_forced,
                },
            )
            .await?;
            if files.is_empty() {
                return Err(nothing_to_undo());
            }
            tell(place, op, vec![undone(target, files)]).await
        }
        Past::Rewind { before, is_undoing } => rewind(place, op, (before, is_undoing)).await,
        Past::Fork { until } => fork::fork(place, op, until).await,
    }
}

/// What the model is told at its next turn of changes that were taken back: nothing, or one line.
pub(crate) async fn news(
    engine: &Engine,
    conversation: ConversationId,
) -> Result<Option<Content>, Problem> {
    let paths = engine.storage.tell_undone(conversation).await?;
    if paths.is_empty() {
        return Ok(None);
    }
    let mut named: Vec<String> = paths
        .iter()
        .take(NAMED_MAX)
        .map(|path| format!("`{}`", anteroom_gate::visible(path)))
        .collect();
    if let Some(more) = paths.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        named.push(format!("{more} more"));
    }
    Ok(Some(Content::text(format!(
        "[Note: changes were taken back, so these files are not as you left them: {}. Read them again before you rely on them.]",
        named.join(", ")
    ))))
}

/// A turn may run in another process, too.
async fn refuse_running(place: &Place<'_>) -> Result<(), Problem> {
    let stored = place.engine.storage.conversation(place.view.id).await?;
    match stored.and_then(|view| view.running) {
        None => Ok(()),
        Some(turn) => Err(runs(turn)),
    }
}

/// What is said while a turn runs.
pub(crate) fn runs(turn: TurnId) -> Problem {
    Problem::new(
        ProblemCode::Conflict,
        "a turn of this conversation runs; its past can be changed only when it has ended",
    )
    .cause(format!("turn `{turn}`"))
    .hint("wait for its end, or cancel it")
}

async fn rewind(
    place: &Place<'_>,
    op: OpId,
    (before, is_undoing): (ItemId, bool),
) -> Result<(), Problem> {
    let conversation = place.view.id;
    let items = place.engine.storage.all_items(conversation).await?;
    match items.iter().find(|item| item.id == before) {
        Some(item) if matches!(item.body, ItemBody::UserMessage { .. }) => {}
        Some(_) => {
            return Err(Problem::new(
                ProblemCode::InvalidInput,
                "a conversation goes back to before a message of yours, and this is none",
            )
            .hint("see the messages with `aroom conversation show ID --json`"));
        }
        None => return Err(no_item(before)),
    }
    let mut events = Vec::new();
    if is_undoing {
        let target = UndoTarget::Since { item: before };
        let wish = Wish {
            op,
            target,
            is_forced: false,
        };
        let files = checkpoints::undo(place.engine, (place.view, place.session), wish).await?;
        if !files.is_empty() {
            events.push(undone(target, files));
        }
    }
    events.push(Event::Conversation(ConversationEvent::Rewound {
        conversation,
        before,
    }));
    tell(place, op, events).await
}

pub(super) fn no_item(item: ItemId) -> Problem {
    Problem::new(
        ProblemCode::NotFound,
        format!("there is no item `{item}` in this conversation"),
    )
    .hint("see the items with `aroom conversation show ID --json`")
}

fn undone(target: UndoTarget, files: Vec<UndoneFile>) -> Event {
    Event::Checkpoint(CheckpointEvent::Undone { target, files })
}

fn nothing_to_undo() -> Problem {
    Problem::new(
        ProblemCode::NotFound,
        "there is nothing to take back: no change of a file was kept there, or all were taken back already",
    )
    .hint("see what can be taken back with `aroom undo --list`")
}

async fn tell(place: &Place<'_>, op: OpId, events: Vec<Event>) -> Result<(), Problem> {
    let topic = Topic::Conversation(place.view.id);
    place.engine.bus.publish(topic, Some(op), events).await?;
    Ok(())
}
