//! Another user of the machine takes the port after the server's end: what they are shown opens nothing.

use super::scene::{Browser, Scene, assert_secured};
use super::wire::{Answer, DEADLINE};
use crate::session::pass;
use crate::session::secret::Secret;
use anteroom_api::{Op, SessionOp};
use serde_json::json;

const NOTES: &str = "/api/notes";

fn secret(browser: &Browser) -> Secret {
    Secret::parse(&browser.tab).unwrap()
}

fn name(browser: &Browser) -> String {
    pass::Name::of(&secret(browser).hash()).0
}

/// A listener is asked whether it is the one, as the page asks.
async fn prove(scene: &Scene, cookie: &str, tab: &str, nonce: &str) -> Answer {
    let body = json!({ "tab": tab, "nonce": nonce }).to_string();
    let cookie = format!("Cookie: {cookie}");
    let headers = ["Content-Type: application/json", &cookie];
    scene
        .ask("POST", "/api/session/proof", &headers, &body)
        .await
}

/// The pass that the page makes for a listener, after its proof.
async fn pass_for(scene: &Scene, browser: &Browser) -> String {
    let nonce = Secret::new().unwrap();
    let answer = prove(scene, &browser.cookie, &name(browser), nonce.expose()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_secured(&answer);
    let said = answer.json();
    let boot = said["boot"].as_str().unwrap();
    let hash = secret(browser).hash();
    let proof = pass::proof(&hash, &scene.host(), boot, nonce.expose());
    assert_eq!(said["proof"], json!(proof));
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(
        !text.contains(&browser.tab) && !text.contains(&hash),
        "{text}"
    );
    pass::tests::pass(&secret(browser), &scene.host(), boot)
}

async fn status(scene: &Scene, cookie: &str, tab: &str) -> u16 {
    let (cookie, tab) = (
        format!("Cookie: {cookie}"),
        format!("X-Anteroom-Tab: {tab}"),
    );
    scene.ask("GET", NOTES, &[&cookie, &tab], "").await.status
}

#[tokio::test]
async fn a_page_is_let_in_without_ever_showing_its_secret() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    let pass = pass_for(&scene, &browser).await;
    assert!(!pass.contains(&browser.tab));
    assert_eq!(status(&scene, &browser.cookie, &pass).await, 200);
    // Remembered, it is the same tab whichever way it shows itself.
    assert_eq!(status(&scene, &browser.cookie, &pass).await, 200);
    assert_eq!(status(&scene, &browser.cookie, &browser.tab).await, 200);
    // The pass alone, and with another browser's cookie, is nothing.
    let other = scene.sign_in().await;
    assert_eq!(status(&scene, "other=1", &pass).await, 401);
    assert_eq!(status(&scene, &other.cookie, &pass).await, 401);
}

#[tokio::test]
async fn a_pass_dies_with_its_server_and_the_session_lives_on() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    // All that somebody is shown who listens in its place.
    let pass = pass_for(&scene, &browser).await;
    assert_eq!(status(&scene, &browser.cookie, &pass).await, 200);
    scene.stop.send_replace(true);
    let ended = async {
        while !scene.serving.is_finished() {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(DEADLINE, ended).await.unwrap();
    let next = scene.again(scene.to.port()).await;
    assert_eq!(status(&next, &browser.cookie, &pass).await, 401);
    let fresh = pass_for(&next, &browser).await;
    assert_ne!(pass, fresh);
    assert_eq!(status(&next, &browser.cookie, &fresh).await, 200);
}

#[tokio::test]
async fn a_session_is_good_at_the_port_it_was_opened_at_and_no_other() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    let elsewhere = scene.again(0).await;
    let (_, value) = browser.cookie.split_once('=').unwrap();
    let renamed = format!("aroom_session_{}={value}", elsewhere.to.port());
    for cookie in [&browser.cookie, &renamed] {
        assert_eq!(status(&elsewhere, cookie, &browser.tab).await, 401);
        let nonce = Secret::new().unwrap();
        let proof = prove(&elsewhere, cookie, &name(&browser), nonce.expose()).await;
        assert_eq!((proof.status, proof.header("set-cookie")), (401, None));
    }
    assert_eq!(status(&scene, &browser.cookie, &browser.tab).await, 200);
}

#[tokio::test]
async fn strangers_are_proven_nothing() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    let other = scene.sign_in().await;
    let nonce = Secret::new().unwrap();
    let name = name(&browser);
    for (cookie, tab, nonce) in [
        ("other=1", name.as_str(), nonce.expose()),
        (&other.cookie, &name, nonce.expose()),
        (&browser.cookie, &"a".repeat(64), nonce.expose()),
        (&browser.cookie, &secret(&browser).hash(), nonce.expose()),
        (&browser.cookie, &browser.tab, nonce.expose()),
        (&browser.cookie, &name, "short"),
        (&browser.cookie, &name, "a\nb"),
    ] {
        let answer = prove(&scene, cookie, tab, nonce).await;
        assert_eq!(
            (answer.status, answer.header("set-cookie")),
            (401, None),
            "{tab} {nonce}"
        );
        assert_secured(&answer);
    }
}

/// The host ends what somebody else may have been shown before the first request is answered.
#[tokio::test]
async fn the_host_is_told_of_a_listener_before_anybody_is_answered() {
    let scene = Scene::new().await;
    let browser = scene.sign_in().await;
    let place = scene.to.to_string();
    let said = scene.fake.all_ops();
    let said: Vec<&Op> = (said.iter())
        .filter(|op| !matches!(op, Op::Session(SessionOp::Invite { .. })))
        .collect();
    let [first, open] = said[..] else {
        panic!("{said:?}");
    };
    let is_new = Op::Session(SessionOp::Attend {
        place: place.clone(),
        is_new: true,
    });
    assert_eq!(*first, is_new);
    assert!(
        matches!(open, Op::Session(SessionOp::Open { place: Some(said), .. }) if *said == place)
    );
    assert_eq!(status(&scene, &browser.cookie, &browser.tab).await, 200);
}
