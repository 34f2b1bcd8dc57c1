//! What was lent ends: by time, by number, by taking it back, and with the binary it was lent to.

use super::strangers::{call, grant, hostile, modules, put, untitled, with_tools};
use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, attended, text_of};
use crate::support::toolset::Toolset;
use anteroom_api::{
    ApprovalOp, Capability, Decision, GrantOp, GrantWhere, ModuleOp, ModuleView, ProblemCode,
    Scope, Status, UnixMillis,
};
use serde_json::json;

fn with(op: ModuleOp, change: impl FnOnce(&mut GrantOp)) -> ModuleOp {
    match op {
        ModuleOp::Grant(mut grant) => {
            change(&mut grant);
            ModuleOp::Grant(grant)
        }
        other => other,
    }
}

async fn code_of(scene: &Scene, op: ModuleOp) -> Option<ProblemCode> {
    let taken = scene.handle().submit(op).await;
    taken.err().map(|rejection| rejection.0.code)
}

/// The clock of the scene, which moves on with every id.
async fn now(scene: &Scene) -> UnixMillis {
    let conversation = scene.open().await;
    let view = scene.handle().read().conversation(conversation).await;
    view.unwrap().created_at
}

async fn stranger() -> (Scene, ModuleView) {
    let scene = with_tools(&[("hostile.wasm", hostile())], &[]).await;
    scene.write("a.txt", "content");
    let module = modules(&scene).await.remove(0);
    (scene, module)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_for_two_calls_lends_twice_also_across_a_restart() {
    let (mut scene, module) = stranger().await;
    let twice = with(grant(&scene, &module, Capability::FilesRead), |grant| {
        grant.calls = Some(2);
    });
    scene.handle().submit(twice).await.unwrap();
    let read = json!({ "path": "a.txt" });
    let (_, status, words) = call(&scene, "read_path", read.clone()).await;
    assert_eq!(status, Status::Completed, "{words}");
    // A call that needs nothing of it takes nothing off it.
    let (_, status, _) = call(&scene, "surroundings", json!({})).await;
    assert_eq!(status, Status::Completed);
    scene.stop().await;
    scene.start(&untitled()).await;
    // One that fails takes one off it: it was made.
    let (_, status, _) = call(&scene, "read_path", json!({ "path": "missing" })).await;
    assert_eq!(status, Status::Failed);
    let (_, status, words) = call(&scene, "read_path", read).await;
    assert_eq!(status, Status::Denied, "{words}");
    assert!(words.contains("all the calls it was granted"), "{words}");
    assert!(
        words.contains("`aroom tool grant hostile files_read`"),
        "{words}"
    );
    assert_eq!(modules(&scene).await[0].granted, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_whose_time_is_over_lends_nothing() {
    let (scene, module) = stranger().await;
    let end = UnixMillis(now(&scene).await.0 + 100);
    let short = with(grant(&scene, &module, Capability::FilesRead), |grant| {
        grant.expires_at = Some(end);
    });
    scene.handle().submit(short.clone()).await.unwrap();
    let (_, status, words) = call(&scene, "read_path", json!({ "path": "a.txt" })).await;
    assert_eq!(status, Status::Completed, "{words}");
    while now(&scene).await < end {}
    let (_, status, words) = call(&scene, "read_path", json!({ "path": "a.txt" })).await;
    assert_eq!(status, Status::Denied, "{words}");
    assert!(words.contains("the time it was granted"), "{words}");
    assert_eq!(modules(&scene).await[0].granted, []);
    // What is over already is not given.
    assert_eq!(
        code_of(&scene, short).await,
        Some(ProblemCode::InvalidInput)
    );
    let none = with(grant(&scene, &module, Capability::FilesRead), |grant| {
        grant.calls = Some(0);
    });
    assert_eq!(code_of(&scene, none).await, Some(ProblemCode::InvalidInput));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_while_a_call_waits_is_not_done_after_the_yes() {
    let (scene, module) = stranger().await;
    for capability in [Capability::FilesRead, Capability::FilesWrite] {
        let op = grant(&scene, &module, capability);
        scene.handle().submit(op).await.unwrap();
    }
    scene.endpoint.script([
        Reply::call("write_path", json!({ "path": "b.txt" })),
        Reply::text("went on"),
    ]);
    let conversation = scene.open().await;
    let mut watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "go", attended()).await;
    let approval = watch.approval().await;
    let revoke = ModuleOp::Revoke {
        module: module.id.clone(),
        capability: Some(Capability::FilesWrite),
    };
    scene.handle().submit(revoke).await.unwrap();
    let yes = ApprovalOp::Decide {
        approval: approval.id,
        digest: approval.digest,
        decision: Decision::Allow { scope: Scope::Once },
        by: "test".into(),
    };
    scene.handle().submit(yes).await.unwrap();
    let told = watch
        .until_end(turn, &|_| Decision::Allow { scope: Scope::Once })
        .await;
    let (item, call) = told.call("write_path");
    assert_eq!(item.status, Status::Denied, "{}", text_of(&call));
    assert!(
        text_of(&call).contains("was taken back"),
        "{}",
        text_of(&call)
    );
    assert!(!scene.has("b.txt"));
    assert_eq!(modules(&scene).await[0].granted, [Capability::FilesRead]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_holds_for_the_folder_it_was_given_in() {
    let (scene, module) = stranger().await;
    let other = scene.folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let elsewhere = with(grant(&scene, &module, Capability::FilesRead), |grant| {
        grant.place = GrantWhere::Workspace(other.display().to_string());
    });
    scene.handle().submit(elsewhere).await.unwrap();
    let (_, status, words) = call(&scene, "read_path", json!({ "path": "a.txt" })).await;
    assert_eq!(status, Status::Denied, "{words}");
    let nowhere = with(grant(&scene, &module, Capability::FilesRead), |grant| {
        grant.place = GrantWhere::Workspace("/does/not/exist".into());
    });
    assert_eq!(
        code_of(&scene, nowhere).await,
        Some(ProblemCode::InvalidInput)
    );
}

/// A conversation knows a tool by its name, its grants are those of the binary that answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_binary_in_the_place_of_a_granted_one_is_lent_nothing() {
    let (scene, module) = stranger().await;
    let everywhere = with(grant(&scene, &module, Capability::FilesRead), |grant| {
        grant.place = GrantWhere::Everywhere;
    });
    scene.handle().submit(everywhere).await.unwrap();
    let conversation = scene.open().await;
    let read = async || {
        scene.endpoint.script([
            Reply::call("read_path", json!({ "path": "a.txt" })),
            Reply::text("went on"),
        ]);
        let told = scene
            .turn(conversation, "go", attended(), |_| Decision::Allow {
                scope: Scope::Session,
            })
            .await;
        told.call("read_path").0.status
    };
    assert_eq!(read().await, Status::Completed);
    let mut bytes = hostile().to_vec();
    bytes.extend(b"\x00\x05\x04evil");
    put(&scene, &[("hostile.wasm", &bytes)]);
    scene.handle().submit(ModuleOp::Reload).await.unwrap();
    assert_eq!(read().await, Status::Denied);
    put(&scene, &[("hostile.wasm", hostile())]);
    scene.handle().submit(ModuleOp::Reload).await.unwrap();
    assert_eq!(read().await, Status::Completed);
}

/// Another toolset may offer a tool of that name one day; a conversation that was told of the first one does not
/// get the other in its place.
#[tokio::test(flavor = "multi_thread")]
async fn another_toolsets_tool_does_not_answer_for_one_that_was_withdrawn() {
    let first = Toolset::new("look_around", "the first").build();
    let scene = with_tools(&[("first.wasm", &first)], &[]).await;
    let conversation = scene.open().await;
    let look = async || {
        scene.endpoint.script([
            Reply::call("look_around", json!({})),
            Reply::text("went on"),
        ]);
        let told = scene
            .turn(conversation, "go", attended(), |_| Decision::Allow {
                scope: Scope::Once,
            })
            .await;
        told.result("look_around")
    };
    assert!(look().await.contains("the first"));
    std::fs::remove_file(scene.home().join("tools/first.wasm")).unwrap();
    let second = Toolset::new("look_around", "the second").build();
    put(&scene, &[("second.wasm", &second)]);
    scene.handle().submit(ModuleOp::Reload).await.unwrap();
    let words = look().await;
    assert!(
        words.contains("was withdrawn: the toolset `first` is gone"),
        "{words}"
    );
    let (_, status, words) = call(&scene, "look_around", json!({})).await;
    assert_eq!(status, Status::Completed);
    assert!(words.contains("the second"), "{words}");
}
