//! Whole runs against a scripted host: both streams and the exit code.

use crate::exit;
use crate::fake::{
    Bench, Ran, Step, Views, approval, asked, bash, begun, call, done, ended, is_cancel, is_start,
    item, message, setting, started,
};
use crate::interrupts::Interrupt;
use anteroom_api::item::CallDecision;
use anteroom_api::{
    Content, Delta, FoundEndpoint, ItemBody, Meter, Op, Phase, Problem, ProblemCode, Resolution,
    Scope, ScopeOffer, Signal, Status, StopReason, Tier, TurnOp,
};
use serde_json::{Value, json};

const USAGE: &str = "4.0s · 3.1k in 812 out\n";

fn simple() -> Vec<Step> {
    vec![
        Step::Await(is_start),
        started(),
        message(10, "Hello\u{1b}[31m there"),
        ended(StopReason::EndTurn),
    ]
}

fn check(line: &[&str], script: Vec<Step>, wanted: Ran) {
    assert_eq!(Bench::new(line, script).run(), wanted, "{line:?}");
}

#[test]
fn the_answer_alone_is_on_stdout() {
    check(
        &["exec", "hi"],
        simple(),
        Ran {
            code: exit::OK,
            out: "Hello there\n".into(),
            err: "2.0s · 3.1k in 812 out\n".into(),
        },
    );
    check(
        &["exec", "-q", "hi"],
        simple(),
        Ran {
            code: exit::OK,
            out: "Hello there\n".into(),
            err: String::new(),
        },
    );
}

#[test]
fn narration_calls_and_lasting_phases_are_progress() {
    let mut tool = bash("ls");
    tool.meter = Some(Meter {
        wall_us: 200_000,
        ..Meter::default()
    });
    let script = vec![
        Step::Await(is_start),
        started(),
        Step::Preview(Delta::Phase {
            turn: crate::fake::turn(),
            phase: Phase::Waiting,
        }),
        Step::Preview(Delta::Phase {
            turn: crate::fake::turn(),
            phase: Phase::Stalled { silent_ms: 5_000 },
        }),
        message(10, "I look first."),
        begun(item(11, Status::Running, ItemBody::ToolCall(bash("ls")))),
        call(11, Status::Completed, tool),
        message(12, "Done.\n"),
        ended(StopReason::EndTurn),
    ];
    check(
        &["exec", "hi"],
        script,
        Ran {
            code: exit::OK,
            out: "Done.\n".into(),
            err: "stalled 5s · no data from the model\nI look first.\n▶ bash ls  ✓ 0.2s\n5.0s · 3.1k in 812 out\n".into(),
        },
    );
}

#[test]
fn facts_told_after_a_lag_are_complete() {
    let script = vec![
        Step::Await(is_start),
        started(),
        Step::Preview(Delta::Text {
            item: crate::fake::uuid_of::id(10),
            at: 0,
            text: "lost".into(),
        }),
        Step::Lag,
        message(10, "The whole text"),
        ended(StopReason::EndTurn),
    ];
    let ran = Bench::new(&["exec", "-q", "hi"], script).run();
    assert_eq!((ran.code, ran.out.as_str()), (0, "The whole text\n"));
}

fn input_of(bench: &Bench) -> Vec<Content> {
    bench
        .fake
        .ops()
        .into_iter()
        .find_map(|op| match op {
            Op::Turn(TurnOp::Start { input, options, .. }) => {
                assert!(!options.is_attended);
                Some(input)
            }
            _ => None,
        })
        .unwrap()
}

#[test]
fn stdin_is_the_prompt_or_its_context() {
    let check = |line: &[&str], stdin: &str, wanted: &[&str]| {
        let mut bench = Bench::with(line, simple(), Views::default(), stdin);
        assert_eq!(bench.run().code, 0);
        let wanted: Vec<Content> = wanted.iter().map(|text| Content::text(*text)).collect();
        assert_eq!(input_of(&bench), wanted, "{line:?}");
    };
    check(&["exec", "review"], "", &["review"]);
    check(&["exec", "review"], " \n", &["review"]);
    check(
        &["exec", "review"],
        "a diff\n",
        &["review", "<stdin>\na diff\n</stdin>"],
    );
    check(&["exec", "-"], "from stdin\n", &["from stdin\n"]);
    check(&["exec"], "from stdin\n", &["from stdin\n"]);
    let ran = Bench::new(&["exec"], simple()).run();
    assert_eq!(ran.code, exit::USAGE);
    assert!(ran.err.contains("hint:"), "{}", ran.err);
}

#[test]
fn a_terminal_without_prompt_is_a_usage_error_and_reads_nothing() {
    let mut bench = Bench::with(&["exec"], simple(), Views::default(), "never read");
    bench.context.terminal.is_stdin_terminal = true;
    assert_eq!(bench.run().code, exit::USAGE);
    assert!(bench.context.stdin.is_some());
}

#[test]
fn json_is_one_object() {
    let ran = Bench::new(&["exec", "--json", "hi"], simple()).run();
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        report,
        json!({
            "id": "00000000-0000-7000-8000-000000000001",
            "turn": "00000000-0000-7000-8000-000000000002",
            "text": "Hello\u{1b}[31m there",
            "usage": {"prompt_tokens": 3100, "completion_tokens": 812, "cached_tokens": 0, "cost_micros": 0, "is_estimated": false},
            "tools": [],
            "status": "end_turn",
            "exit": 0
        })
    );
}

#[test]
fn stream_json_is_one_signal_a_line() {
    let script = || {
        let mut script = simple();
        script.insert(
            2,
            Step::Preview(Delta::Text {
                item: crate::fake::uuid_of::id(10),
                at: 0,
                text: "Hel".into(),
            }),
        );
        script
    };
    let signals = |line: &[&str]| -> Vec<Signal> {
        let ran = Bench::new(line, script()).run();
        ran.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let facts = signals(&["exec", "--stream-json", "hi"]);
    let seqs: Vec<u64> = facts
        .iter()
        .map(|signal| match signal {
            Signal::Event { envelope } => envelope.seq.0,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(seqs, [1, 2, 3, 4]);
    let all = signals(&["exec", "--stream-json", "--include-deltas", "hi"]);
    assert_eq!(all.len(), 5);
    assert!(matches!(&all[2], Signal::Delta { .. }), "{all:?}");
}

#[test]
fn the_answer_goes_to_the_file_that_is_named() {
    let path = std::env::temp_dir().join(format!("anteroom-cli-{}.md", std::process::id()));
    let file = path.to_str().unwrap();
    let ran = Bench::new(&["exec", "-o", file, "hi"], simple()).run();
    let written = std::fs::read_to_string(&path);
    std::fs::remove_file(&path).unwrap();
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert_eq!(written.unwrap(), "Hello there\n");

    let mut bench = Bench::new(&["exec", "-o", "/nowhere/at/all", "hi"], simple());
    assert_eq!(bench.run().code, exit::USAGE);
    assert!(bench.fake.ops().is_empty(), "no token is spent");
}

#[test]
fn a_denied_call_ends_with_the_flags_that_allow_it() {
    let decided = |tier, resolution| {
        let mut tool = bash("cargo test --all");
        tool.tier = tier;
        tool.decisions = vec![CallDecision {
            effect: "cargo test --all".into(),
            tier,
            resolution,
            by: "nobody".into(),
            reasons: Vec::new(),
            rule: None,
        }];
        tool
    };
    let script = |first: Vec<Step>, tool| {
        let mut script = vec![Step::Await(is_start), started()];
        script.extend(first);
        script.extend([
            call(11, Status::Denied, tool),
            message(12, "I may not."),
            ended(StopReason::EndTurn),
        ]);
        script
    };
    let check = |script: Vec<Step>, hint: &str| {
        let ran = Bench::new(&["exec", "-q", "hi"], script).run();
        assert_eq!((ran.code, ran.out.as_str()), (exit::DENIED, "I may not.\n"));
        assert!(
            ran.err.starts_with("error: `bash` was not allowed"),
            "{}",
            ran.err
        );
        assert!(
            ran.err.ends_with(&format!("\nhint: {hint}\n")),
            "{}",
            ran.err
        );
    };
    let unanswered = decided(Tier::Execute, Resolution::NotAnswered);
    check(
        script(vec![], unanswered.clone()),
        "allow it with `--allowed-tools 'bash:cargo test --all'`, or everything with `--approval-mode auto`",
    );
    let offer = ScopeOffer {
        scope: Scope::Session,
        rule: Some("bash:cargo test *".into()),
    };
    check(
        script(
            vec![asked(approval(20, Tier::Execute, vec![offer]))],
            unanswered,
        ),
        "allow it with `--allowed-tools 'bash:cargo test *'`, or everything with `--approval-mode auto`",
    );
    check(
        script(vec![], decided(Tier::Destructive, Resolution::NotAnswered)),
        "run it in `aroom chat`, where you are asked, or with `--approval-mode auto`",
    );
    check(
        script(
            vec![],
            decided(Tier::Execute, Resolution::Denied { reason: None }),
        ),
        "`aroom config get safety.denied_tools` shows what is denied",
    );
}

#[test]
fn each_end_has_its_exit_code_and_a_hint() {
    let check = |stop: StopReason, code: u8| {
        let script = vec![Step::Await(is_start), started(), ended(stop.clone())];
        let ran = Bench::new(&["exec", "hi"], script).run();
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{stop:?}");
        assert!(ran.err.contains("\nhint: "), "{stop:?}: {}", ran.err);
    };
    check(StopReason::MaxSteps, exit::LIMIT);
    check(StopReason::MaxTokens, exit::LIMIT);
    check(StopReason::Refusal, exit::FAILED);
    check(StopReason::Cancelled, exit::FAILED);
    check(StopReason::Interrupted, exit::FAILED);
    for (problem, code) in [
        (ProblemCode::NotConfigured, exit::NOT_CONFIGURED),
        (ProblemCode::EndpointUnreachable, exit::UNREACHABLE),
        (ProblemCode::EndpointAuth, exit::AUTH),
        (ProblemCode::LimitReached, exit::LIMIT),
    ] {
        let problem = Problem::new(problem, "it failed").hint("do this");
        check(StopReason::Failed { problem }, code);
    }
}

#[test]
fn trouble_that_could_not_be_stored_ends_the_run() {
    let script = vec![
        Step::Await(is_start),
        started(),
        Step::Trouble(Problem::new(ProblemCode::Storage, "the disk is full")),
    ];
    let ran = Bench::new(&["exec", "hi"], script).run();
    assert_eq!(ran.code, exit::FAILED);
    assert_eq!(
        ran.err,
        "error: the disk is full\n\nhint: `aroom db check` looks through the database\n"
    );
}

#[test]
fn interrupts_cancel_the_turn() {
    let check = |interrupt, code| {
        let script = vec![
            Step::Await(is_start),
            started(),
            done(item(
                10,
                Status::Interrupted,
                ItemBody::AgentMessage {
                    text: "half".into(),
                },
            )),
            Step::Interrupt(interrupt),
            Step::Await(is_cancel),
            ended(StopReason::Cancelled),
        ];
        let ran = Bench::new(&["exec", "hi"], script).run();
        assert_eq!((ran.code, ran.out.as_str()), (code, ""));
        assert!(ran.err.starts_with("half\n"), "{}", ran.err);
        assert!(
            ran.err.contains("error: cancelled\n\nhint: "),
            "{}",
            ran.err
        );
    };
    check(Interrupt::Interrupt, 130);
    check(Interrupt::Terminate, 143);
}

#[test]
fn a_timeout_cancels_the_turn() {
    let script = vec![
        Step::Await(is_start),
        started(),
        Step::Await(is_cancel),
        ended(StopReason::Cancelled),
    ];
    let mut bench = Bench::new(&["exec", "--timeout", "0.001", "hi"], script);
    let ran = bench.run();
    assert_eq!(ran.code, exit::LIMIT);
    assert!(
        ran.err.contains("error: cancelled after 1ms"),
        "{}",
        ran.err
    );
    assert!(bench.fake.ops().iter().any(is_cancel));
}

#[test]
fn a_closed_pipe_is_silent() {
    let mut bench = Bench::new(&["exec", "--stream-json", "hi"], simple());
    bench.break_pipe();
    let ran = bench.run();
    assert_eq!((ran.code, ran.out.as_str()), (exit::OK, ""));
    assert!(!ran.err.contains("error"), "{}", ran.err);
}

#[test]
fn without_an_endpoint_it_says_how_to_connect() {
    let mut views = Views::default();
    views.settings.settings = vec![setting("ai.base_url", json!(""))];
    views.local = vec![FoundEndpoint {
        name: "Ollama".into(),
        base_url: "http://127.0.0.1:11434/v1".into(),
        models: vec!["a".into(), "b".into()],
    }];
    let mut bench = Bench::with(&["exec", "hi"], simple(), views.clone(), "");
    let ran = bench.run();
    assert_eq!(ran.code, exit::NOT_CONFIGURED);
    assert!(ran.err.contains("found Ollama"), "{}", ran.err);
    assert!(
        ran.err
            .contains("hint: `aroom init --base-url http://127.0.0.1:11434/v1 --yes`"),
        "{}",
        ran.err
    );
    assert!(bench.fake.ops().is_empty());

    let ran = Bench::with(&["exec", "--json", "hi"], simple(), views, "").run();
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["exit"], json!(3));
    assert_eq!(report["error"]["code"], json!("not_configured"));
}

#[test]
fn it_goes_on_where_it_is_told_to() {
    let mut views = Views {
        conversations: vec![
            crate::fake::view(7, "/elsewhere"),
            crate::fake::view(1, "/w"),
        ],
        ..Views::default()
    };
    let conversation_of = |line: &[&str], views: &Views| {
        let mut bench = Bench::with(line, simple(), views.clone(), "");
        let ran = bench.run();
        let started = bench.fake.ops().into_iter().find_map(|op| match op {
            Op::Turn(TurnOp::Start { conversation, .. }) => Some(conversation.to_string()),
            _ => None,
        });
        (ran.code, started)
    };
    let one = Some("00000000-0000-7000-8000-000000000001".to_owned());
    assert_eq!(
        conversation_of(&["exec", "-c", "x"], &views),
        (0, one.clone())
    );
    assert_eq!(
        conversation_of(&["exec", "-r", "000000000001", "x"], &views),
        (0, one)
    );
    let code = |line: &[&str], views: &Views| conversation_of(line, views).0;
    assert_eq!(code(&["exec", "-r", "00000000", "x"], &views), exit::USAGE);
    assert_eq!(code(&["exec", "-r", "1", "x"], &views), exit::USAGE);
    assert_eq!(
        code(&["exec", "-r", "abcdef", "x"], &views),
        exit::NOT_FOUND
    );
    views.conversations.pop();
    assert_eq!(code(&["exec", "-c", "x"], &views), exit::NOT_FOUND);
}

#[test]
fn the_usage_line_counts_from_start_to_end() {
    let script = vec![
        Step::Await(is_start),
        started(),
        message(10, "a"),
        message(11, "b"),
        message(12, "c"),
        ended(StopReason::EndTurn),
    ];
    let ran = Bench::new(&["exec", "hi"], script).run();
    assert_eq!(ran.out, "c\n");
    assert_eq!(ran.err, format!("a\nb\n{USAGE}"));
}

#[test]
fn a_plan_is_the_answer_and_says_who_could_approve_it() {
    let mut bench = Bench::new(&["exec", "-q", "--plan", "--budget", "50k", "hi"], simple());
    let ran = bench.run();
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (exit::DENIED, "Hello there\n")
    );
    assert!(
        ran.err.contains("nobody can approve it") && ran.err.contains("hint:"),
        "{}",
        ran.err
    );
    let is_plan = bench.fake.ops().into_iter().any(|op| {
        matches!(op, Op::Turn(TurnOp::Start { options, .. }) if options.is_plan && !options.is_attended)
    });
    assert!(is_plan);
}
