//! Copies, caches and temporary files on a disk of their own.

use super::*;
use anteroom_api::{
    ConversationEvent, ConversationKind, ConversationView, Event, Seq, Trust, Usage,
};
use anteroom_storage::Entry;
use std::fs::FileTimes;
use std::time::SystemTime;

const NOW: UnixMillis = UnixMillis(1_790_000_000_000);

fn standard() -> Data {
    Data {
        backup_daily: true,
        backup_keep: 3,
        host_facts_days: 90,
        temp_days: 7,
        cache_max_mb: 16,
    }
}

struct Desk {
    folder: tempfile::TempDir,
    storage: Storage,
}

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("anteroom.db");
        let storage = Storage::open(&file, NOW).await.unwrap();
        Self { folder, storage }
    }

    async fn run(&self, data: Data, now: UnixMillis) {
        let upkeep = Upkeep {
            storage: self.storage.clone(),
            folder: self.folder.path().to_path_buf(),
            data,
            now,
            go_on: Arc::new(|| true),
        };
        assert_eq!(upkeep.run().await, []);
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let found = entries(&self.folder.path().join(folder)).unwrap();
        let names = found
            .iter()
            .map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name != ".lock").collect();
        names.sort();
        names
    }

    fn write(&self, path: &str, bytes: usize, at: UnixMillis) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = File::create(&path).unwrap();
        file.set_len(bytes as u64).unwrap();
        set_times(&file, at);
    }
}

fn set_times(file: &File, at: UnixMillis) {
    let at: SystemTime = UNIX_EPOCH + Duration::from_millis(at.0.unsigned_abs());
    file.set_times(FileTimes::new().set_modified(at).set_accessed(at))
        .unwrap();
}

#[test]
fn moments_are_named_in_utc() {
    for (millis, name) in [
        (0, "19700101-000000-000"),
        (951_782_399_999, "20000228-235959-999"),
        (951_782_400_000, "20000229-000000-000"),
        (1_790_000_000_000, "20260921-141320-000"),
        (4_102_444_800_000, "21000101-000000-000"),
    ] {
        assert_eq!(stamp(UnixMillis(millis)), name);
    }
}

#[tokio::test]
async fn a_copy_is_made_once_a_day_and_the_oldest_go() {
    let desk = Desk::new().await;
    desk.run(
        Data {
            backup_daily: false,
            ..standard()
        },
        NOW,
    )
    .await;
    assert_eq!(desk.names(BACKUPS), Vec::<String>::new());
    let hours = [0, 1, 23, 25, 26, 49, 50, 75, 100, 200];
    for hour in hours {
        desk.run(standard(), NOW.plus(hour * HOUR_MS)).await;
    }
    let made = |hour: i64| format!("daily-{}.db", stamp(NOW.plus(hour * HOUR_MS)));
    assert_eq!(desk.names(BACKUPS), [75, 100, 200].map(made));
    // What a person asked for stays, and so does what is none of ours.
    desk.write("backups/backup-19990101-000000-000.db", 1, NOW);
    desk.write("backups/notes.txt", 1, NOW);
    desk.write("backups/daily-20260921.db.part", 1, NOW);
    desk.run(
        Data {
            backup_keep: 1,
            ..standard()
        },
        NOW.plus(300 * HOUR_MS),
    )
    .await;
    assert_eq!(
        desk.names(BACKUPS),
        [
            "backup-19990101-000000-000.db".to_owned(),
            made(300),
            "notes.txt".to_owned()
        ]
    );
    let copy = desk.folder.path().join(BACKUPS).join(made(300));
    let copy = Storage::open(&copy, NOW).await.unwrap();
    assert_eq!(copy.check().await.unwrap(), Vec::<String>::new());
    let (sizes, newest) = measure(desk.folder.path());
    assert!(
        sizes
            .iter()
            .any(|(name, bytes)| *name == BACKUPS && *bytes > 4096)
    );
    assert!(newest.is_some());
}

#[tokio::test]
async fn of_several_processes_one_makes_the_copy() {
    let desk = Desk::new().await;
    let folder = desk.folder.path().join(BACKUPS);
    let held = due(&folder, NOW).unwrap();
    assert!(held.is_some());
    desk.run(standard(), NOW).await;
    assert_eq!(desk.names(BACKUPS), Vec::<String>::new());
    drop(held);
    desk.run(standard(), NOW).await;
    assert_eq!(desk.names(BACKUPS).len(), 1);
}

#[tokio::test]
async fn a_copy_that_is_stopped_is_made_next_time() {
    let desk = Desk::new().await;
    let upkeep = Upkeep {
        storage: desk.storage.clone(),
        folder: desk.folder.path().to_path_buf(),
        data: standard(),
        now: NOW,
        go_on: Arc::new(|| false),
    };
    assert_eq!(upkeep.run().await, []);
    assert_eq!(desk.names(BACKUPS), Vec::<String>::new());
    desk.run(standard(), NOW).await;
    assert_eq!(desk.names(BACKUPS).len(), 1);
}

#[tokio::test]
async fn the_cache_loses_what_was_used_longest_ago() {
    let desk = Desk::new().await;
    for (age, name) in [(3, "c"), (1, "a"), (2, "b"), (4, "deep/d")] {
        let path = format!("{CACHE}/{name}");
        desk.write(&path, 6 << 20, NOW.plus(-age * DAY_MS));
    }
    desk.run(standard(), NOW).await;
    assert_eq!(desk.names(CACHE), ["a", "b", "deep"]);
    assert_eq!(desk.names("cache/deep"), Vec::<String>::new());
}

fn id(number: u128) -> ConversationId {
    uuid::Uuid::from_u128(number).into()
}

async fn open(desk: &Desk, number: u128, used_at: UnixMillis) {
    let view = ConversationView {
        id: id(number),
        kind: ConversationKind::Chat,
        title: String::new(),
        workspace: "/work".to_owned(),
        model: None,
        mode: None,
        parent: None,
        forked_from: None,
        database: None,
        filing: anteroom_api::Filing::default(),
        trust: Trust::User,
        created_at: used_at,
        updated_at: used_at,
        seq: Seq(0),
        running: None,
        usage: Usage::default(),
    };
    let opened = ConversationEvent::Opened {
        conversation: Box::new(view),
    };
    let entry = Entry {
        topic: Topic::Conversation(id(number)),
        cause: None,
        at: used_at,
        user: None,
        events: vec![Event::Conversation(opened)],
    };
    desk.storage.append(entry).await.unwrap();
}

#[tokio::test]
async fn temporary_files_go_with_their_conversations() {
    let desk = Desk::new().await;
    let long_ago = NOW.plus(-30 * DAY_MS);
    open(&desk, 1, long_ago).await;
    open(&desk, 2, NOW).await;
    // Unused; used; gone; gone just now, or not there yet; nobody's.
    for (name, at) in [
        (id(1).to_string(), long_ago),
        (id(2).to_string(), long_ago),
        (id(3).to_string(), long_ago),
        (id(4).to_string(), NOW),
        ("notes".to_owned(), long_ago),
    ] {
        desk.write(&format!("{TEMP}/{name}/file"), 10, at);
        set_times(
            &File::open(desk.folder.path().join(TEMP).join(&name)).unwrap(),
            at,
        );
    }
    desk.run(standard(), NOW).await;
    let kept = [id(2).to_string(), id(4).to_string(), "notes".to_owned()];
    assert_eq!(desk.names(TEMP), kept);
}

#[tokio::test]
async fn whoever_resumes_from_what_is_gone_is_told_to_read_anew() {
    let desk = Desk::new().await;
    let ambient = crate::ambient::Ambient::fixed(NOW.0);
    let user = anteroom_storage::UserStamp {
        user_id: "u".to_owned(),
        user_display_name: "Ada".to_owned(),
    };
    for age in [200, 150, 100, 1] {
        let entry = Entry {
            topic: Topic::Host,
            cause: None,
            at: NOW.plus(-age * DAY_MS),
            user: None,
            events: vec![Event::Host(anteroom_api::event::HostEvent::Stopping)],
        };
        desk.storage.append(entry).await.unwrap();
    }
    desk.run(standard(), NOW).await;
    let bus = crate::bus::Bus::new(desk.storage.clone(), ambient, user);
    let mut old = bus.follow(Topic::Host, Some(Seq(1)));
    let resume = match old.next().await {
        Some(anteroom_api::Signal::Lagged { resume }) => resume,
        other => panic!("{other:?}"),
    };
    assert_eq!(resume, Seq(3));
    assert!(old.next().await.is_none());
    let mut anew = bus.follow(Topic::Host, Some(resume));
    match anew.next().await {
        Some(anteroom_api::Signal::Event { envelope }) => assert_eq!(envelope.seq, Seq(4)),
        other => panic!("{other:?}"),
    }
}
