//! What a chat looks like: its phases in the shared words (T7), and nothing but lines, or but ASCII, where a terminal
//! takes no more (T11).

use super::rests;
use crate::program::Desk;
use crate::support::endpoint::{Gate, Reply};
use crate::support::program::run;
use crate::support::pty::{Pty, Shown, keys};
use serde_json::json;

/// Everything an answer can be made of, with signs of every kind.
const ANSWER: &str = "# Plan\n\n- **one** “two” — 漢字 ✓\n- [link](https://example.org)\n\n```rust\nlet x = \"é\";\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nlast words";

fn reading() -> Reply {
    Reply::text("I look first. ").and_call("read_file", json!({ "path": "a.txt" }))
}

/// For how long the row says that the model has been silent. It changes with every second, and the window may be looked
/// at less often.
fn silent_for(shown: &Shown) -> Option<u32> {
    shown.rows.iter().find_map(|row| {
        let (_, rest) = row.split_once("stalled ")?;
        let seconds = rest.strip_suffix("s · no data from the model · esc to cancel")?;
        seconds.parse().ok()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_row_tells_the_phases_in_the_shared_words() {
    let (first, second) = (Gate::new(), Gate::new());
    let reply = Reply::stream().wait(&first).token("Hello ").wait(&second);
    let call = reply.and_call("write_file", json!({ "path": "a.txt", "content": "new\n" }));
    let desk = Desk::new([call, Reply::text("so be it")]).await;
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("go\r");
    let has = |words: &'static str| move |shown: &Shown| shown.has(words);
    pty.until("waiting", has("waiting for first token · "))
        .await;
    pty.until("how to cancel", has("s · esc to cancel")).await;
    first.open();
    pty.until("streaming", has("streaming · ")).await;
    pty.until("a silence", |shown| {
        silent_for(shown).is_some_and(|seconds| seconds >= 5)
    })
    .await;
    second.open();
    pty.until("the question", |shown| {
        shown.has("waiting for approval · ") && shown.has("auto-deny")
    })
    .await;
    pty.until("the moment in which keys count", |shown| {
        shown.has("y once") && !shown.has("keys count in a moment")
    })
    .await;
    pty.send(keys::ESC);
    pty.until("the end", |shown| {
        shown.count("so be it") == 1 && rests(shown)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_repainting_phases_are_lines() {
    let gate = Gate::new();
    let desk = Desk::new([
        Reply::error(503, "too busy").header("retry-after", "0"),
        reading(),
        Reply::stream().wait(&gate).token("words"),
    ])
    .await;
    desk.write("a.txt", "one\ntwo\n");
    let mut pty = Pty::spawn(&desk.chat(&["--plain", "go"]), super::SIZE);
    gate.reached().await;
    pty.until("the call", |shown| shown.count("read_file a.txt") == 1)
        .await;
    gate.open();
    let shown = pty
        .until("the end", |shown| shown.count("done · ") == 1)
        .await;
    let told: Vec<&str> = shown
        .lines
        .iter()
        .map(|line| line.split(" in 0s").next().unwrap_or_default().trim_end())
        .filter(|line| {
            ["connecting", "waiting", "retry", "running", "I look"]
                .iter()
                .any(|words| line.starts_with(words))
        })
        .collect();
    assert_eq!(
        told,
        [
            "connecting",
            "waiting for first token",
            "retry 1/3",
            "connecting",
            "waiting for first token",
            "I look first.",
            "running read_file",
            "connecting",
            "waiting for first token",
        ],
        "{}",
        pty.picture()
    );
}

/// Chats once and leaves; gives what the program wrote.
async fn written(environment: &[(&str, &str)], arguments: &[&str]) -> Vec<u8> {
    let desk = Desk::new([reading(), Reply::text(ANSWER)]).await;
    desk.write("a.txt", "é\n");
    let mut command = desk.chat(arguments);
    for (name, value) in environment {
        command.env(name, value);
    }
    let mut pty = Pty::spawn(&command, super::SIZE);
    pty.until("the prompt", |shown| {
        shown.last_row().starts_with(['❯', '>'])
    })
    .await;
    pty.send("go\r");
    pty.until("the answer", |shown| {
        shown.count("last words") == 1 && shown.count(" in ") > 0
    })
    .await;
    pty.send(keys::CTRL_D);
    assert_eq!(pty.exit().await, 0);
    pty.raw()
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).escape_debug().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_takes_lines_gets_no_escape() {
    for (environment, arguments) in [(&[("TERM", "dumb")][..], &[][..]), (&[], &["--plain"])] {
        let raw = written(environment, arguments).await;
        assert!(!raw.contains(&0x1b), "{environment:?} {}", shown(&raw));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locale_without_utf_8_gets_ascii() {
    let raw = written(&[("LC_ALL", "C")], &[]).await;
    assert!(raw.is_ascii(), "{}", shown(&raw));
    let text = String::from_utf8(raw).unwrap();
    assert!(text.contains("\"two\" - ???? v"), "{text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_color_means_none() {
    for (environment, arguments) in [
        (&[("NO_COLOR", "1")][..], &[][..]),
        (&[("COLORTERM", "truecolor")], &["--color", "never"]),
    ] {
        let raw = written(environment, arguments).await;
        let text = String::from_utf8_lossy(&raw);
        // Whatever moves the cursor stays; marks, but for their end, and links do not.
        let marks: Vec<&str> = text
            .split("\u{1b}[")
            .skip(1)
            .filter_map(|rest| {
                let numbers = rest.split_once('m')?.0;
                let is_mark = numbers
                    .chars()
                    .all(|sign| sign.is_ascii_digit() || sign == ';');
                (is_mark && !matches!(numbers, "" | "0" | "39" | "49" | "39;49")).then_some(numbers)
            })
            .collect();
        assert_eq!(marks, Vec::<&str>::new(), "{environment:?}");
        assert!(!text.contains("\u{1b}]"), "{environment:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_stays_as_the_model_wrote_it() {
    let desk = Desk::new([reading(), Reply::text(ANSWER)]).await;
    desk.write("a.txt", "é\n");
    let mut command = desk.aroom(&["exec", "go"]);
    command.env("LC_ALL", "C").env("TERM", "xterm-256color");
    let left = run(command).await;
    assert_eq!(left.stdout.trim_end(), ANSWER);
    assert!(left.stderr.is_ascii(), "{}", left.stderr);
    assert!(!left.stderr.contains('\u{1b}'), "{}", left.stderr);
    assert!(
        left.stderr.contains("o read_file a.txt  ok"),
        "{}",
        left.stderr
    );
}
