//! Budgets: what is used up is not spent, by whomever.

use crate::support::endpoint::{Gate, Reply};
use crate::support::scene::{Scene, attended, auto};
use anteroom_api::{Decision, Scope, StopReason, TurnOp};
use serde_json::json;

fn is_budget(stop: &StopReason) -> bool {
    matches!(stop, StopReason::Budget { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn without_budget_no_request_leaves() {
    for key in [
        "budget.turn.tokens",
        "budget.conversation.tokens",
        "budget.day.tokens",
    ] {
        let scene = Scene::with_settings([Reply::text("spent")], &[(key, json!(10))]).await;
        let told = scene.run("x").await;
        assert!(is_budget(&told.stop()), "{key}: {:?}", told.stop());
        assert_eq!(scene.endpoint.requests().len(), 0, "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_in_one_turn_cannot_be_spent_by_another() {
    let settings = [
        ("budget.day.tokens", json!(9_000)),
        ("budget.answer_tokens", json!(4_000)),
    ];
    let gate = Gate::new();
    let scene = Scene::with_settings(
        [
            Reply::stream().token("first").wait(&gate),
            Reply::text("second"),
        ],
        &settings,
    )
    .await;
    let first = scene.open().await;
    let watch = scene.watch(first).await;
    let turn = scene.say(first, "x", auto()).await;
    gate.reached().await;
    // Nothing is spent yet, and all of it is set aside.
    let other = scene.run("y").await;
    assert!(is_budget(&other.stop()), "{:?}", other.stop());
    assert_eq!(scene.endpoint.chats().len(), 1);
    scene
        .handle()
        .submit(TurnOp::Cancel { turn })
        .await
        .unwrap();
    watch.until_end(turn, &|_| unreachable!()).await;
    gate.open();
    // What was not spent is free again.
    let third = scene.run("z").await;
    assert_eq!(third.answer(), "second");
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_titles_nor_summaries_go_around_a_budget() {
    let settings = [
        ("budget.day.tokens", json!(8_000)),
        ("budget.answer_tokens", json!(10)),
        ("cli.context_auto_compact_tokens", json!(1_000)),
        ("ai.titles", json!(true)),
    ];
    let scene = Scene::with_settings(
        [
            Reply::text("done").usage(7_990, 5, 0),
            Reply::text("a summary or a title"),
        ],
        &settings,
    )
    .await;
    let conversation = scene.open().await;
    let yes = |_: &anteroom_api::Approval| Decision::Allow { scope: Scope::Once };
    let told = scene
        .turn(conversation, "first wish", attended(), yes)
        .await;
    assert_eq!(told.stop(), StopReason::EndTurn);
    let next = scene.turn(conversation, "x", attended(), yes).await;
    assert!(is_budget(&next.stop()), "{:?}", next.stop());
    assert_eq!(scene.endpoint.chats().len(), 1);
}
