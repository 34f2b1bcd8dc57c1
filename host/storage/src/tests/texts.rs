//! Notes and documents: versions, conflicts, and where searches look.

use super::support::*;
use crate::{Fault, FilingFault, Storage, StorageError};
use anteroom_api::{
    ConversationEvent, ConversationKind, ConversationView, Event, TextEvent, TextView, Topic,
};

pub(super) fn note(number: u32) -> ConversationView {
    ConversationView {
        kind: ConversationKind::Note,
        title: "Retry notes".into(),
        ..view(number)
    }
}

pub(super) fn written(number: u32, version: u32, body: &str) -> Event {
    Event::Text(TextEvent::Saved {
        text: TextView {
            conversation: conversation_id(number),
            version,
            body: body.to_owned(),
            updated_at: AT.plus(1),
            author: Some("Ada".into()),
            restored_from: (version == 3).then_some(1),
        },
    })
}

async fn bodies(storage: &Storage, number: u32) -> Vec<String> {
    let id = conversation_id(number);
    let mut bodies = Vec::new();
    for version in storage.text_versions(id).await.unwrap() {
        let text = storage.text(id, Some(version.version)).await.unwrap();
        let text = text.unwrap();
        assert_eq!(text.body.len() as u64, version.size_bytes);
        assert_eq!(text.updated_at, version.updated_at);
        assert_eq!(text.restored_from, version.restored_from);
        bodies.push(text.body);
    }
    bodies
}

fn fault(result: Result<Vec<anteroom_api::Envelope>, StorageError>) -> Fault {
    result.unwrap_err().fault
}

#[tokio::test]
async fn every_version_is_kept_and_none_is_written_over() {
    let place = Place::new();
    let storage = place.open().await;
    storage
        .tell(1, vec![opened(note(1)), written(1, 1, "exponential")])
        .await
        .unwrap();
    storage
        .tell(1, vec![written(1, 2, "with größe")])
        .await
        .unwrap();
    // Whoever was slower is told so, and nothing of theirs is stored.
    let slower = fault(storage.tell(1, vec![written(1, 2, "mine")]).await);
    assert!(
        matches!(slower, Fault::Filing(FilingFault::StaleText { current: 2 })),
        "{slower:?}"
    );
    assert_eq!(bodies(&storage, 1).await, ["with größe", "exponential"]);
    // Told again it changes nothing.
    storage
        .tell(1, vec![written(1, 2, "with größe")])
        .await
        .unwrap();
    storage
        .tell(1, vec![written(1, 3, "exponential")])
        .await
        .unwrap();
    let newest = storage.text(conversation_id(1), None).await.unwrap();
    let newest = newest.unwrap();
    assert_eq!((newest.version, newest.restored_from), (3, Some(1)));
    assert_eq!(newest.author.as_deref(), Some("Ada"));
    assert_eq!(
        storage.text(conversation_id(1), Some(9)).await.unwrap(),
        None
    );

    // A chat has no text.
    storage.tell(2, vec![opened(view(2))]).await.unwrap();
    let wrong = fault(storage.tell(2, vec![written(2, 1, "x")]).await);
    assert!(matches!(wrong, Fault::Filing(FilingFault::NoText(_))));
    let misplaced = fault(storage.tell(2, vec![written(1, 4, "x")]).await);
    assert!(matches!(misplaced, Fault::Misplaced { .. }));
}

#[tokio::test]
async fn a_search_finds_titles_and_the_newest_version() {
    let place = Place::new();
    let storage = place.open().await;
    storage
        .tell(
            1,
            vec![opened(note(1)), written(1, 1, "exponential backoff")],
        )
        .await
        .unwrap();
    storage
        .tell(2, vec![opened(view(2)), completed(says(1, "jitter said"))])
        .await
        .unwrap();
    let hits = async |words: &str| -> Vec<(u32, ConversationKind, bool, String)> {
        let hits = storage.search(words, 9).await.unwrap().into_iter();
        hits.map(|hit| {
            let number = hit.conversation.0.as_fields().0;
            (number, hit.kind, hit.item.is_some(), hit.snippet)
        })
        .collect()
    };
    let kind = ConversationKind::Note;
    assert_eq!(
        hits("backoff").await,
        [(1, kind, false, "exponential \u{2}backoff\u{3}".to_owned())]
    );
    assert_eq!(
        hits("retry").await,
        [(1, kind, false, "\u{2}Retry\u{3} notes".to_owned())]
    );
    // Words may be in title and text.
    assert_eq!(hits("notes backoff").await.len(), 1);
    storage
        .tell(1, vec![written(1, 2, "jitter")])
        .await
        .unwrap();
    assert_eq!(hits("backoff").await, []);
    let both: Vec<u32> = hits("jitter").await.iter().map(|hit| hit.0).collect();
    assert!(both.contains(&1) && both.contains(&2) && both.len() == 2);
    let renamed = ConversationEvent::Renamed {
        conversation: conversation_id(1),
        title: "Plans".into(),
    };
    storage
        .tell(1, vec![Event::Conversation(renamed)])
        .await
        .unwrap();
    assert_eq!(hits("retry").await, []);
    assert_eq!(hits("plans").await.len(), 1);

    let deleted = ConversationEvent::Deleted {
        conversation: conversation_id(1),
    };
    let entry = entry(Topic::Host, 1, vec![Event::Conversation(deleted)]);
    storage.append(entry).await.unwrap();
    assert_eq!(hits("plans").await, []);
    assert_eq!(hits("jitter").await.len(), 1);
    assert_eq!(bodies(&storage, 1).await, Vec::<String>::new());
    storage
        .write(|connection| {
            let sql = "INSERT INTO texts_text (texts_text, rank) VALUES ('integrity-check', 1)";
            connection.execute(sql, [])?;
            Ok(())
        })
        .await
        .unwrap();
}
