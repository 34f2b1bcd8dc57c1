//! Guests that run away are stopped at their limit, give their memory back, and harm nobody meanwhile.
//!
//! How long after its limit a guest is stopped is measured by `cargo bench --bench engine -- runaway`.

use crate::denials::hostile;
use crate::support::alone::{World, is_alone, resident_kib, run_alone};
use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, auto, text_of};
use anteroom_api::{
    Decision, Delta, Item, ItemBody, Scope, Signal, Status, StopReason, TurnOptions,
};
use serde_json::json;

/// What may stay of all the memory that guests had, KiB: one of them alone had 64 MB.
const MOST_KIB: u64 = 48 * 1024;

async fn with_hostile() -> Scene {
    let mut scene = Scene::new([]).await;
    scene.stop().await;
    let tools = scene.home().join("tools");
    std::fs::create_dir_all(&tools).unwrap();
    std::fs::write(tools.join("hostile.wasm"), hostile()).unwrap();
    scene.start(&[("ai.titles", json!(false))]).await;
    scene
}

fn attended_auto() -> TurnOptions {
    TurnOptions {
        is_attended: true,
        ..auto()
    }
}

fn allow(_: &anteroom_api::Approval) -> Decision {
    Decision::Allow { scope: Scope::Once }
}

/// A turn that makes these calls at once.
async fn calls(scene: &Scene, tools: &[&str]) -> Vec<(Item, String)> {
    let reply = tools.iter().fold(Reply::stream(), |reply, tool| {
        reply.and_call(tool, json!({}))
    });
    scene.endpoint.script([reply, Reply::text("went on")]);
    let conversation = scene.open().await;
    let told = scene.turn(conversation, "go", attended_auto(), allow).await;
    assert_eq!(
        (told.stop(), told.answer()),
        (StopReason::EndTurn, "went on".to_owned())
    );
    let calls = told
        .items()
        .into_iter()
        .filter_map(|item| match &item.body {
            ItemBody::ToolCall(call) => Some((item.clone(), text_of(call))),
            _ => None,
        });
    let calls: Vec<_> = calls.collect();
    assert_eq!(calls.len(), tools.len());
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_comes_back_whatever_took_it() {
    if !is_alone() {
        let name = "robustness::runaways::memory_comes_back_whatever_took_it";
        return run_alone(name, World::Plain).await;
    }
    let scene = with_hostile().await;
    let bombs = [
        "eat_memory",
        "recurse",
        "big_result",
        "hostcall_flood",
        "panic",
    ];
    // The first round fills what is kept for later: pools, caches, the database's pages.
    calls(&scene, &bombs).await;
    let before = resident_kib();
    for _ in 0..4 {
        for (item, text) in calls(&scene, &[bombs.as_slice(), &["eat_memory"; 3]].concat()).await {
            assert_eq!(item.status, Status::Failed, "{text}");
        }
    }
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < MOST_KIB, "{grown} KiB stayed");
    let after = calls(&scene, &["surroundings"]).await;
    assert_eq!(after[0].0.status, Status::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_conversations_call_ends_while_guests_loop() {
    let scene = with_hostile().await;
    scene.write("a.txt", "content");
    // More loops than there are workers, and no answer of the model until they are over.
    let loops = ["spin"; 4];
    let reply = loops.iter().fold(Reply::stream(), |reply, tool| {
        reply.and_call(tool, json!({}))
    });
    scene.endpoint.say(reply);
    let looping = scene.open().await;
    let mut watch = scene.watch(looping).await;
    let turn = scene.say(looping, "loop", attended_auto()).await;
    let mut spinning = 0;
    while spinning < loops.len() {
        match watch.next().await {
            Signal::Delta {
                delta: Delta::Output { text, .. },
            } if text.contains("spinning") => spinning += 1,
            Signal::Event { envelope } => {
                if let anteroom_api::Event::Approval(anteroom_api::ApprovalEvent::Requested {
                    approval,
                }) = envelope.event
                {
                    let decide = anteroom_api::ApprovalOp::Decide {
                        approval: approval.id,
                        digest: approval.digest,
                        decision: Decision::Allow { scope: Scope::Once },
                        by: "test".into(),
                    };
                    scene.handle().submit(decide).await.unwrap();
                }
            }
            _ => {}
        }
    }
    scene.endpoint.script([
        Reply::call("read_file", json!({ "path": "a.txt" })),
        Reply::text("read"),
    ]);
    let told = scene.run("read a.txt").await;
    assert_eq!(told.answer(), "read");
    assert!(told.result("read_file").contains("content"));
    // The loops still run: nothing of theirs has ended before the other turn was over.
    assert_eq!(watch.told.calls("spin").len(), 0);
    let running = scene
        .handle()
        .read()
        .conversation(looping)
        .await
        .unwrap()
        .running;
    assert_eq!(running, Some(turn));
    scene.endpoint.say(Reply::text("over"));
    let told = watch.until_end(turn, &allow).await;
    assert_eq!(
        (told.stop(), told.answer()),
        (StopReason::EndTurn, "over".to_owned())
    );
    for (item, call) in told.calls("spin") {
        assert_eq!(item.status, Status::Failed);
        assert!(
            text_of(&call).contains("stopped after 2 s"),
            "{}",
            text_of(&call)
        );
    }
}
