//! Web sessions, launch tokens, and who listens.

use super::support::{AT, Place, uuid};
use crate::Storage;
use crate::sessions::{NewSession, SessionSpan};
use anteroom_api::{ServerView, SessionHow, SessionId, SessionView, UnixMillis};

const HOUR: i64 = 3_600_000;
const SPAN: SessionSpan = SessionSpan {
    idle_ms: 12 * HOUR,
    whole_ms: 7 * 24 * HOUR,
};

fn id(number: u32) -> SessionId {
    uuid(9, number).into()
}

fn new(number: u32, launch: Option<&str>) -> NewSession {
    NewSession {
        id: id(number),
        launch: launch.map(str::to_owned),
        cookie: format!("cookie {number}"),
        tab: format!("tab {number}"),
        label: format!("browser {number}"),
        place: None,
    }
}

async fn open(storage: &Storage, number: u32, at: UnixMillis) -> Option<SessionView> {
    storage
        .open_session(new(number, None), (at, SPAN))
        .await
        .unwrap()
}

async fn known(storage: &Storage, pair: (&str, &str), at: UnixMillis) -> Option<SessionView> {
    let pair = (pair.0.to_owned(), pair.1.to_owned());
    storage.session_by(pair, (at, SPAN)).await.unwrap()
}

#[tokio::test]
async fn a_launch_token_opens_one_session_for_a_minute_in_any_process() {
    let place = Place::new();
    let (one, other) = (place.open().await, place.open().await);
    one.invite("token".into(), AT).await.unwrap();
    let unknown = other.open_session(new(1, Some("guess")), (AT, SPAN)).await;
    assert_eq!(unknown.unwrap(), None);
    let opened = other.open_session(new(1, Some("token")), (AT.plus(59_000), SPAN));
    let opened = opened.await.unwrap().unwrap();
    assert_eq!((opened.id, opened.how), (id(1), SessionHow::Launch));
    assert_eq!(opened.ends_at, AT.plus(59_000 + 12 * HOUR));
    let again = one.open_session(new(2, Some("token")), (AT.plus(59_000), SPAN));
    assert_eq!(again.await.unwrap(), None);

    one.invite("late".into(), AT).await.unwrap();
    let late = one.open_session(new(3, Some("late")), (AT.plus(60_000), SPAN));
    assert_eq!(late.await.unwrap(), None);
    // A clock that was put back brings no token to life again.
    one.invite("early".into(), AT.plus(HOUR)).await.unwrap();
    let early = one.open_session(new(4, Some("early")), (AT, SPAN));
    assert_eq!(early.await.unwrap(), None);
}

const MINUTE: i64 = 60_000;

/// A session of a place, besides one of another place and one of none.
async fn at_places() -> (Place, Storage) {
    let place = Place::new();
    let storage = place.open().await;
    for (number, at) in [(1, Some("one")), (2, Some("other")), (3, None)] {
        let place = at.map(str::to_owned);
        if let Some(place) = place.clone() {
            let attended = storage.attend_place((place, true), AT).await;
            assert_eq!(attended.unwrap(), []);
        }
        let new = NewSession {
            place,
            ..new(number, None)
        };
        storage.open_session(new, (AT, SPAN)).await.unwrap();
    }
    (place, storage)
}

#[tokio::test]
async fn sessions_of_a_place_end_when_nobody_was_there_for_a_while() {
    let (_place, storage) = at_places().await;
    let attend = async |at: UnixMillis, is_new| {
        let attended = storage.attend_place(("one".into(), is_new), at).await;
        attended.unwrap()
    };
    // Started again soon, twice, then there for hours: a process that lives has the place.
    assert_eq!(attend(AT.plus(4 * MINUTE), true).await, []);
    assert_eq!(attend(AT.plus(8 * MINUTE), true).await, []);
    assert_eq!(attend(AT.plus(9 * HOUR), false).await, []);
    let pair = ("cookie 1", "tab 1");
    let late = AT.plus(9 * HOUR + 6 * MINUTE);
    assert!(known(&storage, pair, late).await.is_some());
    assert_eq!(attend(late, true).await, [id(1)]);
    assert_eq!(known(&storage, pair, late).await, None);
    for (cookie, tab) in [("cookie 2", "tab 2"), ("cookie 3", "tab 3")] {
        assert!(known(&storage, (cookie, tab), late).await.is_some());
    }
}

#[tokio::test]
async fn a_clock_that_is_put_back_keeps_no_session_of_a_place() {
    let (_place, storage) = at_places().await;
    let attended = storage.attend_place(("one".into(), true), AT.plus(-HOUR));
    assert_eq!(attended.await.unwrap(), [id(1)]);
}

#[tokio::test]
async fn the_tabs_of_a_cookie_are_those_of_its_living_session() {
    let place = Place::new();
    let storage = place.open().await;
    open(&storage, 1, AT).await.unwrap();
    open(&storage, 2, AT).await.unwrap();
    let added = storage.add_session_tab((id(1), "more".into()), (AT, SPAN));
    assert!(added.await.unwrap());
    let tabs = async |cookie: &str, at| {
        let mut tabs = storage
            .session_tabs(cookie.into(), (at, SPAN))
            .await
            .unwrap();
        tabs.sort();
        tabs
    };
    assert_eq!(tabs("cookie 1", AT).await, ["more", "tab 1"]);
    assert_eq!(tabs("cookie 3", AT).await, Vec::<String>::new());
    assert_eq!(
        tabs("cookie 1", AT.plus(12 * HOUR)).await,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn of_two_who_show_a_token_at_once_one_gets_in() {
    let place = Place::new();
    let (one, other) = (place.open().await, place.open().await);
    for round in 0..20 {
        let token = format!("token {round}");
        one.invite(token.clone(), AT).await.unwrap();
        let (left, right) = tokio::join!(
            one.open_session(new(2 * round, Some(&token)), (AT, SPAN)),
            other.open_session(new(2 * round + 1, Some(&token)), (AT, SPAN)),
        );
        let in_ = [left.unwrap(), right.unwrap()];
        assert_eq!(in_.iter().flatten().count(), 1, "{in_:?}");
    }
}

#[tokio::test]
async fn a_session_is_known_by_cookie_and_tab_together() {
    let place = Place::new();
    let storage = place.open().await;
    open(&storage, 1, AT).await.unwrap();
    open(&storage, 2, AT).await.unwrap();
    let both = known(&storage, ("cookie 1", "tab 1"), AT).await.unwrap();
    assert_eq!(both.id, id(1));
    for pair in [
        ("cookie 1", "tab 2"),
        ("cookie 2", "tab 1"),
        ("cookie 1", ""),
        ("", "tab 1"),
        ("tab 1", "cookie 1"),
        ("Cookie 1", "tab 1"),
    ] {
        assert_eq!(known(&storage, pair, AT).await, None, "{pair:?}");
    }
}

#[tokio::test]
async fn the_oldest_of_too_many_tabs_is_forgotten() {
    let place = Place::new();
    let storage = place.open().await;
    open(&storage, 1, AT).await.unwrap();
    open(&storage, 2, AT).await.unwrap();
    for tab in 0..64 {
        let added = storage.add_session_tab((id(1), format!("more {tab}")), (AT, SPAN));
        assert!(added.await.unwrap());
    }
    assert_eq!(known(&storage, ("cookie 1", "tab 1"), AT).await, None);
    for tab in [0, 63] {
        let tab = format!("more {tab}");
        assert!(known(&storage, ("cookie 1", &tab), AT).await.is_some());
    }
    assert!(known(&storage, ("cookie 2", "tab 2"), AT).await.is_some());
    let none = storage.add_session_tab((id(3), "more".into()), (AT, SPAN));
    assert!(!none.await.unwrap());
}

#[tokio::test]
async fn a_session_runs_out_and_use_prolongs_it_up_to_an_end() {
    let place = Place::new();
    let storage = place.open().await;
    open(&storage, 1, AT).await.unwrap();
    let pair = ("cookie 1", "tab 1");
    let idle = AT.plus(12 * HOUR);
    assert!(known(&storage, pair, idle.plus(-1)).await.is_some());
    assert_eq!(known(&storage, pair, idle).await, None);
    let mut now = AT;
    while now < AT.plus(SPAN.whole_ms - 11 * HOUR) {
        now = now.plus(11 * HOUR);
        storage.use_session(id(1), now).await.unwrap();
        assert!(known(&storage, pair, now).await.is_some(), "{now:?}");
    }
    let session = known(&storage, pair, now).await.unwrap();
    assert_eq!(
        (session.used_at, session.ends_at),
        (now, AT.plus(SPAN.whole_ms))
    );
    assert_eq!(known(&storage, pair, session.ends_at).await, None);
    assert_eq!(storage.sessions((session.ends_at, SPAN)).await.unwrap(), []);
    let tab = storage.add_session_tab((id(1), "more".into()), (session.ends_at, SPAN));
    assert!(!tab.await.unwrap());
}

#[tokio::test]
async fn what_ran_out_is_let_go_of_and_what_ended_stays_so_after_a_restart() {
    let place = Place::new();
    let storage = place.open().await;
    for number in 1..=3 {
        open(&storage, number, AT.plus(i64::from(number)))
            .await
            .unwrap();
    }
    storage.invite("open".into(), AT).await.unwrap();
    assert!(storage.end_session(id(2)).await.unwrap());
    assert!(!storage.end_session(id(2)).await.unwrap());
    storage.close().await.unwrap();
    let storage = place.open().await;
    let ids = async |at| {
        let found = storage.sessions((at, SPAN)).await.unwrap();
        found
            .into_iter()
            .map(|session| session.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(AT.plus(4)).await, [id(3), id(1)]);
    storage
        .tidy_sessions(AT.plus(1 + 12 * HOUR), SPAN)
        .await
        .unwrap();
    // Gone for good, also for a clock that is put back.
    assert_eq!(ids(AT.plus(4)).await, [id(3)]);
    let count = "SELECT (SELECT count(*) FROM session_tabs) + 10 * (SELECT count(*) FROM launches)";
    let count = storage
        .read(move |connection| Ok(connection.query_row(count, [], |row| row.get::<_, i64>(0))?))
        .await;
    assert_eq!(count.unwrap(), 1);
}

#[tokio::test]
async fn all_end_at_once_or_those_of_one_way() {
    let place = Place::new();
    let storage = place.open().await;
    storage.invite("token".into(), AT).await.unwrap();
    storage
        .open_session(new(1, Some("token")), (AT, SPAN))
        .await
        .unwrap()
        .unwrap();
    open(&storage, 2, AT).await.unwrap();
    let ended = storage
        .end_sessions(Some(SessionHow::Password))
        .await
        .unwrap();
    assert_eq!(ended, [id(2)]);
    storage.invite("next".into(), AT).await.unwrap();
    assert_eq!(storage.end_sessions(None).await.unwrap(), [id(1)]);
    let void = storage
        .open_session(new(3, Some("next")), (AT, SPAN))
        .await
        .unwrap();
    assert_eq!(void, None);
}

#[tokio::test]
async fn there_are_never_too_many() {
    let place = Place::new();
    let storage = place.open().await;
    for number in 0..260 {
        open(&storage, number, AT.plus(i64::from(number)))
            .await
            .unwrap();
    }
    let all = storage.sessions((AT.plus(260), SPAN)).await.unwrap();
    assert_eq!((all.len(), all[255].id), (256, id(4)));
}

fn server(pid: u32, url: &str) -> ServerView {
    ServerView {
        pid,
        url: url.to_owned(),
        started_at: AT.plus(i64::from(pid)),
        version: "0.1.0".to_owned(),
    }
}

async fn urls(storage: &Storage) -> Vec<String> {
    let found = storage.servers().await.unwrap();
    found.into_iter().map(|(_, server)| server.url).collect()
}

#[tokio::test]
async fn a_server_is_known_as_long_as_its_process_lives() {
    let place = Place::new();
    let (one, other) = (place.open().await, place.open().await);
    assert_eq!(urls(&one).await, Vec::<String>::new());
    let listens = async |storage: &Storage, pid, url| {
        storage.announce_server(server(pid, url)).await.unwrap();
    };
    listens(&one, 1, "http://127.0.0.1:1/").await;
    listens(&other, 2, "http://127.0.0.1:2/").await;
    listens(&one, 1, "http://127.0.0.1:3/").await;
    let all = ["http://127.0.0.1:3/", "http://127.0.0.1:2/"];
    assert_eq!(urls(&other).await, all);
    let found = other.servers().await.unwrap();
    assert!(!other.is_own(found[0].0) && other.is_own(found[1].0));
    one.close().await.unwrap();
    assert_eq!(urls(&other).await, all[1..]);
}
