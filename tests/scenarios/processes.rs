//! Several processes work on one database as one: two real hosts on one home, and the real program.

use crate::support::endpoint::{Gate, Reply};
use crate::support::held;
use crate::support::neighbor::{Follow, Neighbor, say};
use crate::support::program::aroom;
use crate::support::scene::{PATIENCE, Scene, attended, auto, text_of};
use anteroom_api::{
    Approval, ApprovalEvent, ApprovalOp, Content, ConversationEvent, ConversationId,
    ConversationOp, Decision, Event, HostHandle, Item, ItemBody, ItemEvent, ProblemCode,
    Resolution, RuleEvent, RuleOp, Scope, Status, StopReason, TurnEvent, TurnId, TurnOp,
    TurnOptions,
};
use serde_json::json;
use std::process::Stdio;
use std::time::Duration;

fn decide(approval: &Approval, decision: Decision) -> ApprovalOp {
    ApprovalOp::Decide {
        approval: approval.id,
        digest: approval.digest.clone(),
        decision,
        by: "neighbor".into(),
    }
}

fn once() -> Decision {
    Decision::Allow { scope: Scope::Once }
}

fn stop_of(event: Event) -> StopReason {
    match event {
        Event::Turn(TurnEvent::Ended { stop, .. }) => stop,
        other => panic!("{other:?}"),
    }
}

async fn asked(follow: &mut Follow) -> Approval {
    let is_asked =
        |event: &Event| matches!(event, Event::Approval(ApprovalEvent::Requested { .. }));
    match follow.until(is_asked).await {
        Event::Approval(ApprovalEvent::Requested { approval }) => *approval,
        other => panic!("{other:?}"),
    }
}

async fn waiting(handle: &HostHandle, conversation: ConversationId) -> Vec<bool> {
    let queue = handle.read().queue(conversation).await.unwrap();
    queue.into_iter().map(|queued| queued.is_held).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_writes_the_other_sees_in_the_same_order() {
    let scene = Scene::new([
        Reply::call("write_file", json!({ "path": "a.txt", "content": "x" })),
        Reply::text("done"),
    ])
    .await;
    let neighbor = Neighbor::of(&scene).await;
    let conversation = scene.open().await;
    let mut there = Follow::all(&neighbor.handle(), conversation);
    let mut here = Follow::all(&scene.handle(), conversation);
    let turn = scene.say(conversation, "write", auto()).await;
    here.end(turn).await;
    there.end(turn).await;
    assert_eq!(there.told, here.told);
    assert!(here.told.len() > 8, "{}", here.told.len());

    // And back: what the neighbor renames is told here.
    let rename = ConversationOp::Rename {
        conversation,
        title: "from next door".into(),
    };
    neighbor.handle().submit(rename).await.unwrap();
    let renamed = here
        .until(|event| matches!(event, Event::Conversation(ConversationEvent::Renamed { title, .. }) if title == "from next door"))
        .await;
    assert!(matches!(renamed, Event::Conversation(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_is_driven_from_another_process() {
    let gate = Gate::new();
    let scene = Scene::new([
        Reply::stream().token("thinking").wait(&gate),
        Reply::text("the second"),
        Reply::text("the third"),
    ])
    .await;
    let neighbor = Neighbor::of(&scene).await;
    let handle = neighbor.handle();
    let conversation = scene.open().await;
    let mut follow = Follow::all(&handle, conversation);
    let first = scene.say(conversation, "first", auto()).await;
    gate.reached().await;

    // Input given next door waits behind the turn that runs here.
    let second = say(&handle, conversation, "second", auto()).await;
    let third = say(&handle, conversation, "third", auto()).await;
    for (handle, name) in [(&scene.handle(), "here"), (&handle, "there")] {
        assert_eq!(
            waiting(handle, conversation).await,
            [false, false],
            "{name}"
        );
    }
    handle
        .submit(TurnOp::Unqueue { turn: third })
        .await
        .unwrap();
    handle
        .submit(TurnOp::Steer {
            turn: first,
            input: vec![Content::text("and be brief")],
        })
        .await
        .unwrap();
    for op in [
        ConversationOp::Compact { conversation },
        ConversationOp::Uncompact { conversation },
    ] {
        let refused = handle.submit(op).await.unwrap_err().0;
        assert_eq!(refused.code, ProblemCode::Conflict, "{refused}");
    }
    handle.submit(TurnOp::Cancel { turn: first }).await.unwrap();
    assert_eq!(stop_of(follow.end(first).await), StopReason::Cancelled);
    assert_eq!(stop_of(follow.end(second).await), StopReason::EndTurn);
    // It ran where the first one did: what was said to the one is history of the other.
    let chats = scene.endpoint.chats();
    let sent = chats.last().unwrap().json["messages"].to_string();
    assert!(
        sent.contains("be brief") && sent.contains("second"),
        "{sent}"
    );
    assert!(!sent.contains("third"), "{sent}");
    let late = handle
        .submit(TurnOp::Cancel { turn: first })
        .await
        .unwrap_err();
    assert_eq!(late.0.code, ProblemCode::NotFound, "{late}");

    // With nothing running, it runs where it is said.
    let fourth = say(&handle, conversation, "fourth", auto()).await;
    assert_eq!(stop_of(follow.end(fourth).await), StopReason::EndTurn);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_answered_once_from_whichever_process() {
    let scene = Scene::new([
        Reply::call("bash", json!({ "command": "touch x" })),
        Reply::text("done"),
    ])
    .await;
    let neighbor = Neighbor::of(&scene).await;
    let (here, there) = (scene.handle(), neighbor.handle());
    let conversation = scene.open().await;
    let mut follow = Follow::all(&there, conversation);
    let turn = scene.say(conversation, "go", attended()).await;
    let approval = asked(&mut follow).await;
    for handle in [&here, &there] {
        let open = handle.read().open_approvals().await.unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!(
            (open[0].conversation, &open[0].approval),
            (conversation, &approval)
        );
        let shown = handle.read().approvals(conversation).await.unwrap();
        assert_eq!(shown, std::slice::from_ref(&approval));
    }
    // Both answer at once: one is taken, the other learns that it came too late.
    let (one, other) = tokio::join!(
        there.submit(decide(&approval, once())),
        here.submit(decide(&approval, once())),
    );
    let refused = match (one, other) {
        (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
        both => panic!("{both:?}"),
    };
    assert_eq!(refused.0.code, ProblemCode::Conflict, "{refused}");
    let resolved = follow
        .until(|event| matches!(event, Event::Approval(ApprovalEvent::Resolved { .. })))
        .await;
    let Event::Approval(ApprovalEvent::Resolved { resolution, .. }) = resolved else {
        panic!("{resolved:?}")
    };
    assert_eq!(resolution, Resolution::Allowed { scope: Scope::Once });
    assert_eq!(stop_of(follow.end(turn).await), StopReason::EndTurn);
    assert!(scene.has("x"));
    let resolutions = follow.told.iter().filter(|envelope| {
        matches!(
            envelope.event,
            Event::Approval(ApprovalEvent::Resolved { .. })
        )
    });
    assert_eq!(resolutions.count(), 1);
    for handle in [&here, &there] {
        assert_eq!(handle.read().open_approvals().await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_time_can_be_asked_for_from_anywhere_and_has_an_end() {
    let scene = Scene::with_settings(
        [
            Reply::call("bash", json!({ "command": "touch x" })),
            Reply::text("done"),
        ],
        &[("safety.approval_timeout", json!(600))],
    )
    .await;
    let neighbor = Neighbor::of(&scene).await;
    let conversation = scene.open().await;
    let mut follow = Follow::all(&neighbor.handle(), conversation);
    let turn = scene.say(conversation, "go", attended()).await;
    let approval = asked(&mut follow).await;
    let extend = ApprovalOp::Extend {
        approval: approval.id,
    };
    let mut ends = approval.expires_at;
    for time in 1..=5 {
        let op = neighbor.handle().submit(extend.clone()).await.unwrap();
        let is_extended =
            |event: &Event| matches!(event, Event::Approval(ApprovalEvent::Extended { .. }));
        let Event::Approval(ApprovalEvent::Extended { expires_at, .. }) =
            follow.until(is_extended).await
        else {
            panic!("not extended")
        };
        assert_eq!(follow.told.last().unwrap().cause, Some(op));
        assert_eq!(expires_at, ends.plus(600_000), "the {time}. time");
        ends = expires_at;
        let open = scene.handle().read().open_approvals().await.unwrap();
        assert_eq!(open[0].approval.expires_at, ends);
    }
    // What is left of the hour is given; then there is no more.
    let mut refused = Ok(());
    for _ in 0..2 {
        refused = neighbor
            .handle()
            .submit(extend.clone())
            .await
            .map(|_| ())
            .map_err(|rejection| rejection.0.code);
    }
    assert_eq!(refused, Err(ProblemCode::LimitReached));
    scene
        .handle()
        .submit(decide(&approval, Decision::Deny { reason: None }))
        .await
        .unwrap();
    follow.end(turn).await;
    let late = neighbor.handle().submit(extend).await.unwrap_err();
    assert_eq!(late.0.code, ProblemCode::Conflict);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_revoked_elsewhere_holds_no_more() {
    if held::is_asked_each_time().await {
        return;
    }
    let scene = Scene::new([
        Reply::call("bash", json!({ "command": "touch a" })),
        Reply::text("done"),
        Reply::call("bash", json!({ "command": "touch b" })),
        Reply::text("done"),
        Reply::call("bash", json!({ "command": "touch c" })),
        Reply::text("done"),
    ])
    .await;
    let neighbor = Neighbor::of(&scene).await;
    let mut follow = Follow::host(&neighbor.handle()).await;
    let conversation = scene.open().await;
    let always = |_: &Approval| Decision::Allow {
        scope: Scope::Always,
    };
    scene.turn(conversation, "a", attended(), always).await;
    let kept = follow
        .until(|event| matches!(event, Event::Rule(RuleEvent::Kept { .. })))
        .await;
    let rules = neighbor.handle().read().rules().await.unwrap();
    let Event::Rule(RuleEvent::Kept { rule }) = kept else {
        panic!("{kept:?}")
    };
    assert_eq!(
        (rule.rule.as_str(), rule.expires_at),
        ("bash:touch *", None)
    );
    let [known] = rules.as_slice() else {
        panic!("{rules:?}")
    };
    assert_eq!(
        (&known.rule, &known.workspace),
        (&rule.rule, &rule.workspace)
    );
    assert!(
        known.used_at.is_some(),
        "it let the call through: {known:?}"
    );
    scene
        .turn(conversation, "b", attended(), |approval| {
            panic!("asked again: {approval:?}")
        })
        .await;

    let revoke = RuleOp::Revoke {
        rule: rule.rule.clone(),
        workspace: rule.workspace.clone(),
    };
    let mut here = Follow::host(&scene.handle()).await;
    neighbor.handle().submit(revoke.clone()).await.unwrap();
    here.until(|event| matches!(event, Event::Rule(RuleEvent::Revoked { .. })))
        .await;
    let told = scene
        .turn(conversation, "c", attended(), |_| Decision::Deny {
            reason: None,
        })
        .await;
    assert_eq!(told.call("bash").0.status, Status::Denied);
    assert!(!scene.has("c"));
    let twice = scene.handle().submit(revoke).await.unwrap_err();
    assert_eq!(twice.0.code, ProblemCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_revoked_while_a_turn_runs_holds_no_more_in_it() {
    if held::is_asked_each_time().await {
        return;
    }
    let gate = Gate::new();
    let scene = Scene::new([
        Reply::call("bash", json!({ "command": "touch a" })),
        Reply::stream()
            .wait(&gate)
            .and_call("bash", json!({ "command": "touch b" })),
        Reply::text("done"),
    ])
    .await;
    let conversation = scene.open().await;
    let mut follow = Follow::all(&scene.handle(), conversation);
    let turn = scene.say(conversation, "go", attended()).await;
    let approval = asked(&mut follow).await;
    let always = Decision::Allow {
        scope: Scope::Always,
    };
    scene
        .handle()
        .submit(decide(&approval, always))
        .await
        .unwrap();
    gate.reached().await;
    let rules = scene.handle().read().rules().await.unwrap();
    let revoke = RuleOp::Revoke {
        rule: rules[0].rule.clone(),
        workspace: rules[0].workspace.clone(),
    };
    scene.handle().submit(revoke).await.unwrap();
    gate.open();
    let second = asked(&mut follow).await;
    assert_eq!(second.effect.summary, "touch b");
    let no = Decision::Deny { reason: None };
    scene.handle().submit(decide(&second, no)).await.unwrap();
    follow.end(turn).await;
    assert!(scene.has("a") && !scene.has("b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_for_always_ends_after_its_days() {
    if held::is_asked_each_time().await {
        return;
    }
    let scene = Scene::with_settings(
        [
            Reply::call("bash", json!({ "command": "touch a" })),
            Reply::text("done"),
        ],
        &[("safety.grant_days", json!(7))],
    )
    .await;
    let conversation = scene.open().await;
    scene
        .turn(conversation, "a", attended(), |_| Decision::Allow {
            scope: Scope::Always,
        })
        .await;
    let rules = scene.handle().read().rules().await.unwrap();
    let week = rules[0].created_at.plus(7 * 86_400_000);
    assert_eq!(rules[0].expires_at, Some(week));

    // A later process, beyond that time, asks again.
    let neighbor = Neighbor::later(&scene, 1).await;
    scene.endpoint.script([
        Reply::call("bash", json!({ "command": "touch b" })),
        Reply::text("done"),
    ]);
    let conversation = scene.open().await;
    let mut follow = Follow::all(&neighbor.handle(), conversation);
    let turn = say(&neighbor.handle(), conversation, "b", attended()).await;
    let approval = asked(&mut follow).await;
    let no = Decision::Deny { reason: None };
    neighbor
        .handle()
        .submit(decide(&approval, no))
        .await
        .unwrap();
    follow.end(turn).await;
    assert!(!scene.has("b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn input_of_an_ended_process_is_held_until_somebody_releases_it() {
    let gate = Gate::new();
    let mut scene = Scene::new([
        Reply::stream().token("busy").wait(&gate),
        Reply::text("now"),
        Reply::text("and that"),
    ])
    .await;
    let neighbor = Neighbor::of(&scene).await;
    let handle = neighbor.handle();
    let conversation = scene.open().await;
    let mut follow = Follow::all(&handle, conversation);
    let first = scene.say(conversation, "first", auto()).await;
    gate.reached().await;
    let second = scene.say(conversation, "second", auto()).await;
    let third = scene.say(conversation, "third", auto()).await;
    let busy = handle
        .submit(TurnOp::Release {
            turn: second,
            options: auto(),
        })
        .await
        .unwrap_err();
    assert_eq!(busy.0.code, ProblemCode::NotFound, "{busy}");
    scene.stop().await;
    assert_eq!(stop_of(follow.end(first).await), StopReason::Interrupted);
    assert_eq!(waiting(&handle, conversation).await, [true, true]);
    assert_eq!(scene.endpoint.chats().len(), 1, "nothing ran by itself");

    handle
        .submit(TurnOp::Unqueue { turn: third })
        .await
        .unwrap();
    let release = TurnOp::Release {
        turn: second,
        options: auto(),
    };
    handle.submit(release.clone()).await.unwrap();
    assert_eq!(stop_of(follow.end(second).await), StopReason::EndTurn);
    assert_eq!(waiting(&handle, conversation).await, [] as [bool; 0]);
    let sent = scene.endpoint.chats()[1].json["messages"].to_string();
    assert!(sent.contains("second") && !sent.contains("third"), "{sent}");
    let twice = handle.submit(release).await.unwrap_err();
    assert_eq!(twice.0.code, ProblemCode::NotFound, "{twice}");
}

/// The turn that another process runs, once it is stored: the endpoint hears of it earlier.
async fn begun(handle: &HostHandle) -> (ConversationId, TurnId) {
    let stored = async {
        loop {
            let listed = handle.read().conversations(None, 1).await.unwrap().entries;
            let running = listed.first().map(|view| (view.id, view.running));
            if let Some((conversation, Some(turn))) = running {
                return (conversation, turn);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, stored)
        .await
        .expect("no turn was stored")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_is_noticed_and_the_conversation_goes_on() {
    let gate = Gate::new();
    let mut scene = Scene::new([
        Reply::stream().token("half").wait(&gate),
        Reply::text("whole"),
    ])
    .await;
    let home = scene.folder.path().join("home");
    let mut command = aroom(&home, Some(&scene.endpoint));
    command
        .current_dir(scene.workspace())
        .args(["exec", "--approval-mode", "auto", "talk"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    gate.reached().await;
    let handle = scene.handle();
    let (conversation, turn) = begun(&handle).await;
    let mut follow = Follow::all(&handle, conversation);
    follow
        .until(|event| matches!(event, Event::Turn(TurnEvent::Started { .. })))
        .await;
    child.kill().unwrap();
    child.wait().unwrap();
    let dead = handle.submit(TurnOp::Cancel { turn }).await.unwrap_err().0;
    assert_eq!(dead.code, ProblemCode::Conflict, "{dead}");
    assert!(
        dead.error.contains("ended") && dead.hint.is_some(),
        "{dead}"
    );
    assert_eq!(stop_of(follow.end(turn).await), StopReason::Interrupted);
    gate.open();
    let next = say(&handle, conversation, "go on", auto()).await;
    assert_eq!(stop_of(follow.end(next).await), StopReason::EndTurn);
    scene.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_program_and_a_host_share_a_conversation() {
    let gate = Gate::new();
    let scene = Scene::new([
        Reply::stream().token("from the program").wait(&gate),
        Reply::text("second"),
    ])
    .await;
    let home = scene.folder.path().join("home");
    let mut command = aroom(&home, Some(&scene.endpoint));
    command
        .current_dir(scene.workspace())
        .args(["exec", "--approval-mode", "auto", "talk"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    gate.reached().await;
    let handle = scene.handle();
    let (conversation, turn) = begun(&handle).await;
    let mut follow = Follow::all(&handle, conversation);
    // Cancelled from here, the program says so and ends.
    handle.submit(TurnOp::Cancel { turn }).await.unwrap();
    assert_eq!(stop_of(follow.end(turn).await), StopReason::Cancelled);
    let output = tokio::task::spawn_blocking(move || child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    assert_ne!(output.status.code(), Some(0), "{output:?}");
    let items = scene.items(conversation).await;
    let said = items.iter().find_map(|item: &Item| match &item.body {
        ItemBody::AgentMessage { text } => Some(text.as_str()),
        _ => None,
    });
    assert_eq!(said, Some("from the program"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_deleted_elsewhere_is_gone_here_too() {
    let gate = Gate::new();
    let scene = Scene::new([Reply::stream().token("x").wait(&gate)]).await;
    let neighbor = Neighbor::of(&scene).await;
    let conversation = scene.open().await;
    let mut host = Follow::host(&scene.handle()).await;
    scene.say(conversation, "talk", auto()).await;
    gate.reached().await;
    // The turn that runs here is ended first.
    let delete = ConversationOp::Delete { conversation };
    neighbor.handle().submit(delete).await.unwrap();
    host.until(|event| {
        matches!(
            event,
            Event::Conversation(ConversationEvent::Deleted { .. })
        )
    })
    .await;
    let start = TurnOp::Start {
        conversation,
        input: vec![Content::text("more")],
        options: TurnOptions::default(),
    };
    let gone = scene.handle().submit(start).await.unwrap_err();
    assert_eq!(gone.0.code, ProblemCode::NotFound, "{gone}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_explained_by_either_of_its_ids() {
    let scene = Scene::new([
        Reply::call("bash", json!({ "command": "touch x" })),
        Reply::text("done"),
    ])
    .await;
    let conversation = scene.open().await;
    let told = scene.turn(conversation, "go", attended(), |_| once()).await;
    let (item, call) = told.call("bash");
    assert!(!text_of(&call).is_empty());
    let neighbor = Neighbor::of(&scene).await;
    for id in [item.id.to_string(), call.call.clone()] {
        let hits = neighbor.handle().read().calls(id).await.unwrap();
        assert_eq!(hits.len(), 1);
        assert_eq!((&hits[0].item, hits[0].conversation), (&item, conversation));
        assert_eq!(hits[0].asked.len(), 1);
        assert_eq!(hits[0].asked[0].approval.effect.summary, "touch x");
        assert_eq!(hits[0].asked[0].by.as_deref(), Some("test"));
    }
    let is_completed = |event: &Event| matches!(event, Event::Item(ItemEvent::Completed(_)));
    assert!(
        told.events
            .iter()
            .any(|envelope| is_completed(&envelope.event))
    );
}
