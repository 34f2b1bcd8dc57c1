//! What is typed while it works: the composer, the queue, cancelling (T3, T4); and at rest.

use super::{composer, rests, said};
use crate::program::Desk;
use crate::support::endpoint::{Gate, Reply};
use crate::support::pty::{Pty, keys};

/// A chat whose first turn has begun to answer and waits at the gate.
async fn working(desk: &Desk, gate: &Gate) -> Pty {
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("go\r");
    gate.reached().await;
    pty.until("the first words", |shown| shown.has("first words"))
        .await;
    pty
}

fn waiting(gate: &Gate) -> Reply {
    Reply::text("first words\n\n").wait(gate).say("last words")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_entered_meanwhile_waits_and_runs_in_order() {
    let gate = Gate::new();
    let desk = Desk::new([
        waiting(&gate),
        Reply::text("second answer"),
        Reply::text("third answer"),
    ])
    .await;
    let mut pty = working(&desk, &gate).await;
    pty.send("two\r");
    pty.until("one in the queue", |shown| shown.has("1 queued"))
        .await;
    pty.send("thrice\r");
    pty.until("two in the queue", |shown| shown.has("2 queued"))
        .await;
    // The last one comes back to be edited.
    pty.send(keys::UP);
    pty.until("the last one as draft", |shown| {
        shown.has("1 queued") && composer(shown) == ["❯ thrice"]
    })
    .await;
    pty.send(&format!("{}{}{}\r", keys::BACKSPACE, keys::BACKSPACE, "ee"));
    pty.until("two in the queue", |shown| shown.has("2 queued"))
        .await;
    gate.open();
    let shown = pty
        .until("the last answer", |shown| {
            shown.count("third answer") == 1 && rests(shown)
        })
        .await;
    assert_eq!(said(&desk, 1), "two");
    assert_eq!(said(&desk, 2), "thriee", "{}", pty.picture());
    let place = |text: &str| shown.lines.iter().position(|line| line.contains(text));
    assert!(place("last words") < place("second answer"));
    assert!(place("second answer") < place("third answer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn escape_ends_the_turn_and_keeps_the_draft() {
    let gate = Gate::new();
    let desk = Desk::new([waiting(&gate), Reply::text("another answer")]).await;
    let mut pty = working(&desk, &gate).await;
    pty.send("half a thought");
    pty.until("the draft", |shown| shown.has("❯ half a thought"))
        .await;
    pty.send(keys::ESC);
    let shown = pty
        .until("the prompt", |shown| {
            shown.count("cancelled") == 1 && shown.last_row() == "❯ half a thought"
        })
        .await;
    assert_eq!(shown.count("first words"), 1, "{}", pty.picture());
    desk.endpoint.hung_up(0).await;
    // It can be gone on with at once.
    pty.send(" more\r");
    pty.until("the answer", |shown| shown.count("another answer") == 1)
        .await;
    assert_eq!(said(&desk, 1), "half a thought more");
}

#[tokio::test(flavor = "multi_thread")]
async fn escape_keeps_the_queue() {
    let gate = Gate::new();
    let desk = Desk::new([waiting(&gate), Reply::text("another answer")]).await;
    let mut pty = working(&desk, &gate).await;
    pty.send("next\r");
    pty.until("one in the queue", |shown| shown.has("1 queued"))
        .await;
    pty.send("draft");
    pty.send(keys::ESC);
    pty.until("what waited, answered", |shown| {
        shown.count("cancelled") == 1
            && shown.count("another answer") == 1
            && shown.last_row() == "❯ draft"
    })
    .await;
    assert_eq!(said(&desk, 1), "next");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_composer_takes_lines_pastes_and_wide_letters() {
    let gate = Gate::new();
    let desk = Desk::new([waiting(&gate), Reply::text("understood")]).await;
    let mut pty = working(&desk, &gate).await;
    pty.send("one");
    pty.send(keys::CTRL_J);
    pty.send("two");
    pty.send(keys::ALT_ENTER);
    pty.send("漢字");
    pty.until("three lines", |shown| {
        composer(shown) == ["❯ one", "  two", "  漢字"]
    })
    .await;
    pty.send(keys::LEFT);
    pty.send("и");
    pty.send(keys::HOME);
    pty.send("x");
    pty.send(keys::UP);
    pty.send(keys::END);
    pty.send("!");
    pty.until("edited lines", |shown| {
        composer(shown) == ["❯ one", "  two!", "  x漢и字"] && shown.cursor.0 == 6
    })
    .await;
    // More rows than it shows at once: it scrolls, and nothing is sent by a pasted line end.
    pty.send(keys::DOWN);
    pty.send(keys::END);
    let pasted: Vec<String> = (1..=12).map(|line| format!("\n\tpasted {line}")).collect();
    pty.send(&keys::paste(&pasted.concat()));
    let shown = pty
        .until("the end of what was pasted", |shown| {
            shown.last_row().ends_with("    pasted 12")
        })
        .await;
    let first = shown
        .rows
        .iter()
        .position(|row| row.starts_with('↑'))
        .unwrap();
    assert_eq!(shown.rows[first], "↑     pasted 5", "{}", pty.picture());
    pty.send("\r");
    pty.until("one in the queue", |shown| shown.has("1 queued"))
        .await;
    gate.open();
    pty.until("the answer", |shown| shown.count("understood") == 1)
        .await;
    assert_eq!(
        said(&desk, 1),
        format!("one\ntwo!\nx漢и字{}", pasted.concat())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn control_c_clears_the_draft_and_leaves_the_second_time() {
    let gate = Gate::new();
    let desk = Desk::new([waiting(&gate)]).await;
    let mut pty = working(&desk, &gate).await;
    pty.send("something");
    pty.until("the draft", |shown| shown.has("❯ something"))
        .await;
    pty.send(keys::CTRL_C);
    pty.until("an empty draft", |shown| {
        shown.has("Ctrl+C again leaves") && composer(shown) == ["❯"]
    })
    .await;
    pty.send(keys::CTRL_C);
    assert_eq!(pty.exit().await, 130);
    desk.endpoint.hung_up(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_rest_there_are_lines_pastes_and_a_history_to_search() {
    let desk = Desk::new([Reply::text("answer one"), Reply::text("answer two")]).await;
    let mut pty = desk.at_prompt(&[]).await;
    pty.send("first");
    pty.send(keys::CTRL_J);
    pty.send("second");
    pty.send(&keys::paste(" and\nthird"));
    pty.until("three lines", |shown| {
        composer(shown) == ["❯ first", "  second and", "  third"]
    })
    .await;
    pty.send("\r");
    pty.until("the answer", |shown| {
        shown.count("answer one") == 1 && rests(shown)
    })
    .await;
    assert_eq!(said(&desk, 0), "first\nsecond and\nthird");
    pty.send(keys::CTRL_R);
    pty.send("second an");
    pty.until("what was found", |shown| {
        shown.has("search: second an") && shown.has("third")
    })
    .await;
    pty.send("\r");
    pty.until("the found line", |shown| shown.last_row() == "  third")
        .await;
    pty.send("\r");
    pty.until("the answer", |shown| shown.count("answer two") == 1)
        .await;
    assert_eq!(said(&desk, 1), "first\nsecond and\nthird");
}
