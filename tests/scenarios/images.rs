//! Images: from people and from tools, to models that see and to models that do not.

use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, auto};
use anteroom_api::{Content, Delta, ItemBody, Origin, Phase, StopReason, TurnOp};
use serde_json::{Value, json};

/// The head of a PNG file: enough to be told by.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

fn messages(request: &Value) -> Vec<Value> {
    request["messages"].as_array().unwrap().clone()
}

fn refusal() -> Reply {
    let message = "Invalid content type. image_url is only supported by certain models.";
    Reply::json(400, &json!({ "error": { "message": message } }))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_a_tool_returns_follows_its_result() {
    let mut scene = Scene::new([
        Reply::stream()
            .and_call("read_file", json!({ "path": "dot.png" }))
            .and_call("glob_files", json!({ "pattern": "*" })),
        Reply::text("a dot"),
        Reply::text("still a dot"),
    ])
    .await;
    std::fs::write(scene.workspace().join("dot.png"), PNG).unwrap();
    let told = scene.run("what is it?").await;
    assert_eq!(told.stop(), StopReason::EndTurn);
    let sent = messages(&scene.endpoint.chats()[1].json);
    let roles: Vec<&str> = sent
        .iter()
        .map(|message| message["role"].as_str().unwrap())
        .collect();
    assert_eq!(
        roles,
        ["system", "user", "assistant", "tool", "tool", "user"]
    );
    let parts = sent[5]["content"].as_array().unwrap();
    let label = parts[0]["text"].as_str().unwrap();
    assert!(label.contains("read_file"), "{label}");
    let url = parts[1]["image_url"]["url"].as_str().unwrap();
    assert!(
        url.starts_with("data:image/png;base64,iVBORw0KGgo"),
        "{url}"
    );
    // Another process sends the same.
    scene.stop().await;
    scene.start(&[]).await;
    scene
        .turn(told.conversation, "sure?", auto(), |_| unreachable!())
        .await;
    let again = messages(&scene.endpoint.chats()[2].json);
    assert_eq!(again[..sent.len()], sent[..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_takes_no_images_is_asked_without_and_the_person_is_told() {
    let scene = Scene::new([
        refusal(),
        Reply::text("I cannot see it"),
        Reply::text("as I said"),
    ])
    .await;
    let conversation = scene.open().await;
    let watch = scene.watch(conversation).await;
    let start = TurnOp::Start {
        conversation,
        input: vec![
            Content::text("look"),
            Content::Image {
                media_type: "image/png".into(),
                data: "iVBORw0KGgo=".into(),
            },
        ],
        options: auto(),
    };
    let turn = scene.handle().submit(start).await.unwrap().into();
    let told = watch.until_end(turn, &|_| unreachable!()).await;
    assert_eq!(
        (told.stop(), told.answer().as_str()),
        (StopReason::EndTurn, "I cannot see it")
    );
    let notices: Vec<String> = told
        .items()
        .into_iter()
        .filter_map(|item| match (item.origin, item.body) {
            (Origin::Host, ItemBody::AgentMessage { text }) => Some(text),
            _ => None,
        })
        .collect();
    assert!(
        notices.len() == 1 && notices[0].contains("takes no images"),
        "{notices:?}"
    );
    let is_retry = |delta: &Delta| {
        matches!(
            delta,
            Delta::Phase {
                phase: Phase::Retrying { .. },
                ..
            }
        )
    };
    assert!(told.deltas.iter().any(is_retry));
    // From now on they are left out at once, and nobody is told again.
    let next = scene
        .turn(conversation, "really?", auto(), |_| unreachable!())
        .await;
    assert_eq!(next.answer(), "as I said");
    let chats = scene.endpoint.chats();
    assert_eq!(chats.len(), 3);
    assert!(chats[0].json.to_string().contains("iVBORw0KGgo="));
    for chat in &chats[1..] {
        let body = chat.json.to_string();
        assert!(
            !body.contains("iVBORw0KGgo=") && body.contains("left out"),
            "{body}"
        );
    }
    assert!(!next.items().iter().any(|item| item.origin == Origin::Host));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_another_reason_is_a_failure_as_ever() {
    let scene = Scene::new([Reply::json(400, &json!({ "error": { "message": "bad" } }))]).await;
    std::fs::write(scene.workspace().join("dot.png"), PNG).unwrap();
    let told = scene.run("x").await;
    assert!(matches!(told.stop(), StopReason::Failed { .. }));
    assert_eq!(scene.endpoint.chats().len(), 1);
}
