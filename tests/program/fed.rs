//! `aroom exec --input stream-json`: a program on the other side of both pipes.

use super::Desk;
use crate::support::endpoint::Reply;
use crate::support::talking::Talking;
use serde_json::{Value, json};

pub(crate) const FED: [&str; 4] = ["exec", "--stream-json", "--input", "stream-json"];

pub(crate) fn message(text: &str) -> Value {
    json!({ "noun": "turn", "op": { "verb": "start", "input": [{ "type": "text", "text": text }] } })
}

pub(crate) fn allow(asked: &Value) -> Value {
    let approval = &asked["approval"];
    json!({ "noun": "approval", "op": {
        "verb": "decide",
        "approval": approval["id"],
        "digest": approval["digest"],
        "decision": { "decision": "allow", "scope": "once" },
    } })
}

pub(crate) fn writing(path: &str) -> Reply {
    Reply::call(
        "write_file",
        json!({ "path": path, "content": "written\n" }),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_and_answers_come_line_by_line() {
    let desk = Desk::new([writing("a.txt"), Reply::text("one"), Reply::text("two")]).await;
    let mut talk = Talking::spawn(desk.aroom(&FED));
    talk.say(&message("first"));
    let asked = talk.event("approval", "requested").await;
    assert!(!desk.work().join("a.txt").exists());
    talk.say(&allow(&asked));
    let resolved = talk.event("approval", "resolved").await;
    assert_eq!(resolved["resolution"]["resolution"], "allowed");
    let ended = talk.event("turn", "ended").await;
    assert_eq!(ended["stop"]["reason"], "end_turn");
    assert_eq!(desk.read("a.txt"), "written\n");
    // One process, one conversation: the second message follows the first.
    talk.say(&message("second"));
    talk.event("turn", "ended").await;
    let over = talk.end().await;
    assert_eq!(over.code, 0, "{over:?}");
    let last = desk.endpoint.chats().pop().unwrap().json.to_string();
    assert!(last.contains("first") && last.contains("second"), "{last}");
    let listed = desk.stdout(&["conversation", "list"]).await;
    assert_eq!(listed.lines().count(), 1, "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_may_come_first_and_a_line_may_cancel() {
    let gate = crate::support::endpoint::Gate::new();
    let desk = Desk::new([Reply::stream().token("half").wait(&gate)]).await;
    let mut talk = Talking::spawn(desk.aroom(&[&FED[..], &["talk"]].concat()));
    gate.reached().await;
    talk.say(&json!({ "noun": "turn", "op": { "verb": "cancel" } }));
    let ended = talk.event("turn", "ended").await;
    assert_eq!(ended["stop"]["reason"], "cancelled");
    let over = talk.end().await;
    assert_eq!(over.code, 1, "{over:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_no_op_is_said_and_fails_the_run() {
    let desk = Desk::new([Reply::text("hello")]).await;
    let mut talk = Talking::spawn(desk.aroom(&FED));
    talk.say(&json!("hello?"));
    talk.say(&message("hi"));
    talk.event("turn", "ended").await;
    let over = talk.end().await;
    assert_eq!(over.code, 2, "{over:?}");
    assert!(over.stderr.contains("hint:"), "{}", over.stderr);

    let silent = Talking::spawn(desk.aroom(&FED)).end().await;
    assert_eq!(silent.code, 2, "{silent:?}");
    assert!(silent.stderr.contains("no prompt"), "{}", silent.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_cancels_what_runs_and_what_waits() {
    let gate = crate::support::endpoint::Gate::new();
    let desk = Desk::new([Reply::stream().token("half").wait(&gate)]).await;
    let mut talk = Talking::spawn(desk.aroom(&[&FED[..], &["talk"]].concat()));
    talk.say(&message("then this"));
    talk.event("turn", "queued").await;
    gate.reached().await;
    talk.signal("-INT");
    let over = talk.end().await;
    assert_eq!(over.code, 130, "{over:?}");
    assert!(over.stderr.contains("hint:"), "{over:?}");
    assert_eq!(desk.endpoint.chats().len(), 1, "what waited did not begin");
}
