//! `synced`: that nothing is told before it is synced, seen from outside: the real program under `strace`.
//!
//! For every fact the program writes to its standard output, the page of the write-ahead log that holds it is looked up
//! among the system calls; between that page's write and the telling, the log must have been synced.

use crate::endpoint::{Endpoint, Reply};
use crate::report::Report;
use crate::starts::program;
use crate::world::World;
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// What one line of the trace says that matters.
#[derive(Debug)]
enum Seen {
    Logged(String),
    Synced,
    Told(String),
}

pub(crate) async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let endpoint = Endpoint::start().await;
    endpoint.script([
        Reply::reasoning("a thought", "I begin. ")
            .and_call("write_file", json!({ "path": "a.txt", "content": "one" })),
        Reply::call(
            "create_canvas",
            json!({ "title": "T", "kind": "markdown", "content": "c" }),
        ),
        Reply::text(&"some words ".repeat(20)),
    ]);
    let world = World::new()?;
    let trace = world.path().join("trace");
    let exec = program(&world, &endpoint.base_url());
    let mut command = Command::new("strace");
    command
        .args(["-f", "-y", "-s", "20000", "-o"])
        .arg(&trace)
        .args(["-e", "trace=write,pwrite64,fdatasync,fsync"])
        .arg(exec.get_program())
        .args(["exec", "--approval-mode", "auto", "--stream-json", "work"])
        .env_clear()
        .current_dir(world.workspace());
    for (name, value) in exec.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let output = tokio::task::spawn_blocking(move || command.output())
        .await?
        .context("`strace` is needed for this")?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (told, found) = check(&trace)?;
    report.value("facts told by the program", told);
    report.value("… whose page in the log was found and synced before", found);
    Ok(())
}

/// Counts the facts told, and those that were found in the log; one that was told too early is an error.
fn check(trace: &Path) -> anyhow::Result<(usize, usize)> {
    let text = String::from_utf8_lossy(&std::fs::read(trace)?).into_owned();
    let seen: Vec<Seen> = text.lines().filter_map(read).collect();
    let (mut told, mut found) = (0, 0);
    for (at, one) in seen.iter().enumerate() {
        let Seen::Told(line) = one else { continue };
        let line: Value = serde_json::from_str(line).context("a line that is told")?;
        if line["signal"] != "event" {
            continue;
        }
        told += 1;
        let event = line["envelope"]["event"].to_string();
        let logged = seen[..at]
            .iter()
            .position(|earlier| matches!(earlier, Seen::Logged(page) if page.contains(&event)));
        // One that spans several pages is not found in any.
        let Some(logged) = logged else { continue };
        let is_synced = seen[logged..at]
            .iter()
            .any(|later| matches!(later, Seen::Synced));
        ensure!(is_synced, "told before it was synced: {event}");
        found += 1;
    }
    ensure!(
        found * 2 > told && found > 5,
        "{found} of {told} facts were found in the log"
    );
    Ok((told, found))
}

fn read(line: &str) -> Option<Seen> {
    let call = line.split_once(' ')?.1.trim_start();
    if call.starts_with("pwrite64(") && call.contains("anteroom.db-wal>") {
        return Some(Seen::Logged(content(call)?));
    }
    // A sync counts when it has come back, also where another thread's line stands between.
    let is_sync = call.starts_with("fdatasync(") || call.starts_with("fsync(");
    let is_over = call.ends_with("= 0") && !call.contains("unfinished");
    let is_resumed =
        call.starts_with("<... fdatasync resumed>") || call.starts_with("<... fsync resumed>");
    if (is_sync && call.contains("anteroom.db-wal>") || is_resumed) && is_over {
        return Some(Seen::Synced);
    }
    if call.starts_with("write(1<") {
        return Some(Seen::Told(content(call)?));
    }
    None
}

/// The bytes of a call's text, as `strace` quotes them.
fn content(call: &str) -> Option<String> {
    let from = call.find(", \"")? + 3;
    let mut text = String::new();
    let mut rest = call[from..].chars();
    while let Some(letter) = rest.next() {
        match letter {
            '"' => return Some(text),
            '\\' => match rest.next()? {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                quoted @ ('"' | '\\') => text.push(quoted),
                // What is no text cannot be part of what is looked for.
                _ => text.push('\u{0}'),
            },
            other => text.push(other),
        }
    }
    None
}
