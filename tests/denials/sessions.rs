//! Nobody gets a session without a fresh link or the password, and none outlives its end.

use crate::scenarios::browsers::{hash, launch, open, password};
use crate::support::filing::share;
use crate::support::neighbor::Neighbor;
use crate::support::scene::Scene;
use anteroom_api::{
    ConversationOp, DatabaseOp, HostHandle, Mode, Password, Problem, ProblemCode, SessionOp,
    SessionWay,
};

async fn refused(handle: &HostHandle, op: SessionOp) -> Problem {
    let problem = handle.submit(op).await.unwrap_err().0;
    assert_eq!(handle.read().sessions().await.unwrap(), [], "{problem}");
    problem
}

fn invite(token: &str) -> SessionOp {
    SessionOp::Invite { hash: hash(token) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_was_not_made_here_or_was_used_opens_nothing() {
    let scene = Scene::new([]).await;
    let handle = scene.handle();
    let unknown = refused(&handle, open(launch("guess"), "one")).await;
    assert_eq!(unknown.code, ProblemCode::Denied);
    handle.submit(invite("token")).await.unwrap();
    handle.submit(open(launch("token"), "one")).await.unwrap();
    let again = handle.submit(open(launch("token"), "two")).await;
    assert_eq!(again.unwrap_err().0.code, ProblemCode::Denied);
    assert_eq!(handle.read().sessions().await.unwrap().len(), 1);
    // The end of all is the end of links that are on their way, too.
    handle.submit(invite("later")).await.unwrap();
    handle.submit(SessionOp::EndAll).await.unwrap();
    refused(&handle, open(launch("later"), "three")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_good_for_a_minute() {
    let scene = Scene::new([]).await;
    // Another process whose clock is months ahead.
    let later = Neighbor::of(&scene).await;
    scene.handle().submit(invite("token")).await.unwrap();
    let late = later.handle().submit(open(launch("token"), "one")).await;
    assert_eq!(late.unwrap_err().0.code, ProblemCode::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ran_out_is_none() {
    let scene = Scene::new([]).await;
    let later = Neighbor::of(&scene).await;
    scene.handle().submit(invite("token")).await.unwrap();
    let here = scene.handle();
    let opened = here.submit(open(launch("token"), "one"));
    let session = opened.await.unwrap().into();
    let (cookie, tab) = (hash("one cookie"), hash("one tab"));
    let now = scene.handle();
    let now = now.read().session_by(cookie.clone(), tab.clone()).await;
    assert!(now.unwrap().is_some());
    let then = later.handle();
    let found = then.read().session_by(cookie, tab).await;
    assert_eq!(found.unwrap(), None);
    // It cannot be used back to life, and nobody joins it.
    let tab_hash = hash("another tab");
    for op in [
        SessionOp::Used { session },
        SessionOp::Tab { session, tab_hash },
    ] {
        assert_eq!(refused(&then, op).await.code, ProblemCode::Denied);
    }
}

/// Without TLS another user of the machine can listen where nobody does: what browsers showed them meanwhile is void.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_a_place_where_nobody_listened_is_none() {
    let scene = Scene::new([]).await;
    // Another process whose clock is months ahead, where sessions last as long.
    let later = Neighbor::of(&scene).await;
    let handle = scene.handle();
    let attend = |place: &str, is_new| SessionOp::Attend {
        place: place.to_owned(),
        is_new,
    };
    for (name, at) in [("one", Some("127.0.0.1:1")), ("two", Some("127.0.0.1:2"))] {
        if let Some(place) = at {
            handle.submit(attend(place, true)).await.unwrap();
        }
        handle.submit(invite(name)).await.unwrap();
        let mut opening = open(launch(name), name);
        if let SessionOp::Open { place, .. } = &mut opening {
            *place = at.map(str::to_owned);
        }
        handle.submit(opening).await.unwrap();
    }
    let known = async |name: &str| {
        let (cookie, tab) = (format!("{name} cookie"), format!("{name} tab"));
        let found = handle.read().session_by(hash(&cookie), hash(&tab)).await;
        found.unwrap().is_some()
    };
    // Started again at once: nobody else had the time.
    handle.submit(attend("127.0.0.1:1", true)).await.unwrap();
    assert!(known("one").await);
    // A listener that was there all the time has lost nothing.
    let there = later.handle();
    there.submit(attend("127.0.0.1:1", false)).await.unwrap();
    assert!(known("one").await);
    there.submit(attend("127.0.0.1:2", true)).await.unwrap();
    assert!(!known("two").await);
    assert!(known("one").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_password_that_was_set_is_one() {
    let scene = Scene::new([]).await;
    let handle = scene.handle();
    let right = "four plain words here";
    let none = refused(&handle, open(password(right), "one")).await;
    assert_eq!(none.code, ProblemCode::Denied);
    let short = SessionOp::SetPassword {
        password: Some(Password::new("too short")),
    };
    assert_eq!(
        refused(&handle, short).await.code,
        ProblemCode::InvalidInput
    );
    let set = SessionOp::SetPassword {
        password: Some(Password::new(right)),
    };
    handle.submit(set).await.unwrap();
    for wrong in ["", "Four plain words here", "***"] {
        let problem = refused(&handle, open(password(wrong), "one")).await;
        assert_eq!(problem.code, ProblemCode::Denied, "{wrong}");
    }
    let long = refused(&handle, open(password(&"x".repeat(2000)), "one")).await;
    assert_eq!(long.code, ProblemCode::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_itself_is_not_taken_for_its_hash() {
    let scene = Scene::new([]).await;
    let handle = scene.handle();
    for wrong in ["", "cm9vdA", &"A".repeat(64), &"a".repeat(63)] {
        let op = SessionOp::Invite {
            hash: wrong.to_owned(),
        };
        assert_eq!(refused(&handle, op).await.code, ProblemCode::InvalidInput);
    }
    handle.submit(invite("token")).await.unwrap();
    let SessionOp::Open { way, label, .. } = open(launch("token"), "one") else {
        unreachable!()
    };
    let raw = SessionOp::Open {
        way,
        cookie_hash: "the cookie".to_owned(),
        tab_hash: hash("tab"),
        label,
        place: None,
    };
    assert_eq!(refused(&handle, raw).await.code, ProblemCode::InvalidInput);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_put_back_brings_no_session_back() {
    let mut scene = Scene::new([]).await;
    let handle = scene.handle();
    handle.submit(invite("token")).await.unwrap();
    let session = handle.submit(open(launch("token"), "one")).await.unwrap();
    handle.submit(invite("later")).await.unwrap();
    let copy = scene.folder.path().join("copy.db").display().to_string();
    let path = Some(copy.clone());
    handle.submit(DatabaseOp::BackUp { path }).await.unwrap();
    let session = session.into();
    handle.submit(SessionOp::End { session }).await.unwrap();
    handle
        .submit(DatabaseOp::Restore { path: copy })
        .await
        .unwrap();
    scene.stop().await;
    scene.start(&[]).await;
    let known = scene.handle();
    let known = known
        .read()
        .session_by(hash("one cookie"), hash("one tab"))
        .await;
    assert_eq!(known.unwrap(), None);
    refused(&scene.handle(), open(launch("later"), "two")).await;
}

#[test]
fn a_password_is_neither_shown_nor_written() {
    let op = open(
        SessionWay::Password {
            password: Password::new("four plain words here"),
        },
        "one",
    );
    let (shown, written) = (format!("{op:?}"), serde_json::to_string(&op).unwrap());
    assert!(!shown.contains("plain") && !written.contains("plain"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_shares_a_database_chooses_no_mode_for_others() {
    let scene = Scene::new([]).await;
    let handle = scene.handle();
    let file = scene.folder.path().join("team.db");
    share(&handle, "team", &file).await;
    let open = ConversationOp::Open {
        workspace: scene.workspace().display().to_string(),
        title: "shared".to_owned(),
        model: None,
        project: None,
        database: Some("team".to_owned()),
    };
    let conversation = handle.open(open).await.unwrap();
    let wish = ConversationOp::Configure {
        conversation,
        model: None,
        mode: Some(Mode::Auto),
    };
    let problem = handle.submit(wish).await.unwrap_err().0;
    assert_eq!(problem.code, ProblemCode::InvalidInput);
    // Nor by writing into the file itself.
    let connection = rusqlite::Connection::open(&file).unwrap();
    let changed = connection.execute("UPDATE conversations SET mode = 'auto'", []);
    assert_eq!(changed.unwrap(), 1);
    let view = handle.read().conversation(conversation).await.unwrap();
    assert_eq!(view.mode, None);
    let listed = handle.read().conversations(None, 10).await.unwrap();
    assert_eq!(listed.entries[0].mode, None);
}
