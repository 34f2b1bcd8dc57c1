//! The example tools in four languages, in a turn from the terminal and from the page, with what they used.

use super::Room;
use crate::program::Desk;
use crate::support::endpoint::Reply;
use crate::support::program::run;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// File, tool, arguments, and what its result says.
fn calls() -> [(&'static str, &'static str, Value, &'static str); 4] {
    [
        ("hello", "hello", json!({ "name": "Ada" }), "Hello, Ada!"),
        (
            "sort-json",
            "sort_json",
            json!({ "text": r#"{"b":1,"a":[2]}"#, "indent": 0 }),
            r#"{"a":[2],"b":1}"#,
        ),
        (
            "describe-csv",
            "describe_csv",
            json!({ "path": "sales.csv" }),
            r#""mean":3.0"#,
        ),
        (
            "factorize",
            "factorize",
            json!({ "number": 8051 }),
            "8051 = 83 × 97",
        ),
    ]
}

fn replies() -> Vec<Reply> {
    let calls = calls().into_iter();
    let mut replies: Vec<Reply> = calls
        .map(|(_, tool, arguments, _)| Reply::call(tool, arguments))
        .collect();
    replies.push(Reply::text("all four answered"));
    replies
}

fn built(name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let path = target.join("examples").join(format!("{name}.wasm"));
    assert!(
        path.exists(),
        "the example `{name}` is not built: run `examples/build`, or set up all the tests with `tests/setup`"
    );
    path
}

async fn desk() -> Desk {
    let desk = Desk::new([]).await;
    let tools = desk.home().join(".anteroom/tools");
    std::fs::create_dir_all(&tools).unwrap();
    for (name, ..) in calls() {
        std::fs::copy(built(name), tools.join(format!("{name}.wasm"))).unwrap();
    }
    desk.write("sales.csv", "day,sold\nMon,2\nTue,4\n");
    let grant = ["tool", "grant", "describe-csv", "files_read"];
    let left = run(desk.aroom(&grant)).await;
    assert_eq!(left.code, 0, "{left:?}");
    desk
}

/// What the tools returned, as the model was told.
fn results(desk: &Desk) {
    let chats = desk.endpoint.chats();
    let told = chats.last().unwrap().json["messages"].to_string();
    for (_, tool, _, result) in calls() {
        let result = Value::from(result).to_string();
        let result = result.trim_matches('"');
        assert!(told.contains(result), "{tool}: {result} in {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_in_four_languages_run_from_the_terminal_and_from_the_page() {
    let desk = desk().await;
    desk.endpoint.script(replies());
    let left = run(desk.aroom(&["exec", "-v", "use all four"])).await;
    assert_eq!(left.code, 0, "{left:?}");
    assert_eq!(left.stdout, "all four answered\n");
    results(&desk);
    let meters = left.stderr.matches(" · peak ").count();
    assert_eq!(meters, 4, "{}", left.stderr);

    desk.endpoint.script(replies());
    let mut room = Room::at(desk, &[]).await;
    let page = room.page().await;
    page.ask("use all four", "all four answered").await;
    results(&room.desk);
    page.thread().role("button", "Worked").click().await;
    for (number, (_, tool, ..)) in calls().into_iter().enumerate() {
        let card = page.mark("tool-card").nth(number);
        card.says(tool).await;
        card.css("[aria-expanded=false]").click().await;
        card.role("tab", "Resources").click().await;
        card.css(".item-meter").says("Peak memory").await;
    }
    assert_eq!(page.faults(), Vec::<String>::new());
}
