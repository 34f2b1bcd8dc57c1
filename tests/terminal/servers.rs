//! MCP servers in the terminal: what waits is told, and a form is filled in field by field.

use super::rests;
use crate::program::Desk;
use crate::program::mcp::{added, words};
use crate::support::endpoint::Reply;
use crate::support::pty::Shown;
use crate::support::servers::odd;
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_a_server_is_asked_field_by_field() {
    let call = Reply::call("odd__echo", json!({ "words": "x" }));
    let desk = Desk::new([call, Reply::text("so be it")]).await;
    let line = added(&odd("odd", "asks"), &["--yes"]);
    let approved = desk.run(&words(&line)).await;
    assert_eq!(approved.code, 0, "{approved:?}");
    let line = added(&odd("later", "well"), &[]);
    assert_eq!(desk.run(&words(&line)).await.code, 0);
    let mut pty = desk.at_prompt(&[]).await;
    pty.until("what waits", |shown| shown.has("/mcp approve later"))
        .await;
    // A turn takes the servers that are ready when it begins.
    let again = Duration::from_secs(2);
    loop {
        pty.send("/mcp\r");
        let ready = pty.until("the server", |shown| shown.has("stdio  1 tool"));
        if tokio::time::timeout(again, ready).await.is_ok() {
            break;
        }
    }
    pty.until("the prompt", rests).await;
    pty.send("go\r");
    pty.until("the question", |shown| {
        shown.has("odd.echo") && shown.has("y once") && !shown.has("keys count in a moment")
    })
    .await;
    pty.send("y");
    pty.until("the first field", |shown| {
        shown.has("The MCP server `odd` asks: Which one?") && shown.has("1/2")
    })
    .await;
    // Keys count once it has been quiet; each before that begins the moment anew.
    pty.until("the row", |shown| shown.has("color (")).await;
    let wrong = |shown: &Shown| shown.has("this is not what is asked");
    loop {
        pty.send("9\r");
        let seen = tokio::time::timeout(again, pty.until("what is wrong", wrong));
        if seen.await.is_ok() {
            break;
        }
    }
    pty.send("\u{15}blue\r");
    pty.until("the second field", |shown| {
        shown.has("2/2") && shown.has("count (")
    })
    .await;
    pty.send("3\r");
    pty.until("the end", |shown| shown.has("so be it") && rests(shown))
        .await;
    let sent = desk.endpoint.chats()[1].json["messages"].to_string();
    assert!(sent.contains("blue") && sent.contains('3'), "{sent}");
}
