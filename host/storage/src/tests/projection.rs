//! Events become tables: each exactly once, however often it is told.

use super::support::*;
use crate::project::{self, Fact};
use anteroom_api::event::HostEvent;
use anteroom_api::{
    Answer, Approval, ApprovalEvent, CallDecision, CanvasEvent, CanvasView, Capability, Content,
    ConversationEvent, EffectKind, EffectView, ElicitationEvent, Event, GrantOp, GrantReach,
    GrantWhere, Item, ItemBody, Meter, ModuleEvent, ModuleId, OpenApproval, Origin, Problem,
    ProblemCode, Question, QueuedInput, Resolution, Scope, Seq, SettingEvent, Status, StopReason,
    Tier, ToolCall, ToolResult, Topic, Trust, TurnEvent, TurnView, Usage,
};

pub(super) fn usage(prompt_tokens: u64, is_estimated: bool) -> Usage {
    Usage {
        prompt_tokens,
        completion_tokens: 2 * prompt_tokens,
        cached_tokens: 1,
        cost_micros: 0,
        is_estimated,
    }
}

fn queued(turn: u32) -> Event {
    Event::Turn(TurnEvent::Queued {
        queued: QueuedInput {
            turn: turn_id(turn),
            input: vec![Content::text(format!("input of {turn}"))],
            is_held: false,
        },
    })
}

fn step_ended(turn: u32, step: u32, usage: Usage) -> Event {
    let turn = turn_id(turn);
    Event::Turn(TurnEvent::StepEnded {
        turn,
        step,
        usage,
        record: None,
    })
}

fn ended(turn: u32, stop: StopReason, usage: Usage) -> Event {
    let turn = turn_id(turn);
    Event::Turn(TurnEvent::Ended { turn, stop, usage })
}

fn canvas(conversation: u32, version: u32) -> CanvasView {
    CanvasView {
        id: uuid(5, conversation).into(),
        conversation: conversation_id(conversation),
        title: format!("version {version}"),
        kind: "markdown".to_string(),
        version,
        body: "# text".to_string(),
        updated_at: AT.plus(i64::from(version)),
    }
}

fn approval(number: u32) -> Approval {
    Approval {
        id: uuid(6, number).into(),
        turn: turn_id(4),
        item: item_id(12),
        agent: Some("scout".to_string()),
        tool: "bash".to_string(),
        effect: EffectView {
            kind: EffectKind::Process,
            summary: "make".to_string(),
            detail: Some("make all".to_string()),
            preview: None,
        },
        tier: Tier::Execute,
        reasons: vec!["starts a process".to_string()],
        scopes: vec![],
        digest: "ab".to_string(),
        requested_at: AT,
        expires_at: AT,
    }
}

fn question(number: u32) -> Question {
    Question {
        id: uuid(7, number).into(),
        turn: turn_id(4),
        item: item_id(12),
        agent: None,
        text: "which?".to_string(),
        options: vec![],
        is_multiple: true,
        server: None,
        form: Vec::new(),
        expires_at: AT,
    }
}

/// A call with nothing left out.
fn full_call(number: u32) -> Item {
    let body = ItemBody::ToolCall(ToolCall {
        decisions: vec![CallDecision {
            effect: "make".to_string(),
            tier: Tier::Execute,
            resolution: Resolution::Allowed { scope: Scope::Once },
            by: "cli".to_string(),
            reasons: vec!["tier execute".to_string()],
            rule: None,
        }],
        result: Some(ToolResult::failed("no rule to make target")),
        meter: Some(Meter {
            wall_us: 5,
            ..Meter::default()
        }),
        child: Some(conversation_id(2)),
        call: "call_1".to_string(),
        tool: "bash".to_string(),
        arguments: serde_json::json!("not an object"),
        tier: Tier::Destructive,
    });
    Item {
        origin: Origin::Tool {
            tool: "bash".to_string(),
            trust: Trust::Untrusted,
        },
        step: 2,
        ..item(number, 1, Status::Failed, body)
    }
}

fn items(conversation: u32) -> Vec<Item> {
    let number = |n| conversation * 10 + n;
    let text = || "plain words".to_string();
    let content = vec![
        Content::text("look at"),
        Content::Image {
            media_type: "image/png".to_string(),
            data: "AAAA".to_string(),
        },
        Content::text("this"),
    ];
    vec![
        Item {
            origin: Origin::Person,
            step: 0,
            ..item(
                number(0),
                1,
                Status::Completed,
                ItemBody::UserMessage { content },
            )
        },
        item(
            number(1),
            1,
            Status::Completed,
            ItemBody::Reasoning { text: text() },
        ),
        full_call(number(2)),
        calls(number(3), Status::Denied),
        item(
            number(4),
            1,
            Status::Interrupted,
            ItemBody::AgentMessage { text: text() },
        ),
        item(
            number(5),
            1,
            Status::Completed,
            ItemBody::Summary { text: text() },
        ),
    ]
}

/// Every sort of event that belongs to a conversation.
pub(super) fn everything(conversation: u32) -> Vec<Event> {
    let id = conversation_id(conversation);
    let mut events = vec![
        opened(view(conversation)),
        Event::Conversation(ConversationEvent::Renamed {
            conversation: id,
            title: "renamed".to_string(),
        }),
        queued(1),
        queued(2),
        queued(3),
        Event::Turn(TurnEvent::Unqueued { turn: turn_id(2) }),
        started(1),
        Event::Turn(TurnEvent::StepStarted {
            turn: turn_id(1),
            step: 1,
        }),
    ];
    for item in items(conversation) {
        let status = Status::Running;
        events.push(begun(Item {
            status,
            ..item.clone()
        }));
        events.push(completed(item));
    }
    events.extend([
        Event::Conversation(ConversationEvent::Tainted {
            conversation: id,
            item: item_id(conversation * 10 + 2),
            source: "bash".to_string(),
        }),
        Event::Approval(ApprovalEvent::Requested {
            approval: Box::new(approval(1)),
        }),
        Event::Approval(ApprovalEvent::Requested {
            approval: Box::new(approval(2)),
        }),
        Event::Approval(ApprovalEvent::Resolved {
            approval: uuid(6, 1).into(),
            resolution: Resolution::Denied { reason: None },
            by: "web".to_string(),
        }),
        Event::Elicitation(ElicitationEvent::Requested {
            question: question(1),
        }),
        Event::Elicitation(ElicitationEvent::Requested {
            question: question(2),
        }),
        Event::Elicitation(ElicitationEvent::Answered {
            elicitation: uuid(7, 1).into(),
            answer: Answer::Declined,
        }),
        Event::Canvas(CanvasEvent::Saved {
            canvas: canvas(conversation, 1),
        }),
        Event::Canvas(CanvasEvent::Saved {
            canvas: canvas(conversation, 2),
        }),
        step_ended(1, 1, usage(10, false)),
        step_ended(1, 2, usage(5, true)),
        ended(1, StopReason::EndTurn, usage(15, true)),
        started(4),
        step_ended(4, 1, usage(100, false)),
        step_ended(4, 2, usage(100, false)),
    ]);
    events
}

#[tokio::test]
async fn views_show_what_happened() {
    let place = Place::new();
    let storage = place.open().await;
    let events = everything(1);
    let count = events.len() as u64;
    storage.tell(1, events).await.unwrap();
    let id = conversation_id(1);

    let mut conversation = view(1);
    conversation.title = "renamed".to_string();
    conversation.trust = Trust::Untrusted;
    conversation.seq = Seq(count);
    conversation.updated_at = AT.plus(1);
    conversation.running = Some(turn_id(4));
    conversation.usage = Usage {
        prompt_tokens: 215,
        completion_tokens: 430,
        cached_tokens: 3,
        cost_micros: 0,
        is_estimated: true,
    };
    assert_eq!(storage.conversation(id).await.unwrap(), Some(conversation));
    assert_eq!(storage.all_items(id).await.unwrap(), items(1));
    let turn = |number, usage| TurnView {
        id: turn_id(number),
        conversation: id,
        started_at: AT.plus(1),
        ended_at: None,
        stop: None,
        usage,
        context_tokens: None,
    };
    let over = TurnView {
        ended_at: Some(AT.plus(1)),
        stop: Some(StopReason::EndTurn),
        // Of its newest step, not of both.
        context_tokens: Some(15),
        ..turn(1, usage(15, true))
    };
    let runs = Usage {
        cached_tokens: 2,
        cost_micros: 0,
        ..usage(200, false)
    };
    let running = TurnView {
        context_tokens: Some(300),
        ..turn(4, runs)
    };
    assert_eq!(storage.turns(id).await.unwrap(), [over, running]);
    let waits = QueuedInput {
        turn: turn_id(3),
        input: vec![Content::text("input of 3")],
        is_held: false,
    };
    assert_eq!(storage.queue(id).await.unwrap(), [waits]);
    assert_eq!(
        storage.open_approvals(Some(id)).await.unwrap(),
        [OpenApproval {
            conversation: id,
            approval: approval(2)
        }]
    );
    assert_eq!(storage.open_questions(id).await.unwrap(), [question(2)]);
    assert_eq!(storage.canvases(id).await.unwrap(), [canvas(1, 2)]);
    let newest = storage.canvas(id, uuid(5, 1).into()).await.unwrap();
    assert_eq!(newest, Some(canvas(1, 2)));
    let elsewhere = storage
        .canvas(conversation_id(2), uuid(5, 1).into())
        .await
        .unwrap();
    assert_eq!(elsewhere, None);
    let users = dump(&storage).await.remove("users").unwrap();
    assert_eq!(users.len(), 1, "{users:?}");
    check_index(&storage).await;
}

#[tokio::test]
async fn telling_it_again_changes_nothing() {
    let place = Place::new();
    let storage = place.open().await;
    storage.tell(1, everything(1)).await.unwrap();
    let module = ModuleId("jira".to_string());
    let host = vec![
        Event::Setting(SettingEvent::Changed {
            key: "ai.model".to_string(),
        }),
        Event::Host(HostEvent::Stopping),
        Event::Module(ModuleEvent::Failed {
            module: module.clone(),
            problem: Problem::new(ProblemCode::Tool, "broken"),
        }),
        granted(Capability::Process, &[], GrantWhere::Everywhere),
    ];
    storage
        .append(entry(Topic::Host, 1, host.clone()))
        .await
        .unwrap();
    let before = dump(&storage).await;
    storage
        .write(move |connection| {
            let user = user();
            let mut again = Vec::new();
            for (topic, events) in [(topic(1), everything(1)), (Topic::Host, host.clone())] {
                // Each twice in a row, then all in order.
                again.extend(
                    events
                        .iter()
                        .flat_map(|e| [e, e])
                        .map(|e| (topic, e.clone())),
                );
                again.extend(events.iter().map(|e| (topic, e.clone())));
            }
            for (topic, event) in again {
                let fact = Fact {
                    connection,
                    topic,
                    at: AT.plus(1),
                    user: Some(&user),
                    host: None,
                    asked: &[],
                };
                project::project(&fact, &event)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(dump(&storage).await, before);
    check_index(&storage).await;
}

#[tokio::test]
async fn an_endpoint_that_lies_about_tokens_breaks_nothing() {
    let place = Place::new();
    let storage = place.open().await;
    let absurd = Usage {
        prompt_tokens: u64::MAX,
        completion_tokens: u64::MAX,
        cached_tokens: u64::MAX,
        cost_micros: 0,
        is_estimated: false,
    };
    let mut events = vec![opened(view(1))];
    for turn in 1..5 {
        events.push(started(turn));
        events.push(step_ended(turn, 1, absurd));
        events.push(step_ended(turn, 2, absurd));
        events.push(ended(turn, StopReason::EndTurn, absurd));
    }
    storage.tell(1, events).await.unwrap();
    let view = storage
        .conversation(conversation_id(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(view.usage.prompt_tokens, 4 << 40);
}

fn granted(capability: Capability, folders: &[&str], place: GrantWhere) -> Event {
    Event::Module(ModuleEvent::Granted {
        grant: grant(capability, folders, place),
        at: AT,
    })
}

fn grant(capability: Capability, folders: &[&str], place: GrantWhere) -> GrantOp {
    GrantOp {
        module: ModuleId("jira".to_string()),
        hash: "c0ffee".to_string(),
        capability,
        reach: GrantReach {
            folders: folders.iter().map(ToString::to_string).collect(),
            ..GrantReach::default()
        },
        place,
        expires_at: None,
        calls: None,
    }
}

#[tokio::test]
async fn grants_hold_until_narrowed_or_revoked() {
    let place = Place::new();
    let storage = place.open().await;
    let here = || GrantWhere::Workspace("/work/space".to_string());
    let events = vec![
        granted(Capability::FilesRead, &[], GrantWhere::Everywhere),
        granted(Capability::FilesRead, &["src", "docs"], here()),
        granted(Capability::FilesRead, &["src"], here()),
        granted(Capability::Ask, &[], GrantWhere::Workspace(String::new())),
    ];
    storage.append(entry(Topic::Host, 0, events)).await.unwrap();
    let expected = [
        grant(Capability::FilesRead, &[], GrantWhere::Everywhere),
        grant(Capability::FilesRead, &["src"], here()),
    ];
    assert_eq!(storage.grants("c0ffee").await.unwrap(), expected);
    assert_eq!(storage.grants("other").await.unwrap(), []);
    let module = ModuleId("jira".to_string());
    let revoked = vec![Event::Module(ModuleEvent::Revoked {
        module,
        capability: None,
    })];
    storage
        .append(entry(Topic::Host, 0, revoked))
        .await
        .unwrap();
    assert_eq!(storage.grants("c0ffee").await.unwrap(), []);
}

#[tokio::test]
async fn of_two_next_versions_of_a_canvas_one_is_kept_and_the_other_refused() {
    let place = Place::new();
    let storage = place.open().await;
    let conversation = conversation_id(1);
    let saved = |version, body: &str| {
        let canvas = CanvasView {
            body: body.to_string(),
            ..canvas(1, version)
        };
        vec![Event::Canvas(CanvasEvent::Saved { canvas })]
    };
    storage.tell(1, vec![opened(view(1))]).await.unwrap();
    storage.tell(1, saved(1, "first")).await.unwrap();
    storage.tell(1, saved(2, "mine")).await.unwrap();
    let seq = storage.last_seq(Topic::Conversation(conversation)).await;
    for (version, body) in [(2, "yours"), (4, "far ahead")] {
        let refused = storage.tell(1, saved(version, body)).await.unwrap_err();
        assert!(matches!(
            refused.fault,
            crate::Fault::StaleCanvas { current: 2 }
        ));
    }
    let bodies = storage.canvases(conversation).await.unwrap();
    assert_eq!(bodies[0].body, "mine");
    assert_eq!(
        storage
            .last_seq(Topic::Conversation(conversation))
            .await
            .unwrap(),
        seq.unwrap()
    );
}
