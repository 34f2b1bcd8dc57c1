//! What is said while a turn runs waits in line, and the line can be changed without touching the turn (B14).

use super::Room;
use crate::support::endpoint::{Gate, Reply};
use crate::support::page::Page;

/// A page whose first turn runs until the gate opens.
async fn running(gate: &Gate) -> (Room, Page) {
    let held = Reply::stream()
        .say("working ")
        .wait(gate)
        .say("done with it");
    let mut room = Room::new([held]).await;
    let page = room.page().await;
    page.say("first").await;
    page.thread().says("working").await;
    (room, page)
}

/// What waits, in its order.
async fn waiting(page: &Page) -> Vec<String> {
    let rows =
        "[...document.querySelectorAll('[data-testid=queue] li')].map((row) => row.innerText)";
    let rows = page.js(rows).await;
    let rows = rows.as_array().cloned().unwrap_or_default();
    rows.iter()
        .map(|row| row.as_str().unwrap_or_default().to_owned())
        .collect()
}

async fn until_waiting(page: &Page, wanted: &[&str]) {
    let list = serde_json::json!(wanted);
    let is = format!(
        "(() => {{ const rows = [...document.querySelectorAll('[data-testid=queue] li')].map((row) => row.innerText); \
         const wanted = {list}; return rows.length === wanted.length && rows.every((row, at) => row.includes(wanted[at])) }})()"
    );
    page.until(&format!("{wanted:?} in line"), &is).await;
}

async fn queue(page: &Page, text: &str) {
    page.say(text).await;
    page.mark("queue").says(text).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_is_edited_reordered_and_shortened_by_keyboard() {
    let gate = Gate::new();
    let (room, page) = running(&gate).await;
    for text in ["alpha", "beta", "gamma"] {
        queue(&page, text).await;
    }
    until_waiting(&page, &["alpha", "beta", "gamma"]).await;
    // Up, from the keyboard alone.
    let up = page.mark("queue").css("li").nth(2).role("button", " up");
    up.focus().await;
    page.press("Enter").await;
    until_waiting(&page, &["alpha", "gamma", "beta"]).await;
    let edit = page.mark("queue").css("li").nth(0).role("button", "Edit");
    edit.click().await;
    let field = page.mark("queue").css("textarea");
    field.says("alpha").await;
    field.fill("alpha, but better").await;
    page.press("Enter").await;
    until_waiting(&page, &["alpha, but better", "gamma", "beta"]).await;
    page.mark("queue")
        .css("li")
        .nth(1)
        .role("button", "Remove")
        .click()
        .await;
    until_waiting(&page, &["alpha, but better", "beta"]).await;
    // None of it touched the turn that runs.
    assert_eq!(room.desk.endpoint.chats().len(), 1);
    page.thread().says("working").await;
    room.desk
        .endpoint
        .script([Reply::text("second answer"), Reply::text("third answer")]);
    gate.open();
    page.thread().says("third answer").await;
    let chats = room.desk.endpoint.chats();
    let last = |number: usize| {
        let messages = chats[number].json["messages"].as_array().unwrap();
        messages.last().unwrap()["content"].to_string()
    };
    assert!(last(1).contains("alpha, but better"), "{}", last(1));
    assert!(last(2).contains("beta"), "{}", last(2));
    page.thread().says("done with it").await;
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn send_now_stops_what_runs_and_is_answered_first() {
    let gate = Gate::new();
    let (room, page) = running(&gate).await;
    queue(&page, "later").await;
    queue(&page, "urgent").await;
    room.desk
        .endpoint
        .script([Reply::text("at once"), Reply::text("in the end")]);
    page.mark("queue")
        .css("li")
        .nth(1)
        .role("button", " now")
        .click()
        .await;
    page.thread().says("at once").await;
    page.thread().says("in the end").await;
    let chats = room.desk.endpoint.chats();
    let second = chats[1].json["messages"]
        .as_array()
        .unwrap()
        .last()
        .unwrap();
    assert!(second["content"].to_string().contains("urgent"), "{second}");
    assert!(!second["content"].to_string().contains("later"), "{second}");
    page.thread().says("cancelled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_survives_a_reload() {
    let gate = Gate::new();
    let (room, page) = running(&gate).await;
    queue(&page, "alpha").await;
    queue(&page, "beta").await;
    page.composer().fill("a draft").await;
    page.reload().await;
    until_waiting(&page, &["alpha", "beta"]).await;
    page.composer().says("a draft").await;
    room.desk
        .endpoint
        .script([Reply::text("second answer"), Reply::text("third answer")]);
    gate.open();
    page.thread().says("third answer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_eleventh_is_refused_and_stays_in_the_composer() {
    let gate = Gate::new();
    let (_room, page) = running(&gate).await;
    for number in 0..10 {
        page.say(&format!("wish {number}")).await;
        page.until(
            "one more in line",
            &format!(
                "document.querySelectorAll('[data-testid=queue] li').length === {}",
                number + 1
            ),
        )
        .await;
    }
    page.say("one too many").await;
    page.until(
        "the reason",
        "/10/.test(document.body.innerText) && /queue|wait/i.test(document.body.innerText)",
    )
    .await;
    page.composer().says("one too many").await;
    assert_eq!(waiting(&page).await.len(), 10);
}
