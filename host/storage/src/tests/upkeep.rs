//! What keeps the database small, sound and quick.

use super::support::*;
use crate::error::with_ending;
use crate::{Storage, writer};
use anteroom_api::event::HostEvent;
use anteroom_api::{ConversationId, Event, Seq, Topic, UnixMillis};

async fn host_facts(storage: &Storage, count: u32) {
    for number in 0..count {
        let events = vec![Event::Host(HostEvent::Stopping)];
        let entry = entry(Topic::Host, i64::from(number), events);
        storage.append(entry).await.unwrap();
    }
}

async fn kept(storage: &Storage) -> Vec<u64> {
    let events = storage.events(Topic::Host, Seq(0), 100).await.unwrap();
    events.iter().map(|envelope| envelope.seq.0).collect()
}

#[tokio::test]
async fn old_facts_of_the_host_go_and_its_numbering_stays() {
    let place = Place::new();
    let storage = place.open().await;
    host_facts(&storage, 10).await;
    storage
        .tell(1, vec![opened(view(1)), started(1)])
        .await
        .unwrap();
    assert_eq!(storage.trim_host_facts(AT.plus(4)).await.unwrap(), 4);
    assert_eq!(kept(&storage).await, [5, 6, 7, 8, 9, 10]);
    assert_eq!(storage.trim_host_facts(AT.plus(4)).await.unwrap(), 0);
    // The newest always stays: what comes next is counted from it.
    assert_eq!(
        storage.trim_host_facts(UnixMillis(i64::MAX)).await.unwrap(),
        5
    );
    assert_eq!(kept(&storage).await, [10]);
    host_facts(&storage, 1).await;
    assert_eq!(kept(&storage).await, [10, 11]);
    assert_eq!(storage.last_seq(topic(1)).await.unwrap(), Seq(2));
    assert_eq!(storage.events(topic(1), Seq(0), 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn conversations_nobody_uses_are_known() {
    let place = Place::new();
    let storage = place.open().await;
    // Used long ago; used long ago with a turn that runs; used just now; unknown.
    storage
        .append(entry(topic(1), 0, vec![opened(view(1))]))
        .await
        .unwrap();
    let runs = vec![opened(view(2)), started(1)];
    storage.append(entry(topic(2), 0, runs)).await.unwrap();
    storage
        .append(entry(topic(3), 900, vec![opened(view(3))]))
        .await
        .unwrap();
    let ids: Vec<ConversationId> = (1..=4).map(conversation_id).collect();
    let unused = storage.unused(ids, AT.plus(500)).await.unwrap();
    assert_eq!(unused, [conversation_id(1), conversation_id(4)]);
}

#[tokio::test]
async fn a_file_that_was_not_closed_is_looked_through_once() {
    let place = Place::new();
    let storage = place.open().await;
    let text = "some words ".repeat(3000);
    let mut events = vec![opened(view(1))];
    events.extend((1..40).map(|number| completed(says(number, &text))));
    storage.tell(1, events).await.unwrap();
    storage.clone().close().await.unwrap();
    // As a crash leaves it: something in the log, and nobody there.
    let storage = place.open().await;
    storage.tell(1, vec![started(1)]).await.unwrap();
    let left = Place::new();
    std::fs::create_dir(left.file().parent().unwrap()).unwrap();
    for ending in ["", "-wal"] {
        let from = with_ending(&place.file(), ending);
        std::fs::copy(from, with_ending(&left.file(), ending)).unwrap();
    }
    let sound = left.open().await;
    assert!(sound.personal().take_suspicion());
    assert_eq!(sound.check_after_crash().await.unwrap(), []);
    sound.close().await.unwrap();
    assert!(
        !left.open().await.personal().take_suspicion(),
        "closed in order"
    );

    // The same with damage in the middle of the file.
    let torn = Place::new();
    std::fs::create_dir(torn.file().parent().unwrap()).unwrap();
    let mut bytes = std::fs::read(place.file()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0x5a);
    std::fs::write(torn.file(), bytes).unwrap();
    let log = with_ending(&place.file(), "-wal");
    std::fs::copy(log, with_ending(&torn.file(), "-wal")).unwrap();
    let storage = torn.open().await;
    let found = storage.check_after_crash().await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].hint.as_ref().unwrap().contains("aroom db restore"));
    assert_eq!(storage.check_after_crash().await.unwrap(), [], "once");
}

#[tokio::test]
async fn the_log_stays_short_while_much_is_written() {
    let place = Place::new();
    let storage = place.open().await;
    storage.tell(1, vec![opened(view(1))]).await.unwrap();
    let text = "word ".repeat(20_000);
    let mut longest = 0;
    for number in 1..300 {
        storage
            .tell(1, vec![completed(says(number, &text))])
            .await
            .unwrap();
        longest = longest.max(storage.status().await.unwrap().log_bytes);
    }
    assert!(storage.status().await.unwrap().size_bytes > 50 << 20);
    assert!(longest < 24 << 20, "{longest}");
    // Once nobody writes, all of it is in the file but for less than a thousand pages.
    let state = storage.personal();
    let left = state.alone(|connection| writer::checkpoint(connection, "NOOP"));
    let (written, merged) = left.await.unwrap();
    assert!(written - merged < 1000, "{written} {merged}");
}

#[tokio::test]
async fn space_is_given_back() {
    let place = Place::new();
    let storage = place.open().await;
    let text = "word ".repeat(20_000);
    let mut events = vec![opened(view(1))];
    events.extend((1..60).map(|number| completed(says(number, &text))));
    storage.tell(1, events).await.unwrap();
    let deleted = anteroom_api::ConversationEvent::Deleted {
        conversation: conversation_id(1),
    };
    let deleted = vec![Event::Conversation(deleted)];
    storage
        .append(entry(Topic::Host, 1, deleted))
        .await
        .unwrap();
    let (before, after) = storage.vacuum().await.unwrap();
    assert!(after * 4 < before, "{before} {after}");
    storage
        .tell(2, vec![opened(view(2)), completed(says(900, "found"))])
        .await
        .unwrap();
    assert_eq!(storage.search("found", 5).await.unwrap().len(), 1);
    check_index(&storage).await;
}

#[tokio::test]
async fn a_check_tells_what_takes_the_space() {
    let place = Place::new();
    let storage = place.open().await;
    let text = "different words in every message ".repeat(500);
    let mut events = vec![opened(view(1))];
    events.extend((1..50).map(|number| completed(says(number, &format!("{text}{number}")))));
    storage.tell(1, events).await.unwrap();
    let quick = storage.databases(false).await;
    assert_eq!(quick[0].tables, []);
    let states = storage.databases(true).await;
    let [state] = &states[..] else {
        panic!("{states:?}")
    };
    assert_eq!(state.complaints, []);
    assert_eq!((state.conversations, state.items), (1, 49));
    let names: Vec<&str> = state.tables.iter().map(|(name, _)| name.as_str()).collect();
    assert!(
        names.contains(&"journal") && names.contains(&"search index"),
        "{names:?}"
    );
    let sum: u64 = state.tables.iter().map(|(_, bytes)| bytes).sum();
    assert!(
        sum <= state.size_bytes && sum * 2 > state.size_bytes,
        "{state:?}"
    );
}
