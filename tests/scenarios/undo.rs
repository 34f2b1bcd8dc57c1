//! Taking changes of files back: by call, by turn, back to a message, and what the model learns of it.

use crate::support::endpoint::{Gate, Reply};
use crate::support::held;
use crate::support::scene::{Scene, Told, auto};
use anteroom_api::{
    ChangeKind, CheckpointEvent, CheckpointOp, ConversationId, Event, ItemBody, ItemId, OpId,
    Problem, ProblemCode, Status, UndoOutcome, UndoTarget, UndoneFile,
};
use serde_json::json;

fn write(path: &str, content: &str) -> Reply {
    Reply::call("write_file", json!({ "path": path, "content": content }))
}

fn bash(command: &str) -> Reply {
    Reply::call("bash", json!({ "command": command }))
}

async fn run(scene: &Scene, conversation: ConversationId, text: &str) -> Told {
    scene
        .turn(conversation, text, held::running(), held::yes)
        .await
}

/// Takes back and gives each file, relative to the workspace, with what became of it.
async fn undo(
    scene: &Scene,
    conversation: ConversationId,
    target: UndoTarget,
    is_forced: bool,
) -> Result<Vec<(String, UndoOutcome)>, Problem> {
    let mut watch = scene.watch(conversation).await;
    let op = CheckpointOp::Undo {
        conversation,
        target,
        is_forced,
    };
    let taken = scene.handle().submit(op).await;
    let OpId(_) = taken.map_err(|rejection| rejection.0)?;
    let undone = watch.until(|event| matches!(event, Event::Checkpoint(_)));
    let Event::Checkpoint(CheckpointEvent::Undone { files, target: of }) = undone.await else {
        unreachable!("it was waited for")
    };
    assert_eq!(of, target);
    let workspace = format!("{}/", scene.workspace().display());
    let name = |file: UndoneFile| {
        let path = file.path.strip_prefix(&workspace).unwrap_or(&file.path);
        (path.to_owned(), file.outcome)
    };
    Ok(files.into_iter().map(name).collect())
}

fn restored(path: &str) -> (String, UndoOutcome) {
    (path.to_owned(), UndoOutcome::Restored)
}

fn removed(path: &str) -> (String, UndoOutcome) {
    (path.to_owned(), UndoOutcome::Removed)
}

fn reason(of: &(String, UndoOutcome)) -> &str {
    match &of.1 {
        UndoOutcome::Skipped { reason } => reason,
        other => panic!("{other:?}"),
    }
}

fn first_message(told: &Told) -> ItemId {
    let items = told.items();
    let message = items
        .iter()
        .find(|item| matches!(item.body, ItemBody::UserMessage { .. }));
    message.expect("there is one").id
}

/// The list of changes: path, kind, whether it was taken back; newest first.
async fn listed(scene: &Scene, conversation: ConversationId) -> Vec<(String, ChangeKind, bool)> {
    let handle = scene.handle();
    let changes = handle.read().changes(conversation).await.unwrap();
    let workspace = format!("{}/", scene.workspace().display());
    changes
        .into_iter()
        .map(|change| {
            let path = change.path.strip_prefix(&workspace).unwrap_or(&change.path);
            (path.to_owned(), change.kind, change.is_undone)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_is_taken_back_and_so_is_that() {
    let scene = Scene::new([
        write("a.txt", "new\n"),
        write("sub/b.txt", "made\n"),
        Reply::text("done"),
    ])
    .await;
    scene.write("a.txt", "old\n");
    let told = scene.run("change them").await;
    let conversation = told.conversation;
    let calls = told.calls("write_file");
    let of = |number: usize| UndoTarget::Call {
        item: calls[number].0.id,
    };
    assert_eq!(
        listed(&scene, conversation).await,
        [
            ("sub/b.txt".to_owned(), ChangeKind::Created, false),
            ("sub/".to_owned(), ChangeKind::Created, false),
            ("a.txt".to_owned(), ChangeKind::Changed, false),
        ]
    );
    let files = undo(&scene, conversation, of(0), false).await.unwrap();
    assert_eq!(files, [restored("a.txt")]);
    assert_eq!(
        (scene.read("a.txt"), scene.read("sub/b.txt")),
        ("old\n".into(), "made\n".into())
    );
    let files = undo(&scene, conversation, of(1), false).await.unwrap();
    assert_eq!(files, [removed("sub/b.txt"), removed("sub/")]);
    assert!(!scene.has("sub"));

    // Once more is nothing; what the undo did is a change of its own.
    let problem = undo(&scene, conversation, of(0), false).await.unwrap_err();
    assert_eq!(problem.code, ProblemCode::NotFound);
    let handle = scene.handle();
    let changes = handle.read().changes(conversation).await.unwrap();
    let first = changes
        .iter()
        .rfind(|change| change.tool == "undo")
        .unwrap();
    assert!(first.path.ends_with("/a.txt"));
    let again = UndoTarget::Call { item: first.item };
    let files = undo(&scene, conversation, again, false).await.unwrap();
    assert_eq!(files, [restored("a.txt")]);
    assert_eq!(scene.read("a.txt"), "new\n");
    let files = undo(&scene, conversation, of(0), false).await.unwrap();
    assert_eq!(files, [restored("a.txt")]);
    assert_eq!(scene.read("a.txt"), "old\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_goes_back_step_by_step_and_a_message_takes_all_after_it() {
    let mut scene = Scene::new([
        write("a.txt", "one\n"),
        Reply::text("1"),
        write("a.txt", "two\n"),
        Reply::call(
            "edit_file",
            json!({ "path": "a.txt", "old_text": "two", "new_text": "three" }),
        ),
        Reply::text("2"),
        write("c.txt", "late\n"),
        Reply::text("3"),
    ])
    .await;
    scene.write("a.txt", "zero\n");
    let conversation = scene.open().await;
    run(&scene, conversation, "first").await;
    let second = run(&scene, conversation, "second").await;
    run(&scene, conversation, "third").await;
    let turn = second.items()[0].turn;
    // It holds across processes.
    scene.stop().await;
    scene.start(&[]).await;
    let files = undo(&scene, conversation, UndoTarget::Turn { turn }, false);
    assert_eq!(files.await.unwrap(), [restored("a.txt")]);
    assert_eq!(
        (scene.read("a.txt"), scene.has("c.txt")),
        ("one\n".into(), true)
    );
    let item = {
        let items = scene.items(conversation).await;
        items[0].id
    };
    let files = undo(&scene, conversation, UndoTarget::Since { item }, false);
    assert_eq!(files.await.unwrap(), [removed("c.txt"), restored("a.txt")]);
    assert_eq!(
        (scene.read("a.txt"), scene.has("c.txt")),
        ("zero\n".into(), false)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_changed_since_is_skipped_unless_insisted_on() {
    let scene = Scene::new([write("a.txt", "ours\n"), Reply::text("done")]).await;
    scene.write("a.txt", "old\n");
    let told = scene.run("go").await;
    scene.write("a.txt", "theirs\n");
    let item = first_message(&told);
    let target = UndoTarget::Since { item };
    let files = undo(&scene, told.conversation, target, false)
        .await
        .unwrap();
    assert!(reason(&files[0]).contains("changed since"), "{files:?}");
    assert_eq!(scene.read("a.txt"), "theirs\n");
    let files = undo(&scene, told.conversation, target, true).await.unwrap();
    assert_eq!(files, [restored("a.txt")]);
    assert_eq!(scene.read("a.txt"), "old\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_is_told_once_and_has_to_look_again() {
    let scene = Scene::new([
        Reply::call("read_file", json!({ "path": "a.txt" })),
        write("a.txt", "ours\n"),
        Reply::text("done"),
        write("a.txt", "unseen\n"),
        Reply::text("could not"),
        Reply::text("nothing new"),
    ])
    .await;
    scene.write("a.txt", "old\n");
    let told = scene.run("go").await;
    let turn = told.items()[0].turn;
    undo(&scene, told.conversation, UndoTarget::Turn { turn }, false)
        .await
        .unwrap();
    let next = run(&scene, told.conversation, "go on").await;
    let (item, _) = next.call("write_file");
    assert_eq!(item.status, Status::Denied, "{}", next.result("write_file"));
    assert!(
        next.result("write_file")
            .contains("changed since it was read")
    );
    assert_eq!(scene.read("a.txt"), "old\n");
    run(&scene, told.conversation, "and").await;
    let chats = scene.endpoint.chats();
    let note = "changes were taken back";
    let users = |chat: usize| {
        let messages = chats[chat].json["messages"].as_array().unwrap().clone();
        let users = messages
            .into_iter()
            .filter(|message| message["role"] == "user");
        users
            .map(|message| message["content"].to_string())
            .collect::<Vec<_>>()
    };
    assert!(!users(2).iter().any(|text| text.contains(note)));
    let told_now = users(3);
    assert!(told_now[1].contains(note) && told_now[1].contains("`a.txt`"));
    assert!(told_now[1].contains("go on"));
    assert_eq!(
        users(5).iter().filter(|text| text.contains(note)).count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_back_while_a_turn_runs() {
    let gate = Gate::new();
    let scene = Scene::new([
        write("a.txt", "ours\n"),
        Reply::text("done"),
        Reply::stream().token("still").wait(&gate).token(" talking"),
    ])
    .await;
    let told = scene.run("go").await;
    let turn = told.items()[0].turn;
    let watch = scene.watch(told.conversation).await;
    let running = scene.say(told.conversation, "talk", auto()).await;
    gate.reached().await;
    let target = UndoTarget::Turn { turn };
    let problem = undo(&scene, told.conversation, target, false)
        .await
        .unwrap_err();
    assert_eq!(problem.code, ProblemCode::Conflict);
    assert!(scene.has("a.txt"));
    gate.open();
    watch.until_end(running, &|_| unreachable!()).await;
    undo(&scene, told.conversation, target, false)
        .await
        .unwrap();
    assert!(!scene.has("a.txt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_childs_changes_belong_to_its_call_and_to_its_parents_turn() {
    let scene = Scene::new([]).await;
    scene.write("a.txt", "old\n");
    scene.endpoint.choose(|body| {
        let messages = body["messages"].as_array()?;
        let first =
            messages.iter().find(|message| message["role"] == "user")?["content"].as_str()?;
        let results = messages
            .iter()
            .filter(|message| message["role"] == "tool")
            .count();
        Some(match (first, results) {
            ("parent", 0) => Reply::call("run_agent", json!({ "prompt": "child" })),
            ("child", 0) => write("a.txt", "by the child\n"),
            ("child", 1) => Reply::call("run_agent", json!({ "prompt": "grandchild" })),
            ("grandchild", 0) => write("b.txt", "by the grandchild\n"),
            (_, _) => Reply::text("done"),
        })
    });
    let told = scene.run("parent").await;
    let (item, _) = told.call("run_agent");
    assert_eq!(listed(&scene, told.conversation).await.len(), 2);
    let of_call = UndoTarget::Call { item: item.id };
    let files = undo(&scene, told.conversation, of_call, false)
        .await
        .unwrap();
    assert_eq!(files, [removed("b.txt"), restored("a.txt")]);
    assert_eq!(scene.read("a.txt"), "old\n");

    let again = run(&scene, told.conversation, "parent").await;
    let of_turn = UndoTarget::Turn {
        turn: again.items()[0].turn,
    };
    // The second turn had the results of the first in its history and did nothing.
    let problem = undo(&scene, told.conversation, of_turn, false)
        .await
        .unwrap_err();
    assert_eq!(problem.code, ProblemCode::NotFound);
    let conversation = scene.open().await;
    let told = run(&scene, conversation, "parent").await;
    let of_turn = UndoTarget::Turn {
        turn: told.items()[0].turn,
    };
    let files = undo(&scene, conversation, of_turn, false).await.unwrap();
    assert_eq!(files, [removed("b.txt"), restored("a.txt")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_hold_and_are_said() {
    let settings = [("checkpoints.max_file_mb", json!(1))];
    let scene =
        Scene::with_settings([write("large", "small"), Reply::text("done")], &settings).await;
    scene.write("large", &"x".repeat((1 << 20) + 1));
    let told = scene.run("go").await;
    let handle = scene.handle();
    let changes = handle.read().changes(told.conversation).await.unwrap();
    let obstacle = changes[0].obstacle.clone().expect("it says why");
    assert!(obstacle.contains("checkpoints.max_file_mb"), "{obstacle}");
    let target = UndoTarget::Call {
        item: told.call("write_file").0.id,
    };
    let files = undo(&scene, told.conversation, target, true).await.unwrap();
    assert_eq!(reason(&files[0]), obstacle);
}

#[tokio::test(flavor = "multi_thread")]
async fn turned_off_nothing_is_kept() {
    let settings = [("checkpoints.enabled", json!(false))];
    let scene = Scene::with_settings([write("a.txt", "x"), Reply::text("done")], &settings).await;
    let told = scene.run("go").await;
    assert!(scene.has("a.txt"));
    assert_eq!(listed(&scene, told.conversation).await, []);
    assert!(!scene.home().join("checkpoints").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_is_not_changed() {
    let scene = Scene::new([
        write("a.txt", "x"),
        bash("echo x >> a.txt"),
        Reply::text("done"),
    ])
    .await;
    work_tree(&scene);
    std::fs::write(scene.home().join("checkpoints"), "in the way").unwrap();
    let told = scene.work("go").await;
    assert_eq!(scene.read("a.txt"), "alpha\n");
    for tool in ["write_file", "bash"] {
        assert!(told.result(tool).contains("could not be kept"), "{tool}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_a_conversation_goes_with_it() {
    let scene = Scene::new([write("a.txt", "x"), Reply::text("done")]).await;
    scene.write("a.txt", "old");
    let told = scene.run("go").await;
    let conversation = told.conversation;
    let delete = anteroom_api::ConversationOp::Delete { conversation };
    scene.handle().submit(delete).await.unwrap();
    let database = rusqlite::Connection::open(scene.home().join("anteroom.db")).unwrap();
    let left: i64 = database
        .query_row("SELECT count(*) FROM changes", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
    assert_eq!(scene.read("a.txt"), "x");
}

/// A work tree as git makes it, with two commits' worth of files and one that is ignored.
fn work_tree(scene: &Scene) {
    std::fs::create_dir(scene.workspace().join(".git")).unwrap();
    scene.write(".gitignore", "out/\n*.log\n");
    scene.write("a.txt", "alpha\n");
    scene.write("sub/b.txt", "beta\n");
    scene.write("sub/deep/c.txt", "gamma\n");
    scene.write("run.sh", "true\n");
    scene.write("out/built", "built\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_did_in_a_work_tree_is_taken_back() {
    let line = "echo changed > a.txt; mkdir -p new/er; echo made > new/er/file; rm -r sub; \
        mv run.sh moved.sh; chmod 700 moved.sh; ln -s a.txt link; echo more > out/built; \
        echo noise > x.log";
    let scene = Scene::new([
        write("dirty.txt", "one\n"),
        bash("echo two > dirty.txt"),
        bash(line),
        Reply::text("done"),
    ])
    .await;
    work_tree(&scene);
    let told = scene.work("go").await;
    let calls = told.calls("bash");
    assert!(
        calls
            .iter()
            .all(|(item, _)| item.status == Status::Completed),
        "{calls:?}"
    );
    let of = |number: usize| UndoTarget::Call {
        item: calls[number].0.id,
    };
    let mut files = undo(&scene, told.conversation, of(1), false).await.unwrap();
    files.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(
        files,
        [
            restored("a.txt"),
            removed("link"),
            removed("moved.sh"),
            removed("new/"),
            removed("new/er/"),
            removed("new/er/file"),
            restored("run.sh"),
            restored("sub/"),
            restored("sub/b.txt"),
            restored("sub/deep/"),
            restored("sub/deep/c.txt"),
        ]
    );
    for (path, text) in [
        ("a.txt", "alpha\n"),
        ("sub/b.txt", "beta\n"),
        ("sub/deep/c.txt", "gamma\n"),
        ("run.sh", "true\n"),
        // What git would not see is not kept.
        ("out/built", "more\n"),
        ("x.log", "noise\n"),
        ("dirty.txt", "two\n"),
    ] {
        assert_eq!(scene.read(path), text, "{path}");
    }
    assert!(!scene.has("new") && !scene.has("moved.sh") && !scene.has("link"));
    let files = undo(&scene, told.conversation, of(0), false).await.unwrap();
    assert_eq!(files, [restored("dirty.txt")]);
    assert_eq!(scene.read("dirty.txt"), "one\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_only_reads_and_a_folder_without_git_leave_nothing() {
    let scene = Scene::new([
        bash("ls; cat a.txt"),
        Reply::text("done"),
        bash("echo x > b.txt"),
        Reply::text("done"),
    ])
    .await;
    work_tree(&scene);
    let told = scene.work("look").await;
    assert_eq!(listed(&scene, told.conversation).await, []);
    // Nothing is copied for a command that only reads; one that nothing holds counts as more.
    let is_copied = scene.home().join("checkpoints").exists();
    assert_eq!(is_copied, !held::is_complete());
    std::fs::remove_dir(scene.workspace().join(".git")).unwrap();
    let told = run(&scene, told.conversation, "write").await;
    assert!(scene.has("b.txt"));
    let target = UndoTarget::Call {
        item: told.call("bash").0.id,
    };
    let problem = undo(&scene, told.conversation, target, false)
        .await
        .unwrap_err();
    assert_eq!(problem.code, ProblemCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_only_ignored_before_is_not_taken_for_a_new_one() {
    let scene = Scene::new([
        bash("echo '*.log' > .gitignore; touch fresh"),
        Reply::text("done"),
    ])
    .await;
    work_tree(&scene);
    let told = scene.work("go").await;
    let turn = told.items()[0].turn;
    let target = UndoTarget::Turn { turn };
    let files = undo(&scene, told.conversation, target, false)
        .await
        .unwrap();
    assert!(files.contains(&restored(".gitignore")) && files.contains(&removed("fresh")));
    assert_eq!(scene.read("out/built"), "built\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_background_task_is_taken_back_only_if_insisted_on() {
    let scene = Scene::new([
        Reply::call(
            "bash",
            json!({ "command": "echo x > late.txt", "background": true }),
        ),
        bash("until [ -s late.txt ]; do :; done"),
        Reply::call("bash_kill", json!({ "id": "task-1" })),
        Reply::text("done"),
    ])
    .await;
    work_tree(&scene);
    let told = scene.work("go").await;
    let item = told.calls("bash")[0].0.id;
    // The task is reaped on its own; what it changed is written down after that.
    let written_down = async {
        loop {
            let handle = scene.handle();
            let changes = handle.read().changes(told.conversation).await.unwrap();
            if changes.iter().any(|change| change.item == item) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let patience = crate::support::scene::PATIENCE;
    tokio::time::timeout(patience, written_down).await.unwrap();
    let target = UndoTarget::Call { item };
    let files = undo(&scene, told.conversation, target, false)
        .await
        .unwrap();
    assert!(reason(&files[0]).contains("background task"), "{files:?}");
    let files = undo(&scene, told.conversation, target, true).await.unwrap();
    assert_eq!(files, [removed("late.txt")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_there_is_no_room_the_oldest_goes_and_says_so() {
    let settings = [("checkpoints.max_total_mb", json!(1))];
    let scene = Scene::with_settings(
        [
            write("a.txt", "small"),
            write("b.txt", "small"),
            Reply::text("done"),
        ],
        &settings,
    )
    .await;
    scene.write("a.txt", &"a".repeat(700 << 10));
    scene.write("b.txt", &"b".repeat(700 << 10));
    let told = scene.run("go").await;
    let turn = told.items()[0].turn;
    let target = UndoTarget::Turn { turn };
    let files = undo(&scene, told.conversation, target, true).await.unwrap();
    assert_eq!(files[0], restored("b.txt"));
    assert!(
        reason(&files[1]).contains("checkpoints.max_total_mb"),
        "{files:?}"
    );
    assert_eq!(scene.read("a.txt"), "small");
    assert_eq!(scene.read("b.txt").len(), 700 << 10);
}
