//! What is sent: the same bytes in front, few tokens, valid for strict endpoints.

use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, auto};
use serde_json::json;

/// How many leading bytes two requests share, and how long the first is.
fn shared(first: &[u8], second: &[u8]) -> (usize, usize) {
    let shared = first.iter().zip(second).take_while(|(a, b)| a == b).count();
    (shared, first.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_a_conversation_share_their_prefix() {
    let mut scene = Scene::new([
        Reply::text("Looking.")
            .and_call("read_file", json!({ "path": "a.txt" }))
            .and_call("glob_files", json!({ "pattern": "*" })),
        Reply::call("grep", json!({ "pattern": "h" })),
        Reply::text("first done"),
        Reply::text("second done"),
        Reply::text("third done"),
    ])
    .await;
    scene.write("a.txt", "hello\n");
    let told = scene.run("one").await;
    scene
        .turn(told.conversation, "two", auto(), |_| unreachable!())
        .await;
    // History rebuilt by another process gives the same bytes as history kept in memory.
    scene.stop().await;
    scene.start(&[]).await;
    scene
        .turn(told.conversation, "three", auto(), |_| unreachable!())
        .await;
    let chats = scene.endpoint.chats();
    assert_eq!(chats.len(), 5);
    for pair in chats.windows(2) {
        // All but the closing `]}` of the message list.
        let (shared, whole) = shared(&pair[0].body, &pair[1].body);
        assert!(
            shared >= whole - 2,
            "only {shared} of {whole} bytes are shared:\n{}\n{}",
            text(&pair[0].body[shared..]),
            text(&pair[1].body[shared..])
        );
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned()
}

/// Spec: system prompt and default tool definitions cost at most 2 500 tokens, the definitions 1 800.
#[tokio::test(flavor = "multi_thread")]
async fn the_fixed_cost_of_a_request_is_small() {
    let scene = Scene::new([Reply::text("hi")]).await;
    scene.run("x").await;
    let body = scene.endpoint.chats()[0].json.clone();
    let tokenizer = tiktoken_rs::o200k_base().unwrap();
    let count = |text: &str| tokenizer.encode_ordinary(text).len();
    let system = count(body["messages"][0]["content"].as_str().unwrap());
    let tools = count(&body["tools"].to_string());
    println!("system prompt {system} tokens, tool definitions {tools} tokens");
    assert!(tools <= 1_800, "tool definitions: {tools} tokens");
    assert!(
        system + tools <= 2_500,
        "system prompt {system} + tool definitions {tools} tokens"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_default_tool_is_offered() {
    let scene = Scene::new([Reply::text("hi")]).await;
    scene.run("x").await;
    let body = scene.endpoint.chats()[0].json.clone();
    let names: Vec<&str> = body["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["function"]["name"].as_str().unwrap())
        .collect();
    let expected = [
        "read_file",
        "write_file",
        "edit_file",
        "glob_files",
        "grep",
        "bash",
        "bash_output",
        "bash_kill",
        "create_canvas",
        "update_canvas",
        "patch_canvas",
        "run_agent",
        "ask_user",
        "use_skill",
    ];
    assert_eq!(names, expected);
}
