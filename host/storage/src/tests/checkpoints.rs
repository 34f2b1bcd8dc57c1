//! The index of changes: what is meant by an undo, what the model is told, what is forgotten.

use super::support::*;
use crate::{ChangeEnd, ChangeOwner, NewChange, Storage, StoredState};
use anteroom_api::{
    ConversationEvent, ConversationKind, ConversationView, Event, Status, Topic, UndoTarget,
};

fn owner(conversation: u32, turn: u32, item: u32) -> ChangeOwner {
    ChangeOwner {
        conversation: conversation_id(conversation),
        turn: turn_id(turn),
        root: conversation_id(1),
        root_turn: turn_id(turn % 10),
        item: item_id(item),
        tool: "write_file".to_string(),
    }
}

fn change(path: &str, hash: Option<&str>) -> NewChange {
    let before = match hash {
        None => StoredState::Absent,
        Some(hash) => StoredState::File {
            hash: hash.to_string(),
            size: 3,
            mode: 0o644,
        },
    };
    NewChange {
        is_outside: false,
        path: path.to_string(),
        moved_from: None,
        before: Some(before),
        after: None,
        obstacle: None,
        doubt: None,
        takes_back: None,
    }
}

async fn add(storage: &Storage, owner: ChangeOwner, change: NewChange) -> i64 {
    let rows = storage.add_changes((owner, Some(user())), AT, vec![change]);
    rows.await.unwrap()[0]
}

async fn meant(storage: &Storage, target: UndoTarget) -> Vec<String> {
    let found = storage.changes_of(conversation_id(1), target);
    let found = found.await.unwrap();
    found.into_iter().map(|found| found.change.path).collect()
}

/// Two turns; a call of the first started a child, whose call changed something.
async fn family(storage: &Storage) {
    let child = ConversationView {
        kind: ConversationKind::Agent,
        parent: Some(item_id(11)),
        ..view(2)
    };
    let with_turn = |turn, item| anteroom_api::Item {
        turn: turn_id(turn),
        ..item
    };
    storage
        .tell(1, vec![opened(view(1)), started(1)])
        .await
        .unwrap();
    let items = vec![
        completed(says(10, "first")),
        completed(calls(11, Status::Completed)),
        started(2),
        completed(with_turn(2, says(20, "second"))),
        completed(with_turn(2, calls(21, Status::Completed))),
    ];
    storage.tell(1, items).await.unwrap();
    let inner = vec![
        opened(child),
        completed(with_turn(31, calls(31, Status::Completed))),
    ];
    storage.tell(2, inner).await.unwrap();
}

#[tokio::test]
async fn a_call_a_turn_and_a_message_mean_what_they_say() {
    let place = Place::new();
    let storage = place.open().await;
    family(&storage).await;
    add(&storage, owner(1, 1, 11), change("by the call", None)).await;
    add(
        &storage,
        owner(2, 31, 31),
        change("by the child", Some("aa")),
    )
    .await;
    let late = add(&storage, owner(1, 2, 21), change("late", Some("bb"))).await;
    let mut undo = change("late", Some("cc"));
    undo.takes_back = Some(late);
    add(&storage, owner(1, 2, 99), undo).await;
    let call = |item| UndoTarget::Call {
        item: item_id(item),
    };
    let cases: [(UndoTarget, &[&str]); 7] = [
        (call(11), &["by the child", "by the call"]),
        (call(31), &["by the child"]),
        (call(99), &["late"]),
        (
            UndoTarget::Turn { turn: turn_id(1) },
            &["by the child", "by the call"],
        ),
        (UndoTarget::Turn { turn: turn_id(2) }, &["late"]),
        (
            UndoTarget::Since { item: item_id(10) },
            &["late", "by the child", "by the call"],
        ),
        (UndoTarget::Since { item: item_id(20) }, &["late"]),
    ];
    for (target, expected) in cases {
        assert_eq!(meant(&storage, target).await, expected, "{target:?}");
    }
    let all = storage.changes(conversation_id(1)).await.unwrap();
    assert_eq!(all.len(), 4);
    assert_eq!(storage.changes(conversation_id(2)).await.unwrap(), []);
}

#[tokio::test]
async fn the_model_is_told_once_and_not_of_what_was_put_aside() {
    let place = Place::new();
    let storage = place.open().await;
    family(&storage).await;
    let first = add(&storage, owner(1, 1, 11), change("a", None)).await;
    let again = add(&storage, owner(1, 1, 12), change("a", None)).await;
    let late = add(&storage, owner(1, 2, 21), change("b", None)).await;
    assert_eq!(
        storage.tell_undone(conversation_id(1)).await.unwrap(),
        [""; 0]
    );
    for row in [first, again, late] {
        storage.set_undone(row, true).await.unwrap();
    }
    let rewound = ConversationEvent::Rewound {
        conversation: conversation_id(1),
        before: item_id(20),
    };
    storage
        .tell(1, vec![Event::Conversation(rewound)])
        .await
        .unwrap();
    assert_eq!(
        storage.tell_undone(conversation_id(1)).await.unwrap(),
        ["a"]
    );
    assert_eq!(
        storage.tell_undone(conversation_id(1)).await.unwrap(),
        [""; 0]
    );
    let all = storage.changes(conversation_id(1)).await.unwrap();
    assert!(all.iter().all(|change| change.is_undone));
}

#[tokio::test]
async fn ends_are_noted_and_contents_are_let_go() {
    let place = Place::new();
    let storage = place.open().await;
    family(&storage).await;
    let old = add(&storage, owner(1, 1, 11), change("old", Some("aa"))).await;
    let twin = add(&storage, owner(1, 1, 12), change("twin", Some("aa"))).await;
    let new = add(&storage, owner(1, 2, 21), change("new", Some("bb"))).await;
    let void = add(&storage, owner(1, 2, 22), change("void", Some("cc"))).await;
    assert_eq!(storage.kept_hashes().await.unwrap(), ["aa", "bb", "cc"]);
    let ends = vec![
        (old, ChangeEnd::Became(StoredState::Absent)),
        (twin, ChangeEnd::Unknown("who knows".to_string())),
        (void, ChangeEnd::Void),
    ];
    storage.end_changes(ends).await.unwrap();
    let dropped = storage.drop_contents(vec!["aa".to_string()], "no room".to_string());
    dropped.await.unwrap();
    assert_eq!(storage.kept_hashes().await.unwrap(), ["bb"]);
    let found = storage.changes(conversation_id(1)).await.unwrap();
    let rows: Vec<i64> = found.iter().map(|change| change.row).collect();
    assert_eq!(rows, [new, twin, old]);
    assert_eq!(found[1].change.doubt.as_deref(), Some("who knows"));
    assert_eq!(found[2].change.after, Some(StoredState::Absent));
    assert_eq!(found[2].change.before, None);
    assert_eq!(found[2].change.obstacle.as_deref(), Some("no room"));
    assert_eq!(storage.forget_changes(AT).await.unwrap(), 0);
    assert_eq!(storage.forget_changes(AT.plus(1)).await.unwrap(), 3);
}

#[tokio::test]
async fn changes_go_with_their_conversation() {
    let place = Place::new();
    let storage = place.open().await;
    family(&storage).await;
    add(&storage, owner(2, 31, 31), change("a", Some("aa"))).await;
    let deleted = ConversationEvent::Deleted {
        conversation: conversation_id(1),
    };
    let event = vec![Event::Conversation(deleted)];
    storage.append(entry(Topic::Host, 1, event)).await.unwrap();
    assert_eq!(storage.changes(conversation_id(1)).await.unwrap(), []);
    assert_eq!(storage.kept_hashes().await.unwrap(), [""; 0]);
}
