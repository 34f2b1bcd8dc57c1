//! Canvases over HTTP, and the one document of ours that strangers wrote.

use crate::support::endpoint::Reply;
use crate::support::scene::auto;
use crate::support::served::Served;
use serde_json::{Value, json};

const SANDBOX: &str =
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'";

/// A conversation with a canvas; its path under `/api`.
async fn canvas(language: &str, content: &str) -> (Served, String) {
    let served = Served::new([
        Reply::call(
            "create_canvas",
            json!({ "title": "C", "content": content, "kind": language }),
        ),
        Reply::text("There."),
    ])
    .await;
    let id = served.open().await;
    served
        .scene
        .turn(id.parse().unwrap(), "Make it", auto(), |_| unreachable!())
        .await;
    let canvases = served
        .get(&format!("/api/conversations/{id}/canvases"))
        .await;
    assert_eq!(canvases[0]["kind"], language, "{canvases}");
    let path = format!(
        "/api/conversations/{id}/canvases/{}",
        canvases[0]["id"].as_str().unwrap()
    );
    (served, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_is_shown_once_and_can_do_nothing() {
    let hostile = "<script>parent.document.title = 'x'</script><h1>Hello</h1>";
    let (served, path) = canvas("html", hostile).await;
    let made = served
        .send("POST", &format!("{path}/preview"), Some(json!({})))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let ticket = made.json().unwrap()["path"].as_str().unwrap().to_owned();
    assert!(ticket.starts_with("/preview/"), "{ticket}");
    // A frame shows no secret of its tab, and needs none.
    let host = &served.browser.host;
    let request = format!(
        "GET {ticket} HTTP/1.1\r\nhost: {host}\r\nsec-fetch-site: same-origin\r\nsec-fetch-dest: iframe\r\n\
         sec-fetch-mode: navigate\r\nconnection: close\r\n\r\n"
    );
    let shown = served.browser.raw(request.as_bytes()).await.unwrap();
    assert_eq!(shown.status, 200, "{shown:?}");
    assert_eq!(String::from_utf8(shown.body.clone()).unwrap(), hostile);
    assert_eq!(shown.header("content-security-policy"), Some(SANDBOX));
    assert_eq!(
        shown.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    assert_eq!(shown.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(shown.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(shown.header("set-cookie"), None);
    let again = served.browser.raw(request.as_bytes()).await.unwrap();
    assert_eq!(again.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_is_no_page_of_its_own() {
    let (served, path) = canvas("svg", "<svg xmlns='http://www.w3.org/2000/svg'/>").await;
    let ticket = served
        .post(&format!("{path}/preview"), json!({ "version": 1 }))
        .await["path"]
        .as_str()
        .unwrap()
        .to_owned();
    for destination in ["document", "script", "empty", "object", "embed"] {
        let answer = served
            .asked(&ticket, &format!("sec-fetch-dest: {destination}\r\n"))
            .await;
        assert_eq!(answer.status, 404, "{destination}");
    }
    // That used nothing up.
    let shown = served.asked(&ticket, "sec-fetch-dest: iframe\r\n").await;
    assert_eq!(
        (shown.status, shown.header("content-type")),
        (200, Some("image/svg+xml; charset=utf-8"))
    );
    for guess in [
        "/preview/",
        "/preview/AAAA",
        "/preview/..%2f..%2fapi%2ftags",
    ] {
        let answer = served.asked(guess, "sec-fetch-dest: iframe\r\n").await;
        assert_eq!(answer.status, 404, "{guess}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_there_and_can_be_shown_has_a_preview() {
    let (served, path) = canvas("markdown", "# x").await;
    let asked = async |body: Value| {
        let answer = served
            .send("POST", &format!("{path}/preview"), Some(body))
            .await;
        (answer.status, answer.json().unwrap()["code"].clone())
    };
    assert_eq!(asked(json!({})).await, (400, json!("invalid_input")));
    assert_eq!(
        asked(json!({ "version": 7 })).await,
        (404, json!("not_found"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canvas_is_changed_by_hand_on_top_of_what_was_seen() {
    let (served, path) = canvas("markdown", "one\n").await;
    let canvas = served.get(&format!("{path}/versions")).await[0].clone();
    let write = |base: u32, body: &str| {
        json!({ "noun": "canvas", "op": {
            "verb": "write", "conversation": canvas["conversation"], "canvas": canvas["id"],
            "base_version": base, "body": body,
        } })
    };
    served.post("/api/ops", write(1, "two\n")).await;
    let late = served
        .send("POST", "/api/ops", Some(write(1, "three\n")))
        .await;
    assert_eq!(
        (late.status, &late.json().unwrap()["code"]),
        (409, &json!("conflict"))
    );
    let versions = served.get(&format!("{path}/versions")).await;
    assert_eq!(versions.as_array().unwrap().len(), 2);
    let diff = served.get(&format!("{path}/diff?from=1&to=2")).await;
    assert_eq!((&diff["added"], &diff["removed"]), (&json!(1), &json!(1)));
    let missing = served
        .send("GET", &format!("{path}/diff?from=1&to=9"), None)
        .await;
    assert_eq!(missing.status, 404);
}
