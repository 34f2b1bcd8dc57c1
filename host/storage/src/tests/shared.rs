//! Further files beside the personal one.

use super::support::*;
use crate::error::with_ending;
use crate::file::File;
use crate::{Caps, Fault, Reservation, SharedFile, Spent, Storage};
use anteroom_api::{
    Approval, ApprovalEvent, AuditFilter, ConversationEvent, ConversationId, ConversationKind,
    ConversationView, EffectKind, EffectView, Event, Problem, Resolution, Scope, Seq, Status, Tier,
    Topic, TurnEvent, Usage,
};
use rusqlite::Connection;
use std::path::PathBuf;

fn team(place: &Place) -> SharedFile {
    SharedFile {
        name: "team".to_string(),
        path: place.folder.path().join("share").join("team.db"),
    }
}

fn shared_view(number: u32) -> ConversationView {
    ConversationView {
        database: Some("team".to_string()),
        ..view(number)
    }
}

/// A personal file with conversations of odd numbers, a shared one with those of even numbers.
async fn both(place: &Place, count: u32) -> Storage {
    let storage = place.open().await;
    storage.add_shared(team(place), true, AT).await.unwrap();
    for number in 1..=count {
        let view = if number.is_multiple_of(2) {
            shared_view(number)
        } else {
            view(number)
        };
        let text = format!("the words of number{number}");
        let events = vec![opened(view), completed(says(number, &text))];
        let entry = entry(topic(number), i64::from(number / 3), events);
        storage.append(entry).await.unwrap();
    }
    storage
}

async fn listed(storage: &Storage, limit: u32) -> Vec<(ConversationId, Option<String>)> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = storage.conversations(before, limit).await.unwrap();
        assert!(page.entries.len() <= limit as usize);
        all.extend(
            page.entries
                .into_iter()
                .map(|view| (view.id, view.database)),
        );
        before = page.before;
        if before.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn a_conversation_lives_in_one_file_and_is_seen_as_if_there_were_one() {
    let place = Place::new();
    let storage = both(&place, 9).await;
    // By last use, whichever file they are in; those of one moment by id.
    let name = |number: u32| number.is_multiple_of(2).then(|| "team".to_string());
    let expected: Vec<_> = [9, 8, 7, 6, 5, 4, 3, 2, 1]
        .map(|number| (conversation_id(number), name(number)))
        .to_vec();
    for limit in [1, 2, 3, 4, 9, 100] {
        assert_eq!(listed(&storage, limit).await, expected, "{limit}");
    }
    for number in 1..=9 {
        let id = conversation_id(number);
        let view = storage.conversation(id).await.unwrap().unwrap();
        assert_eq!(view.database, name(number));
        assert_eq!(view.seq, Seq(2));
        assert_eq!(storage.all_items(id).await.unwrap().len(), 1);
        let told = storage.events(topic(number), Seq(0), 9).await.unwrap();
        let Event::Conversation(ConversationEvent::Opened { conversation }) = &told[0].event else {
            panic!("{told:?}")
        };
        assert_eq!(conversation.database, name(number));
        let hits = storage.search(&format!("number{number}"), 5).await.unwrap();
        assert_eq!(hits.len(), 1);
        assert_eq!(hits[0].conversation, id);
    }
    assert_eq!(storage.search("words", 100).await.unwrap().len(), 9);
    assert_eq!(storage.search("words", 4).await.unwrap().len(), 4);

    // Each file holds its own, and knows nothing of the name.
    let path = team(&place).path;
    storage.close().await.unwrap();
    let alone = Storage::open(&path, AT).await.unwrap();
    assert_eq!(listed(&alone, 9).await.len(), 4);
    assert_eq!(alone.conversation(conversation_id(1)).await.unwrap(), None);
    let told = alone.events(topic(2), Seq(0), 9).await.unwrap();
    assert!(!format!("{told:?}").contains("team"));
}

#[tokio::test]
async fn several_processes_see_each_other_s_in_a_shared_file() {
    let place = Place::new();
    let storage = both(&place, 2).await;
    let elsewhere = Place::new();
    let other = elsewhere.open().await;
    let shared = SharedFile {
        name: "ours".to_string(),
        path: team(&place).path,
    };
    other.add_shared(shared, false, AT).await.unwrap();
    storage.tell(2, vec![started(1)]).await.unwrap();
    let seen = other
        .conversation(conversation_id(2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(seen.database.as_deref(), Some("ours"));
    assert_eq!(seen.running, Some(turn_id(1)));
    assert_eq!(other.conversation(conversation_id(1)).await.unwrap(), None);
    // Its process lives, so the turn is nobody else's to close.
    assert_eq!(other.unfinished().await.unwrap(), []);
    other
        .tell(2, vec![completed(says(50, "from the other"))])
        .await
        .unwrap();
    assert_eq!(storage.last_seq(topic(2)).await.unwrap(), Seq(4));
    drop(storage);
    let left = other.unfinished().await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].turn.id, turn_id(1));
}

#[tokio::test]
async fn children_go_where_their_parents_are_and_all_goes_with_a_deletion() {
    let place = Place::new();
    let storage = both(&place, 2).await;
    let asks = begun(calls(70, Status::Running));
    storage.tell(2, vec![asks]).await.unwrap();
    let child = ConversationView {
        kind: ConversationKind::Agent,
        parent: Some(item_id(70)),
        ..view(3)
    };
    storage.tell(3, vec![opened(child)]).await.unwrap();
    let found = storage.conversation(conversation_id(3)).await.unwrap();
    assert_eq!(found.unwrap().database.as_deref(), Some("team"));

    let deleted = Event::Conversation(ConversationEvent::Deleted {
        conversation: conversation_id(2),
    });
    let told = storage.append(entry(Topic::Host, 1, vec![deleted])).await;
    assert_eq!(told.unwrap()[0].seq, Seq(1));
    for number in [2, 3] {
        let id = conversation_id(number);
        assert_eq!(storage.conversation(id).await.unwrap(), None);
        assert_eq!(storage.last_seq(topic(number)).await.unwrap(), Seq(0));
    }
    assert_eq!(listed(&storage, 9).await.len(), 1);
}

#[tokio::test]
async fn what_is_decided_in_a_shared_conversation_is_in_the_personal_audit_log() {
    let place = Place::new();
    let storage = both(&place, 2).await;
    let approval = Approval {
        id: uuid(6, 1).into(),
        turn: turn_id(1),
        item: item_id(2),
        agent: None,
        tool: "write_file".to_string(),
        effect: EffectView {
            kind: EffectKind::FileWrite,
            summary: "src/main.rs".to_string(),
            detail: None,
            preview: None,
        },
        tier: Tier::Write,
        reasons: vec![],
        scopes: vec![],
        digest: "00".to_string(),
        requested_at: AT,
        expires_at: AT.plus(60_000),
    };
    let resolved = ApprovalEvent::Resolved {
        approval: approval.id,
        resolution: Resolution::Allowed { scope: Scope::Once },
        by: "web".to_string(),
    };
    let requested = ApprovalEvent::Requested {
        approval: Box::new(approval),
    };
    storage
        .tell(2, vec![started(1), Event::Approval(requested)])
        .await
        .unwrap();
    storage
        .tell(2, vec![Event::Approval(resolved)])
        .await
        .unwrap();
    let audit = storage
        .audit(AuditFilter::default(), None, 9)
        .await
        .unwrap();
    assert_eq!(audit.entries.len(), 1, "{audit:?}");
    let record = &audit.entries[0];
    assert_eq!(record.conversation, Some(conversation_id(2)));
    assert_eq!(record.effect, "src/main.rs");
    assert_eq!(record.verdict, "allowed");
    let records = Connection::open(team(&place).path).unwrap();
    let count: i64 = records
        .query_row("SELECT count(*) FROM audit", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 0);
}

/// Puts something where the shared file should be; everything else goes on, and one complaint says why.
async fn check_left_out(prepare: impl FnOnce(&Storage, &PathBuf), words: &str) {
    let place = Place::new();
    let storage = both(&place, 4).await;
    storage.remove_shared("team").await.unwrap();
    prepare(&storage, &team(&place).path);
    storage.add_shared(team(&place), false, AT).await.unwrap();
    assert_eq!(listed(&storage, 9).await.len(), 2, "{words}");
    assert_eq!(storage.search("words", 9).await.unwrap().len(), 2);
    assert_eq!(
        storage.conversation(conversation_id(2)).await.unwrap(),
        None
    );
    let states = storage.databases(false).await;
    assert_eq!(states.len(), 2);
    assert!(states[0].complaints.is_empty(), "{states:?}");
    let [complaint] = &states[1].complaints[..] else {
        panic!("{states:?}")
    };
    assert!(
        complaint.to_string().contains(words),
        "{words}: {complaint}"
    );
    assert!(complaint.hint.is_some(), "{complaint}");
    // Nothing can be placed there, and it is not placed elsewhere instead.
    let refused = storage
        .tell(8, vec![opened(shared_view(8))])
        .await
        .unwrap_err();
    assert_eq!(Problem::from(refused).to_string(), complaint.to_string());
    storage.tell(1, vec![started(1)]).await.unwrap();
    storage.remove_shared("team").await.unwrap();
    assert_eq!(storage.databases(false).await.len(), 1);
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_left_out() {
    let remove = |_: &Storage, path: &PathBuf| std::fs::remove_file(path).unwrap();
    check_left_out(remove, "there is no database").await;
    let overwrite = |_: &Storage, path: &PathBuf| std::fs::write(path, "hello").unwrap();
    check_left_out(overwrite, "damaged").await;
    let sql = |sql: &'static str| {
        move |_: &Storage, path: &PathBuf| {
            Connection::open(path).unwrap().execute_batch(sql).unwrap();
        }
    };
    check_left_out(sql("PRAGMA user_version = 99"), "newer version").await;
    check_left_out(sql("PRAGMA application_id = 7"), "another program").await;
    let mut holder = None;
    let lock = |_: &Storage, path: &PathBuf| {
        let connection = Connection::open(path).unwrap();
        let sql = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT";
        connection.execute_batch(sql).unwrap();
        holder = Some(connection);
    };
    check_left_out(lock, "another program holds").await;
}

#[tokio::test]
async fn a_file_that_comes_back_is_there_again() {
    let place = Place::new();
    let storage = both(&place, 4).await;
    let path = team(&place).path;
    storage.remove_shared("team").await.unwrap();
    let aside = with_ending(&path, ".aside");
    std::fs::rename(&path, &aside).unwrap();
    storage.add_shared(team(&place), false, AT).await.unwrap();
    assert!(!path.exists(), "only what was asked for is made");
    storage.retry_shared(AT).await;
    assert_eq!(listed(&storage, 9).await.len(), 2);
    std::fs::rename(&aside, &path).unwrap();
    storage.retry_shared(AT).await;
    assert_eq!(listed(&storage, 9).await.len(), 4);
    assert_eq!(storage.shared(), [team(&place)]);
}

#[tokio::test]
async fn one_file_is_never_opened_twice() {
    let place = Place::new();
    let storage = both(&place, 1).await;
    let link = place.folder.path().join("link.db");
    std::fs::hard_link(place.file(), &link).unwrap();
    let taken = [
        ("other", team(&place).path),
        ("team", place.folder.path().join("other.db")),
        ("self", place.file()),
        ("link", link),
    ];
    for (name, path) in taken {
        let shared = SharedFile {
            name: name.to_string(),
            path,
        };
        let error = storage.add_shared(shared, true, AT).await.unwrap_err();
        assert!(matches!(error.fault, Fault::SharedTaken(_)), "{error:?}");
    }
    assert_eq!(storage.shared().len(), 1);
}

#[test]
fn a_file_that_may_only_be_read_is_read() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let place = Place::new();
        both(&place, 4).await.close().await.unwrap();
        let path = team(&place).path;
        let file = File::open_reading(&path, Some("team".into())).unwrap();
        assert!(file.is_read_only());
        let count = file.read(|connection| {
            let sql = "SELECT count(*) FROM conversations";
            Ok(connection.query_row(sql, [], |row| row.get::<_, i64>(0))?)
        });
        assert_eq!(count.await.unwrap(), 2);
        let write = file.write(|_| Ok(())).await.unwrap_err();
        assert!(matches!(write.fault, Fault::ReadOnly(_)), "{write:?}");
        drop(file);

        // An earlier schema cannot be helped there.
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("PRAGMA user_version = 1").unwrap();
        drop(connection);
        let fault = File::open_reading(&path, None).unwrap_err();
        assert!(
            matches!(fault, Fault::OlderSchema { found: 1, .. }),
            "{fault:?}"
        );
    });
}

#[tokio::test]
async fn a_file_on_a_disk_that_cannot_be_written_is_read() {
    let place = Place::new();
    both(&place, 4).await.close().await.unwrap();
    let path = team(&place).path;
    // As somebody sees it who may not even make the index of the log.
    let still = crate::connection::reader_as(&path, crate::connection::Reading::Still).unwrap();
    let count: i64 = still
        .query_row("SELECT count(*) FROM items", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 2);
    assert!(!with_ending(&path, "-shm").exists());
    assert!(still.execute_batch("DELETE FROM items").is_err());
}

#[tokio::test]
async fn what_is_spent_in_a_shared_file_counts_for_this_user_alone() {
    let place = Place::new();
    let storage = both(&place, 2).await;
    let elsewhere = Place::new();
    let other = elsewhere.open().await;
    other.add_shared(team(&place), false, AT).await.unwrap();
    let usage = Usage {
        prompt_tokens: 30,
        completion_tokens: 12,
        cost_micros: 5,
        ..Usage::default()
    };
    let reservation = Reservation {
        id: uuid(8, 1),
        turn: turn_id(1),
        step: 1,
        amount: Spent {
            tokens: 1000,
            ..Spent::default()
        },
    };
    let caps = Caps::default();
    storage
        .reserve(reservation, caps, AT)
        .await
        .unwrap()
        .unwrap();
    let step = Event::Turn(TurnEvent::StepEnded {
        turn: turn_id(1),
        step: 1,
        usage,
        record: None,
    });
    let call = completed(calls(60, Status::Completed));
    storage.tell(2, vec![started(1), call, step]).await.unwrap();
    let spent = Spent {
        tokens: 42,
        cost_micros: 5,
        calls: 1,
    };
    assert_eq!(storage.spent_on(AT).await.unwrap(), spent);
    let besides = (usage, AT, None);
    storage
        .spend_besides(conversation_id(2), "title", besides)
        .await
        .unwrap();
    assert_eq!(storage.spent_on(AT).await.unwrap().tokens, 84);
    assert_eq!(other.spent_on(AT).await.unwrap(), Spent::default());
    let of_both = storage.spent(conversation_id(2)).await.unwrap();
    assert_eq!((of_both.tokens, of_both.calls), (84, 1));
    assert_eq!(other.spent(conversation_id(2)).await.unwrap(), of_both);
}
