//! What comes with a request: bodies of any length, parameters of any shape, floods of requests.

use super::scene::{Scene, assert_secured};
use super::wire::{DEADLINE, answers, ask};
use crate::input::Arrived;
use crate::{Body, Bytes, Input, Json};
use futures_util::stream;
use serde_json::Value;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn chunked(size: usize, count: usize) -> String {
    let mut body = String::new();
    for _ in 0..count {
        write!(body, "{size:x}\r\n{}\r\n", "x".repeat(size)).unwrap();
    }
    body + "0\r\n\r\n"
}

#[tokio::test]
async fn a_body_without_a_length_is_counted_while_it_comes() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    let (cookie, tab, origin) = scene.credentials(&browser);
    let kind = "Content-Type: application/wasm";
    let lines = [
        cookie.as_str(),
        &tab,
        &origin,
        kind,
        "Transfer-Encoding: chunked",
    ];
    let fits = scene
        .ask("PUT", "/api/small", &lines, &chunked(100, 10))
        .await;
    assert_eq!((fits.status, fits.json()), (200, 1000.into()));
    let over = scene
        .ask("PUT", "/api/small", &lines, &chunked(100, 11))
        .await;
    assert_eq!(over.status, 413);
    assert_secured(&over);
    assert_eq!(over.json()["code"], "too_large");
}

/// Whoever is nobody yet is given little memory, whether it says a length or not.
#[tokio::test]
async fn a_stranger_s_body_is_small() {
    let scene = Scene::new().await;
    let kind = "Content-Type: application/json";
    for path in ["/api/session", "/api/session/password"] {
        let long = "x".repeat(17 * 1024);
        let said = scene.ask("POST", path, &[kind], &long).await;
        let unsaid = [kind, "Transfer-Encoding: chunked"];
        let unsaid = scene.ask("POST", path, &unsaid, &chunked(1024, 17)).await;
        for answer in [said, unsaid] {
            assert_eq!(answer.status, 413, "{path}");
            assert_secured(&answer);
        }
    }
}

/// A peer that sends on hears why it is refused, instead of a reset.
#[tokio::test]
async fn a_refusal_is_heard_in_the_middle_of_a_large_body() {
    let scene = Scene::new().await;
    let length = 32 * 1024 * 1024;
    let head = format!(
        "POST /api/notes HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n",
        scene.host()
    );
    let mut request = head.into_bytes();
    request.resize(request.len() + length, b'x');
    let answer = ask(scene.to, &request).await;
    assert_eq!(answer.status, 413);
    assert_secured(&answer);
}

#[tokio::test]
async fn who_asks_before_sending_is_told_before_sending() {
    let scene = Scene::new().await;
    let length = "Content-Length: 99999999";
    let lines = [
        "Content-Type: application/json",
        "Expect: 100-continue",
        length,
    ];
    let answer = scene.ask("POST", "/api/notes", &lines, "").await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn parameters_are_read_by_their_types_and_strangers_refused() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    // Sent as one string each; `words` stays text although it looks like a number.
    let good = "?limit=20&follow=a%26b&follow=c+d&is_deep=true&words=12&near=00000000-0000-7000-8000-000000000001";
    let request = scene
        .ask_as(&browser, "GET", &format!("/api/notes{good}"), "")
        .await;
    assert_eq!(
        request.json(),
        serde_json::json!({
            "limit": 20, "follow": ["a&b", "c d"], "is_deep": true, "words": "12",
            "near": "00000000-0000-7000-8000-000000000001",
        })
    );
    for (query, field) in [
        ("?limit=x", None),
        ("?limit=-1", None),
        ("?limit=1&limit=2", Some("limit")),
        ("?limt=1", Some("limt")),
        ("?near=somewhere", None),
        ("?is_deep=1", None),
        ("?__proto__=1", Some("__proto__")),
    ] {
        let path = format!("/api/notes{query}");
        let answer = scene.ask_as(&browser, "GET", &path, "").await;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.json()["field"].as_str(), field, "{query}");
    }
    let none = scene.ask_as(&browser, "GET", "/api/sessions?x=1", "").await;
    assert_eq!(none.status, 400, "a route without parameters takes none");
    let nothing = scene
        .ask_as(&browser, "DELETE", "/api/notes/not-an-id", "")
        .await;
    assert_eq!(nothing.status, 404);
    let broken = scene
        .ask_as(&browser, "POST", "/api/notes", r#"{"text":1}"#)
        .await;
    assert_eq!(
        (broken.status, broken.json()["code"].as_str()),
        (400, Some("invalid_input"))
    );
}

#[tokio::test]
async fn a_files_name_cannot_write_headers() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    let answer = scene.ask_as(&browser, "GET", "/api/file", "").await;
    assert_eq!(
        answer.header("content-disposition"),
        Some("attachment; filename=\"a_b____.md\"; filename*=UTF-8''a%22b%0D%0A%C3%BC.md")
    );
}

/// A body that goes on one byte at a time, or not at all, is given up.
#[tokio::test(start_paused = true)]
async fn slow_bodies_are_given_up() {
    let drops = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), ()))
    });
    for body in [
        Body::from_stream(stream::pending::<Result<Bytes, Infallible>>()),
        Body::from_stream(drops),
    ] {
        let mut arrived = Arrived {
            params: Vec::new(),
            query: String::new(),
            body,
            limit: 1000,
            description: Arc::default(),
        };
        let failure = Json::<Value>::take(&mut arrived).await.unwrap_err();
        assert_eq!(failure.http_status(), 408);
    }
}

#[tokio::test]
async fn strangers_have_few_tries_and_members_many() {
    let scene = Scene::new().await;
    scene.sign_in().await;
    let mut refusals = 0;
    let last = loop {
        let answer = scene.ask("GET", "/api/notes", &[], "").await;
        assert_secured(&answer);
        match answer.status {
            401 => refusals += 1,
            429 => break answer,
            status => panic!("{status}"),
        }
        assert!(refusals < 5000, "there is no rim");
    };
    assert!(refusals >= 119, "{refusals}");
    let wait: u32 = last.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    assert_eq!(last.json()["retryable"], true);
    assert_eq!(scene.ran(), 0);
    // Whoever was seen before is no stranger: the flood of another peer at the same address does not lock it out.
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    assert_eq!(
        scene.ask_as(&browser, "GET", "/api/notes", "").await.status,
        200
    );
    for _ in 0..130 {
        scene.ask("GET", "/api/notes", &[], "").await;
    }
    assert_eq!(
        scene.ask_as(&browser, "GET", "/api/notes", "").await.status,
        200
    );
    let mut costly = 0;
    while scene
        .ask_as(&browser, "POST", "/api/costly", "")
        .await
        .status
        == 204
    {
        costly += 1;
        assert!(costly < 5000);
    }
    assert!(costly >= 120, "{costly}");
}

/// On loopback every user of the machine is the same peer: junk of one keeps another neither out nor from signing in.
#[tokio::test]
async fn who_floods_keeps_nobody_from_signing_in() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    let token = crate::invite(&scene.fake.handle()).await.unwrap();
    let kind = "Content-Type: application/json";
    let junk = format!(r#"{{"launch":"{}"}}"#, "A".repeat(43));
    let (cookie, tab) = (
        format!("Cookie: {}", browser.cookie.replace('=', "=A")),
        format!("X-Anteroom-Tab: {}", "A".repeat(43)),
    );
    let junk_cookie = format!(
        "Cookie: {}={}",
        browser.cookie.split_once('=').unwrap().0,
        "A".repeat(43)
    );
    let mut last = [0; 4];
    for _ in 0..130 {
        last = [
            scene
                .ask("POST", "/api/session", &[kind], &junk)
                .await
                .status,
            scene
                .ask("GET", "/api/notes", &[&junk_cookie, &tab], "")
                .await
                .status,
            scene
                .ask("GET", "/api/notes", &[&cookie, &tab], "")
                .await
                .status,
            scene.ask("GET", "/nowhere", &[], "").await.status,
        ];
    }
    assert_eq!(last, [429; 4]);
    assert_eq!(scene.ran(), 0);
    // The page and its parts, a link that is good, and a session that was not seen by this listener yet.
    assert_eq!(scene.ask("GET", "/", &[], "").await.status, 200);
    let good = serde_json::json!({ "launch": token }).to_string();
    assert_eq!(
        scene
            .ask("POST", "/api/session", &[kind], &good)
            .await
            .status,
        201
    );
    assert_eq!(
        scene.ask_as(&browser, "GET", "/api/notes", "").await.status,
        200
    );
    // What is counted is what was shown in vain; a password is guessed no more often than before.
    let guess = r#"{"password":"correct horse"}"#;
    assert_eq!(
        scene
            .ask("POST", "/api/session/password", &[kind], guess)
            .await
            .status,
        429
    );
}

#[tokio::test]
async fn headers_have_a_rim() {
    let scene = Scene::new().await;
    for (request, status) in [
        (
            scene.request(
                "GET",
                "/",
                &[&format!("X-Long: {}", "x".repeat(100_000))],
                "",
            ),
            431,
        ),
        (
            scene.request("GET", &format!("/{}", "x".repeat(100_000)), &[], ""),
            414,
        ),
        (scene.request("GET", "/", &vec!["X-Many: x"; 200], ""), 431),
    ] {
        let mut stream = TcpStream::connect(scene.to).await.unwrap();
        let _ = stream.write_all(&request).await;
        let mut all = Vec::new();
        let reading = stream.read_to_end(&mut all);
        let _ = tokio::time::timeout(DEADLINE, reading).await.unwrap();
        // A peer that goes on sending may see the reset before the answer.
        for answer in answers(&all) {
            assert!(
                answer.status == status || answer.status == 431,
                "{answer:?}"
            );
        }
        assert_eq!(scene.ran(), 0);
    }
}
