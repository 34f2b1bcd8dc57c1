//! What holds commands on the machine a test runs on. Where the sandbox is not complete, every command is asked about,
//! each time, in every mode: a test that needs commands for something else has somebody there who says yes to that.

use super::endpoint::Reply;
use super::scene::{Scene, attended, auto};
use anteroom_api::{Approval, Decision, Scope, TurnOptions};
use anteroom_tools::{Sandbox, walls};
use serde_json::json;
use std::sync::Mutex;

/// Whether this machine lends the whole sandbox.
pub fn is_complete() -> bool {
    walls(&Sandbox::default()).is_complete()
}

/// What it does not, as doctor and questions say it.
pub fn missing() -> Vec<String> {
    walls(&Sandbox::default()).missing()
}

/// For a turn in mode `auto` whose commands are to run, answered with [`yes`].
pub fn running() -> TurnOptions {
    TurnOptions {
        is_attended: !is_complete(),
        ..auto()
    }
}

/// Yes to what is asked about every command where the sandbox is not complete; nothing else may be asked.
#[track_caller]
pub fn yes(approval: &Approval) -> Decision {
    asked_for_want_of_walls(approval);
    Decision::Allow { scope: Scope::Once }
}

/// The question says what is missing, and no answer to it is remembered.
#[track_caller]
pub fn asked_for_want_of_walls(approval: &Approval) {
    assert!(!is_complete(), "the sandbox holds it: {approval:?}");
    let told = approval.reasons.join("\n");
    assert!(
        told.contains("nothing but your answer holds commands here"),
        "{told}"
    );
    for missing in missing() {
        assert!(told.contains(&missing), "{missing}: {told}");
    }
    let scopes: Vec<Scope> = approval.scopes.iter().map(|it| it.scope).collect();
    assert_eq!(scopes, [Scope::Once], "{told}");
}

/// Whether no lasting permission is to be had for commands here, which then is tried: neither an answer nor a rule
/// is one.
pub async fn is_asked_each_time() -> bool {
    if is_complete() {
        return false;
    }
    let replies = || {
        [
            Reply::call("bash", json!({ "command": "touch a" })),
            Reply::text("done"),
        ]
    };
    let scene = Scene::new(replies().into_iter().chain(replies())).await;
    let conversation = scene.open().await;
    let asked = Mutex::new(0);
    for _ in 0..2 {
        let options = TurnOptions {
            allowed_tools: vec!["bash".into(), "bash:touch *".into()],
            ..attended()
        };
        scene
            .turn(conversation, "go", options, |approval| {
                *asked.lock().unwrap() += 1;
                yes(approval)
            })
            .await;
        assert!(scene.has("a"));
    }
    assert_eq!(asked.into_inner().unwrap(), 2);
    true
}
