//! Slash commands, commands by hand and what opens other programs, as a person does them.

use super::{SIZE, rests};
use crate::program::Desk;
use crate::support::endpoint::{Gate, Reply};
use crate::support::pty::{Pty, Shown, keys};
use serde_json::json;
use std::time::Duration;

const CTRL_G: &str = "\u{7}";
const CTRL_O: &str = "\u{f}";
/// A key that has to wait for its moment is pressed so often.
const PRESSED: Duration = Duration::from_millis(600);
const PRESSES: usize = 50;
const SHIFT_TAB: &str = "\u{1b}[Z";

fn write(path: &str, content: &str) -> Reply {
    Reply::call("write_file", json!({ "path": path, "content": content }))
}

/// A chat that asks for nothing in the workspace, with these programs of the person's.
async fn chat(desk: &Desk, programs: &[(&str, &str)]) -> Pty {
    let mut command = desk.aroom(&["chat", "--approval-mode", "auto"]);
    command.envs(programs.iter().copied());
    let mut pty = Pty::spawn(&command, SIZE);
    pty.until("the prompt", rests).await;
    pty
}

/// Enters a line and waits for what it leads to, and for the prompt.
async fn enter(pty: &mut Pty, line: &str, wanted: &str) -> Shown {
    let before = pty.shown().count(wanted);
    pty.send(line);
    pty.send(keys::ENTER);
    pty.until(wanted, |shown| shown.count(wanted) > before && rests(shown))
        .await
}

/// Presses a key again and again, because it counts only after a moment, until something is seen.
async fn press_until(pty: &mut Pty, key: &str, is: impl Fn(&Shown) -> bool) {
    let mut clock = tokio::time::interval(PRESSED);
    for _ in 0..PRESSES {
        if is(&pty.shown()) {
            return;
        }
        clock.tick().await;
        pty.send(key);
    }
    panic!("{key:?} leads to nothing:\n{}", pty.picture());
}

/// Waits for a question of the gate whose keys count by now.
async fn asked(pty: &mut Pty, keys: &str) {
    pty.until("the question", |shown| {
        shown.has(keys) && !shown.has("keys count in a moment")
    })
    .await;
}

/// The same for a question; what came too late and stands in the prompt is cleared.
async fn insist(pty: &mut Pty, key: &str, is: impl Fn(&Shown) -> bool) {
    press_until(pty, key, is).await;
    pty.send(keys::CTRL_U);
    pty.until("the prompt", rests).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_turn_changed_is_shown_and_taken_back() {
    let desk = Desk::new([write("a.txt", "one\ntwo\n"), Reply::text("written")]).await;
    std::fs::write(desk.work().join("a.txt"), "one\n").unwrap();
    let mut pty = chat(&desk, &[]).await;
    enter(&mut pty, "go", "written").await;
    let shown = enter(&mut pty, "/diff", "a.txt  changed  +1").await;
    assert!(
        shown.lines.iter().any(|line| line == "+two"),
        "{}",
        pty.picture()
    );
    pty.send("/undo\r");
    pty.until("the question", |shown| shown.has("take back 1 file?"))
        .await;
    assert_eq!(
        std::fs::read_to_string(desk.work().join("a.txt")).unwrap(),
        "one\ntwo\n"
    );
    insist(&mut pty, "y", |shown| shown.count("restored  a.txt") == 1).await;
    assert_eq!(
        std::fs::read_to_string(desk.work().join("a.txt")).unwrap(),
        "one\n"
    );
    enter(&mut pty, "/undo", "there is nothing to take back").await;
    enter(&mut pty, "/diff", "every file is as it was").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_edited_in_the_prompt_and_moved() {
    let gate = Gate::new();
    let desk = Desk::new([
        Reply::text("first words\n\n").wait(&gate).say("last words"),
        Reply::text("answer one"),
        Reply::text("answer two"),
    ])
    .await;
    let mut pty = chat(&desk, &[]).await;
    pty.send("go\r");
    gate.reached().await;
    // Before that the message is still being taken, and the terminal is not ours yet.
    pty.until("the first words", |shown| shown.has("first words"))
        .await;
    for (line, queued) in [("two\r", "1 queued"), ("thre\r", "2 queued")] {
        pty.send(line);
        pty.until(queued, |shown| shown.has(queued)).await;
    }
    pty.send("/queue edit 2\r");
    pty.until("its words as a draft", |shown| {
        shown.last_row() == "❯ /queue edit 2 thre"
    })
    .await;
    pty.send("e\r");
    pty.until("the change", |shown| shown.count("changed") == 1)
        .await;
    pty.send("/queue up 2\r");
    pty.until("the move", |shown| shown.count("moved") == 1)
        .await;
    pty.send("/queue\r");
    pty.until("the queue", |shown| {
        shown.has("1  three") && shown.has("2  two")
    })
    .await;
    gate.open();
    pty.until("the last answer", |shown| {
        shown.count("answer two") == 1 && rests(shown)
    })
    .await;
    let said: Vec<String> = desk.endpoint.chats()[1..3]
        .iter()
        .map(|request| request.json["messages"].to_string())
        .collect();
    assert!(
        said[0].contains("three") && !said[0].contains("\"two\""),
        "{}",
        said[0]
    );
    assert!(said[1].contains("\"two\""), "{}", said[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_message_is_answered_anew() {
    let desk = Desk::new([Reply::text("answer one"), Reply::text("answer two")]).await;
    let mut pty = chat(&desk, &[]).await;
    enter(&mut pty, "think", "answer one").await;
    enter(&mut pty, "/retry", "answer two").await;
    let chats = desk.endpoint.chats();
    assert_eq!(chats[0].json["messages"], chats[1].json["messages"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_turn_goes_on_where_it_was_cut() {
    let gate = Gate::new();
    let desk = Desk::new([
        Reply::text("first words\n\n").wait(&gate).say("last words"),
        Reply::text("the rest"),
    ])
    .await;
    let mut pty = chat(&desk, &[]).await;
    pty.send("go\r");
    gate.reached().await;
    pty.until("the first words", |shown| shown.has("first words"))
        .await;
    pty.send(keys::ESC);
    pty.until("the prompt", |shown| {
        shown.count("cancelled") == 1 && rests(shown)
    })
    .await;
    enter(&mut pty, "/retry", "the rest").await;
    let sent = desk.endpoint.chats()[1].json["messages"].to_string();
    assert!(sent.contains("first words"), "{sent}");
    assert!(
        sent.contains("Go on from where you were cut off."),
        "{sent}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_copying_reaches_the_clipboard() {
    let evil = "\u{1b}]52;c;ZXZpbA==\u{7}";
    let text = format!("Do this{evil}:\n\n```sh\ncargo test\n```\n");
    let desk = Desk::new([Reply::text(&text)]).await;
    let mut pty = chat(&desk, &[]).await;
    // Its end is told: before, there is no answer to copy.
    enter(&mut pty, "go", " out · context").await;
    let written = String::from_utf8(pty.raw()).unwrap();
    assert!(written.contains("cargo test"), "{written:?}");
    assert!(!written.contains("\u{1b}]52"), "{written:?}");
    enter(&mut pty, "/copy 1", "10 characters given to").await;
    let written = String::from_utf8(pty.raw()).unwrap();
    assert_eq!(written.matches("\u{1b}]52;").count(), 1);
    assert!(written.contains("\u{1b}]52;c;Y2FyZ28gdGVzdA==\u{7}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canvas_is_saved_and_overwrites_nothing_without_a_word() {
    let canvas = json!({ "title": "Plan", "kind": "markdown", "content": "# New\n" });
    let desk = Desk::new([
        Reply::call("create_canvas", canvas),
        Reply::text("there it is"),
    ])
    .await;
    let path = desk.work().join("plan.md");
    std::fs::write(&path, "mine").unwrap();
    let mut pty = chat(&desk, &[]).await;
    enter(&mut pty, "go", "there it is").await;
    enter(&mut pty, "/canvas save plan.md", "put `force` behind it").await;
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    enter(&mut pty, "/canvas save plan.md force", "Plan v1 saved to").await;
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "# New\n");
    enter(&mut pty, "/canvas", "Plan v1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_by_hand_asks_as_the_agents_would() {
    let desk = Desk::new([Reply::text("seen")]).await;
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("!echo said-$((40+2))\r");
    asked(&mut pty, "y once").await;
    assert_eq!(pty.shown().count("said-42"), 0);
    insist(&mut pty, "y", |shown| shown.count("said-42") > 0).await;
    assert_eq!(desk.endpoint.chats().len(), 0, "no model was asked");
    // It is part of the conversation from now on.
    enter(&mut pty, "well?", "seen").await;
    let sent = desk.endpoint.chats()[0].json["messages"].to_string();
    assert!(sent.contains("said-42"), "{sent}");
    pty.send("!echo said-$((50+1))\r");
    asked(&mut pty, "y once").await;
    insist(&mut pty, "n", |shown| shown.count("denied: bash") > 0).await;
    assert_eq!(pty.shown().count("said-51"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_call_is_shown_whole_in_the_pager() {
    let lines: String = (0..40).map(|number| format!("line {number}\n")).collect();
    let desk = Desk::new([write("a.txt", &lines), Reply::text("written")]).await;
    let page = desk.work().join("page.out");
    let pager = format!("cat > '{}'; echo the pager was here", page.display());
    let mut pty = chat(&desk, &[("PAGER", &pager)]).await;
    enter(&mut pty, "go", "written").await;
    pty.send("a draft");
    pty.until("the draft", |shown| shown.last_row() == "❯ a draft")
        .await;
    pty.send(CTRL_O);
    pty.until("the pager, and the draft again", |shown| {
        shown.count("the pager was here") == 1 && shown.last_row() == "❯ a draft"
    })
    .await;
    let page = std::fs::read_to_string(page).unwrap();
    for wanted in [
        "write_file",
        "content: line 0",
        "line 39",
        "+line 39",
        "used ",
    ] {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
    // Cleaned of all but colors.
    let sequences = page.split('\u{1b}').skip(1);
    assert!(
        sequences.into_iter().all(|rest| rest.starts_with('[')),
        "{page:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_draft_goes_on_in_an_editor() {
    let gate = Gate::new();
    let desk = Desk::new([
        Reply::text("first words\n\n").wait(&gate).say("last words"),
        Reply::text("answer"),
    ])
    .await;
    let editor = "sed -i 's/rough/polished/'";
    let mut pty = chat(&desk, &[("EDITOR", editor)]).await;
    pty.send("a rough draft");
    pty.until("the draft", |shown| shown.last_row() == "❯ a rough draft")
        .await;
    pty.send(CTRL_G);
    pty.until("what the editor left", |shown| {
        shown.last_row() == "❯ a polished draft"
    })
    .await;
    // While it works, too.
    pty.send("\r");
    gate.reached().await;
    pty.send("rough again");
    pty.until("the draft", |shown| shown.has("❯ rough again"))
        .await;
    pty.send(CTRL_G);
    pty.until("what the editor left", |shown| {
        shown.has("❯ polished again")
    })
    .await;
    gate.open();
    pty.until("the end", |shown| {
        shown.count("last words") == 1 && shown.last_row() == "❯ polished again"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ways_to_take_messages_go_round_before_the_prompt() {
    let desk = Desk::new([Reply::text("drawn up")]).await;
    let mut pty = desk.at_prompt(&[]).await;
    for label in ["ask for dangerous ❯", "auto ❯", "plan ❯", "ask ❯"] {
        pty.send(SHIFT_TAB);
        pty.until(label, |shown| shown.last_row() == label).await;
    }
    pty.send("/plan on\r");
    pty.until("planning", |shown| shown.last_row() == "plan ❯")
        .await;
    pty.send("/mode ask\r");
    pty.until("no plans any more", |shown| shown.last_row() == "ask ❯")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_changed_by_words_and_then_gone_on_with() {
    let desk = Desk::new([
        Reply::text("1. Everything"),
        Reply::text("1. Less"),
        Reply::text("carried out"),
    ])
    .await;
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("/plan on\r");
    pty.until("planning", |shown| shown.last_row() == "plan ❯")
        .await;
    pty.send("tidy up\r");
    asked(&mut pty, "y go on").await;
    assert!(pty.shown().has("d say what to change"));
    press_until(&mut pty, "d", |shown| shown.has("why not:")).await;
    pty.send("do less\r");
    pty.until("the other plan", |shown| shown.has("1. Less"))
        .await;
    asked(&mut pty, "y go on").await;
    press_until(&mut pty, "y", |shown| shown.count("carried out") > 0).await;
    let sent = desk.endpoint.chats()[1].json["messages"].to_string();
    assert!(sent.contains("do less"), "{sent}");
    pty.send(keys::CTRL_U);
    pty.until("the prompt", |shown| shown.last_row() == "plan ❯")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_pager_long_texts_come_window_by_window() {
    let lines: String = (0..60).map(|number| format!("- line {number}\n")).collect();
    let desk = Desk::new([Reply::text(&lines)]).await;
    let mut pty = chat(&desk, &[("PATH", "/nowhere")]).await;
    enter(&mut pty, "go", "line 59").await;
    pty.send("/history\r");
    let more = "Enter goes on, q ends";
    pty.until("the first window", |shown| shown.last_row().ends_with(more))
        .await;
    pty.send("\r");
    pty.until("the second window", |shown| shown.count(more) == 2)
        .await;
    pty.send("q");
    pty.until("the prompt", rests).await;
}
