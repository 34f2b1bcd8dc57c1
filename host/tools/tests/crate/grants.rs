//! What was not declared, granted and allowed does not happen, and the words say what would allow it.

use crate::support::{Bench, yes};
use anteroom_api::{CallDecision, Capability, GrantReach, Resolution, Status, Tier, Trust};
use serde_json::json;
use std::fs;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_grant_is_answered_with_the_command_that_gives_it() {
    let bench = Bench::third_party().await;
    fs::write(bench.workspace.join("a.txt"), "content").unwrap();
    let cases = [
        ("read_path", json!({"path": "a.txt"}), "hostile files_read"),
        ("spawn", json!({"line": "true"}), "borrower process"),
        ("start_task", json!({"line": "true"}), "borrower process"),
        ("question", json!({}), "borrower ask"),
        ("child", json!({}), "borrower agents"),
        ("draw", json!({}), "borrower canvas"),
    ];
    for (tool, arguments, grant) in cases {
        let called = bench.call(tool, arguments).await;
        called.expect(Status::Denied, &format!("`aroom tool grant {grant}`"));
        assert_eq!(called.outcome.trust, Trust::Untrusted);
    }
    let bench = bench.granting(&[Capability::FilesRead]);
    let called = bench.call("write_path", json!({"path": "b.txt"})).await;
    called.expect(Status::Denied, "`aroom tool grant hostile files_write`");
    assert!(!bench.workspace.join("b.txt").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_granted_works() {
    let mut bench = Bench::third_party().await.granting(&Capability::ALL);
    bench.resolution = yes();
    fs::write(bench.workspace.join("a.txt"), "content").unwrap();
    let cases = [
        ("read_path", json!({"path": "a.txt"}), "content"),
        ("write_path", json!({"path": "b.txt"}), "written"),
        ("spawn", json!({"line": "echo hello"}), "hello"),
        ("question", json!({}), "red"),
        ("child", json!({}), "done: look around"),
        ("draw", json!({}), "Plan"),
    ];
    for (tool, arguments, expected) in cases {
        let called = bench.call(tool, arguments).await;
        called.expect(Status::Completed, expected);
    }
    assert_eq!(
        fs::read_to_string(bench.workspace.join("b.txt")).unwrap(),
        "written\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_is_lent_no_more_than_it_declares() {
    let mut bench = Bench::built_in().granting(&Capability::ALL);
    bench.resolution = yes();
    let cases = [
        ("write_undeclared", json!({"path": "b.txt"}), "files_write"),
        ("spawn_undeclared", json!({"line": "echo hello"}), "process"),
    ];
    for (tool, arguments, capability) in cases {
        let called = bench.call(tool, arguments).await;
        called.expect(Status::Denied, &format!("does not declare `{capability}`"));
    }
    assert!(!bench.workspace.join("b.txt").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_is_a_no_and_a_no_is_told_as_one() {
    let mut bench = Bench::built_in().granting(&Capability::ALL);
    let path = json!({"path": "b.txt"});
    let silent = bench.call("write_path", path.clone()).await;
    silent.expect(Status::Denied, "nobody answered");
    bench.resolution = Resolution::Denied {
        reason: Some("not that file".into()),
    };
    let refused = bench.call("write_path", path).await;
    refused.expect(Status::Denied, "not that file");
    assert_eq!(refused.decisions.len(), 1, "{:?}", refused.decisions);
    assert!(!bench.workspace.join("b.txt").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_that_lead_out_are_refused() {
    let bench = Bench::third_party().await.granting(&Capability::ALL);
    let secret = bench.folder().join("secret.txt");
    fs::write(&secret, "the secret").unwrap();
    std::os::unix::fs::symlink(&secret, bench.workspace.join("link")).unwrap();
    std::os::unix::fs::symlink("..", bench.workspace.join("up")).unwrap();
    let paths = [
        "../secret.txt".to_owned(),
        "sub/../../secret.txt".to_owned(),
        "link".to_owned(),
        "up/secret.txt".to_owned(),
        secret.display().to_string(),
        format!("/@outside{}", secret.display()),
        "/proc/self/environ".to_owned(),
    ];
    for path in paths {
        for tool in ["read_path", "write_path"] {
            let called = bench.call(tool, json!({"path": path})).await;
            assert_ne!(called.outcome.status, Status::Completed, "{tool} {path}");
            assert!(!called.text().contains("the secret"), "{tool} {path}");
        }
    }
    assert_eq!(fs::read_to_string(&secret).unwrap(), "the secret");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_holds_as_far_as_it_reaches() {
    let mut bench = Bench::third_party().await;
    bench.resolution = yes();
    fs::create_dir_all(bench.workspace.join("docs")).unwrap();
    fs::create_dir_all(bench.workspace.join("docs2")).unwrap();
    let reach = |folders: &[&str], commands: &[&str]| GrantReach {
        folders: folders.iter().map(|it| (*it).to_owned()).collect(),
        commands: commands.iter().map(|it| (*it).to_owned()).collect(),
        ..GrantReach::default()
    };
    bench.grants = vec![
        (Capability::FilesRead, reach(&["docs"], &[])),
        (Capability::FilesWrite, reach(&["docs"], &[])),
        (Capability::Process, reach(&[], &["echo hello"])),
    ];
    let cases = [
        (
            "write_path",
            json!({"path": "docs/a.txt"}),
            Status::Completed,
        ),
        ("write_path", json!({"path": "docs2/a.txt"}), Status::Denied),
        ("write_path", json!({"path": "a.txt"}), Status::Denied),
        (
            "spawn",
            json!({"line": "echo hello world"}),
            Status::Completed,
        ),
        ("spawn", json!({"line": "echo goodbye"}), Status::Denied),
        ("spawn", json!({"line": "echo hello; id"}), Status::Denied),
        ("spawn", json!({"line": "echo hello $(id)"}), Status::Denied),
    ];
    for (tool, arguments, status) in cases {
        let called = bench.call(tool, arguments.clone()).await;
        assert_eq!(
            called.outcome.status,
            status,
            "{arguments}: {}",
            called.text()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_above_reading_are_told() {
    let mut bench = Bench::built_in().granting(&Capability::ALL);
    bench.resolution = yes();
    let called = bench.call("spawn", json!({"line": "touch new.txt"})).await;
    called.expect(Status::Completed, "[Some(0) None false]");
    assert_eq!(
        called.decisions,
        [CallDecision {
            effect: "touch new.txt".into(),
            tier: Tier::Execute,
            resolution: yes(),
            by: "test".into(),
            reasons: [
                "tier execute",
                "mode ask_for_writes asks for it",
                "no rule covers it",
                "allowed by test: once",
            ]
            .map(str::to_owned)
            .into(),
            rule: None,
        }]
    );
}
