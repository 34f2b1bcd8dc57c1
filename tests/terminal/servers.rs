//! MCP servers in the terminal: what waits is told, forms are filled in field by field, answers of the model are
//! allowed or not, what is lent is attached, signing in begins with an address.

use super::rests;
use crate::program::Desk;
use crate::program::mcp::{added, words};
use crate::support::endpoint::Reply;
use crate::support::pty::{Pty, Shown, keys};
use crate::support::servers::{guarded, odd};
use anteroom_api::McpEntry;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long is waited before something is asked again.
const AGAIN: Duration = Duration::from_secs(2);

/// A desk where a server is approved, and ran once.
async fn desk(entry: &McpEntry, replies: Vec<Reply>) -> Desk {
    let desk = Desk::new(replies).await;
    let line = added(entry, &["--yes"]);
    let approved = desk.run(&words(&line)).await;
    assert_eq!(approved.code, 0, "{approved:?}");
    desk
}

/// Asks how the servers are doing until that is as wanted, and waits for the prompt.
async fn until_servers(pty: &mut Pty, says: &str) {
    loop {
        pty.send("/mcp\r");
        let ready = pty.until("the servers", |shown| shown.has(says));
        if tokio::time::timeout(AGAIN, ready).await.is_ok() {
            break;
        }
    }
    pty.until("the prompt", rests).await;
}

/// Waits for a question whose card says so, until keys count.
async fn asked(pty: &mut Pty, says: &str) {
    pty.until("the question", |shown| {
        shown.has(says) && shown.has("y once") && !shown.has("keys count in a moment")
    })
    .await;
}

fn call() -> Reply {
    Reply::call("odd__echo", json!({ "words": "x" }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_a_server_is_asked_field_by_field() {
    let replies = vec![call(), Reply::text("so be it")];
    let desk = desk(&odd("odd", "asks"), replies).await;
    let line = added(&odd("later", "well"), &[]);
    assert_eq!(desk.run(&words(&line)).await.code, 0);
    let mut pty = desk.at_prompt(&[]).await;
    pty.until("what waits", |shown| shown.has("/mcp approve later"))
        .await;
    // A turn takes the servers that are ready when it begins.
    until_servers(&mut pty, "stdio  1 tool").await;
    pty.send("go\r");
    asked(&mut pty, "odd.echo").await;
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
        let seen = tokio::time::timeout(AGAIN, pty.until("what is wrong", wrong));
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

#[tokio::test(flavor = "multi_thread")]
async fn a_server_has_the_model_answer_once_a_person_says_so() {
    let replies = vec![
        call(),
        Reply::text("I am well."),
        Reply::text("it asked how I am"),
        call(),
        Reply::text("it may not ask"),
    ];
    let desk = desk(&odd("odd", "samples"), replies).await;
    let allowed = desk.run(&["mcp", "sampling", "odd", "on"]).await;
    assert_eq!(allowed.code, 0, "{allowed:?}");
    let mut pty = desk.at_prompt(&[]).await;
    until_servers(&mut pty, "stdio  1 tool").await;
    pty.send("go\r");
    asked(&mut pty, "odd.echo").await;
    pty.send("y");
    asked(&mut pty, "User: How are you, model?").await;
    let shown = pty.shown().lines.join(" ");
    assert!(
        shown.contains("let the model answer the MCP server odd in 50 tokens"),
        "{shown}"
    );
    pty.send("y");
    pty.until("the end", |shown| {
        shown.has("it asked how I am") && rests(shown)
    })
    .await;
    pty.send("again\r");
    asked(&mut pty, "odd.echo").await;
    pty.send("y");
    asked(&mut pty, "User: How are you, model?").await;
    pty.send("n");
    pty.until("the end", |shown| {
        shown.has("it may not ask") && rests(shown)
    })
    .await;
    let chats = desk.endpoint.chats();
    assert_eq!(chats[1].json["max_tokens"], 50);
    let sent = |request: usize| chats[request].json["messages"].to_string();
    assert!(sent(2).contains("I am well."), "{}", sent(2));
    assert!(sent(4).contains("did not allow"), "{}", sent(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_lends_is_attached_and_sent() {
    let folder = tempfile::tempdir().unwrap();
    let flag = folder.path().join("grown");
    let mut entry = odd("odd", "lends");
    entry.args.push(flag.display().to_string());
    entry.folders.push(folder.path().display().to_string());
    let replies = vec![Reply::text("I read it"), Reply::text("Hello, Ada")];
    let desk = desk(&entry, replies).await;
    let mut pty = desk.at_prompt(&[]).await;
    until_servers(&mut pty, "stdio  1 tool").await;
    pty.send("look at @odd:odd://page\r");
    pty.until("the answer", |shown| shown.has("I read it") && rests(shown))
        .await;
    let sent = super::said(&desk, 0);
    for part in [
        "[Attached resource `odd:odd://page`]",
        "read <img src=x onerror=alarm(1)> of odd://page",
    ] {
        assert!(sent.contains(part), "{part}: {sent}");
    }
    // What a prompt needs is asked for.
    pty.send("/odd.greet\r");
    pty.until("the first field", |shown| {
        shown.has("odd.greet: Greets somebody") && shown.has("1/2") && shown.has("who (")
    })
    .await;
    // Keys count once it has been quiet; nothing is no answer to what is needed.
    loop {
        pty.send(keys::ENTER);
        let told = pty.until("what is wrong", |shown| shown.has("this one is needed"));
        if tokio::time::timeout(AGAIN, told).await.is_ok() {
            break;
        }
    }
    pty.send("Ada\r");
    pty.until("the second field", |shown| shown.has("2/2"))
        .await;
    pty.send(keys::ENTER);
    pty.until("the answer", |shown| {
        shown.has("Hello, Ada") && rests(shown)
    })
    .await;
    let sent = super::said(&desk, 1);
    assert!(sent.contains("Say hello to Ada."), "{sent}");
    // What comes later is known without a new start.
    std::fs::write(&flag, "").unwrap();
    until_servers(&mut pty, "stdio  2 tools").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_begins_with_an_address_and_ends_connected() {
    let server = guarded();
    let desk = Desk::new([]).await;
    let far = ["mcp", "add", "far", "--url", &server.url];
    assert_eq!(desk.run(&far).await.code, 0);
    let mut pty = Pty::spawn(&desk.chat(&[]), (300, 30));
    pty.until("the prompt", rests).await;
    until_servers(&mut pty, "wants you to sign in").await;
    pty.send("/mcp sign-in far\r");
    let origin = server.url.trim_end_matches("/mcp");
    let beginning = format!("{origin}/authorize?");
    let shown = pty
        .until("the address", |shown| shown.has(&beginning))
        .await;
    let mut lines = shown.lines.iter();
    let line = lines.find(|line| line.contains(&beginning)).unwrap();
    let address = line[line.find(&beginning).unwrap()..].trim();
    let back = visited(address).await;
    let (_, back) = back.split_once("Location: ").expect("it sends back");
    let page = visited(back.lines().next().unwrap()).await;
    assert!(page.contains("You are signed in."), "{page}");
    until_servers(&mut pty, "http   1 tool").await;
}

/// What is answered to somebody who opens an address on this machine.
async fn visited(address: &str) -> String {
    let rest = address.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
