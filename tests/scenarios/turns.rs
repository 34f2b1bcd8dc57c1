//! The loop: steps, parallel calls, queue, steering, cancel, limits, failures.

use crate::support::endpoint::{Gate, Reply};
use crate::support::held;
use crate::support::log;
use crate::support::scene::{Scene, auto};
use anteroom_api::{
    Content, Delta, Event, ItemBody, ItemEvent, Phase, ProblemCode, Signal, Status, StopReason,
    TurnEvent, TurnOp, TurnOptions,
};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_with_one_call_is_told_in_full() {
    let scene = Scene::new([
        Reply::text("Let me look.")
            .and_call("read_file", json!({ "path": "a.txt" }))
            .usage(100, 10, 0),
        Reply::text("It says hello.").usage(120, 5, 100),
    ])
    .await;
    scene.write("a.txt", "hello\n");
    let told = scene.run("what does a.txt say?").await;
    assert_eq!(told.stop(), StopReason::EndTurn);
    insta::assert_snapshot!("one_call", log::render(&scene, &told.events));
    let said: String = told
        .deltas
        .iter()
        .filter_map(|delta| match delta {
            Delta::Text { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(said, "Let me look.It says hello.");
    let view = scene
        .handle()
        .read()
        .conversation(told.conversation)
        .await
        .unwrap();
    assert_eq!(
        (
            view.title.as_str(),
            view.usage.prompt_tokens,
            view.usage.cached_tokens,
            view.running
        ),
        ("what does a.txt say?", 220, 100, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_is_asked_while_the_beginning_is_stored_and_nothing_is_told_before() {
    let scene = Scene::new([Reply::text("quick words")]).await;
    let conversation = scene.open().await;
    let mut watch = scene.watch(conversation).await;
    let other = rusqlite::Connection::open(scene.home().join("anteroom.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let storing = async {
        scene.endpoint.chat(0).await;
        let early = tokio::time::timeout(Duration::from_millis(200), watch.signals.next()).await;
        assert!(early.is_err(), "{early:?}");
        other.execute_batch("COMMIT").unwrap();
    };
    let (turn, ()) = tokio::join!(scene.say(conversation, "hello", auto()), storing);
    let mut is_begun = false;
    loop {
        match watch.next().await {
            Signal::Event { envelope } => match envelope.event {
                Event::Turn(TurnEvent::StepStarted { .. }) => is_begun = true,
                Event::Turn(TurnEvent::Ended { turn: ended, .. }) if ended == turn => break,
                _ => {}
            },
            _ => assert!(is_begun, "told before the step was"),
        }
    }
    let told = watch.told;
    assert_eq!(
        (told.stop(), told.answer().as_str()),
        (StopReason::EndTurn, "quick words")
    );
    assert!(!told.deltas.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_one_answer_run_together_and_answer_in_order() {
    let scene = Scene::new([
        Reply::stream()
            .and_call(
                "bash",
                json!({ "command": "while [ ! -e go ]; do sleep 0.01; done; echo first" }),
            )
            .and_call("bash", json!({ "command": "touch go; echo second" })),
        Reply::text("done"),
    ])
    .await;
    // The first call can only end because the second runs beside it.
    let told = scene.work("go").await;
    assert_eq!(told.stop(), StopReason::EndTurn);
    let sent = scene.endpoint.chats()[1].json["messages"].clone();
    let results: Vec<&str> = sent
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] == "tool")
        .map(|message| message["content"].as_str().unwrap().trim())
        .collect();
    assert_eq!(results, ["first", "second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn input_while_a_turn_runs_waits_its_turn() {
    let gate = Gate::new();
    let scene = Scene::new([
        Reply::stream().token("one").wait(&gate),
        Reply::text("three"),
    ])
    .await;
    let conversation = scene.open().await;
    let mut watch = scene.watch(conversation).await;
    let handle = scene.handle();
    let first = scene.say(conversation, "first", auto()).await;
    gate.reached().await;
    let second = scene.say(conversation, "second", auto()).await;
    let third = scene.say(conversation, "third", auto()).await;
    let queue = handle.read().queue(conversation).await.unwrap();
    assert_eq!(
        queue.iter().map(|queued| queued.turn).collect::<Vec<_>>(),
        [second, third]
    );
    handle
        .submit(TurnOp::Unqueue { turn: second })
        .await
        .unwrap();
    for _ in 0..9 {
        scene.say(conversation, "more", auto()).await;
    }
    let start = TurnOp::Start {
        conversation,
        input: vec![Content::text("too much")],
        options: auto(),
    };
    assert_eq!(
        handle.submit(start).await.unwrap_err().0.code,
        ProblemCode::LimitReached
    );
    gate.open();
    watch
        .until(
            |event| matches!(event, Event::Turn(TurnEvent::Ended { turn, .. }) if *turn == first),
        )
        .await;
    let told = watch.until_end(third, &|_| unreachable!()).await;
    assert_eq!(told.answer(), "three");
}

#[tokio::test(flavor = "multi_thread")]
async fn steering_reaches_the_next_step() {
    let scene = Scene::new([
        Reply::call(
            "bash",
            json!({ "command": "touch started; while [ ! -e go ]; do sleep 0.01; done" }),
        ),
        Reply::text("ok"),
    ])
    .await;
    let conversation = scene.open().await;
    let mut watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "begin", auto()).await;
    watch.until(|event| matches!(event, Event::Item(ItemEvent::Started(item)) if matches!(item.body, ItemBody::ToolCall(_)))).await;
    scene
        .handle()
        .submit(TurnOp::Steer {
            turn,
            input: vec![Content::text("and be quick")],
        })
        .await
        .unwrap();
    scene.write("go", "");
    let told = watch.until_end(turn, &|_| unreachable!()).await;
    assert_eq!(told.stop(), StopReason::EndTurn);
    let sent = scene.endpoint.chats()[1].json["messages"].clone();
    assert_eq!(
        sent.as_array().unwrap().last().unwrap(),
        &json!({ "role": "user", "content": "and be quick" })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn steering_that_comes_too_late_is_kept_for_the_next_turn() {
    let gate = Gate::new();
    let scene = Scene::new([Reply::stream().token("hm").wait(&gate), Reply::text("ok")]).await;
    let conversation = scene.open().await;
    let watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "begin", auto()).await;
    gate.reached().await;
    let input = vec![Content::text("in French")];
    let handle = scene.handle();
    handle.submit(TurnOp::Steer { turn, input }).await.unwrap();
    handle.submit(TurnOp::Cancel { turn }).await.unwrap();
    let told = watch.until_end(turn, &|_| unreachable!()).await;
    assert_eq!(told.stop(), StopReason::Cancelled);
    gate.open();
    scene
        .turn(conversation, "go on", auto(), |_| unreachable!())
        .await;
    let sent = scene.endpoint.chats()[1].json["messages"].to_string();
    assert!(sent.contains("in French"), "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_while_streaming_keeps_what_was_said() {
    let gate = Gate::new();
    let scene = Scene::new([
        Reply::stream().token("half an ans").wait(&gate),
        Reply::text("again"),
    ])
    .await;
    let conversation = scene.open().await;
    let watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "talk", auto()).await;
    gate.reached().await;
    let mut watch = watch;
    while !watch
        .told
        .deltas
        .iter()
        .any(|delta| matches!(delta, Delta::Text { .. }))
    {
        watch.next().await;
    }
    scene
        .handle()
        .submit(TurnOp::Cancel { turn })
        .await
        .unwrap();
    let told = watch.until_end(turn, &|_| unreachable!()).await;
    assert_eq!(told.stop(), StopReason::Cancelled);
    assert_eq!(
        (told.answer().as_str(), told.items().last().unwrap().status),
        ("half an ans", Status::Interrupted)
    );
    gate.open();
    let told = scene
        .turn(conversation, "go on", auto(), |_| unreachable!())
        .await;
    assert_eq!(told.answer(), "again");
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_while_a_tool_runs_kills_its_processes() {
    let scene = Scene::new([Reply::call(
        "bash",
        json!({ "command": "sleep 1000 & touch ready; wait" }),
    )])
    .await;
    let conversation = scene.open().await;
    let mut watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "wait", held::running()).await;
    watch.until(|event| matches!(event, Event::Item(ItemEvent::Started(item)) if matches!(item.body, ItemBody::ToolCall(_)))).await;
    watch.let_run().await;
    while !scene.has("ready") {
        tokio::task::yield_now().await;
    }
    assert_ne!(working_in(&scene.workspace()), Vec::<String>::new());
    scene
        .handle()
        .submit(TurnOp::Cancel { turn })
        .await
        .unwrap();
    let told = watch.until_end(turn, &|_| unreachable!()).await;
    assert_eq!(told.stop(), StopReason::Cancelled);
    assert_eq!(told.call("bash").0.status, Status::Interrupted);
    assert_eq!(working_in(&scene.workspace()), Vec::<String>::new());
}

/// Processes that work in a folder, whatever numbers they see themselves; those that wait to be reaped are left out.
fn working_in(folder: &std::path::Path) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .map(|process| process.path())
        .filter(|process| std::fs::read_link(process.join("cwd")).is_ok_and(|at| at == folder))
        .map(|process| std::fs::read_to_string(process.join("comm")).unwrap_or_default())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_step_limit_asks_for_last_words() {
    let scene = Scene::new([
        Reply::call("glob_files", json!({ "pattern": "*" })),
        Reply::call("glob_files", json!({ "pattern": "*" })),
        Reply::text("that is how far I came"),
    ])
    .await;
    let conversation = scene.open().await;
    let options = TurnOptions {
        max_steps: Some(2),
        ..auto()
    };
    let told = scene
        .turn(conversation, "go", options, |_| unreachable!())
        .await;
    assert_eq!(
        (told.stop(), told.answer().as_str()),
        (StopReason::MaxSteps, "that is how far I came")
    );
    assert_eq!(scene.endpoint.chats()[2].json["tool_choice"], "none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_tool_is_a_result_and_a_broken_call_too() {
    let scene = Scene::new([
        Reply::stream()
            .and_call("read_file", json!({ "path": "missing.txt" }))
            .and_call("no_such_tool", json!({}))
            .and_call("read_file", json!({ "file": 3 }))
            .and_call_in_pieces("read_file", &json!("not an object"), 3),
        Reply::text("I see"),
    ])
    .await;
    let told = scene.run("try").await;
    assert_eq!(told.stop(), StopReason::EndTurn);
    let failed: Vec<Status> = told
        .items()
        .iter()
        .filter(|item| matches!(item.body, ItemBody::ToolCall(_)))
        .map(|item| item.status)
        .collect();
    assert_eq!(failed, [Status::Failed; 4]);
    let unknown = told.result("no_such_tool");
    assert!(
        unknown.contains("there is no tool `no_such_tool`") && unknown.contains("read_file"),
        "{unknown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_the_endpoint_end_the_turn_in_words() {
    let cases: [(Reply, ProblemCode); 4] = [
        (Reply::error(401, "bad key"), ProblemCode::EndpointAuth),
        (
            Reply::error(400, "no such field"),
            ProblemCode::EndpointFailed,
        ),
        (Reply::html(404, "Not Found"), ProblemCode::EndpointFailed),
        (Reply::stream().finish("stop"), ProblemCode::EndpointFailed),
    ];
    for (reply, code) in cases {
        let scene = Scene::new([reply]).await;
        let told = scene.run("hi").await;
        let StopReason::Failed { problem } = told.stop() else {
            panic!("{:?}", told.stop())
        };
        assert_eq!(problem.code, code, "{problem}");
        assert!(problem.hint.is_some(), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_told_and_succeeds() {
    let scene = Scene::new([Reply::error(503, "busy"), Reply::text("now")]).await;
    let told = scene.run("hi").await;
    assert_eq!(told.answer(), "now");
    let retried = told.deltas.iter().any(|delta| {
        matches!(
            delta,
            Delta::Phase {
                phase: Phase::Retrying {
                    attempt: 1,
                    max: 3,
                    ..
                },
                ..
            }
        )
    });
    assert!(retried, "{:?}", told.deltas);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_joins_late_sees_the_same() {
    let scene = Scene::new([Reply::text("one"), Reply::text("two")]).await;
    let told = scene.run("first").await;
    let again = scene
        .turn(told.conversation, "second", auto(), |_| unreachable!())
        .await;
    let mut late = scene.handle().follow(
        anteroom_api::Topic::Conversation(told.conversation),
        Some(anteroom_api::Seq(0)),
    );
    let mut seen = Vec::new();
    while seen.len() < again.events.last().unwrap().seq.0 as usize {
        match late.next().await.unwrap() {
            anteroom_api::Signal::Event { envelope } => seen.push(envelope),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        seen.iter()
            .map(|envelope| envelope.seq.0)
            .collect::<Vec<_>>(),
        (1..=seen.len() as u64).collect::<Vec<_>>()
    );
    assert_eq!(seen[seen.len() - again.events.len()..], again.events[..]);
}
