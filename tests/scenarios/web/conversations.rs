//! Conversations over HTTP: made, opened, paged, changed, deleted.

use crate::support::endpoint::Reply;
use crate::support::scene::auto;
use crate::support::served::Served;
use serde_json::{Value, json};

/// A conversation with as many turns.
async fn talked(turns: usize) -> (Served, String) {
    let served = Served::new((0..turns).map(|n| Reply::text(&format!("Answer {n}.")))).await;
    let id = served.open().await;
    for n in 0..turns {
        served
            .scene
            .turn(
                id.parse().unwrap(),
                &format!("Question {n}"),
                auto(),
                |_| unreachable!(),
            )
            .await;
    }
    (served, id)
}

fn said(items: &Value) -> Vec<String> {
    let text = |item: &Value| match item["body"]["kind"].as_str().unwrap() {
        "user_message" => item["body"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned(),
        _ => item["body"]["text"].as_str().unwrap().to_owned(),
    };
    items.as_array().unwrap().iter().map(text).collect()
}

fn turns_of(items: &Value) -> Vec<Value> {
    let mut turns: Vec<Value> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["turn"].clone())
        .collect();
    turns.dedup();
    turns
}

fn ids(turns: &Value) -> Vec<Value> {
    turns
        .as_array()
        .unwrap()
        .iter()
        .map(|turn| turn["id"].clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_tells_everything_from_one_position_on() {
    let (served, id) = talked(3).await;
    let opened = served
        .get(&format!("/api/conversations/{id}/open?limit=4"))
        .await;
    assert_eq!(opened["conversation"]["id"], id);
    let entries = &opened["items"]["entries"];
    assert_eq!(
        said(entries),
        ["Question 1", "Answer 1.", "Question 2", "Answer 2."]
    );
    assert_eq!(ids(&opened["turns"]), turns_of(entries));
    assert_eq!(opened["queue"], json!([]));
    assert_eq!(opened["approvals"], json!([]));
    assert_eq!(opened["questions"], json!([]));
    assert_eq!(opened["canvases"], json!([]));
    let view = served.get(&format!("/api/conversations/{id}")).await;
    assert_eq!(opened["conversation"]["seq"], view["seq"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn items_are_paged_both_ways_with_their_turns() {
    let (served, id) = talked(4).await;
    let page = async |query: &str| {
        served
            .get(&format!("/api/conversations/{id}/items?limit=3{query}"))
            .await
    };
    let newest = page("").await;
    assert_eq!(
        said(&newest["entries"]),
        ["Answer 2.", "Question 3", "Answer 3."]
    );
    assert_eq!(ids(&newest["turns"]), turns_of(&newest["entries"]));
    assert_eq!(newest["after"], Value::Null);
    let older = page(&format!("&before={}", newest["before"].as_str().unwrap())).await;
    assert_eq!(
        said(&older["entries"]),
        ["Question 1", "Answer 1.", "Question 2"]
    );
    assert_eq!(ids(&older["turns"]), turns_of(&older["entries"]));
    let newer = page(&format!("&after={}", older["after"].as_str().unwrap())).await;
    assert_eq!(newer["entries"], newest["entries"]);
    let middle = older["entries"][1]["id"].as_str().unwrap();
    let around = page(&format!("&around={middle}")).await;
    assert!(
        said(&around["entries"]).contains(&"Answer 1.".to_owned()),
        "{around}"
    );
    let opened = served
        .get(&format!(
            "/api/conversations/{id}/open?limit=3&around={middle}"
        ))
        .await;
    assert_eq!(opened["items"]["entries"], around["entries"]);
}

#[tokio::test]
async fn a_conversation_is_changed_by_what_is_named_and_nothing_else() {
    let served = Served::new([]).await;
    let id = served.open().await;
    let folder = served
        .op("folder", json!({ "verb": "create", "name": "F" }))
        .await;
    let project = json!({ "verb": "create", "spec": { "name": "P" } });
    let project = served.op("project", project).await;
    let path = format!("/api/conversations/{id}");
    let patch = async |body: Value| {
        let answer = served.send("PATCH", &path, Some(body)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json().unwrap()
    };
    let view = patch(
        json!({ "title": "T", "add_tags": ["a", "b"], "folder": folder, "project": project }),
    )
    .await;
    assert_eq!(
        (&view["title"], &view["tags"]),
        (&json!("T"), &json!(["a", "b"]))
    );
    assert_eq!(
        (&view["folder"], &view["project"]),
        (&json!(folder), &json!(project))
    );
    let view = patch(json!({ "is_pinned": true, "remove_tags": ["a"] })).await;
    assert_eq!(
        (&view["is_pinned"], &view["tags"]),
        (&json!(true), &json!(["b"]))
    );
    assert_eq!(
        (&view["title"], &view["folder"]),
        (&json!("T"), &json!(folder))
    );
    let view = patch(json!({ "folder": null })).await;
    assert_eq!(
        (&view["folder"], &view["project"]),
        (&Value::Null, &json!(project))
    );
    let view = patch(json!({ "project": null })).await;
    assert_eq!(view["project"], Value::Null);
    assert_eq!(patch(json!({})).await, view);
    let unknown = served
        .send("PATCH", &path, Some(json!({ "colour": "red" })))
        .await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn what_is_made_is_told_back_and_what_is_deleted_is_gone() {
    let served = Served::new([]).await;
    let body = json!({ "title": "Mine", "model": "other" });
    let made = served.send("POST", "/api/conversations", Some(body)).await;
    assert_eq!(made.status, 201);
    let made = made.json().unwrap();
    assert_eq!(
        (&made["title"], &made["model"], &made["kind"]),
        (&json!("Mine"), &json!("other"), &json!("chat"))
    );
    assert_eq!(
        made["workspace"],
        served.scene.workspace().display().to_string()
    );
    let path = format!("/api/conversations/{}", made["id"].as_str().unwrap());
    assert_eq!(served.get(&path).await, made);
    let deleted = served.send("DELETE", &path, None).await;
    assert_eq!(deleted.status, 202, "{deleted:?}");
    assert!(deleted.json().unwrap()["op"].is_string());
    assert_eq!(served.send("GET", &path, None).await.status, 404);
    let missing = served.scene.workspace().join("nowhere");
    for (nowhere, status) in [(json!(missing), 404), (json!("/nowhere/at/all"), 403)] {
        let new = json!({ "workspace": nowhere });
        let answer = served.send("POST", "/api/conversations", Some(new)).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[tokio::test]
async fn notes_have_words_and_versions() {
    let served = Served::new([]).await;
    let note = json!({ "kind": "note", "title": "N", "body": "One" });
    let id = served.post("/api/conversations", note).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let write = json!({ "verb": "write", "conversation": id, "base_version": 1, "body": "Two" });
    served.op("text", write.clone()).await;
    assert_eq!(
        served.get(&format!("/api/conversations/{id}/text")).await["body"],
        "Two"
    );
    assert_eq!(
        served
            .get(&format!("/api/conversations/{id}/text?version=1"))
            .await["body"],
        "One"
    );
    let versions = served
        .get(&format!("/api/conversations/{id}/text/versions"))
        .await;
    assert_eq!(versions.as_array().unwrap().len(), 2);
    // Somebody else has written since.
    let late = served
        .send(
            "POST",
            "/api/ops",
            Some(json!({ "noun": "text", "op": {
        "verb": "write", "conversation": id, "base_version": 1, "body": "Other",
    } })),
        )
        .await;
    assert_eq!(
        (late.status, &late.json().unwrap()["code"]),
        (409, &json!("conflict"))
    );
    let open = served
        .send("GET", &format!("/api/conversations/{id}/open"), None)
        .await;
    assert_eq!(
        (open.status, &open.json().unwrap()["code"]),
        (409, &json!("conflict"))
    );
}
