//! Plan mode: look, plan, be approved, go on.

use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, attended};
use anteroom_api::{Approval, Decision, EffectKind, Mode, Scope, Status, StopReason, TurnOptions};
use serde_json::json;
use std::sync::Mutex;

pub(crate) fn planning() -> TurnOptions {
    TurnOptions {
        is_plan: true,
        mode: Some(Mode::AskForWrites),
        ..attended()
    }
}

fn yes(approval: &Approval) -> Decision {
    assert_eq!(approval.effect.kind, EffectKind::Plan);
    Decision::Allow { scope: Scope::Once }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_plan_is_carried_out_in_the_same_turn() {
    let scene = Scene::new([
        Reply::call("read_file", json!({ "path": "a.txt" })),
        Reply::text("# Plan\n1. write b.txt"),
        Reply::call("write_file", json!({ "path": "b.txt", "content": "new" })),
        Reply::text("done"),
    ])
    .await;
    scene.write("a.txt", "hello\n");
    let conversation = scene.open().await;
    let asked = Mutex::new(Vec::new());
    let told = scene
        .turn(conversation, "make b", planning(), |approval| {
            asked.lock().unwrap().push(approval.clone());
            Decision::Allow { scope: Scope::Once }
        })
        .await;
    assert_eq!(
        (told.stop(), told.answer().as_str()),
        (StopReason::EndTurn, "done")
    );
    assert_eq!(scene.read("b.txt"), "new");
    let asked = asked.into_inner().unwrap();
    let kinds: Vec<EffectKind> = asked.iter().map(|approval| approval.effect.kind).collect();
    // Once for the plan; then the normal mode asks as ever.
    assert_eq!(kinds, [EffectKind::Plan, EffectKind::FileWrite]);
    assert_eq!(
        asked[0].effect.detail.as_deref(),
        Some("# Plan\n1. write b.txt")
    );
    // The tools that were offered never changed, nor did what was sent before.
    let chats = scene.endpoint.chats();
    for pair in chats.windows(2) {
        assert_eq!(pair[0].json["tools"], pair[1].json["tools"]);
        let (before, after) = (&pair[0].json["messages"], &pair[1].json["messages"]);
        let before = before.as_array().unwrap();
        assert_eq!(after.as_array().unwrap()[..before.len()], before[..]);
    }
    let wish = chats[0].json["messages"][1]["content"].as_str().unwrap();
    assert!(
        wish.starts_with("make b") && wish.contains("Plan mode"),
        "{wish}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_refused_with_a_reason_is_revised() {
    let scene = Scene::new([
        Reply::text("plan A"),
        Reply::call("write_file", json!({ "path": "early", "content": "" })),
        Reply::text("plan B"),
        Reply::text("carried out"),
    ])
    .await;
    let conversation = scene.open().await;
    let told = scene
        .turn(
            conversation,
            "do it",
            planning(),
            |approval| match approval.effect.summary.as_str() {
                "plan A" => Decision::Deny {
                    reason: Some("smaller steps".into()),
                },
                _ => yes(approval),
            },
        )
        .await;
    assert_eq!(told.answer(), "carried out");
    let chats = scene.endpoint.chats();
    assert!(
        chats[1].json["messages"]
            .to_string()
            .contains("smaller steps")
    );
    // Planning went on meanwhile.
    assert_eq!(told.call("write_file").0.status, Status::Denied);
    assert!(!scene.has("early"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_refused_without_a_word_ends_the_turn() {
    let scene = Scene::new([Reply::text("the plan"), Reply::text("never asked for")]).await;
    let conversation = scene.open().await;
    let told = scene
        .turn(conversation, "do it", planning(), |_| Decision::Deny {
            reason: None,
        })
        .await;
    assert_eq!(
        (told.stop(), told.answer().as_str()),
        (StopReason::EndTurn, "the plan")
    );
    assert_eq!(scene.endpoint.chats().len(), 1);
}
