//! The databases looked after through the real host and the real program: copies, exports, shared files.

use crate::support::endpoint::Reply;
use crate::support::program::{Left, aroom, run};
use crate::support::scene::{Scene, auto};
use anteroom_api::event::HostEvent;
use anteroom_api::{
    ConversationId, ConversationOp, DatabaseEvent, DatabaseOp, Event, ItemBody, Op, OpId, Problem,
    Seq, Signal, Topic,
};
use serde_json::json;
use std::path::{Path, PathBuf};

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Submits a wish about databases, and finds what came of it.
async fn done(scene: &Scene, op: DatabaseOp) -> Result<DatabaseEvent, Problem> {
    let handle = scene.handle();
    let id: OpId = handle.submit(op).await.map_err(|rejection| rejection.0)?;
    let mut facts = handle.follow(Topic::Host, Some(Seq(0)));
    loop {
        if let Signal::Event { envelope } = facts.next().await.unwrap()
            && let Event::Database(event) = envelope.event
            && envelope.cause == Some(id)
        {
            return Ok(event);
        }
    }
}

async fn listed(scene: &Scene) -> Vec<(ConversationId, Option<String>)> {
    let page = scene.handle().read().conversations(None, 50).await.unwrap();
    let views = page.entries.into_iter();
    views.map(|view| (view.id, view.database)).collect()
}

fn replies() -> Vec<Reply> {
    vec![
        Reply::call("write_file", json!({ "path": "a.txt", "content": "kept" })),
        Reply::text("written"),
        Reply::text("again"),
        Reply::text("and again"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_put_back_with_everything_in_it() {
    let scene = Scene::new(replies()).await;
    let first = scene.run("write a.txt").await.conversation;
    let before = scene.items(first).await;
    let made = done(&scene, DatabaseOp::BackUp { path: None })
        .await
        .unwrap();
    let DatabaseEvent::BackedUp { path, size_bytes } = made else {
        panic!("{made:?}")
    };
    assert!(
        path.starts_with(&text(&scene.home().join("backups"))),
        "{path}"
    );
    assert!(size_bytes > 0);
    scene
        .turn(first, "say it again", auto(), |_| unreachable!())
        .await;
    let second = scene.open().await;
    assert_eq!(listed(&scene).await.len(), 2);

    let newest = scene.handle().read().host_seq().await.unwrap();
    let restored = done(&scene, DatabaseOp::Restore { path: path.clone() })
        .await
        .unwrap();
    let DatabaseEvent::Restored { path: from, kept } = restored else {
        panic!("{restored:?}")
    };
    assert_eq!(from, path);
    assert!(Path::new(&kept).exists());
    assert_eq!(listed(&scene).await, [(first, None)]);
    assert_eq!(scene.items(first).await, before);
    // It is the first thing in what was put back, and the host says that it ends.
    let seq = scene.handle().read().host_seq().await.unwrap();
    assert!(seq <= newest.next().next(), "{seq:?} {newest:?}");
    let mut facts = scene.handle().follow(Topic::Host, Some(Seq(seq.0 - 1)));
    let Some(Signal::Event { envelope }) = facts.next().await else {
        panic!()
    };
    assert_eq!(envelope.event, Event::Host(HostEvent::Stopping));

    // What was there before is whole.
    let other = Scene::new([]).await;
    done(&other, DatabaseOp::Restore { path: kept })
        .await
        .unwrap();
    let ids: Vec<ConversationId> = listed(&other).await.into_iter().map(|(id, _)| id).collect();
    assert!(ids.contains(&first) && ids.contains(&second));
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_carried_to_another_home_and_go_on_there() {
    let key = "sk-secret-0123456789abcdef";
    let settings = [("ai.api_key", json!(key))];
    let scene = Scene::with_settings(replies(), &settings).await;
    let conversation = scene.run("write a.txt").await.conversation;
    let export = scene.folder.path().join("export.jsonl");
    let written = done(
        &scene,
        DatabaseOp::Export {
            path: text(&export),
            conversations: vec![],
        },
    );
    let expected = DatabaseEvent::Exported {
        path: text(&export),
        conversations: 1,
    };
    assert_eq!(written.await.unwrap(), expected);
    let lines = std::fs::read_to_string(&export).unwrap();
    assert!(!lines.contains(key));
    let records: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        records[0],
        json!({ "format": "anteroom-conversations", "version": 1 })
    );
    let kinds: Vec<&str> = records[1..]
        .iter()
        .map(|record| record["record"].as_str().unwrap())
        .collect();
    assert_eq!(kinds[0], "conversation");
    assert_eq!(kinds[1], "turn");
    assert_eq!(&kinds[kinds.len() - 2..], ["end", "end_of_export"]);

    let other = Scene::new([Reply::text("gone on")]).await;
    let import = DatabaseOp::Import {
        path: text(&export),
    };
    let expected = DatabaseEvent::Imported {
        path: text(&export),
        conversations: 1,
        skipped: 0,
    };
    assert_eq!(done(&other, import.clone()).await.unwrap(), expected);
    assert_eq!(
        other.items(conversation).await,
        scene.items(conversation).await
    );
    let turns = other.handle().read().turns(conversation).await.unwrap();
    assert_eq!(
        turns,
        scene.handle().read().turns(conversation).await.unwrap()
    );
    // It is found, and goes on with its history, whatever its own workspace was.
    let hits = other
        .handle()
        .read()
        .search("written".into(), None, 5)
        .await
        .unwrap();
    assert_eq!(hits.len(), 1);
    let told = other
        .turn(conversation, "go on", auto(), |_| unreachable!())
        .await;
    assert_eq!(told.answer(), "gone on");
    let request = other.endpoint.requests().pop().unwrap().json.to_string();
    assert!(
        request.contains("write a.txt") && request.contains("written"),
        "{request}"
    );
    let again = done(&other, import).await.unwrap();
    assert!(
        matches!(again, DatabaseEvent::Imported { skipped: 1, .. }),
        "{again:?}"
    );
}

async fn open_in(scene: &Scene, database: &str) -> Result<ConversationId, Problem> {
    let open = ConversationOp::Open {
        workspace: text(&scene.workspace()),
        title: "ours".into(),
        model: None,
        project: None,
        database: Some(database.into()),
    };
    let opened = scene.handle().open(open).await;
    opened.map_err(|rejection| rejection.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_database_is_there_beside_the_personal_one() {
    let mut scene = Scene::new(replies()).await;
    let refused = open_in(&scene, "team").await.unwrap_err();
    assert!(refused.hint.unwrap().contains("aroom db shared add"));
    let file = scene.folder.path().join("share").join("team.db");
    let add = DatabaseOp::ShareAdd {
        name: "team".into(),
        path: text(&file),
    };
    let added = done(&scene, add).await.unwrap();
    assert!(
        matches!(added, DatabaseEvent::SharedAdded { .. }),
        "{added:?}"
    );

    // A turn with a call runs in it as in the personal one.
    let ours = open_in(&scene, "team").await.unwrap();
    let told = scene
        .turn(ours, "write a.txt", auto(), |_| unreachable!())
        .await;
    assert_eq!(told.answer(), "written");
    assert_eq!(scene.read("a.txt"), "kept");
    let mine = scene.open().await;
    let both = [(mine, None), (ours, Some("team".to_owned()))];
    assert_eq!(listed(&scene).await, both);
    let views = scene.handle().read().databases(true).await.unwrap();
    let facts: Vec<_> = views
        .iter()
        .map(|view| {
            (
                view.name.as_str(),
                view.conversations,
                view.complaints.len(),
            )
        })
        .collect();
    assert_eq!(facts, [("", 1, 0), ("team", 1, 0)]);
    // What was done there is in this user's audit log all the same.
    let audit = scene
        .handle()
        .read()
        .audit(anteroom_api::AuditFilter::default(), None, 100)
        .await
        .unwrap();
    assert!(
        audit
            .entries
            .iter()
            .any(|record| record.conversation == Some(ours))
    );

    // It is remembered, and another home sees the same conversation.
    scene.stop().await;
    scene.start(&[]).await;
    assert_eq!(listed(&scene).await, both);
    let other = Scene::new([]).await;
    let add = DatabaseOp::ShareAdd {
        name: "ours".into(),
        path: text(&file),
    };
    done(&other, add).await.unwrap();
    assert_eq!(listed(&other).await, [(ours, Some("ours".to_owned()))]);
    assert_eq!(other.items(ours).await, scene.items(ours).await);

    let remove = DatabaseOp::ShareRemove {
        name: "team".into(),
    };
    done(&scene, remove).await.unwrap();
    assert_eq!(listed(&scene).await, [(mine, None)]);
    assert!(file.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_database_that_is_gone_leaves_everything_else_as_it_is() {
    let mut scene = Scene::new([Reply::text("fine")]).await;
    let file = scene.folder.path().join("team.db");
    let add = DatabaseOp::ShareAdd {
        name: "team".into(),
        path: text(&file),
    };
    done(&scene, add).await.unwrap();
    open_in(&scene, "team").await.unwrap();
    scene.stop().await;
    let aside = scene.folder.path().join("aside.db");
    std::fs::rename(&file, &aside).unwrap();
    scene.start(&[]).await;
    assert_eq!(listed(&scene).await, []);
    assert_eq!(scene.run("hello").await.answer(), "fine");
    let views = scene.handle().read().databases(false).await.unwrap();
    assert_eq!(views[1].complaints.len(), 1, "{views:?}");
    let findings = scene.handle().read().doctor().await.unwrap();
    let told = findings
        .iter()
        .filter(|finding| finding.subject == "database team");
    assert_eq!(told.count(), 1, "{findings:?}");
    // Once it is there again, the next look finds it.
    std::fs::rename(&aside, &file).unwrap();
    let views = scene.handle().read().databases(false).await.unwrap();
    assert_eq!(views[1].complaints, Vec::<String>::new());
    assert_eq!(listed(&scene).await.len(), 2);
}

async fn db(home: &Path, words: &[&str]) -> Left {
    let mut command = aroom(home, None);
    command
        .current_dir(home.parent().unwrap())
        .arg("db")
        .args(words);
    run(command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_copies_exports_and_puts_back() {
    let mut scene = Scene::new(replies()).await;
    let conversation = scene.run("write a.txt").await.conversation;
    let home = scene.folder.path().join("home");
    // While a host has it open.
    let copied = db(&home, &["backup", "copy.db", "--json"]).await;
    assert_eq!(copied.code, 0, "{copied:?}");
    let event: DatabaseEvent = serde_json::from_str(&copied.stdout).unwrap();
    let copy: PathBuf = scene.folder.path().canonicalize().unwrap().join("copy.db");
    let DatabaseEvent::BackedUp { path, .. } = event else {
        panic!("{event:?}")
    };
    assert_eq!(Path::new(&path).canonicalize().unwrap(), copy);
    let refused = db(&home, &["restore", "copy.db"]).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.stderr.contains("another process has the database"),
        "{refused:?}"
    );
    scene.stop().await;

    let id = conversation.to_string();
    for (words, said) in [
        (vec!["export", "all.jsonl"], "1 conversation written"),
        (vec!["export", "one.jsonl", &id], "1 conversation written"),
        (vec!["import", "all.jsonl"], "1 left alone"),
        (vec!["vacuum"], "now"),
        (vec!["restore", "copy.db"], "what was there is kept in"),
        (vec!["shared", "add", "team", "team.db"], "`team` is"),
        (vec!["shared", "remove", "team"], "its file stays"),
    ] {
        let left = db(&home, &words).await;
        assert_eq!(left.code, 0, "{words:?}: {left:?}");
        assert!(left.stderr.contains(said), "{words:?}: {left:?}");
    }
    let status = db(&home, &["status"]).await;
    assert!(status.stdout.contains("personal"), "{status:?}");
    assert!(status.stdout.contains("backups/"), "{status:?}");
    assert_eq!(db(&home, &["check"]).await.code, 0);
    let again = db(&home, &["export", "all.jsonl"]).await;
    assert_eq!(again.code, 2, "{again:?}");
    assert!(again.stderr.contains("exists already"), "{again:?}");
    scene.start(&[]).await;
    assert_eq!(listed(&scene).await.len(), 1);
    let items = scene.items(conversation).await;
    assert!(
        items
            .iter()
            .any(|item| matches!(item.body, ItemBody::ToolCall(_)))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_turn_is_not_pulled_from_under_itself() {
    let gate = crate::support::endpoint::Gate::new();
    let scene = Scene::new([Reply::stream().token("half").wait(&gate)]).await;
    let made = done(&scene, DatabaseOp::BackUp { path: None })
        .await
        .unwrap();
    let DatabaseEvent::BackedUp { path, .. } = made else {
        panic!("{made:?}")
    };
    let conversation = scene.open().await;
    let watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "begin", auto()).await;
    gate.reached().await;
    let op = Op::Database(DatabaseOp::Restore { path });
    let refused = scene.handle().submit(op).await.unwrap_err();
    assert!(refused.0.error.contains("a turn is running"), "{refused}");
    gate.open();
    watch.until_end(turn, &|_| unreachable!()).await;
}
