//! Turns that a crash cut off: closed at the next start, with all that was acknowledged.

use crate::approvals::NOBODY;
use crate::engine::Engine;
use anteroom_api::{
    Answer, ApprovalEvent, ElicitationEvent, Event, Item, ItemBody, ItemEvent, Problem, Resolution,
    Status, StopReason, ToolResult, Topic, TurnEvent,
};
use anteroom_storage::Unfinished;

/// Said of a call that a crash cut off.
const CUT_OFF: &str =
    "interrupted: the program ended while this call ran; its effects may be partial";

/// Marks every turn whose process is gone as interrupted. Storage leaves out those of living processes.
pub(crate) async fn close_dead_turns(engine: &Engine) -> Result<(), Problem> {
    for left in engine.storage.unfinished().await? {
        let (conversation, turn) = (left.turn.conversation, left.turn.id);
        engine
            .bus
            .publish(
                Topic::Conversation(conversation),
                None,
                ending(left, StopReason::Interrupted, CUT_OFF),
            )
            .await?;
        tracing::info!(%conversation, %turn, "closed a turn that was cut off");
    }
    Ok(())
}

/// The facts that end a turn and all it left open; `cut_off` is said of its calls.
pub(crate) fn ending(left: Unfinished, stop: StopReason, cut_off: &str) -> Vec<Event> {
    let of_calls = match &stop {
        StopReason::Failed { .. } => Status::Failed,
        _ => Status::Interrupted,
    };
    let mut events = Vec::new();
    for approval in left.approvals {
        let (resolution, by) = (Resolution::NotAnswered, NOBODY.to_owned());
        events.push(Event::Approval(ApprovalEvent::Resolved {
            approval: approval.id,
            resolution,
            by,
        }));
    }
    for question in left.questions {
        events.push(Event::Elicitation(ElicitationEvent::Answered {
            elicitation: question.id,
            answer: Answer::NotAnswered,
        }));
    }
    for item in left.items {
        let closed = closed(item, of_calls, cut_off);
        events.push(Event::Item(ItemEvent::Completed(closed)));
    }
    let ended = TurnEvent::Ended {
        turn: left.turn.id,
        stop,
        usage: left.turn.usage,
    };
    events.push(Event::Turn(ended));
    events
}

fn closed(item: Item, of_calls: Status, cut_off: &str) -> Item {
    let (status, body) = match item.body {
        ItemBody::ToolCall(mut call) => {
            call.result
                .get_or_insert_with(|| ToolResult::failed(cut_off));
            (of_calls, ItemBody::ToolCall(call))
        }
        body @ (ItemBody::UserMessage { .. }
        | ItemBody::AgentMessage { .. }
        | ItemBody::Reasoning { .. }
        | ItemBody::Summary { .. }) => (Status::Interrupted, body),
    };
    Item {
        status,
        body,
        ..item
    }
}
