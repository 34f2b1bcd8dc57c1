//! From nothing to a granted tool: `aroom tool new`, its own tests, its component, and a call.

use super::Desk;
use crate::denials::guest::shared_target;
use crate::support::program::run;
use std::path::Path;
use std::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_tool_tests_builds_and_runs_at_once() {
    let desk = Desk::new([]).await;
    let made = desk.stdout(&["tool", "new", "word-count"]).await;
    assert!(made.contains("cargo test\n"), "{made}");
    let again = desk.run(&["tool", "new", "word-count"]).await;
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.stderr.contains("is there already"), "{again:?}");

    let target = shared_target(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let cargo = |arguments: &[&str]| {
        // Everything it needs was fetched for this workspace; a test names the versions.
        let mut command = Command::new(env!("CARGO"));
        command
            .current_dir(desk.work().join("word-count"))
            .args(arguments)
            .args(["--offline", "--quiet", "--target-dir"])
            .arg(&target)
            .env_remove("RUSTFLAGS");
        run(command)
    };
    let tested = cargo(&["test"]).await;
    assert_eq!(tested.code, 0, "{tested:?}");
    assert!(tested.stdout.contains("2 passed"), "{tested:?}");
    let built = cargo(&["build", "--release", "--target", "wasm32-wasip2"]).await;
    assert_eq!(built.code, 0, "{built:?}");

    let component = target.join("wasm32-wasip2/release/word_count.wasm");
    let component = component.to_str().unwrap();
    desk.stdout(&["tool", "install", component]).await;
    let arguments = r#"{"path":"poem.txt"}"#;
    desk.write("poem.txt", "so much depends\nupon\n");
    let refused = desk.run(&["tool", "run", "word_count", arguments]).await;
    assert_ne!(refused.code, 0, "{refused:?}");
    desk.stdout(&["tool", "grant", "word_count", "files_read"])
        .await;
    let counted = desk.stdout(&["tool", "run", "word_count", arguments]).await;
    assert!(
        counted.contains(r#""words""#) && counted.contains('4'),
        "{counted}"
    );
}
