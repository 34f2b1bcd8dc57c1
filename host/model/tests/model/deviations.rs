//! What real servers do otherwise than the documentation says; every row is survived.

use crate::endpoint::{Framing, Reply, Split};
use crate::{ask_for, call, called, said, usage};
use anteroom_api::Usage;
use anteroom_model::{Answer, CallRequest, Finish};
use serde_json::{Value, json};

async fn check(rows: Vec<(&str, Reply, Answer)>) {
    for (name, reply, expected) in rows {
        let (_, answer) = ask_for([reply]).await;
        assert_eq!(answer, Ok(expected), "{name}");
    }
}

/// A stream of these chunks as they are, `[DONE]` behind them.
fn chunks(chunks: &[Value]) -> Reply {
    let mut body = String::new();
    for chunk in chunks {
        body.push_str(&format!("data: {chunk}\n\n"));
    }
    Reply::sse(body + "data: [DONE]\n\n")
}

fn delta(delta: Value) -> Value {
    json!({ "choices": [{ "index": 0, "delta": delta }] })
}

fn calls(calls: Value) -> Value {
    delta(json!({ "tool_calls": calls }))
}

#[tokio::test]
async fn framing() {
    let hello = || Reply::text("Grüße, 世界 🙂").without_usage();
    let is_hello = || said("Grüße, 世界 🙂");
    let plain = r#"{"choices":[{"delta":{"content":"a"}}]}"#;
    check(vec![
        ("as documented", Reply::text("a b"), Answer { usage: usage(), ..said("a b") }),
        ("no usage", hello(), is_hello()),
        ("no [DONE]", hello().without_done(), is_hello()),
        ("no [DONE], closed", hello().without_done().framed(Framing::Close), is_hello()),
        ("no finish reason", hello().without_finish(), is_hello()),
        (
            "neither finish reason nor [DONE]",
            hello().without_finish().without_done(),
            Answer { finish: Finish::Other("closed".into()), ..is_hello() },
        ),
        ("CRLF", hello().crlf(), is_hello()),
        ("CR alone", Reply::sse(format!("data: {plain}\r\rdata: [DONE]\r\r")), said("a")),
        ("one byte at a time", hello().split(Split::Bytes(1)), is_hello()),
        ("one byte at a time, CRLF", hello().crlf().split(Split::Bytes(1)), is_hello()),
        ("all at once", hello().split(Split::Whole), is_hello()),
        ("comments", hello().line(": keep-alive").line(":"), is_hello()),
        ("other fields", hello().line("event: x\nid: 7\nretry: 10\nnonsense"), is_hello()),
        ("data that is no JSON", hello().data("ping").data(""), is_hello()),
        ("no space after data", Reply::sse(format!("data:{plain}\n\ndata:[DONE]\n\n")), said("a")),
        ("no blank lines", Reply::sse(format!("data: {plain}\ndata: {plain}\ndata: [DONE]\n")), said("aa")),
        ("no newline at the end", Reply::sse(format!("data: {plain}\n\ndata: [DONE]")), said("a")),
        ("a byte order mark", Reply::sse(format!("\u{feff}data: {plain}\n\ndata: [DONE]\n\n")), said("a")),
        (
            "a byte order mark in pieces",
            Reply::pieces([&b"\xEF"[..], b"\xBB", b"\xBF\n", b"data: [DONE]\n\n"]).framed(Framing::Chunked),
            said(""),
        ),
        (
            "JSON over several data lines",
            Reply::sse("data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n"),
            said("a"),
        ),
        (
            "bad UTF-8",
            Reply::sse(b"data: {\"choices\":[{\"delta\":{\"content\":\"a\xFFb\"}}]}\n\ndata: [DONE]\n\n".to_vec()),
            said("a\u{fffd}b"),
        ),
        (
            "one chunk of 1 MB",
            chunks(&[delta(json!({ "content": "x".repeat(1 << 20) }))]),
            said(&"x".repeat(1 << 20)),
        ),
    ]
    .into_iter()
    // Without a choice there is no answer; that row is about the mark alone.
    .filter(|row| row.0 != "a byte order mark in pieces")
    .collect())
    .await;
}

#[tokio::test]
async fn chunks_of_odd_shape() {
    let told = |prompt_tokens, cached_tokens| {
        Some(Usage {
            prompt_tokens,
            completion_tokens: 2,
            cached_tokens,
            cost_micros: 0,
            is_estimated: false,
        })
    };
    let finish = |reason: &str| {
        chunks(&[json!({ "choices": [{ "delta": { "content": "a" }, "finish_reason": reason }] })])
    };
    let a = || delta(json!({ "content": "a" }));
    check(vec![
        ("empty choices", chunks(&[json!({ "choices": [] }), a()]), said("a")),
        ("no choices", chunks(&[json!({ "id": "x", "created": 1.5 }), a()]), said("a")),
        ("null everywhere", chunks(&[json!({ "error": null, "choices": null, "usage": null }), delta(Value::Null), a()]), said("a")),
        ("null content", chunks(&[delta(json!({ "content": null, "tool_calls": null })), a()]), said("a")),
        ("one choice without its list", chunks(&[json!({ "choices": { "delta": { "content": "a" } } })]), said("a")),
        ("a choice besides the first", chunks(&[a(), json!({ "choices": [{ "index": 1, "delta": { "content": "b" } }] })]), said("a")),
        ("text of a completion", chunks(&[json!({ "choices": [{ "text": "a" }] })]), said("a")),
        (
            "content in parts",
            chunks(&[delta(json!({ "content": [
                { "type": "thinking", "thinking": [{ "type": "text", "text": "hm" }] },
                { "type": "text", "text": "a" }, "b",
            ] }))]),
            Answer { reasoning: "hm".into(), ..said("ab") },
        ),
        (
            "usage with empty choices",
            chunks(&[a(), json!({ "choices": [], "usage": { "prompt_tokens": 7, "completion_tokens": 2, "prompt_tokens_details": { "cached_tokens": 3 } } })]),
            Answer { usage: told(7, 3), ..said("a") },
        ),
        (
            "usage alone, other names, other types",
            chunks(&[a(), json!({ "usage": { "input_tokens": "7", "output_tokens": 2.0, "prompt_cache_hit_tokens": 4 } })]),
            Answer { usage: told(7, 4), ..said("a") },
        ),
        ("usage of the wrong type", chunks(&[a(), json!({ "usage": [1, 2] })]), said("a")),
        ("reasoning_content", Reply::reasoning("so so", "a").without_usage(), Answer { reasoning: "so so".into(), ..said("a") }),
        ("reasoning", chunks(&[delta(json!({ "reasoning": "so" })), a()]), Answer { reasoning: "so".into(), ..said("a") }),
        (
            "reasoning under both names",
            chunks(&[delta(json!({ "reasoning": "so", "reasoning_content": "so" })), a()]),
            Answer { reasoning: "so".into(), ..said("a") },
        ),
        ("finish: eos", finish("eos"), said("a")),
        ("finish: STOP", finish("STOP"), said("a")),
        ("finish: tool_calls without any", finish("tool_calls"), said("a")),
        ("finish: length", finish("length"), Answer { finish: Finish::Length, ..said("a") }),
        ("finish: content_filter", finish("content_filter"), Answer { finish: Finish::Refusal, ..said("a") }),
        ("finish: unknown", finish("abort"), Answer { finish: Finish::Other("abort".into()), ..said("a") }),
        ("a refusal", chunks(&[delta(json!({ "refusal": "no" }))]), Answer { finish: Finish::Refusal, ..said("no") }),
        (
            "the whole message after its deltas",
            chunks(&[a(), json!({ "choices": [{ "message": { "content": "a" }, "finish_reason": "stop" }] })]),
            said("a"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn whole_documents() {
    let whole = |message: Value| json!({ "object": "chat.completion", "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }] });
    let text = whole(json!({ "role": "assistant", "content": "a" }));
    let pretty = serde_json::to_string_pretty(&text).unwrap();
    check(vec![
        ("one document", Reply::json(200, &text), said("a")),
        ("one document, indented", Reply::sse(format!("\n {pretty}\n")), said("a")),
        ("one document in an event", chunks(&[text]), said("a")),
        (
            "one document with calls",
            Reply::json(200, &whole(json!({ "content": null, "tool_calls": [
                { "id": "x", "type": "function", "function": { "name": "f", "arguments": "{\"a\":1}" } },
            ] }))),
            called(vec![call("x", "f", json!({ "a": 1 }))]),
        ),
    ])
    .await;
}

#[tokio::test]
async fn calls_of_odd_shape() {
    let f = |arguments: Value| json!({ "name": "f", "arguments": arguments });
    let one = || called(vec![call("call_1", "f", json!({ "a": 1 }))]);
    let two = |first: &str, second: &str| {
        called(vec![
            call(first, "f", json!({ "a": 1 })),
            call(second, "g", json!({ "b": "2" })),
        ])
    };
    let g = || json!({ "name": "g", "arguments": "{\"b\":\"2\"}" });
    let a1 = || f(json!("{\"a\":1}"));
    check(vec![
        ("no index, no id", chunks(&[calls(json!([{ "function": a1() }]))]), one()),
        (
            "no index, no id, in pieces",
            chunks(&[
                calls(json!([{ "function": f(json!("{\"a")) }])),
                calls(json!([{ "function": { "arguments": "\":1}" } }])),
            ]),
            one(),
        ),
        (
            "the name with every piece",
            chunks(&[calls(json!([{ "function": f(json!("{\"a")) }])), calls(json!([{ "function": f(json!("\":1}")) }]))]),
            one(),
        ),
        (
            "the name in pieces",
            chunks(&[
                calls(json!([{ "index": 0, "id": "x", "function": { "name": "get_" } }])),
                calls(json!([{ "index": 0, "function": { "name": "it", "arguments": "{}" } }])),
            ]),
            called(vec![call("x", "get_it", json!({}))]),
        ),
        ("an object as arguments", chunks(&[calls(json!([{ "function": f(json!({ "a": 1 })) }]))]), one()),
        (
            "an object of every kind of value",
            chunks(&[calls(json!([{ "function": f(json!({ "l": [1, -2, 2.5, "é\n", null, true, { "k": {} }] })) }]))]),
            called(vec![call("call_1", "f", json!({ "l": [1, -2, 2.5, "é\n", null, true, { "k": {} }] }))]),
        ),
        ("arguments as a text in a text", chunks(&[calls(json!([{ "function": f(json!("\"{\\\"a\\\":1}\"")) }]))]), one()),
        ("no arguments", chunks(&[calls(json!([{ "function": { "name": "f" } }]))]), called(vec![call("call_1", "f", json!({}))])),
        ("name and arguments without function", chunks(&[calls(json!([a1()]))]), one()),
        ("one call without its list", chunks(&[calls(json!({ "function": a1() }))]), one()),
        ("an index as text", chunks(&[calls(json!([{ "index": "0", "function": a1() }]))]), one()),
        ("function_call", chunks(&[delta(json!({ "function_call": { "name": "f", "arguments": "{\"a\"" } })), delta(json!({ "function_call": { "arguments": ":1}" } }))]), one()),
        ("finish: stop", Reply::stream().without_usage().delta(json!({ "tool_calls": [{ "id": "call_1", "function": a1() }] })).finish("stop"), one()),
        ("several without index, one by one", chunks(&[calls(json!([{ "function": a1() }])), calls(json!([{ "function": g() }]))]), two("call_1", "call_2")),
        ("several without index, at once", chunks(&[calls(json!([{ "function": a1() }, { "function": g() }]))]), two("call_1", "call_2")),
        (
            "several without index, side by side",
            chunks(&[
                calls(json!([{ "function": f(json!("")) }, { "function": { "name": "g" } }])),
                calls(json!([{ "function": { "arguments": "{\"a\"" } }, { "function": { "arguments": "{\"b\":" } }])),
                calls(json!([{ "function": { "arguments": ":1}" } }, { "function": { "arguments": "\"2\"}" } }])),
            ]),
            two("call_1", "call_2"),
        ),
        (
            "several with ids only, interleaved",
            chunks(&[
                calls(json!([{ "id": "x", "function": f(json!("{\"a\"")) }])),
                calls(json!([{ "id": "y", "function": g() }])),
                calls(json!([{ "id": "x", "function": { "arguments": ":1}" } }])),
            ]),
            two("x", "y"),
        ),
        (
            "several, all numbered 0",
            chunks(&[calls(json!([{ "index": 0, "id": "x", "function": a1() }])), calls(json!([{ "index": 0, "id": "y", "function": g() }]))]),
            two("x", "y"),
        ),
        (
            "several, all numbered 0, without ids",
            chunks(&[calls(json!([{ "index": 0, "function": a1() }])), calls(json!([{ "index": 0, "function": g() }]))]),
            two("call_1", "call_2"),
        ),
        (
            "the same id twice",
            chunks(&[calls(json!([{ "index": 0, "id": "x", "function": a1() }, { "index": 1, "id": "x", "function": g() }]))]),
            two("x", "x_2"),
        ),
        (
            "an invented id that is taken",
            chunks(&[calls(json!([{ "index": 0, "function": a1() }, { "index": 1, "id": "call_1", "function": g() }]))]),
            two("call_2", "call_1"),
        ),
        (
            "a name that cannot be one",
            chunks(&[calls(json!([{ "id": "x".repeat(2000), "function": { "name": "x".repeat(2000) } }]))]),
            called(vec![call("call_1", "", json!({}))]),
        ),
        (
            "arguments that are no object",
            chunks(&[calls(json!([{ "function": f(json!("{\"a\":")) }]))]),
            called(vec![CallRequest { id: "call_1".into(), name: "f".into(), arguments: Err("{\"a\":".into()) }]),
        ),
    ])
    .await;
}

#[tokio::test]
async fn arguments_split_anywhere() {
    let arguments = json!({ "path": "a/ü.txt", "text": "\"quoted\" \\ 🙂\n" });
    for bytes in 1..12 {
        let reply = Reply::stream()
            .without_usage()
            .and_call_in_pieces("write_file", &arguments, bytes)
            .split(Split::Bytes(bytes));
        let (_, answer) = ask_for([reply]).await;
        let expected = called(vec![call(
            "call_write_file_0",
            "write_file",
            arguments.clone(),
        )]);
        assert_eq!(answer, Ok(expected), "pieces of {bytes}");
    }
}
