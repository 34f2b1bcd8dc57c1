//! Hooks: told of every moment, heard in order, the strictest first.

use crate::support::endpoint::{Gate, Reply};
use crate::support::neighbor::Follow;
use crate::support::scene::{Scene, Told, attended, auto, text_of};
use crate::support::toolset::Toolset;
use anteroom_api::{
    Approval, CallDecision, Content, ConversationId, Decision, Event, ItemBody, Mode, ProblemCode,
    Resolution, Scope, SettingEvent, Status, ToolCall, TurnOp, TurnOptions,
};
use serde_json::{Value, json};
use std::sync::Mutex;

/// A host with these hooks of the user's, each one line of the config file from line 2 on.
pub(crate) async fn hooked(replies: impl IntoIterator<Item = Reply>, hooks: &[&str]) -> Scene {
    let mut scene = Scene::new(replies).await;
    scene.stop().await;
    write(&scene, hooks);
    scene.start(&[]).await;
    scene
}

pub(crate) fn write(scene: &Scene, hooks: &[&str]) {
    let lines: String = hooks.iter().map(|hook| format!("  - {hook}\n")).collect();
    std::fs::write(scene.home().join("config.yaml"), format!("hooks:\n{lines}")).unwrap();
}

/// Where the hook of this number stands, from 0.
pub(crate) fn place(scene: &Scene, hook: usize) -> String {
    let file = scene.home().join("config.yaml");
    format!("{}:{}", file.display(), hook + 2)
}

pub(crate) fn no(_: &Approval) -> Decision {
    Decision::Deny { reason: None }
}

/// Somebody attends, and nothing asks by itself.
pub(crate) fn open_to_all() -> TurnOptions {
    TurnOptions {
        is_attended: true,
        mode: Some(Mode::Auto),
        allowed_tools: vec!["*".into()],
        ..TurnOptions::default()
    }
}

pub(crate) fn writes(path: &str) -> Reply {
    Reply::call("write_file", json!({ "path": path, "content": "new\n" }))
}

/// What a hook decided about a call.
pub(crate) fn decided(call: &ToolCall) -> &CallDecision {
    let mut decisions = call.decisions.iter();
    let found = decisions.find(|decision| decision.by == "hook");
    found.expect("no hook decided anything")
}

async fn turn(scene: &Scene, conversation: ConversationId, options: TurnOptions) -> Told {
    scene.turn(conversation, "go", options, no).await
}

fn events(scene: &Scene) -> Vec<Value> {
    let text = scene.read("seen.jsonl");
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_moment_is_told_in_order_and_without_secrets() {
    let moments = [
        "turn_start",
        "before_tool",
        "approval_requested",
        "after_tool",
        "turn_end",
    ];
    let hooks = moments.map(|moment| format!("{{on: {moment}, command: 'cat >> seen.jsonl'}}"));
    let hooks: Vec<&str> = hooks.iter().map(String::as_str).collect();
    let secret = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";
    let content = format!("token {secret}\n");
    let replies = [
        Reply::call("write_file", json!({ "path": "a.txt", "content": content })),
        Reply::text("written"),
    ];
    let scene = hooked(replies, &hooks).await;
    let conversation = scene.open().await;
    let told = scene
        .turn(conversation, "write it", attended(), |_| Decision::Allow {
            scope: Scope::Once,
        })
        .await;
    assert_eq!(told.call("write_file").0.status, Status::Completed);
    let events = events(&scene);
    let names: Vec<&str> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(names, moments);
    for event in &events {
        assert_eq!(event["conversation"], conversation.to_string());
        assert_eq!(event["workspace"], scene.workspace().display().to_string());
        assert_eq!(event["agent"], Value::Null);
        assert!(!event.to_string().contains(secret), "{event}");
    }
    assert_eq!(events[0]["input"], "write it");
    assert_eq!(events[1]["arguments"]["path"], "a.txt");
    assert_eq!(events[2]["effect"]["kind"], "file_write");
    assert_eq!(events[3]["status"], "completed");
    assert!(events[3]["result"].as_str().unwrap().contains("a.txt"));
    assert_eq!(events[4]["answer"], "written");
    assert_eq!(events[4]["steps"], 2);
    let call = told.call("write_file").0.id.to_string();
    for event in &events[1..4] {
        assert_eq!(
            (event["call"].as_str(), event["tool"].as_str()),
            (Some(call.as_str()), Some("write_file"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_refuses_what_fits_and_nothing_else() {
    let hook = r#"{on: before_tool, tool: 'write_*', arguments: {path: '*.lock'}, command: 'echo ''{"decision":"deny","reason":"locks are made, not written"}'''}"#;
    let replies = [writes("a.lock"), writes("a.txt"), Reply::text("done")];
    let mut scene = hooked(replies, &[hook]).await;
    let conversation = scene.open().await;
    let told = turn(&scene, conversation, auto()).await;
    let calls = told.calls("write_file");
    let (refused, made) = (&calls[0], &calls[1]);
    assert_eq!(
        (refused.0.status, made.0.status),
        (Status::Denied, Status::Completed)
    );
    assert!(!scene.has("a.lock") && scene.has("a.txt"));
    let decision = decided(&refused.1);
    assert_eq!(decision.rule.as_ref(), Some(&place(&scene, 0)));
    assert_eq!(
        decision.resolution,
        Resolution::Denied {
            reason: Some("locks are made, not written".into())
        }
    );
    let sent = scene.endpoint.chats()[1].json["messages"].to_string();
    assert!(sent.contains("locks are made, not written"), "{sent}");
    assert!(made.1.decisions.iter().all(|it| it.by != "hook"));

    // Run again from its record, it is as it was, and no hook is asked.
    let turns = scene.handle().read().turns(conversation).await.unwrap();
    scene.stop().await;
    write(
        &scene,
        &["{on: before_tool, command: 'touch again; exit 1'}"],
    );
    scene.start(&[]).await;
    let report = scene.handle().read().replay(turns[0].id).await.unwrap();
    assert_eq!(report.differences, []);
    assert!(!scene.has("again"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_has_a_person_asked_whatever_the_rules_say() {
    let hook = r#"{on: before_tool, tool: write_file, command: 'echo ''{"decision":"ask","reason":"look at it"}'''}"#;
    let replies = [
        writes("yes"),
        writes("no"),
        Reply::text("done"),
        writes("nobody"),
        Reply::text("done"),
    ];
    let scene = hooked(replies, &[hook]).await;
    let conversation = scene.open().await;
    let asked = Mutex::new(Vec::new());
    let told = scene
        .turn(conversation, "go", open_to_all(), |approval| {
            let detail = approval.effect.detail.clone().unwrap_or_default();
            asked.lock().unwrap().push(approval.clone());
            match detail.contains("yes") {
                true => Decision::Allow { scope: Scope::Once },
                false => no(approval),
            }
        })
        .await;
    let asked = asked.into_inner().unwrap();
    assert_eq!(asked.len(), 2, "once for each call");
    for approval in asked {
        let expected = format!("the hook at `{}` asks for it: look at it", place(&scene, 0));
        assert_eq!(approval.reasons[0], expected);
        let scopes: Vec<Scope> = approval.scopes.iter().map(|it| it.scope).collect();
        assert_eq!(scopes, [Scope::Once]);
    }
    let statuses: Vec<Status> = told
        .calls("write_file")
        .iter()
        .map(|(item, _)| item.status)
        .collect();
    assert_eq!(statuses, [Status::Completed, Status::Denied]);
    assert!(scene.has("yes") && !scene.has("no"));
    // Where nobody is there, nobody says yes.
    let unattended = TurnOptions {
        is_attended: false,
        ..open_to_all()
    };
    let told = turn(&scene, conversation, unattended).await;
    assert_eq!(told.call("write_file").0.status, Status::Denied);
    assert!(!scene.has("nobody"));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_run_in_order_the_strictest_wins_and_contexts_add_up() {
    let says = |number: u32, decision: &str| {
        format!(
            r#"{{on: before_tool, tool: write_file, command: 'echo {number} >> order; echo ''{{"decision":"{decision}","reason":"reason {number}","context":"context {number}"}}'''}}"#
        )
    };
    let hooks = [
        says(1, "allow"),
        says(2, "ask"),
        says(3, "deny"),
        says(4, "allow"),
    ];
    let hooks: Vec<&str> = hooks.iter().map(String::as_str).collect();
    let scene = hooked([writes("a"), Reply::text("done")], &hooks).await;
    let conversation = scene.open().await;
    let told = turn(&scene, conversation, open_to_all()).await;
    assert_eq!(scene.read("order"), "1\n2\n3\n4\n");
    let (item, call) = told.call("write_file");
    assert_eq!(item.status, Status::Denied);
    assert_eq!(decided(&call).rule, Some(place(&scene, 2)));
    let text = text_of(&call);
    let found: Vec<_> = (1..=4)
        .map(|number| text.find(&format!("context {number}")))
        .collect();
    assert!(
        found.iter().all(Option::is_some) && found.is_sorted(),
        "{text}"
    );
    assert!(
        text.contains("reason 3") && !text.contains("reason 2"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn context_is_added_where_it_belongs_and_kept() {
    let adds = |moment: &str| {
        format!(r#"{{on: {moment}, command: 'echo ''{{"context":"from {moment}"}}'''}}"#)
    };
    let hooks = ["turn_start", "before_tool", "after_tool"].map(adds);
    let hooks: Vec<&str> = hooks.iter().map(String::as_str).collect();
    let replies = [writes("a"), Reply::text("done"), Reply::text("again")];
    let mut scene = hooked(replies, &hooks).await;
    let conversation = scene.open().await;
    let told = turn(&scene, conversation, auto()).await;
    let text = told.result("write_file");
    for moment in ["before_tool", "after_tool"] {
        assert!(text.contains(&format!("from {moment}")), "{text}");
    }
    assert!(text.contains("Added by the user's hook at `"), "{text}");
    let items = told.items();
    let ItemBody::UserMessage { content } = &items[0].body else {
        panic!("{items:?}")
    };
    let [Content::Text { text: said }, Content::Text { text: added }] = content.as_slice() else {
        panic!("{content:?}")
    };
    assert_eq!(said, "go");
    assert!(added.contains("from turn_start"), "{added}");
    // What was sent once is sent again, byte by byte.
    scene.stop().await;
    write(&scene, &[]);
    scene.start(&[]).await;
    turn(&scene, conversation, auto()).await;
    let chats = scene.endpoint.chats();
    let (before, after) = (&chats[1].json["messages"], &chats[2].json["messages"]);
    let before = before.as_array().unwrap();
    assert_eq!(
        &after.as_array().unwrap()[..before.len()],
        before.as_slice()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_withheld_and_an_approval_answered_no() {
    let says = |moment: &str, tool: &str| {
        format!(
            r#"{{on: {moment}, tool: {tool}, command: 'echo ''{{"decision":"deny","reason":"not {moment}"}}'''}}"#
        )
    };
    let hooks = [
        says("after_tool", "read_file"),
        says("approval_requested", "write_file"),
    ];
    let hooks: Vec<&str> = hooks.iter().map(String::as_str).collect();
    let replies = [
        Reply::call("read_file", json!({ "path": "a.txt" })),
        writes("b.txt"),
        Reply::text("done"),
    ];
    let scene = hooked(replies, &hooks).await;
    scene.write("a.txt", "what is read\n");
    let conversation = scene.open().await;
    let told = scene
        .turn(conversation, "go", attended(), |approval| {
            panic!("the person was asked: {approval:?}")
        })
        .await;
    let (item, call) = told.call("read_file");
    let text = text_of(&call);
    assert_eq!(item.status, Status::Failed);
    assert!(
        !text.contains("what is read") && text.contains("not after_tool"),
        "{text}"
    );
    assert!(call.meter.is_some(), "it has run");
    let (item, call) = told.call("write_file");
    let text = text_of(&call);
    assert_eq!(item.status, Status::Denied);
    assert!(
        text.contains("a hook said no") && !text.contains("the person said no"),
        "{text}"
    );
    assert!(text.contains(&place(&scene, 1)), "{text}");
    assert_eq!(decided(&call).tier, anteroom_api::Tier::Write);
    assert!(!scene.has("b.txt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn input_is_refused_before_anything_is_sent() {
    let hook = r#"{on: turn_start, command: 'grep -q launch && echo ''{"decision":"deny","reason":"no launches today"}'' || true'}"#;
    let gate = Gate::new();
    let replies = [
        Reply::text("hello"),
        Reply::stream().token("hm").wait(&gate),
        Reply::text("ok"),
    ];
    let scene = hooked(replies, &[hook]).await;
    let conversation = scene.open().await;
    let start = |text: &str| TurnOp::Start {
        conversation,
        input: vec![Content::text(text)],
        options: auto(),
    };
    let refused = scene.handle().submit(start("launch it")).await;
    let problem = refused.unwrap_err().0;
    assert_eq!(problem.code, ProblemCode::Denied);
    for words in ["no launches today", &place(&scene, 0)] {
        assert!(problem.error.contains(words), "{problem:?}");
    }
    assert!(scene.endpoint.chats().is_empty());
    assert_eq!(scene.items(conversation).await, []);
    assert_eq!(turn(&scene, conversation, auto()).await.answer(), "hello");
    // What is added to a running turn goes the same way.
    let watch = scene.watch(conversation).await;
    let running = scene.say(conversation, "begin", auto()).await;
    gate.reached().await;
    let steer = |text: &str| TurnOp::Steer {
        turn: running,
        input: vec![Content::text(text)],
    };
    let refused = scene.handle().submit(steer("now launch it")).await;
    assert_eq!(refused.unwrap_err().0.code, ProblemCode::Denied);
    scene.handle().submit(steer("be quick")).await.unwrap();
    gate.open();
    watch.until_end(running, &no).await;
    let sent = scene.endpoint.chats().last().unwrap().json["messages"].to_string();
    assert!(
        sent.contains("be quick") && !sent.contains("launch"),
        "{sent}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_childs_calls_are_seen_with_its_name() {
    let hook = r#"{on: before_tool, tool: write_file, command: 'cat >> seen.jsonl; echo ''{"decision":"deny"}'''}"#;
    let replies = [
        Reply::call(
            "run_agent",
            json!({ "agent": "helper", "prompt": "write a" }),
        ),
        writes("a"),
        Reply::text("could not"),
        Reply::text("the end"),
    ];
    let scene = hooked(replies, &[hook]).await;
    let conversation = scene.open().await;
    let told = turn(&scene, conversation, open_to_all()).await;
    assert_eq!(told.call("run_agent").0.status, Status::Completed);
    assert!(!scene.has("a"));
    let seen = events(&scene);
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["agent"], "helper");
    assert_eq!(seen[0]["conversation"], conversation.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_answers_too() {
    let mut scene = Scene::new([writes("a"), Reply::text("done")]).await;
    scene.stop().await;
    let tools = scene.home().join("tools");
    std::fs::create_dir_all(&tools).unwrap();
    let answers = r#"{"decision":"deny","reason":"says the component"}"#;
    let toolset = Toolset::new("check_call", answers).build();
    std::fs::write(tools.join("checks.wasm"), toolset).unwrap();
    write(
        &scene,
        &["{on: before_tool, tool: write_file, component: checks.check_call}"],
    );
    scene.start(&[]).await;
    let conversation = scene.open().await;
    let told = turn(&scene, conversation, open_to_all()).await;
    let (item, call) = told.call("write_file");
    let text = text_of(&call);
    assert_eq!(item.status, Status::Denied);
    assert!(text.contains("says the component"), "{text}");
    assert!(!scene.has("a"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_formatter_runs_after_each_write() {
    let hook = "{on: after_tool, tool: '{write_file,edit_file}', arguments: {path: '*.txt'}, command: 'tr a-z A-Z < a.txt > up && mv up a.txt'}";
    let scene = hooked([writes("a.txt"), Reply::text("done")], &[hook]).await;
    let conversation = scene.open().await;
    turn(&scene, conversation, auto()).await;
    assert_eq!(scene.read("a.txt"), "NEW\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_file_counts_from_the_next_turn_on() {
    let replies = [
        writes("a"),
        Reply::text("done"),
        writes("b"),
        Reply::text("done"),
    ];
    let scene = hooked(replies, &["{on: before_tool, command: 'exit 1'}"]).await;
    let conversation = scene.open().await;
    turn(&scene, conversation, auto()).await;
    assert!(!scene.has("a"));
    let mut told = Follow::host(&scene.handle()).await;
    write(&scene, &[]);
    told.until(
        |event| matches!(event, Event::Setting(SettingEvent::Changed { key }) if key == "hooks"),
    )
    .await;
    turn(&scene, conversation, auto()).await;
    assert!(scene.has("b"));
}
