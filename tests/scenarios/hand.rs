//! A tool that a person runs by hand: one call, no model, and everything that holds for a model's call.

use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, Told, attended, auto, text_of};
use anteroom_api::{
    Approval, ConversationId, Decision, ItemBody, Origin, ProblemCode, Scope, Status, StopReason,
    TurnEvent, TurnId, TurnOp, TurnOptions,
};
use serde_json::{Value, json};

async fn submit(
    scene: &Scene,
    conversation: ConversationId,
    (tool, arguments): (&str, Value),
    options: TurnOptions,
) -> Result<TurnId, ProblemCode> {
    let call = TurnOp::Call {
        conversation,
        tool: tool.into(),
        arguments,
        options,
    };
    let submitted = scene.handle().submit(call).await;
    submitted
        .map(TurnId::from)
        .map_err(|problem| problem.0.code)
}

/// One call by hand, to its end.
pub(crate) async fn call(
    scene: &Scene,
    conversation: ConversationId,
    wish: (&str, Value),
    options: TurnOptions,
    decide: impl Fn(&Approval) -> Decision,
) -> Told {
    let watch = scene.watch(conversation).await;
    let turn = submit(scene, conversation, wish, options).await.unwrap();
    watch.until_end(turn, &decide).await
}

fn nobody(_: &Approval) -> Decision {
    panic!("nobody is there to ask")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_runs_by_hand_and_asks_no_model() {
    let scene = Scene::new([]).await;
    scene.write("a.txt", "hello\n");
    let conversation = scene.open().await;
    let wish = ("read_file", json!({ "path": "a.txt" }));
    let told = call(&scene, conversation, wish, auto(), nobody).await;
    assert_eq!(told.stop(), StopReason::EndTurn);
    let (item, read) = told.call("read_file");
    assert_eq!(
        (item.status, text_of(&read).as_str()),
        (Status::Completed, "1\thello\n")
    );
    assert_eq!(read.meter.unwrap().bytes_read, 6);
    assert_eq!(scene.endpoint.requests().len(), 0);
    let kept = scene.items(conversation).await;
    assert_eq!(kept.len(), 2);
    let ItemBody::UserMessage { content } = &kept[0].body else {
        panic!("{kept:?}");
    };
    assert_eq!(kept[0].origin, Origin::Person);
    let said = serde_json::to_string(content).unwrap();
    assert!(
        said.contains("read_file") && said.contains("a.txt"),
        "{said}"
    );
    assert_eq!(kept[1], item);
    let turns = scene.handle().read().turns(conversation).await.unwrap();
    assert_eq!(turns.len(), 1);
    assert!(turns[0].ended_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_approves_it_and_it_can_be_undone() {
    let scene = Scene::new([]).await;
    let conversation = scene.open().await;
    let arguments = json!({ "path": "a.txt", "content": "one\n" });
    let yes = |approval: &Approval| {
        assert_eq!(approval.tool, "write_file");
        Decision::Allow { scope: Scope::Once }
    };
    let wish = ("write_file", arguments);
    let told = call(&scene, conversation, wish, attended(), yes).await;
    let (item, written) = told.call("write_file");
    assert_eq!(item.status, Status::Completed);
    assert_eq!(written.decisions.len(), 1);
    assert_eq!(scene.read("a.txt"), "one\n");
    let changes = scene.handle().read().changes(conversation).await.unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0].item, item.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conversation_goes_on_from_it_as_strict_endpoints_want() {
    let scene = Scene::new([Reply::text("it says hello")]).await;
    scene.write("a.txt", "hello\n");
    let conversation = scene.open().await;
    for _ in 0..2 {
        let wish = ("read_file", json!({ "path": "a.txt" }));
        call(&scene, conversation, wish, auto(), nobody).await;
    }
    let told = scene
        .turn(conversation, "what does it say?", auto(), nobody)
        .await;
    assert_eq!(told.answer(), "it says hello");
    let request = scene.endpoint.requests().remove(0);
    let messages = request.json["messages"].as_array().unwrap().clone();
    let roles: Vec<&str> = messages
        .iter()
        .map(|message| message["role"].as_str().unwrap())
        .collect();
    assert_eq!(
        roles,
        [
            "system",
            "user",
            "assistant",
            "tool",
            "user",
            "assistant",
            "tool",
            "user"
        ]
    );
    let id = |index: usize| messages[index]["tool_calls"][0]["id"].clone();
    assert_eq!(messages[3]["tool_call_id"], id(2));
    assert_eq!(messages[6]["tool_call_id"], id(5));
    assert_ne!(id(2), id(5));
    assert_eq!(messages[3]["content"], "1\thello\n");
    // The first words of the person name the conversation, not the call.
    let view = scene.handle().read().conversation(conversation).await;
    assert_eq!(view.unwrap().title, "what does it say?");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_not_wait_behind_a_turn_and_can_be_cancelled() {
    let scene = Scene::new([]).await;
    let conversation = scene.open().await;
    let mut watch = scene.watch(conversation).await;
    let slow = ("bash", json!({ "command": "sleep 600" }));
    let turn = submit(&scene, conversation, slow, attended())
        .await
        .unwrap();
    watch.approval().await;
    let wish = || ("read_file", json!({ "path": "a.txt" }));
    let refused = submit(&scene, conversation, wish(), auto()).await;
    assert_eq!(refused, Err(ProblemCode::Conflict));
    let cancel = TurnOp::Cancel { turn };
    scene.handle().submit(cancel).await.unwrap();
    let told = watch.until_end(turn, &nobody).await;
    assert_eq!(told.stop(), StopReason::Cancelled);
    assert_eq!(told.call("bash").0.status, Status::Interrupted);
    let told = call(&scene, conversation, wish(), auto(), nobody).await;
    assert_eq!(told.call("read_file").0.status, Status::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_replayed_from_its_record() {
    let scene = Scene::new([]).await;
    let conversation = scene.open().await;
    let write = || ("write_file", json!({ "path": "a.txt", "content": "one\n" }));
    let yes = |_: &Approval| Decision::Allow { scope: Scope::Once };
    call(&scene, conversation, write(), attended(), yes).await;
    std::fs::remove_file(scene.workspace().join("a.txt")).unwrap();
    let no = |_: &Approval| Decision::Deny { reason: None };
    call(&scene, conversation, write(), attended(), no).await;
    let mut watch = scene.watch(conversation).await;
    let turn = submit(&scene, conversation, write(), attended()).await;
    let turn = turn.unwrap();
    watch.approval().await;
    let cancel = TurnOp::Cancel { turn };
    scene.handle().submit(cancel).await.unwrap();
    watch
        .until(|event| {
            matches!(event, anteroom_api::Event::Turn(TurnEvent::Ended { turn: ended, .. }) if *ended == turn)
        })
        .await;
    let turns = scene.handle().read().turns(conversation).await.unwrap();
    assert_eq!(turns.len(), 3);
    for turn in turns {
        let report = scene.handle().read().replay(turn.id).await.unwrap();
        assert_eq!((report.steps, report.calls), (0, 1));
        assert_eq!(report.differences, []);
    }
    assert!(!scene.has("a.txt"), "a tool has acted");
    assert_eq!(scene.endpoint.requests().len(), 0);
}
