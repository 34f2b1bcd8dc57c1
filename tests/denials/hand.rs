//! A tool that is run by hand stands before the same gate as a model's call.

use super::all_denied;
use crate::scenarios::hand::call;
use crate::support::scene::{Scene, attended, auto, text_of};
use anteroom_api::{
    Approval, Decision, Mode, ProblemCode, Status, StopReason, TurnOp, TurnOptions,
};
use serde_json::{Value, json};

fn nobody(_: &Approval) -> Decision {
    panic!("nobody is there to ask")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_tool_is_denied_by_hand_too() {
    let settings = [("safety.denied_tools", json!(["write_file"]))];
    let scene = Scene::with_settings([], &settings).await;
    let conversation = scene.open().await;
    let options = TurnOptions {
        allowed_tools: vec!["*".into(), "write_file".into()],
        ..auto()
    };
    let wish = ("write_file", json!({ "path": "a.txt", "content": "x" }));
    let told = call(&scene, conversation, wish, options, nobody).await;
    all_denied(&told, 1);
    assert!(!scene.has("a.txt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_attends_a_write_by_hand_is_no() {
    let scene = Scene::new([]).await;
    let conversation = scene.open().await;
    let unattended = TurnOptions {
        mode: Some(Mode::AskForWrites),
        ..TurnOptions::default()
    };
    let plan = TurnOptions {
        is_plan: true,
        ..auto()
    };
    for options in [unattended, plan] {
        for (tool, arguments) in [
            ("write_file", json!({ "path": "a.txt", "content": "x" })),
            ("bash", json!({ "command": "touch a.txt" })),
        ] {
            let wish = (tool, arguments);
            let told = call(&scene, conversation, wish, options.clone(), nobody).await;
            all_denied(&told, 1);
            assert!(!scene.has("a.txt"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_the_schema_is_not_run_and_not_asked_about() {
    let scene = Scene::new([]).await;
    let conversation = scene.open().await;
    for (tool, arguments) in [
        ("write_file", json!({ "path": "a.txt" })),
        ("write_file", json!({ "path": 7, "content": "x" })),
        ("bash", json!({})),
        ("no_such_tool", json!({})),
    ] {
        let wish = (tool, arguments);
        let told = call(&scene, conversation, wish, attended(), nobody).await;
        let (item, call) = told.call(tool);
        assert_eq!(item.status, Status::Failed, "{}", text_of(&call));
    }
    for arguments in [Value::Null, json!([]), json!("{}"), json!(7)] {
        let call = TurnOp::Call {
            conversation,
            tool: "read_file".into(),
            arguments,
            options: auto(),
        };
        let refused = scene.handle().submit(call).await.unwrap_err();
        assert_eq!(refused.0.code, ProblemCode::InvalidInput);
    }
    assert!(!scene.has("a.txt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_by_hand_are_counted_by_the_budget() {
    let settings = [("budget.conversation.calls", json!(1))];
    let scene = Scene::with_settings([], &settings).await;
    scene.write("a.txt", "x\n");
    let conversation = scene.open().await;
    let wish = || ("read_file", json!({ "path": "a.txt" }));
    let told = call(&scene, conversation, wish(), auto(), nobody).await;
    assert_eq!(told.call("read_file").0.status, Status::Completed);
    let told = call(&scene, conversation, wish(), auto(), nobody).await;
    all_denied(&told, 1);
    assert!(matches!(told.stop(), StopReason::Budget { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_masked_in_what_is_run_by_hand() {
    let scene = Scene::new([]).await;
    let key = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0".repeat(2));
    scene.write("a.txt", &format!("token {key}\n"));
    let conversation = scene.open().await;
    let wish = ("read_file", json!({ "path": "a.txt" }));
    let told = call(&scene, conversation, wish, auto(), nobody).await;
    let text = told.result("read_file");
    assert!(
        text.contains("token") && !text.contains(&key[..20]),
        "{text}"
    );
}
