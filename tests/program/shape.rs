//! `aroom exec --schema` and `--image`: the shape of the answer, and more than words in the question.

use super::Desk;
use crate::support::endpoint::Reply;
use serde_json::{Value, json};

const SCHEMA: &str = r#"{
  "type": "object",
  "required": ["name", "age"],
  "properties": { "name": { "type": "string" }, "age": { "type": "integer" } }
}"#;

async fn desk(replies: impl IntoIterator<Item = Reply>) -> Desk {
    let desk = Desk::new(replies).await;
    desk.write("person.json", SCHEMA);
    desk
}

const ASK: [&str; 4] = ["exec", "--schema", "person.json", "who?"];

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_fits_is_the_output() {
    let desk = desk([Reply::text(
        "```json\n{\"name\": \"Ada\", \"age\": 36}\n```",
    )])
    .await;
    let stdout = desk.stdout(&ASK).await;
    assert_eq!(stdout, "{\"name\": \"Ada\", \"age\": 36}\n");
    let sent = desk.endpoint.chats()[0].json["messages"].to_string();
    assert!(
        sent.contains("<schema>") && sent.contains("integer"),
        "{sent}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_gets_one_more_chance_with_the_errors() {
    let desk = desk([
        Reply::text("{\"name\": \"Ada\"}"),
        Reply::text("{\"name\": \"Ada\", \"age\": 36}"),
    ])
    .await;
    let left = desk.run(&ASK).await;
    assert_eq!(
        (left.code, left.stdout.as_str()),
        (0, "{\"name\": \"Ada\", \"age\": 36}\n"),
        "{left:?}"
    );
    let messages = desk.endpoint.chats()[1].json["messages"].clone();
    let last = messages.as_array().unwrap().last().unwrap().to_string();
    assert!(last.contains("age") && last.contains("required"), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_fits_is_no_output() {
    let replies = || {
        [
            Reply::text("Ada, 36"),
            Reply::text("{\"name\": 1, \"age\": 36}"),
        ]
    };
    let asked = desk(replies()).await;
    let left = asked.run(&ASK).await;
    assert_eq!((left.code, left.stdout.as_str()), (1, ""), "{left:?}");
    for part in ["error:", "person.json", "/name", "hint:"] {
        assert!(left.stderr.contains(part), "{part}: {}", left.stderr);
    }
    assert_eq!(asked.endpoint.chats().len(), 2, "once more, and no more");

    let desk = desk(replies()).await;
    let left = desk
        .run(&["exec", "--json", "--schema", "person.json", "who?"])
        .await;
    let report: Value = serde_json::from_str(&left.stdout).unwrap();
    assert_eq!((left.code, &report["exit"]), (1, &json!(1)));
    assert_eq!(report["misfits"].as_array().unwrap().len(), 1, "{report}");
    let usage = report["usage"]["prompt_tokens"].as_u64().unwrap();
    assert!(usage > 0, "both turns are paid for: {report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_cannot_be_used_costs_no_token() {
    let desk = desk([]).await;
    desk.write("broken.json", "{");
    desk.write("far.json", r#"{"$ref": "http://127.0.0.1:9/x"}"#);
    for (file, code) in [("broken.json", 2), ("far.json", 2), ("none.json", 8)] {
        let left = desk.run(&["exec", "--schema", file, "who?"]).await;
        assert_eq!(left.code, code, "{file}: {left:?}");
        assert!(left.stderr.contains("hint:"), "{left:?}");
    }
    assert_eq!(desk.endpoint.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_sent_as_images() {
    let desk = Desk::new([Reply::text("a cat")]).await;
    std::fs::write(desk.work().join("a.png"), b"\x89PNG\r\n\x1a\n0123").unwrap();
    desk.write("b.png", "no image at all");
    let stdout = desk.stdout(&["exec", "-i", "a.png", "what is it?"]).await;
    assert_eq!(stdout, "a cat\n");
    let sent = desk.endpoint.chats()[0].json["messages"].to_string();
    assert!(
        sent.contains("data:image/png;base64,iVBORw0KGgow"),
        "{sent}"
    );
    for (file, code) in [("b.png", 2), ("none.png", 8)] {
        let left = desk.run(&["exec", "-i", file, "what?"]).await;
        assert_eq!(left.code, code, "{left:?}");
        assert!(left.stderr.contains("hint:"), "{left:?}");
    }
    assert_eq!(desk.endpoint.chats().len(), 1);
}
