//! Completing what is typed (T12): the palette behind `/`, files behind `@`, at rest and during a run.

use super::rests;
use crate::program::Desk;
use crate::support::endpoint::{Gate, Reply};
use crate::support::pty::{Pty, Shown, keys};

/// A project with files, and the chat at its prompt.
async fn at_prompt(desk: &Desk) -> Pty {
    std::fs::create_dir_all(desk.work().join("src/lower")).unwrap();
    desk.write("src/loader.rs", "one\ntwo\n");
    desk.write("src/lower/mod.rs", "");
    desk.write("src/main.rs", "");
    desk.write(".env", "SECRET=1\n");
    desk.at_prompt(&[]).await
}

/// What stands behind the prompt.
fn line(shown: &Shown) -> &str {
    let row = shown.rows.iter().rev().find(|row| row.starts_with('❯'));
    row.map_or("", |row| row.trim_start_matches('❯').trim_start())
}

/// The rows below the prompt.
fn menu(shown: &Shown) -> Vec<&str> {
    let at = shown
        .rows
        .iter()
        .rposition(|row| row.starts_with("❯ /") || row.starts_with("❯ "));
    let below = shown.rows.iter().skip(at.map_or(usize::MAX, |at| at + 1));
    below
        .map(|row| row.trim())
        .filter(|row| !row.is_empty())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_palette_opens_behind_a_slash_and_tab_completes() {
    let desk = Desk::new([]).await;
    let mut pty = at_prompt(&desk).await;
    pty.send("/");
    pty.until("all commands", |shown| menu(shown).len() > 5)
        .await;
    pty.send("mod");
    let shown = pty
        .until("those that fit", |shown| {
            let rows = menu(shown);
            rows.first().is_some_and(|row| row.starts_with("/mod"))
                && !rows.iter().any(|row| row.starts_with("/help"))
        })
        .await;
    assert!(
        shown.has("show or change when you are asked"),
        "{}",
        pty.picture()
    );
    // Down marks the first, again the next; what is marked is taken by Enter, and nothing is sent.
    pty.send(keys::DOWN);
    pty.until("a mark", |shown| {
        shown.rows.iter().filter(|row| row.starts_with('❯')).count() == 2
    })
    .await;
    pty.send(keys::ENTER);
    let shown = pty
        .until("a whole command", |shown| menu(shown).is_empty())
        .await;
    let taken = line(&shown).to_owned();
    assert!(["/model", "/mode"].contains(&taken.as_str()), "{taken}");
    // Arguments that are a closed set.
    pty.send(&format!("{}/mode ask_for_d", keys::CTRL_U));
    pty.until("the line", |shown| line(shown) == "/mode ask_for_d")
        .await;
    pty.send(keys::TAB);
    pty.until("the whole mode", |shown| {
        line(shown) == "/mode ask_for_dangerous"
    })
    .await;
    pty.send(keys::CTRL_U);
    pty.until("the prompt", rests).await;
    pty.send(keys::CTRL_D);
    assert_eq!(pty.exit().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn escape_closes_the_palette_and_keeps_the_text() {
    let desk = Desk::new([]).await;
    let mut pty = at_prompt(&desk).await;
    let before = pty.raw().len();
    pty.send("/he");
    pty.until("the palette", |shown| !menu(shown).is_empty())
        .await;
    // The terminal is asked nothing for it: an answer that met the next key would become text.
    let asked = pty.raw()[before..]
        .windows(4)
        .any(|bytes| bytes == b"\x1b[6n");
    assert!(!asked, "the menu asks where the cursor stands");
    pty.send(keys::ESC);
    pty.until("no palette", |shown| {
        menu(shown).is_empty() && line(shown) == "/he"
    })
    .await;
    pty.send("lp");
    pty.until("the line", |shown| line(shown) == "/help").await;
    // Typed at once, it is sent at once: a menu that nobody looked at takes no Enter.
    pty.send(&format!("{}/quit\r", keys::CTRL_U));
    assert_eq!(pty.exit().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_offered_behind_a_sign_and_attached() {
    let desk = Desk::new([Reply::text("it loads")]).await;
    let mut pty = at_prompt(&desk).await;
    pty.send("explain @src/lo");
    pty.until("files", |shown| {
        let rows = menu(shown);
        rows.contains(&"src/loader.rs") && rows.contains(&"src/lower/") && !shown.has("main.rs")
    })
    .await;
    pty.send("ad");
    pty.until("one file", |shown| menu(shown) == ["src/loader.rs"])
        .await;
    pty.send(keys::TAB);
    pty.until("the whole path", |shown| {
        line(shown) == "explain @src/loader.rs" && menu(shown).is_empty()
    })
    .await;
    pty.send(keys::ENTER);
    let shown = pty
        .until("the answer", |shown| {
            shown.count("it loads") == 1 && rests(shown)
        })
        .await;
    assert_eq!(
        shown.count("+ src/loader.rs, 2 lines"),
        1,
        "{}",
        pty.picture()
    );
    let sent = desk.endpoint.chats()[0].json.to_string();
    assert!(
        sent.contains("[Attached file `src/loader.rs`, 2 lines]"),
        "{sent}"
    );
    // What cannot be attached is not sent, and not lost.
    pty.send("@missing.rs\r");
    let shown = pty
        .until("the reason", |shown| {
            shown.has("hint:") && line(shown) == "@missing.rs"
        })
        .await;
    assert!(
        shown.has("`@missing.rs` cannot be attached"),
        "{}",
        pty.picture()
    );
    assert_eq!(desk.endpoint.chats().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_and_sensitive_files_are_not_offered() {
    let desk = Desk::new([]).await;
    let mut pty = at_prompt(&desk).await;
    pty.send("@");
    pty.until("the top of the tree", |shown| menu(shown).contains(&"src/"))
        .await;
    pty.send("env");
    let shown = pty
        .until("nothing that fits", |shown| {
            line(shown) == "@env" && menu(shown).is_empty()
        })
        .await;
    assert!(!shown.has(".env"));
    // An address is no reference.
    pty.send(&format!("{}ada@s", keys::CTRL_U));
    let shown = pty
        .until("an address", |shown| line(shown) == "ada@s")
        .await;
    assert_eq!(menu(&shown), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tab_completes_what_is_typed_during_a_run() {
    let gate = Gate::new();
    let desk = Desk::new([
        Reply::text("first words\n\n").wait(&gate).say("last words"),
        Reply::text("second answer"),
    ])
    .await;
    let mut pty = at_prompt(&desk).await;
    pty.send("go\r");
    gate.reached().await;
    pty.until("the first words", |shown| shown.has("first words"))
        .await;
    pty.send("and @src/load");
    pty.until("the draft", |shown| line(shown) == "and @src/load")
        .await;
    pty.send(keys::TAB);
    pty.until("the whole path", |shown| {
        line(shown) == "and @src/loader.rs"
    })
    .await;
    pty.send(keys::ENTER);
    pty.until("it waits", |shown| shown.has("1 queued")).await;
    gate.open();
    pty.until("the answer", |shown| {
        shown.count("second answer") == 1 && rests(shown)
    })
    .await;
    let sent = desk.endpoint.chats()[1].json.to_string();
    assert!(
        sent.contains("[Attached file `src/loader.rs`, 2 lines]"),
        "{sent}"
    );
}
