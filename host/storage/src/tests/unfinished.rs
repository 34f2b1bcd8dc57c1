//! Turns cut off by a crash, and what was saved of them.

use super::support::*;
use crate::{Standing, Storage, Unfinished};
use anteroom_api::{
    Approval, ApprovalEvent, EffectKind, EffectView, ElicitationEvent, Event, Item, ItemBody,
    Question, Resolution, Status, StopReason, Tier, TurnEvent, TurnView, Usage,
};

fn writes(number: u32, status: Status, text: &str) -> Item {
    let text = text.to_string();
    item(number, 1, status, ItemBody::AgentMessage { text })
}

fn approval(number: u32, turn: u32) -> Approval {
    Approval {
        id: uuid(6, number).into(),
        turn: turn_id(turn),
        item: item_id(2),
        agent: None,
        tool: "write_file".to_string(),
        effect: EffectView {
            kind: EffectKind::FileWrite,
            summary: "src/main.rs".to_string(),
            detail: None,
            preview: None,
        },
        tier: Tier::Write,
        reasons: vec![],
        scopes: vec![],
        digest: "00".to_string(),
        requested_at: AT,
        expires_at: AT.plus(60_000),
    }
}

fn question(number: u32, turn: u32) -> Question {
    Question {
        id: uuid(7, number).into(),
        turn: turn_id(turn),
        item: item_id(2),
        agent: None,
        text: "which?".to_string(),
        options: vec!["this".to_string()],
        is_multiple: false,
        server: None,
        form: Vec::new(),
        expires_at: AT,
    }
}

fn requested(approval: Approval) -> Event {
    Event::Approval(ApprovalEvent::Requested {
        approval: Box::new(approval),
    })
}

fn asked(question: Question) -> Event {
    Event::Elicitation(ElicitationEvent::Requested { question })
}

fn ended(turn: u32, stop: StopReason) -> Event {
    Event::Turn(TurnEvent::Ended {
        turn: turn_id(turn),
        stop,
        usage: Usage::default(),
    })
}

/// A turn that is over, one that runs with everything open, one in another conversation.
async fn begin(storage: &Storage) -> Vec<Unfinished> {
    let resolved = Event::Approval(ApprovalEvent::Resolved {
        approval: uuid(6, 1).into(),
        resolution: Resolution::NotAnswered,
        by: "nobody".to_string(),
    });
    let events = vec![
        opened(view(1)),
        started(9),
        requested(approval(3, 9)),
        ended(9, StopReason::EndTurn),
        started(1),
        completed(writes(1, Status::Completed, "done")),
        begun(calls(2, Status::Pending)),
        begun(writes(3, Status::Running, "")),
        requested(approval(1, 1)),
        resolved,
        requested(approval(2, 1)),
        asked(question(1, 1)),
    ];
    storage.tell(1, events).await.unwrap();
    storage
        .tell(2, vec![opened(view(2)), started(2)])
        .await
        .unwrap();
    let partial = writes(3, Status::Running, "as far as it c");
    storage
        .save_partial(conversation_id(1), &partial)
        .await
        .unwrap();

    let turn = |number, conversation| TurnView {
        id: turn_id(number),
        conversation: conversation_id(conversation),
        started_at: AT.plus(1),
        ended_at: None,
        stop: None,
        usage: Usage::default(),
        context_tokens: None,
    };
    vec![
        Unfinished {
            turn: turn(1, 1),
            items: vec![calls(2, Status::Pending), partial],
            approvals: vec![approval(2, 1)],
            questions: vec![question(1, 1)],
        },
        Unfinished {
            turn: turn(2, 2),
            items: vec![],
            approvals: vec![],
            questions: vec![],
        },
    ]
}

#[tokio::test]
async fn how_far_a_turn_has_come_is_told_to_its_own_process() {
    let place = Place::new();
    let storage = place.open().await;
    let expected = begin(&storage).await.remove(0);
    let standing = |turn| storage.standing(turn_id(turn));
    assert_eq!(standing(9).await.unwrap(), Standing::Ended);
    assert_eq!(standing(7).await.unwrap(), Standing::Unknown);
    let open = Standing::Open(Box::new(expected));
    assert_eq!(standing(1).await.unwrap(), open);
    // What was given to be stored before counts, also while it waits.
    let ending = storage.tell(1, vec![ended(1, StopReason::EndTurn)]);
    let (told, found) = tokio::join!(ending, standing(1));
    told.unwrap();
    assert_eq!(found.unwrap(), Standing::Ended);
}

#[tokio::test]
async fn a_crash_leaves_turns_to_be_closed_by_one_process() {
    let place = Place::new();
    let storage = place.open().await;
    let expected = begin(&storage).await;
    // While its process lives, a turn is not cut off: not for itself, not for others.
    let neighbor = place.open().await;
    assert_eq!(storage.unfinished().await.unwrap(), []);
    assert_eq!(neighbor.unfinished().await.unwrap(), []);

    drop(storage);
    let other = place.open().await;
    assert_eq!(neighbor.unfinished().await.unwrap(), expected);
    assert_eq!(other.unfinished().await.unwrap(), [], "handed out once");
    assert_eq!(
        neighbor.unfinished().await.unwrap(),
        expected,
        "but may be asked again"
    );

    // Whoever was to close them ends too.
    neighbor.close().await.unwrap();
    let interrupted = vec![ended(2, StopReason::Interrupted)];
    assert_eq!(other.unfinished().await.unwrap(), expected);
    other.tell(2, interrupted).await.unwrap();
    assert_eq!(other.unfinished().await.unwrap(), expected[..1]);
    let conversation = other
        .conversation(conversation_id(2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(conversation.running, None);
}

#[tokio::test]
async fn a_partial_item_is_overwritten_by_the_complete_one_and_not_the_other_way() {
    let place = Place::new();
    let storage = place.open().await;
    storage
        .tell(1, vec![opened(view(1)), started(1)])
        .await
        .unwrap();
    let id = conversation_id(1);
    let items = || async { storage.all_items(id).await.unwrap() };
    let events = storage.last_seq(topic(1)).await.unwrap();

    for text in ["one", "one two"] {
        let partial = writes(1, Status::Running, text);
        storage.save_partial(id, &partial).await.unwrap();
        assert_eq!(items().await, [partial]);
    }
    assert_eq!(
        storage.last_seq(topic(1)).await.unwrap(),
        events,
        "no event"
    );
    assert_eq!(
        storage.search("one", 9).await.unwrap(),
        [],
        "not yet to be found"
    );

    let complete = writes(1, Status::Completed, "one two three");
    storage
        .tell(1, vec![completed(complete.clone())])
        .await
        .unwrap();
    let late = writes(1, Status::Running, "one two thr");
    storage.save_partial(id, &late).await.unwrap();
    storage.tell(1, vec![begun(late)]).await.unwrap();
    assert_eq!(items().await, [complete]);
    assert_eq!(storage.search("three", 9).await.unwrap().len(), 1);
    check_index(&storage).await;
}
