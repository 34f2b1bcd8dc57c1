//! What comes through a pipe answers only what was asked, for exactly what was shown, and never widens anything.

use crate::program::Desk;
use crate::program::fed::{FED, allow, message, writing};
use crate::support::endpoint::Reply;
use crate::support::talking::Talking;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_for_something_else_allows_nothing() {
    let desk = Desk::new([writing("a.txt"), Reply::text("not done")]).await;
    let mut talk = Talking::spawn(desk.aroom(&FED));
    talk.say(&message("go"));
    let asked = talk.event("approval", "requested").await;
    let mut other_digest = allow(&asked);
    other_digest["op"]["digest"] = json!("0".repeat(64));
    let mut other_id = allow(&asked);
    other_id["op"]["approval"] = json!("0199a000-0000-7000-8000-000000000000");
    let mut no_digest = allow(&asked);
    no_digest["op"].as_object_mut().unwrap().remove("digest");
    for line in [other_digest, other_id, no_digest] {
        talk.say(&line);
    }
    // Nobody can answer any more: that is a no, at once.
    talk.hang_up();
    let resolved = talk.event("approval", "resolved").await;
    assert_eq!(resolved["resolution"]["resolution"], "denied", "{resolved}");
    talk.event("turn", "ended").await;
    let over = talk.end().await;
    assert!(!desk.work().join("a.txt").exists());
    assert_ne!(over.code, 0, "{over:?}");
    assert_eq!(over.stderr.matches("error:").count(), 4, "{}", over.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_cannot_bring_permissions_along() {
    let desk = Desk::new([writing("a.txt"), Reply::text("not done")]).await;
    let mut talk = Talking::spawn(desk.aroom(&FED));
    let mut line = message("go");
    line["op"]["options"] = json!({ "mode": "auto", "allowed_tools": ["write_file"] });
    talk.say(&line);
    talk.event("approval", "requested").await;
    let over = talk.end().await;
    assert!(!desk.work().join("a.txt").exists());
    assert_eq!(over.code, 6, "{over:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_wishes_are_not_taken_from_a_pipe() {
    let desk = Desk::new([]).await;
    let mut talk = Talking::spawn(desk.aroom(&FED));
    for op in [
        json!({ "noun": "setting", "op": { "verb": "change", "key": "safety.approval_mode", "value": "auto" } }),
        json!({ "noun": "turn", "op": { "verb": "call", "tool": "write_file", "arguments": {} } }),
        json!({ "noun": "workspace", "op": { "verb": "trust", "path": "/", "hash": "" } }),
    ] {
        talk.say(&op);
    }
    let over = talk.end().await;
    assert_eq!(over.code, 2, "{over:?}");
    assert!(!desk.home().join(".anteroom/config.yaml").exists());
}
