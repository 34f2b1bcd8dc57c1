//! What toolsets keep: for themselves, in one project, within bounds, across a restart.

use super::support::*;
use crate::{StoreOwner, StoreRoom};

const ROOM: StoreRoom = StoreRoom { keys: 2, bytes: 10 };

fn owner(toolset: &str, place: &str) -> StoreOwner {
    StoreOwner {
        toolset: toolset.into(),
        place: place.into(),
    }
}

#[tokio::test]
async fn a_value_is_kept_for_its_owner_alone() {
    let place = Place::new();
    let storage = place.open().await;
    let entry = |key: &str, value: &[u8]| (key.to_owned(), value.to_vec());
    let mine = || owner("a", "/w");
    assert!(storage.store(mine(), entry("k", b"1"), ROOM).await.unwrap());
    assert!(
        storage
            .store(mine(), entry("k", b"\0\xff"), ROOM)
            .await
            .unwrap()
    );
    storage.close().await.unwrap();
    let storage = place.open().await;
    let found = storage.stored(mine(), "k".into()).await.unwrap();
    assert_eq!(found, Some(b"\0\xff".to_vec()));
    for other in [owner("b", "/w"), owner("a", "/v")] {
        assert_eq!(
            storage.stored(other.clone(), "k".into()).await.unwrap(),
            None
        );
        assert!(storage.stored_keys(other.clone()).await.unwrap().is_empty());
        assert!(!storage.unstore(other, "k".into()).await.unwrap());
    }
    assert!(storage.unstore(mine(), "k".into()).await.unwrap());
    assert_eq!(storage.stored(mine(), "k".into()).await.unwrap(), None);
}

#[tokio::test]
async fn there_is_no_more_room_than_was_given() {
    let place = Place::new();
    let storage = place.open().await;
    let mine = || owner("a", "/w");
    for (key, length, is_kept) in [
        ("a", 9, true),
        ("b", 1, false),
        // What replaces a value takes its place.
        ("a", 8, true),
        ("b", 0, true),
        ("c", 0, false),
        ("b", 1, false),
        ("a", 0, true),
        ("ä", 7, false),
    ] {
        let entry = (key.to_owned(), vec![b'x'; length]);
        let kept = storage.store(mine(), entry, ROOM).await.unwrap();
        assert_eq!(kept, is_kept, "{key} {length}");
    }
    assert_eq!(storage.stored_keys(mine()).await.unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn what_goes_leaves_nothing_behind_in_any_project() {
    let place = Place::new();
    let storage = place.open().await;
    let all = [
        owner("bundle/a/1/x", "/w"),
        owner("bundle/a/2/y", "/v"),
        owner("bundle/ab/1/x", "/w"),
        owner("bundle/A/1/x", "/w"),
        owner("x", "/w"),
    ];
    for one in &all {
        let entry = ("k".to_owned(), b"1".to_vec());
        assert!(storage.store(one.clone(), entry, ROOM).await.unwrap());
    }
    assert_eq!(storage.unstore_all("bundle/a/".into()).await.unwrap(), 2);
    let mut left = Vec::new();
    for one in &all {
        left.push(storage.stored_keys(one.clone()).await.unwrap().len());
    }
    assert_eq!(left, [0, 0, 1, 1, 1]);
}
