//! Sessions as a browser has them: opened once, checked cheaply, over at once.

use super::scene::{Scene, assert_secured};
use super::wire::DEADLINE;
use crate::Listen;
use crate::transport::Patience;
use std::cell::RefCell;
use std::time::Duration;

const JSON: [&str; 1] = ["Content-Type: application/json"];

fn unremembered() -> Patience {
    Patience {
        remembered: Duration::ZERO,
        ..Patience::default()
    }
}

#[tokio::test]
async fn a_launch_token_opens_one_session_and_no_second() {
    let scene = Scene::new().await;
    let token = crate::invite(&scene.fake.handle()).await.unwrap();
    let body = serde_json::json!({ "launch": token }).to_string();
    let first = scene.ask("POST", "/api/session", &JSON, &body).await;
    assert_eq!(first.status, 201);
    assert_secured(&first);
    let port = scene.to.port();
    let cookie = first.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with(&format!("aroom_session_{port}=")),
        "{cookie}"
    );
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Strict"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!String::from_utf8_lossy(&first.body).contains(&cookie[20..60]));
    let again = scene.ask("POST", "/api/session", &JSON, &body).await;
    assert_eq!((again.status, again.header("set-cookie")), (401, None));
    assert_secured(&again);
    let late = crate::invite(&scene.fake.handle()).await.unwrap();
    scene.fake.run_out();
    let body = serde_json::json!({ "launch": late }).to_string();
    let late = scene.ask("POST", "/api/session", &JSON, &body).await;
    assert_eq!((late.status, late.header("set-cookie")), (401, None));
    for launch in ["", "x", "../..", &"A".repeat(43), &"A".repeat(5000)] {
        let body = serde_json::json!({ "launch": launch }).to_string();
        let answer = scene.ask("POST", "/api/session", &JSON, &body).await;
        assert_eq!(
            (answer.status, answer.header("set-cookie")),
            (401, None),
            "{launch}"
        );
    }
}

#[tokio::test]
async fn a_password_opens_a_session_and_few_wrong_ones_are_tried() {
    let scene = Scene::new().await;
    let right = r#"{"password":"correct horse"}"#;
    let wrong = r#"{"password":"guess"}"#;
    let path = "/api/session/password";
    let answer = scene.ask("POST", path, &JSON, right).await;
    assert_eq!(answer.status, 201);
    assert!(answer.header("set-cookie").is_some());
    let mut tried = 0;
    loop {
        let answer = scene.ask("POST", path, &JSON, wrong).await;
        assert_eq!(answer.header("set-cookie"), None);
        match answer.status {
            401 => tried += 1,
            429 => break,
            status => panic!("{status}"),
        }
        assert!(tried < 100);
    }
    // The right one was a try, too; one more is allowed every six seconds.
    assert!(tried >= 9);
}

#[tokio::test]
async fn the_host_is_asked_once_and_told_of_use_once() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    for _ in 0..20 {
        assert_eq!(
            scene.ask_as(&browser, "GET", "/api/notes", "").await.status,
            200
        );
    }
    // Twenty requests may take longer than an answer is remembered; a question each they may not cost.
    assert!(scene.fake.asked() < 10, "{}", scene.fake.asked());
    assert_eq!(scene.fake.uses(), 1);
}

#[tokio::test]
async fn a_session_that_ended_is_over_at_once() {
    let scene = Scene::new().await;
    let one = scene.sign_in().await;
    let two = scene.sign_in().await;
    for browser in [&one, &two] {
        assert_eq!(
            scene.ask_as(browser, "GET", "/api/notes", "").await.status,
            200
        );
    }
    let list = scene.ask_as(&one, "GET", "/api/sessions", "").await.json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    let current: Vec<bool> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["is_current"].as_bool().unwrap())
        .collect();
    assert_eq!(current.iter().filter(|is_current| **is_current).count(), 1);
    let ended = scene
        .ask_as(
            &one,
            "DELETE",
            &format!("/api/sessions/{}", two.session),
            "",
        )
        .await;
    assert_eq!(ended.status, 204);
    let after = scene.ask_as(&two, "GET", "/api/notes", "").await;
    assert_eq!((after.status, after.header("set-cookie")), (401, None));
    assert_eq!(
        scene.ask_as(&one, "GET", "/api/notes", "").await.status,
        200
    );
    let out = scene.ask_as(&one, "DELETE", "/api/session", "").await;
    assert_eq!(out.status, 200);
    assert!(
        out.header("set-cookie")
            .unwrap()
            .contains("=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
    );
    assert_eq!(
        out.header("clear-site-data"),
        Some("\"cache\", \"storage\"")
    );
    assert_eq!(
        scene.ask_as(&one, "GET", "/api/notes", "").await.status,
        401
    );
    let three = scene.sign_in().await;
    assert_eq!(
        scene
            .ask_as(&three, "DELETE", "/api/sessions", "")
            .await
            .status,
        204
    );
    assert_eq!(
        scene.ask_as(&three, "GET", "/api/notes", "").await.status,
        401
    );
}

/// Ended by another process: the host tells, and what was remembered is forgotten.
#[tokio::test]
async fn a_session_that_was_ended_elsewhere_is_over_when_it_is_told() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    assert_eq!(
        scene.ask_as(&browser, "GET", "/api/notes", "").await.status,
        200
    );
    scene.fake.end(browser.session.parse().unwrap());
    let over =
        async { while scene.ask_as(&browser, "GET", "/api/notes", "").await.status != 401 {} };
    tokio::time::timeout(DEADLINE, over).await.unwrap();
}

#[tokio::test]
async fn a_session_that_ran_out_is_nobodys() {
    let scene = Scene::with(Listen::loopback(0), unremembered()).await;
    let browser = scene.sign_in().await;
    assert_eq!(
        scene.ask_as(&browser, "GET", "/api/notes", "").await.status,
        200
    );
    scene.fake.run_out();
    let answer = scene.ask_as(&browser, "GET", "/api/notes", "").await;
    assert_eq!((answer.status, answer.header("set-cookie")), (401, None));
    assert_secured(&answer);
}

#[tokio::test]
async fn another_tab_has_a_secret_of_its_own() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    let made = scene
        .ask_as(&browser, "POST", "/api/session/tabs", "")
        .await;
    assert_eq!(made.status, 201);
    let mut other = browser.clone();
    other.tab = made.json()["tab"].as_str().unwrap().to_owned();
    assert_ne!(other.tab, browser.tab);
    assert_eq!(
        scene.ask_as(&other, "GET", "/api/notes", "").await.status,
        200
    );
    // A cookie alone, which any program on another port of this machine may be sent, makes no tab.
    let answer = scene
        .ask(
            "POST",
            "/api/session/tabs",
            &[&format!("Cookie: {}", browser.cookie)],
            "",
        )
        .await;
    assert_eq!(answer.status, 401);
}

/// Nothing that opens a session reaches the host as it is.
#[tokio::test]
async fn the_host_is_given_hashes_alone() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    scene
        .ask_as(&browser, "POST", "/api/session/tabs", "")
        .await;
    let told = format!("{:?}", scene.fake.ops());
    let cookie = browser.cookie.split_once('=').unwrap().1;
    assert!(!told.contains(cookie) && !told.contains(&browser.tab));
    assert!(told.contains("cookie_hash"));
}

/// Who signs in anew is one browser, not two: the session before is over.
#[tokio::test]
async fn a_new_session_takes_the_place_of_the_one_before() {
    let scene = Scene::new().await;
    let before = scene.sign_in().await;
    let (cookie, tab, origin) = scene.credentials(&before);
    let token = crate::invite(&scene.fake.handle()).await.unwrap();
    let body = serde_json::json!({ "launch": token }).to_string();
    let lines = [cookie.as_str(), &tab, &origin, JSON[0]];
    let opened = scene.ask("POST", "/api/session", &lines, &body).await;
    assert_eq!(opened.status, 201);
    let after = scene.ask_as(&before, "GET", "/api/notes", "").await;
    assert_eq!(after.status, 401);
    let told = format!("{:?}", scene.fake.ops());
    assert!(
        told.contains(&format!("End {{ session: SessionId({})", before.session)),
        "{told}"
    );
}

/// Who was refused what stands in the log, in our own words, and a flood of it does not.
#[tokio::test]
async fn refusals_are_logged_without_what_was_sent() {
    // One for all tests, each of which has a thread and a log of its own: one for this test alone would be unknown to
    // whichever thread comes by a line of the log first.
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(|| Log);
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    scene
        .ask(
            "GET",
            "/api/notes?words=hush",
            &["X-Anteroom-Tab: hush", "Origin: http://hush"],
            "",
        )
        .await;
    let wrong = r#"{"password":"hush"}"#;
    scene
        .ask("POST", "/api/session/password", &JSON, wrong)
        .await;
    for _ in 0..200 {
        scene.ask("GET", "/api/notes", &["Host: hush"], "").await;
    }
    let text = LOG
        .with_borrow(|log| String::from_utf8(log.clone()))
        .unwrap();
    for words in [
        "a browser signed in",
        "a browser was not let in",
        "route=\"notes\"",
        "code=\"foreign_origin\"",
        "status=421",
    ] {
        assert!(text.contains(words), "{words} is missing: {text}");
    }
    assert!(!text.contains("hush") && !text.contains(&browser.tab));
    assert!(text.matches("a request was refused").count() < 200);
}

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Log;

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
