//! A panic in one task: that turn fails visibly, everything it left open is closed, all else goes on.

use crate::support::endpoint::{Gate, Reply};
use crate::support::faults::panic_at;
use crate::support::scene::{Scene, Told, Watch, attended, auto};
use anteroom_api::{
    ApprovalEvent, ConversationId, Decision, Event, ItemBody, ItemEvent, ItemId, ProblemCode,
    Resolution, Scope, Status, StopReason, ToolCall, TurnEvent, TurnId,
};
use serde_json::json;
use std::collections::BTreeSet;

/// A host that asks the endpoint for nothing but what the test scripted.
async fn quiet(replies: impl IntoIterator<Item = Reply>) -> Scene {
    Scene::with_settings(replies, &[("ai.titles", json!(false))]).await
}

/// The turn says that the host failed, as its last word.
#[track_caller]
fn failed_visibly(told: &Told) {
    let StopReason::Failed { problem } = told.stop() else {
        panic!("{:?}", told.stop())
    };
    assert_eq!(problem.code, ProblemCode::Internal);
    assert!(problem.hint.is_some(), "{problem}");
    let last = told.events.last().map(|envelope| &envelope.event);
    assert!(matches!(last, Some(Event::Turn(TurnEvent::Ended { .. }))));
    nothing_is_open(told);
}

/// What was begun has an end, on the topic itself.
#[track_caller]
fn nothing_is_open(told: &Told) {
    let mut items: BTreeSet<ItemId> = BTreeSet::new();
    let mut approvals = BTreeSet::new();
    for envelope in &told.events {
        match &envelope.event {
            Event::Item(ItemEvent::Started(item)) => drop(items.insert(item.id)),
            Event::Item(ItemEvent::Completed(item)) => drop(items.remove(&item.id)),
            Event::Approval(ApprovalEvent::Requested { approval }) => {
                assert!(approvals.insert(approval.id), "asked twice");
            }
            Event::Approval(ApprovalEvent::Resolved { approval, .. }) => {
                assert!(approvals.remove(approval), "resolved twice");
            }
            _ => {}
        }
    }
    assert_eq!(items, BTreeSet::new());
    assert_eq!(approvals, BTreeSet::new());
}

/// Follows to the end of the turn; answers nothing.
async fn to_the_end(mut watch: Watch, turn: TurnId) -> Told {
    watch
        .until(|event| matches!(event, Event::Turn(TurnEvent::Ended { turn: ended, .. }) if *ended == turn))
        .await;
    watch.told
}

/// The conversation takes input again, and the endpoint gets a history that it accepts.
async fn goes_on(scene: &Scene, conversation: ConversationId) {
    scene.endpoint.say(Reply::text("here I am"));
    let told = scene
        .turn(conversation, "still there?", auto(), |_| unreachable!())
        .await;
    assert_eq!(told.answer(), "here I am");
    let view = scene
        .handle()
        .read()
        .conversation(conversation)
        .await
        .unwrap();
    assert_eq!(view.running, None);
    let request = scene.endpoint.chats().pop().unwrap();
    let messages = request.json["messages"].as_array().unwrap().clone();
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    for message in &messages {
        let calls = message["tool_calls"].as_array().into_iter().flatten();
        asked.extend(calls.map(|call| call["id"].clone()));
        if message["role"] == "tool" {
            answered.push(message["tool_call_id"].clone());
        }
    }
    assert_eq!(asked, answered, "each call is followed by its result");
}

#[tokio::test]
async fn a_panic_before_the_first_word_fails_the_turn_alone() {
    let scene = quiet([]).await;
    let conversation = scene.open().await;
    let watch = scene.watch(conversation).await;
    let fault = panic_at("asks the model", 1);
    let turn = scene.say(conversation, "go", auto()).await;
    failed_visibly(&to_the_end(watch, turn).await);
    drop(fault);
    goes_on(&scene, conversation).await;
}

#[tokio::test]
async fn words_that_a_panic_cut_off_are_kept_and_closed() {
    let scene = quiet([Reply::reasoning("a thought", "a word")]).await;
    let conversation = scene.open().await;
    let watch = scene.watch(conversation).await;
    // Its message has been announced with the step, and its reasoning with this word: both are open.
    let fault = panic_at("the model begins to speak", 1);
    let turn = scene.say(conversation, "go", auto()).await;
    let told = to_the_end(watch, turn).await;
    failed_visibly(&told);
    let cut_off: Vec<Status> = told
        .items()
        .iter()
        .filter(|item| !matches!(item.body, ItemBody::UserMessage { .. }))
        .map(|item| item.status)
        .collect();
    assert_eq!(cut_off, [Status::Interrupted; 2]);
    for item in scene.items(conversation).await {
        assert!(
            !matches!(item.status, Status::Running | Status::Pending),
            "{item:?}"
        );
    }
    drop(fault);
    goes_on(&scene, conversation).await;
}

#[tokio::test]
async fn calls_and_approvals_that_a_panic_left_are_closed() {
    let scene = quiet([Reply::stream()
        .and_call("read_file", json!({ "path": "a.txt" }))
        .and_call("write_file", json!({ "path": "b.txt", "content": "never" }))])
    .await;
    scene.write("a.txt", "content");
    let conversation = scene.open().await;
    let watch = scene.watch(conversation).await;
    // Reading has ended, writing waits for a person.
    let fault = panic_at("a call has ended", 1);
    let turn = scene.say(conversation, "go", attended()).await;
    let told = to_the_end(watch, turn).await;
    failed_visibly(&told);
    let call = |tool: &str| -> (Status, ToolCall) {
        let (item, call) = told.call(tool);
        (item.status, call)
    };
    assert_eq!(call("read_file").0, Status::Completed);
    let (status, write) = call("write_file");
    assert_eq!(status, Status::Failed);
    assert!(write.result.is_some_and(|result| result.is_error));
    let resolutions: Vec<&Resolution> = told
        .events
        .iter()
        .filter_map(|envelope| match &envelope.event {
            Event::Approval(ApprovalEvent::Resolved { resolution, .. }) => Some(resolution),
            _ => None,
        })
        .collect();
    assert!(
        resolutions
            .iter()
            .all(|resolution| **resolution == Resolution::NotAnswered)
    );
    assert!(!scene.has("b.txt"));
    let open = scene.handle().read().approvals(conversation).await.unwrap();
    assert_eq!(open, []);
    drop(fault);
    goes_on(&scene, conversation).await;
}

#[tokio::test]
async fn a_panic_in_a_child_agent_fails_its_call_and_closes_its_conversation() {
    let scene = quiet([
        Reply::call("run_agent", json!({ "prompt": "help", "agent": "helper" })),
        Reply::text("I'll do it myself"),
    ])
    .await;
    let conversation = scene.open().await;
    let watch = scene.watch(conversation).await;
    let fault = panic_at("asks the model", 2);
    let turn = scene.say(conversation, "go", auto()).await;
    let told = watch.until_end(turn, &|_| unreachable!()).await;
    drop(fault);
    assert_eq!(told.stop(), StopReason::EndTurn);
    let (item, call) = told.call("run_agent");
    assert_eq!(item.status, Status::Failed);
    let child = call.child.expect("it was started");
    let turns = scene.handle().read().turns(child).await.unwrap();
    let [turn] = turns.as_slice() else {
        panic!("{turns:?}")
    };
    assert!(
        matches!(turn.stop, Some(StopReason::Failed { .. })),
        "{turn:?}"
    );
    nothing_is_open(&told);
}

#[tokio::test]
async fn other_conversations_and_the_gate_go_on() {
    let scene = quiet([]).await;
    let gate = Gate::new();
    let (one, other) = (scene.open().await, scene.open().await);
    scene
        .endpoint
        .say(Reply::stream().token("slow").wait(&gate).and_call(
            "write_file",
            json!({ "path": "kept.txt", "content": "kept" }),
        ));
    let slow = scene.watch(other).await;
    let slow_turn = scene.say(other, "go", attended()).await;
    gate.reached().await;
    let watch = scene.watch(one).await;
    let fault = panic_at("asks the model", 1);
    let turn = scene.say(one, "go", auto()).await;
    failed_visibly(&to_the_end(watch, turn).await);
    drop(fault);
    // The other turn is in the middle of its answer, then of an approval, and ends as if nothing had happened.
    scene.endpoint.say(Reply::text("done"));
    gate.open();
    let allow = |_: &_| Decision::Allow { scope: Scope::Once };
    let told = slow.until_end(slow_turn, &allow).await;
    assert_eq!(
        (told.stop(), told.answer()),
        (StopReason::EndTurn, "done".to_owned())
    );
    assert_eq!(scene.read("kept.txt"), "kept");
    goes_on(&scene, one).await;
}
