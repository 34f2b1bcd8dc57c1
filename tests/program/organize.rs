//! Notes, documents, tags, folders, projects, searches and what was spent, through the real program.

use super::Desk;
use crate::support::endpoint::Reply;
use crate::support::program::{Left, left};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Stdio;

/// Runs with something on standard input.
async fn fed(desk: &Desk, arguments: &[&str], input: &str) -> Left {
    let mut command = desk.aroom(arguments);
    let input = input.to_owned();
    let output = tokio::task::spawn_blocking(move || {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    });
    left(output.await.unwrap())
}

async fn refused(desk: &Desk, arguments: &[&str], code: i32, hint: &str) {
    let left = desk.run(arguments).await;
    assert_eq!(left.code, code, "{arguments:?}: {left:?}");
    assert!(left.stderr.contains("hint:"), "{arguments:?}: {left:?}");
    assert!(left.stderr.contains(hint), "{arguments:?}: {left:?}");
    assert_eq!(left.stdout, "", "{arguments:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_written_changed_found_and_brought_back() {
    let desk = Desk::new([]).await;
    let made = fed(
        &desk,
        &["note", "new", "Retry policy", "--tag", "q3"],
        "one\n",
    )
    .await;
    assert_eq!(made.code, 0, "{made:?}");
    assert!(made.stderr.contains("saved version 1"), "{made:?}");
    let id = made.stdout.trim().to_owned();
    assert_eq!(
        desk.stdout(&["note", "show", "retry POLICY"]).await,
        "one\n"
    );
    let changed = fed(&desk, &["note", "edit", &id], "one\njitter\n").await;
    assert!(changed.stderr.contains("saved version 2"), "{changed:?}");
    let same = fed(&desk, &["note", "edit", &id[28..]], "one\njitter\n").await;
    assert!(same.stderr.contains("nothing was changed"), "{same:?}");
    assert_eq!(
        desk.stdout(&["note", "show", &id, "--version", "1"]).await,
        "one\n"
    );
    let versions = desk
        .json(&["note", "show", &id, "--versions", "--json"])
        .await;
    assert_eq!(versions.as_array().unwrap().len(), 2);
    assert_eq!(
        (&versions[0]["version"], &versions[0]["size_bytes"]),
        (&json!(2), &json!(11))
    );
    let hits = desk.json(&["search", "jitter", "--json"]).await;
    assert_eq!(
        (&hits[0]["conversation"], &hits[0]["kind"]),
        (&json!(id), &json!("note"))
    );
    let shown = desk.stdout(&["search", "jitter"]).await;
    assert!(shown.contains("Retry policy (note)"), "{shown}");
    let restored = desk.json(&["note", "restore", &id, "1", "--json"]).await;
    assert_eq!(restored["version"], 3);
    assert_eq!(desk.stdout(&["note", "show", &id]).await, "one\n");
    let listed = desk.json(&["note", "list", "--tag", "q3", "--json"]).await;
    assert_eq!(listed[0]["tags"], json!(["q3"]));
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(
        desk.json(&["note", "list", "other", "--json"]).await,
        json!([])
    );

    // A document is another sort of text.
    refused(
        &desk,
        &["document", "show", "Retry policy"],
        8,
        "aroom document list",
    )
    .await;
    refused(
        &desk,
        &["note", "show", &id, "--version", "9"],
        8,
        "--versions",
    )
    .await;
    // Nothing is deleted unasked.
    refused(&desk, &["note", "rm", &id], 2, "--yes").await;
    let gone = desk.json(&["note", "rm", &id, "--yes", "--json"]).await;
    assert_eq!(gone["deleted"], id);
    refused(&desk, &["note", "show", &id], 8, "aroom note list").await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_came_too_late_is_kept_and_named() {
    let desk = Desk::new([]).await;
    let made = fed(&desk, &["document", "new", "Design"], "one").await;
    let id = made.stdout.trim().to_owned();
    // This process has read version 1 when it says that it waits for its input.
    let mut command = desk.aroom(&["document", "edit", &id]);
    command.env("TMPDIR", desk.home());
    let waiting = tokio::task::spawn_blocking(move || {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("reading standard input") {
            line.clear();
            assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended before");
        }
        (child, stderr)
    });
    let (mut late, mut stderr) = waiting.await.unwrap();
    let early = fed(&desk, &["document", "edit", &id], "two").await;
    assert!(early.stderr.contains("saved version 2"), "{early:?}");
    let late = tokio::task::spawn_blocking(move || {
        late.stdin.take().unwrap().write_all(b"mine").unwrap();
        let mut told = String::new();
        stderr.read_to_string(&mut told).unwrap();
        (late.wait().unwrap().code(), told)
    });
    let (code, told) = late.await.unwrap();
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("version 2 by now"), "{told}");
    let kept = told.split("kept in `").nth(1).unwrap();
    let kept = kept.split('`').next().unwrap();
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "mine");
    assert_eq!(desk.stdout(&["document", "show", &id]).await, "two\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_put_where_they_are_found_again() {
    let desk = Desk::new([Reply::text("jitter helps")]).await;
    let told = desk.json(&["exec", "--json", "about backoff"]).await;
    let id = told["id"].as_str().unwrap();
    desk.stdout(&["folder", "new", "research/papers"]).await;
    desk.stdout(&["conversation", "move", id, "research/papers"])
        .await;
    let tags = desk.stdout(&["conv", "tag", id, "#Rust", "draft"]).await;
    assert_eq!(tags, "#draft\n#rust\n");
    desk.stdout(&["conv", "tag", id, "--rm", "draft"]).await;
    desk.stdout(&["conv", "rename", id, "Retry", "policy"])
        .await;
    desk.stdout(&["conv", "pin", id]).await;
    for filter in [
        &["--tag", "rust"][..],
        &["--folder", "Research"],
        &["--folder", "research/papers"],
        &["--pinned"],
        &["--kind", "chat"],
        &["--all", "retry", "jitter"][..1],
        &["backoff"],
    ] {
        let line = [&["conversation", "list", "--json"][..], filter].concat();
        let found = desk.json(&line).await;
        assert_eq!(found[0]["id"], id, "{filter:?}");
    }
    let list = desk.stdout(&["conversation", "list"]).await;
    assert!(list.contains("★ Retry policy #rust"), "{list}");
    let none = desk.run(&["conversation", "list", "--tag", "never"]).await;
    assert!(none.stderr.contains("no conversation fits"), "{none:?}");

    let tree = desk.stdout(&["folder", "list"]).await;
    assert_eq!(tree, "research  0\n  papers  1\n");
    desk.stdout(&["folder", "new", "archive"]).await;
    desk.stdout(&["folder", "mv", "research/papers", "archive"])
        .await;
    desk.stdout(&["folder", "mv", "archive/papers", "archive/2026"])
        .await;
    let tree = desk.stdout(&["folder", "list"]).await;
    assert_eq!(tree, "archive  0\n  2026  1\nresearch  0\n");
    refused(
        &desk,
        &["folder", "mv", "archive", "archive/2026"],
        2,
        "aroom folder list",
    )
    .await;
    refused(&desk, &["folder", "rm", "archive/2026"], 2, "--yes").await;
    desk.stdout(&["folder", "rm", "archive/2026", "--yes"])
        .await;
    let found = desk
        .json(&["conv", "list", "--folder", "archive", "--json"])
        .await;
    assert_eq!(found[0]["id"], id);
    refused(
        &desk,
        &["conv", "move", id, "nowhere"],
        8,
        "aroom folder list",
    )
    .await;

    desk.stdout(&["tag", "rename", "rust", "rustlang"]).await;
    assert_eq!(desk.stdout(&["tag", "list"]).await, "#rustlang  1\n");
    refused(&desk, &["tag", "rename", "rust", "x"], 8, "aroom tag list").await;
    desk.stdout(&["tag", "rm", "rustlang", "--yes"]).await;
    assert_eq!(desk.json(&["tag", "list", "--json"]).await, json!([]));

    let markdown = desk.stdout(&["conv", "export", id]).await;
    assert!(markdown.starts_with("# Retry policy\n"), "{markdown}");
    assert!(markdown.contains("## You\n\nabout backoff\n\n## Anteroom\n\njitter helps\n"));
    desk.stdout(&["conv", "export", id, "-o", "talk.md"]).await;
    assert_eq!(desk.read("talk.md"), markdown);
    refused(
        &desk,
        &["conv", "export", id, "-o", "talk.md"],
        1,
        "does not exist",
    )
    .await;
    desk.stdout(&[
        "conv",
        "export",
        id,
        "--format",
        "jsonl",
        "-o",
        "talk.jsonl",
    ])
    .await;
    assert!(desk.read("talk.jsonl").contains("\"is_pinned\":true"));

    desk.stdout(&["conv", "rm", id, "--yes"]).await;
    assert_eq!(desk.json(&["conv", "list", "--json"]).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_made_changed_and_used() {
    let desk = Desk::new([Reply::text("ok").usage(20, 7, 3)]).await;
    desk.stdout(&[
        "project",
        "new",
        "Loader",
        "--instructions",
        "Be brief.",
        "--workspace",
        ".",
    ])
    .await;
    let shown = desk.json(&["project", "show", "loader", "--json"]).await;
    assert_eq!(shown["instructions"], "Be brief.");
    assert_eq!(shown["workspace"], desk.work().display().to_string());
    assert_eq!(shown["is_trusted"], true);
    let edited = fed(&desk, &["project", "edit", "Loader"], "Be very brief.").await;
    assert_eq!(edited.code, 0, "{edited:?}");
    desk.stdout(&[
        "project",
        "edit",
        "Loader",
        "--default-model",
        "other",
        "--name",
        "Loaders",
    ])
    .await;
    let prompt = desk
        .stdout(&["prompt", "show", "--project", "Loaders"])
        .await;
    assert!(prompt.contains("Be very brief."), "{prompt}");

    let told = desk.json(&["exec", "--json", "hi"]).await;
    let id = told["id"].as_str().unwrap();
    desk.stdout(&["conv", "move", id, "--project", "Loaders"])
        .await;
    let found = desk
        .json(&["conv", "list", "--project", "loaders", "--json"])
        .await;
    assert_eq!(found[0]["id"], id);
    let rows = desk.json(&["usage", "--json"]).await;
    assert_eq!(rows[0]["model"], "scripted");
    assert_eq!(rows[0]["project_name"], "Loaders");
    assert_eq!(rows[0]["usage"]["completion_tokens"], 7);
    let csv = desk.stdout(&["usage", "--csv", "--days", "2"]).await;
    let second = csv.lines().nth(1).unwrap();
    assert!(second.contains("\"scripted\",\"Loaders\",1,"), "{csv}");
    let table = desk.stdout(&["usage"]).await;
    assert_eq!(table.lines().count(), 3, "{table}");
    let list: Value = desk.json(&["project", "list", "--json"]).await;
    assert_eq!(list[0]["conversations"], 1);
    refused(
        &desk,
        &["project", "new", "LOADERS"],
        1,
        "aroom project list",
    )
    .await;
    refused(&desk, &["project", "rm", "Loaders"], 2, "--yes").await;
    desk.stdout(&["project", "rm", "Loaders", "--yes"]).await;
    refused(
        &desk,
        &["project", "show", "Loaders"],
        8,
        "aroom project list",
    )
    .await;
}
