//! Questions in the terminal: what was typed before never answers them, and no answer is a no (T5, T6).

use super::rests;
use crate::program::Desk;
use crate::support::endpoint::{Gate, Reply};
use crate::support::pty::{Pty, Shown, keys};
use serde_json::json;

fn write(path: &str) -> Reply {
    Reply::call("write_file", json!({ "path": path, "content": "new\n" }))
}

/// A chat that asks before it writes `a.txt`.
async fn asked(desk: &Desk) -> Pty {
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("go\r");
    pty.until("the question", is_asked).await;
    pty
}

fn is_asked(shown: &Shown) -> bool {
    shown.has("auto-deny") && shown.has("y once")
}

/// Presses a key until it counts: it does so once it has been quiet for long enough.
async fn press(pty: &mut Pty, key: &str, is: impl Fn(&Shown) -> bool) -> Shown {
    pty.send(key);
    pty.until("what the key does", is).await
}

async fn desk() -> Desk {
    Desk::new([write("a.txt"), Reply::text("so be it")]).await
}

fn is_there(desk: &Desk) -> bool {
    desk.work().join("a.txt").exists()
}

/// Waits until keys count.
async fn armed(pty: &mut Pty) {
    pty.until("the moment in which keys count", |shown| {
        is_asked(shown) && !shown.has("keys count in a moment")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_being_typed_does_not_answer() {
    let gate = Gate::new();
    let first = Reply::text("wait\n\n").wait(&gate);
    let call = first.and_call("write_file", json!({ "path": "a.txt", "content": "new\n" }));
    let desk = Desk::new([call, Reply::text("so be it")]).await;
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("go\r");
    gate.reached().await;
    pty.until("the first words", |shown| shown.has("wait"))
        .await;
    // Somebody types on and on, whatever comes up.
    pty.send("y");
    gate.open();
    let mut clock = tokio::time::interval(std::time::Duration::from_millis(15));
    while !is_asked(&pty.shown()) {
        clock.tick().await;
        pty.send("y");
    }
    pty.send("yy\r\r");
    armed(&mut pty).await;
    let shown = pty.shown();
    assert!(shown.has("(your draft is kept)"), "{}", pty.picture());
    assert!(!is_there(&desk), "nothing was allowed");
    // Now a key is an answer.
    let shown = press(&mut pty, "n", |shown| {
        shown.count("denied: write_file") == 1
    })
    .await;
    assert_eq!(shown.count("y once"), 0, "the question is one line now");
    let shown = pty.until("the answer", |shown| {
        shown.count("so be it") == 1 && shown.last_row().starts_with("❯ yyy")
    });
    let shown = shown.await;
    assert!(
        shown
            .last_row()
            .trim_start_matches("❯ ")
            .chars()
            .all(|sign| sign == 'y')
    );
    assert!(!is_there(&desk));
    assert_eq!(desk.endpoint.chats().len(), 2, "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_out_is_a_no() {
    for key in [keys::ESC, keys::CTRL_C, keys::CTRL_D] {
        let desk = desk().await;
        let mut pty = asked(&desk).await;
        armed(&mut pty).await;
        press(&mut pty, key, |shown| {
            shown.count("denied: write_file") == 1
        })
        .await;
        pty.until("the answer", |shown| {
            shown.count("so be it") == 1 && rests(shown)
        })
        .await;
        assert!(!is_there(&desk), "{key:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_a_no() {
    let desk = desk().await;
    let home = desk.home().join(".anteroom");
    std::fs::create_dir_all(&home).unwrap();
    // As short as it may be.
    std::fs::write(
        home.join("config.yaml"),
        "safety:\n  approval_timeout: 10\n",
    )
    .unwrap();
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("go\r");
    pty.until("the answer", |shown| {
        shown.count("so be it") == 1 && rests(shown)
    })
    .await;
    let shown = pty.shown();
    assert_eq!(
        shown.count("not answered in time, so denied"),
        1,
        "{}",
        pty.picture()
    );
    assert!(!is_there(&desk));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_terminal_is_a_no() {
    let desk = desk().await;
    let mut pty = asked(&desk).await;
    armed(&mut pty).await;
    pty.signal(rustix::process::Signal::HUP);
    assert_ne!(pty.exit().await, 0);
    assert!(!is_there(&desk));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_is_a_yes_and_the_question_one_line() {
    let desk = desk().await;
    let mut pty = asked(&desk).await;
    let shown = pty.shown();
    assert!(
        shown.has("✎ WRITE  write_file  a.txt (new)  +1"),
        "{}",
        pty.picture()
    );
    armed(&mut pty).await;
    press(&mut pty, "\r", is_asked).await;
    press(&mut pty, "k", |shown| {
        is_asked(shown) && !shown.has("auto-deny 1:")
    })
    .await;
    let shown = press(&mut pty, "y", |shown| {
        shown.count("so be it") == 1 && rests(shown)
    })
    .await;
    assert_eq!(shown.count("allowed once: write_file a.txt"), 1);
    assert_eq!(
        shown.count("y once") + shown.count("auto-deny"),
        0,
        "{}",
        pty.picture()
    );
    assert_eq!(desk.read("a.txt"), "new\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_says_why() {
    let desk = desk().await;
    let mut pty = asked(&desk).await;
    armed(&mut pty).await;
    press(&mut pty, "d", |shown| shown.has("why not:")).await;
    pty.send("use b.txt");
    pty.until("the words", |shown| shown.has("why not: use b.txt"))
        .await;
    let wanted = "denied (use b.txt): write_file";
    press(&mut pty, "\r", |shown| shown.count(wanted) == 1).await;
    pty.until("the answer", |shown| shown.count("so be it") == 1)
        .await;
    let told = desk.endpoint.chats()[1].json["messages"].to_string();
    assert!(told.contains("use b.txt"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_change_is_shown_whole_on_demand() {
    let content: String = (1..=60).map(|line| format!("new line {line}\n")).collect();
    let call = Reply::call("write_file", json!({ "path": "a.txt", "content": content }));
    let desk = Desk::new([call, Reply::text("so be it")]).await;
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("go\r");
    let shown = pty.until("the question", |shown| shown.has("? y/")).await;
    assert_eq!(shown.count("+new line 30"), 1, "{}", pty.picture());
    assert_eq!(shown.count("+new line 60"), 0, "{}", pty.picture());
    // Keys that come too early do nothing; this one is repeated until it counts.
    let mut clock = tokio::time::interval(std::time::Duration::from_millis(600));
    while pty.shown().count("+new line 60") == 0 {
        clock.tick().await;
        pty.send("v");
    }
    press(&mut pty, "y", |shown| shown.count("so be it") == 1).await;
    assert_eq!(desk.read("a.txt"), content);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_undone_takes_the_capital_letter() {
    let run = || Reply::call("bash", json!({ "command": "rm -rf build" }));
    let desk = Desk::new([run(), Reply::text("so be it"), run(), Reply::text("again")]).await;
    std::fs::create_dir(desk.work().join("build")).unwrap();
    let is_asked = |shown: &Shown| shown.has("DESTRUCTIVE") && shown.has("Y run anyway");
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("go\r");
    let quiet = |shown: &Shown| is_asked(shown) && !shown.has("keys count in a moment");
    let shown = pty.until("the question", quiet).await;
    assert!(
        shown.has("rm -rf build") && shown.has("Cannot be undone"),
        "{}",
        pty.picture()
    );
    assert_eq!(shown.count("y once") + shown.count("s session"), 0);
    pty.send("y\rsa ");
    pty.send(keys::ESC);
    let shown = pty
        .until("the answer", |shown| {
            shown.count("so be it") == 1 && rests(shown)
        })
        .await;
    assert_eq!(
        shown.count("denied: bash rm -rf build"),
        1,
        "{}",
        pty.picture()
    );
    assert!(desk.work().join("build").exists());
    pty.send("once more\r");
    pty.until("the question", quiet).await;
    pty.send("Y");
    pty.until("the answer", |shown| {
        shown.count("again") == 1 && rests(shown)
    })
    .await;
    assert_eq!(pty.shown().count("allowed once: bash rm -rf build"), 1);
    assert!(!desk.work().join("build").exists());
}
