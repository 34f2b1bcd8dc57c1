//! Turns run again from their record: the same requests, no endpoint, no effects.

use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, attended, auto};
use anteroom_api::{Decision, ReplayReport, Scope, TurnId};
use serde_json::json;

/// A turn with parallel tools, a person's answers, a child agent with tools of its own, and an end.
async fn ran() -> (Scene, TurnId) {
    let mut scene = Scene::new([
        Reply::text("hello"),
        Reply::call("write_file", json!({ "path": "a.txt", "content": "one\n" })),
        Reply::call(
            "run_agent",
            json!({ "agent": "reader", "prompt": "read a.txt" }),
        ),
        Reply::call("read_file", json!({ "path": "a.txt" })),
        Reply::text("it says one"),
        Reply::call("bash", json!({ "command": "rm a.txt" })),
        Reply::text("done"),
    ])
    .await;
    let conversation = scene.open().await;
    let no = |_: &_| Decision::Deny { reason: None };
    scene.turn(conversation, "greet", auto(), no).await;
    let told = scene
        .turn(
            conversation,
            "work",
            attended(),
            |approval| match approval.tool.as_str() {
                "bash" => Decision::Deny {
                    reason: Some("keep it".into()),
                },
                _ => Decision::Allow { scope: Scope::Once },
            },
        )
        .await;
    assert_eq!(told.answer(), "done");
    let turns = scene.handle().read().turns(conversation).await.unwrap();
    scene.stop().await;
    // What a second run would change is not there any more.
    std::fs::remove_file(scene.workspace().join("a.txt")).unwrap();
    (scene, turns[1].id)
}

async fn again(
    scene: &mut Scene,
    settings: &[(&str, serde_json::Value)],
    turn: TurnId,
) -> ReplayReport {
    scene.start(settings).await;
    let asked = scene.endpoint.requests().len();
    let report = scene.handle().read().replay(turn).await.unwrap();
    assert_eq!(
        scene.endpoint.requests().len(),
        asked,
        "the endpoint was asked"
    );
    assert!(!scene.has("a.txt"), "a tool has acted");
    scene.stop().await;
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_with_tools_approvals_and_a_child_is_the_same_again() {
    let (mut scene, turn) = ran().await;
    let report = again(&mut scene, &[], turn).await;
    assert_eq!(report.differences, []);
    assert_eq!((report.steps, report.calls), (6, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_decided_otherwise_now_is_named() {
    let (mut scene, turn) = ran().await;
    let denied = [("safety.denied_tools", json!(["write_file"]))];
    let report = again(&mut scene, &denied, turn).await;
    let named: Vec<(u32, &str, &str)> = report
        .differences
        .iter()
        .map(|found| (found.step, found.what.as_str(), found.recorded.as_str()))
        .collect();
    assert_eq!(named, [(1, "verdict", "write_file ran")]);
    assert!(report.differences[0].now.contains("write_file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_request_than_recorded_is_named() {
    let (mut scene, turn) = ran().await;
    // What is sent with every request has changed.
    let colder = [("ai.temperature", json!(0.5))];
    let report = again(&mut scene, &colder, turn).await;
    assert_eq!(report.differences.len(), 6, "{:?}", report.differences);
    let what: Vec<&str> = report
        .differences
        .iter()
        .map(|found| found.what.as_str())
        .collect();
    assert_eq!(what.iter().filter(|what| **what == "request").count(), 4);
    assert_eq!(
        what.iter()
            .filter(|what| **what == "request of reader")
            .count(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_is_not_there_is_said_to_be_missing() {
    let scene = Scene::new([]).await;
    let nowhere = "00000000-0000-7000-8000-000000000000".parse().unwrap();
    let problem = scene.handle().read().replay(nowhere).await.unwrap_err();
    assert!(problem.error.contains("there is no turn"), "{problem}");
}
