//! What stands around a conversation: its title, where it came from, how full its context is, what it is doing.

use super::Room;
use crate::support::endpoint::{Gate, Reply};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_title_is_changed_where_it_stands() {
    let mut room = Room::new([Reply::text("an answer")]).await;
    let page = room.page().await;
    page.ask("hello", "an answer").await;
    let path = format!("/api/conversations/{}", page.conversation().await);
    let tab = room.tab(&page, &page.place().await).await;
    page.mark("title").click().await;
    let field = page.exact("textbox", "Title");
    field.fill("  Retry <b>policy</b> ").await;
    page.press("Enter").await;
    // Everywhere, also in another tab, and as text.
    for page in [&page, &tab] {
        page.exact("button", "Retry <b>policy</b>").seen().await;
        page.mark("list").says("Retry <b>policy</b>").await;
    }
    assert!(page.mark("title").has_focus().await);
    let view = page.api("GET", &path, &Value::Null).await;
    assert_eq!(view["title"], "Retry <b>policy</b>");
    // Escape leaves it as it was, and so does a title of nothing.
    page.press("Enter").await;
    field.fill("something else").await;
    page.press("Escape").await;
    page.exact("button", "Retry <b>policy</b>").seen().await;
    page.press("Enter").await;
    field.fill("   ").await;
    page.press("Enter").await;
    page.exact("button", "Retry <b>policy</b>").seen().await;
    // Going elsewhere keeps what was written.
    page.mark("title").click().await;
    field.fill("Kept").await;
    page.composer().click().await;
    tab.exact("button", "Kept").seen().await;
    assert!(page.composer().has_focus().await);
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sub_agent_s_page_leads_to_the_call_that_started_it() {
    let mut room = Room::new([
        Reply::call("run_agent", json!({ "prompt": "look around" })),
        Reply::text("nothing here"),
        Reply::text("the scout found nothing"),
    ])
    .await;
    let page = room.page().await;
    page.say("send a scout").await;
    page.armed().await;
    page.cards().role("button", "Allow once").click().await;
    page.thread().says("the scout found nothing").await;
    page.rests().await;
    let parent = page.conversation().await;
    let items = format!("/api/conversations/{parent}/items");
    let items = page.api("GET", &items, &Value::Null).await;
    let mut items = items["entries"].as_array().unwrap().iter();
    let call = items
        .find(|item| item["body"]["child"].is_string())
        .unwrap();
    let child = call["body"]["child"].as_str().unwrap();
    room.visit(&page, &format!("/c/{child}")).await;
    page.thread().says("nothing here").await;
    page.mark("parent").click().await;
    page.thread().says("the scout found nothing").await;
    let wanted = format!("/c/{parent}?item={}", call["id"].as_str().unwrap());
    assert_eq!(page.place().await, wanted);
    assert_eq!(page.mark("parent").count().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_full_the_context_is_outlives_a_reload() {
    let mut room = Room::with(
        [
            Reply::call("read_file", json!({ "path": "a.txt" })).usage(1_000, 50, 0),
            Reply::text("read").usage(2_000, 100, 0),
        ],
        &[],
        "cli:\n  model_context_window: 30000\n",
    )
    .await;
    room.desk.write("a.txt", "content\n");
    let page = room.page().await;
    page.ask("read it", "read").await;
    let meter = page.css(".thread-context");
    meter.says("2.1k").await;
    let before = meter.text().await;
    page.reload().await;
    page.thread().says("read").await;
    meter.says("2.1k").await;
    assert_eq!(meter.text().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_joins_is_told_what_is_being_done() {
    let gate = Gate::new();
    let mut room = Room::new([Reply::stream().wait(&gate).say("at last")]).await;
    let page = room.page().await;
    page.say("hello").await;
    // Connected, and no word yet: no fact says so.
    let waits = "document.querySelector('[data-testid=phase]')?.dataset.phase === 'waiting'";
    page.until("what the first page is told", waits).await;
    let path = format!("/c/{}", page.conversation().await);
    let tab = room.tab(&page, &path).await;
    tab.until("what a joiner is told", waits).await;
    page.reload().await;
    page.until("what is told after a reload", waits).await;
    gate.open();
    for page in [&page, &tab] {
        page.thread().says("at last").await;
    }
}
