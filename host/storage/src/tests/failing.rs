//! Disks that are full, files that are damaged or locked, and what people are told.

use super::support::*;
use crate::error::Cause;
use crate::{Fault, Storage, StorageError};
use anteroom_api::{Problem, ProblemCode, Seq, Topic};
use rusqlite::Connection;
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// Lets the database grow by so many pages at most: what a full disk is to SQLite.
async fn limit(storage: &Storage, pages: i64) {
    storage
        .write(move |connection| {
            let used: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            let set = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
            connection.pragma_update_and_check(None, "max_page_count", used + pages, set)?;
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_and_recovers() {
    let place = Place::new();
    let storage = place.open().await;
    storage.tell(1, vec![opened(view(1))]).await.unwrap();
    let before = dump(&storage).await;
    let long = "many words ".repeat(20_000);

    limit(&storage, 2).await;
    let error = storage
        .tell(1, vec![completed(says(1, &long))])
        .await
        .unwrap_err();
    assert!(matches!(error.fault, Fault::DiskFull(_)), "{error:?}");
    assert_eq!(dump(&storage).await, before);
    let problem = Problem::from(error);
    assert_eq!(problem.code, ProblemCode::Storage);
    assert!(problem.error.ends_with("the disk is full"), "{problem}");

    // One that is too large does not take the small ones with it that share its transaction.
    let writes: Vec<_> = (1..20)
        .map(|number| {
            let (storage, long) = (storage.clone(), long.clone());
            let event = match number {
                10 => completed(says(10, &long)),
                _ => started(number),
            };
            tokio::spawn(async move { storage.tell(1, vec![event]).await })
        })
        .collect();
    for (number, write) in (1..).zip(writes) {
        let outcome = write.await.unwrap();
        assert_eq!(outcome.is_err(), number == 10, "{number}: {outcome:?}");
    }
    assert_eq!(storage.last_seq(topic(1)).await.unwrap(), Seq(19));

    limit(&storage, 1000).await;
    storage
        .tell(1, vec![completed(says(1, &long))])
        .await
        .unwrap();
    assert_eq!(storage.last_seq(topic(1)).await.unwrap(), Seq(20));
    check_index(&storage).await;
}

#[tokio::test]
async fn a_locked_file_is_waited_for_and_then_told() {
    let place = Place::new();
    let storage = place.open().await;
    storage.tell(1, vec![opened(view(1))]).await.unwrap();
    let other = Connection::open(place.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = storage.tell(1, vec![started(1)]).await.unwrap_err();
    assert!(matches!(error.fault, Fault::Locked(_)), "{error:?}");
    let problem = Problem::from(error);
    assert!(problem.retryable);
    assert!(problem.hint.unwrap().contains("fuser"));
    // Reading goes on.
    assert_eq!(storage.last_seq(topic(1)).await.unwrap(), Seq(1));
    other.execute_batch("COMMIT").unwrap();
    storage.tell(1, vec![started(1)]).await.unwrap();
    storage.close().await.unwrap();

    // A program that wants the file for itself keeps us from opening it.
    let sql = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT";
    other.execute_batch(sql).unwrap();
    let error = Storage::open(&place.file(), AT).await.unwrap_err();
    assert!(matches!(error.fault, Fault::Locked(_)), "{error:?}");
}

#[tokio::test]
async fn damage_is_told_and_found() {
    let place = Place::new();
    let storage = place.open().await;
    let text = "some words ".repeat(1000);
    let mut events = vec![opened(view(1))];
    events.extend((1..50).map(|number| completed(says(number, &text))));
    storage.tell(1, events).await.unwrap();
    storage.close().await.unwrap();

    // Messages and the journal. The first pages hold the schema, and a late one what closing has added to it.
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .open(place.file())
        .unwrap();
    let size = file.metadata().unwrap().len();
    let (from, until) = (4096 * 120, 4096 * 400);
    assert!(until < size);
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(&vec![0x5a; usize::try_from(until - from).unwrap()])
        .unwrap();
    drop(file);

    let storage = place.open().await;
    assert_ne!(storage.check().await.unwrap(), Vec::<String>::new());
    let error = storage.all_items(conversation_id(1)).await.unwrap_err();
    assert!(matches!(error.fault, Fault::Corrupt(_)), "{error:?}");
}

#[test]
fn every_fault_has_words() {
    let cause = || -> Cause { Arc::new(std::io::Error::other("the reason")) };
    let faults = [
        (Fault::DiskFull(cause()), ProblemCode::Storage, true),
        (Fault::ReadOnly(cause()), ProblemCode::Storage, true),
        (Fault::Corrupt(cause()), ProblemCode::Storage, true),
        (Fault::Locked(cause()), ProblemCode::Storage, true),
        (Fault::Disk(cause()), ProblemCode::Storage, true),
        (
            Fault::NewerSchema { found: 2, known: 1 },
            ProblemCode::Storage,
            true,
        ),
        (Fault::Foreign, ProblemCode::Storage, true),
        (
            Fault::OlderSchema { found: 1, known: 2 },
            ProblemCode::Storage,
            true,
        ),
        (Fault::NetworkDisk("NFS"), ProblemCode::Storage, true),
        (Fault::Missing, ProblemCode::Storage, true),
        (
            Fault::Filing(crate::FilingFault::Cycle),
            ProblemCode::InvalidInput,
            true,
        ),
        (
            Fault::Filing(crate::FilingFault::StaleText { current: 2 }),
            ProblemCode::Conflict,
            true,
        ),
        (Fault::Damaged("page 7".into()), ProblemCode::Storage, true),
        (
            Fault::SharedTaken("`team`".into()),
            ProblemCode::InvalidInput,
            true,
        ),
        (
            Fault::UnknownDatabase("team".into()),
            ProblemCode::NotFound,
            true,
        ),
        (Fault::InUse, ProblemCode::Conflict, true),
        (Fault::Stopped, ProblemCode::Conflict, true),
        (
            Fault::Exists("/home/ada/copy.db".into()),
            ProblemCode::InvalidInput,
            true,
        ),
        (
            Fault::BadCopy("page 7".into()),
            ProblemCode::InvalidInput,
            true,
        ),
        (
            Fault::BadLine {
                line: 7,
                text: "why".into(),
            },
            ProblemCode::InvalidInput,
            true,
        ),
        (Fault::Busy, ProblemCode::Conflict, true),
        (Fault::NoWriteAheadLog, ProblemCode::Storage, true),
        (
            Fault::Migration {
                version: 2,
                source: cause(),
            },
            ProblemCode::Storage,
            true,
        ),
        (
            Fault::UnknownConversation(conversation_id(1)),
            ProblemCode::NotFound,
            true,
        ),
        (
            Fault::Misplaced {
                noun: "a turn",
                topic: Topic::Host,
            },
            ProblemCode::Internal,
            false,
        ),
        (
            Fault::BadCursor("x".to_string()),
            ProblemCode::InvalidInput,
            true,
        ),
        (Fault::Unreadable(cause()), ProblemCode::Storage, true),
        (Fault::Unstorable(cause()), ProblemCode::Storage, false),
        (Fault::Closed, ProblemCode::Storage, true),
        (Fault::Statement(cause()), ProblemCode::Internal, false),
        (
            Fault::Panicked("why".to_string()),
            ProblemCode::Internal,
            false,
        ),
    ];
    let mut words = std::collections::BTreeSet::new();
    for (fault, code, has_hint) in faults {
        let has_cause = std::error::Error::source(&fault).is_some();
        let path = PathBuf::from("/home/ada lovelace/anteroom.db");
        let problem = Problem::from(StorageError { path, fault });
        assert_eq!(problem.code, code, "{problem}");
        assert_eq!(problem.hint.is_some(), has_hint, "{problem}");
        assert_eq!(!problem.causes.is_empty(), has_cause, "{problem}");
        assert!(
            !problem.error.ends_with('.') && !problem.error.contains('\n'),
            "{problem}"
        );
        assert!(words.insert((problem.error, problem.hint)), "said twice");
    }
}
