//! Events in and out.

use super::support::*;
use crate::{Entry, Fault, Storage};
use anteroom_api::event::HostEvent;
use anteroom_api::{
    CanvasEvent, CanvasView, ConversationEvent, Envelope, Event, Seq, Status, Topic, UnixMillis,
};

fn stopping() -> Event {
    Event::Host(HostEvent::Stopping)
}

fn renamed(conversation: u32, title: &str) -> Event {
    Event::Conversation(ConversationEvent::Renamed {
        conversation: conversation_id(conversation),
        title: title.to_string(),
    })
}

#[tokio::test]
async fn what_goes_in_comes_out() {
    let place = Place::new();
    let storage = place.open().await;
    let events = vec![
        opened(view(1)),
        started(1),
        begun(calls(1, Status::Running)),
    ];
    let told = storage.tell(1, events.clone()).await.unwrap();
    let expected: Vec<Envelope> = (1..)
        .zip(events)
        .map(|(seq, event)| Envelope {
            topic: topic(1),
            seq: Seq(seq),
            at: AT.plus(1),
            cause: Some(op_id(9)),
            event,
        })
        .collect();
    assert_eq!(told, expected);
    let after = |after, limit| storage.events(topic(1), Seq(after), limit);
    assert_eq!(after(0, 10).await.unwrap(), expected);
    assert_eq!(after(1, 1).await.unwrap(), expected[1..2]);
    assert_eq!(after(3, 10).await.unwrap(), []);
    assert_eq!(storage.last_seq(topic(1)).await.unwrap(), Seq(3));
    assert_eq!(storage.last_seq(Topic::Host).await.unwrap(), Seq(0));
    assert_eq!(
        storage.append(entry(topic(5), 0, vec![])).await.unwrap(),
        []
    );

    let bare = Entry {
        topic: Topic::Host,
        cause: None,
        at: UnixMillis(-1),
        user: None,
        events: vec![stopping()],
    };
    let told = storage.append(bare).await.unwrap();
    assert_eq!(storage.events(Topic::Host, Seq(0), 9).await.unwrap(), told);
    assert_eq!(told[0].seq, Seq(1));
    assert_eq!(storage.mark().await.unwrap(), 4);
}

#[tokio::test]
async fn events_have_their_topics() {
    let place = Place::new();
    let storage = place.open().await;
    storage.tell(1, vec![opened(view(1))]).await.unwrap();
    let before = dump(&storage).await;
    let canvas = |conversation| {
        Event::Canvas(CanvasEvent::Saved {
            canvas: CanvasView {
                id: uuid(5, 1).into(),
                conversation: conversation_id(conversation),
                title: String::new(),
                kind: "markdown".to_string(),
                version: 1,
                body: String::new(),
                updated_at: AT,
            },
        })
    };
    let deleted = Event::Conversation(ConversationEvent::Deleted {
        conversation: conversation_id(1),
    });
    let cases = [
        (Topic::Host, started(1), "a turn"),
        (Topic::Host, completed(says(1, "x")), "an item"),
        (topic(1), deleted, "a deletion"),
        (topic(1), renamed(2, "x"), "a conversation"),
        (topic(1), opened(view(2)), "a conversation"),
        (topic(1), canvas(2), "a canvas"),
        (Topic::Host, canvas(1), "a canvas"),
    ];
    for (topic, event, expected) in cases {
        // The good event before the bad one is not stored either.
        let events = vec![renamed(1, "half"), event];
        let error = storage.append(entry(topic, 0, events)).await.unwrap_err();
        match error.fault {
            Fault::Misplaced { noun, topic: place } => {
                assert_eq!((noun, place), (expected, topic));
            }
            other => panic!("{other:?}"),
        }
    }
    let unknown = storage.tell(2, vec![started(1)]).await.unwrap_err();
    assert!(matches!(unknown.fault, Fault::UnknownConversation(id) if id == conversation_id(2)));
    let partial = storage
        .save_partial(conversation_id(2), &says(1, "x"))
        .await;
    assert!(matches!(
        partial.unwrap_err().fault,
        Fault::UnknownConversation(_)
    ));
    assert_eq!(dump(&storage).await, before);
    assert_eq!(storage.last_seq(topic(1)).await.unwrap(), Seq(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_a_topic_without_gaps() {
    const EACH: usize = 100;
    let place = Place::new();
    let (here, there) = (place.open().await, place.open().await);
    here.tell(1, vec![opened(view(1))]).await.unwrap();
    let write = |storage: Storage, name: &'static str| {
        tokio::spawn(async move {
            let mut told = Vec::new();
            for number in 0..EACH {
                let event = renamed(1, &format!("{name} {number}"));
                told.extend(storage.tell(1, vec![event, stopping()]).await.unwrap());
            }
            told
        })
    };
    let (ours, theirs) = (write(here.clone(), "here"), write(there.clone(), "there"));
    let mut told = ours.await.unwrap();
    told.extend(theirs.await.unwrap());
    told.sort_by_key(|envelope| envelope.seq);

    let stored = here.events(topic(1), Seq(1), u32::MAX).await.unwrap();
    assert_eq!(stored, told);
    assert_eq!(
        there.events(topic(1), Seq(1), u32::MAX).await.unwrap(),
        told
    );
    let seqs: Vec<u64> = stored.iter().map(|envelope| envelope.seq.0).collect();
    let expected: Vec<u64> = (2..2 + 4 * EACH as u64).collect();
    assert_eq!(seqs, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_write_leaves_its_neighbors_alone() {
    let place = Place::new();
    let storage = place.open().await;
    storage.tell(1, vec![opened(view(1))]).await.unwrap();
    // All at once, so that they share transactions.
    let writes: Vec<_> = (0..60)
        .map(|number| {
            let storage = storage.clone();
            tokio::spawn(async move {
                match number % 3 {
                    0 => storage.tell(1, vec![started(number)]).await.map(|_| ()),
                    1 => storage.tell(2, vec![started(number)]).await.map(|_| ()),
                    _ => storage.write(|_| panic!("on purpose")).await,
                }
            })
        })
        .collect();
    for (number, write) in writes.into_iter().enumerate() {
        let outcome = write.await.unwrap().map_err(|error| error.fault);
        match number % 3 {
            0 => outcome.unwrap(),
            1 => assert!(matches!(outcome, Err(Fault::UnknownConversation(_)))),
            _ => assert!(matches!(outcome, Err(Fault::Panicked(text)) if text == "on purpose")),
        }
    }
    assert_eq!(storage.turns(conversation_id(1)).await.unwrap().len(), 20);
    assert_eq!(storage.last_seq(topic(1)).await.unwrap(), Seq(21));
}

#[tokio::test]
async fn what_was_told_outlives_a_handle_that_is_just_dropped() {
    let place = Place::new();
    let storage = place.open().await;
    storage
        .tell(1, vec![opened(view(1)), started(1)])
        .await
        .unwrap();
    let told = storage.events(topic(1), Seq(0), 9).await.unwrap();
    let tables = dump(&storage).await;
    drop(storage);
    let storage = place.open().await;
    assert_eq!(storage.events(topic(1), Seq(0), 9).await.unwrap(), told);
    assert_eq!(dump(&storage).await, tables);
}

#[tokio::test]
async fn nothing_works_after_closing() {
    let place = Place::new();
    let storage = place.open().await;
    storage.tell(1, vec![opened(view(1))]).await.unwrap();
    let clone = storage.clone();
    storage.close().await.unwrap();
    let write = clone.tell(1, vec![started(1)]).await.unwrap_err();
    let read = clone.last_seq(topic(1)).await.unwrap_err();
    assert!(matches!(write.fault, Fault::Closed));
    assert!(matches!(read.fault, Fault::Closed));
    assert!(matches!(
        clone.close().await.unwrap_err().fault,
        Fault::Closed
    ));
    // Everything is in the one file, beside an empty one that processes lock.
    let files: Vec<_> = contents(place.folder.path()).into_keys().collect();
    let lock = crate::error::with_ending(&place.file(), ".lock");
    assert_eq!(files, [place.file(), lock]);
}
