//! Whole chats against a scripted host, with scripted keys.

mod commands;
mod organize;
mod servers;
mod skills;

use super::job::Stops;
use super::keyboard::{Keyboard, Typed};
use super::screen::{Screen, Window};
use super::session::{Parts, Session};
use super::view::{Looks, View};
use crate::fake::{
    Bench, Sink, Step, Views, approval, asked, bash, call, decisions, ended, fact, is_answer,
    is_cancel, is_decision, is_start, message, started, turn, uuid_of,
};
use crate::invocation::Command;
use crate::target::Target;
use crate::theme::BARE;
use anteroom_api::{
    Answer, ApprovalEvent, Content, Decision, ElicitationEvent, ElicitationOp, Event, ModuleEvent,
    ModuleId, Op, Question, QueuedInput, Resolution, Scope, Status, StopReason, Tier, TurnEvent,
    TurnOp, UnixMillis,
};
use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use tokio::sync::mpsc;

fn key(code: KeyCode) -> Step {
    Step::Type(Typed::Key(Input::Key(KeyEvent::new(
        code,
        KeyModifiers::NONE,
    ))))
}

fn control(sign: char) -> Step {
    let key = KeyEvent::new(KeyCode::Char(sign), KeyModifiers::CONTROL);
    Step::Type(Typed::Key(Input::Key(key)))
}

fn letter(sign: char) -> Step {
    key(KeyCode::Char(sign))
}

/// The turn is over: back to the prompt, then leave.
fn leave() -> [Step; 2] {
    [Step::Type(Typed::Rested), Step::Type(Typed::End)]
}

fn plain_screen(sink: &Sink) -> Screen {
    Screen::new(Window {
        sink: Box::new(sink.clone()),
        size: || Some((80, 24)),
        is_plain: true,
        is_reflowing: true,
    })
}

struct Talked {
    code: u8,
    screen: String,
    ops: Vec<Op>,
}

/// Says "go", then plays the script.
fn talk(script: Vec<Step>) -> Talked {
    talk_from(&["go"], script)
}

fn talk_from(lines: &[&str], script: Vec<Step>) -> Talked {
    let typed = lines.iter().map(|line| Typed::Line((*line).to_owned()));
    talk_with((&[], Views::default()), typed.collect(), script)
}

/// With these arguments and views, and this typed already.
fn talk_with(
    (arguments, views): (&[&str], Views),
    beginning: Vec<Typed>,
    script: Vec<Step>,
) -> Talked {
    let line = [&["chat", "--plain"], arguments].concat();
    let mut bench = Bench::with(&line, script, views, "");
    let (keys, typed) = mpsc::channel(64);
    for first in beginning {
        keys.try_send(first).unwrap();
    }
    bench.fake.type_through(keys);
    let Command::Chat(chat) = bench.command.clone() else {
        panic!("not chat");
    };
    let sink = Sink::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let code = runtime.block_on(async {
        let target = Target::existing(&bench.context, &chat.resume)
            .await
            .unwrap();
        let parts = Parts {
            theme: BARE,
            screen: plain_screen(&sink),
            keyboard: Keyboard::scripted(typed),
            view: View::new(BARE, Looks::standard(true)),
            target,
            stops: Stops::default(),
        };
        let mut session = Session::new(&mut bench.context, &chat, parts).without_arming();
        session.run().await.unwrap()
    });
    Talked {
        code,
        screen: sink.text().replace('\r', ""),
        ops: bench.fake.ops(),
    }
}

fn resolved(resolution: Resolution, by: &str) -> Step {
    fact(Event::Approval(ApprovalEvent::Resolved {
        approval: uuid_of::id(20),
        resolution,
        by: by.into(),
    }))
}

#[test]
fn a_message_is_answered() {
    let mut script = vec![
        Step::Await(is_start),
        started(),
        message(10, "Hello\nthere"),
        ended(StopReason::EndTurn),
    ];
    script.extend(leave());
    let talked = talk(script);
    assert_eq!(talked.code, 0);
    assert_eq!(
        talked.screen,
        "Hello\nthere\n\ndone · 2.0s · 3.1k in 812 out\n\n"
    );
    let Some(Op::Turn(TurnOp::Start { input, options, .. })) = talked.ops.get(1) else {
        panic!("{:?}", talked.ops);
    };
    assert_eq!(input, &[Content::text("go")]);
    assert!(options.is_attended);
}

#[test]
fn tools_that_come_and_go_are_told_meanwhile() {
    let gone = |id: &str| {
        let module = ModuleId(id.into());
        Step::News(Box::new(Event::Module(ModuleEvent::Withdrawn { module })))
    };
    let mut script = vec![
        Step::Await(is_start),
        started(),
        gone("csv"),
        Step::Await(is_cancel),
        message(10, "Hello"),
        ended(StopReason::EndTurn),
    ];
    // The key comes only after the news was seen, because both are waited for in order.
    script.insert(3, key(KeyCode::Esc));
    script.extend(leave());
    let talked = talk(script);
    assert_eq!(talked.code, 0);
    let told = talked.screen.find("toolset csv was withdrawn");
    assert!(told.is_some(), "{}", talked.screen);
}

fn asking(tier: Tier, keys: Vec<Step>, resolution: Resolution) -> Talked {
    let mut script = vec![
        Step::Await(is_start),
        started(),
        asked(approval(20, tier, vec![])),
    ];
    script.extend(keys);
    script.extend([
        Step::Await(is_decision),
        resolved(resolution, "cli"),
        call(11, Status::Completed, bash("cargo test")),
        ended(StopReason::EndTurn),
    ]);
    script.extend(leave());
    talk(script)
}

#[test]
fn approvals_are_decided_inline() {
    let allowed = Resolution::Allowed { scope: Scope::Once };
    let talked = asking(Tier::Execute, vec![letter('y')], allowed);
    assert_eq!(
        decisions(&talked.ops),
        [Decision::Allow { scope: Scope::Once }]
    );
    assert!(
        talked.screen.starts_with(
            "▶ EXECUTE  bash\n  cargo test\n  y once\n  n deny  d deny + say why  k keep waiting\n? y/n/d/k"
        ),
        "{}",
        talked.screen
    );
    assert!(talked.screen.contains("✓ allowed once: bash cargo test\n"));
}

#[test]
fn a_destructive_effect_needs_the_capital_letter() {
    let deny = || Resolution::Denied { reason: None };
    let denied = |keys| decisions(&asking(Tier::Destructive, keys, deny()).ops);
    let no = [Decision::Deny { reason: None }];
    assert_eq!(
        denied(vec![letter('y'), key(KeyCode::Enter), key(KeyCode::Esc)]),
        no
    );
    assert_eq!(denied(vec![control('c')]), no);
    assert_eq!(
        denied(vec![letter('d'), letter('x'), key(KeyCode::Enter)]),
        [Decision::Deny {
            reason: Some("x".into())
        }]
    );
    assert_eq!(
        denied(vec![letter('Y')]),
        [Decision::Allow { scope: Scope::Once }]
    );
}

#[test]
fn the_end_of_input_denies_and_leaves() {
    let script = vec![
        Step::Await(is_start),
        started(),
        asked(approval(20, Tier::Execute, vec![])),
        Step::Type(Typed::End),
        Step::Await(is_decision),
        resolved(Resolution::Denied { reason: None }, "cli"),
        Step::Await(is_cancel),
        ended(StopReason::Cancelled),
    ];
    let talked = talk(script);
    assert_eq!(decisions(&talked.ops), [Decision::Deny { reason: None }]);
    assert!(talked.ops.iter().any(is_cancel));
}

#[test]
fn what_was_answered_elsewhere_is_said() {
    let mut script = vec![
        Step::Await(is_start),
        started(),
        asked(approval(20, Tier::Execute, vec![])),
        resolved(Resolution::Allowed { scope: Scope::Once }, "web"),
        ended(StopReason::EndTurn),
    ];
    script.extend(leave());
    let talked = talk(script);
    assert!(decisions(&talked.ops).is_empty());
    assert!(talked.screen.contains("✓ allowed once in web: bash"));
}

#[test]
fn escape_cancels_and_keeps_the_draft() {
    let script = vec![
        Step::Await(is_start),
        started(),
        letter('h'),
        letter('i'),
        key(KeyCode::Esc),
        Step::Await(is_cancel),
        ended(StopReason::Cancelled),
        Step::Type(Typed::Rested),
        Step::Type(Typed::End),
    ];
    let talked = talk(script);
    assert_eq!(talked.code, 0);
    assert!(talked.screen.contains("⏹ cancelled · 812 tokens kept"));
    assert_eq!(talked.ops.iter().filter(|op| is_start(op)).count(), 1);
}

#[test]
fn the_second_interrupt_leaves() {
    let script = vec![
        Step::Await(is_start),
        started(),
        letter('x'),
        control('c'),
        control('c'),
        Step::Await(is_cancel),
        ended(StopReason::Cancelled),
        Step::Type(Typed::Rested),
    ];
    assert_eq!(talk(script).code, 130);
}

#[test]
fn typed_lines_are_queued_and_taken_back() {
    let later = || QueuedInput {
        turn: uuid_of::id(3),
        input: vec![Content::text("x")],
        is_held: false,
    };
    let mut script = vec![
        Step::Await(is_start),
        started(),
        letter('x'),
        key(KeyCode::Enter),
        Step::Await(is_start),
        fact(Event::Turn(TurnEvent::Queued { queued: later() })),
        key(KeyCode::Up),
        Step::Await(|op| matches!(op, Op::Turn(TurnOp::Unqueue { .. }))),
        fact(Event::Turn(TurnEvent::Unqueued {
            turn: uuid_of::id(3),
        })),
        ended(StopReason::EndTurn),
    ];
    script.extend(leave());
    let talked = talk(script);
    assert!(
        talked.screen.starts_with("queued: x\n"),
        "{}",
        talked.screen
    );
    assert_eq!(talked.ops.iter().filter(|op| is_start(op)).count(), 2);
}

#[test]
fn questions_of_tools_are_answered_inline() {
    let question = Question {
        id: uuid_of::id(30),
        turn: turn(),
        item: uuid_of::id(11),
        agent: None,
        text: "Which?".into(),
        options: vec!["red".into(), "blue".into()],
        is_multiple: false,
        server: None,
        form: Vec::new(),
        expires_at: UnixMillis(60_000),
    };
    let answer = || Answer::Given {
        values: vec!["blue".into()],
    };
    let mut script = vec![
        Step::Await(is_start),
        started(),
        fact(Event::Elicitation(ElicitationEvent::Requested { question })),
        letter('2'),
        key(KeyCode::Enter),
        Step::Await(is_answer),
        fact(Event::Elicitation(ElicitationEvent::Answered {
            elicitation: uuid_of::id(30),
            answer: answer(),
        })),
        ended(StopReason::EndTurn),
    ];
    script.extend(leave());
    let talked = talk(script);
    assert!(talked.ops.contains(&Op::Elicitation(ElicitationOp::Answer {
        elicitation: uuid_of::id(30),
        answer: answer(),
    })));
    assert!(talked.screen.contains("❯ blue\n"), "{}", talked.screen);
}

#[test]
fn commands_work_at_rest() {
    let check = |line: &str, wanted: &str| {
        let talked = talk_from(&[line, "/quit"], vec![]);
        assert_eq!(talked.code, 0);
        assert!(talked.screen.contains(wanted), "{line}: {}", talked.screen);
    };
    check("/help", "/search");
    check("/help undo", "/undo turn");
    check("/model", "❯  1  qwen3\n   2  big\n");
    check("/model 2", "model big");
    let talked = talk_from(&["/model", "/model bigg", "/quit"], vec![]);
    assert!(
        talked
            .screen
            .contains("does not list it; did you mean big?")
    );
    check("/mode", "ask for writes");
    check("/mode auto", "auto");
    check("/mode x", "is no approval mode");
    check("/queue", "nothing waits");
    check("/queue rm 1", "nothing waits at 1");
    check("/plan", "plan               looks only");
    check("/mode plan", "plan               looks only");
    check("/verbosity verbose", "verbosity verbose");
    check("/shared use team", "there is no shared database `team`");
    check("/open", "no server runs");
    check("/retry", "there is nothing in this conversation yet");
    check("/grants", "nothing was allowed for good");
    check("/trust", "there is nothing to trust");
    check("/config get ai.model", "ai.model = qwen3  (default)");
    check("!", "there is no command behind `!`");
    check("/usage", "0 in 0 out");
    check("/config", "ai.base_url");
    check("/tools", "no tools");
    check("/canvas", "no canvas yet");
    check("/list", "no conversation yet");
    check("/search x", "nothing found");
    check("/new", "a new conversation");
    check("/resume", "error: no conversation was held in");
    check("/hlep", "did you mean /help?");
}

#[test]
fn ctrl_c_at_rest_leaves_the_second_time() {
    let (keys, typed) = mpsc::channel(8);
    for _ in 0..2 {
        keys.try_send(Typed::Cleared).unwrap();
    }
    let mut bench = Bench::new(&["chat", "--plain"], vec![]);
    let Command::Chat(chat) = bench.command.clone() else {
        panic!("not chat");
    };
    let sink = Sink::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let code = runtime.block_on(async {
        let target = Target::existing(&bench.context, &chat.resume)
            .await
            .unwrap();
        let parts = Parts {
            theme: BARE,
            screen: plain_screen(&sink),
            keyboard: Keyboard::scripted(typed),
            view: View::new(BARE, Looks::standard(true)),
            target,
            stops: Stops::default(),
        };
        Session::new(&mut bench.context, &chat, parts).run().await
    });
    assert_eq!(code, Ok(0));
    assert_eq!(sink.text(), "Ctrl+C again, or Ctrl+D, leaves\n");
    drop(keys);
}

#[test]
fn without_a_terminal_it_behaves_as_exec() {
    let script = || {
        vec![
            Step::Await(is_start),
            started(),
            message(10, "Hi"),
            ended(StopReason::EndTurn),
        ]
    };
    let ran = Bench::new(&["chat", "-q", "hello"], script()).run();
    assert_eq!((ran.code, ran.out.as_str()), (0, "Hi\n"));
}
