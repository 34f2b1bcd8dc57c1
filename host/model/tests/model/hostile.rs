//! An endpoint that means harm: a typed error, or an answer, but no more memory and no more time.

use crate::endpoint::{Endpoint as Scripted, Reply, Step};
use crate::{ask, client};
use anteroom_model::{Answer, ModelError, limits};
use serde_json::json;

/// The error's kind and what it says, without the address.
fn shown(result: Result<Answer, ModelError>) -> String {
    match result {
        Ok(answer) => format!("{} bytes", answer.text.len()),
        Err(ModelError::TooLarge { what, limit, .. }) => format!("{what} beyond {limit}"),
        Err(ModelError::Unreadable { detail, .. }) => format!("unreadable: {detail}"),
        Err(ModelError::Lost { detail, .. }) => format!("lost: {detail}"),
        Err(other) => format!("{other:?}"),
    }
}

fn repeated(head: &str, piece: &str, times: usize, tail: &str) -> Reply {
    let mut reply = Reply::sse(head.to_owned());
    // Several pieces in a step, so that sending is not what the test measures.
    let many = piece.repeat(1000);
    reply
        .steps
        .push(Step::Repeat(many.into_bytes(), times / 1000));
    reply.steps.push(Step::Send(tail.as_bytes().to_vec()));
    reply
}

#[tokio::test]
async fn floods() {
    const DEEP: usize = 100_000;
    let content = |text: &str| json!({ "content": text });
    let call = json!({ "tool_calls": [{ "function": { "name": "f", "arguments": "{}" } }] });
    let kept = "x".repeat(1 << 20);
    let deep = repeated(
        "data: {\"choices\":{\"delta\":{\"content\":",
        "[",
        DEEP,
        "\n\n",
    );
    let deep_ignored = repeated(
        "data: {\"x\":",
        "[",
        DEEP,
        &format!("{}}}\n\ndata: [DONE]\n\n", "]".repeat(DEEP)),
    );
    let rows = [
        (
            "a line of 1 GB",
            Reply::huge_line(1 << 30),
            "one line beyond 8 MiB",
        ),
        (
            "a document of 1 GB",
            repeated("{\"a\":\"", "x", 1 << 30, ""),
            "a document beyond 8 MiB",
        ),
        (
            "an event of many lines",
            repeated("data: {\n", "data: 1,\n", 10_000_000, ""),
            "one event beyond 8 MiB",
        ),
        (
            "blanks",
            repeated("", " \n", 100_000_000, ""),
            "blanks beyond 8 MiB",
        ),
        (
            "a page of 1 GB",
            repeated("<title>T</title>", "x", 20_000_000, ""),
            "page",
        ),
        (
            "100 000 deltas",
            Reply::many(&content("a"), 100_000),
            "100000 bytes",
        ),
        (
            "an endless answer",
            Reply::many(&content(&kept), usize::MAX),
            "an answer beyond 2 MiB",
        ),
        (
            "endless calls",
            Reply::many(&call, usize::MAX),
            "calls beyond 128",
        ),
        (
            "deep JSON",
            deep,
            "unreadable: recursion limit exceeded at line 1 column 156",
        ),
        ("deep JSON nobody reads", deep_ignored, "empty"),
        (
            "endless headers",
            Reply::endless_headers(),
            "unreadable: message head is too large",
        ),
        (
            "a head that is no HTTP",
            Reply::raw("SSH-2.0-OpenSSH_9.9\r\n\r\n"),
            "lost: invalid HTTP version parsed",
        ),
    ];
    for (name, reply, expected) in rows {
        let scripted = Scripted::start().await;
        scripted.choose(move |_| Some(reply.clone()));
        let found = match ask(&client(&scripted)).await.1 {
            Err(ModelError::Empty { .. }) => "empty".into(),
            Err(ModelError::Page { .. }) => "page".into(),
            other => shown(other),
        };
        assert_eq!(found, expected, "{name}");
    }
}

#[tokio::test]
async fn arguments_of_too_many_values_stay_text() {
    let rows = [limits::ARGUMENT_VALUES / 2, limits::ARGUMENT_VALUES * 2];
    let mut found = Vec::new();
    for count in rows {
        let arguments = format!("{{\"a\":[{}0]}}", "0,".repeat(count));
        let delta =
            json!({ "tool_calls": [{ "function": { "name": "f", "arguments": arguments } }] });
        let scripted = Scripted::with([Reply::stream().delta(delta)]).await;
        let answer = ask(&client(&scripted)).await.1.unwrap();
        found.push(answer.calls[0].arguments.is_ok());
    }
    assert_eq!(found, [true, false]);
}
