//! Slash commands that need a past, and commands by hand.

use super::*;
use crate::fake::{conversation, item, view};
use anteroom_api::{
    CanvasView, ChangeKind, ChangeView, CheckpointOp, ConversationOp, Delta, FileDiff, Item,
    ItemBody, Mode, OutputStream, RuleOp, RuleView, SettingOp, ToolResult, TurnOptions, TurnView,
    UndoOutcome, UndoTarget, UndoneFile, Usage,
};

fn line(text: &str) -> Typed {
    Typed::Line(text.to_owned())
}

fn press(sign: char) -> Typed {
    Typed::Key(Input::Key(KeyEvent::new(
        KeyCode::Char(sign),
        KeyModifiers::NONE,
    )))
}

fn said(number: u32, text: &str) -> Item {
    let content = vec![Content::text(text)];
    item(number, Status::Completed, ItemBody::UserMessage { content })
}

fn answered(number: u32, text: &str) -> Item {
    let body = ItemBody::AgentMessage { text: text.into() };
    item(number, Status::Completed, body)
}

/// One conversation in `/w`, with one message and one answer.
fn past() -> Views {
    Views {
        conversations: vec![view(1, "/w")],
        items: vec![
            said(10, "do it"),
            answered(11, "Run\n```sh\ncargo test\n```\nthen"),
        ],
        turns: vec![TurnView {
            id: turn(),
            conversation: conversation(),
            started_at: UnixMillis(0),
            ended_at: Some(UnixMillis(1)),
            stop: Some(StopReason::EndTurn),
            usage: Usage::default(),
            context_tokens: None,
        }],
        ..Views::default()
    }
}

fn changed() -> Views {
    let change = ChangeView {
        item: uuid_of::id(21),
        turn: turn(),
        tool: "edit_file".into(),
        path: "/w/a.txt".into(),
        kind: ChangeKind::Changed,
        at: UnixMillis(0),
        is_undone: false,
        obstacle: None,
    };
    let diff = FileDiff {
        path: "/w/a.txt".into(),
        kind: ChangeKind::Changed,
        added: 1,
        removed: 1,
        unified: "@@ -1 +1 @@\n-old\n+new\u{1b}]0;x\u{7}\n".into(),
        remark: None,
        hindrance: None,
    };
    Views {
        changes: vec![change],
        diffs: vec![diff],
        undone: vec![UndoneFile {
            path: "/w/a.txt".into(),
            outcome: UndoOutcome::Restored,
        }],
        ..past()
    }
}

/// Goes on with the conversation, does this, leaves.
fn resumed(views: Views, mut typed: Vec<Typed>) -> Talked {
    typed.push(Typed::End);
    talk_with((&["-c"], views), typed, vec![])
}

fn has(talked: &Talked, wanted: &str) {
    assert!(
        talked.screen.contains(wanted),
        "{wanted}: {}",
        talked.screen
    );
}

#[test]
fn an_undo_shows_what_it_would_do_and_needs_a_yes() {
    let talked = resumed(changed(), vec![line("/undo"), press('y'), Typed::Rested]);
    has(
        &talked,
        "  goes back   a.txt  changed  +1 −1\ntake back 1 file? y/N\nrestored  a.txt\n",
    );
    let undo = CheckpointOp::Undo {
        conversation: conversation(),
        target: UndoTarget::Call {
            item: uuid_of::id(21),
        },
        is_forced: false,
    };
    assert_eq!(talked.ops, [Op::Checkpoint(undo)]);
    for no in ['n', 'q'] {
        let mut keys = vec![line("/undo turn"), press(no)];
        keys.extend([press('n'), Typed::Rested]);
        let talked = resumed(changed(), keys);
        has(&talked, "left as it is");
        assert_eq!(talked.ops, []);
    }
}

#[test]
fn what_changed_since_is_left_alone_unless_insisted_on() {
    let mut views = changed();
    views.diffs[0].hindrance = Some("it was changed since".into());
    let talked = resumed(views.clone(), vec![line("/undo")]);
    has(&talked, "  left alone  a.txt");
    has(&talked, "it was changed since");
    assert_eq!(talked.ops, []);
    let talked = resumed(views, vec![line("/undo force"), press('y'), Typed::Rested]);
    assert!(matches!(
        talked.ops.as_slice(),
        [Op::Checkpoint(CheckpointOp::Undo {
            is_forced: true,
            ..
        })]
    ));
}

#[test]
fn differences_are_shown_and_nothing_in_them_acts() {
    let talked = resumed(changed(), vec![line("/diff")]);
    has(
        &talked,
        "a.txt  changed  +1 −1\n@@ -1 +1 @@\n-old\n+new\\u{1b}]0;x\\u{7}\n",
    );
    let talked = resumed(past(), vec![line("/diff turn")]);
    has(&talked, "every file is as it was");
}

#[test]
fn history_and_answers_are_at_hand() {
    has(&resumed(past(), vec![line("/history")]), "❯ do it\n\nRun\n");
    let talked = resumed(past(), vec![line("/copy 1")]);
    has(
        &talked,
        "this terminal has no clipboard; 10 characters written to ",
    );
    let path = talked.screen.rsplit(" written to ").next().unwrap().trim();
    let path = path.lines().next().unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap(), "cargo test");
    std::fs::remove_file(path).unwrap();
    has(
        &resumed(past(), vec![line("/copy 2")]),
        "there is one code block in the last answer",
    );
}

#[test]
fn the_last_message_runs_again() {
    let is_again = |op: &Op| matches!(op, Op::Turn(TurnOp::Start { .. }));
    let mut script = vec![Step::Await(is_again), started(), ended(StopReason::EndTurn)];
    script.extend(leave());
    let talked = talk_with((&["-c"], past()), vec![line("/retry")], script);
    let [Op::Conversation(rewind), Op::Turn(start)] = talked.ops.as_slice() else {
        panic!("{:?}", talked.ops);
    };
    let before = ConversationOp::Rewind {
        conversation: conversation(),
        before: uuid_of::id(10),
        is_undoing: false,
    };
    assert_eq!(*rewind, before);
    assert!(
        matches!(start, TurnOp::Start { input, .. } if input == &[Content::text("do it")]),
        "{start:?}"
    );
}

#[test]
fn a_turn_that_was_cut_goes_on() {
    let mut views = past();
    views.turns[0].stop = Some(StopReason::Cancelled);
    let mut script = vec![Step::Await(is_start), started(), ended(StopReason::EndTurn)];
    script.extend(leave());
    let talked = talk_with((&["-c"], views), vec![line("/retry")], script);
    let [Op::Turn(TurnOp::Start { input, .. })] = talked.ops.as_slice() else {
        panic!("{:?}", talked.ops);
    };
    assert_eq!(
        input,
        &[Content::text("Go on from where you were cut off.")]
    );
}

#[test]
fn canvases_are_compared_and_saved_and_nothing_is_overwritten_without_a_word() {
    let version = |version, body: &str| CanvasView {
        id: uuid_of::id(40),
        conversation: conversation(),
        title: "Plan".into(),
        kind: "markdown".into(),
        version,
        body: body.into(),
        updated_at: UnixMillis(i64::from(version)),
    };
    let mut views = past();
    views.canvases = vec![version(1, "old"), version(2, "# New\n")];
    has(
        &resumed(views.clone(), vec![line("/canvas diff")]),
        "Plan  v1 to v2  +1 −1\n@@ -1 +1 @@\n-old\n+new\n",
    );
    has(&resumed(views.clone(), vec![line("/canvas")]), "Plan v2\n");
    let path = std::env::temp_dir().join(format!("aroom-canvas-{}", std::process::id()));
    let save = |extra: &str| line(&format!("/canvas save {}{extra}", path.display()));
    has(
        &resumed(views.clone(), vec![save("")]),
        "✓ Plan v2 saved to ",
    );
    std::fs::write(&path, "mine").unwrap();
    let refused = resumed(views.clone(), vec![save("")]);
    has(&refused, "was not written");
    has(&refused, "put `force` behind it");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    resumed(views, vec![save(" force")]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "# New\n");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn rules_are_taken_back_by_their_number() {
    let rule = RuleView {
        rule: "bash:cargo test *".into(),
        workspace: Some("/w".into()),
        created_at: UnixMillis(0),
        expires_at: None,
        used_at: None,
    };
    let views = Views {
        rules: vec![rule],
        ..past()
    };
    has(
        &resumed(views.clone(), vec![line("/grants")]),
        " 1  bash:cargo test *  /w",
    );
    let talked = resumed(views, vec![line("/grants revoke 1")]);
    has(&talked, "revoked bash:cargo test * (/w)");
    let revoke = RuleOp::Revoke {
        rule: "bash:cargo test *".into(),
        workspace: Some("/w".into()),
    };
    assert_eq!(talked.ops, [Op::Rule(revoke)]);
}

#[test]
fn settings_are_changed_and_secrets_are_not_typed_here() {
    let mut views = past();
    let mut key = crate::fake::setting("ai.api_key", "sk".into());
    key.is_secret = true;
    views.settings.settings.push(key);
    let talked = resumed(views.clone(), vec![line("/config set ai.model big one")]);
    let change = SettingOp::Change {
        key: "ai.model".into(),
        value: "big one".into(),
    };
    assert_eq!(talked.ops, [Op::Setting(change)]);
    let talked = resumed(views, vec![line("/config set ai.api_key sk-1")]);
    has(&talked, "`ai.api_key` is a secret");
    assert_eq!(talked.ops, []);
}

#[test]
fn planning_holds_until_it_is_left() {
    let is_second = |op: &Op| matches!(op, Op::Turn(TurnOp::Start { .. }));
    let mut script = vec![
        Step::Await(is_second),
        started(),
        ended(StopReason::EndTurn),
    ];
    script.extend(leave());
    let typed = vec![line("/plan on"), line("look into it")];
    let talked = talk_with((&[], Views::default()), typed, script);
    let options: Vec<&TurnOptions> = talked
        .ops
        .iter()
        .filter_map(|op| match op {
            Op::Turn(TurnOp::Start { options, .. }) => Some(options),
            _ => None,
        })
        .collect();
    assert!(matches!(
        options.as_slice(),
        [TurnOptions { is_plan: true, .. }]
    ));
}

#[test]
fn a_command_by_hand_shows_what_it_says_once() {
    let run = |status, result: Option<&str>| {
        let call = anteroom_api::ToolCall {
            result: result.map(ToolResult::text),
            ..bash("ls")
        };
        item(11, status, ItemBody::ToolCall(call))
    };
    let output = |text: &str| {
        Step::Preview(Delta::Output {
            item: uuid_of::id(11),
            stream: OutputStream::Stdout,
            text: text.into(),
        })
    };
    let mut script = vec![
        Step::Await(is_start),
        started(),
        crate::fake::begun(run(Status::Running, None)),
        output("a.txt\nb"),
        output(".txt\n"),
        crate::fake::done(run(Status::Completed, Some("a.txt\nb.txt\n[exit code 2]"))),
        ended(StopReason::EndTurn),
    ];
    script.extend(leave());
    let typed = vec![line("/mode ask"), line("!ls -l")];
    let talked = talk_with((&[], Views::default()), typed, script);
    has(&talked, "a.txt\nb.txt\n[exit code 2]\n");
    assert_eq!(
        talked.screen.matches("b.txt").count(),
        1,
        "{}",
        talked.screen
    );
    let Some(Op::Turn(TurnOp::Call {
        tool,
        arguments,
        options,
        ..
    })) = talked.ops.get(1)
    else {
        panic!("{:?}", talked.ops);
    };
    assert_eq!(
        (tool.as_str(), &arguments["command"]),
        ("bash", &"ls -l".into())
    );
    assert_eq!((options.mode, options.is_attended), (Some(Mode::Ask), true));
}

#[test]
fn without_tools_no_command_is_run_by_hand() {
    let talked = talk_with(
        (&["--no-tools"], Views::default()),
        vec![line("!ls"), Typed::End],
        vec![],
    );
    has(&talked, "error: tools are off in this chat (`--no-tools`)");
    assert_eq!(talked.ops, []);
}
