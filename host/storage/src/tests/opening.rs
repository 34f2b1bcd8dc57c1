//! What may stand where the database should be.

use super::support::*;
use crate::migrate::{STEPS, newest};
use crate::{Fault, Storage, error::with_ending};
use anteroom_api::{Problem, Seq};
use rusqlite::Connection;
use std::path::Path;

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let folder = place.file().parent().unwrap().to_path_buf();
    let storage = place.open().await;
    storage.tell(1, vec![opened(view(1))]).await.unwrap();
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = contents(&folder).into_keys().collect();
    assert_eq!(
        files.len(),
        5,
        "the database, its log, its index, the two locks: {files:?}"
    );
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    assert_eq!(mode(&with_ending(&place.file(), ".hosts")), 0o700);

    // A file that was left open to others is closed to them; the folder it is in is not ours to change.
    storage.close().await.unwrap();
    std::fs::set_permissions(place.file(), PermissionsExt::from_mode(0o644)).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    drop(place.open().await);
    assert_eq!(mode(&place.file()), 0o600);
    assert_eq!(mode(&folder), 0o755);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_may_open_a_new_one_at_once() {
    let place = Place::new();
    let openings: Vec<_> = (0..8)
        .map(|_| {
            let file = place.file();
            tokio::spawn(async move { Storage::open(&file, AT).await })
        })
        .collect();
    let mut opened = Vec::new();
    for opening in openings {
        opened.push(opening.await.unwrap().unwrap());
    }
    let names: std::collections::BTreeSet<_> = opened
        .iter()
        .map(|storage| storage.host().number().unwrap())
        .collect();
    assert_eq!(names.len(), opened.len());
    for (number, storage) in (0..).zip(&opened) {
        storage
            .tell(number, vec![super::support::opened(view(number))])
            .await
            .unwrap();
    }
    assert_eq!(
        opened[0]
            .conversations(None, 20)
            .await
            .unwrap()
            .entries
            .len(),
        8
    );
}

/// Puts something where the database should be, and expects it to be refused and left as it is.
async fn check(prepare: impl FnOnce(&Path), expected: impl Fn(&Fault) -> bool) -> Problem {
    let place = Place::new();
    std::fs::create_dir(place.file().parent().unwrap()).unwrap();
    prepare(&place.file());
    let before = contents(place.folder.path());
    let error = Storage::open(&place.file(), AT).await.unwrap_err();
    assert!(expected(&error.fault), "{error:?}");
    assert_eq!(error.path, place.file());
    // Looking into it leaves a lock and an index of the log beside it; neither is part of what is stored.
    let mut after = contents(place.folder.path());
    for ending in ["-shm", ".lock"] {
        let file = with_ending(&place.file(), ending);
        if !before.contains_key(&file) {
            after.remove(&file);
        }
    }
    assert!(after == before, "{:?} {:?}", before.keys(), after.keys());
    error.into()
}

fn create(path: &Path, sql: &str) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(sql).unwrap();
    connection
}

#[tokio::test]
async fn a_newer_schema_is_not_touched() {
    const NEWER: &str = "PRAGMA journal_mode = WAL; CREATE TABLE t (x);
        PRAGMA application_id = 0x41526f4d; PRAGMA user_version = 99;";
    let is_newer = |fault: &Fault| {
        matches!(
            fault,
            Fault::NewerSchema { found: 99, known } if *known == newest(STEPS)
        )
    };
    let problem = check(|path| drop(create(path, NEWER)), is_newer).await;
    assert!(
        problem
            .error
            .contains("newer version (schema 99, known up to "),
        "{problem}"
    );
    assert!(problem.hint.unwrap().contains("install the newer version"));

    // Also when the newer program was killed, and only the log knows the version.
    check(
        |path| {
            let connection = create(path, NEWER);
            let aside = with_ending(path, ".aside");
            for (from, to) in [
                (path, &aside),
                (&with_ending(path, "-wal"), &with_ending(&aside, "-wal")),
            ] {
                std::fs::copy(from, to).unwrap();
            }
            drop(connection);
            std::fs::rename(&aside, path).unwrap();
            std::fs::rename(with_ending(&aside, "-wal"), with_ending(path, "-wal")).unwrap();
        },
        is_newer,
    )
    .await;
}

#[tokio::test]
async fn a_program_does_not_write_to_what_was_migrated_under_it() {
    let place = Place::new();
    let storage = place.open().await;
    storage.tell(1, vec![opened(view(1))]).await.unwrap();
    drop(create(&place.file(), "PRAGMA user_version = 99"));
    let error = storage.tell(1, vec![started(1)]).await.unwrap_err();
    assert!(
        matches!(error.fault, Fault::NewerSchema { found: 99, known } if known == newest(STEPS)),
        "{error:?}"
    );
    assert_eq!(storage.last_seq(topic(1)).await.unwrap(), Seq(1));
}

#[tokio::test]
async fn other_files_are_refused() {
    let is_foreign = |fault: &Fault| matches!(fault, Fault::Foreign);
    let is_corrupt = |fault: &Fault| matches!(fault, Fault::Corrupt(_));
    let is_read_only = |fault: &Fault| matches!(fault, Fault::ReadOnly(_));
    check(|path| drop(create(path, "CREATE TABLE t (x)")), is_foreign).await;
    check(
        |path| drop(create(path, "CREATE TABLE t (x); PRAGMA user_version = 1")),
        is_foreign,
    )
    .await;
    check(|path| std::fs::write(path, "hello").unwrap(), is_corrupt).await;
    check(|path| std::fs::write(path, [7; 9000]).unwrap(), is_corrupt).await;
    let torn = |path: &Path| {
        let mut bytes = b"SQLite format 3\0".to_vec();
        bytes.resize(60, 0xff);
        bytes.extend(b"\0\0\0\x01....\x41\x52\x6f\x4d");
        bytes.resize(5000, 0xff);
        std::fs::write(path, bytes).unwrap();
    };
    let problem = check(torn, is_corrupt).await;
    assert!(
        problem.error.ends_with("is damaged or is no database"),
        "{problem}"
    );
    let problem = check(|path| std::fs::create_dir(path).unwrap(), is_read_only).await;
    assert!(problem.hint.unwrap().contains("chmod"));
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_told() {
    let place = Place::new();
    let file = place.folder.path().join("a file");
    std::fs::write(&file, "").unwrap();
    let error = Storage::open(&file.join("anteroom.db"), AT)
        .await
        .unwrap_err();
    assert!(matches!(error.fault, Fault::ReadOnly(_)), "{error:?}");
    let problem = Problem::from(error);
    assert_eq!(
        problem.hint.unwrap(),
        format!(
            "let your user write there: `ls -ld '{0}' '{0}/anteroom.db'` shows who owns it, \
             `chmod u+rwx '{0}'` and `chmod u+rw '{0}/anteroom.db'` open it",
            file.display()
        )
    );
}
