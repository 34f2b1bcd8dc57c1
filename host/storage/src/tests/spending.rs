//! What was spent, what is set aside, and which summary holds.

use super::support::*;
use crate::{Caps, Reservation, Spent, Summarized};
use anteroom_api::{ConversationEvent, Event, Status, StopReason, TurnEvent, Usage};

fn cost(prompt: u64, completion: u64, micros: u64) -> Usage {
    Usage {
        prompt_tokens: prompt,
        completion_tokens: completion,
        cost_micros: micros,
        ..Usage::default()
    }
}

fn spent(tokens: u64, cost_micros: u64, calls: u64) -> Spent {
    Spent {
        tokens,
        cost_micros,
        calls,
    }
}

fn step_ended(turn: u32, step: u32, usage: Usage) -> Event {
    Event::Turn(TurnEvent::StepEnded {
        turn: turn_id(turn),
        step,
        usage,
        record: None,
    })
}

fn turn_ended(turn: u32, stop: StopReason, usage: Usage) -> Event {
    Event::Turn(TurnEvent::Ended {
        turn: turn_id(turn),
        stop,
        usage,
    })
}

fn reservation(number: u32, turn: u32, tokens: u64) -> Reservation {
    Reservation {
        id: uuid(7, number),
        turn: turn_id(turn),
        step: 1,
        amount: spent(tokens, 0, 0),
    }
}

#[tokio::test]
async fn tokens_cost_and_calls_add_up() {
    let place = Place::new();
    let storage = place.open().await;
    let events = vec![
        opened(view(1)),
        started(1),
        completed(calls(1, Status::Completed)),
        completed(calls(2, Status::Failed)),
        step_ended(1, 1, cost(100, 10, 7)),
        step_ended(1, 2, cost(200, 20, 8)),
    ];
    storage.tell(1, events).await.unwrap();
    // The same step again changes nothing.
    storage
        .tell(1, vec![step_ended(1, 2, cost(200, 20, 8))])
        .await
        .unwrap();
    let ended = turn_ended(1, StopReason::EndTurn, cost(300, 30, 15));
    storage.tell(1, vec![ended]).await.unwrap();
    storage
        .spend_besides(conversation_id(1), "title", (cost(50, 5, 1), AT, None))
        .await
        .unwrap();
    let turns = storage.turns(conversation_id(1)).await.unwrap();
    assert_eq!(turns[0].usage, cost(300, 30, 15));
    let view = storage
        .conversation(conversation_id(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(view.usage, cost(350, 35, 16));
    let whole = spent(385, 16, 2);
    assert_eq!(storage.spent(conversation_id(1)).await.unwrap(), whole);
    assert_eq!(storage.spent_on(AT).await.unwrap(), whole);
    assert_eq!(
        storage.spent_on(AT.plus(86_400_000)).await.unwrap(),
        Spent::default()
    );
}

#[tokio::test]
async fn two_processes_share_a_days_budget() {
    let place = Place::new();
    let (first, second) = (place.open().await, place.open().await);
    first
        .tell(1, vec![opened(view(1)), started(1)])
        .await
        .unwrap();
    let caps = Caps {
        tokens: Some(1000),
        ..Caps::default()
    };
    assert!(!caps.is_unlimited() && Caps::default().is_unlimited());
    let reserve = |number: u32, tokens: u64| (reservation(number, 1, tokens), caps, AT);
    let (r, c, at) = reserve(1, 600);
    assert_eq!(first.reserve(r, c, at).await.unwrap(), Ok(()));
    let (r, c, at) = reserve(2, 600);
    assert_eq!(
        second.reserve(r, c, at).await.unwrap(),
        Err(spent(600, 0, 0))
    );
    // The step turns what was set aside into what was spent.
    first
        .tell(1, vec![step_ended(1, 1, cost(90, 10, 0))])
        .await
        .unwrap();
    let (r, c, at) = reserve(3, 600);
    assert_eq!(second.reserve(r, c, at).await.unwrap(), Ok(()));
    second.release(uuid(7, 3)).await.unwrap();
    let (r, c, at) = reserve(4, 900);
    assert_eq!(second.reserve(r, c, at).await.unwrap(), Ok(()));
    assert_eq!(first.spent_on(AT).await.unwrap(), spent(1000, 0, 0));
    // A turn that was cut off may have spent it all.
    let ended = turn_ended(1, StopReason::Interrupted, cost(90, 10, 0));
    first.tell(1, vec![ended]).await.unwrap();
    assert_eq!(first.spent_on(AT).await.unwrap(), spent(1000, 0, 0));
    // Nothing is given back with a conversation.
    let deleted = ConversationEvent::Deleted {
        conversation: conversation_id(1),
    };
    let deleted = entry(
        anteroom_api::Topic::Host,
        0,
        vec![Event::Conversation(deleted)],
    );
    first.append(deleted).await.unwrap();
    assert_eq!(first.spent_on(AT).await.unwrap(), spent(1000, 0, 0));
}

#[tokio::test]
async fn the_newest_summary_holds_until_it_is_taken_away() {
    let place = Place::new();
    let storage = place.open().await;
    let compacted = |item: u32, from: Option<u32>| {
        Event::Conversation(ConversationEvent::Compacted {
            conversation: conversation_id(1),
            item: item_id(item),
            from: from.map(item_id),
            before_tokens: 10,
            after_tokens: 5,
        })
    };
    storage
        .tell(1, vec![opened(view(1)), compacted(4, Some(2))])
        .await
        .unwrap();
    storage.tell(1, vec![compacted(9, None)]).await.unwrap();
    storage.close().await.unwrap();
    let storage = place.open().await;
    let held = storage.summarized(conversation_id(1)).await.unwrap();
    let newest = Summarized {
        item: item_id(9),
        from: None,
    };
    assert_eq!(held, Some(newest));
    let whole = ConversationEvent::Uncompacted {
        conversation: conversation_id(1),
    };
    storage
        .tell(1, vec![Event::Conversation(whole)])
        .await
        .unwrap();
    assert_eq!(storage.summarized(conversation_id(1)).await.unwrap(), None);
}
