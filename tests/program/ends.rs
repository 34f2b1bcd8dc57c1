//! Exit codes, each by its cause, and what is said then.

use super::Desk;
use crate::support::endpoint::{Gate, Reply};
use crate::support::program::{Left, left, run};
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

#[track_caller]
fn check(left: &Left, code: i32, words: &str) {
    assert_eq!(left.code, code, "{left:?}");
    assert!(left.stderr.contains(words), "{words}: {}", left.stderr);
    in_the_grammar(&left.stderr);
}

/// One `error:`, at most one `cause:`, then a `hint:` with something to run or to write.
#[track_caller]
fn in_the_grammar(stderr: &str) {
    let block = stderr.find("error: ").map(|at| &stderr[at..]);
    let lines: Vec<&str> = block
        .unwrap_or_else(|| panic!("no error: {stderr}"))
        .lines()
        .filter(|line| !line.is_empty())
        .collect();
    let hint = match lines[..] {
        [_, hint] => hint,
        [_, cause, hint] if cause.starts_with("  cause: ") => hint,
        _ => panic!("not in three lines: {stderr}"),
    };
    assert!(hint.starts_with("hint: "), "{stderr}");
    let is_advice = hint.contains('`') || hint.contains("try again") || hint.contains("`--");
    assert!(is_advice, "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_the_endpoint_have_their_codes_and_hints() {
    let cases = [
        (Reply::error(400, "no such field"), 1),
        (Reply::error(503, "busy"), 1),
        (Reply::error(429, "slow down"), 4),
        (Reply::error(401, "bad key"), 5),
        (Reply::error(403, "not yours"), 5),
        (Reply::text("half").finish("length"), 7),
    ];
    for (reply, code) in cases {
        let desk = Desk::new([reply.clone()]).await;
        let mut command = desk.aroom(&["exec", "hi"]);
        command.env("AI_CHAT_RETRY_MAX_ATTEMPTS", "0");
        let left = run(command).await;
        check(&left, code, "error:");
        check(&left, code, "hint:");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_not_there_is_4() {
    let desk = Desk::new([]).await;
    let mut command = desk.unconnected(&["exec", "hi"]);
    // Bound and let go again: nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    command
        .env("AI_CHAT_BASE_URL", format!("http://127.0.0.1:{port}/v1"))
        .env("AI_CHAT_MODEL", "m")
        .env("AI_CHAT_RETRY_MAX_ATTEMPTS", "0");
    let left = run(command).await;
    check(&left, 4, "hint:");
    assert_eq!(left.stdout, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_command_line_is_2() {
    let desk = Desk::new([]).await;
    for arguments in [
        &["exec", "--no-such-flag", "hi"][..],
        &["exec", "--approval-mode", "never", "hi"],
        &["exec", "--json", "--stream-json", "hi"],
        &["conversations"],
        &["exec"],
    ] {
        let left = desk.run(arguments).await;
        check(&left, 2, "hint:");
        assert_eq!(left.stdout, "", "{arguments:?}");
    }
    assert_eq!(desk.endpoint.requests().len(), 0);
    let near = desk.run(&["conversatoin", "list"]).await;
    check(&near, 2, "conversation");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_endpoint_it_says_how_to_connect_one() {
    let desk = Desk::new([]).await;
    for arguments in [&["exec", "hi"][..], &["chat", "hi"], &["--test"]] {
        let left = run(desk.unconnected(arguments)).await;
        check(&left, 3, "no model endpoint is configured");
        check(&left, 3, "aroom init");
        check(&left, 3, "AI_CHAT_BASE_URL");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_7() {
    let look = || Reply::call("glob_files", json!({ "pattern": "*" }));
    let desk = Desk::new([look(), look(), Reply::text("that far")]).await;
    let left = desk.run(&["exec", "--max-turns", "2", "go"]).await;
    check(&left, 7, "--max-turns");
    assert_eq!(left.stdout, "that far\n");

    let gate = Gate::new();
    let desk = Desk::new([Reply::stream().token("never done").wait(&gate)]).await;
    let left = desk.run(&["exec", "--timeout", "0.5", "go"]).await;
    check(&left, 7, "--timeout");
    assert_eq!(left.stdout, "", "what was cut off is no answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_8() {
    let desk = Desk::new([]).await;
    let id = "0199a000-0000-7000-8000-000000000000";
    for arguments in [
        &["exec", "-r", id, "go on"][..],
        &["exec", "-c", "go on"],
        &["conversation", "show", "ffffffff"],
        &["config", "get", "ai.modell"],
        &["tool", "grant", "nowhere", "process"],
    ] {
        check(&desk.run(arguments).await, 8, "hint:");
    }
}

fn spawn(mut command: Command) -> Child {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(name: &str, child: &Child) {
    let sent = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_cancel_and_say_how_to_go_on() {
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let gate = Gate::new();
        let desk = Desk::new([Reply::stream().token("half").wait(&gate)]).await;
        let child = spawn(desk.aroom(&["exec", "talk"]));
        gate.reached().await;
        signal(name, &child);
        let output = tokio::task::spawn_blocking(move || child.wait_with_output());
        let left = left(output.await.unwrap().unwrap());
        check(&left, code, "cancelled");
        check(&left, code, "hint:");
        // The endpoint is let go, and the turn is stored as cancelled, not lost.
        desk.endpoint.hung_up(0).await;
        let stop: String = desk
            .database()
            .query_row("SELECT stop FROM turns", [], |row| row.get(0))
            .unwrap();
        assert!(stop.contains("cancelled"), "{stop}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_leaves_ends_it_silently() {
    // How far it comes before it sees that nobody reads does not matter.
    let desk = Desk::new([
        Reply::call("glob_files", json!({ "pattern": "*" })),
        Reply::call("glob_files", json!({ "pattern": "*" })),
        Reply::text("late"),
    ])
    .await;
    let mut child = spawn(desk.aroom(&["exec", "--stream-json", "go"]));
    let stdout = child.stdout.take().unwrap();
    let first = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        line
    });
    assert!(first.await.unwrap().starts_with('{'));
    let ended = tokio::task::spawn_blocking(move || {
        let mut stderr = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        (child.wait().unwrap().code(), stderr)
    });
    let (code, stderr) = ended.await.unwrap();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        !stderr.contains("error:") && !stderr.contains("panic"),
        "{stderr}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_is_context_or_the_prompt() {
    let desk = Desk::new([Reply::text("a"), Reply::text("b")]).await;
    for (arguments, sent) in [
        (&["exec", "review this"][..], "<stdin>\nthe diff\n</stdin>"),
        (&["exec", "-"], "the diff"),
    ] {
        let mut command = desk.aroom(arguments);
        command.stdin(Stdio::piped());
        let mut child = spawn(command);
        child
            .stdin
            .take()
            .unwrap()
            .write_all(b"the diff\n")
            .unwrap();
        let output = tokio::task::spawn_blocking(move || child.wait_with_output());
        let left = left(output.await.unwrap().unwrap());
        assert_eq!(left.code, 0, "{left:?}");
        let last = desk.endpoint.chats().pop().unwrap().json;
        let said = last["messages"].as_array().unwrap().last().unwrap()["content"].clone();
        let said = said
            .as_str()
            .map_or_else(|| said.to_string(), str::to_owned)
            .replace("\\n", "\n");
        assert!(said.contains(sent), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_allowed_is_6_and_the_model_is_told() {
    let write = json!({ "path": "a.txt", "content": "x" });
    for arguments in [&["exec", "go"][..], &["chat", "go"]] {
        let desk = Desk::new([
            Reply::call("write_file", write.clone()),
            Reply::text("I may not."),
        ])
        .await;
        let left = desk.run(arguments).await;
        check(&left, 6, "--allowed-tools");
        assert_eq!(left.stdout, "I may not.\n", "the answer all the same");
        let told = desk.endpoint.chats()[1].json["messages"].to_string();
        assert!(told.contains("nobody answered"), "{told}");
        assert!(!desk.work().join("a.txt").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn through_a_pipe_comes_the_answer_alone() {
    let desk = Desk::new([
        Reply::text("I look first.").and_call("glob_files", json!({ "pattern": "*" })),
        Reply::text("The **answer**"),
    ])
    .await;
    let program = desk.aroom(&[]);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "\"$0\" exec 'go' | cat"])
        .arg(program.get_program())
        .env_clear()
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(desk.work());
    let left = run(shell).await;
    assert_eq!(
        (left.code, left.stdout.as_str()),
        (0, "The **answer**\n"),
        "{left:?}"
    );
    assert!(left.stderr.contains("I look first."), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_that_cannot_be_understood_is_3() {
    let desk = Desk::new([]).await;
    let folder = desk.home().join(".anteroom");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.yaml"), "ai: [\n").unwrap();
    for arguments in [&["exec", "hi"][..], &["config", "validate"], &["doctor"]] {
        check(&desk.run(arguments).await, 3, "config.yaml");
    }
}
