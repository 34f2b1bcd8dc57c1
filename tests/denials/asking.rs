//! Approvals: who may say yes, to what, for how long; and children.

use super::{all_denied, attended_auto, calls};
use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, attended, auto, text_of};
use anteroom_api::{
    ApprovalEvent, ApprovalOp, Decision, Event, ItemBody, Mode, ProblemCode, Resolution, Scope,
    Status, StopReason, TurnOptions,
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn denied_tools_win_over_everything() {
    let settings = [("safety.denied_tools", json!(["bash:touch *", "write_file"]))];
    let scene = Scene::with_settings(
        [
            Reply::stream()
                .and_call("bash", json!({ "command": "touch ran" }))
                .and_call("bash", json!({ "command": "true && touch ran" }))
                .and_call("write_file", json!({ "path": "ran", "content": "" })),
            Reply::text("done"),
        ],
        &settings,
    )
    .await;
    let conversation = scene.open().await;
    let options = TurnOptions {
        allowed_tools: vec!["*".into(), "bash:touch *".into()],
        ..attended_auto()
    };
    let told = scene
        .turn(conversation, "go", options, |approval| {
            panic!("what is denied is not asked: {approval:?}")
        })
        .await;
    all_denied(&told, 3);
    assert!(!scene.has("ran"));
    let (_, call) = calls(&told).remove(0);
    assert!(
        text_of(&call).contains("denied_tools"),
        "{}",
        text_of(&call)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_was_not_offered_is_not_taken() {
    let scene = Scene::new([
        Reply::call("bash", json!({ "command": "touch ran; exit 0; rm -rf /" })),
        Reply::text("done"),
    ])
    .await;
    let conversation = scene.open().await;
    let mut watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "go", attended()).await;
    let approval = watch.approval().await;
    let decide = |decision: Decision| ApprovalOp::Decide {
        approval: approval.id,
        digest: approval.digest.clone(),
        decision,
        by: "test".into(),
    };
    for scope in [Scope::Session, Scope::Always] {
        let handle = scene.handle();
        let refused = handle.submit(decide(Decision::Allow { scope })).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.0.code, ProblemCode::InvalidInput, "{scope:?}");
    }
    let open = scene.handle().read().approvals(conversation).await.unwrap();
    assert_eq!(open.len(), 1, "it stays open");
    scene
        .handle()
        .submit(decide(Decision::Deny { reason: None }))
        .await
        .unwrap();
    let told = watch.until_end(turn, &|_| unreachable!()).await;
    all_denied(&told, 1);
    assert!(!scene.has("ran"));
}

/// The shortest patience there is passes for real: ten seconds.
#[tokio::test(flavor = "multi_thread")]
async fn silence_is_told_as_not_answered_and_counts_as_no() {
    let settings = [("safety.approval_timeout", json!(10))];
    let scene = Scene::with_settings(
        [
            Reply::call("bash", json!({ "command": "touch ran" })),
            Reply::text("I see"),
        ],
        &settings,
    )
    .await;
    let conversation = scene.open().await;
    let mut watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "go", attended()).await;
    let approval = watch.approval().await;
    let told = watch.until_end(turn, &|_| unreachable!()).await;
    assert!(!scene.has("ran"));
    let resolved = told
        .events
        .iter()
        .find_map(|envelope| match &envelope.event {
            Event::Approval(ApprovalEvent::Resolved { resolution, by, .. }) => {
                Some((resolution.clone(), by.clone()))
            }
            _ => None,
        });
    assert_eq!(resolved, Some((Resolution::NotAnswered, "nobody".into())));
    let (item, call) = told.call("bash");
    assert_eq!(item.status, Status::Denied);
    let words = text_of(&call);
    assert!(
        words.contains("answer") && !words.contains("said no"),
        "{words}"
    );
    assert_eq!(told.stop(), StopReason::EndTurn);
    // Too late is too late.
    let late = ApprovalOp::Decide {
        approval: approval.id,
        digest: approval.digest,
        decision: Decision::Allow { scope: Scope::Once },
        by: "test".into(),
    };
    let late = scene.handle().submit(late).await.unwrap_err();
    assert_eq!(late.0.code, ProblemCode::Conflict);
}

/// Answers for a parent (its prompt is `parent`) and its child.
fn family(scene: &Scene, task: serde_json::Value, child: Reply) {
    scene.endpoint.choose(move |body| {
        let messages = body["messages"].as_array()?;
        let user = messages.iter().find(|message| message["role"] == "user")?;
        let is_first = !messages.iter().any(|message| message["role"] == "tool");
        Some(match (user["content"] == "parent", is_first) {
            (true, true) => Reply::call("run_agent", task.clone()),
            (false, true) => child.clone(),
            (_, false) => Reply::text("done"),
        })
    });
}

async fn childs_calls(scene: &Scene, options: TurnOptions) -> Vec<(Status, String)> {
    let conversation = scene.open().await;
    let told = scene
        .turn(conversation, "parent", options, |_| unreachable!())
        .await;
    assert_eq!(told.stop(), StopReason::EndTurn);
    let child = told.call("run_agent").1.child.expect("a child was started");
    let items = scene.items(child).await.into_iter();
    items
        .filter_map(|item| match &item.body {
            ItemBody::ToolCall(call) => Some((item.status, text_of(call))),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_may_do_no_more_than_its_parent() {
    let writes = Reply::stream()
        .and_call("write_file", json!({ "path": "ran", "content": "" }))
        .and_call("bash", json!({ "command": "touch ran" }));
    let scene = Scene::new([]).await;
    family(&scene, json!({ "prompt": "child" }), writes);
    let options = TurnOptions {
        mode: Some(Mode::AskForWrites),
        allowed_tools: vec!["run_agent".into()],
        ..TurnOptions::default()
    };
    for (status, words) in childs_calls(&scene, options).await {
        assert_eq!(status, Status::Denied, "{words}");
    }
    assert!(!scene.has("ran"));
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_tools_are_denied_to_children_too() {
    let settings = [("safety.denied_tools", json!(["bash"]))];
    let scene = Scene::with_settings([], &settings).await;
    let call = Reply::call("bash", json!({ "command": "touch ran" }));
    family(&scene, json!({ "prompt": "child" }), call);
    let calls = childs_calls(&scene, auto()).await;
    assert_eq!(calls.len(), 1);
    assert_ne!(calls[0].0, Status::Completed, "{}", calls[0].1);
    assert!(!scene.has("ran"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_has_only_the_tools_it_was_given() {
    let scene = Scene::new([]).await;
    let call = Reply::call("bash", json!({ "command": "touch ran" }));
    let task = json!({ "prompt": "child", "tools": ["read_file"] });
    family(&scene, task, call);
    let calls = childs_calls(&scene, auto()).await;
    assert_eq!(calls[0].0, Status::Failed, "{}", calls[0].1);
    assert!(calls[0].1.contains("read_file"), "{}", calls[0].1);
    assert!(!scene.has("ran"));
    let offered = scene.endpoint.chats()[1].json["tools"].clone();
    assert_eq!(offered.as_array().unwrap().len(), 1, "{offered}");
}
