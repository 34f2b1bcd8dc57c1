//! What a rewind puts aside is kept, and left out of everything that is read.

use super::support::*;
use crate::Storage;
use anteroom_api::{ConversationEvent, ConversationView, Event, ItemId};

fn rewound(before: u32) -> Event {
    Event::Conversation(ConversationEvent::Rewound {
        conversation: conversation_id(1),
        before: item_id(before),
    })
}

async fn ids(storage: &Storage) -> Vec<ItemId> {
    let items = storage.all_items(conversation_id(1)).await.unwrap();
    let page = storage
        .items(conversation_id(1), anteroom_api::ItemsAt::Newest, 100)
        .await
        .unwrap();
    assert_eq!(page.entries, items);
    items.into_iter().map(|item| item.id).collect()
}

#[tokio::test]
async fn what_was_put_aside_is_left_out_everywhere() {
    let place = Place::new();
    let storage = place.open().await;
    let of_turn = |turn, item| anteroom_api::Item {
        turn: turn_id(turn),
        ..item
    };
    let told = vec![
        opened(view(1)),
        started(1),
        completed(says(1, "apple")),
        completed(says(2, "banana")),
        started(2),
        completed(of_turn(2, says(3, "cherry"))),
    ];
    storage.tell(1, told).await.unwrap();
    storage.tell(1, vec![rewound(2)]).await.unwrap();
    assert_eq!(ids(&storage).await, [item_id(1)]);
    for (word, found) in [("apple", 1), ("banana", 0), ("cherry", 0)] {
        assert_eq!(
            storage.search(word, 10).await.unwrap().len(),
            found,
            "{word}"
        );
    }
    check_index(&storage).await;
    let turns = storage.turns(conversation_id(1)).await.unwrap();
    let turns: Vec<_> = turns.into_iter().map(|turn| turn.id).collect();
    assert_eq!(turns, [turn_id(1)]);
    // Told again it changes nothing; what comes later comes after it.
    let before = dump(&storage).await;
    storage.tell(1, vec![rewound(2)]).await.unwrap();
    let mut again = dump(&storage).await;
    // The newest fact of the conversation is another one now.
    again.insert("conversations".into(), before["conversations"].clone());
    assert_eq!(again, before);
    let more = vec![completed(of_turn(3, says(4, "date")))];
    storage.tell(1, more).await.unwrap();
    assert_eq!(ids(&storage).await, [item_id(1), item_id(4)]);
    assert_eq!(
        storage
            .source_of(conversation_id(1), item_id(3))
            .await
            .unwrap(),
        Some(conversation_id(1))
    );
}

#[tokio::test]
async fn a_fork_remembers_where_it_comes_from() {
    let place = Place::new();
    let storage = place.open().await;
    let fork = ConversationView {
        forked_from: Some(item_id(7)),
        ..view(1)
    };
    storage.tell(1, vec![opened(fork)]).await.unwrap();
    let found = storage.conversation(conversation_id(1)).await.unwrap();
    assert_eq!(found.unwrap().forked_from, Some(item_id(7)));
}
