//! Answers bound to what was shown, commands without a sandbox, and what each decision says of itself.

use super::{all_denied, attended_auto, calls};
use crate::support::endpoint::Reply;
use crate::support::held;
use crate::support::scene::{Scene, attended, auto, text_of};
use anteroom_api::{
    ApprovalOp, Decision, Mode, ProblemCode, Resolution, Scope, Status, Tier, TurnOptions,
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_holds_for_exactly_what_was_shown_and_once() {
    let replies = [
        Reply::call("bash", json!({ "command": "touch ran" })),
        Reply::text("done"),
    ];
    let scene = Scene::with_settings(replies, &[("ai.titles", json!(false))]).await;
    let conversation = scene.open().await;
    let mut watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "go", attended()).await;
    let approval = watch.approval().await;
    let decide = |digest: String| ApprovalOp::Decide {
        approval: approval.id,
        digest,
        decision: Decision::Allow { scope: Scope::Once },
        by: "test".into(),
    };
    let handle = scene.handle();
    for digest in [
        String::new(),
        "0".repeat(64),
        approval.digest.to_uppercase(),
        approval.digest[1..].to_owned(),
    ] {
        if digest == approval.digest {
            continue;
        }
        let refused = handle.submit(decide(digest.clone())).await.unwrap_err();
        assert_eq!(refused.0.code, ProblemCode::Conflict, "{digest}");
        assert!(!scene.has("ran"));
    }
    handle
        .submit(decide(approval.digest.clone()))
        .await
        .unwrap();
    let again = handle.submit(decide(approval.digest.clone())).await;
    assert_eq!(again.unwrap_err().0.code, ProblemCode::Conflict);
    let told = watch.until_end(turn, &|_| unreachable!()).await;
    assert_eq!(told.call("bash").0.status, Status::Completed);
    // The same command in another call is another question.
    scene.endpoint.script([
        Reply::call("bash", json!({ "command": "touch again" })),
        Reply::text("done"),
    ]);
    let told = scene
        .turn(conversation, "go", attended(), |approval| {
            assert!(!approval.digest.is_empty());
            Decision::Deny { reason: None }
        })
        .await;
    all_denied(&told, 1);
    assert!(!scene.has("again"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_sandbox_nothing_runs_unasked_and_no_permission_lasts() {
    let settings = [
        ("safety.sandbox", json!("off")),
        ("ai.titles", json!(false)),
    ];
    let scene = Scene::with_settings([], &settings).await;
    let options = || TurnOptions {
        allowed_tools: vec!["*".into(), "bash".into(), "bash:ls *".into()],
        ..auto()
    };
    let lines = ["ls", "touch ran", "pwd && touch ran", "sh -c 'touch ran'"];
    for line in lines {
        scene.endpoint.script([
            Reply::call("bash", json!({ "command": line })),
            Reply::text("done"),
        ]);
        let conversation = scene.open().await;
        let told = scene
            .turn(conversation, "go", options(), |_| unreachable!())
            .await;
        let (item, call) = told.call("bash");
        let words = text_of(&call);
        assert_eq!(item.status, Status::Denied, "{line}: {words}");
        assert!(words.contains("sandbox"), "{line}: {words}");
        assert!(!scene.has("ran"), "{line}");
    }
    let conversation = scene.open().await;
    for line in lines {
        scene.endpoint.script([
            Reply::call("bash", json!({ "command": line, "background": true })),
            Reply::text("done"),
        ]);
        let told = scene
            .turn(conversation, "go", attended_auto(), |approval| {
                let scopes: Vec<Scope> = approval.scopes.iter().map(|it| it.scope).collect();
                assert_eq!(scopes, [Scope::Once], "{line}");
                let told = approval.reasons.join("\n");
                assert!(told.contains("no sandbox"), "{line}: {told}");
                Decision::Deny { reason: None }
            })
            .await;
        all_denied(&told, 1);
    }
    assert!(!scene.has("ran"));
    // Files are held by the host, so the mode goes on for them.
    scene.endpoint.script([
        Reply::call("write_file", json!({ "path": "a.txt", "content": "x" })),
        Reply::text("done"),
    ]);
    let told = scene.run("go").await;
    assert_eq!(told.call("write_file").0.status, Status::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_editors_run_later_is_not_planted_unasked() {
    let scene = Scene::new([
        Reply::stream()
            .and_call(
                "write_file",
                json!({ "path": ".vscode/tasks.json", "content": "{}" }),
            )
            .and_call(
                "write_file",
                json!({ "path": "sub/.mcp.json", "content": "{}" }),
            )
            .and_call("bash", json!({ "command": "mkdir .idea" }))
            .and_call("bash", json!({ "command": "echo x > .husky/pre-push" })),
        Reply::text("done"),
    ])
    .await;
    let conversation = scene.open().await;
    let options = TurnOptions {
        allowed_tools: vec!["*".into()],
        ..auto()
    };
    let told = scene
        .turn(conversation, "go", options, |_| unreachable!())
        .await;
    all_denied(&told, 4);
    for (_, call) in calls(&told) {
        assert_eq!(call.tier, Tier::Destructive);
    }
    for path in [".vscode", "sub/.mcp.json", ".idea", ".husky"] {
        assert!(!scene.has(path), "{path}");
    }
}

/// What `aroom why` tells: each decision is kept with what led to it.
#[tokio::test(flavor = "multi_thread")]
async fn every_decision_is_kept_with_what_led_to_it() {
    let settings = [
        ("safety.denied_tools", json!(["bash:rmdir *"])),
        ("ai.titles", json!(false)),
    ];
    let scene = Scene::with_settings([], &settings).await;
    let conversation = scene.open().await;
    let options = |mode, rule: Option<&str>| TurnOptions {
        mode: Some(mode),
        allowed_tools: rule.map(str::to_owned).into_iter().collect(),
        is_attended: true,
        ..TurnOptions::default()
    };
    for (line, options, by, words, rule) in [
        (
            "touch a",
            options(Mode::Auto, None),
            "policy",
            "mode auto does not ask for it",
            None,
        ),
        (
            "touch a",
            options(Mode::AskForWrites, Some("bash:touch *")),
            "rule",
            "the rule `bash:touch *` of the settings covers it",
            Some("bash:touch *"),
        ),
        (
            "touch a",
            options(Mode::AskForWrites, None),
            "test",
            "allowed by test: once",
            None,
        ),
        (
            "rmdir a",
            options(Mode::Auto, None),
            "policy",
            "denied by the rule `bash:rmdir *`",
            Some("bash:rmdir *"),
        ),
    ] {
        // Without the whole sandbox neither the mode nor a rule allows a command.
        let (by, words, rule) = if held::is_complete() || line.starts_with("rmdir") {
            (by, words, rule)
        } else {
            ("test", "allowed by test: once", None)
        };
        scene.endpoint.script([
            Reply::call("bash", json!({ "command": line })),
            Reply::text("done"),
        ]);
        let told = scene
            .turn(conversation, "go", options, |_| Decision::Allow {
                scope: Scope::Once,
            })
            .await;
        let decision = told.call("bash").1.decisions.remove(0);
        let reasons = decision.reasons.join("\n");
        assert_eq!(decision.by, by, "{line}: {reasons}");
        assert!(reasons.contains(words), "{line}: {reasons}");
        assert_eq!(decision.rule.as_deref(), rule, "{line}: {reasons}");
        let is_denied = matches!(decision.resolution, Resolution::Denied { .. });
        assert_eq!(is_denied, line.starts_with("rmdir"), "{line}");
        // It is in the database as it was told.
        let kept = scene.items(conversation).await;
        let kept = serde_json::to_string(&kept).unwrap();
        assert!(kept.contains(words), "{line}");
    }
}
