//! Commands: their surroundings, their end, and that nothing is left of them.

use crate::support::{Bench, yes};
use anteroom_api::{Capability, Status};
use serde_json::json;
use std::fs;
use std::time::{Duration, Instant};

fn bench() -> Bench {
    let mut bench = Bench::built_in().granting(&Capability::ALL);
    bench.resolution = yes();
    bench
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_sees_the_workspace_and_no_secret() {
    let bench = bench();
    fs::create_dir(bench.workspace.join("sub")).unwrap();
    let called = bench
        .call("spawn", json!({"line": "pwd; env; cat", "cwd": "sub"}))
        .await;
    called.expect(Status::Completed, "[Some(0) None false]");
    let text = called.text();
    let place = bench.workspace.join("sub").display().to_string();
    assert!(text.starts_with(&format!("{place}\n")), "{text}");
    let temp = format!("TMPDIR={}\n", bench.temp.display());
    assert!(text.contains(&temp), "{text}");
    assert!(!text.contains("hush"), "{text}");
    assert_eq!(called.outcome.meter.processes, 1);
    assert!(called.outcome.meter.process_cpu_us > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_starts_nowhere_else() {
    let bench = bench();
    std::os::unix::fs::symlink("/", bench.workspace.join("root")).unwrap();
    std::os::unix::fs::symlink("..", bench.workspace.join("up")).unwrap();
    for cwd in ["..", "/", "/tmp", "root", "up", "sub/../.."] {
        let called = bench
            .call("spawn", json!({"line": "pwd", "cwd": cwd}))
            .await;
        called.expect(Status::Failed, cwd);
        assert_eq!(called.outcome.meter.processes, 0, "{cwd}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_leaves_no_process() {
    let bench = bench();
    let line = "sleep 31415.25 & echo started; sleep 31415.25";
    let called = bench
        .cancelled("spawn", json!({"line": line}), "started")
        .await;
    called.expect(Status::Interrupted, "started");
    gone("31415.25").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_ends_at_its_time() {
    let bench = bench();
    let line = "echo before; sleep 31415.5";
    let called = bench
        .call("spawn", json!({"line": line, "timeout_ms": 200}))
        .await;
    called.expect(Status::Completed, "before\n[None Some(9) true]");
    gone("31415.5").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_outlives_the_shell_is_ended() {
    let bench = bench();
    let called = bench
        .call("spawn", json!({"line": "sleep 31415.75 & echo over"}))
        .await;
    called.expect(Status::Completed, "over\n[Some(0) None false]");
    gone("31415.75").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn background_tasks_end_with_the_session() {
    let bench = bench();
    let called = bench
        .call("start_task", json!({"line": "sleep 31415.125"}))
        .await;
    called.expect(Status::Completed, "task-1");
    until("31415.125", true).await;
    drop(bench);
    gone("31415.125").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_output_is_cut_and_kept_in_a_file() {
    let bench = bench();
    let called = bench
        .call("spawn", json!({"line": "yes line | head -c 200000"}))
        .await;
    called.expect(Status::Completed, "characters left out");
    let text = called.text();
    assert!(text.chars().count() < 10_500);
    let path = text.split('`').nth(1).expect("the path is told");
    assert!(path.starts_with(bench.temp.to_str().unwrap()), "{path}");
    assert!(fs::read_to_string(path).unwrap().len() >= 200_000);
}

/// Whether a process with this argument runs. One that has ended has no arguments any more.
fn runs(marker: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .any(|line| {
            line.split(|byte| *byte == 0)
                .any(|word| word == marker.as_bytes())
        })
}

pub(crate) async fn gone(marker: &str) {
    until(marker, false).await;
}

async fn until(marker: &str, is_running: bool) {
    let patience = Instant::now() + Duration::from_secs(10);
    while runs(marker) != is_running {
        assert!(Instant::now() < patience, "`{marker}`: {}", !is_running);
        tokio::task::yield_now().await;
    }
}
