//! Answers to approvals: for what was shown, as long as was offered, once, from processes that may.

use crate::support::endpoint::Reply;
use crate::support::neighbor::{Follow, Neighbor};
use crate::support::scene::{Scene, attended};
use anteroom_api::{
    Approval, ApprovalEvent, ApprovalId, ApprovalOp, Decision, ElicitationOp, Event, ProblemCode,
    Resolution, Scope, Status, TurnId, TurnOp,
};
use serde_json::json;

async fn asked(follow: &mut Follow) -> Approval {
    let is_asked =
        |event: &Event| matches!(event, Event::Approval(ApprovalEvent::Requested { .. }));
    match follow.until(is_asked).await {
        Event::Approval(ApprovalEvent::Requested { approval }) => *approval,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_from_another_process_holds_for_what_was_shown_and_offered_only() {
    let scene = Scene::new([
        // Outside the workspace: once is all that is offered.
        Reply::call("bash", json!({ "command": "git reset --hard" })),
        Reply::text("done"),
    ])
    .await;
    let neighbor = Neighbor::of(&scene).await;
    let there = neighbor.handle();
    let conversation = scene.open().await;
    let mut follow = Follow::all(&there, conversation);
    let turn = scene.say(conversation, "go", attended()).await;
    let approval = asked(&mut follow).await;
    let decide = |digest: &str, scope: Scope| ApprovalOp::Decide {
        approval: approval.id,
        digest: digest.to_owned(),
        decision: Decision::Allow { scope },
        by: "neighbor".into(),
    };
    let wrong = there.submit(decide("0000", Scope::Once)).await.unwrap_err();
    assert_eq!(wrong.0.code, ProblemCode::Conflict, "{wrong}");
    for scope in [Scope::Session, Scope::Always] {
        let refused = there
            .submit(decide(&approval.digest, scope))
            .await
            .unwrap_err();
        assert_eq!(refused.0.code, ProblemCode::InvalidInput, "{refused}");
    }
    let unknown = ApprovalOp::Decide {
        approval: ApprovalId(turn.0),
        digest: approval.digest.clone(),
        decision: Decision::Allow { scope: Scope::Once },
        by: "neighbor".into(),
    };
    let unknown = there.submit(unknown).await.unwrap_err();
    assert_eq!(unknown.0.code, ProblemCode::Conflict, "{unknown}");
    let unknown = ElicitationOp::Answer {
        elicitation: turn.0.into(),
        answer: anteroom_api::Answer::Declined,
    };
    assert!(there.submit(unknown).await.is_err());
    // None of that was an answer.
    let open = there.read().open_approvals().await.unwrap();
    assert_eq!(open.len(), 1);
    there.submit(TurnOp::Cancel { turn }).await.unwrap();
    follow.end(turn).await;
    let resolved = follow
        .told
        .iter()
        .find_map(|envelope| match &envelope.event {
            Event::Approval(ApprovalEvent::Resolved { resolution, by, .. }) => {
                Some((resolution.clone(), by.clone()))
            }
            _ => None,
        });
    assert_eq!(resolved, Some((Resolution::NotAnswered, "nobody".into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_hundred_are_not_asked_in_the_whole_database() {
    // Ten calls a turn, each of which asks; ten conversations, and one more in another process.
    let touch = |name: &str| json!({ "command": format!("touch {name}") });
    let scene = Scene::new([]).await;
    scene.endpoint.choose(move |_| {
        let mut reply = Reply::stream();
        for number in 0..10 {
            reply = reply.and_call("bash", touch(&format!("f{number}")));
        }
        Some(reply)
    });
    let neighbor = Neighbor::of(&scene).await;
    let mut turns: Vec<(anteroom_api::ConversationId, TurnId)> = Vec::new();
    for _ in 0..10 {
        let conversation = scene.open().await;
        let mut follow = Follow::all(&scene.handle(), conversation);
        turns.push((
            conversation,
            scene.say(conversation, "go", attended()).await,
        ));
        for _ in 0..10 {
            asked(&mut follow).await;
        }
    }
    let open = neighbor.handle().read().open_approvals().await.unwrap();
    assert_eq!(open.len(), 100);
    // Neither the process whose they are nor another one asks more.
    for handle in [neighbor.handle(), scene.handle()] {
        let conversation = scene.open().await;
        let mut follow = Follow::all(&handle, conversation);
        let limited = anteroom_api::TurnOptions {
            max_steps: Some(1),
            ..attended()
        };
        let turn = crate::support::neighbor::say(&handle, conversation, "go", limited).await;
        follow.end(turn).await;
        let items = handle
            .read()
            .items(conversation, anteroom_api::ItemsAt::Newest, 50)
            .await
            .unwrap();
        let denied = items
            .entries
            .iter()
            .filter(|item| item.status == Status::Denied);
        assert_eq!(denied.count(), 10);
    }
    assert!(!scene.has("f0"));
    for (_, turn) in turns {
        scene
            .handle()
            .submit(TurnOp::Cancel { turn })
            .await
            .unwrap();
    }
}
