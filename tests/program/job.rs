//! The main job: read a file, edit it, run the tests, report.

use super::Desk;
use crate::support::endpoint::Reply;
use crate::support::held;
use serde_json::{Value, json};

const SOURCE: &str = "add() { echo $(($1 - $2)); }\n";
const TEST: &str = ". ./add.sh\n[ \"$(add 2 3)\" = 5 ] && echo passed\n";
const REPORT: &str = "I fixed `add`; the tests pass.";

fn job() -> [Reply; 4] {
    [
        Reply::text("I'll look first.").and_call("read_file", json!({ "path": "add.sh" })),
        Reply::call(
            "edit_file",
            json!({ "path": "add.sh", "old_text": "$1 - $2", "new_text": "$1 + $2" }),
        ),
        Reply::call("bash", json!({ "command": "sh test.sh" })),
        Reply::text(REPORT),
    ]
}

/// What the program ends with: nobody is there to say yes to a command that the sandbox does not hold.
fn code() -> i32 {
    if held::is_complete() { 0 } else { 6 }
}

async fn desk() -> Desk {
    let desk = Desk::new(job()).await;
    desk.write("add.sh", SOURCE);
    desk.write("test.sh", TEST);
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn exec_does_the_whole_job() {
    let desk = desk().await;
    let prompt = "fix add, run the tests";
    let left = desk.run(&["exec", "--approval-mode", "auto", prompt]).await;
    assert_eq!(left.code, code(), "{left:?}");
    // The answer alone; the way there is progress.
    assert_eq!(left.stdout, format!("{REPORT}\n"));
    for shown in ["I'll look first.", "read_file", "edit_file", "sh test.sh"] {
        assert!(left.stderr.contains(shown), "{shown}: {}", left.stderr);
    }
    assert_eq!(desk.read("add.sh"), SOURCE.replace('-', "+"));
    let results = desk.endpoint.chats()[3].json["messages"].to_string();
    let word = if held::is_complete() {
        "passed"
    } else {
        "nobody answered"
    };
    assert!(results.contains(word), "{results}");

    // It is there afterwards.
    let listed = desk.stdout(&["conversation", "list"]).await;
    assert_eq!(listed.lines().count(), 1, "{listed}");
    assert!(listed.contains(prompt), "{listed}");
    let id = listed.split_whitespace().next().unwrap();
    let shown = desk.stdout(&["conversation", "show", id]).await;
    for said in [prompt, "I'll look first.", "edit_file", REPORT] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let found = desk
        .stdout(&["conversation", "search", "tests", "pass"])
        .await;
    assert!(found.contains(id), "{found}");

    // It can be continued.
    desk.endpoint.say(Reply::text("You asked for add."));
    let more = desk.stdout(&["exec", "-c", "what did I ask?"]).await;
    assert_eq!(more, "You asked for add.\n");
    let sent = desk.endpoint.chats()[4].json["messages"].to_string();
    assert!(sent.contains(prompt) && sent.contains(REPORT), "{sent}");
    desk.endpoint.say(Reply::text("Once more."));
    desk.stdout(&["exec", "-r", id, "and again"]).await;
    let listed = desk.stdout(&["conversation", "list"]).await;
    assert_eq!(listed.lines().count(), 1, "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_calls_are_in_the_database_with_decisions_and_meters() {
    let desk = desk().await;
    let left = desk
        .run(&["exec", "--approval-mode", "auto", "fix add"])
        .await;
    assert_eq!(left.code, code(), "{left:?}");
    let database = desk.database();
    let mut rows = database
        .prepare("SELECT tool, arguments, tier, approval_decision, result, meter FROM tool_calls ORDER BY item_row")
        .unwrap();
    let json = |text: String| -> Value { serde_json::from_str(&text).unwrap() };
    let rows: Vec<(String, Value, String, Value, Value, Value)> = rows
        .query_map([], |row| {
            Ok((
                row.get(0)?,
                json(row.get(1)?),
                row.get(2)?,
                json(row.get(3)?),
                json(row.get(4)?),
                json(row.get(5)?),
            ))
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let names: Vec<(&str, &str)> = rows.iter().map(|row| (&*row.0, &*row.2)).collect();
    assert_eq!(
        names,
        [
            ("read_file", "read"),
            ("edit_file", "write"),
            ("bash", "execute")
        ]
    );
    assert_eq!(rows[0].1, json!({ "path": "add.sh" }));
    assert_eq!(rows[0].3, json!([]), "reading decides nothing");
    let is_complete = held::is_complete();
    for (row, effect, is_allowed) in [
        (&rows[1], "add.sh", true),
        (&rows[2], "sh test.sh", is_complete),
    ] {
        let decisions = row.3.as_array().unwrap();
        assert_eq!(decisions.len(), 1, "{decisions:?}");
        let (by, resolution) = if is_allowed {
            ("policy", "allowed")
        } else {
            ("nobody", "not_answered")
        };
        assert_eq!(decisions[0]["by"], by);
        assert_eq!(decisions[0]["resolution"]["resolution"], resolution);
        let told = decisions[0]["effect"].as_str().unwrap();
        assert!(told.contains(effect), "{told}");
    }
    for row in &rows {
        assert!(row.5["wall_us"].as_u64().unwrap() > 0, "{}", row.5);
        assert!(
            row.5["peak_memory_bytes"].as_u64().unwrap() > 0,
            "{}",
            row.5
        );
    }
    assert_eq!(rows[0].5["bytes_read"], SOURCE.len());
    assert_eq!(rows[1].5["bytes_written"], SOURCE.len());
    assert_eq!(rows[2].5["processes"], u64::from(is_complete));
    assert_eq!(rows[2].4.to_string().contains("passed"), is_complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_approval_nothing_is_changed() {
    let desk = desk().await;
    let left = desk.run(&["exec", "fix add"]).await;
    assert_eq!(left.code, 6, "{left:?}");
    assert_eq!(left.stdout, format!("{REPORT}\n"), "the model's last word");
    assert!(
        left.stderr.contains("error:") && left.stderr.contains("hint:"),
        "{}",
        left.stderr
    );
    assert!(left.stderr.contains("--allowed-tools"), "{}", left.stderr);
    assert_eq!(desk.read("add.sh"), SOURCE);
    // The model was told, and that nobody answered is told as what it is.
    let sent = desk.endpoint.chats()[2].json["messages"].to_string();
    assert!(sent.contains("nobody"), "{sent}");
    let decision: String = desk
        .database()
        .query_row(
            "SELECT approval_decision FROM tool_calls WHERE tool = 'edit_file'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(
        decision.contains("not_answered") && decision.contains("nobody"),
        "{decision}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_allowed_in_advance_runs() {
    let desk = desk().await;
    let rules = "edit_file,bash:sh test.sh";
    let left = desk
        .run(&["exec", "--allowed-tools", rules, "fix add"])
        .await;
    assert_eq!(left.code, code(), "{left:?}");
    assert_eq!(desk.read("add.sh"), SOURCE.replace('-', "+"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_not_help_without_a_sandbox_is_not_advised() {
    let desk = desk().await;
    desk.stdout(&["config", "set", "safety.sandbox", "off"])
        .await;
    let left = desk
        .run(&["exec", "--approval-mode", "auto", "fix add"])
        .await;
    assert_eq!(left.code, 6, "{left:?}");
    let (_, hint) = left.stderr.split_once("hint:").unwrap();
    assert!(hint.contains("aroom doctor"), "{hint}");
    assert!(
        !hint.contains("--allowed-tools") && !hint.contains("--approval-mode"),
        "{hint}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn chat_without_a_terminal_behaves_as_exec() {
    let desk = desk().await;
    let left = desk
        .run(&["chat", "--approval-mode", "auto", "fix add"])
        .await;
    assert_eq!((left.code, left.stdout), (code(), format!("{REPORT}\n")));
}
