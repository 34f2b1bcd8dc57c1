//! `aroom tool run`: the result on stdout, what it took on stderr, and an exit code that says how it went.

use super::Desk;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_is_run_by_hand_without_an_endpoint() {
    let desk = Desk::new([]).await;
    desk.write("a.txt", "hello\n");
    let run = |arguments: &[&str]| {
        let whole: Vec<&str> = ["tool", "run"].iter().chain(arguments).copied().collect();
        crate::support::program::run(desk.unconnected(&whole))
    };
    let left = run(&["read_file", r#"{"path": "a.txt"}"#]).await;
    assert_eq!(
        (left.code, left.stdout.as_str()),
        (0, "1\thello\n"),
        "{left:?}"
    );
    assert!(left.stderr.contains("read_file"), "{left:?}");
    assert!(
        left.stderr.contains("cpu ") && left.stderr.contains("read 6 B"),
        "{left:?}"
    );

    let left = run(&["read_file", r#"{"path": "a.txt"}"#, "--json", "-q"]).await;
    let item: serde_json::Value = serde_json::from_str(&left.stdout).unwrap();
    assert_eq!(item["status"], "completed");
    assert_eq!(item["body"]["tool"], json!("read_file"), "{item}");
    assert_eq!((left.code, left.stderr.as_str()), (0, ""));

    let left = run(&["read_file", r#"{"path": "gone.txt"}"#]).await;
    assert_eq!(left.code, 1, "{left:?}");
    let left = run(&["write_file", r#"{"path": "b.txt", "content": "x"}"#]).await;
    assert_eq!(left.code, 6, "{left:?}");
    assert!(!desk.work().join("b.txt").exists());
    let allowed = [
        "write_file",
        r#"{"path": "b.txt", "content": "x"}"#,
        "--allow",
        "write_file",
    ];
    let left = run(&allowed).await;
    assert_eq!(left.code, 0, "{left:?}");
    assert_eq!(desk.read("b.txt"), "x");
    let left = run(&["read_fil", "{}"]).await;
    assert_eq!(left.code, 8, "{left:?}");
    assert!(left.stderr.contains("`read_file`"), "{left:?}");
    for wrong in ["{", "[]", "path"] {
        let left = run(&["read_file", wrong]).await;
        assert_eq!((left.code, left.stdout.as_str()), (2, ""), "{left:?}");
    }

    let listed = run_json(&desk, &["conversation", "list", "--json"]).await;
    let titles: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|view| view["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles.len(), 5, "{titles:?}");
    assert!(titles.contains(&"tool run write_file"), "{titles:?}");
}

async fn run_json(desk: &Desk, arguments: &[&str]) -> serde_json::Value {
    let left = crate::support::program::run(desk.unconnected(arguments)).await;
    serde_json::from_str(&left.stdout).unwrap()
}
