//! A deleted conversation leaves nothing behind.

use super::projection::everything;
use super::support::*;
use crate::Storage;
use anteroom_api::{
    ConversationEvent, ConversationKind, ConversationView, Event, Seq, Status, Topic,
};

fn child(number: u32, parent: u32) -> ConversationView {
    ConversationView {
        kind: ConversationKind::Agent,
        parent: Some(item_id(parent)),
        ..view(number)
    }
}

fn deleted(number: u32) -> Event {
    Event::Conversation(ConversationEvent::Deleted {
        conversation: conversation_id(number),
    })
}

#[tokio::test]
async fn it_goes_with_its_children_and_all_that_belongs_to_it() {
    let place = Place::new();
    let storage = place.open().await;
    let host = |event| storage.append(entry(Topic::Host, 1, vec![event]));

    // One that stays.
    storage
        .tell(7, vec![opened(view(7)), completed(says(700, "stays"))])
        .await
        .unwrap();
    let dump = async |storage: &Storage| {
        let mut dump = dump(storage).await;
        // What was spent is not given back.
        dump.remove("days");
        dump
    };
    let before = dump(&storage).await;

    // One that goes, with a child and a grandchild; also told on the host's topic.
    host(opened(view(1))).await.unwrap();
    storage.tell(1, everything(1)).await.unwrap();
    let renamed = Event::Conversation(ConversationEvent::Renamed {
        conversation: conversation_id(1),
        title: "secret plan".to_string(),
    });
    host(renamed).await.unwrap();
    let asks = begun(calls(800, Status::Running));
    storage.tell(1, vec![asks]).await.unwrap();
    let asks = begun(calls(801, Status::Running));
    storage
        .tell(2, vec![opened(child(2, 800)), asks])
        .await
        .unwrap();
    let says = completed(says(802, "secret of the grandchild"));
    storage
        .tell(3, vec![opened(child(3, 801)), says])
        .await
        .unwrap();

    let gone = host(deleted(1)).await.unwrap();
    assert_eq!(gone[0].seq, Seq(3));
    assert_eq!(dump(&storage).await, before);
    check_index(&storage).await;
    for number in 1..=3 {
        assert_eq!(storage.last_seq(topic(number)).await.unwrap(), Seq(0));
        assert_eq!(
            storage.conversation(conversation_id(number)).await.unwrap(),
            None
        );
    }
    assert_eq!(storage.search("secret", 9).await.unwrap(), []);
    assert_eq!(storage.search("stays", 9).await.unwrap().len(), 1);

    // The host's topic has no gap, and does not tell the title any more.
    let told = storage.events(Topic::Host, Seq(0), 9).await.unwrap();
    let seqs: Vec<u64> = told.iter().map(|envelope| envelope.seq.0).collect();
    assert_eq!(seqs, [1, 2, 3]);
    let words = format!("{told:?}");
    assert!(
        !words.contains("secret") && !words.contains("conversation 1"),
        "{words}"
    );

    // Again, and of something that never was: nothing happens.
    host(deleted(1)).await.unwrap();
    host(deleted(99)).await.unwrap();
    assert_eq!(dump(&storage).await, before);
}
