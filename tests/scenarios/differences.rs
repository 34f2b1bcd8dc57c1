//! What a person looks at before taking anything back: differences of files and canvases; and what waits, reworded
//! and moved.

use crate::support::endpoint::{Gate, Reply};
use crate::support::held;
use crate::support::scene::{Scene, auto};
use anteroom_api::{
    ChangeKind, CheckpointOp, Content, ConversationId, Event, FileDiff, ItemBody, ProblemCode,
    TurnEvent, TurnId, TurnOp, UndoTarget,
};
use serde_json::json;

fn write(path: &str, content: &str) -> Reply {
    Reply::call("write_file", json!({ "path": path, "content": content }))
}

/// Path in the workspace, what happened, lines added and removed, whether an undo would leave it alone.
type Seen = (String, ChangeKind, u32, u32, bool);

async fn seen(
    scene: &Scene,
    conversation: ConversationId,
    target: Option<UndoTarget>,
) -> (Vec<Seen>, Vec<FileDiff>) {
    let handle = scene.handle();
    let diffs = handle.read().diff(conversation, target).await.unwrap();
    let workspace = format!("{}/", scene.workspace().display());
    let row = |diff: &FileDiff| {
        let path = diff.path.strip_prefix(&workspace).unwrap_or(&diff.path);
        let is_hindered = diff.hindrance.is_some();
        (
            path.to_owned(),
            diff.kind,
            diff.added,
            diff.removed,
            is_hindered,
        )
    };
    (diffs.iter().map(row).collect(), diffs)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_compared_with_what_they_were_and_nothing_is_changed() {
    let scene = Scene::new([
        write("old.txt", "one\nTWO\n"),
        write("new.txt", "fresh\n"),
        write("old.txt", "one\nTWO\nthree\n"),
        Reply::text("done"),
    ])
    .await;
    scene.write("old.txt", "one\ntwo\n");
    let conversation = scene.open().await;
    let (none, _) = seen(&scene, conversation, None).await;
    assert_eq!(none, []);
    let told = scene
        .turn(conversation, "go", held::running(), held::yes)
        .await;
    let (all, diffs) = seen(&scene, conversation, None).await;
    let created = ("new.txt".to_owned(), ChangeKind::Created, 1, 0, false);
    let changed = ("old.txt".to_owned(), ChangeKind::Changed, 2, 1, false);
    assert_eq!(all, [created.clone(), changed]);
    let old = &diffs.last().unwrap().unified;
    assert!(old.contains("-two\n+TWO\n+three\n"), "{old}");

    // Of the last call alone, against what that call found.
    let (last, _) = told.calls("write_file").pop().unwrap();
    let call = UndoTarget::Call { item: last.id };
    let (of_call, _) = seen(&scene, conversation, Some(call)).await;
    let own = ("old.txt".to_owned(), ChangeKind::Changed, 1, 0, false);
    assert_eq!(of_call, [own]);

    // Somebody else goes on with it: an undo would leave it alone, and says so.
    scene.write("old.txt", "mine\n");
    let (after, diffs) = seen(&scene, conversation, None).await;
    let hindered = ("old.txt".to_owned(), ChangeKind::Changed, 1, 2, true);
    assert_eq!(after, [created, hindered]);
    assert!(
        diffs[1]
            .hindrance
            .as_ref()
            .unwrap()
            .contains("changed since")
    );
    assert_eq!(scene.read("old.txt"), "mine\n");

    // What was taken back separates nothing any more.
    let mut watch = scene.watch(conversation).await;
    let undo = CheckpointOp::Undo {
        conversation,
        target: UndoTarget::Turn { turn: last.turn },
        is_forced: true,
    };
    scene.handle().submit(undo).await.unwrap();
    watch
        .until(|event| matches!(event, Event::Checkpoint(_)))
        .await;
    assert_eq!(scene.read("old.txt"), "one\ntwo\n");
    assert_eq!(seen(&scene, conversation, None).await.0, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_text_is_said_and_secrets_in_it_are_not() {
    let key = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
    let scene = Scene::new([
        write("bin.dat", "x"),
        write("env.txt", "plain\n"),
        Reply::text("done"),
    ])
    .await;
    std::fs::write(scene.workspace().join("bin.dat"), b"a\0b").unwrap();
    scene.write("env.txt", &format!("token = {key}\n"));
    let conversation = scene.open().await;
    scene
        .turn(conversation, "go", held::running(), held::yes)
        .await;
    let (_, diffs) = seen(&scene, conversation, None).await;
    let of = |name: &str| {
        let found = diffs.iter().find(|diff| diff.path.ends_with(name));
        found.unwrap_or_else(|| panic!("{name}: {diffs:?}")).clone()
    };
    let binary = of("bin.dat");
    assert_eq!(binary.unified, "");
    assert!(binary.remark.unwrap().contains("not text"));
    let masked = of("env.txt").unified;
    assert!(
        !masked.contains(key) && masked.contains("[secret masked"),
        "{masked}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_of_a_canvas_are_listed_and_compared() {
    let scene = Scene::new([]).await;
    let conversation = scene.open().await;
    let handle = scene.handle();
    let by_hand = async |tool: &str, arguments: serde_json::Value| {
        let watch = scene.watch(conversation).await;
        let call = TurnOp::Call {
            conversation,
            tool: tool.to_owned(),
            arguments,
            options: auto(),
        };
        let turn: TurnId = handle.submit(call).await.unwrap().into();
        watch.until_end(turn, &|_| unreachable!()).await;
    };
    let text = json!({ "title": "Plan", "kind": "markdown", "content": "a\nb\n" });
    by_hand("create_canvas", text).await;
    let canvas = handle
        .read()
        .canvases(conversation)
        .await
        .unwrap()
        .remove(0);
    let change = json!({ "id": canvas.id, "content": "a\nc\n" });
    by_hand("update_canvas", change).await;
    let versions = handle.read().canvas_versions(conversation, canvas.id);
    let bodies: Vec<(u32, String)> = versions
        .await
        .unwrap()
        .into_iter()
        .map(|version| (version.version, version.body))
        .collect();
    assert_eq!(bodies, [(1, "a\nb\n".to_owned()), (2, "a\nc\n".to_owned())]);
    let compare = |versions| handle.read().canvas_diff(conversation, canvas.id, versions);
    let told = compare((1, 2)).await.unwrap();
    assert_eq!((told.added, told.removed), (1, 1));
    assert!(told.unified.contains("-b\n+c\n"), "{}", told.unified);
    let missing = compare((1, 3)).await.unwrap_err();
    assert_eq!(missing.code, ProblemCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_reworded_and_moved_and_runs_so() {
    let gate = Gate::new();
    let scene = Scene::new([
        Reply::stream().token("one").wait(&gate),
        Reply::text("1"),
        Reply::text("2"),
        Reply::text("3"),
    ])
    .await;
    let conversation = scene.open().await;
    let handle = scene.handle();
    scene.say(conversation, "first", auto()).await;
    gate.reached().await;
    let a = scene.say(conversation, "a", auto()).await;
    let b = scene.say(conversation, "b", auto()).await;
    let c = scene.say(conversation, "c", auto()).await;
    let queue = async || {
        let queue = handle.read().queue(conversation).await.unwrap();
        queue
            .into_iter()
            .map(|queued| queued.turn)
            .collect::<Vec<_>>()
    };
    let reorder = |turn, ahead_of| TurnOp::Reorder { turn, ahead_of };
    handle.submit(reorder(c, Some(a))).await.unwrap();
    assert_eq!(queue().await, [c, a, b]);
    handle.submit(reorder(c, None)).await.unwrap();
    handle.submit(reorder(b, Some(a))).await.unwrap();
    assert_eq!(queue().await, [b, a, c]);
    let reworded = TurnOp::Reword {
        turn: a,
        input: vec![Content::text("A, but better")],
    };
    handle.submit(reworded).await.unwrap();
    let nothing = TurnOp::Reword {
        turn: a,
        input: vec![],
    };
    let refused = handle.submit(nothing).await.unwrap_err().0;
    assert_eq!(refused.code, ProblemCode::InvalidInput);
    let mut watch = scene.watch(conversation).await;
    gate.open();
    let is_end =
        |event: &Event| matches!(event, Event::Turn(TurnEvent::Ended { turn, .. }) if *turn == c);
    watch.until(is_end).await;
    let said: Vec<String> = scene
        .items(conversation)
        .await
        .into_iter()
        .filter_map(|item| match item.body {
            ItemBody::UserMessage { content } => match content.into_iter().next() {
                Some(Content::Text { text }) => Some(text),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(said, ["first", "b", "A, but better", "c"]);
    let gone = handle.submit(reorder(a, None)).await.unwrap_err().0;
    assert_eq!(gone.code, ProblemCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_models_of_the_endpoint_are_listed() {
    let scene = Scene::new([]).await;
    let models = scene.handle().read().models().await.unwrap();
    assert!(!models.is_empty());
}
