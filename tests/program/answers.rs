//! `aroom approval`, `grants`, `why` and `trust`: what a person decides from the command line, in another
//! process than the one that asks.

use super::Desk;
use crate::support::endpoint::Reply;
use crate::support::held;
use crate::support::neighbor::Follow;
use crate::support::program::{Left, aroom, run};
use crate::support::scene::{Scene, attended, text_of};
use anteroom_api::{
    Approval, ApprovalEvent, ConversationId, Event, Item, ItemBody, Status, TurnId,
};
use serde_json::json;

async fn command(scene: &Scene, arguments: &[&str]) -> Left {
    let home = scene.folder.path().join("home");
    let mut command = aroom(&home, Some(&scene.endpoint));
    command.current_dir(scene.workspace()).args(arguments);
    run(command).await
}

async fn stdout(scene: &Scene, arguments: &[&str]) -> String {
    let left = command(scene, arguments).await;
    assert_eq!(left.code, 0, "{arguments:?}: {left:?}");
    left.stdout
}

/// A turn that asks before it runs `touch x`.
async fn asking(scene: &Scene) -> (ConversationId, TurnId, Follow, Approval) {
    scene.endpoint.script([
        Reply::call("bash", json!({ "command": "touch x" })),
        Reply::text("done"),
    ]);
    let conversation = scene.open().await;
    let mut follow = Follow::all(&scene.handle(), conversation);
    let turn = scene.say(conversation, "go", attended()).await;
    let is_asked =
        |event: &Event| matches!(event, Event::Approval(ApprovalEvent::Requested { .. }));
    let Event::Approval(ApprovalEvent::Requested { approval }) = follow.until(is_asked).await
    else {
        panic!("nothing was asked")
    };
    (conversation, turn, follow, *approval)
}

async fn call(scene: &Scene, conversation: ConversationId) -> Item {
    let items = scene.items(conversation).await;
    let mut calls = items
        .into_iter()
        .filter(|item| matches!(item.body, ItemBody::ToolCall(_)));
    calls.next().expect("no call")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_found_shown_and_allowed_from_another_terminal() {
    let scene = Scene::new([]).await;
    assert_eq!(stdout(&scene, &["approval", "list"]).await, "");
    let (conversation, turn, mut follow, approval) = asking(&scene).await;
    let listed = stdout(&scene, &["approval", "list"]).await;
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(
        listed.contains("touch x") && listed.contains("left"),
        "{listed}"
    );
    let id = approval.id.to_string();
    assert!(listed.starts_with(&id[28..]), "{listed}");
    let shown = stdout(&scene, &["approval", "show", &id[..20]]).await;
    for part in ["touch x", "conversation"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let lasting = shown.contains("--session would remember bash:touch *");
    assert_eq!(lasting, held::is_complete(), "{shown}");
    let waits = stdout(&scene, &["approval", "wait", &id]).await;
    assert!(waits.contains("more"), "{waits}");
    let allowed = command(&scene, &["approval", "allow", &id[28..]]).await;
    assert_eq!(
        (allowed.code, allowed.stdout.as_str()),
        (0, "allowed once\n"),
        "{allowed:?}"
    );
    assert!(
        allowed.stderr.contains("touch x"),
        "what was allowed is shown: {allowed:?}"
    );
    follow.end(turn).await;
    assert!(scene.has("x"));
    let late = command(&scene, &["approval", "allow", &id]).await;
    assert_eq!(late.code, 8, "{late:?}");
    assert!(late.stderr.contains("hint:"), "{late:?}");

    // And why that was possible.
    let item = call(&scene, conversation).await;
    let why = stdout(&scene, &["why", &item.id.to_string()]).await;
    for part in [
        "bash",
        "execute",
        "touch x",
        "allowed once by cli",
        "because",
        "asked",
        "used",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
    let unknown = command(&scene, &["why", "no-such-call"]).await;
    assert_eq!(unknown.code, 8, "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_from_another_terminal_tells_the_model_why() {
    let scene = Scene::new([]).await;
    let (conversation, turn, mut follow, approval) = asking(&scene).await;
    let id = approval.id.to_string();
    let reason = ["approval", "deny", &id, "--reason", "use y instead"];
    assert_eq!(stdout(&scene, &reason).await, "denied\n");
    follow.end(turn).await;
    assert!(!scene.has("x"));
    let item = call(&scene, conversation).await;
    let ItemBody::ToolCall(call) = &item.body else {
        panic!("{item:?}")
    };
    assert_eq!(item.status, Status::Denied);
    assert!(text_of(call).contains("use y instead"), "{}", text_of(call));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_allowed_for_always_is_listed_and_taken_back() {
    if held::is_asked_each_time().await {
        return;
    }
    let scene = Scene::new([]).await;
    let (_, turn, mut follow, approval) = asking(&scene).await;
    let id = approval.id.to_string();
    let allowed = stdout(&scene, &["approval", "allow", &id, "--always"]).await;
    assert_eq!(allowed, "allowed for always: bash:touch *\n");
    follow.end(turn).await;
    let listed = stdout(&scene, &["grants", "list"]).await;
    assert!(listed.starts_with("bash:touch *  "), "{listed}");
    assert!(
        listed.contains(&scene.workspace().display().to_string()),
        "{listed}"
    );
    let json = stdout(&scene, &["grants", "list", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["rules"][0]["rule"], "bash:touch *");
    assert_eq!(json["grants"], json!([]));
    let wrong = command(&scene, &["grants", "revoke", "bash:touc *"]).await;
    assert_eq!(wrong.code, 8, "{wrong:?}");
    assert!(
        wrong.stderr.contains("did you mean `bash:touch *`"),
        "{wrong:?}"
    );
    let revoked = stdout(&scene, &["grants", "revoke", "bash:touch *"]).await;
    assert!(revoked.starts_with("revoked bash:touch *"), "{revoked}");
    assert_eq!(stdout(&scene, &["grants", "list"]).await, "");
    // The process that holds the conversation asks again.
    let (_, turn, mut follow, again) = asking(&scene).await;
    assert_ne!(again.id, approval.id);
    stdout(&scene, &["approval", "deny", &again.id.to_string()]).await;
    follow.end(turn).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_waits_for_trust_and_says_so_once() {
    let desk = Desk::new([Reply::text("hello")]).await;
    std::fs::create_dir(desk.work().join(".anteroom")).unwrap();
    desk.write(
        ".anteroom/config.yaml",
        "ai:\n  system_prompt: from the project\n",
    );
    let left = desk.run(&["exec", "hi"]).await;
    assert_eq!(left.code, 0, "{left:?}");
    assert_eq!(
        left.stderr.matches("aroom trust").count(),
        1,
        "{}",
        left.stderr
    );
    let prompt = |number: usize| desk.endpoint.chats()[number].json["messages"][0].to_string();
    assert!(!prompt(0).contains("from the project"));

    let asked = desk.run(&["trust"]).await;
    assert_eq!(asked.code, 6, "nobody is there to say yes: {asked:?}");
    for part in ["ai.system_prompt", "from the project", "aroom trust --yes"] {
        assert!(asked.stderr.contains(part), "{part}: {}", asked.stderr);
    }
    let shown = desk.json(&["trust", "--json"]).await;
    assert_eq!(
        (&shown["trust"], shown["holds"].as_array().unwrap().len()),
        (&json!("unknown"), 1)
    );
    let trusted = desk.stdout(&["trust", "--yes"]).await;
    assert!(trusted.starts_with("trusted as it is now"), "{trusted}");
    desk.endpoint.say(Reply::text("hello"));
    let left = desk.run(&["exec", "hi"]).await;
    assert!(!left.stderr.contains("aroom trust"), "{}", left.stderr);
    assert!(prompt(1).contains("from the project"), "{}", prompt(1));

    desk.write(
        ".anteroom/config.yaml",
        "ai:\n  system_prompt: changed since\n",
    );
    desk.endpoint.say(Reply::text("hello"));
    let left = desk.run(&["exec", "hi"]).await;
    assert!(
        left.stderr.contains("changed since you trusted it"),
        "{}",
        left.stderr
    );
    assert!(!prompt(2).contains("changed since"));
    let removed = desk.stdout(&["trust", "--remove"]).await;
    assert!(removed.starts_with("no longer trusted"), "{removed}");
    assert_eq!(desk.json(&["trust", "--json"]).await["trust"], "unknown");
}
