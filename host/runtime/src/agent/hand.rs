//! A call that a person makes: one tool, no model; otherwise as any call of a turn.

use super::steps::Progress;
use super::turn::{Fault, TurnContext};
use super::{calls, history};
use crate::engine::Engine;
use anteroom_api::{
    Content, Event, ItemEvent, OpId, Problem, ProblemCode, Status, Stop, StopReason, TurnEvent,
    TurnId, Usage,
};
use anteroom_model::CallRequest;
use serde_json::Value;
use std::sync::Arc;

/// The one step of such a turn.
const STEP: u32 = 1;
/// Signs of a call's id; some endpoints take no more when the history is sent to them.
const ID_CHARS: usize = 9;

/// The call that is wanted, as a model would ask for it.
pub(crate) fn request(
    engine: &Engine,
    tool: String,
    arguments: Value,
) -> Result<CallRequest, Problem> {
    if !arguments.is_object() {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("the arguments of `{tool}` are not a JSON object"),
        )
        .hint("write them like `{\"path\": \"a.txt\"}`; `{}` if there are none"));
    }
    let id = engine.ambient.uuid().simple().to_string();
    Ok(CallRequest {
        id: id[id.len() - ID_CHARS..].to_owned(),
        name: tool,
        arguments: Ok(arguments),
    })
}

/// What the conversation is told of it.
pub(crate) fn asked(call: &CallRequest) -> Vec<Content> {
    let arguments = match &call.arguments {
        Ok(arguments) => arguments.to_string(),
        Err(raw) => raw.clone(),
    };
    let text = format!(
        "[I run the tool `{}` by hand, with {arguments}; its call and its result follow.]",
        call.name
    );
    vec![Content::text(text)]
}

/// A turn runs, and this one would have to wait.
pub(crate) fn busy(turn: TurnId) -> Problem {
    Problem::new(
        ProblemCode::Conflict,
        "a turn of this conversation runs; a tool can be run by hand when it has ended",
    )
    .cause(format!("turn `{turn}`"))
    .hint("wait for its end, or cancel it")
}

/// Makes the call; the turn's beginning and end are told by whoever runs the turn.
pub(super) async fn run(
    turn: &Arc<TurnContext>,
    (cause, stop): (Option<OpId>, &Stop),
    progress: &mut Progress,
    (input, call): (Vec<Content>, CallRequest),
) -> Result<StopReason, Fault> {
    let before = turn.engine.storage.all_items(turn.conversation).await?;
    let item = turn.user_item(0, input);
    progress
        .untold
        .push(Event::Item(ItemEvent::Completed(item)));
    let events = std::mem::take(&mut progress.untold);
    turn.engine.bus.publish(turn.topic(), cause, events).await?;
    if let Some(opened) = progress.opened.take() {
        // Whoever started the turn may have gone.
        let _ = opened.send(());
    }
    progress.steps = STEP;
    let mut calls = vec![call];
    history::make_ids_unique(&before, &mut calls);
    let paid = turn.purse.calls((turn.turn, STEP), calls.len()).await?;
    let done = calls::run(turn, (STEP, paid), calls, stop).await?;
    progress.untold.push(Event::Turn(TurnEvent::StepEnded {
        turn: turn.turn,
        step: STEP,
        usage: Usage::default(),
        record: None,
    }));
    if let Some(script) = &turn.script
        && done.iter().any(|item| item.status == Status::Interrupted)
    {
        script.cut();
    }
    Ok(match turn.purse.end() {
        _ if stop.is_raised() => StopReason::Cancelled,
        Some(text) => StopReason::Budget { text },
        None => StopReason::EndTurn,
    })
}
