//! Disks that are full, fail, or cannot be written: told, survived, and left behind when they are well again.
//!
//! A limit for the size of files makes writing fail for every user on every machine; where the machine lets us mount a
//! small disk of our own, the same is done with one that is full.

use crate::support::alone::{World, has_small_disks, is_alone, run_alone};
use crate::support::endpoint::{Gate, Reply};
use crate::support::program::{aroom, left};
use crate::support::scene::{Scene, Watch, attended, auto};
use anteroom_api::{
    ApprovalOp, Content, ConversationId, ConversationOp, Decision, Event, Item, ItemEvent, Problem,
    ProblemCode, Scope, Signal, Status, StopReason, TurnEvent, TurnId, TurnOp,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Files may not grow beyond this while the disk is bad: the log of the database is larger, what a tool writes is not.
const SMALL_FILE: u64 = 32 * 1024;
/// The disk of our own.
const SMALL_DISK: u64 = 24 << 20;

/// A disk that can be made bad and good again.
enum Disk {
    Failing { usual: Rlimit },
    Full { filler: PathBuf },
}

impl Disk {
    /// The one this process was given.
    fn own() -> Self {
        match std::env::var_os("TMPDIR").map(PathBuf::from) {
            Some(folder) if is_small(&folder) => Self::Full {
                filler: folder.join("filler"),
            },
            _ => Self::Failing {
                usual: getrlimit(Resource::Fsize),
            },
        }
    }

    fn spoil(&self) {
        match self {
            Self::Failing { usual } => {
                let limit = Rlimit {
                    current: Some(SMALL_FILE),
                    maximum: usual.maximum,
                };
                setrlimit(Resource::Fsize, limit).unwrap();
            }
            Self::Full { filler } => {
                let mut filler = std::fs::File::create(filler).unwrap();
                for size in [1 << 16, 1 << 12, 1] {
                    while filler.write_all(&vec![1; size]).is_ok() {}
                }
            }
        }
    }

    fn mend(&self) {
        match self {
            Self::Failing { usual } => setrlimit(Resource::Fsize, *usual).unwrap(),
            Self::Full { filler } => std::fs::remove_file(filler).unwrap(),
        }
    }

    /// What is said of it.
    fn words(&self) -> &'static str {
        match self {
            Self::Failing { .. } => "reported an error",
            Self::Full { .. } => "the disk is full",
        }
    }
}

fn is_small(folder: &Path) -> bool {
    rustix::fs::statvfs(folder).is_ok_and(|disk| disk.f_blocks * disk.f_frsize <= SMALL_DISK)
}

/// Runs a test once for each sort of disk that this machine can make.
async fn on_bad_disks(name: &str) {
    run_alone(name, World::Unsignalled).await;
    if has_small_disks() {
        let folder = tempfile::tempdir().unwrap();
        let world = World::SmallDisk {
            folder: folder.path(),
            bytes: SMALL_DISK,
        };
        run_alone(name, world).await;
    }
}

/// A host with a conversation whose every event is followed, and a log that has grown beyond a small file.
async fn ready() -> (Disk, Scene, ConversationId, Watch) {
    let disk = Disk::own();
    let scene = Scene::new([]).await;
    let conversation = scene.open().await;
    let mut watch = scene.watch(conversation).await;
    // The events from the first on.
    watch.signals = scene.handle().follow(
        anteroom_api::Topic::Conversation(conversation),
        Some(anteroom_api::Seq(0)),
    );
    scene.endpoint.say(Reply::text(&"many words ".repeat(4000)));
    let turn = scene.say(conversation, "talk", auto()).await;
    ended(&mut watch, turn).await;
    let log = scene.home().join("anteroom.db-wal");
    assert!(std::fs::metadata(log).unwrap().len() > SMALL_FILE);
    (disk, scene, conversation, watch)
}

async fn ended(watch: &mut Watch, wanted: TurnId) -> StopReason {
    let is_end = |event: &Event| matches!(event, Event::Turn(TurnEvent::Ended { turn, .. }) if *turn == wanted);
    match watch.until(is_end).await {
        Event::Turn(TurnEvent::Ended { stop, .. }) => stop,
        other => panic!("{other:?}"),
    }
}

/// Waits for the banner.
async fn trouble(watch: &mut Watch) -> (Option<TurnId>, Problem) {
    loop {
        if let Signal::Trouble { turn, problem } = watch.next().await {
            return (turn, problem);
        }
    }
}

#[track_caller]
fn is_of_the_disk(problem: &Problem, disk: &Disk) {
    assert_eq!(problem.code, ProblemCode::Storage);
    assert!(problem.error.contains(disk.words()), "{problem}");
    assert!(problem.hint.is_some(), "{problem}");
}

/// What was told is what is stored, in order, no more and no less; and the database is sound.
fn told_is_stored(scene: &Scene, watch: &Watch) {
    let database = rusqlite::Connection::open(scene.home().join("anteroom.db")).unwrap();
    let sound: String = database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok");
    let mut rows = database
        .prepare("SELECT event FROM journal WHERE topic = ?1 ORDER BY seq")
        .unwrap();
    let topic = watch.told.conversation.0.into_bytes();
    let rows = rows
        .query_map([topic], |row| row.get::<_, String>(0))
        .unwrap();
    let stored: Vec<Value> = rows
        .map(|text| serde_json::from_str(&text.unwrap()).unwrap())
        .collect();
    let told: Vec<Value> = watch
        .told
        .events
        .iter()
        .map(|envelope| serde_json::to_value(&envelope.event).unwrap())
        .collect();
    assert_eq!(told, stored);
}

#[tokio::test]
async fn a_bad_disk_is_told_and_nothing_is_acknowledged() {
    if !is_alone() {
        return on_bad_disks("robustness::disks::a_bad_disk_is_told_and_nothing_is_acknowledged")
            .await;
    }
    let (disk, scene, conversation, mut watch) = ready().await;
    disk.spoil();
    let before = watch.told.events.len();
    let turn = scene.say(conversation, "anybody there?", auto()).await;
    let (of, problem) = trouble(&mut watch).await;
    assert_eq!(of, Some(turn));
    is_of_the_disk(&problem, &disk);
    assert_eq!(watch.told.events.len(), before, "nothing was told");
    let renamed = ConversationOp::Rename {
        conversation,
        title: "new".into(),
    };
    let refused = scene.handle().submit(renamed).await.unwrap_err();
    is_of_the_disk(&refused.0, &disk);
    // What is there can still be read.
    assert_eq!(scene.items(conversation).await.len(), 2);

    disk.mend();
    scene.endpoint.say(Reply::text("here again"));
    let turn = scene.say(conversation, "and now?", auto()).await;
    assert_eq!(ended(&mut watch, turn).await, StopReason::EndTurn);
    assert_eq!(watch.told.answer(), "here again");
    told_is_stored(&scene, &watch);
}

#[tokio::test]
async fn a_disk_that_goes_bad_in_the_middle_ends_the_turn_once_it_is_well() {
    if !is_alone() {
        return on_bad_disks(
            "robustness::disks::a_disk_that_goes_bad_in_the_middle_ends_the_turn_once_it_is_well",
        )
        .await;
    }
    let (disk, scene, conversation, mut watch) = ready().await;
    let gate = Gate::new();
    scene.endpoint.say(
        Reply::stream()
            .token("half")
            .wait(&gate)
            .token(" an answer"),
    );
    let cut_off = scene.say(conversation, "talk on", auto()).await;
    let begun = |event: &Event| matches!(event, Event::Item(ItemEvent::Started(_)));
    watch.until(begun).await;
    gate.reached().await;
    disk.spoil();
    gate.open();
    let (of, problem) = trouble(&mut watch).await;
    assert_eq!(of, Some(cut_off));
    is_of_the_disk(&problem, &disk);
    // As long as it is bad, the next turn is refused rather than begun behind an open one.
    let early = TurnOp::Start {
        conversation,
        input: vec![Content::text("too early")],
        options: auto(),
    };
    let refused = scene.handle().submit(early).await.unwrap_err();
    is_of_the_disk(&refused.0, &disk);

    disk.mend();
    scene.endpoint.say(Reply::text("here again"));
    let next = scene.say(conversation, "and now?", auto()).await;
    let stop = ended(&mut watch, cut_off).await;
    assert!(
        matches!(stop, StopReason::Failed { .. } | StopReason::EndTurn),
        "{stop:?}"
    );
    assert_eq!(ended(&mut watch, next).await, StopReason::EndTurn);
    for item in scene.items(conversation).await {
        assert!(
            !matches!(item.status, Status::Running | Status::Pending),
            "{item:?}"
        );
    }
    let turns = scene.handle().read().turns(conversation).await.unwrap();
    assert!(turns.iter().all(|turn| turn.stop.is_some()), "{turns:?}");
    told_is_stored(&scene, &watch);
}

#[tokio::test]
async fn a_yes_that_cannot_be_stored_is_not_acted_upon() {
    if !is_alone() {
        return on_bad_disks("robustness::disks::a_yes_that_cannot_be_stored_is_not_acted_upon")
            .await;
    }
    let (disk, scene, conversation, mut watch) = ready().await;
    scene.endpoint.script([
        Reply::call("write_file", json!({ "path": "a.txt", "content": "" })),
        Reply::text("never asked for"),
    ]);
    let turn = scene.say(conversation, "write", attended()).await;
    let approval = watch.approval().await;
    disk.spoil();
    let decide = ApprovalOp::Decide {
        approval: approval.id,
        digest: approval.digest,
        decision: Decision::Allow { scope: Scope::Once },
        by: "test".into(),
    };
    // Whether the answer is taken or refused: nothing follows from it.
    drop(scene.handle().submit(decide).await);
    let (of, problem) = trouble(&mut watch).await;
    assert_eq!(of, Some(turn));
    is_of_the_disk(&problem, &disk);
    assert!(!scene.has("a.txt"));

    disk.mend();
    scene.endpoint.choose(|_| Some(Reply::text("here again")));
    let next = scene.say(conversation, "and now?", auto()).await;
    assert_eq!(ended(&mut watch, next).await, StopReason::EndTurn);
    let open = scene.handle().read().approvals(conversation).await.unwrap();
    assert_eq!(open, []);
    let calls: Vec<Item> = watch
        .told
        .calls("write_file")
        .into_iter()
        .map(|(item, _)| item)
        .collect();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].status, Status::Failed);
    told_is_stored(&scene, &watch);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_says_what_is_wrong_with_the_disk_and_works_afterwards() {
    let scene = Scene::new([Reply::text("fine"), Reply::text("fine")]).await;
    let home = scene.folder.path().join("program");
    std::fs::create_dir(&home).unwrap();
    // 512 bytes is the unit: nothing can be written at all.
    for limit in ["ulimit -f 0;", ""] {
        let program = aroom(&home, Some(&scene.endpoint));
        let mut shell = std::process::Command::new("sh");
        let script = format!("trap '' XFSZ; {limit} exec \"$@\"");
        shell.args(["-c", &script, "sh"]).arg(program.get_program());
        shell.args(["exec", "say fine"]).env_clear();
        let variables = program.get_envs();
        shell.envs(variables.filter_map(|(name, value)| Some((name, value?))));
        shell.current_dir(scene.workspace());
        let output = tokio::task::spawn_blocking(move || shell.output())
            .await
            .unwrap();
        let left = left(output.unwrap());
        if limit.is_empty() {
            assert_eq!((left.code, left.stdout.as_str()), (0, "fine\n"), "{left:?}");
        } else {
            assert_ne!(left.code, 0, "{left:?}");
            assert!(left.stdout.is_empty(), "{left:?}");
            let words = &left.stderr;
            assert!(
                words.contains("error:") && words.contains("hint:"),
                "{words}"
            );
        }
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_told_at_the_start() {
    let mut scene = Scene::new([]).await;
    scene.stop().await;
    // Not even root can make a folder there.
    for place in ["/proc/anteroom", "/dev/null/anteroom"] {
        let settings = [("app.data_dir", json!(place))];
        let problem = scene.try_start(&settings).await.unwrap_err();
        assert!(problem.hint.is_some(), "{problem}");
        assert!(problem.to_string().contains(place), "{problem}");
    }
    scene.start(&[]).await;
    scene.endpoint.say(Reply::text("fine"));
    assert_eq!(scene.run("go").await.answer(), "fine");
}
