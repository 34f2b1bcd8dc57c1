//! What a crash leaves, and what the next start makes of it.

use crate::support::endpoint::{Gate, Reply};
use crate::support::program::aroom;
use crate::support::scene::{Scene, auto};
use anteroom_api::{ItemBody, Status, StopReason};
use serde_json::json;
use std::io::BufRead;
use std::process::Stdio;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_survives_kill_9() {
    let gate = Gate::new();
    let mut scene = Scene::new([
        Reply::call("write_file", json!({ "path": "a.txt", "content": "kept" })),
        Reply::stream().token("half an answer").wait(&gate),
        Reply::text("and the rest"),
    ])
    .await;
    scene.stop().await;
    let home = scene.folder.path().join("home");
    let mut command = aroom(&home, Some(&scene.endpoint));
    command.current_dir(scene.workspace()).args([
        "exec",
        "--approval-mode",
        "auto",
        "--stream-json",
        "write a.txt",
    ]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    // Everything read here was acknowledged.
    let mut acknowledged = Vec::new();
    tokio::task::block_in_place(|| {
        for line in lines.by_ref() {
            let value: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
            let is_last = value.to_string().contains("half an answer")
                || value["envelope"]["event"]["event"]["step"] == 2;
            acknowledged.push(value);
            if is_last {
                break;
            }
        }
    });
    gate.reached().await;
    child.kill().unwrap();
    child.wait().unwrap();

    scene.start(&[]).await;
    let listed = scene
        .handle()
        .read()
        .conversations(None, 10)
        .await
        .unwrap()
        .entries;
    assert_eq!(listed.len(), 1);
    let conversation = listed[0].id;
    let turns = scene.handle().read().turns(conversation).await.unwrap();
    assert_eq!(turns[0].stop, Some(StopReason::Interrupted));
    let items = scene.items(conversation).await;
    let call = items.iter().find_map(|item| match &item.body {
        ItemBody::ToolCall(call) => Some((item.status, call.clone())),
        _ => None,
    });
    let (status, call) = call.expect("the finished call is there");
    assert_eq!(
        (status, call.tool.as_str()),
        (Status::Completed, "write_file")
    );
    assert!(call.meter.is_some_and(|meter| meter.bytes_written == 4));
    let mut followed = scene.handle().follow(
        anteroom_api::Topic::Conversation(conversation),
        Some(anteroom_api::Seq(0)),
    );
    for told in acknowledged {
        let anteroom_api::Signal::Event { envelope } = followed.next().await.unwrap() else {
            panic!()
        };
        assert_eq!(serde_json::to_value(envelope).unwrap(), told["envelope"]);
    }
    gate.open();
    let told = scene
        .turn(conversation, "go on", auto(), |_| unreachable!())
        .await;
    assert_eq!(told.answer(), "and the rest");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_of_a_living_process_is_left_alone() {
    let gate = Gate::new();
    let mut scene = Scene::new([Reply::stream().token("still here").wait(&gate)]).await;
    let conversation = scene.open().await;
    let watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "talk", auto()).await;
    gate.reached().await;
    let first = scene.host.take();
    scene.start(&[]).await;
    let turns = scene.handle().read().turns(conversation).await.unwrap();
    assert_eq!(turns[0].stop, None);
    gate.open();
    let told = watch.until_end(turn, &|_| unreachable!()).await;
    assert_eq!(told.stop(), StopReason::EndTurn);
    first.unwrap().stop().await;
}
