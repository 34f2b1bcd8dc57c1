//! The cards of what was done (B17).

use super::Room;
use crate::support::endpoint::{Gate, Reply};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn six_reads_are_one_line_and_a_finished_turn_folds() {
    let mut room = Room::new([]).await;
    let gate = Gate::new();
    let mut reads = Reply::stream().say("I'll look first.");
    for number in 0..6 {
        let path = format!("f{number}.txt");
        room.desk.write(&path, &format!("content {number}\n"));
        reads = reads.and_call("read_file", json!({ "path": path }));
    }
    let last = Reply::stream().say("They ").wait(&gate).say("agree.");
    room.desk.endpoint.script([reads, last]);
    let page = room.page().await;
    page.say("look").await;
    // While it runs: one line, with what is done now.
    page.thread().says("last: read_file").await;
    gate.open();
    page.thread().says("They agree.").await;
    page.rests().await;
    page.thread().says("Worked").await;
    let folded = page.thread().text().await;
    assert!(folded.contains("6 tools"), "{folded}");
    assert!(!folded.contains("×6"), "{folded}");
    // Unfolded the same calls are one line still, and six when that is opened.
    page.thread().role("button", "Worked").click().await;
    page.thread().says("read_file ×6").await;
    page.thread().says("I'll look first.").await;
    assert_eq!(page.mark("tool-card").count().await, 0);
    page.mark("tool-group").css("button").click().await;
    page.mark("tool-card").nth(5).seen().await;
    assert_eq!(page.mark("tool-card").count().await, 6);
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_call_shows_its_error_without_being_opened() {
    let replies = [
        Reply::call("read_file", json!({ "path": "nowhere.txt" })),
        Reply::text("it is not there"),
    ];
    let mut room = Room::new(replies).await;
    let page = room.page().await;
    page.ask("look", "it is not there").await;
    page.thread().says("1 failed").await;
    page.thread().role("button", "Worked").click().await;
    let card = page.mark("tool-card");
    card.says("read_file").await;
    let shown = card.text().await;
    assert!(shown.contains('✗'), "{shown}");
    let why = page
        .css("[data-testid=tool-card] .item-tool-error")
        .text()
        .await;
    assert!(why.contains("nowhere.txt"), "{why}");
    let is_closed = card
        .css("[aria-expanded]")
        .js("function () { return this.getAttribute('aria-expanded') }")
        .await;
    assert_eq!(is_closed, "false");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_opens_to_arguments_result_and_difference() {
    let mut room = Room::with(
        [
            Reply::call(
                "edit_file",
                json!({ "path": "calc.py", "old_text": "a - b", "new_text": "a + b" }),
            ),
            Reply::call(
                "bash",
                json!({ "command": "echo out; echo err >&2; exit 3" }),
            ),
            Reply::text("all done"),
        ],
        &["--approval-mode", "auto"],
        "",
    )
    .await;
    room.desk
        .write("calc.py", "def add(a, b):\n    return a - b\n");
    let page = room.page().await;
    page.say("fix").await;
    page.let_run("all done").await;
    page.rests().await;
    if page.mark("tool-card").count().await < 2 {
        page.thread().role("button", "Worked").click().await;
    }
    let edit = page.mark("tool-card").nth(0);
    edit.says("edit_file").await;
    edit.css("summary, [aria-expanded=false]").click().await;
    edit.role("tab", "Args").click().await;
    edit.says("old_text").await;
    edit.role("tab", "Result").click().await;
    edit.role("tab", "Diff").click().await;
    edit.says("return a + b").await;
    edit.role("tab", "Raw").click().await;
    let bash = page.mark("tool-card").nth(1);
    bash.says("bash").await;
    let shown = bash.text().await;
    assert!(shown.contains('✗') || shown.contains('3'), "{shown}");
    bash.css("summary, [aria-expanded=false]").click().await;
    bash.role("tab", "Resources").click().await;
    bash.says("3").await;
    // Tabs by keyboard, as tabs are.
    let tab = bash.role("tab", "Resources");
    tab.focus().await;
    page.press("ArrowLeft").await;
    page.until("another tab", "document.activeElement.getAttribute('role') === 'tab' && !/Resources/.test(document.activeElement.textContent)")
        .await;
    assert_eq!(page.faults(), Vec::<String>::new());
}
