//! The routes that programs written for the original know.

use crate::support::endpoint::{Gate, Reply};
use crate::support::served::Served;
use serde_json::{Value, json};

/// The events of a whole answer: name and data.
fn events(body: &[u8]) -> Vec<(String, Value)> {
    let text = String::from_utf8(body.to_vec()).unwrap();
    let frames = text
        .split_terminator("\n\n")
        .filter(|frame| !frame.starts_with(':'));
    frames
        .map(|frame| {
            let (name, data) = frame
                .strip_prefix("event: ")
                .unwrap()
                .split_once("\ndata: ")
                .unwrap();
            (name.to_owned(), serde_json::from_str(data).unwrap())
        })
        .collect()
}

fn of<'a>(events: &'a [(String, Value)], name: &str) -> Vec<&'a Value> {
    events
        .iter()
        .filter(|(known, _)| known == name)
        .map(|(_, data)| data)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_in_one_request() {
    let served = Served::new([
        Reply::call("read_file", json!({ "path": "a.txt" })),
        Reply::text("It says hällo."),
    ])
    .await;
    served.scene.write("a.txt", "hello");
    let id = served.open().await;
    let said = json!({ "message": "What does it say?" });
    let answer = served
        .send("POST", &format!("/api/conversations/{id}/chat"), Some(said))
        .await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let events = events(&answer.body);
    let words: String = of(&events, "token")
        .iter()
        .map(|data| data["content"].as_str().unwrap())
        .collect();
    assert_eq!(words, "It says hällo.");
    let begun = of(&events, "tool_call_start");
    assert_eq!(
        (
            begun.len(),
            &begun[0]["tool_name"],
            &begun[0]["input"]["path"]
        ),
        (1, &json!("read_file"), &json!("a.txt"))
    );
    let ended = of(&events, "tool_call_end");
    assert_eq!(
        (ended.len(), &ended[0]["status"], &ended[0]["id"]),
        (1, &json!("success"), &begun[0]["id"])
    );
    assert!(!of(&events, "thinking").is_empty());
    let (last, done) = events.last().unwrap();
    assert_eq!(
        (last.as_str(), &done["stop"]["reason"]),
        ("done", &json!("end_turn"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_asked_for_and_answered_under_the_old_name() {
    let served = Served::new([
        Reply::call("write_file", json!({ "path": "a.txt", "content": "x" })),
        Reply::text("Done."),
    ])
    .await;
    let id = served.open().await;
    let browser = served.browser.clone();
    let path = format!("/api/conversations/{id}/chat");
    let asking = tokio::spawn(async move {
        browser
            .send("POST", &path, Some(&json!({ "message": "Write" })))
            .await
            .unwrap()
    });
    let approval = loop {
        let open = served.get("/api/approvals").await;
        if open[0].is_object() {
            break open[0]["approval"].clone();
        }
        tokio::task::yield_now().await;
    };
    let path = format!(
        "/api/approvals/{}/respond",
        approval["id"].as_str().unwrap()
    );
    // An answer to something else than what was shown is none, and one without what was shown neither.
    let blind = served
        .send("POST", &path, Some(json!({ "approved": true })))
        .await;
    assert_eq!(blind.status, 400);
    let other = served
        .send(
            "POST",
            &path,
            Some(json!({ "approved": true, "digest": "0".repeat(64) })),
        )
        .await;
    assert!((400..500).contains(&other.status), "{other:?}");
    assert!(!served.scene.has("a.txt"));
    let yes = json!({ "approved": true, "scope": "once", "digest": approval["digest"] });
    assert_eq!(
        served.post(&path, yes).await,
        json!({ "status": "ok", "approved": true, "scope": "once" })
    );
    let answer = asking.await.unwrap();
    let events = events(&answer.body);
    let required = of(&events, "approval_required");
    assert_eq!(
        (required.len(), &required[0]["approval_id"]),
        (1, &approval["id"])
    );
    assert_eq!(of(&events, "tool_call_end")[0]["status"], "success");
    assert_eq!(served.scene.read("a.txt"), "x");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_question_waits_and_says_so() {
    let gate = Gate::new();
    let served = Served::new([
        Reply::stream().say("First").wait(&gate).say(" done."),
        Reply::text("Second done."),
    ])
    .await;
    let id = served.open().await;
    let path = format!("/api/conversations/{id}/chat");
    let (browser, first) = (served.browser.clone(), path.clone());
    let asking = tokio::spawn(async move {
        browser
            .send("POST", &first, Some(&json!({ "message": "One" })))
            .await
            .unwrap()
    });
    while served.get(&format!("/api/conversations/{id}")).await["running"].is_null() {
        tokio::task::yield_now().await;
    }
    let second = served
        .send("POST", &path, Some(json!({ "message": "Two" })))
        .await;
    assert_eq!(second.header("content-type"), Some("application/json"));
    let queued = second.json().unwrap();
    assert_eq!(
        (&queued["status"], &queued["position"]),
        (&json!("queued"), &json!(1))
    );
    gate.open();
    let events = events(&asking.await.unwrap().body);
    let words: String = of(&events, "token")
        .iter()
        .map(|data| data["content"].as_str().unwrap())
        .collect();
    // Only its own turn is told.
    assert_eq!(words, "First done.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_says_what_to_do_and_ends_the_answer() {
    let served = Served::new([Reply::error(401, "no such key")]).await;
    let id = served.open().await;
    let said = json!({ "message": "Hello?" });
    let answer = served
        .send("POST", &format!("/api/conversations/{id}/chat"), Some(said))
        .await;
    let events = events(&answer.body);
    let error = of(&events, "error");
    assert_eq!(
        (error.len(), &error[0]["code"]),
        (1, &json!("endpoint_auth"))
    );
    assert!(error[0]["hint"].is_string(), "{error:?}");
    assert_eq!(events.last().unwrap().0, "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canvas_is_told_as_it_is_saved() {
    let served = Served::new([
        Reply::call(
            "create_canvas",
            json!({ "title": "Plan", "content": "# Plan" }),
        ),
        Reply::text("There."),
    ])
    .await;
    let id = served.open().await;
    let said = json!({ "message": "Plan it" });
    let answer = served
        .send("POST", &format!("/api/conversations/{id}/chat"), Some(said))
        .await;
    let events = events(&answer.body);
    let created = of(&events, "canvas_created");
    assert_eq!(
        (created.len(), &created[0]["title"], &created[0]["content"]),
        (1, &json!("Plan"), &json!("# Plan"))
    );
}
