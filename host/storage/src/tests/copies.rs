//! Copies taken while the database is in use, and put back.

use super::support::*;
use crate::error::with_ending;
use crate::{Fault, GoOn, Storage, connection, files, migrate};
use anteroom_api::{Event, Seq, SettingEvent, Topic};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

fn always() -> GoOn {
    Arc::new(|| true)
}

fn beside(place: &Place, name: &str) -> PathBuf {
    place.folder.path().join("data").join("backups").join(name)
}

async fn filled(place: &Place, conversations: u32) -> Storage {
    let storage = place.open().await;
    for number in 1..=conversations {
        let text = format!("words of {number} ").repeat(300);
        let events = vec![opened(view(number)), completed(says(number, &text))];
        storage.tell(number, events).await.unwrap();
    }
    storage
}

fn names(folder: &Path) -> Vec<String> {
    let paths = contents(folder).into_keys();
    let names = paths.map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
    names.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_taken_while_others_write_and_can_be_opened() {
    let place = Place::new();
    let storage = filled(&place, 20).await;
    let writing = {
        let storage = storage.clone();
        tokio::spawn(async move {
            for number in 1..200 {
                storage.tell(1, vec![started(number)]).await.unwrap();
            }
        })
    };
    let target = beside(&place, "copy.db");
    let size = storage.back_up(&target, always()).await.unwrap();
    assert_eq!(size, target.metadata().unwrap().len());
    writing.await.unwrap();

    let again = storage.back_up(&target, always()).await.unwrap_err();
    assert!(matches!(again.fault, Fault::Exists(_)), "{again:?}");
    assert_eq!(names(target.parent().unwrap()), ["copy.db"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            target.metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let copy = Storage::open(&target, AT).await.unwrap();
    assert_eq!(copy.check().await.unwrap(), Vec::<String>::new());
    let listed = copy.conversations(None, 50).await.unwrap().entries;
    assert_eq!(listed.len(), 20);
    // Everything up to one moment, and nothing after it.
    let seq = copy.last_seq(topic(1)).await.unwrap();
    let told = storage.events(topic(1), Seq(0), 500).await.unwrap();
    let kept = copy.events(topic(1), Seq(0), 500).await.unwrap();
    assert_eq!(kept, told[..usize::try_from(seq.0).unwrap()]);
}

#[tokio::test]
async fn a_copy_that_is_stopped_leaves_nothing() {
    let place = Place::new();
    // More pages than are copied at once.
    let storage = place.open().await;
    let text = "word ".repeat(1_200_000);
    let events = vec![opened(view(1)), completed(says(1, &text))];
    storage.tell(1, events).await.unwrap();
    let looked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&looked);
    let go_on: GoOn = Arc::new(move || counted.fetch_add(1, Ordering::Relaxed) == 0);
    let target = beside(&place, "copy.db");
    let error = storage.back_up(&target, go_on).await.unwrap_err();
    assert!(matches!(error.fault, Fault::Stopped), "{error:?}");
    assert_eq!(looked.load(Ordering::Relaxed), 2);
    assert_eq!(names(target.parent().unwrap()), Vec::<String>::new());
}

#[tokio::test]
async fn a_copy_is_put_back_and_what_was_there_is_kept() {
    let place = Place::new();
    let storage = filled(&place, 2).await;
    let copy = beside(&place, "copy.db");
    storage.back_up(&copy, always()).await.unwrap();
    let before = dump(&storage).await;
    storage
        .tell(3, vec![opened(view(3)), completed(says(30, "later"))])
        .await
        .unwrap();
    let after = dump(&storage).await;

    let kept = beside(&place, "kept.db");
    storage.restore(&copy, &kept, AT).await.unwrap();
    assert_eq!(dump(&storage).await, before);
    storage.tell(1, vec![started(1)]).await.unwrap();
    storage.close().await.unwrap();
    assert!(copy.exists());
    let kept = Storage::open(&kept, AT).await.unwrap();
    assert_eq!(dump(&kept).await, after);
    let storage = place.open().await;
    assert_eq!(storage.last_seq(topic(1)).await.unwrap(), Seq(3));
    assert_eq!(storage.check().await.unwrap(), Vec::<String>::new());
    let left = names(place.file().parent().unwrap());
    assert!(
        !left.iter().any(|name| name.contains("restoring")),
        "{left:?}"
    );
}

/// A database as the first version of this program left it.
fn of_the_first_version(place: &Place) {
    let path = place.file();
    files::prepare(&path).unwrap();
    let mut connection = connection::writer(&path).unwrap();
    migrate::run(&mut connection, &path, &migrate::STEPS[..1]).unwrap();
    connection
        .execute_batch(
            "INSERT INTO conversations (id, kind, title, workspace, trust, created_at, updated_at, seq)
                VALUES (unhex('00000001000170008000000000000001'), 'chat', 'old', '/w', 'user', 1, 2, 1);
             INSERT INTO items (id, conversation, ordinal, turn, step, status, origin, created_at, body, text)
                VALUES (unhex('00000001000370008000000000000003'),
                    unhex('00000001000170008000000000000001'), 1, zeroblob(16), 1, 'completed',
                    '{\"kind\":\"model\"}', 1, '{\"kind\":\"agent_message\",\"text\":\"remembered\"}',
                    'remembered');",
        )
        .unwrap();
}

#[tokio::test]
async fn the_copy_made_before_a_migration_can_be_put_back() {
    let place = Place::new();
    of_the_first_version(&place);
    let storage = place.open().await;
    let before = dump(&storage).await;
    assert_eq!(storage.search("remem", 5).await.unwrap().len(), 1);
    check_index(&storage).await;
    storage.tell(1, vec![started(9)]).await.unwrap();
    let older = with_ending(&place.file(), ".backup-v1");
    let kept = beside(&place, "kept.db");
    storage.restore(&older, &kept, AT).await.unwrap();
    assert_eq!(dump(&storage).await, before);
    assert_eq!(storage.search("remem", 5).await.unwrap().len(), 1);
    assert_eq!(storage.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn it_is_not_put_back_under_somebody_else() {
    let place = Place::new();
    let storage = filled(&place, 1).await;
    let copy = beside(&place, "copy.db");
    storage.back_up(&copy, always()).await.unwrap();
    storage.tell(1, vec![started(1)]).await.unwrap();
    let now = dump(&storage).await;
    let refused = async |number: u32| {
        let kept = beside(&place, &format!("kept{number}.db"));
        let error = storage.restore(&copy, &kept, AT).await.unwrap_err();
        assert!(matches!(error.fault, Fault::InUse), "{error:?}");
        assert_eq!(dump(&storage).await, now);
        storage.last_seq(Topic::Host).await.unwrap();
    };
    // Another opening of ours.
    let other = place.open().await;
    refused(1).await;
    drop(other);
    // A program that knows nothing of our locks.
    let other = Connection::open(place.file()).unwrap();
    let _: i64 = other
        .query_row("SELECT count(*) FROM items", [], |row| row.get(0))
        .unwrap();
    refused(2).await;
    drop(other);
    storage
        .restore(&copy, &beside(&place, "kept3.db"), AT)
        .await
        .unwrap();
}

#[tokio::test]
async fn only_a_sound_copy_of_ours_is_put_back() {
    let place = Place::new();
    let storage = filled(&place, 30).await;
    let good = beside(&place, "good.db");
    storage.back_up(&good, always()).await.unwrap();
    let now = dump(&storage).await;
    let bytes = std::fs::read(&good).unwrap();

    let make = |name: &str, bytes: &[u8]| {
        let path = beside(&place, name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let sql = |name: &str, sql: &str| {
        let path = make(name, &bytes);
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        path
    };
    let mut torn = bytes.clone();
    let middle = torn.len() / 2;
    torn[middle..].fill(0x5a);
    let copies = [
        (beside(&place, "nowhere.db"), "there is no such file"),
        (make("empty.db", b""), "empty"),
        (make("text.db", b"hello"), "damaged"),
        (make("torn.db", &torn), ""),
        (make("cut.db", &bytes[..bytes.len() / 2]), ""),
        (
            sql("foreign.db", "PRAGMA application_id = 7"),
            "another program",
        ),
        (sql("newer.db", "PRAGMA user_version = 99"), "newer version"),
        (
            sql(
                "dangling.db",
                "PRAGMA foreign_keys = OFF; DELETE FROM conversations",
            ),
            "missing row",
        ),
    ];
    for (copy, words) in copies {
        let kept = beside(&place, "kept.db");
        let error = storage.restore(&copy, &kept, AT).await.unwrap_err();
        let problem = anteroom_api::Problem::from(error);
        assert!(problem.to_string().contains(words), "{words}: {problem}");
        assert!(!kept.exists(), "{words}: nothing was begun");
        assert_eq!(dump(&storage).await, now, "{words}");
    }
}

#[tokio::test]
async fn the_audit_log_is_not_put_back() {
    let place = Place::new();
    let storage = filled(&place, 1).await;
    let changed = |key: &str| {
        let key = key.to_string();
        vec![Event::Setting(SettingEvent::Changed { key })]
    };
    let change = |key| storage.append(entry(Topic::Host, 1, changed(key)));
    change("before").await.unwrap();
    let copy = beside(&place, "copy.db");
    storage.back_up(&copy, always()).await.unwrap();
    for key in ["after", "later"] {
        change(key).await.unwrap();
    }
    let head = storage.audit_head().await.unwrap();
    assert_eq!(head.number, 3);
    storage
        .restore(&copy, &beside(&place, "kept.db"), AT)
        .await
        .unwrap();
    assert_eq!(storage.audit_head().await.unwrap(), head);
    storage
        .append(entry(Topic::Host, 1, changed("now")))
        .await
        .unwrap();
    let checked = storage.check_audit().await.unwrap();
    assert_eq!(checked.head.number, 4, "{checked:?}");
    assert_eq!(storage.last_seq(Topic::Host).await.unwrap(), Seq(2));

    // A copy of another home keeps its own.
    let elsewhere = Place::new();
    let other = filled(&elsewhere, 1).await;
    other
        .append(entry(Topic::Host, 1, changed("theirs")))
        .await
        .unwrap();
    let theirs = beside(&elsewhere, "theirs.db");
    other.back_up(&theirs, always()).await.unwrap();
    storage
        .restore(&theirs, &beside(&place, "kept2.db"), AT)
        .await
        .unwrap();
    assert_eq!(storage.audit_head().await.unwrap().number, 1);
}
