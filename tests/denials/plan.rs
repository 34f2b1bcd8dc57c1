//! Plan mode: nothing is changed before a person has approved the plan.

use super::{all_denied, calls};
use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, auto, text_of};
use anteroom_api::{Decision, Mode, Scope, Status, StopReason, TurnOptions};
use serde_json::json;

/// Everything is allowed in advance, and somebody attends who says yes.
fn permissive() -> TurnOptions {
    TurnOptions {
        is_plan: true,
        is_attended: true,
        mode: Some(Mode::Auto),
        allowed_tools: vec!["*".into()],
        ..TurnOptions::default()
    }
}

fn everything() -> Reply {
    Reply::stream()
        .and_call("write_file", json!({ "path": "ran", "content": "" }))
        .and_call(
            "edit_file",
            json!({ "path": "a.txt", "old_text": "a", "new_text": "b" }),
        )
        .and_call("bash", json!({ "command": "touch ran" }))
        .and_call("bash", json!({ "command": "ls" }))
        .and_call("run_agent", json!({ "prompt": "touch ran" }))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_above_reading_happens_before_the_plan_is_approved() {
    let scene = Scene::new([everything(), Reply::text("the plan")]).await;
    scene.write("a.txt", "a\n");
    let conversation = scene.open().await;
    let told = scene
        .turn(conversation, "go", permissive(), |_| Decision::Deny {
            reason: None,
        })
        .await;
    all_denied(&told, 5);
    for (_, call) in calls(&told) {
        assert!(text_of(&call).contains("plan mode"), "{}", text_of(&call));
    }
    assert_eq!(
        (scene.has("ran"), scene.read("a.txt").as_str()),
        (false, "a\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_person_no_plan_is_carried_out() {
    let scene = Scene::new([
        Reply::text("the plan"),
        Reply::call("write_file", json!({ "path": "ran", "content": "" })),
    ])
    .await;
    let conversation = scene.open().await;
    let options = TurnOptions {
        is_plan: true,
        ..auto()
    };
    let told = scene
        .turn(conversation, "go", options, |_| unreachable!())
        .await;
    assert_eq!(
        (told.stop(), told.answer().as_str()),
        (StopReason::EndTurn, "the plan")
    );
    assert_eq!(scene.endpoint.chats().len(), 1);
    assert!(!scene.has("ran"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_can_be_allowed_once_only() {
    let scene = Scene::new([
        Reply::text("the plan"),
        Reply::call("bash", json!({ "command": "touch ran" })),
        Reply::text("done"),
        Reply::text("another plan"),
    ])
    .await;
    let conversation = scene.open().await;
    let yes = |_: &anteroom_api::Approval| Decision::Allow { scope: Scope::Once };
    let told = scene.turn(conversation, "go", permissive(), yes).await;
    assert_eq!(told.call("bash").0.status, Status::Completed);
    assert!(scene.has("ran"));
    // The next turn plans anew.
    let asked = std::sync::atomic::AtomicUsize::new(0);
    scene
        .turn(conversation, "again", permissive(), |approval| {
            assert_eq!(approval.scopes.len(), 1);
            asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Decision::Deny { reason: None }
        })
        .await;
    assert_eq!(asked.into_inner(), 1);
}
