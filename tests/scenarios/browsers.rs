//! What a web page needs of the host: sessions, servers, canvases by hand, pages both ways, words without gaps.

use crate::support::endpoint::{Gate, Reply};
use crate::support::neighbor::Neighbor;
use crate::support::scene::{PATIENCE, Scene, auto};
use anteroom_api::{
    CanvasEvent, CanvasOp, CanvasView, ConversationEvent, ConversationId, ConversationOp, Delta,
    Event, HostHandle, Item, ItemBody, ItemId, ItemsAt, Mode, Op, Password, ProblemCode, Seq,
    ServerOp, SessionEvent, SessionHow, SessionId, SessionOp, SessionWay, Signal, Signals, Topic,
    TurnOptions,
};
use serde_json::json;

/// A hash as a frontend would send it.
pub(crate) fn hash(secret: &str) -> String {
    use std::fmt::Write;
    let mut hex = String::new();
    for byte in secret.bytes().cycle().take(32) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

pub(crate) fn open(way: SessionWay, name: &str) -> SessionOp {
    SessionOp::Open {
        way,
        cookie_hash: hash(&format!("{name} cookie")),
        tab_hash: hash(&format!("{name} tab")),
        label: format!("{name} on Linux"),
        place: None,
    }
}

pub(crate) fn launch(token: &str) -> SessionWay {
    SessionWay::Launch { hash: hash(token) }
}

pub(crate) fn password(text: &str) -> SessionWay {
    SessionWay::Password {
        password: Password::new(text),
    }
}

async fn invited(handle: &HostHandle, name: &str) -> SessionId {
    let invite = SessionOp::Invite { hash: hash(name) };
    handle.submit(invite).await.unwrap();
    handle
        .submit(open(launch(name), name))
        .await
        .unwrap()
        .into()
}

async fn known(handle: &HostHandle, name: &str) -> Option<SessionId> {
    let (cookie, tab) = (format!("{name} cookie"), format!("{name} tab"));
    let found = handle.read().session_by(hash(&cookie), hash(&tab)).await;
    found.unwrap().map(|session| session.id)
}

async fn told(signals: &mut Signals) -> SessionEvent {
    loop {
        let next = tokio::time::timeout(PATIENCE, signals.next()).await;
        if let Signal::Event { envelope } = next.expect("nothing is told").unwrap()
            && let Event::Session(event) = envelope.event
        {
            return event;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_signed_in_by_a_link_and_out_by_a_wish() {
    let mut scene = Scene::new([]).await;
    let handle = scene.handle();
    let mut host = handle.follow(Topic::Host, None);
    let id = invited(&handle, "Firefox").await;
    let SessionEvent::Opened { session } = told(&mut host).await else {
        panic!("it is not told that it was opened")
    };
    assert_eq!((session.id, session.how), (id, SessionHow::Launch));
    assert_eq!(session.label, "Firefox on Linux");
    assert_eq!(session.ends_at, session.used_at.plus(12 * 3_600_000));
    assert_eq!(handle.read().sessions().await.unwrap(), [session]);
    assert_eq!(known(&handle, "Firefox").await, Some(id));
    let tab = SessionOp::Tab {
        session: id,
        tab_hash: hash("second tab"),
    };
    handle.submit(tab).await.unwrap();
    let second = handle
        .read()
        .session_by(hash("Firefox cookie"), hash("second tab"));
    assert_eq!(second.await.unwrap().map(|session| session.id), Some(id));
    handle
        .submit(SessionOp::Used { session: id })
        .await
        .unwrap();

    // It outlives the process, and what is told of it names no hash.
    scene.stop().await;
    scene.start(&[]).await;
    let handle = scene.handle();
    assert_eq!(known(&handle, "Firefox").await, Some(id));
    let mut all = handle.follow(Topic::Host, Some(Seq(0)));
    let opened = told(&mut all).await;
    let text = serde_json::to_string(&opened).unwrap();
    for secret in ["Firefox", "Firefox cookie", "Firefox tab", "second tab"] {
        assert!(!text.contains(&hash(secret)), "{text}");
    }
    handle.submit(SessionOp::End { session: id }).await.unwrap();
    assert_eq!(told(&mut all).await, SessionEvent::Ended { session: id });
    assert_eq!(known(&handle, "Firefox").await, None);
    // Ended already is no mistake, and is not told twice.
    handle.submit(SessionOp::End { session: id }).await.unwrap();
    let next = invited(&handle, "Chromium").await;
    handle.submit(SessionOp::EndAll).await.unwrap();
    assert!(matches!(
        told(&mut all).await,
        SessionEvent::Opened { session } if session.id == next
    ));
    assert_eq!(told(&mut all).await, SessionEvent::Ended { session: next });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_opens_sessions_until_it_is_another_one() {
    let scene = Scene::new([]).await;
    let handle = scene.handle();
    let by_link = invited(&handle, "link").await;
    let set = |text: Option<&str>| SessionOp::SetPassword {
        password: text.map(Password::new),
    };
    handle
        .submit(set(Some("four plain words here")))
        .await
        .unwrap();
    let file = std::fs::read_to_string(scene.home().join("config.yaml")).unwrap();
    assert!(file.contains("password_hash: ") && file.contains("$argon2id$"));
    assert!(!file.contains("four plain"), "{file}");
    let report = handle.read().settings().await.unwrap();
    let shown = serde_json::to_string(&report).unwrap();
    assert!(!shown.contains("argon2id"), "{shown}");
    let opened = handle.submit(open(password("four plain words here"), "phone"));
    let by_password: SessionId = opened.await.unwrap().into();
    assert_eq!(known(&handle, "phone").await, Some(by_password));
    handle.submit(set(None)).await.unwrap();
    assert_eq!(known(&handle, "phone").await, None);
    assert_eq!(known(&handle, "link").await, Some(by_link));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_found_and_ended_from_another_process() {
    let scene = Scene::new([]).await;
    let neighbor = Neighbor::of(&scene).await;
    let url = "http://127.0.0.1:8080/".to_owned();
    let announce = ServerOp::Announce { url: url.clone() };
    scene.handle().submit(announce).await.unwrap();
    let found = neighbor.handle().read().servers().await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (
            found[0].url.as_str(),
            found[0].pid,
            found[0].version.as_str()
        ),
        (url.as_str(), std::process::id(), env!("CARGO_PKG_VERSION"))
    );
    let (mut here, there) = (
        scene.handle().asked_to_end(),
        neighbor.handle().asked_to_end(),
    );
    assert!(!here.is_raised());
    let end = ServerOp::End { pid: found[0].pid };
    neighbor.handle().submit(end).await.unwrap();
    tokio::time::timeout(PATIENCE, here.raised()).await.unwrap();
    assert!(!there.is_raised());
    let none = neighbor.handle().submit(ServerOp::End { pid: 1 }).await;
    assert_eq!(none.unwrap_err().0.code, ProblemCode::NotFound);
}

/// A conversation with a canvas.
async fn canvas(scene: &Scene) -> (ConversationId, CanvasView) {
    let conversation = scene.open().await;
    scene
        .turn(conversation, "draw", auto(), |_| unreachable!())
        .await;
    let mut found = scene.handle().read().canvases(conversation).await.unwrap();
    (conversation, found.remove(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canvas_is_written_by_hand_on_top_of_what_was_seen() {
    let arguments = json!({ "title": "Plan", "content": "one\n", "kind": "markdown" });
    let scene = Scene::new([Reply::call("create_canvas", arguments), Reply::text("done")]).await;
    let (conversation, seen) = canvas(&scene).await;
    let handle = scene.handle();
    let write = |base_version: u32, body: &str| CanvasOp::Write {
        conversation,
        canvas: seen.id,
        base_version,
        body: body.to_owned(),
    };
    let mut watch = scene.watch(conversation).await;
    handle.submit(write(1, "one\n")).await.unwrap();
    handle.submit(write(1, "two\n")).await.unwrap();
    let saved = watch
        .until(|event| matches!(event, Event::Canvas(CanvasEvent::Saved { .. })))
        .await;
    let expected = CanvasView {
        version: 2,
        body: "two\n".to_owned(),
        ..seen.clone()
    };
    let Event::Canvas(CanvasEvent::Saved { canvas }) = saved else {
        unreachable!()
    };
    assert_eq!(
        CanvasView {
            updated_at: seen.updated_at,
            ..canvas
        },
        expected
    );
    let stale = handle.submit(write(1, "three\n")).await.unwrap_err().0;
    assert_eq!(stale.code, ProblemCode::Conflict);
    let versions = handle.read().canvas_versions(conversation, seen.id);
    assert_eq!(versions.await.unwrap().len(), 2);
}

fn said(items: &[Item]) -> Vec<String> {
    let text = |item: &Item| match &item.body {
        ItemBody::UserMessage { content } => content.first().map(|content| format!("{content:?}")),
        ItemBody::AgentMessage { text } => Some(text.clone()),
        _ => None,
    };
    items.iter().filter_map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_read_around_an_item_and_both_ways_from_there() {
    let replies = (0..6).map(|number| Reply::text(&format!("answer {number} of apples")));
    let scene = Scene::new(replies).await;
    let conversation = scene.open().await;
    for number in 0..6 {
        let text = format!("question {number}");
        scene
            .turn(conversation, &text, auto(), |_| unreachable!())
            .await;
    }
    let all = scene.items(conversation).await;
    assert_eq!(all.len(), 12);
    let handle = scene.handle();
    let page = async |at: ItemsAt, limit: u32| {
        let page = handle.read().items(conversation, at, limit).await.unwrap();
        let place = page.place.unwrap();
        assert_eq!(place.total, 12);
        let first = page.entries.first().map(|item| item.id);
        let start = all.iter().position(|item| Some(item.id) == first);
        assert_eq!(start.unwrap_or(12) as u64, place.start);
        (page.entries, page.before, page.after)
    };
    let (entries, before, after) = page(ItemsAt::Newest, 12).await;
    assert_eq!((said(&entries), before, after), (said(&all), None, None));
    let (middle, before, after) = page(ItemsAt::Around(all[5].id), 4).await;
    assert_eq!(middle, all[3..7]);
    let (older, none, _) = page(ItemsAt::Before(before.unwrap()), 5).await;
    assert_eq!((older.as_slice(), none), (&all[..3], None));
    let (newer, _, more) = page(ItemsAt::After(after.unwrap()), 3).await;
    assert_eq!(newer, all[7..10]);
    let (last, _, none) = page(ItemsAt::After(more.unwrap()), 3).await;
    assert_eq!((last.as_slice(), none), (&all[10..], None));
    // At an end the other side fills the page.
    assert_eq!(page(ItemsAt::Around(all[0].id), 4).await.0, all[..4]);
    assert_eq!(page(ItemsAt::Around(all[11].id), 4).await.0, all[8..]);
    // Anywhere, by number.
    for (count, rest) in [
        (0, &all[..3]),
        (5, &all[5..8]),
        (10, &all[10..]),
        (99, &all[12..]),
    ] {
        assert_eq!(page(ItemsAt::Behind(count), 3).await.0, *rest, "{count}");
    }
    let nowhere = ItemsAt::Around(ItemId(conversation.0));
    let missing = handle.read().items(conversation, nowhere, 4).await;
    assert_eq!(missing.unwrap_err().code, ProblemCode::NotFound);

    // Found where it stands, in the order of the conversation, and not elsewhere.
    let found = handle
        .read()
        .search("apples".into(), Some(conversation), 4)
        .await
        .unwrap();
    let found: Vec<ItemId> = found.into_iter().filter_map(|hit| hit.item).collect();
    let answers: Vec<ItemId> = all.iter().skip(1).step_by(2).map(|item| item.id).collect();
    assert_eq!(found, answers[2..]);
    let other = scene.open().await;
    let elsewhere = handle.read().search("apples".into(), Some(other), 4).await;
    assert_eq!(elsewhere.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_from_the_middle_of_an_answer_has_all_of_it() {
    let gate = Gate::new();
    let scene = Scene::new([Reply::stream()
        .token("halb ")
        .token("gesagt")
        .wait(&gate)
        .token(" ist gesagt")])
    .await;
    let conversation = scene.open().await;
    let mut watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "talk", auto()).await;
    gate.reached().await;
    // The first one is told piece by piece.
    while words(&watch.told.deltas) != "halb gesagt" {
        watch.next().await;
    }
    // A page that is loaded now has what was said, though nothing more comes.
    let seq = scene.handle().read().conversation(conversation).await;
    let mut late = scene
        .handle()
        .follow(Topic::Conversation(conversation), Some(seq.unwrap().seq));
    let mut deltas = Vec::new();
    while words(&deltas) != "halb gesagt" {
        let next = tokio::time::timeout(PATIENCE, late.next()).await;
        if let Signal::Delta { delta } = next.expect("nothing is told").unwrap() {
            deltas.push(delta);
        }
    }
    // Where the turn is comes first; all of the text so far comes at once.
    let [
        Delta::Phase { turn: told, .. },
        Delta::Text { at: 0, text, .. },
    ] = deltas.as_slice()
    else {
        panic!("{deltas:?}");
    };
    assert_eq!((*told, text.as_str()), (turn, "halb gesagt"));
    gate.open();
    let told = watch.until_end(turn, &|_| unreachable!()).await;
    assert_eq!(words(&told.deltas), "halb gesagt ist gesagt");
}

/// The text that previews make, without a gap.
fn words(deltas: &[Delta]) -> String {
    let mut had = String::new();
    for delta in deltas {
        if let Delta::Text { at, text, .. } = delta {
            let known = had.chars().count();
            let skip = known.checked_sub(usize::try_from(*at).unwrap());
            had.extend(text.chars().skip(skip.expect("a gap")));
        }
    }
    had
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_learn_of_what_happens_here_and_in_other_processes() {
    let scene = Scene::new([Reply::text("hello")]).await;
    let neighbor = Neighbor::of(&scene).await;
    let mut lists =
        [scene.handle(), neighbor.handle()].map(|handle| handle.follow(Topic::Host, None));
    let conversation = scene.open().await;
    let stirred = async |signals: &mut Signals| {
        loop {
            let next = tokio::time::timeout(PATIENCE, signals.next()).await;
            if let Signal::Stirred { conversation } = next.expect("nothing is told").unwrap() {
                return conversation;
            }
        }
    };
    for list in &mut lists {
        assert_eq!(stirred(list).await, conversation);
    }
    scene
        .turn(conversation, "hi", auto(), |_| unreachable!())
        .await;
    for list in &mut lists {
        assert_eq!(stirred(list).await, conversation);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_keeps_its_model_and_its_mode() {
    let mut scene = Scene::new([Reply::text("one"), Reply::text("two")]).await;
    let conversation = scene.open().await;
    let configure = |model: Option<&str>, mode| ConversationOp::Configure {
        conversation,
        model: model.map(str::to_owned),
        mode,
    };
    let mut watch = scene.watch(conversation).await;
    let wish = configure(Some(" other "), Some(Mode::Ask));
    scene.handle().submit(wish).await.unwrap();
    watch
        .until(|event| {
            matches!(
                event,
                Event::Conversation(ConversationEvent::Configured { model, mode, .. })
                    if model.as_deref() == Some("other") && *mode == Some(Mode::Ask)
            )
        })
        .await;
    drop(watch);
    let asks = TurnOptions::default();
    scene
        .turn(conversation, "hi", asks.clone(), |_| unreachable!())
        .await;
    scene.stop().await;
    scene.start(&[]).await;
    let view = scene.handle().read().conversation(conversation).await;
    let view = view.unwrap();
    assert_eq!(
        (view.model.as_deref(), view.mode),
        (Some("other"), Some(Mode::Ask))
    );
    scene.handle().submit(configure(None, None)).await.unwrap();
    scene
        .turn(conversation, "again", asks, |_| unreachable!())
        .await;
    let models: Vec<String> = scene
        .endpoint
        .chats()
        .iter()
        .map(|request| request.json["model"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(models, ["other", "scripted"]);
    let nonsense = configure(Some("two\nlines"), None);
    let refused = scene.handle().submit(Op::from(nonsense)).await;
    assert_eq!(refused.unwrap_err().0.code, ProblemCode::InvalidInput);
}
