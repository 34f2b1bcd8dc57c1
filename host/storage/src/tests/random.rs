//! Any sequence of events: the tables are what the journal says, and the journal has no gaps.

#[path = "../../../../tests/support/settled.rs"]
mod settled;

use super::projection::everything;
use super::support::*;
use crate::{Entry, Storage};
use anteroom_api::event::HostEvent;
use anteroom_api::{ConversationEvent, Envelope, Event, ItemEvent, Seq, Topic};
use proptest::prelude::*;
use settled::settled;

/// How many conversations there are to be told about.
const CONVERSATIONS: u32 = 3;

/// Some of the events of one conversation, in any order and any number.
fn about(conversation: u32) -> impl Strategy<Value = Entry> {
    let all = everything(conversation);
    let count = all.len();
    let picked = proptest::collection::vec(0..count, 1..6);
    (picked, 0..100_i64).prop_map(move |(picked, at)| {
        let events = picked.iter().map(|index| all[*index].clone()).collect();
        entry(topic(conversation), at, events)
    })
}

fn about_the_host() -> impl Strategy<Value = Entry> {
    let deleted = (1..=CONVERSATIONS).prop_map(|number| {
        Event::Conversation(ConversationEvent::Deleted {
            conversation: conversation_id(number),
        })
    });
    let event = prop_oneof![1 => deleted, 3 => Just(Event::Host(HostEvent::Stopping))];
    event.prop_map(|event| entry(Topic::Host, 1, vec![event]))
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let any = prop_oneof![
        6 => (1..=CONVERSATIONS).prop_flat_map(about),
        1 => about_the_host(),
    ];
    proptest::collection::vec(any, 0..24).prop_map(|rest| {
        let opening = |number| entry(topic(number), 0, vec![opened(view(number))]);
        (1..=CONVERSATIONS).map(opening).chain(rest).collect()
    })
}

/// The journal as another reader finds it, page by page.
async fn replayed(storage: &Storage, topic: Topic, after: Seq, page: u32) -> Vec<Envelope> {
    let (mut all, mut after) = (Vec::new(), after);
    loop {
        let found = storage.events(topic, after, page).await.unwrap();
        let Some(last) = found.last() else { return all };
        after = last.seq;
        all.extend(found);
    }
}

fn topics() -> impl Iterator<Item = Topic> {
    (1..=CONVERSATIONS).map(topic).chain([Topic::Host])
}

async fn check(given: Vec<Entry>, page: u32) {
    let place = Place::new();
    let storage = place.open().await;
    let (mut told, mut taken): (Vec<Envelope>, _) = (Vec::new(), Vec::new());
    for entry in given {
        // What does not fit the state (a canvas version out of order, a conversation that is deleted) is
        // refused, whole; then it must not have left a trace.
        if let Ok(envelopes) = storage.append(entry.clone()).await {
            told.extend(envelopes);
            if let Event::Conversation(ConversationEvent::Deleted { conversation }) =
                &entry.events[0]
            {
                // Its journal goes with it.
                told.retain(|told| told.topic != Topic::Conversation(*conversation));
            }
            taken.push(entry);
        }
    }

    for topic in topics() {
        let expected: Vec<&Envelope> = told.iter().filter(|told| told.topic == topic).collect();
        let all = replayed(&storage, topic, Seq(0), page).await;
        assert!(all.iter().eq(expected), "what is read is not what was told");
        for (number, envelope) in (1..).zip(&all) {
            assert_eq!(envelope.seq, Seq(number), "no gaps, no doubles");
        }
        for after in 0..=all.len() {
            let rest = replayed(&storage, topic, Seq(after as u64), page).await;
            assert_eq!(rest, all[after..], "after {after}");
        }
        let last = storage.last_seq(topic).await.unwrap();
        assert_eq!(last, Seq(all.len() as u64));
    }

    // Told again to an empty database, it becomes the same tables.
    let other_place = Place::new();
    let other = other_place.open().await;
    for entry in taken {
        other.append(entry).await.unwrap();
    }
    assert_eq!(dump(&other).await, dump(&storage).await);
    check_index(&storage).await;
}

proptest! {
    #![proptest_config(settled(48))]

    #[test]
    fn the_tables_are_what_the_journal_says(given in entries(), page in 1..7_u32) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(check(given, page));
    }
}

/// An item is open until its end is told, and never again.
#[tokio::test]
async fn an_end_is_final_in_every_order() {
    let all = everything(1);
    let of_items: Vec<&Event> = all
        .iter()
        .filter(|event| matches!(event, Event::Item(_)))
        .collect();
    for event in &of_items {
        let Event::Item(ItemEvent::Completed(item)) = event else {
            continue;
        };
        let place = Place::new();
        let storage = place.open().await;
        let late = begun(anteroom_api::Item {
            status: anteroom_api::Status::Running,
            ..item.clone()
        });
        let events = vec![opened(view(1)), completed(item.clone()), late];
        storage.tell(1, events).await.unwrap();
        let found = storage.all_items(conversation_id(1)).await.unwrap();
        assert_eq!(found, std::slice::from_ref(item));
    }
}
