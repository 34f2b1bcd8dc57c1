//! A hostile model endpoint, through the whole host: the turn fails with a typed error, the host goes on, and its memory
//! stays where it was. Each sort of harm by itself is tried at the client, in `host/model/tests`.

use crate::support::alone::{World, is_alone, peak_kib, run_alone};
use crate::support::endpoint::{Reply, Step};
use crate::support::scene::{PATIENCE, Scene, auto};
use anteroom_api::{
    ConversationId, Event, ItemBody, ProblemCode, Signal, StopReason, Topic, TurnEvent,
};
use serde_json::json;

/// What all of it together may cost (spec: robustness), KiB.
const MOST_KIB: u64 = 64 * 1024;

/// Pieces again and again, so that the endpoint itself costs nothing.
fn repeated(head: &[u8], piece: &[u8], times: usize) -> Reply {
    let mut reply = Reply::sse(head);
    let many = piece.repeat(4096);
    reply.steps.push(Step::Repeat(many, times / 4096));
    reply
}

/// Harm that ends the turn, and the code it ends with.
fn harms() -> Vec<(&'static str, Reply)> {
    let content = |text: &str| json!({ "content": text });
    vec![
        ("a line of 1 GB", Reply::huge_line(1 << 30)),
        ("a line of no text", repeated(b"data: ", b"\xff", 64 << 20)),
        (
            "endless deltas",
            Reply::many(&content(&"x".repeat(1000)), usize::MAX),
        ),
        (
            "endless thoughts",
            Reply::many(
                &json!({ "reasoning_content": "x".repeat(1000) }),
                usize::MAX,
            ),
        ),
        (
            "endless calls",
            Reply::many(
                &json!({ "tool_calls": [{ "function": { "name": "f", "arguments": "{}" } }] }),
                usize::MAX,
            ),
        ),
        ("deep JSON", repeated(b"data: {\"choices\":", b"[", 100_000)),
        (
            "a compressed flood",
            repeated(b"\x1f\x8b\x08", b"\0", 64 << 20).header("Content-Encoding", "gzip"),
        ),
        ("endless headers", Reply::endless_headers()),
        ("a reset", Reply::stream().token("so far").reset()),
        ("a redirect", Reply::redirect(307, "http://127.0.0.1:9/v1")),
        ("a page", Reply::html(200, "Sign in")),
    ]
}

/// A turn as a frontend sees it that keeps nothing: what the test would keep is not the host's.
async fn turn(scene: &Scene, conversation: ConversationId) -> StopReason {
    let seq = scene
        .handle()
        .read()
        .conversation(conversation)
        .await
        .unwrap()
        .seq;
    let topic = Topic::Conversation(conversation);
    let mut signals = scene.handle().follow(topic, Some(seq));
    let wanted = scene.say(conversation, "go", auto()).await;
    loop {
        let next = tokio::time::timeout(PATIENCE, signals.next()).await;
        if let Some(Signal::Event { envelope }) = next.expect("nothing came in time")
            && let Event::Turn(TurnEvent::Ended { turn, stop, .. }) = envelope.event
            && turn == wanted
        {
            return stop;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_endpoint_fails_its_turn_and_costs_little() {
    if !is_alone() {
        let name = "robustness::endpoints::a_hostile_endpoint_fails_its_turn_and_costs_little";
        return run_alone(name, World::Plain).await;
    }
    let settings = [("ai.retry_max_attempts", json!(0))];
    let scene = Scene::with_settings([Reply::text("warm")], &settings).await;
    let conversation = scene.open().await;
    assert_eq!(turn(&scene, conversation).await, StopReason::EndTurn);
    let before = peak_kib();
    let mut after = Vec::new();
    for (name, reply) in harms() {
        scene.endpoint.say(reply);
        let stop = turn(&scene, scene.open().await).await;
        let StopReason::Failed { problem } = stop else {
            panic!("{name}: {stop:?}")
        };
        let is_of_the_endpoint = matches!(
            problem.code,
            ProblemCode::EndpointFailed | ProblemCode::EndpointUnreachable
        );
        assert!(
            is_of_the_endpoint && problem.hint.is_some(),
            "{name}: {problem}"
        );
        scene.endpoint.say(Reply::text("well again"));
        let stop = turn(&scene, conversation).await;
        assert_eq!(stop, StopReason::EndTurn, "after {name}");
        after.push((name, peak_kib() - before));
    }
    let grown = peak_kib() - before;
    assert!(grown < MOST_KIB, "{grown} KiB more: {after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_deltas_are_one_answer() {
    if !is_alone() {
        let name = "robustness::endpoints::a_million_deltas_are_one_answer";
        return run_alone(name, World::Plain).await;
    }
    let scene = Scene::new([Reply::text("warm")]).await;
    let conversation = scene.open().await;
    assert_eq!(turn(&scene, conversation).await, StopReason::EndTurn);
    let before = peak_kib();
    scene
        .endpoint
        .say(Reply::many(&json!({ "content": "a" }), 1_000_000));
    assert_eq!(turn(&scene, conversation).await, StopReason::EndTurn);
    let grown = peak_kib() - before;
    assert!(grown < MOST_KIB, "{grown} KiB more");
    let last = scene.items(conversation).await.pop().unwrap();
    let ItemBody::AgentMessage { text } = last.body else {
        panic!("{:?}", last.body)
    };
    assert_eq!(text.len(), 1_000_000);
}
