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
    page.thread().says("×6").await;
    gate.open();
    page.thread().says("They agree.").await;
    page.rests().await;
    page.thread().says("Worked").await;
    let text = page.thread().text().await;
    assert!(text.contains("6 tools"), "{text}");
    // The narration stays to be read; the calls are folded, and unfold.
    let folded = page
        .thread()
        .css("summary, button[aria-expanded=false]")
        .count()
        .await;
    assert!(folded > 0, "{text}");
    page.thread().role("button", "Worked").click().await;
    page.thread().says("×6").await;
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
    let text = page.thread().text().await;
    assert!(text.contains("✗"), "{text}");
    let errors = text
        .lines()
        .filter(|line| line.contains("nowhere.txt"))
        .count();
    assert!(errors >= 1, "{text}");
    assert!(
        text.to_lowercase().contains("no such")
            || text.to_lowercase().contains("not exist")
            || text.to_lowercase().contains("no file")
            || text.contains("no `nowhere.txt`"),
        "the error is not seen: {text}"
    );
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
    // Where the sandbox does not hold commands, each asks.
    page.until("the end or a question", "/all done/.test(document.body.innerText) || document.querySelector('[data-testid=approval] button')")
        .await;
    if page.open_approvals().await == 1 {
        page.armed().await;
        page.cards().role("button", "Allow once").click().await;
    }
    page.thread().says("all done").await;
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
