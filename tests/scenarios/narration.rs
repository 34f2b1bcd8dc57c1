//! A word on the progress, asked for at the end of a request that is made anyway.

use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, auto};
use anteroom_api::{ItemBody, StopReason};
use serde_json::{Value, json};

fn glob(reply: Reply, calls: usize) -> Reply {
    (0..calls).fold(reply, |reply, n| {
        reply.and_call("glob_files", json!({ "pattern": format!("*.{n}") }))
    })
}

fn messages(request: &Value) -> Vec<Value> {
    request["messages"].as_array().unwrap().clone()
}

fn asks(request: &Value) -> bool {
    let messages = messages(request);
    messages.last().unwrap()["content"]
        .to_string()
        .contains("Progress: ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_asked_for_after_five_calls_and_costs_no_request() {
    let scene = Scene::new([
        glob(Reply::stream(), 3),
        glob(Reply::stream(), 2),
        glob(Reply::text("Progress: nothing found yet; looking on."), 1),
        Reply::text("all done"),
        Reply::text("next"),
    ])
    .await;
    let told = scene.run("find it").await;
    assert_eq!(
        (told.stop(), told.answer().as_str()),
        (StopReason::EndTurn, "all done")
    );
    scene
        .turn(told.conversation, "again", auto(), |_| unreachable!())
        .await;
    let chats = scene.endpoint.chats();
    let asked: Vec<bool> = chats.iter().map(|chat| asks(&chat.json)).collect();
    assert_eq!(asked, [false, false, true, false, false]);
    // The asking stood behind everything else, and is gone.
    let (asking, after) = (messages(&chats[2].json), messages(&chats[3].json));
    let kept = asking.len() - 1;
    assert_eq!(after[..kept], asking[..kept]);
    assert_eq!(
        after[kept]["content"],
        "Progress: nothing found yet; looking on."
    );
    for chat in &chats[3..] {
        assert!(!chat.json.to_string().contains("person who watches"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_alone_does_not_end_the_turn_and_joins_the_next_answer() {
    let mut scene = Scene::new([
        glob(Reply::stream(), 5),
        Reply::text("Progress: half way."),
        glob(Reply::text("Going on."), 1),
        Reply::text("finished"),
        Reply::text("later"),
    ])
    .await;
    let told = scene.run("work").await;
    assert_eq!(
        (told.stop(), told.answer().as_str()),
        (StopReason::EndTurn, "finished")
    );
    let said: Vec<String> = told
        .items()
        .into_iter()
        .filter_map(|item| match item.body {
            ItemBody::AgentMessage { text } if !text.is_empty() => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(said, ["Progress: half way.", "Going on.", "finished"]);
    // Another process builds the same history.
    scene.stop().await;
    scene.start(&[]).await;
    scene
        .turn(told.conversation, "more", auto(), |_| unreachable!())
        .await;
    let chats = scene.endpoint.chats();
    let (before, after) = (messages(&chats[3].json), messages(&chats[4].json));
    assert_eq!(after[..before.len()], before[..]);
    assert!(
        before
            .iter()
            .any(|message| message["content"] == "Progress: half way.\n\nGoing on."),
        "{before:?}"
    );
    for chat in &chats {
        let roles: Vec<String> = messages(&chat.json)
            .iter()
            .map(|message| message["role"].to_string())
            .collect();
        assert!(
            !roles
                .windows(2)
                .any(|pair| pair[0] == pair[1] && pair[0] != "\"tool\""),
            "{roles:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zero_is_never() {
    let settings = [("ai.narration_cadence", json!(0))];
    let scene =
        Scene::with_settings([glob(Reply::stream(), 9), Reply::text("done")], &settings).await;
    scene.run("work").await;
    assert!(!scene.endpoint.chats().iter().any(|chat| asks(&chat.json)));
}
