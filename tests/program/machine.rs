//! Output for machines: `--json`, `--stream-json`, files, the published schema.

use super::Desk;
use crate::support::endpoint::Reply;
use anteroom_api::{Event, Signal, TurnEvent};
use serde_json::{Value, json};

fn replies() -> [Reply; 2] {
    [
        Reply::text("Looking.").and_call("read_file", json!({ "path": "a.txt" })),
        Reply::text("It says hello.").usage(20, 7, 3),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_one_object_that_says_all() {
    let desk = Desk::new(replies()).await;
    desk.write("a.txt", "hello\n");
    let told = desk.json(&["exec", "--json", "what does it say?"]).await;
    assert_eq!(told["text"], "It says hello.");
    assert_eq!(
        (&told["status"], &told["exit"]),
        (&json!("end_turn"), &json!(0))
    );
    assert_eq!(told["usage"]["prompt_tokens"], 30);
    assert_eq!(told["tools"][0]["tool"], "read_file");
    assert_eq!(told["tools"][0]["status"], "completed");
    assert_eq!(told["tools"][0]["meter"]["bytes_read"], 6);
    let listed = desk.json(&["conversation", "list", "--json"]).await;
    assert_eq!(listed[0]["id"], told["id"]);

    let desk = Desk::new([Reply::error(401, "bad key")]).await;
    let left = desk.run(&["exec", "--json", "hi"]).await;
    let told: Value = serde_json::from_str(&left.stdout).unwrap();
    assert_eq!((left.code, &told["exit"]), (5, &json!(5)));
    assert_eq!(told["error"]["code"], "endpoint_auth");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_is_the_journal_line_by_line() {
    let desk = Desk::new(replies()).await;
    desk.write("a.txt", "hello\n");
    let stdout = desk.stdout(&["exec", "--stream-json", "go"]).await;
    let lines: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut stored = Vec::new();
    let database = desk.database();
    let mut rows = database
        .prepare("SELECT seq, event FROM journal WHERE topic <> x'' ORDER BY seq")
        .unwrap();
    let mut rows = rows.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let event: String = row.get(1).unwrap();
        let event: Value = serde_json::from_str(&event).unwrap();
        stored.push((row.get::<_, i64>(0).unwrap() as u64, event));
    }
    let told: Vec<(u64, Value)> = lines
        .iter()
        .map(|line| {
            let envelope = &line["envelope"];
            (envelope["seq"].as_u64().unwrap(), envelope["event"].clone())
        })
        .collect();
    assert_eq!(told, stored);
    let last: Signal = serde_json::from_value(lines.last().unwrap().clone()).unwrap();
    let Signal::Event { envelope } = last else {
        panic!("{last:?}")
    };
    assert!(
        matches!(envelope.event, Event::Turn(TurnEvent::Ended { .. })),
        "{envelope:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_fits_the_published_schema() {
    let desk = Desk::new(replies()).await;
    desk.write("a.txt", "hello\n");
    let published = desk.json(&["schema", "events"]).await;
    let mut signal = published.clone();
    let root = signal.as_object_mut().unwrap();
    let of_signal = root["properties"]["signal"].clone();
    root.retain(|key, _| key == "$defs" || key == "$schema");
    root.extend(of_signal.as_object().unwrap().clone());
    let validator = jsonschema::validator_for(&signal).unwrap();
    assert!(!validator.is_valid(&json!({ "signal": "no such thing" })));
    let stdout = desk
        .stdout(&["exec", "--stream-json", "--include-deltas", "go"])
        .await;
    assert!(stdout.contains("\"delta\""), "{stdout}");
    for line in stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if let Err(error) = validator.validate(&line) {
            panic!("{error}: {line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_goes_to_a_file() {
    let desk = Desk::new([Reply::text("for the file")]).await;
    let stdout = desk.stdout(&["exec", "-o", "answer.md", "go"]).await;
    assert_eq!(
        (stdout.as_str(), desk.read("answer.md").as_str()),
        ("", "for the file\n")
    );
    let left = desk.run(&["exec", "-o", "no/such/folder/a.md", "go"]).await;
    assert_eq!(left.code, 2, "{left:?}");
    assert_eq!(
        desk.endpoint.chats().len(),
        1,
        "found out before a token is spent"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_words_where_nobody_can_see_colors() {
    let desk = Desk::new(replies()).await;
    desk.write("a.txt", "hello\n");
    let left = desk.run(&["exec", "go"]).await;
    assert!(
        !left.stderr.contains('\x1b') && !left.stdout.contains('\x1b'),
        "{left:?}"
    );
    // What the model says cannot move the cursor either.
    desk.endpoint.say(Reply::text("a\x1b[2Jb\x1b]0;title\x07c"));
    let left = desk.run(&["exec", "go"]).await;
    assert!(
        !left.stdout.contains('\x1b') && left.stdout.starts_with('a'),
        "{left:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn version_and_help_need_nothing() {
    let desk = Desk::new([]).await;
    let version = desk.stdout(&["--version"]).await;
    assert_eq!(version, format!("aroom {}\n", env!("CARGO_PKG_VERSION")));
    let help = desk.stdout(&["--help"]).await;
    assert!(
        help.contains("exec") && help.lines().all(|line| line.len() <= 80),
        "{help}"
    );
    assert!(
        !desk.home().join(".anteroom").exists(),
        "nothing is made for it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_checks_everything() {
    let desk = Desk::new([]).await;
    desk.endpoint.choose(|request| {
        let has_tools = request["tools"]
            .as_array()
            .is_some_and(|tools| !tools.is_empty());
        let name = request["tools"][0]["function"]["name"]
            .as_str()
            .unwrap_or_default();
        Some(match has_tools {
            true => Reply::call(name, json!({})),
            false => Reply::text("hi"),
        })
    });
    let left = desk.run(&["doctor", "--json"]).await;
    let findings: Value = serde_json::from_str(&left.stdout).unwrap();
    let subjects: Vec<&str> = findings
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["subject"].as_str().unwrap())
        .collect();
    for subject in [
        "config",
        "endpoint connect",
        "database",
        "tools files",
        "tools shell",
    ] {
        assert!(subjects.contains(&subject), "{subject}: {subjects:?}");
    }
    assert_eq!(left.code, 0, "{left:?}");

    let unconnected = crate::support::program::run(desk.unconnected(&["doctor"])).await;
    assert_eq!(unconnected.code, 1, "{unconnected:?}");
    assert!(unconnected.stdout.contains("hint:"), "{unconnected:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_is_shown_without_its_private_side() {
    let desk = Desk::new([]).await;
    let shown = desk.json(&["identity", "show", "--json"]).await;
    let again = desk.json(&["identity", "show", "--json"]).await;
    assert_eq!(shown, again, "it is made once");
    let key = desk.stdout(&["identity", "export-public"]).await;
    assert_eq!(shown["public_key"], json!(key));
    assert!(key.starts_with("-----BEGIN PUBLIC KEY-----"), "{key}");
    assert!(!shown.to_string().contains("PRIVATE"));
}
