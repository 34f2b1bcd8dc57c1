//! However the chat ends or stops, the terminal is left as it was found.

use super::rests;
use crate::program::Desk;
use crate::support::endpoint::{Gate, Reply};
use crate::support::pty::{Pty, keys};
use rustix::process::Signal;
use rustix::termios::{LocalModes, tcgetattr};
use std::process::Command;

/// Whether the terminal gives whole lines and shows what is typed, as a shell expects it.
fn is_cooked(terminal: &std::fs::File) -> bool {
    let modes = tcgetattr(terminal).unwrap().local_modes;
    modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
}

/// Whether what the program switched on is off again.
fn is_left_alone(raw: &[u8]) -> bool {
    let raw = String::from_utf8_lossy(raw).into_owned();
    let is_off = |on: &str, off: &str| raw.rfind(on) < raw.rfind(off) || !raw.contains(on);
    is_off("\u{1b}[?2004h", "\u{1b}[?2004l")
        && is_off("\u{1b}[?2026h", "\u{1b}[?2026l")
        && is_off("\u{1b}[?25l", "\u{1b}[?25h")
}

async fn check_left(pty: &mut Pty, terminal: &std::fs::File, code: u32) {
    assert_eq!(pty.exit().await, code, "{}", pty.picture());
    assert!(is_cooked(terminal), "the terminal is still raw");
    pty.until_raw("everything switched off", is_left_alone)
        .await;
    let shown = pty.shown();
    assert_eq!(
        shown.cursor.0,
        0,
        "the shell begins at the left: {}",
        pty.picture()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_at_rest() {
    let desk = Desk::new([]).await;
    for (signal, code) in [
        (None, 0),
        (Some(Signal::TERM), 143),
        (Some(Signal::HUP), 143),
    ] {
        let mut pty = desk.at_prompt(&[]).await;
        let terminal = pty.open();
        assert!(!is_cooked(&terminal), "it edits a line");
        match signal {
            Some(signal) => pty.signal(signal),
            None => pty.send(keys::CTRL_D),
        }
        check_left(&mut pty, &terminal, code).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_a_run() {
    let gate = Gate::new();
    let desk = Desk::new([Reply::text("first words\n\n").wait(&gate)]).await;
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("go\r");
    pty.until("the first words", |shown| shown.has("first words"))
        .await;
    pty.send("a draft");
    pty.until("the draft", |shown| shown.has("❯ a draft")).await;
    let terminal = pty.open();
    pty.signal(Signal::TERM);
    check_left(&mut pty, &terminal, 143).await;
    let shown = pty.shown();
    assert_eq!(shown.count("first words"), 1);
    assert_eq!(shown.count("esc to cancel"), 0, "{}", pty.picture());
    desk.endpoint.hung_up(0).await;
}

/// The chat as a job of a shell that says when it is stopped and fetches it back.
fn as_job(desk: &Desk) -> Command {
    let chat = desk.chat(&[]);
    let mut shell = Command::new("/bin/sh");
    shell.args([
        "-c",
        "set -m; \"$0\" chat; echo in the shell; fg >/dev/null; echo ended $?",
    ]);
    shell.arg(chat.get_program()).current_dir(desk.work());
    for (name, value) in chat.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn going_into_the_background_and_back() {
    let gate = Gate::new();
    let desk = Desk::new([Reply::text("first words\n\n").wait(&gate).say("last words")]).await;
    for is_running in [false, true] {
        let mut pty = Pty::spawn(&as_job(&desk), super::SIZE);
        pty.until("the prompt", rests).await;
        if is_running {
            pty.send("go\r");
            pty.until("the first words", |shown| shown.has("first words"))
                .await;
        }
        pty.send("a draft");
        pty.until("the draft", |shown| shown.has("❯ a draft")).await;
        pty.send(keys::CTRL_Z);
        let shown = pty
            .until("the chat again", |shown| {
                shown.count("in the shell") == 1 && shown.last_row() == "❯ a draft"
            })
            .await;
        let rows: Vec<&String> = shown
            .rows
            .iter()
            .filter(|row| row.contains("a draft"))
            .collect();
        assert_eq!(rows.len(), 1, "{}", pty.picture());
        pty.send("!");
        pty.until("the draft, edited on", |shown| {
            shown.last_row() == "❯ a draft!"
        })
        .await;
        pty.send(keys::CTRL_U);
        gate.open();
        pty.until("the prompt", |shown| {
            rests(shown) && (!is_running || shown.count("last words") == 1)
        })
        .await;
        pty.send(keys::CTRL_D);
        pty.until("the shell", |shown| shown.count("ended 0") == 1)
            .await;
    }
}
