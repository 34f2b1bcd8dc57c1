//! Forks: a new conversation with copies of everything up to an item, told like any other.

use super::past::{Place, no_item};
use crate::engine::Engine;
use crate::modules::prefix;
use anteroom_api::{
    CanvasEvent, CanvasId, CanvasView, ConversationEvent, ConversationId, ConversationView, Event,
    Item, ItemBody, ItemEvent, ItemId, OpId, Problem, Seq, StopReason, Topic, TurnEvent, TurnId,
    TurnOptions, UnixMillis, Usage,
};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;

/// Forks of forks of forks: more than this are not looked through for a canvas.
const GENERATIONS_MAX: usize = 16;

/// Opens a conversation with copies of everything up to `until`, whose whole step comes along. All of it is
/// stored at once or not at all.
pub(super) async fn fork(place: &Place<'_>, op: OpId, until: ItemId) -> Result<(), Problem> {
    let (engine, source) = (place.engine, place.view.id);
    let items = engine.storage.all_items(source).await?;
    let (copied, next) = cut(items, until).ok_or_else(|| no_item(until))?;
    let id = ConversationId::from(op);
    let now = engine.ambient.now();
    let stored = engine.storage.conversation(source).await?;
    let view = stored.unwrap_or_else(|| place.view.clone());
    let opened = ConversationEvent::Opened {
        conversation: Box::new(ConversationView {
            id,
            title: title(&view.title),
            forked_from: Some(until),
            created_at: now,
            updated_at: now,
            seq: Seq(0),
            running: None,
            usage: Usage::default(),
            ..view
        }),
    };
    let stops = engine.storage.turns(source).await?;
    let stops = stops.into_iter().map(|turn| (turn.id, turn.stop)).collect();
    let mut events = vec![Event::Conversation(opened)];
    let mut names = HashMap::new();
    events.extend(turns(engine, (copied, &mut names), &stops));
    if let Some(held) = engine.storage.summarized(source).await?
        && let Some(item) = names.get(&held.item)
    {
        events.push(Event::Conversation(ConversationEvent::Compacted {
            conversation: id,
            item: *item,
            from: held.from.and_then(|from| names.get(&from).copied()),
            // Counted when the source was summarized.
            before_tokens: 0,
            after_tokens: 0,
        }));
    }
    // What was saved later belongs to what is not copied.
    let saved_until = next.unwrap_or(UnixMillis(i64::MAX));
    let versions = engine.storage.canvas_versions(source, saved_until).await?;
    events.extend(versions.into_iter().map(|canvas| {
        Event::Canvas(CanvasEvent::Saved {
            canvas: CanvasView {
                id: canvas_in(id, canvas.id),
                conversation: id,
                ..canvas
            },
        })
    }));
    prefix::copy(engine, source, id).await;
    engine
        .bus
        .publish(Topic::Conversation(id), Some(op), events)
        .await?;
    Ok(())
}

/// What a canvas is called in a fork of its conversation. The model goes on to call it what it was called when
/// it was made, so the new id follows from the old one.
pub(crate) fn canvas_in(fork: ConversationId, canvas: CanvasId) -> CanvasId {
    let mut hasher = Sha256::new();
    hasher.update(fork.0.as_bytes());
    hasher.update(canvas.0.as_bytes());
    let mut bytes = [0; 16];
    for (byte, hashed) in bytes.iter_mut().zip(hasher.finalize()) {
        *byte = hashed;
    }
    CanvasId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// The ids under which a canvas may be found in a conversation that is called `canvas` in its history: its own,
/// and those it got when the conversation was forked, once or several times.
pub(crate) async fn canvas_names(
    engine: &Engine,
    conversation: ConversationId,
    canvas: CanvasId,
) -> Result<Vec<CanvasId>, Problem> {
    let mut line = Vec::new();
    let mut here = Some(conversation);
    while let Some(id) = here.filter(|_| line.len() < GENERATIONS_MAX) {
        let view = engine.storage.conversation(id).await?;
        let Some(from) = view.and_then(|view| view.forked_from) else {
            break;
        };
        line.push(id);
        here = engine.storage.source_of(id, from).await?;
    }
    let mut names = vec![canvas];
    for first in 0..line.len() {
        // From the generation in which it was made down to this one.
        let name = line
            .iter()
            .take(first + 1)
            .rev()
            .fold(canvas, |name, fork| canvas_in(*fork, name));
        names.push(name);
    }
    Ok(names)
}

/// The items up to one and the rest of its step, and when the first of the others began.
fn cut(items: Vec<Item>, until: ItemId) -> Option<(Vec<Item>, Option<UnixMillis>)> {
    let at = items.iter().position(|item| item.id == until)?;
    let place = items.get(at).map(|item| (item.turn, item.step))?;
    let mut next = None;
    let mut copied = Vec::with_capacity(at + 1);
    for (index, item) in items.into_iter().enumerate() {
        if index <= at || (item.turn, item.step) == place {
            copied.push(item);
        } else if next.is_none() {
            next = Some(item.created_at);
        }
    }
    Some((copied, next))
}

/// Copies with ids of their own, turn by turn; `names` gets which is whose.
fn turns(
    engine: &Engine,
    (items, names): (Vec<Item>, &mut HashMap<ItemId, ItemId>),
    stops: &HashMap<TurnId, Option<StopReason>>,
) -> Vec<Event> {
    let mut events = Vec::new();
    let mut current: Option<(TurnId, TurnId)> = None;
    let ended = |(source, copy): (TurnId, TurnId)| {
        let stop = stops.get(&source).cloned().flatten();
        Event::Turn(TurnEvent::Ended {
            turn: copy,
            stop: stop.unwrap_or(StopReason::EndTurn),
            // They were spent where they came from.
            usage: Usage::default(),
        })
    };
    for item in items {
        let copy = match current {
            Some((source, copy)) if source == item.turn => copy,
            other => {
                events.extend(other.map(ended));
                let copy = TurnId::from(engine.ambient.uuid());
                events.push(Event::Turn(TurnEvent::Started {
                    turn: copy,
                    options: TurnOptions::default(),
                }));
                current = Some((item.turn, copy));
                copy
            }
        };
        let id = ItemId::from(engine.ambient.uuid());
        names.insert(item.id, id);
        events.push(Event::Item(ItemEvent::Completed(Item {
            id,
            turn: copy,
            body: body(item.body),
            ..item
        })));
    }
    events.extend(current.map(ended));
    events
}

/// A child agent's conversation stays with the call that started it.
fn body(body: ItemBody) -> ItemBody {
    match body {
        ItemBody::ToolCall(mut call) => {
            call.child = None;
            ItemBody::ToolCall(call)
        }
        body @ (ItemBody::UserMessage { .. }
        | ItemBody::AgentMessage { .. }
        | ItemBody::Reasoning { .. }
        | ItemBody::Summary { .. }) => body,
    }
}

fn title(title: &str) -> String {
    match title.trim() {
        "" => String::new(),
        title => format!("{title} (fork)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_canvas_is_called_the_same_in_the_same_fork_and_otherwise_elsewhere() {
        let id = |number| Uuid::from_u128(number);
        let (one, two) = (ConversationId(id(1)), ConversationId(id(2)));
        let canvas = CanvasId(id(3));
        assert_eq!(canvas_in(one, canvas), canvas_in(one, canvas));
        assert_ne!(canvas_in(one, canvas), canvas_in(two, canvas));
        assert_ne!(canvas_in(one, canvas), canvas);
    }
}
