//! Hooks that nobody can read: said where a run begins, so that a person knows why calls are refused.

use super::Desk;
use crate::scenarios::hooks::hooked;
use crate::support::endpoint::Reply;
use crate::support::served::Served;

const BROKEN: &str = "hooks:\n  - {on: before_tol, command: ./check.sh}\n";
const WORDS: [&str; 3] = ["config.yaml:2", "needs another `on`", "no tool runs"];

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_hook_is_told_before_it_refuses_anything() {
    let replies = [
        Reply::call("read_file", serde_json::json!({ "path": "a.txt" })),
        Reply::text("refused"),
        Reply::text("fine"),
    ];
    let desk = Desk::new(replies).await;
    desk.write("a.txt", "a\n");
    let config = desk.home().join(".anteroom/config.yaml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(&config, BROKEN).unwrap();
    let run = desk.run(&["exec", "read it"]).await;
    assert_eq!(run.stdout, "refused\n", "{run:?}");
    let mut lines = run.stderr.lines();
    let told = lines.find(|line| line.starts_with("config: "));
    for words in WORDS {
        assert!(
            told.is_some_and(|line| line.contains(words)),
            "{words}: {run:?}"
        );
    }
    let sent = desk.endpoint.chats()[1].json["messages"].to_string();
    assert!(sent.contains("was not allowed to run"), "{sent}");
    // Mended, nothing is said.
    std::fs::write(&config, "hooks: []\n").unwrap();
    let run = desk.run(&["exec", "again"]).await;
    assert_eq!(run.stdout, "fine\n", "{run:?}");
    assert!(!run.stderr.contains("config: "), "{run:?}");
    std::fs::write(&config, BROKEN).unwrap();
    let doctor = desk.run(&["doctor"]).await;
    assert!(doctor.stdout.contains("no tool runs"), "{doctor:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_trusted_is_told_too() {
    let desk = Desk::new([Reply::text("done")]).await;
    desk.write(".anteroom/hooks/check.sh", "exit 0\n");
    let outside = desk.home();
    std::os::unix::fs::symlink(&outside, desk.work().join(".anteroom/hooks/lib")).unwrap();
    let run = desk.run(&["exec", "go"]).await;
    assert!(
        run.stderr.contains("is a link, so it cannot be trusted"),
        "{run:?}"
    );
    let trust = desk.run(&["trust", "--yes"]).await;
    assert_ne!(trust.code, 0, "{trust:?}");
    assert!(
        trust.stderr.contains("is a link, so it cannot be trusted"),
        "{trust:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_begins_with_what_is_wrong() {
    for (hooks, expected) in [
        (&["{on: turn_end, command: 'true'}"], &[][..]),
        (&["{on: before_tol, command: ./check.sh}"], &WORDS[..]),
    ] {
        let served = Served::of(hooked([], hooks).await).await;
        let warnings = served.get("/api/start").await["warnings"].clone();
        let warnings = warnings.as_array().unwrap();
        assert_eq!(warnings.is_empty(), expected.is_empty(), "{warnings:?}");
        for words in expected {
            let told = warnings[0].as_str().unwrap();
            assert!(told.contains(words), "{words}: {told}");
        }
    }
}
