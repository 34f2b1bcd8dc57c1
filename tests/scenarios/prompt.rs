//! What is sent before the first word, how it is counted, and who names a conversation.

use crate::support::endpoint::{Gate, Reply};
use crate::support::scene::{Scene, attended};
use anteroom_api::{ConversationEvent, Decision, Event, ItemBody};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_report_is_what_is_sent() {
    let scene = Scene::new([Reply::text("hi")]).await;
    scene.write("AGENTS.md", "Use tabs.");
    let workspace = scene.workspace().display().to_string();
    let before = scene
        .handle()
        .read()
        .prompt(None, workspace.clone(), None)
        .await
        .unwrap();
    let told = scene.run("x").await;
    let sent = scene.endpoint.chats()[0].json.clone();
    // What changes afterwards does not change what a conversation was told first.
    scene.write("AGENTS.md", "Use spaces.");
    let after = scene
        .handle()
        .read()
        .prompt(Some(told.conversation), workspace, None)
        .await
        .unwrap();
    for report in [&before, &after] {
        let sections: Vec<&str> = report
            .sections
            .iter()
            .map(|part| part.text.as_str())
            .collect();
        assert_eq!(
            sections.join("\n\n"),
            sent["messages"][0]["content"].as_str().unwrap()
        );
        let tools: Vec<Value> = report
            .tools
            .iter()
            .map(|part| serde_json::from_str(&part.text).unwrap())
            .collect();
        assert_eq!(json!(tools), sent["tools"]);
        let all: u64 = report
            .sections
            .iter()
            .chain(&report.tools)
            .map(|part| part.tokens)
            .sum();
        assert_eq!(report.tokens, all);
    }
    let names: Vec<&str> = before
        .sections
        .iter()
        .map(|part| part.name.as_str())
        .collect();
    assert_eq!(names, ["identity", "environment", "skills", "instructions"]);
    assert!(before.sections[2].text.contains("`use_skill`"));
    assert!(before.sections[3].text.contains("came with the workspace"));
}

/// The estimate against a real vocabulary: within 15 % for what conversations are made of.
#[tokio::test(flavor = "multi_thread")]
async fn estimates_are_near_the_truth() {
    let tokenizer = tiktoken_rs::o200k_base().unwrap();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let records: Vec<Value> = (0..150)
        .map(|n| json!({ "id": n, "name": format!("item {n}"), "path": format!("src/lib_{n}.rs"), "ok": n % 2 == 0 }))
        .collect();
    let texts = [
        std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap(),
        std::fs::read_to_string(root.join("host/runtime/src/agent/history.rs")).unwrap(),
        std::fs::read_to_string(root.join("host/storage/src/schema/0001_initial.sql")).unwrap(),
        serde_json::to_string(&records).unwrap(),
        serde_json::to_string_pretty(&records).unwrap(),
        "Wer diese Anleitung liest, möchte vermutlich wissen, wie das Programm größere Änderungen rückgängig macht. ".repeat(5),
    ];
    let scene = Scene::new([]).await;
    for text in texts {
        // The only door to the estimate from outside is the report.
        scene.write("AGENTS.md", &text[..text.floor_char_boundary(20_000)]);
        let workspace = scene.workspace().display().to_string();
        let report = scene
            .handle()
            .read()
            .prompt(None, workspace, None)
            .await
            .unwrap();
        let part = report
            .sections
            .iter()
            .find(|part| part.name == "instructions")
            .unwrap();
        let truth = tokenizer.encode_ordinary(&part.text).len();
        let estimate = usize::try_from(part.tokens).unwrap();
        let difference = estimate.abs_diff(truth);
        assert!(
            difference * 100 <= truth * 15,
            "{estimate} instead of {truth}: {}",
            &text[..40]
        );
    }
}

fn is_titling(request: &Value) -> bool {
    request["messages"][0]["content"]
        .to_string()
        .contains("Write a title")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_names_a_conversation_after_its_first_turn() {
    let scene = Scene::with_settings([], &[("ai.titles", json!(true))]).await;
    scene.endpoint.choose(|body| {
        Some(match is_titling(body) {
            true => Reply::text("\"Retry policy of the client.\""),
            false => Reply::text("it retries three times"),
        })
    });
    let conversation = scene.open().await;
    let mut watch = scene.watch(conversation).await;
    scene
        .say(conversation, "how often does the client retry?", attended())
        .await;
    let mut titles = Vec::new();
    while titles.len() < 2 {
        let renamed = |event: &Event| {
            matches!(
                event,
                Event::Conversation(ConversationEvent::Renamed { .. })
            )
        };
        if let Event::Conversation(ConversationEvent::Renamed { title, .. }) =
            watch.until(renamed).await
        {
            titles.push(title);
        }
    }
    assert_eq!(
        titles,
        [
            "how often does the client retry?",
            "Retry policy of the client"
        ]
    );
    let no = |_: &anteroom_api::Approval| Decision::Deny { reason: None };
    scene.turn(conversation, "more", attended(), no).await;
    let chats = scene.endpoint.chats();
    let asked: Vec<bool> = chats.iter().map(|chat| is_titling(&chat.json)).collect();
    assert_eq!(asked, [false, true, false]);
    assert!(chats[1].json.get("tools").is_none());
    let view = scene
        .handle()
        .read()
        .conversation(conversation)
        .await
        .unwrap();
    assert_eq!(
        (view.title.as_str(), view.usage.prompt_tokens),
        ("Retry policy of the client", 30)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_is_in_nobodys_way() {
    let gate = Gate::new();
    let mut scene = Scene::with_settings([], &[("ai.titles", json!(true))]).await;
    let waiting = gate.clone();
    scene.endpoint.choose(move |body| {
        Some(match is_titling(body) {
            true => Reply::stream().wait(&waiting).say("too late"),
            false => Reply::text("done"),
        })
    });
    let conversation = scene.open().await;
    let no = |_: &anteroom_api::Approval| Decision::Deny { reason: None };
    scene.turn(conversation, "first line", attended(), no).await;
    gate.reached().await;
    // The next turn does not wait for it, and neither does the end.
    let told = scene.turn(conversation, "second", attended(), no).await;
    assert_eq!(told.answer(), "done");
    scene.stop().await;
    gate.open();
    scene.start(&[("ai.titles", json!(false))]).await;
    let view = scene
        .handle()
        .read()
        .conversation(conversation)
        .await
        .unwrap();
    assert_eq!(view.title, "first line");
    // Turned off, nothing is asked for.
    let before = scene.endpoint.chats().len();
    let other = scene.open().await;
    scene.turn(other, "x", attended(), no).await;
    scene.turn(other, "y", attended(), no).await;
    assert_eq!(scene.endpoint.chats().len(), before + 2);
    let items = scene.items(other).await;
    assert!(
        items
            .iter()
            .all(|item| !matches!(item.body, ItemBody::Summary { .. }))
    );
}
