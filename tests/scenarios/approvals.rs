//! Approvals: asked at the effect, answered once, remembered as narrowly as said.

use crate::support::endpoint::Reply;
use crate::support::held;
use crate::support::scene::{Scene, attended, text_of};
use anteroom_api::{
    Approval, ApprovalEvent, ApprovalOp, Decision, EffectKind, Event, Mode, ProblemCode,
    Resolution, Scope, Status, StopReason, Tier, ToolContent, TurnOp, TurnOptions,
};
use serde_json::json;
use std::sync::Mutex;

fn allow(scope: Scope) -> impl Fn(&Approval) -> Decision {
    move |_| Decision::Allow { scope }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_asks_with_its_diff_and_happens_after_the_yes() {
    let scene = Scene::new([
        Reply::call(
            "edit_file",
            json!({ "path": "src/a.rs", "old_text": "1", "new_text": "2" }),
        ),
        Reply::text("done"),
    ])
    .await;
    scene.write("src/a.rs", "let x = 1;\n");
    let conversation = scene.open().await;
    let seen = Mutex::new(Vec::new());
    let told = scene
        .turn(conversation, "edit", attended(), |approval| {
            assert_eq!(
                scene.read("src/a.rs"),
                "let x = 1;\n",
                "nothing may change before the yes"
            );
            seen.lock().unwrap().push(approval.clone());
            Decision::Allow { scope: Scope::Once }
        })
        .await;
    assert_eq!(told.stop(), StopReason::EndTurn);
    assert_eq!(scene.read("src/a.rs"), "let x = 2;\n");
    let asked = seen.into_inner().unwrap();
    assert_eq!(asked.len(), 1);
    let Some(ToolContent::Diff {
        path,
        added,
        removed,
        unified,
    }) = &asked[0].effect.preview
    else {
        panic!("no diff: {:?}", asked[0])
    };
    assert_eq!((path.as_str(), *added, *removed), ("src/a.rs", 1, 1));
    assert!(unified.contains("-let x = 1;") && unified.contains("+let x = 2;"));
    assert_eq!(
        (asked[0].effect.kind, asked[0].tier),
        (EffectKind::FileWrite, Tier::Write)
    );
    let rules: Vec<Option<&str>> = asked[0]
        .scopes
        .iter()
        .map(|offer| offer.rule.as_deref())
        .collect();
    assert_eq!(
        rules,
        [None, Some("edit_file:src/**"), Some("edit_file:src/**")]
    );
    let (item, call) = told.call("edit_file");
    assert_eq!(item.status, Status::Completed);
    assert_eq!(call.decisions.len(), 1);
    assert_eq!(
        (call.decisions[0].by.as_str(), &call.decisions[0].resolution),
        ("test", &Resolution::Allowed { scope: Scope::Once })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_reaches_the_model_with_its_reason() {
    let scene = Scene::new([
        Reply::call("write_file", json!({ "path": "a.txt", "content": "x" })),
        Reply::text("I see"),
    ])
    .await;
    let conversation = scene.open().await;
    let told = scene
        .turn(conversation, "write", attended(), |_| Decision::Deny {
            reason: Some("use b.txt".into()),
        })
        .await;
    assert!(!scene.has("a.txt"));
    let (item, call) = told.call("write_file");
    assert_eq!(item.status, Status::Denied);
    assert!(text_of(&call).contains("use b.txt"), "{}", text_of(&call));
    assert_eq!(told.stop(), StopReason::EndTurn);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_answer_covers_its_rule_and_nothing_else() {
    if held::is_asked_each_time().await {
        return;
    }
    let scene = Scene::new([
        Reply::call("bash", json!({ "command": "touch a" })),
        Reply::call("bash", json!({ "command": "touch b" })),
        Reply::call("bash", json!({ "command": "touch c; echo more" })),
        Reply::text("done"),
    ])
    .await;
    let conversation = scene.open().await;
    let asked = Mutex::new(Vec::new());
    let told = scene
        .turn(conversation, "go", attended(), |approval| {
            asked.lock().unwrap().push(approval.effect.summary.clone());
            let offers_session = approval
                .scopes
                .iter()
                .any(|offer| offer.scope == Scope::Session);
            Decision::Allow {
                scope: if offers_session {
                    Scope::Session
                } else {
                    Scope::Once
                },
            }
        })
        .await;
    assert_eq!(told.stop(), StopReason::EndTurn);
    let asked = asked.into_inner().unwrap();
    // The rule is for `touch` as one simple command; a compound line is asked again.
    assert_eq!(asked, ["touch a", "touch c; echo more"]);
    assert!(scene.has("b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_always_answer_outlives_the_process() {
    let replies = || {
        [
            Reply::call(
                "write_file",
                json!({ "path": "notes/a.md", "content": "x" }),
            ),
            Reply::text("done"),
        ]
    };
    let mut scene = Scene::new(replies()).await;
    let conversation = scene.open().await;
    scene
        .turn(conversation, "write", attended(), allow(Scope::Always))
        .await;
    scene.stop().await;
    scene.start(&[]).await;
    scene.endpoint.script([
        Reply::call(
            "write_file",
            json!({ "path": "notes/b.md", "content": "y" }),
        ),
        Reply::text("done"),
    ]);
    let conversation = scene.open().await;
    scene
        .turn(conversation, "write", attended(), |approval| {
            panic!("asked again: {approval:?}")
        })
        .await;
    assert_eq!(scene.read("notes/b.md"), "y");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_taken_once_and_only_for_what_was_shown() {
    let scene = Scene::new([
        Reply::call("bash", json!({ "command": "touch x" })),
        Reply::text("done"),
    ])
    .await;
    let conversation = scene.open().await;
    let mut watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "go", attended()).await;
    let approval = watch.approval().await;
    let handle = scene.handle();
    assert_eq!(
        handle.read().approvals(conversation).await.unwrap(),
        std::slice::from_ref(&approval)
    );
    let decide = |digest: &str, decision: Decision| ApprovalOp::Decide {
        approval: approval.id,
        digest: digest.into(),
        decision,
        by: "test".into(),
    };
    let yes = Decision::Allow { scope: Scope::Once };
    let wrong = handle
        .submit(decide("0000", yes.clone()))
        .await
        .unwrap_err();
    assert_eq!(wrong.0.code, ProblemCode::Conflict);
    handle
        .submit(decide(&approval.digest, Decision::Deny { reason: None }))
        .await
        .unwrap();
    let second = handle
        .submit(decide(&approval.digest, yes))
        .await
        .unwrap_err();
    assert_eq!(second.0.code, ProblemCode::Conflict);
    let told = watch.until_end(turn, &|_| unreachable!()).await;
    assert!(!scene.has("x"));
    assert_eq!(told.call("bash").0.status, Status::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_and_cancel_are_no() {
    let scene = Scene::new([Reply::call("bash", json!({ "command": "touch x" }))]).await;
    let conversation = scene.open().await;
    let mut watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "go", attended()).await;
    watch.approval().await;
    scene
        .handle()
        .submit(TurnOp::Cancel { turn })
        .await
        .unwrap();
    let told = watch.until_end(turn, &|_| unreachable!()).await;
    assert_eq!(told.stop(), StopReason::Cancelled);
    let resolved = told.events.iter().any(|envelope| {
        matches!(
            &envelope.event,
            Event::Approval(ApprovalEvent::Resolved {
                resolution: Resolution::NotAnswered,
                ..
            })
        )
    });
    assert!(resolved && !scene.has("x"));
    assert!(
        scene
            .handle()
            .read()
            .approvals(conversation)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_means_no() {
    let scene = Scene::new([
        Reply::stream()
            .and_call("write_file", json!({ "path": "a", "content": "x" }))
            .and_call("bash", json!({ "command": "touch b" }))
            .and_call("ask_user", json!({ "question": "?" })),
        Reply::text("could not"),
    ])
    .await;
    let conversation = scene.open().await;
    let told = scene
        .turn(conversation, "go", TurnOptions::default(), |_| {
            panic!("nobody is there")
        })
        .await;
    assert!(!scene.has("a") && !scene.has("b"));
    assert_eq!(
        (told.call("write_file").0.status, told.call("bash").0.status),
        (Status::Denied, Status::Denied)
    );
    assert!(
        told.result("ask_user").contains("nobody"),
        "{}",
        told.result("ask_user")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_ask_asks_for_reading_too() {
    let scene = Scene::new([
        Reply::call("read_file", json!({ "path": "a.txt" })),
        Reply::text("done"),
    ])
    .await;
    scene.write("a.txt", "hello");
    let conversation = scene.open().await;
    let count = Mutex::new(0);
    let options = TurnOptions {
        mode: Some(Mode::Ask),
        is_attended: true,
        ..TurnOptions::default()
    };
    scene
        .turn(conversation, "read", options, |approval| {
            assert_eq!(approval.effect.kind, EffectKind::Call);
            *count.lock().unwrap() += 1;
            Decision::Allow { scope: Scope::Once }
        })
        .await;
    assert_eq!(count.into_inner().unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn allowed_and_denied_rules_are_heard() {
    let settings = [("safety.denied_tools", json!(["write_file"]))];
    let scene = Scene::with_settings(
        [
            Reply::stream()
                .and_call("write_file", json!({ "path": "a", "content": "x" }))
                .and_call("bash", json!({ "command": "touch b" }))
                .and_call("bash", json!({ "command": "mkdir c" })),
            Reply::text("done"),
        ],
        &settings,
    )
    .await;
    let conversation = scene.open().await;
    let options = TurnOptions {
        allowed_tools: vec!["bash:touch *".into(), "write_file".into()],
        ..TurnOptions::default()
    };
    let told = scene
        .turn(conversation, "go", options, |_| unreachable!())
        .await;
    assert_eq!(
        (scene.has("a"), scene.has("b"), scene.has("c")),
        (false, held::is_complete(), false),
        "no rule lets a command run that nothing holds"
    );
    assert!(
        told.result("write_file").contains("denied_tools"),
        "{}",
        told.result("write_file")
    );
}
