//! Wishes and facts over HTTP: what a page may ask, and a stream that can be cut.

use crate::support::endpoint::Reply;
use crate::support::http::{Browser, Events, Frame};
use crate::support::scene::{PATIENCE, Scene, attended};
use crate::support::served::Served;
use anteroom_api::{Decision, Scope};
use serde_json::{Value, json};
use tokio::time::timeout;

async fn next(events: &mut Events) -> Frame {
    events.next().await.unwrap().expect("the stream has ended")
}

/// Reads until a signal fits; gives all that were told.
async fn until(events: &mut Events, fits: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut told = Vec::new();
    loop {
        let frame = next(events).await;
        if frame.event != "signals" {
            continue;
        }
        let signals = frame.data["signals"].as_array().unwrap();
        told.extend(signals.iter().cloned());
        if signals.iter().any(&fits) {
            return told;
        }
    }
}

fn is(signal: &Value, noun: &str, verb: &str) -> bool {
    let event = &signal["envelope"]["event"];
    event["noun"] == noun && event["event"]["verb"] == verb
}

fn start(conversation: &str, text: &str) -> Value {
    json!({
        "verb": "start", "conversation": conversation, "input": [{ "type": "text", "text": text }],
        "options": { "is_attended": true },
    })
}

#[tokio::test]
async fn a_wish_is_taken_and_what_comes_of_it_is_told() {
    let served = Served::new([Reply::text("Good morning.")]).await;
    let conversation = served.open().await;
    let mut events = served
        .browser
        .events(&["host", &format!("conversation:{conversation}")])
        .await
        .unwrap();
    let ready = next(&mut events).await;
    assert_eq!(ready.event, "ready");
    assert_eq!(ready.data["follow"][0]["topic"], "host");
    assert_eq!(ready.data["follow"][1]["seq"], 1);
    let turn = served.op("turn", start(&conversation, "Hello")).await;
    let told = until(&mut events, |signal| is(signal, "turn", "ended")).await;
    let started = told
        .iter()
        .find(|signal| is(signal, "turn", "started"))
        .unwrap();
    assert_eq!(started["envelope"]["event"]["event"]["turn"], turn);
    assert_eq!(started["envelope"]["cause"], turn);
    let words: String = told
        .iter()
        .filter(|signal| signal["delta"]["delta"] == "text")
        .filter_map(|signal| signal["delta"]["text"].as_str())
        .collect();
    assert_eq!(words, "Good morning.");
}

#[tokio::test]
async fn an_approval_is_answered_by_the_web_whatever_a_page_says() {
    let served = Served::new([
        Reply::call("write_file", json!({ "path": "a.txt", "content": "x" })),
        Reply::text("Written."),
    ])
    .await;
    let conversation = served.open().await;
    let topic = format!("conversation:{conversation}@0");
    let mut events = served.browser.events(&[&topic]).await.unwrap();
    served.op("turn", start(&conversation, "Write")).await;
    let told = until(&mut events, |signal| is(signal, "approval", "requested")).await;
    let asked = told
        .iter()
        .find(|signal| is(signal, "approval", "requested"))
        .unwrap();
    let approval = &asked["envelope"]["event"]["event"]["approval"];
    let open = served.get("/api/approvals").await;
    assert_eq!(open[0]["approval"]["id"], approval["id"]);
    let decide = json!({
        "verb": "decide", "approval": approval["id"], "digest": approval["digest"],
        "decision": { "decision": "allow", "scope": "once" }, "by": "policy",
    });
    served.op("approval", decide).await;
    let told = until(&mut events, |signal| is(signal, "approval", "resolved")).await;
    let resolved = told
        .iter()
        .find(|signal| is(signal, "approval", "resolved"))
        .unwrap();
    assert_eq!(resolved["envelope"]["event"]["event"]["by"], "web");
    until(&mut events, |signal| is(signal, "turn", "ended")).await;
    assert_eq!(served.scene.read("a.txt"), "x");
}

#[tokio::test]
async fn what_belongs_to_the_listener_is_no_wish_of_a_page() {
    let served = Served::new([]).await;
    let hash = "0".repeat(64);
    let before = served.get("/api/sessions").await;
    let refused = [
        ("session", json!({ "verb": "invite", "hash": hash })),
        (
            "session",
            json!({
                "verb": "open", "way": { "way": "launch", "hash": hash }, "cookie_hash": hash, "tab_hash": hash,
            }),
        ),
        (
            "session",
            json!({ "verb": "tab", "session": before[0]["id"], "tab_hash": hash }),
        ),
        (
            "server",
            json!({ "verb": "announce", "url": "http://elsewhere.example/" }),
        ),
    ];
    for (noun, op) in refused {
        let answer = served
            .send("POST", "/api/ops", Some(json!({ "noun": noun, "op": op })))
            .await;
        assert_eq!(answer.status, 403, "{op}: {answer:?}");
        assert_eq!(answer.json().unwrap()["code"], "denied");
    }
    assert_eq!(served.get("/api/servers").await, json!([]));
    assert_eq!(
        served.get("/api/sessions").await.as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn a_key_goes_to_the_server_it_was_given_for() {
    let served = Served::new([]).await;
    let setting = |verb: &str, key: &str, value: Value| {
        let op = json!({ "verb": verb, "key": key, "value": value });
        json!({ "noun": "setting", "op": op })
    };
    let change = |key: &'static str, value: &str| {
        let body = setting("change", key, value.into());
        let browser = served.browser.clone();
        async move { browser.send("POST", "/api/ops", Some(&body)).await.unwrap() }
    };
    assert_eq!(change("ai.api_key", "sk-of-the-first").await.status, 202);
    let refused = change("ai.base_url", "http://127.0.0.1:9/v1").await;
    assert_eq!(refused.status, 409);
    let words = refused.json().unwrap();
    assert!(
        words["hint"].as_str().unwrap().contains("ai.api_key"),
        "{words}"
    );
    // Without a key there is nothing to be sent.
    let reset = setting("reset", "ai.api_key", Value::Null);
    served.browser.post("/api/ops", &reset).await.unwrap();
    assert_eq!(
        change("ai.base_url", "http://127.0.0.1:9/v1").await.status,
        202
    );
}

#[tokio::test]
async fn images_of_a_message_are_what_they_are_said_to_be() {
    let served = Served::new([Reply::text("A picture.")]).await;
    let conversation = served.open().await;
    let image = |media: &str, data: &str| {
        json!({ "noun": "turn", "op": {
            "verb": "start", "conversation": conversation,
            "input": [{ "type": "text", "text": "Look" }, { "type": "image", "media_type": media, "data": data }],
        } })
    };
    // The beginning of a PNG, and of a page.
    let (png, html) = (
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
        "PGh0bWw+PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pjwv",
    );
    for (media, data, error) in [
        (
            "image/png",
            html,
            "what is said to be image/png is no image",
        ),
        (
            "image/jpeg",
            png,
            "the image is said to be image/jpeg, and is image/png",
        ),
        (
            "image/svg+xml",
            png,
            "`image/svg+xml` is no image that can be sent",
        ),
        ("image/png", "%%%%", "the image is not base64"),
    ] {
        let answer = served
            .send("POST", "/api/ops", Some(image(media, data)))
            .await;
        let body = answer.json().unwrap();
        assert_eq!(
            (answer.status, &body["message"]),
            (400, &json!(error)),
            "{body}"
        );
        assert_eq!(
            (&body["field"], &body["code"]),
            (&json!("input[1]"), &json!("invalid_input"))
        );
        assert!(body["hint"].is_string(), "{body}");
    }
    assert_eq!(
        served
            .get(&format!("/api/conversations/{conversation}/items"))
            .await["entries"],
        json!([])
    );
    served.post("/api/ops", image("image/png", png)).await;
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused_with_words() {
    let served = Served::new([]).await;
    let mut many = String::new();
    for n in 0..65 {
        many.push_str(&format!(
            "&follow=conversation:018f0000-0000-7000-8000-0000000000{n:02}"
        ));
    }
    for (query, status, field) in [
        ("", 400, "follow"),
        ("?follow=", 400, "follow"),
        ("?follow=everything", 400, "follow"),
        ("?follow=host@x", 400, "follow"),
        ("?after=host", 400, "after"),
        (&format!("?{}", &many[1..]), 409, "follow"),
    ] {
        let answer = served
            .send("GET", &format!("/api/events{query}"), None)
            .await;
        let body = answer.json().unwrap();
        assert_eq!(
            (answer.status, &body["field"]),
            (status, &json!(field)),
            "{query}: {body}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_over_http_is_what_is_told_in_process() {
    let served = Served::new([
        Reply::call("write_file", json!({ "path": "a.txt", "content": "x" })),
        Reply::reasoning("Hm.", "Written."),
    ])
    .await;
    let conversation = served.open().await;
    let topic = format!("conversation:{conversation}@1");
    let mut events = served.browser.events(&[&topic]).await.unwrap();
    let told = served
        .scene
        .turn(conversation.parse().unwrap(), "Write", attended(), |_| {
            Decision::Allow { scope: Scope::Once }
        });
    let here: Vec<Value> = told
        .await
        .events
        .iter()
        .map(|envelope| serde_json::to_value(envelope).unwrap())
        .collect();
    let there = until(&mut events, |signal| is(signal, "turn", "ended")).await;
    let there = there.iter().map(|signal| &signal["envelope"]);
    let there: Vec<Value> = there
        .filter(|envelope| !envelope.is_null())
        .cloned()
        .collect();
    assert!(here.len() > 8, "{here:?}");
    assert_eq!(there, here);
}

/// A page that keeps its place.
struct Reader {
    browser: Browser,
    topic: String,
    seen: u64,
    events: Events,
}

impl Reader {
    async fn new(browser: Browser, topic: String, seen: u64) -> Self {
        let events = browser.events(&[&format!("{topic}@{seen}")]).await.unwrap();
        Self {
            browser,
            topic,
            seen,
            events,
        }
    }

    async fn cut(self) -> Self {
        Self::new(self.browser, self.topic, self.seen).await
    }

    /// Reads one frame; whether a turn ended in it.
    async fn read(&mut self) -> bool {
        let frame = next(&mut self.events).await;
        let mut has_ended = false;
        for signal in frame.data["signals"].as_array().into_iter().flatten() {
            if let Some(seq) = signal["envelope"]["seq"].as_u64() {
                assert_eq!(seq, self.seen + 1, "a gap, or told twice");
                self.seen = seq;
            }
            has_ended |= is(signal, "turn", "ended");
        }
        has_ended
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_goes_on_where_it_was() {
    let words = "many words ".repeat(40);
    let served = Served::new((0..4).map(|_| Reply::text(&words))).await;
    let conversation = served.open().await;
    let topic = format!("conversation:{conversation}");
    let mut reader = Reader::new(served.browser.clone(), topic, 0).await;
    for turn in 0..4 {
        served.op("turn", start(&conversation, "More")).await;
        let mut reads = 0;
        while !reader.read().await {
            reads += 1;
            // Each turn is cut at other places.
            if reads % (turn + 2) == 0 {
                reader = reader.cut().await;
            }
        }
    }
    let view = served
        .get(&format!("/api/conversations/{conversation}"))
        .await;
    assert_eq!(view["seq"], reader.seen);
}

#[tokio::test]
async fn the_end_of_the_server_ends_streams_in_order() {
    let served = Served::new([]).await;
    let mut events = served.browser.events(&["host"]).await.unwrap();
    assert_eq!(next(&mut events).await.event, "ready");
    let reader = tokio::spawn(async move {
        let mut names = Vec::new();
        while let Some(frame) = events.next().await.unwrap() {
            names.push(frame.event);
        }
        names
    });
    let scene = timeout(PATIENCE, served.stop()).await.unwrap();
    assert_eq!(
        reader.await.unwrap().last().map(String::as_str),
        Some("stopping")
    );
    // Only the listener is gone.
    scene.open().await;
}

#[tokio::test]
async fn a_stream_ends_with_the_session_it_belongs_to() {
    let served = Served::new([]).await;
    let other = served.another().await;
    let mut events = other.events(&["host"]).await.unwrap();
    assert_eq!(next(&mut events).await.event, "ready");
    let sessions = served.get("/api/sessions").await;
    let all = sessions.as_array().unwrap();
    assert_eq!(all.len(), 2, "{sessions}");
    let mine = served
        .browser
        .send("DELETE", "/api/session", None)
        .await
        .unwrap();
    assert!(mine.status < 300, "{mine:?}");
    assert_eq!(
        other
            .get("/api/sessions")
            .await
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let ended = other.send("DELETE", "/api/session", None).await.unwrap();
    assert!(ended.status < 300, "{ended:?}");
    let end = async { while let Ok(Some(_)) = events.next().await {} };
    timeout(PATIENCE, end).await.unwrap();
    assert_eq!(
        other.send("GET", "/api/tags", None).await.unwrap().status,
        401
    );
}

#[tokio::test]
async fn many_readers_are_told_the_same() {
    let served = Served::new([Reply::text("To all of you.")]).await;
    let conversation = served.open().await;
    let topic = format!("conversation:{conversation}@0");
    let mut readers = Vec::new();
    for _ in 0..40 {
        readers.push(served.browser.events(&[&topic]).await.unwrap());
    }
    served.op("turn", start(&conversation, "Hello")).await;
    let mut told = Vec::new();
    for events in &mut readers {
        let signals = until(events, |signal| is(signal, "turn", "ended")).await;
        let seqs = signals
            .iter()
            .filter_map(|signal| signal["envelope"]["seq"].as_u64());
        told.push(seqs.collect::<Vec<_>>());
    }
    assert_eq!(told[0], (1..=told[0].len() as u64).collect::<Vec<_>>());
    assert!(told.iter().all(|seqs| *seqs == told[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_nothing_holds_nobody_up() {
    // More than the system keeps for a connection.
    let piece = "x".repeat(200_000);
    let reply = || Reply::stream().tokens([piece.as_str(); 5]);
    let replies = (0..8).map(|_| reply());
    let scene = Scene::with_settings(replies, &[("cli.auto_compact", json!(false))]).await;
    let served = Served::of(scene).await;
    let conversation = served.open().await;
    let topic = format!("conversation:{conversation}@0");
    // Connected, and never read from.
    let idle = served.browser.events(&[&topic]).await.unwrap();
    let mut events = served.browser.events(&[&topic]).await.unwrap();
    let mut whole = 0;
    for _ in 0..8 {
        served.op("turn", start(&conversation, "All of it")).await;
        for signal in until(&mut events, |signal| is(signal, "turn", "ended")).await {
            let item = &signal["envelope"]["event"]["event"]["item"];
            if is(&signal, "item", "completed") && item["body"]["kind"] == "agent_message" {
                whole += item["body"]["text"].as_str().unwrap().len();
            }
        }
    }
    assert_eq!(whole, 8 * 5 * piece.len());
    drop(idle);
}
