//! Child agents: the same loop, the same gate, their own history.

use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, attended, auto};
use anteroom_api::{Decision, ItemBody, Scope, Status, StopReason};
use serde_json::json;
use std::sync::Mutex;

/// Answers for a parent that starts children: the parent is told by its first user message.
fn by_prompt(scene: &Scene, answers: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) {
    scene.endpoint.choose(move |body| {
        let messages = body["messages"].as_array()?;
        let first =
            messages.iter().find(|message| message["role"] == "user")?["content"].as_str()?;
        let results = messages
            .iter()
            .filter(|message| message["role"] == "tool")
            .count();
        Some(answers(first, results))
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_works_and_its_answer_comes_back() {
    let scene = Scene::new([]).await;
    scene.write("a.txt", "42\n");
    by_prompt(&scene, |prompt, results| match (prompt, results) {
        ("parent", 0) => Reply::call(
            "run_agent",
            json!({ "prompt": "child: read a.txt", "agent": "reader" }),
        ),
        ("parent", _) => Reply::text("the child says 42"),
        (_, 0) => Reply::call("read_file", json!({ "path": "a.txt" })),
        (_, _) => Reply::text("it is 42"),
    });
    let told = scene.run("parent").await;
    assert_eq!(
        (told.stop(), told.answer().as_str()),
        (StopReason::EndTurn, "the child says 42")
    );
    let (item, call) = told.call("run_agent");
    assert_eq!(item.status, Status::Completed);
    assert!(told.result("run_agent").contains("it is 42"));
    let child = call.child.expect("the call knows its child");
    let items = scene.items(child).await;
    assert!(
        items
            .iter()
            .any(|item| matches!(&item.body, ItemBody::ToolCall(call) if call.tool == "read_file"))
    );
    let view = scene.handle().read().conversation(child).await.unwrap();
    assert_eq!(
        (view.parent, view.title.as_str()),
        (Some(item.id), "reader")
    );
    let listed = scene
        .handle()
        .read()
        .conversations(None, 10)
        .await
        .unwrap()
        .entries;
    assert_eq!(
        listed.iter().map(|view| view.id).collect::<Vec<_>>(),
        [told.conversation]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_childs_approval_surfaces_in_its_parents_conversation() {
    let scene = Scene::new([]).await;
    by_prompt(&scene, |prompt, results| match (prompt, results) {
        ("parent", 0) => Reply::call("run_agent", json!({ "prompt": "child", "agent": "writer" })),
        ("parent", _) => Reply::text("done"),
        (_, 0) => Reply::call("write_file", json!({ "path": "b.txt", "content": "x" })),
        (_, _) => Reply::text("could not"),
    });
    let conversation = scene.open().await;
    let asked = Mutex::new(Vec::new());
    scene
        .turn(conversation, "parent", attended(), |approval| {
            asked
                .lock()
                .unwrap()
                .push((approval.tool.clone(), approval.agent.clone()));
            if approval.tool == "run_agent" {
                Decision::Allow { scope: Scope::Once }
            } else {
                Decision::Deny { reason: None }
            }
        })
        .await;
    assert_eq!(
        asked.into_inner().unwrap(),
        [
            ("run_agent".to_owned(), None),
            ("write_file".to_owned(), Some("writer".to_owned()))
        ]
    );
    assert!(!scene.has("b.txt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn depth_and_number_of_children_are_limited() {
    let scene = Scene::with_settings(
        [],
        &[
            ("safety.subagent.max_depth", json!(2)),
            ("safety.subagent.max_total", json!(3)),
        ],
    )
    .await;
    by_prompt(&scene, |prompt, results| match (prompt, results) {
        (_, 0) => Reply::call("run_agent", json!({ "prompt": format!("{prompt}+") })),
        (_, _) => Reply::text(&format!("back from {prompt}")),
    });
    let told = scene.run("p").await;
    assert_eq!(told.stop(), StopReason::EndTurn);
    // The grandchild asked for a child of its own and was told no.
    let deepest = scene
        .endpoint
        .chats()
        .iter()
        .map(|chat| chat.json.to_string())
        .find(|body| body.contains("p++") && body.contains("2 deep"))
        .is_some();
    assert!(deepest);

    let many = Reply::stream();
    let many = (0..5).fold(many, |reply, n| {
        reply.and_call("run_agent", json!({ "prompt": format!("leaf {n}") }))
    });
    let once = Mutex::new(Some(many));
    by_prompt(&scene, move |prompt, results| match (prompt, results) {
        ("many", 0) => once.lock().unwrap().take().unwrap(),
        (_, _) => Reply::text("ok"),
    });
    let conversation = scene.open().await;
    let told = scene
        .turn(conversation, "many", auto(), |_| unreachable!())
        .await;
    let done = told
        .calls("run_agent")
        .iter()
        .filter(|(item, _)| item.status == Status::Completed)
        .count();
    assert_eq!(done, 3);
}
