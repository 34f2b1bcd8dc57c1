//! What is kept for an undo is nobody else's, and an undo goes nowhere but where a change was.

use super::all_denied;
use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, auto};
use anteroom_api::{
    CheckpointEvent, CheckpointOp, ConversationId, Event, Status, UndoOutcome, UndoTarget,
};
use serde_json::json;
use std::os::unix::fs::{PermissionsExt as _, symlink};

async fn undo(scene: &Scene, conversation: ConversationId, target: UndoTarget) -> Vec<UndoOutcome> {
    let mut watch = scene.watch(conversation).await;
    let op = CheckpointOp::Undo {
        conversation,
        target,
        is_forced: true,
    };
    scene.handle().submit(op).await.unwrap();
    let undone = watch
        .until(|event| matches!(event, Event::Checkpoint(_)))
        .await;
    let Event::Checkpoint(CheckpointEvent::Undone { files, .. }) = undone else {
        unreachable!("it was waited for")
    };
    files.into_iter().map(|file| file.outcome).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_cannot_be_read_or_changed_by_tools() {
    let scene = Scene::new([
        Reply::call("write_file", json!({ "path": "a.txt", "content": "new" })),
        Reply::text("done"),
    ])
    .await;
    scene.write("a.txt", "old secret");
    let told = scene.run("change it").await;
    let kept = scene.home().join("checkpoints");
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&kept), 0o700);
    let contents: Vec<_> = std::fs::read_dir(&kept)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(contents.iter().all(|path| mode(path) == 0o600));
    let content = contents
        .iter()
        .find(|path| path.file_name().unwrap().len() == 64)
        .expect("one content is kept");
    let path = content.display().to_string();
    scene.endpoint.script([
        Reply::call("read_file", json!({ "path": path }))
            .and_call("write_file", json!({ "path": path, "content": "forged" }))
            .and_call("glob_files", json!({ "path": kept, "pattern": "*" })),
        Reply::text("could not"),
    ]);
    let conversation = told.conversation;
    let next = scene.turn(conversation, "look", auto(), |_| unreachable!());
    all_denied(&next.await, 3);
    assert_eq!(std::fs::read_to_string(content).unwrap(), "old secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_follows_no_link_and_takes_no_content_that_was_forged() {
    let scene = Scene::new([
        Reply::call(
            "write_file",
            json!({ "path": "sub/a.txt", "content": "new" }),
        )
        .and_call("write_file", json!({ "path": "b.txt", "content": "new" })),
        Reply::text("done"),
    ])
    .await;
    scene.write("sub/a.txt", "old");
    scene.write("b.txt", "old b");
    let told = scene.run("change them").await;
    assert!(
        told.items()
            .iter()
            .all(|item| item.status == Status::Completed)
    );
    // The folder leads outside now, to a file of the same name and content.
    let outside = scene.folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("a.txt"), "new").unwrap();
    std::fs::remove_dir_all(scene.workspace().join("sub")).unwrap();
    symlink(&outside, scene.workspace().join("sub")).unwrap();
    // And whoever owns the data folder has put something else in the place of what was kept.
    for entry in std::fs::read_dir(scene.home().join("checkpoints")).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().len() == 64 {
            std::fs::write(entry.path(), "forged").unwrap();
        }
    }
    let turn = told.items()[0].turn;
    let outcomes = undo(&scene, told.conversation, UndoTarget::Turn { turn }).await;
    assert_eq!(outcomes.len(), 2);
    for outcome in outcomes {
        let UndoOutcome::Skipped { reason } = outcome else {
            panic!("{outcome:?}");
        };
        assert!(
            reason.contains("a link stands") || reason.contains("damaged"),
            "{reason}"
        );
    }
    assert_eq!(
        std::fs::read_to_string(outside.join("a.txt")).unwrap(),
        "new"
    );
    assert_eq!(scene.read("b.txt"), "new");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_of_one_conversation_touches_no_other() {
    let scene = Scene::new([
        Reply::call("write_file", json!({ "path": "a.txt", "content": "new" })),
        Reply::text("done"),
    ])
    .await;
    let told = scene.run("make it").await;
    let other = scene.open().await;
    let (item, _) = told.call("write_file");
    for target in [
        UndoTarget::Call { item: item.id },
        UndoTarget::Turn { turn: item.turn },
        UndoTarget::Since { item: item.id },
    ] {
        let op = CheckpointOp::Undo {
            conversation: other,
            target,
            is_forced: true,
        };
        scene.handle().submit(op).await.unwrap_err();
    }
    assert_eq!(scene.read("a.txt"), "new");
}
