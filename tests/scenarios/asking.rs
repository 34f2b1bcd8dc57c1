//! Questions of tools: several at once, and a turn that is cancelled while they are open.

use crate::support::endpoint::Reply;
use crate::support::scene::{Scene, Watch, attended, text_of};
use anteroom_api::{
    Answer, ElicitationEvent, ElicitationOp, Event, Question, Status, StopReason, TurnOp,
};
use serde_json::json;

async fn question(watch: &mut Watch) -> Question {
    let is_asked = |event: &Event| {
        matches!(
            event,
            Event::Elicitation(ElicitationEvent::Requested { .. })
        )
    };
    match watch.until(is_asked).await {
        Event::Elicitation(ElicitationEvent::Requested { question }) => question,
        other => panic!("{other:?}"),
    }
}

fn two() -> Reply {
    Reply::stream()
        .and_call("ask_user", json!({ "question": "first?" }))
        .and_call("ask_user", json!({ "question": "second?" }))
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_of_one_answer_are_open_together_and_answered_in_any_order() {
    let scene = Scene::new([two(), Reply::text("thanks")]).await;
    let conversation = scene.open().await;
    let mut watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "go", attended()).await;
    let mut open = vec![question(&mut watch).await, question(&mut watch).await];
    open.sort_by(|a, b| b.text.cmp(&a.text));
    for question in open {
        let values = vec![format!("to {}", question.text)];
        let answer = ElicitationOp::Answer {
            elicitation: question.id,
            answer: Answer::Given { values },
        };
        scene.handle().submit(answer).await.unwrap();
    }
    let told = watch.until_end(turn, &|_| unreachable!()).await;
    assert_eq!(told.stop(), StopReason::EndTurn);
    // Each answer went to its own call, in the order of the calls.
    let sent = scene.endpoint.chats()[1].json["messages"].clone();
    let results: Vec<&str> = sent
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] == "tool")
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert!(
        results[0].contains("to first?") && results[1].contains("to second?"),
        "{results:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_turn_leaves_no_question_open() {
    let scene = Scene::new([two()]).await;
    let conversation = scene.open().await;
    let mut watch = scene.watch(conversation).await;
    let turn = scene.say(conversation, "go", attended()).await;
    let (first, _) = (question(&mut watch).await, question(&mut watch).await);
    scene
        .handle()
        .submit(TurnOp::Cancel { turn })
        .await
        .unwrap();
    let told = watch.until_end(turn, &|_| unreachable!()).await;
    assert_eq!(told.stop(), StopReason::Cancelled);
    assert_eq!(
        scene.handle().read().questions(conversation).await.unwrap(),
        []
    );
    let late = ElicitationOp::Answer {
        elicitation: first.id,
        answer: Answer::Declined,
    };
    assert!(scene.handle().submit(late).await.is_err());
    let answers = told.events.iter().filter(|envelope| {
        matches!(
            &envelope.event,
            Event::Elicitation(ElicitationEvent::Answered {
                answer: Answer::NotAnswered,
                ..
            })
        )
    });
    assert_eq!(answers.count(), 2);
    for (item, call) in told.calls("ask_user") {
        assert_ne!(item.status, Status::Completed, "{}", text_of(&call));
    }
}
