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
use anteroom_model::{ChatRequest, Client, Endpoint, Retry};
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

/// What came of a request: the error's kind, or that there was an answer.
async fn ask(client: &Client) -> String {
    let (_running, stop) = Stop::new();
    // The caller keeps nothing here, so only the client counts.
    let answer = client
        .stream(&ChatRequest::default(), stop, &mut |_| {})
        .await;
    match answer {
        Ok(answer) => format!("{} bytes", answer.text.len()),
        Err(error) => {
            let shown = format!("{error:?}");
            let end = shown.find([' ', '(']).unwrap_or(shown.len());
            shown[..end].to_owned()
        }
    }
}

/// Pieces again and again, so that the endpoint itself costs nothing.
fn repeated(head: &[u8], piece: &[u8], times: usize) -> Reply {
    let mut reply = Reply::sse(head);
    let many = piece.repeat(4096);
    reply.steps.push(Step::Repeat(many, times / 4096));
    reply
}

#[tokio::test]
async fn memory_is_bounded() {
    let scripted = Scripted::start().await;
    let client = Client::new(Endpoint {
        retry: Retry {
            max_attempts: 0,
            ..Retry::default()
        },
        ..Endpoint::new(scripted.base_url())
    })
    .unwrap();
    scripted.say(Reply::text("warm"));
    ask(&client).await;
    let before = peak_kib();
    let values = "[],".repeat(1000);
    let arguments = json!({ "index": 0, "function": { "name": "f", "arguments": values } });
    let content = |text: &str| json!({ "content": text });
    let rows = [
        ("a line of 1 GB", Reply::huge_line(1 << 30), "TooLarge"),
        (
            "a line of 64 MB of bytes that are no text",
            repeated(b"data: ", b"\xff", 64 << 20),
            "TooLarge",
        ),
        (
            "endless deltas",
            Reply::many(&content(&"x".repeat(1000)), usize::MAX),
            "TooLarge",
        ),
        (
            "a million deltas",
            Reply::many(&content("a"), 1_000_000),
            "1000000 bytes",
        ),
        (
            "deltas with more in them than is read",
            Reply::many(&json!({ "content": "x", "ignored": [[], {}, []] }), 50_000),
            "50000 bytes",
        ),
        (
            "arguments of many values",
            Reply::many(&json!({ "tool_calls": [arguments] }), 600),
            "0 bytes",
        ),
        (
            "an event of many values",
            repeated(b"data: {\"choices\":[", b"[],", 2_600_000),
            "Unreadable",
        ),
        (
            "JSON nested a hundred thousand deep",
            repeated(b"data: {\"choices\":", b"[", 100_000),
            "Unreadable",
        ),
        (
            "events of bytes that are no text",
            repeated(b"", b"data: \xff\xfe{\xc3\n\n", 1_000_000),
            "Empty",
        ),
        (
            "a compressed body, which nobody asked for",
            repeated(b"\x1f\x8b\x08", b"\0", 64 << 20).header("Content-Encoding", "gzip"),
            "Unreadable",
        ),
    ];
    for (name, reply, expected) in rows {
        scripted.say(reply);
        assert_eq!(ask(&client).await, expected, "{name}");
    }
    let grown = peak_kib() - before;
    assert!(grown < 64 * 1024, "{grown} KiB more");
}
