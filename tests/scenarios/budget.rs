//! Budgets: set aside before they are spent, shared with children and between processes; and what things cost.

use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, auto, text_of};
use anteroom_api::{Status, StopReason};
use serde_json::json;

fn budget_of(stop: StopReason) -> String {
    match stop {
        StopReason::Budget { text } => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_cost_what_the_prices_say_and_are_kept() {
    let settings = [
        ("ai.prices.input", json!(2.0)),
        ("ai.prices.cached", json!(0.5)),
        ("ai.prices.output", json!(10.0)),
    ];
    let mut scene = Scene::with_settings(
        [
            Reply::call("glob_files", json!({ "pattern": "*" })).usage(1_000, 100, 0),
            Reply::text("done").usage(2_000, 50, 1_000),
        ],
        &settings,
    )
    .await;
    let told = scene.run("x").await;
    let (first, second) = (2_000 + 1_000, 2_000 + 500 + 500);
    scene.stop().await;
    scene.start(&[]).await;
    let handle = scene.handle();
    let turns = handle.read().turns(told.conversation).await.unwrap();
    assert_eq!(turns[0].usage.cost_micros, first + second);
    let view = handle.read().conversation(told.conversation).await.unwrap();
    assert_eq!(view.usage.cost_micros, first + second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turns_tokens_end_it_before_the_request_that_would_exceed_them() {
    let settings = [
        ("budget.turn.tokens", json!(20_000)),
        ("budget.answer_tokens", json!(1_000)),
    ];
    let scene = Scene::with_settings(
        [
            Reply::call("glob_files", json!({ "pattern": "*" })).usage(9_000, 500, 0),
            Reply::call("glob_files", json!({ "pattern": "*" })).usage(9_600, 500, 0),
            Reply::text("never"),
            Reply::text("the next turn has its own"),
        ],
        &settings,
    )
    .await;
    let told = scene.run("work").await;
    let text = budget_of(told.stop());
    assert!(
        text.contains("budget.turn.tokens") && text.contains("20000"),
        "{text}"
    );
    assert_eq!(scene.endpoint.chats().len(), 2);
    // Every call has its result, so the conversation goes on.
    assert!(
        told.calls("glob_files")
            .iter()
            .all(|(item, _)| item.status == Status::Completed)
    );
    assert_eq!(scene.endpoint.unused(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_beyond_the_budget_are_not_made_and_those_within_are_whole() {
    let settings = [("budget.turn.calls", json!(3))];
    let many = (0..3).fold(Reply::stream(), |reply, n| {
        reply.and_call("bash", json!({ "command": format!("touch ran{n}") }))
    });
    let scene = Scene::with_settings(
        [
            Reply::call("glob_files", json!({ "pattern": "*" })),
            many,
            Reply::text("never"),
        ],
        &settings,
    )
    .await;
    let told = scene.work("work").await;
    assert!(budget_of(told.stop()).contains("budget.turn.calls"));
    let made: Vec<bool> = (0..3).map(|n| scene.has(&format!("ran{n}"))).collect();
    assert_eq!(made, [true, true, false]);
    let refused = told
        .calls("bash")
        .into_iter()
        .find(|(item, _)| item.status == Status::Denied)
        .expect("one call was not made");
    assert!(
        text_of(&refused.1).contains("not run"),
        "{}",
        text_of(&refused.1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn children_spend_their_parents_budget() {
    let settings = [("budget.turn.calls", json!(2))];
    let scene = Scene::with_settings([], &settings).await;
    scene.endpoint.choose(|body| {
        let messages = body["messages"].as_array()?;
        let is_parent = messages[1]["content"] == "parent";
        let results = messages
            .iter()
            .filter(|message| message["role"] == "tool")
            .count();
        Some(match (is_parent, results) {
            (true, 0) => Reply::call("run_agent", json!({ "prompt": "child" })),
            (false, n) if n < 5 => Reply::call("glob_files", json!({ "pattern": format!("{n}") })),
            _ => Reply::text("done"),
        })
    });
    let told = scene.run("parent").await;
    budget_of(told.stop());
    let child = told.call("run_agent").1;
    assert!(
        text_of(&child).contains("budget.turn.calls"),
        "{}",
        text_of(&child)
    );
    let items = scene.items(child.child.unwrap()).await;
    let made = items.iter().filter(|item| {
        matches!(item.body, anteroom_api::ItemBody::ToolCall(_)) && item.status == Status::Completed
    });
    assert_eq!(made.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_and_a_day_remember_across_restarts() {
    let settings = [
        ("budget.conversation.tokens", json!(14_000)),
        ("budget.day.tokens", json!(22_000)),
        ("budget.answer_tokens", json!(100)),
    ];
    let mut scene = Scene::with_settings(
        [
            Reply::text("one").usage(9_000, 1_000, 0),
            Reply::text("two").usage(4_000, 100, 0),
            Reply::text("never"),
        ],
        &settings,
    )
    .await;
    let told = scene.run("1").await;
    assert_eq!(told.stop(), StopReason::EndTurn);
    scene.stop().await;
    scene.start(&settings).await;
    let again = scene
        .turn(told.conversation, "2", auto(), |_| unreachable!())
        .await;
    // The endpoint's count is not known after a restart; the estimate is far smaller.
    assert_eq!(again.stop(), StopReason::EndTurn);
    let third = scene
        .turn(told.conversation, "3", auto(), |_| unreachable!())
        .await;
    assert!(budget_of(third.stop()).contains("budget.conversation.tokens"));
    let tight = [
        ("budget.day.tokens", json!(15_000)),
        ("budget.answer_tokens", json!(100)),
    ];
    scene.stop().await;
    scene.start(&tight).await;
    let other = scene.run("elsewhere").await;
    assert!(budget_of(other.stop()).contains("budget.day.tokens"));
    assert_eq!(scene.endpoint.unused(), 1);
}
