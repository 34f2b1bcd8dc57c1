//! Files over HTTP: components that are sent, conversations that are saved.

use crate::support::endpoint::Reply;
use crate::support::http::Answer;
use crate::support::scene::auto;
use crate::support::served::Served;
use crate::support::toolset::Toolset;
use serde_json::{Value, json};

/// Sends a component.
async fn upload(served: &Served, query: &str, bytes: &[u8]) -> Answer {
    let more = format!(
        "content-type: application/wasm\r\ncontent-length: {}\r\nconnection: close\r\n",
        bytes.len()
    );
    let head = served
        .browser
        .head("POST", &format!("/api/modules/upload?{query}"), &more);
    served
        .browser
        .raw(&[head.as_bytes(), bytes].concat())
        .await
        .unwrap()
}

async fn modules(served: &Served) -> Vec<Value> {
    let all = served.get("/api/modules").await;
    let own = all
        .as_array()
        .unwrap()
        .iter()
        .filter(|module| module["origin"] == "user");
    own.cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_is_sent_is_installed_and_granted_nothing() {
    let served = Served::new([]).await;
    let mut events = served.browser.events(&["host"]).await.unwrap();
    events.next().await.unwrap();
    let bytes = Toolset::new("greet", "Hello.").reading_files().build();
    let sent = upload(&served, "name=greeter.wasm", &bytes).await;
    assert_eq!(sent.status, 202, "{sent:?}");
    let told = sent.json().unwrap();
    assert_eq!(told["module"], "greeter");
    loop {
        let frame = events.next().await.unwrap().unwrap();
        let signals = frame.data["signals"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let is_it = |signal: &Value| {
            signal["envelope"]["cause"] == told["op"]
                && signal["envelope"]["event"]["noun"] == "module"
        };
        if signals.iter().any(is_it) {
            break;
        }
    }
    let modules = modules(&served).await;
    assert_eq!(modules.len(), 1);
    assert_eq!(
        (&modules[0]["id"], &modules[0]["granted"]),
        (&json!("greeter"), &json!([]))
    );
    assert_eq!(modules[0]["requested"], json!(["files_read"]));
    // Another of that name only where somebody says so.
    let other = Toolset::new("greet", "Hi.").build();
    let refused = upload(&served, "name=greeter", &other).await;
    assert!((400..500).contains(&refused.status), "{refused:?}");
    let replaced = upload(&served, "name=greeter&replace=true", &other).await;
    assert_eq!(replaced.status, 202, "{replaced:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_component_is_refused_before_it_is_kept() {
    let served = Served::new([]).await;
    let rows: [(&str, &[u8], &str); 4] = [
        (
            "name=x",
            b"\0asm\x01\0\0\0 a core module",
            "the file is a WebAssembly module, and no component",
        ),
        (
            "name=x",
            b"#!/bin/sh\necho hello\n",
            "the file is no WebAssembly component",
        ),
        ("name=x", b"", "the file is no WebAssembly component"),
        (
            "name=..%2f..%2fx",
            b"\0asm\x0d\0\x01\0",
            "that is no name for a module",
        ),
    ];
    for (query, bytes, message) in rows {
        let answer = upload(&served, query, bytes).await;
        let told = answer.json().unwrap();
        assert_eq!(
            (answer.status, &told["message"]),
            (400, &json!(message)),
            "{query}: {told}"
        );
        assert!(told["hint"].is_string(), "{told}");
    }
    // One that begins right and goes on wrong is refused, or fails and says so; it is never called.
    let broken = upload(
        &served,
        "name=broken",
        b"\0asm\x0d\0\x01\0 and then nonsense",
    )
    .await;
    assert!(broken.status < 500, "{broken:?}");
    assert!(
        modules(&served)
            .await
            .iter()
            .all(|module| module["tools"] == json!([]))
    );
    let large = format!(
        "content-type: application/wasm\r\ncontent-length: {}\r\nconnection: close\r\n",
        65 * 1024 * 1024
    );
    let head = served
        .browser
        .head("POST", "/api/modules/upload?name=x", &large);
    let refused = served.browser.raw(head.as_bytes()).await.unwrap();
    assert_eq!(refused.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_saved_as_a_file_with_a_plain_name() {
    let served = Served::new([Reply::text("Because \u{1b}[31mso.")]).await;
    let body = json!({ "title": "../../Why\"; x=\r\n? 世界" });
    let id = served.post("/api/conversations", body).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    served
        .scene
        .turn(id.parse().unwrap(), "Why?", auto(), |_| unreachable!())
        .await;
    let saved = served
        .send("GET", &format!("/api/conversations/{id}/export"), None)
        .await;
    assert_eq!(saved.status, 200, "{saved:?}");
    assert_eq!(
        saved.header("content-type"),
        Some("text/markdown; charset=utf-8")
    );
    let disposition = saved.header("content-disposition").unwrap();
    assert!(
        disposition.starts_with("attachment; filename=\"why-x-"),
        "{disposition}"
    );
    assert!(
        !disposition.contains(['/', '\\', '\r', '\n']),
        "{disposition}"
    );
    let text = String::from_utf8(saved.body).unwrap();
    assert!(
        text.contains("## You\n\nWhy?\n\n## Anteroom\n\nBecause [31mso."),
        "{text}"
    );
    let saved = served
        .send(
            "GET",
            &format!("/api/conversations/{id}/export?format=json"),
            None,
        )
        .await;
    assert_eq!(saved.header("content-type"), Some("application/json"));
    let told = saved.json().unwrap();
    let items = served.get(&format!("/api/conversations/{id}/items")).await;
    assert_eq!(told["items"], items["entries"]);
    assert_eq!(told["conversation"]["id"], id);
    let other = served
        .send(
            "GET",
            &format!("/api/conversations/{id}/export?format=exe"),
            None,
        )
        .await;
    assert_eq!(other.status, 400);
}

#[tokio::test]
async fn a_note_is_saved_as_what_it_says() {
    let served = Served::new([]).await;
    let note = json!({ "kind": "note", "title": "Ants", "body": "# Ants\n\nSix legs." });
    let id = served.post("/api/conversations", note).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let saved = served
        .send("GET", &format!("/api/conversations/{id}/export"), None)
        .await;
    assert_eq!(
        String::from_utf8(saved.body).unwrap(),
        "# Ants\n\nSix legs.\n"
    );
}
