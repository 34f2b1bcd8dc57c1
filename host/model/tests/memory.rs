//! What a hostile endpoint may cost in memory, in a process of its own so that nothing else counts.
//!
//! The bound is 64 MB, whatever the endpoint sends.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

#[path = "../../../tests/support/endpoint.rs"]
mod endpoint;

use anteroom_api::Stop;
use anteroom_model::{ChatRequest, Client, Endpoint};
use endpoint::{Endpoint as Scripted, Reply, Step};
use serde_json::json;

/// The most memory this process ever had, in KiB.
fn peak_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

async fn ask(client: &Client) {
    let (_running, stop) = Stop::new();
    // The caller keeps nothing here, so only the client counts.
    let _ = client
        .stream(&ChatRequest::default(), stop, &mut |_| {})
        .await;
}

#[tokio::test]
async fn memory_is_bounded() {
    let scripted = Scripted::start().await;
    let client = Client::new(Endpoint::new(scripted.base_url())).unwrap();
    scripted.say(Reply::text("warm"));
    ask(&client).await;
    let before = peak_kib();
    // Sent in small pieces again and again, so that the endpoint itself costs nothing.
    let values = "[],".repeat(1000);
    let mut one_event = Reply::sse("data: {\"choices\":[");
    one_event
        .steps
        .push(Step::Repeat(values.clone().into_bytes(), 2600));
    let arguments = json!({ "index": 0, "function": { "name": "f", "arguments": values } });
    let replies = [
        Reply::huge_line(1 << 30),
        Reply::many(&json!({ "content": "x".repeat(1000) }), usize::MAX),
        Reply::many(&json!({ "content": "x", "ignored": [[], {}, []] }), 50_000),
        Reply::many(&json!({ "tool_calls": [arguments] }), 8_000),
        one_event,
    ];
    for reply in replies {
        scripted.say(reply);
        ask(&client).await;
    }
    let grown = peak_kib() - before;
    assert!(grown < 64 * 1024, "{grown} KiB more");
}
