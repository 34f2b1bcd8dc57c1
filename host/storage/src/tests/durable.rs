//! What an answer means: committed, and synced before that.
//!
//! That a sync happens is SQLite's doing under `synchronous=FULL`, which is read back here from the very connection
//! that writes. The order of system calls of the whole program is shown by `cargo bench --bench engine -- synced`.

use super::support::*;
use crate::error::with_ending;
use crate::{Fault, Storage};
use anteroom_api::Seq;

fn setting(connection: &rusqlite::Connection, name: &str) -> Result<String, Fault> {
    let value = connection.query_row(&format!("PRAGMA {name}"), [], |row| {
        row.get_ref(0).map(|value| match value {
            rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            other => format!("{other:?}"),
        })
    })?;
    Ok(value)
}

#[tokio::test]
async fn the_connection_that_writes_syncs_each_commit() {
    let place = Place::new();
    let storage = place.open().await;
    let wanted = [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("fullfsync", "1"),
        ("checkpoint_fullfsync", "1"),
    ];
    // Also after it has written, and after a failed write.
    for round in 0..3 {
        for (name, value) in wanted {
            let found = storage.write(move |connection| setting(connection, name));
            assert_eq!(found.await.unwrap(), value, "{name}, round {round}");
        }
        let event = match round {
            0 => opened(view(1)),
            _ => started(round),
        };
        storage.tell(1, vec![event]).await.unwrap();
        storage.tell(9, vec![started(1)]).await.unwrap_err();
    }
}

/// The files as they are at this moment, which is what a killed process leaves.
fn snapshot(place: &Place) -> Place {
    let left = Place::new();
    std::fs::create_dir(left.file().parent().unwrap()).unwrap();
    for ending in ["", "-wal"] {
        let from = with_ending(&place.file(), ending);
        std::fs::copy(from, with_ending(&left.file(), ending)).unwrap();
    }
    left
}

#[tokio::test]
async fn what_is_answered_is_in_the_files_at_that_moment() {
    let place = Place::new();
    let storage = place.open().await;
    storage.tell(1, vec![opened(view(1))]).await.unwrap();
    for number in 1..40 {
        let text = format!("words of {number} ").repeat(200);
        let event = completed(says(number, &text));
        let told = storage.tell(1, vec![event]).await.unwrap();
        let left = snapshot(&place);
        let survivor = Storage::open(&left.file(), AT).await.unwrap();
        let found = survivor.events(topic(1), Seq(told[0].seq.0 - 1), 9).await;
        assert_eq!(found.unwrap(), told);
        assert_eq!(survivor.check().await.unwrap(), Vec::<String>::new());
    }
}
