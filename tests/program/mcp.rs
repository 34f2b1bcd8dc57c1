//! `aroom mcp`: servers are added, approved as they are shown, looked after and used.

use super::Desk;
use crate::support::endpoint::Reply;
use crate::support::scene::PATIENCE;
use crate::support::servers::{odd, of_node};
use anteroom_api::McpEntry;
use serde_json::json;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// The command line that adds a server.
pub(crate) fn added(entry: &McpEntry, flags: &[&str]) -> Vec<String> {
    let mut line: Vec<String> = ["mcp", "add", &entry.name].map(str::to_owned).into();
    line.extend(flags.iter().map(|flag| (*flag).to_owned()));
    for folder in &entry.folders {
        line.extend(["--folder".to_owned(), folder.clone()]);
    }
    line.push("--".to_owned());
    line.extend(entry.command.clone());
    line.extend(entry.args.iter().cloned());
    line
}

pub(crate) fn words(line: &[String]) -> Vec<&str> {
    line.iter().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_others_is_added_approved_and_used() {
    let desk = Desk::new([
        Reply::call("everything__get-sum", json!({ "a": 2, "b": 40 })),
        Reply::text("It is 42."),
    ])
    .await;
    let entry = of_node("everything", "server-everything/dist/index.js", &["stdio"]);
    let line = added(&entry, &[]);
    let written = desk.run(&words(&line)).await;
    assert_eq!(written.code, 0, "{written:?}");
    assert!(
        written.stderr.contains("`aroom mcp approve everything`"),
        "{written:?}"
    );
    // Nobody can be asked here, so nothing starts.
    let asked = desk.run(&["mcp", "approve", "everything"]).await;
    assert_eq!(asked.code, 2, "{asked:?}");
    assert!(asked.stderr.contains("index.js stdio"), "{asked:?}");
    let listed = desk.json(&["mcp", "list", "--json"]).await;
    assert_eq!(listed[0]["state"]["state"], "needs_approval", "{listed}");

    let approved = desk.run(&["mcp", "approve", "everything", "--yes"]).await;
    assert_eq!(approved.code, 0, "{approved:?}");
    assert!(approved.stdout.contains("get-sum"), "{approved:?}");
    let listed = desk.json(&["mcp", "list", "--json"]).await;
    assert_eq!(listed[0]["state"]["state"], "ready", "{listed}");
    let line = ["exec", "--allowed-tools", "everything.get-sum", "add them"];
    let run = desk.run(&line).await;
    assert_eq!(run.stdout, "It is 42.\n", "{run:?}");
    assert!(run.stderr.contains("everything.get-sum"), "{run:?}");
    let chats = desk.endpoint.chats();
    assert!(
        chats[1].json.to_string().contains("42"),
        "{:?}",
        chats[1].json
    );

    let taken = desk.run(&words(&added(&entry, &[]))).await;
    assert_eq!(taken.code, 1, "it is there already: {taken:?}");
    let removed = desk.run(&["mcp", "remove", "everything", "--yes"]).await;
    assert_eq!(removed.code, 0, "{removed:?}");
    assert_eq!(desk.json(&["mcp", "list", "--json"]).await, json!([]));
    assert_eq!(desk.run(&["mcp", "show", "everything"]).await.code, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_changed_is_held_back_until_it_is_taken() {
    let desk = Desk::new([]).await;
    let line = added(&odd("odd", "changes"), &["--yes"]);
    let first = desk.run(&words(&line)).await;
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.stdout.contains("2 tools"), "{first:?}");
    let changed = desk.stdout(&["mcp", "show", "odd"]).await;
    for said in ["1 tool, 1 held back", "~/.ssh/id_rsa", "steady"] {
        assert!(changed.contains(said), "{said}: {changed}");
    }
    let asked = desk.run(&["mcp", "accept", "odd.echo"]).await;
    assert_eq!(asked.code, 2, "{asked:?}");
    assert!(asked.stderr.contains("~/.ssh/id_rsa"), "{asked:?}");
    let taken = desk.run(&["mcp", "accept", "odd", "echo", "--yes"]).await;
    assert_eq!(taken.stdout, "`odd.echo` is offered again\n", "{taken:?}");
    let shown = desk.stdout(&["mcp", "list"]).await;
    assert!(shown.contains("2 tools"), "{shown}");
}

/// Waits until a process runs that has this argument, or none does.
#[cfg(target_os = "linux")]
async fn until(marker: &str, is_running: bool) {
    let runs = || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let mut lines = processes.filter_map(|it| std::fs::read(it.path().join("cmdline")).ok());
        lines.any(|line| {
            line.split(|byte| *byte == 0)
                .any(|word| word == marker.as_bytes())
        })
    };
    let since = Instant::now();
    while runs() != is_running {
        assert!(since.elapsed() < PATIENCE, "{marker}: not {is_running}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_gone_when_the_program_was_killed() {
    let call = Reply::call("odd__echo", json!({ "words": "x" }));
    let desk = Desk::new([call]).await;
    // It answers nothing, so that the turn goes on.
    let mut entry = odd("odd", "hangs");
    let marker = desk.home().join("marker").display().to_string();
    entry.args.push(marker.clone());
    let written = desk.run(&words(&added(&entry, &["--yes"]))).await;
    assert_eq!(written.code, 0, "{written:?}");
    until(&marker, false).await;
    let mut program = desk.aroom(&["exec", "--allowed-tools", "odd.echo", "go"]);
    program.stdout(Stdio::null()).stderr(Stdio::null());
    let mut program = program.spawn().unwrap();
    until(&marker, true).await;
    // By a signal that nothing can be done about.
    program.kill().unwrap();
    program.wait().unwrap();
    until(&marker, false).await;
}
