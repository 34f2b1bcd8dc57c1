//! Windows that are too small for a footer, and people who want no cursor movement: lines alone.

use super::rests;
use crate::program::Desk;
use crate::support::endpoint::{Gate, Reply};
use crate::support::pty::{Pty, keys};

/// What moves the cursor or erases: the ends of such sequences.
fn moves(raw: &[u8]) -> bool {
    let text = String::from_utf8_lossy(raw);
    text.split("\u{1b}[").skip(1).any(|behind| {
        let end = behind.find(|sign: char| sign.is_ascii_alphabetic());
        end.is_some_and(|end| !behind[end..].starts_with('m'))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tiny_window_has_lines_alone() {
    let desk = Desk::new([Reply::text("some words that are wider than the window")]).await;
    let mut pty = Pty::spawn(&desk.chat(&[]), (30, 6));
    pty.until("the prompt", |shown| shown.last_row() == "❯")
        .await;
    pty.send("go\r");
    let shown = pty
        .until("the prompt", |shown| {
            shown.count("the window") == 1 && shown.last_row() == "❯"
        })
        .await;
    assert_eq!(shown.count("connecting"), 1, "{}", pty.picture());
    assert!(
        !moves(&pty.raw()),
        "{:?}",
        String::from_utf8_lossy(&pty.raw())
    );
    pty.send(keys::CTRL_D);
    assert_eq!(pty.exit().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_is_lines_and_phases_as_lines() {
    let gate = Gate::new();
    let desk = Desk::new([
        Reply::text("first words\n\n").wait(&gate).say("last words"),
        Reply::text("second answer"),
    ])
    .await;
    let mut pty = Pty::spawn(&desk.chat(&["--plain"]), super::SIZE);
    pty.until("the prompt", |shown| shown.last_row() == "❯")
        .await;
    pty.send("go\r");
    pty.until("the first words", |shown| shown.count("first words") == 1)
        .await;
    pty.send("then this\r");
    pty.until("what waits", |shown| shown.count("queued: then this") == 1)
        .await;
    gate.open();
    let shown = pty
        .until("the prompt", |shown| {
            shown.count("second answer") == 1 && shown.last_row() == "❯"
        })
        .await;
    assert_eq!(shown.count("last words"), 1, "{}", pty.picture());
    assert_eq!(shown.count("connecting"), 2, "{}", pty.picture());
    assert!(
        !pty.raw().contains(&0x1b),
        "{:?}",
        String::from_utf8_lossy(&pty.raw())
    );
    pty.send(keys::CTRL_D);
    assert_eq!(pty.exit().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_may_become_tiny_and_large_again() {
    let gates = [Gate::new(), Gate::new()];
    let reply = Reply::text("first words\n\n").wait(&gates[0]);
    let reply = reply
        .say("second words\n\n")
        .wait(&gates[1])
        .say("last words");
    let desk = Desk::new([reply]).await;
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("go\r");
    pty.until("the first words", |shown| shown.has("first words"))
        .await;
    pty.send("a draft");
    pty.until("the draft", |shown| shown.last_row() == "❯ a draft")
        .await;
    pty.resize((30, 6));
    pty.until("no footer", |shown| shown.count("a draft") == 0)
        .await;
    gates[0].open();
    pty.until("the second words", |shown| shown.count("second words") == 1)
        .await;
    pty.resize((90, 20));
    pty.until("the footer", |shown| shown.last_row() == "❯ a draft")
        .await;
    gates[1].open();
    let shown = pty
        .until("the end", |shown| {
            shown.count("last words") == 1 && shown.count(" in ") > 0
        })
        .await;
    for words in ["first words", "second words", "last words"] {
        assert_eq!(shown.count(words), 1, "{}", pty.picture());
    }
    pty.send(keys::CTRL_U);
    pty.until("the prompt", rests).await;
}
