//! Several processes on one file: letters, whose what is, what is new, and what ends with a process.

use super::support::*;
use crate::{Delivery, Fault, Holder, HostNumber, Letter, Marks, Storage};
use anteroom_api::{
    Approval, ApprovalEvent, CallHit, Content, EffectKind, EffectView, Event, Op, OpId,
    OpenApproval, Problem, ProblemCode, QueuedInput, Resolution, Seq, Status, Tier, Topic,
    TurnEvent, TurnOp, WorkspaceEvent,
};

fn letter(number: u32) -> Letter {
    Letter {
        op: op_id(number),
        wish: Op::Turn(TurnOp::Cancel { turn: turn_id(1) }),
    }
}

fn number(storage: &Storage) -> HostNumber {
    HostNumber(storage.host().number().unwrap())
}

fn approval(number: u32, turn: u32) -> Approval {
    Approval {
        id: uuid(6, number).into(),
        turn: turn_id(turn),
        item: item_id(2),
        agent: None,
        tool: "bash".to_string(),
        effect: EffectView {
            kind: EffectKind::Process,
            summary: "make".to_string(),
            detail: None,
            preview: None,
        },
        tier: Tier::Execute,
        reasons: vec![],
        scopes: vec![],
        digest: "00".to_string(),
        requested_at: AT,
        expires_at: AT.plus(60_000),
    }
}

fn requested(number: u32, turn: u32) -> Event {
    Event::Approval(ApprovalEvent::Requested {
        approval: Box::new(approval(number, turn)),
    })
}

fn queued(turn: u32) -> Event {
    Event::Turn(TurnEvent::Queued {
        queued: input(turn, false),
    })
}

fn input(turn: u32, is_held: bool) -> QueuedInput {
    QueuedInput {
        turn: turn_id(turn),
        input: vec![Content::text("later")],
        is_held,
    }
}

async fn has_letters(storage: &Storage) -> bool {
    let news = storage.news(&Marks::default()).await.unwrap();
    news.has_letters
}

async fn answered(storage: &Storage, op: OpId) -> Delivery {
    storage.end_letter(op).await.unwrap()
}

#[tokio::test]
async fn a_letter_is_taken_once_and_answered() {
    let place = Place::new();
    let (here, there) = (place.open().await, place.open().await);
    let to = number(&there);
    assert!(here.send_letter(to, &letter(1), AT).await.unwrap());
    assert!(here.send_letter(to, &letter(2), AT).await.unwrap());
    assert!(!has_letters(&here).await);
    assert!(has_letters(&there).await);
    assert_eq!(here.take_letters(AT).await.unwrap(), []);
    assert_eq!(
        there.take_letters(AT).await.unwrap(),
        [letter(1), letter(2)]
    );
    assert_eq!(there.take_letters(AT).await.unwrap(), []);
    assert!(!has_letters(&there).await);

    assert!(!here.is_answered(op_id(1)).await.unwrap());
    let refused = Problem::new(ProblemCode::Conflict, "no");
    there.answer_letter(op_id(1), &Ok(())).await.unwrap();
    there
        .answer_letter(op_id(2), &Err(refused.clone()))
        .await
        .unwrap();
    assert!(here.is_answered(op_id(1)).await.unwrap());
    assert_eq!(answered(&here, op_id(1)).await, Delivery::Answered(Ok(())));
    assert_eq!(
        answered(&here, op_id(2)).await,
        Delivery::Answered(Err(refused))
    );
    assert!(dump(&here).await["letters"].is_empty());
}

#[tokio::test]
async fn a_letter_that_nobody_took_is_withdrawn_for_good() {
    let place = Place::new();
    let (here, there) = (place.open().await, place.open().await);
    let to = number(&there);
    here.send_letter(to, &letter(1), AT).await.unwrap();
    assert_eq!(answered(&here, op_id(1)).await, Delivery::Withdrawn);
    assert_eq!(there.take_letters(AT).await.unwrap(), []);

    here.send_letter(to, &letter(2), AT).await.unwrap();
    there.take_letters(AT).await.unwrap();
    assert_eq!(answered(&here, op_id(2)).await, Delivery::Taken);

    assert!(here.is_alive(to));
    there.close().await.unwrap();
    assert!(!here.is_alive(to));
    assert!(!here.send_letter(to, &letter(3), AT).await.unwrap());
}

#[tokio::test]
async fn letters_of_an_ended_sender_are_cleared_away() {
    let place = Place::new();
    let (here, there) = (place.open().await, place.open().await);
    here.send_letter(number(&there), &letter(1), AT)
        .await
        .unwrap();
    there.clear_letters().await.unwrap();
    assert_eq!(dump(&there).await["letters"].len(), 1);
    here.close().await.unwrap();
    there.clear_letters().await.unwrap();
    assert!(dump(&there).await["letters"].is_empty());
}

#[tokio::test]
async fn everybody_knows_whose_what_is() {
    let place = Place::new();
    let (here, there) = (place.open().await, place.open().await);
    let (id, asked) = (conversation_id(1), uuid(6, 1).into());
    let events = vec![opened(view(1)), started(1), queued(2), requested(1, 1)];
    here.tell(1, events).await.unwrap();
    let other = Holder::Other(number(&here));
    for (storage, holder) in [(&here, Holder::Own), (&there, other)] {
        assert_eq!(storage.holder_of_conversation(id).await.unwrap(), holder);
        assert_eq!(storage.holder_of_turn(turn_id(1)).await.unwrap(), holder);
        assert_eq!(storage.holder_of_turn(turn_id(2)).await.unwrap(), holder);
        assert_eq!(storage.holder_of_approval(asked).await.unwrap(), holder);
        assert_eq!(
            storage.holder_of_turn(turn_id(3)).await.unwrap(),
            Holder::Nobody
        );
        assert_eq!(storage.queue(id).await.unwrap(), [input(2, false)]);
        assert_eq!(storage.open_approvals(None).await.unwrap().len(), 1);
        assert!(!storage.has_abandoned_turns().await.unwrap());
    }
    assert_eq!(here.open_elsewhere().await.unwrap(), 0);
    assert_eq!(there.open_elsewhere().await.unwrap(), 1);

    here.close().await.unwrap();
    for holder in [
        there.holder_of_conversation(id).await.unwrap(),
        there.holder_of_turn(turn_id(1)).await.unwrap(),
        there.holder_of_turn(turn_id(2)).await.unwrap(),
        there.holder_of_approval(asked).await.unwrap(),
    ] {
        assert_eq!(holder, Holder::Gone);
    }
    assert!(there.has_abandoned_turns().await.unwrap());
    assert_eq!(there.queue(id).await.unwrap(), [input(2, true)]);
    assert_eq!(there.open_approvals(None).await.unwrap(), []);
    assert_eq!(there.open_elsewhere().await.unwrap(), 0);
    // Released, it waits in this process.
    there.tell(1, vec![queued(2)]).await.unwrap();
    assert_eq!(there.queue(id).await.unwrap(), [input(2, false)]);
}

#[tokio::test]
async fn one_process_begins_a_turn_at_a_time() {
    let place = Place::new();
    let (here, there) = (place.open().await, place.open().await);
    here.tell(1, vec![opened(view(1)), started(1)])
        .await
        .unwrap();
    let refused = there.tell(1, vec![started(2)]).await.unwrap_err();
    assert!(matches!(refused.fault, Fault::Busy), "{refused}");
    assert_eq!(there.turns(conversation_id(1)).await.unwrap().len(), 1);
    // What the refused turn brought is not stored either.
    assert_eq!(there.last_seq(topic(1)).await.unwrap(), Seq(2));
}

#[tokio::test]
async fn news_names_each_topic_that_grew_once() {
    let place = Place::new();
    let (here, there) = (place.open().await, place.open().await);
    here.tell(2, vec![opened(view(2))]).await.unwrap();
    let marks = there.news(&Marks::default()).await.unwrap();
    assert_eq!(marks.topics, [], "what was there before is no news");
    let marks = marks.marks;
    assert_eq!(there.news(&marks).await.unwrap().topics, []);
    here.tell(1, vec![opened(view(1)), started(1)])
        .await
        .unwrap();
    let folder = Event::Workspace(WorkspaceEvent::Distrusted { path: "/a".into() });
    here.append(entry(Topic::Host, 1, vec![folder]))
        .await
        .unwrap();
    let mut news = there.news(&marks).await.unwrap();
    news.topics.sort_by_key(|(topic, _)| topic.to_string());
    assert_eq!(news.topics, [(topic(1), Seq(2)), (Topic::Host, Seq(1))]);
    assert_eq!(there.news(&news.marks).await.unwrap().topics, []);
}

#[tokio::test]
async fn more_time_is_kept_and_an_answer_ends_it() {
    let place = Place::new();
    let storage = place.open().await;
    let extended = |at| {
        Event::Approval(ApprovalEvent::Extended {
            approval: uuid(6, 1).into(),
            expires_at: AT.plus(at),
        })
    };
    let events = vec![
        opened(view(1)),
        started(1),
        requested(1, 1),
        extended(90_000),
    ];
    storage.tell(1, events).await.unwrap();
    let open = storage.open_approvals(None).await.unwrap();
    let later = Approval {
        expires_at: AT.plus(90_000),
        ..approval(1, 1)
    };
    let conversation = conversation_id(1);
    let wanted = OpenApproval {
        conversation,
        approval: later.clone(),
    };
    assert_eq!(open, [wanted]);
    let resolved = Event::Approval(ApprovalEvent::Resolved {
        approval: uuid(6, 1).into(),
        resolution: Resolution::NotAnswered,
        by: "nobody".to_string(),
    });
    storage
        .tell(1, vec![resolved, extended(95_000)])
        .await
        .unwrap();
    assert_eq!(storage.open_approvals(None).await.unwrap(), []);
    let asked = storage.asked_of(item_id(2)).await.unwrap();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (
            &asked[0].approval,
            &asked[0].resolution,
            asked[0].by.as_deref(),
            asked[0].resolved_at
        ),
        (
            &later,
            &Some(Resolution::NotAnswered),
            Some("nobody"),
            Some(AT.plus(1))
        )
    );
}

#[tokio::test]
async fn calls_are_found_by_the_beginning_of_either_id() {
    let place = Place::new();
    let storage = place.open().await;
    let events = vec![
        opened(view(1)),
        started(1),
        completed(calls(1, Status::Completed)),
        completed(calls(2, Status::Failed)),
    ];
    storage.tell(1, events).await.unwrap();
    let find = async |id: &str| {
        let hits: Vec<CallHit> = storage.calls(id).await.unwrap();
        hits.into_iter().map(|hit| hit.item.id).collect::<Vec<_>>()
    };
    let (one, two) = (item_id(1), item_id(2));
    let text = one.to_string();
    assert_eq!(find(&text).await, [one]);
    assert_eq!(find(&text[..13]).await, [one]);
    assert_eq!(find("call_").await, [two, one]);
    assert_eq!(find("call_2").await, [two]);
    assert_eq!(find("call_%").await, []);
    assert_eq!(find("").await, []);
    assert_eq!(find("0000000").await, [two, one]);
}

#[tokio::test]
async fn folders_are_trusted_as_they_are() {
    let place = Place::new();
    let storage = place.open().await;
    let tell = async |event| {
        let entry = entry(Topic::Host, 1, vec![Event::Workspace(event)]);
        storage.append(entry).await.unwrap();
        storage.trusted_hash("/a").await.unwrap()
    };
    let trusted = |hash: &str| WorkspaceEvent::Trusted {
        path: "/a".into(),
        hash: hash.into(),
    };
    assert_eq!(storage.trusted_hash("/a").await.unwrap(), None);
    assert_eq!(tell(trusted("1")).await.as_deref(), Some("1"));
    assert_eq!(tell(trusted("2")).await.as_deref(), Some("2"));
    assert_eq!(
        tell(WorkspaceEvent::Distrusted { path: "/a".into() }).await,
        None
    );
}

#[tokio::test]
async fn one_process_tells_a_change_for_all() {
    let place = Place::new();
    let (here, there) = (place.open().await, place.open().await);
    for (state, first) in [("1", true), ("1", false), ("2", true), ("1", true)] {
        assert_eq!(here.is_first_to_tell("config", state).await.unwrap(), first);
        assert!(!there.is_first_to_tell("config", state).await.unwrap());
    }
}
