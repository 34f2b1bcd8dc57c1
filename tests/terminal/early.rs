//! What is typed while a message is still being taken: seen, kept as it was typed, and done in its order.

use super::{composer, rests, said};
use crate::program::Desk;
use crate::support::endpoint::{Gate, Reply, Step};
use crate::support::pty::{Pty, keys};
use rustix::termios::{LocalModes, tcgetattr};
use std::fs::File;
use std::time::Duration;

/// Long enough for a busy machine; what is waited for comes much sooner.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until the terminal is in such a mode.
async fn until_modes(terminal: &File, what: &str, is: impl Fn(LocalModes) -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !is(tcgetattr(terminal).unwrap().local_modes) {
        assert!(tokio::time::Instant::now() < deadline, "never came: {what}");
        tokio::task::yield_now().await;
    }
}

/// A chat that has had one answer. It has to ask which model there is before it takes a message, and is told the next
/// time once the gate is open.
async fn answered(desk: &Desk, gate: &Gate) -> Pty {
    let mut command = desk.chat(&[]);
    command.env_remove("AI_CHAT_MODEL");
    let mut pty = Pty::spawn(&command, super::SIZE);
    pty.until("the prompt", rests).await;
    pty.send("one\r");
    pty.until("the first answer", |shown| {
        shown.count("first answer") == 1 && rests(shown)
    })
    .await;
    let mut models = Reply::models(["scripted"]);
    models.steps.insert(0, Step::Wait(gate.clone()));
    desk.endpoint.list(models);
    pty
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_kept_as_it_was_typed_and_waits_its_turn() {
    let (taken, gate) = (Gate::new(), Gate::new());
    let desk = Desk::new([
        Reply::text("first answer"),
        Reply::text("second answer\n\n").wait(&gate).say("its end"),
        Reply::text("third answer"),
        Reply::text("fourth answer"),
    ])
    .await;
    let mut pty = answered(&desk, &taken).await;
    let terminal = pty.open();
    pty.send("two\r");
    // The line was taken from its editor, and nobody reads keys yet.
    until_modes(&terminal, "the moment between", |modes| {
        modes.contains(LocalModes::ISIG)
    })
    .await;
    let between = tcgetattr(&terminal).unwrap().local_modes;
    pty.send("three\r");
    pty.send(&keys::paste("fo\nur"));
    let shown = pty
        .until("what was typed", |shown| {
            shown.has("starting · 1 queued") && composer(shown) == ["❯ fo", "  ur"]
        })
        .await;
    let is_ours = !between.intersects(LocalModes::ICANON | LocalModes::ECHO);
    assert!(is_ours, "{between:?}");
    assert_eq!(shown.count("three"), 0, "{}", pty.picture());
    pty.send("\r");
    pty.until("two that wait", |shown| shown.has("starting · 2 queued"))
        .await;
    pty.send("a draft");
    taken.open();
    gate.reached().await;
    pty.until("two that wait", |shown| {
        shown.has("second answer") && shown.has("2 queued") && composer(shown) == ["❯ a draft"]
    })
    .await;
    gate.open();
    pty.until("the last answer", |shown| {
        shown.count("fourth answer") == 1 && shown.last_row() == "❯ a draft"
    })
    .await;
    assert_eq!(said(&desk, 1), "two");
    assert_eq!(said(&desk, 2), "three");
    assert_eq!(said(&desk, 3), "fo\nur");
}

#[tokio::test(flavor = "multi_thread")]
async fn control_c_clears_and_leaves_there_too() {
    let taken = Gate::new();
    let desk = Desk::new([Reply::text("first answer")]).await;
    let mut pty = answered(&desk, &taken).await;
    let terminal = pty.open();
    pty.send("two\rsomething");
    pty.until("the draft", |shown| {
        shown.has("starting") && composer(shown) == ["❯ something"]
    })
    .await;
    pty.send(keys::CTRL_C);
    pty.until("an empty draft", |shown| {
        shown.has("Ctrl+C again leaves") && composer(shown) == ["❯"]
    })
    .await;
    pty.send(keys::CTRL_C);
    until_modes(&terminal, "the terminal as it was", |modes| {
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    })
    .await;
    assert_eq!(pty.exit().await, 130, "{}", pty.picture());
}

#[tokio::test(flavor = "multi_thread")]
async fn escape_cancels_as_soon_as_there_is_something_to_cancel() {
    let (taken, gate) = (Gate::new(), Gate::new());
    let desk = Desk::new([
        Reply::text("first answer"),
        Reply::text("second answer").wait(&gate),
    ])
    .await;
    let mut pty = answered(&desk, &taken).await;
    pty.send("two\r");
    pty.until("the wait", |shown| shown.has("starting")).await;
    pty.send(keys::ESC);
    // Shown, and so read by itself: with a letter behind it this would be Alt and that letter.
    pty.until("that it is known", |shown| shown.has("starting · cancels"))
        .await;
    pty.send("kept");
    pty.until("the draft", |shown| composer(shown) == ["❯ kept"])
        .await;
    taken.open();
    pty.until("the prompt", |shown| {
        shown.count("cancelled") == 1 && shown.last_row() == "❯ kept"
    })
    .await;
}

/// There the terminal itself takes lines, and its line feed is an Enter also when it comes during a run.
#[tokio::test(flavor = "multi_thread")]
async fn without_repainting_lines_wait_as_well() {
    let gate = Gate::new();
    let desk = Desk::new([
        Reply::text("first words\n\n").wait(&gate).say("last words"),
        Reply::text("second answer"),
    ])
    .await;
    let mut pty = Pty::spawn(&desk.chat(&["--plain"]), super::SIZE);
    pty.until("the prompt", rests).await;
    pty.send("one\rtwo\r");
    gate.reached().await;
    pty.until("one that waits", |shown| shown.count("queued: two") == 1)
        .await;
    gate.open();
    pty.until("the second answer", |shown| {
        shown.count("second answer") == 1
    })
    .await;
    assert_eq!(said(&desk, 0), "one");
    assert_eq!(said(&desk, 1), "two");
}
