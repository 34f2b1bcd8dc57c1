//! The six moments of a chat that `docs/terminal.md` shows: the real program reaches each of them, and with
//! `ANTEROOM_CAPTURE` set its window is written into the page, as it is.

use super::rests;
use crate::program::Desk;
use crate::support::endpoint::{Gate, Reply};
use crate::support::pty::{Pty, Shown, keys};
use serde_json::{Value, json};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/terminal.md");

/// Keeps a window as the page shows it, between two marks.
fn keep(name: &str, desk: &Desk, shown: &Shown) {
    let (begin, end) = (format!("<!-- moment {name} -->\n"), "<!-- end -->");
    let page = std::fs::read_to_string(PAGE).unwrap();
    let at = page.find(&begin).expect("the page has a place for it") + begin.len();
    let length = page[at..].find(end).expect("the place ends");
    if std::env::var_os("ANTEROOM_CAPTURE").is_none() {
        let taken = page[at..at + length].lines().count();
        assert!(taken > 5, "`{name}` was never taken");
        return;
    }
    let work = desk.work().display().to_string();
    let rows = shown.rows.iter().map(|row| row.replace(&work, "~/project"));
    let text = rows.collect::<Vec<_>>().join("\n");
    let window = format!("```\n{}\n```\n", text.trim_matches('\n'));
    std::fs::write(
        PAGE,
        format!("{}{window}{}", &page[..at], &page[at + length..]),
    )
    .unwrap();
}

/// A small project.
fn project(desk: &Desk) {
    std::fs::create_dir_all(desk.work().join("src")).unwrap();
    desk.write("Cargo.toml", "[package]\nname = \"sample\"\n");
    desk.write("ANTEROOM.md", "Keep the tests green.\n");
    desk.write("src/loader.rs", "pub fn load() {}\n");
    desk.write("src/lower.rs", "pub fn lower() {}\n");
    desk.write(
        "src/env.rs",
        "pub fn read(k: &str) -> String {\n    std::env::var(k).unwrap()\n}\n",
    );
}

fn results(request: &Value) -> usize {
    let messages = request["messages"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    messages
        .iter()
        .filter(|message| message["role"] == "tool")
        .count()
}

fn first_user(request: &Value) -> String {
    let messages = request["messages"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let user = messages.iter().find(|message| message["role"] == "user");
    user.map(|user| user["content"].to_string())
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_the_start() {
    let desk = Desk::new([]).await;
    project(&desk);
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("explain @src/lo");
    let shown = pty
        .until("the menu", |shown| {
            shown.has("  src/loader.rs") && shown.has("  src/lower.rs")
        })
        .await;
    assert!(shown.has("ask for writes"), "{}", pty.picture());
    keep("start", &desk, &shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_the_work() {
    let desk = Desk::new([]).await;
    project(&desk);
    let gate = Gate::new();
    let held = gate.clone();
    desk.endpoint.choose(move |request| {
        let (asked, results) = (first_user(request), results(request));
        let read = |path: &str| json!({ "path": path });
        Some(if asked.contains("environment") {
            match results {
                0 => Reply::call("grep", json!({ "pattern": "env::var" })),
                _ => Reply::stream().wait(&held).token("found"),
            }
        } else if asked.contains("callers") {
            match results {
                0 => Reply::call("grep", json!({ "pattern": "load" })),
                _ => Reply::text("none"),
            }
        } else {
            match results {
                0 => Reply::text("I'll look at the loader first.")
                    .and_call("read_file", read("src/loader.rs"))
                    .and_call("read_file", read("src/lower.rs"))
                    .and_call("read_file", read("src/env.rs")),
                3 => Reply::call("bash", json!({ "command": "echo '41 passed'" })),
                4 => Reply::stream()
                    .and_call(
                        "run_agent",
                        json!({ "agent": "a1", "prompt": "Find what reads the environment." }),
                    )
                    .and_call(
                        "run_agent",
                        json!({ "agent": "a2", "prompt": "Find the callers of load." }),
                    ),
                _ => Reply::text("The loader has three layers now."),
            }
        })
    });
    let mut pty = desk.at_prompt(&["--approval-mode", "auto"]).await;
    pty.send("split the loader and keep the tests green\r");
    gate.reached().await;
    pty.until("a child that is done", |shown| {
        shown
            .rows
            .iter()
            .any(|row| row.contains("a2") && row.contains("✓"))
    })
    .await;
    pty.send("then run clippy\r");
    pty.until("the queue", |shown| shown.has("1 queued")).await;
    pty.send("and commit");
    let shown = pty
        .until("the draft", |shown| {
            shown.has("and commit") && shown.has("esc to cancel")
        })
        .await;
    assert!(shown.has("a1"), "{}", pty.picture());
    keep("work", &desk, &shown);
    gate.open();
}

/// A chat with a call that asks.
async fn asking(desk: &Desk, what: &str) -> (Pty, Shown) {
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("go on\r");
    let shown = pty
        .until("the question", |shown| {
            shown.has("auto-deny") && !shown.has("keys count in a moment")
        })
        .await;
    assert!(shown.has(what), "{}", pty.picture());
    (pty, shown)
}

#[tokio::test(flavor = "multi_thread")]
async fn three_a_question() {
    let edit = json!({
        "path": "src/env.rs",
        "old_text": "std::env::var(k).unwrap()",
        "new_text": "std::env::var(k).unwrap_or_default()",
    });
    let desk = Desk::new([Reply::call("edit_file", edit), Reply::text("so be it")]).await;
    project(&desk);
    let (mut pty, shown) = asking(&desk, "y once").await;
    keep("question", &desk, &shown);
    pty.send("y");
    pty.until("the answer", |shown| {
        shown.count("allowed once: edit_file") == 1 && rests(shown)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_destruction() {
    let command = json!({ "command": "git reset --hard origin/main && rm -rf build" });
    let desk = Desk::new([Reply::call("bash", command), Reply::text("so be it")]).await;
    project(&desk);
    let (mut pty, shown) = asking(&desk, "Y run anyway").await;
    assert!(shown.has("DESTRUCTIVE"), "{}", pty.picture());
    keep("destruction", &desk, &shown);
    pty.send("n");
    pty.until("the answer", |shown| {
        shown.count("denied: bash") == 1 && rests(shown)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_trouble_on_the_way() {
    let gate = Gate::new();
    let desk = Desk::new([
        Reply::error(503, "too busy").header("retry-after", "0"),
        Reply::stream()
            .token("The loader reads ")
            .wait(&gate)
            .token("never"),
    ])
    .await;
    project(&desk);
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("explain the loader\r");
    gate.reached().await;
    pty.until("the silence", |shown| shown.has("stalled")).await;
    pty.send("and the tests?");
    let shown = pty
        .until("the draft", |shown| {
            shown.has("and the tests?") && shown.has("stalled")
        })
        .await;
    keep("trouble", &desk, &shown);
    pty.send(keys::ESC);
    let shown = pty
        .until("the end", |shown| {
            shown.has("cancelled") && shown.last_row() == "❯ and the tests?"
        })
        .await;
    keep("cancelled", &desk, &shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn six_an_error_with_what_to_do() {
    let desk = Desk::new([Reply::error(401, "no such key")]).await;
    project(&desk);
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("hello\r");
    let shown = pty
        .until("the error", |shown| {
            shown.has("error: ") && shown.has("hint: ") && rests(shown)
        })
        .await;
    keep("error", &desk, &shown);
}
