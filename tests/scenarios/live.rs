//! Config files that change while the host runs.

use crate::support::endpoint::Reply;
use crate::support::neighbor::{Follow, Neighbor, say};
use crate::support::scene::{Scene, auto};
use anteroom_api::event::HostEvent;
use anteroom_api::{ConversationOp, Event, HostHandle, SettingEvent, SettingOp};
use serde_json::json;

/// A scene whose own host is stopped, with a config file of the user's.
async fn scene(replies: impl IntoIterator<Item = Reply>) -> Scene {
    let mut scene = Scene::new(replies).await;
    scene.stop().await;
    write(&scene, "first");
    scene
}

fn write(scene: &Scene, model: &str) {
    let config = format!(
        "ai:\n  base_url: {}\n  model: {model}\n  titles: false\n",
        scene.endpoint.base_url()
    );
    std::fs::write(scene.home().join("config.yaml"), config).unwrap();
}

async fn changed(follow: &mut Follow, key: &str) {
    follow
        .until(|event| {
            matches!(event, Event::Setting(SettingEvent::Changed { key: changed }) if changed == key)
        })
        .await;
}

async fn model(handle: &HostHandle) -> serde_json::Value {
    let report = handle.read().settings().await.unwrap();
    let setting = report
        .settings
        .into_iter()
        .find(|view| view.key == "ai.model");
    setting.unwrap().value
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_turn_of_an_open_conversation_uses_what_an_editor_saved() {
    let scene = scene([Reply::text("one"), Reply::text("two")]).await;
    let (host, other) = (
        Neighbor::plain(&scene, 0).await,
        Neighbor::plain(&scene, 1).await,
    );
    let handle = host.handle();
    let mut told = Follow::host(&handle).await;
    let mut there = Follow::host(&other.handle()).await;
    let open = ConversationOp::Open {
        workspace: scene.workspace().display().to_string(),
        title: "kept".into(),
        model: None,
        project: None,
        database: None,
    };
    let conversation = handle.open(open).await.unwrap();
    let mut follow = Follow::all(&handle, conversation);
    let turn = say(&handle, conversation, "one", auto()).await;
    follow.end(turn).await;
    write(&scene, "second");
    changed(&mut told, "ai.model").await;
    changed(&mut there, "ai.model").await;
    let turn = say(&handle, conversation, "two", auto()).await;
    follow.end(turn).await;
    let models: Vec<_> = scene
        .endpoint
        .chats()
        .iter()
        .map(|chat| chat.json["model"].clone())
        .collect();
    assert_eq!(models, ["first", "second"]);

    // Set from one process, known in both, and told once.
    let op = SettingOp::Change {
        key: "ai.model".into(),
        value: json!("third"),
    };
    let op = handle.submit(op).await.unwrap();
    changed(&mut told, "ai.model").await;
    assert_eq!(told.told.last().unwrap().cause, Some(op));
    changed(&mut there, "ai.model").await;
    assert_eq!(model(&other.handle()).await, "third");
    write(&scene, "fourth");
    changed(&mut there, "ai.model").await;
    let of_model = there
        .told
        .iter()
        .filter(|envelope| matches!(envelope.event, Event::Setting(_)));
    assert_eq!(of_model.count(), 3, "{:?}", there.told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_changes_nothing_and_is_told_once_with_its_place() {
    let scene = scene([Reply::text("one"), Reply::text("two")]).await;
    let (host, other) = (
        Neighbor::plain(&scene, 0).await,
        Neighbor::plain(&scene, 1).await,
    );
    let mut told = Follow::host(&host.handle()).await;
    let config = "ai:\n  base_url: [unclosed\n  model: broken\n";
    std::fs::write(scene.home().join("config.yaml"), config).unwrap();
    let trouble = told
        .until(|event| matches!(event, Event::Host(HostEvent::Trouble { .. })))
        .await;
    let Event::Host(HostEvent::Trouble { problem }) = trouble else {
        panic!("{trouble:?}")
    };
    let words = format!("{problem}");
    assert!(
        words.contains("config.yaml") && words.contains(":3:") || words.contains(":2:"),
        "{words}"
    );
    // The old settings hold: a turn still runs.
    let open = ConversationOp::Open {
        workspace: scene.workspace().display().to_string(),
        title: "kept".into(),
        model: None,
        project: None,
        database: None,
    };
    let conversation = other.handle().open(open).await.unwrap();
    let mut follow = Follow::all(&other.handle(), conversation);
    let turn = say(&other.handle(), conversation, "one", auto()).await;
    follow.end(turn).await;
    assert_eq!(scene.endpoint.chats()[0].json["model"], "first");
    // Mended, it counts; the error was told once by whichever process.
    write(&scene, "mended");
    changed(&mut told, "ai.model").await;
    let troubles = told
        .told
        .iter()
        .filter(|envelope| matches!(envelope.event, Event::Host(_)));
    assert_eq!(troubles.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projects_file_that_appears_later_counts_as_far_as_it_may() {
    let scene = scene([]).await;
    let host = Neighbor::plain(&scene, 0).await;
    let mut told = Follow::host(&host.handle()).await;
    scene.write(
        ".anteroom/config.yaml",
        "ai:\n  model: of-the-project\n  base_url: http://127.0.0.1:9/v1\n",
    );
    changed(&mut told, "ai.model").await;
    assert_eq!(model(&host.handle()).await, "of-the-project");
    let report = host.handle().read().settings().await.unwrap();
    let url = report
        .settings
        .iter()
        .find(|view| view.key == "ai.base_url");
    assert_eq!(url.unwrap().value, scene.endpoint.base_url().as_str());
}
