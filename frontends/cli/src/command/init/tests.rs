//! The wizard with scripted answers, and the flags.

use crate::context::Quit;
use crate::exit;
use crate::fake::{Bench, Views, setting};
use crate::invocation::{Command, Init};
use crate::prompter::Prompter;
use anteroom_api::{
    EndpointReport, FoundEndpoint, Op, ProbeStep, Problem, ProblemCode, SettingOp, SettingOrigin,
};
use serde_json::json;

const OLLAMA: &str = "http://127.0.0.1:11434/v1";

fn step(name: &str, problem: Option<Problem>) -> ProbeStep {
    ProbeStep {
        name: name.into(),
        took_ms: 3,
        problem,
    }
}

fn views(base_url: &str) -> Views {
    let mut views = Views::default();
    views.settings.settings = vec![
        setting("ai.base_url", json!(base_url)),
        setting("ai.model", json!("")),
        setting("ai.api_key", json!("")),
    ];
    views.local = vec![FoundEndpoint {
        name: "Ollama".into(),
        base_url: OLLAMA.into(),
        models: vec!["small".into(), "large".into()],
    }];
    views.endpoint = EndpointReport {
        models: vec!["small".into(), "large".into()],
        model: Some("small".into()),
        steps: vec![step("connect", None), step("models", None)],
    };
    views
}

fn with_key(mut views: Views) -> Views {
    views.settings.settings[2] = setting("ai.api_key", json!("sk-…"));
    views.settings.settings[2].origin = SettingOrigin::User {
        path: "c".into(),
        line: 1,
    };
    views
}

/// What was written, as `key=value` or `-key`.
fn written(bench: &Bench) -> Vec<String> {
    bench
        .fake
        .ops()
        .iter()
        .map(|op| match op {
            Op::Setting(SettingOp::Change { key, value }) => {
                format!("{key}={}", value.as_str().unwrap())
            }
            Op::Setting(SettingOp::Reset { key }) => format!("-{key}"),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn flags(line: &[&str], views: Views) -> (u8, Vec<String>, String) {
    let mut bench = Bench::with(line, vec![], views, "");
    let environment = &mut bench.context.terminal.environment;
    environment.insert("LLM_KEY".into(), "sk-1".into());
    let ran = bench.run();
    (ran.code, written(&bench), ran.err)
}

fn wizard(views: Views, answers: &[&'static str]) -> (Result<u8, Quit>, Vec<String>) {
    let mut bench = Bench::with(&["init"], vec![], views, "");
    let Command::Init(init) = bench.command.clone() else {
        panic!("not init");
    };
    let init: Init = init;
    let asker = Prompter::Script(answers.iter().copied().collect());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let code = runtime.block_on(super::with(&mut bench.context, &init, Some(asker)));
    (code, written(&bench))
}

#[test]
fn flags_do_everything() {
    let check = |line: &[&str], views: Views, wanted: &[&str]| {
        let (code, written, err) = flags(line, views);
        assert_eq!((code, err.as_str()), (0, ""), "{line:?}");
        assert_eq!(written, wanted, "{line:?}");
    };
    check(
        &["init", "--yes"],
        views(""),
        &["ai.base_url=http://127.0.0.1:11434/v1", "ai.model=small"],
    );
    check(
        &[
            "init",
            "--base-url",
            "https://llm.corp/v1/",
            "--api-key-env",
            "LLM_KEY",
            "-m",
            "large",
        ],
        views(""),
        &[
            "ai.base_url=https://llm.corp/v1",
            "ai.api_key=sk-1",
            "ai.model=large",
        ],
    );
    // The command is saved before the test, because only the host may run it.
    check(
        &[
            "init",
            "--base-url",
            "https://llm.corp/v1",
            "--api-key-command",
            "pass llm",
            "--yes",
        ],
        views(""),
        &[
            "ai.base_url=https://llm.corp/v1",
            "ai.api_key_command=pass llm",
            "ai.model=small",
        ],
    );
    // Again: what is there stays.
    check(
        &["init", "--yes"],
        with_key(views("https://llm.corp/v1")),
        &["ai.base_url=https://llm.corp/v1", "ai.model=small"],
    );
    // A key is not sent to another host than it was given for.
    check(
        &["init", "--base-url", "https://other.example/v1", "--yes"],
        with_key(views("https://llm.corp/v1")),
        &[
            "-ai.api_key",
            "ai.base_url=https://other.example/v1",
            "ai.model=small",
        ],
    );
}

#[test]
fn without_terminal_and_flags_it_names_the_flags() {
    let (code, written, err) = flags(&["init"], views(""));
    assert_eq!((code, written), (exit::USAGE, vec![]));
    assert!(err.contains("hint: `aroom init --base-url URL"), "{err}");
    let (code, _, err) = flags(&["init", "--base-url", "llm.corp", "--yes"], views(""));
    assert_eq!(code, exit::USAGE, "{err}");
    let (code, _, err) = flags(
        &["init", "--base-url", OLLAMA, "--api-key-env", "NO"],
        views(""),
    );
    assert_eq!(code, exit::USAGE, "{err}");
}

#[test]
fn the_wizard_takes_defaults_numbers_and_words() {
    let check = |views: Views, answers: &[&'static str], wanted: &[&str]| {
        let (code, written) = wizard(views, answers);
        assert_eq!(code, Ok(0), "{answers:?}");
        assert_eq!(written, wanted, "{answers:?}");
    };
    check(
        views(""),
        &["", ""],
        &["ai.base_url=http://127.0.0.1:11434/v1", "ai.model=small"],
    );
    check(
        views(""),
        &["1", "2"],
        &["ai.base_url=http://127.0.0.1:11434/v1", "ai.model=large"],
    );
    // A wrong address is asked for again; the usual correction is offered; the key is asked for.
    check(
        views(""),
        &["llm.corp", "https://llm.corp", "", "sk-2", "own-model"],
        &[
            "ai.base_url=https://llm.corp/v1",
            "ai.api_key=sk-2",
            "ai.model=own-model",
        ],
    );
    assert_eq!(wizard(views(""), &[]), (Err(Quit::Code(130)), vec![]));
}

#[test]
fn an_endpoint_without_tools_is_saved() {
    let mut views = views("");
    let problem = Problem::new(ProblemCode::EndpointFailed, "ignores tools");
    views.endpoint.steps.push(step("tools", Some(problem)));
    let (code, written, _) = flags(&["init", "--yes"], views.clone());
    assert_eq!((code, written.len()), (0, 2));
    let (code, written) = wizard(views, &["", ""]);
    assert_eq!((code, written.len()), (Ok(0), 2));
}

#[test]
fn what_does_not_work_is_saved_only_on_demand() {
    let refused = || {
        let mut views = views("");
        let problem = Problem::new(ProblemCode::EndpointAuth, "refused (401)");
        views.endpoint = EndpointReport {
            models: vec![],
            model: None,
            steps: vec![step("connect", None), step("models", Some(problem))],
        };
        views
    };
    let (code, written) = wizard(refused(), &["", "", ""]);
    assert_eq!((code, written), (Ok(exit::AUTH), vec![]));
    let (code, written) = wizard(refused(), &["", "m", "y"]);
    assert_eq!(code, Ok(exit::AUTH));
    assert_eq!(
        written,
        ["ai.base_url=http://127.0.0.1:11434/v1", "ai.model=m"]
    );
    let (code, written, _) = flags(&["init", "--base-url", OLLAMA, "--yes"], refused());
    assert_eq!(code, exit::AUTH);
    assert_eq!(written, ["ai.base_url=http://127.0.0.1:11434/v1"]);
}

#[test]
fn an_address_that_is_probably_wrong_is_corrected_on_demand() {
    let wrong = || {
        let mut views = views("");
        let problem = Problem::new(ProblemCode::EndpointFailed, "a web page came")
            .hint("is it? `aroom config set ai.base_url 'https://llm.corp/api/v1'`");
        views.endpoint = EndpointReport {
            models: vec![],
            model: None,
            steps: vec![step("connect", None), step("models", Some(problem))],
        };
        views
    };
    // Said no to: saved only on demand.
    let (code, written) = wizard(wrong(), &["https://llm.corp/app/v1", "", "n", "n"]);
    assert_eq!((code, written), (Ok(1), vec![]));
    // Said yes to: tried, and it fails the same way here.
    let (code, written) = wizard(wrong(), &["https://llm.corp/app/v1", "", "", "y"]);
    assert_eq!(code, Ok(1));
    assert_eq!(written, ["ai.base_url=https://llm.corp/api/v1"]);
}
