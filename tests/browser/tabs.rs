//! Several tabs, several programs: all show the same, and one answer counts (B7, B8).

use super::Room;
use crate::support::endpoint::{Gate, Reply};
use crate::support::page::Page;
use crate::support::pty::Pty;
use serde_json::json;

fn write(path: &str) -> Reply {
    Reply::call("write_file", json!({ "path": path, "content": "new\n" }))
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_tabs_are_live() {
    let gate = Gate::new();
    let reply = Reply::stream()
        .say("one two ")
        .wait(&gate)
        .say("three four");
    let mut room = Room::new([Reply::text("begun"), reply]).await;
    let first = room.page().await;
    first.ask("hello", "begun").await;
    let path = format!("/c/{}", first.conversation().await);
    let mut tabs = Vec::new();
    for _ in 0..7 {
        let tab = room.tab(&first, &path).await;
        tab.thread().says("begun").await;
        tabs.push(tab);
    }
    first.say("count").await;
    for tab in tabs.iter().chain([&first]) {
        tab.thread().says("one two").await;
    }
    gate.open();
    for tab in tabs.iter().chain([&first]) {
        tab.thread().says("one two three four").await;
        let text = tab.thread().text().await;
        assert_eq!(text.matches("three").count(), 1, "{text}");
    }
    // And what one writes reaches the others.
    room.desk.endpoint.say(Reply::text("the last answer"));
    tabs[6].say("the last question").await;
    for tab in tabs.iter().chain([&first]) {
        tab.thread().says("the last question").await;
        tab.thread().says("the last answer").await;
    }
    assert_eq!(first.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_answer_counts_and_the_other_tab_says_so() {
    let mut room = Room::new([write("a.txt"), Reply::text("written")]).await;
    let page = room.page().await;
    page.say("go").await;
    let path = format!("/c/{}", page.conversation().await);
    page.cards().seen().await;
    let tab = room.tab(&page, &path).await;
    tab.cards().seen().await;
    let (one, other) = (
        page.cards()
            .js("function () { return this.dataset.id }")
            .await,
        tab.cards()
            .js("function () { return this.dataset.id }")
            .await,
    );
    assert_eq!(one, other);
    page.armed().await;
    page.cards().role("button", "Allow once").click().await;
    page.thread().says("written").await;
    tab.thread().says("written").await;
    tab.role("button", "Allow once").gone().await;
    assert_eq!(room.desk.read("a.txt"), "new\n");
    assert_eq!(page.open_approvals().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_and_terminal_show_the_same_conversation() {
    let streamed = Reply::text("seen by both of us");
    let mut room = Room::new([
        Reply::text("from the page"),
        streamed,
        Reply::text("from the terminal"),
    ])
    .await;
    let page = room.page().await;
    page.ask("hello from the page", "from the page").await;
    let id = page.conversation().await;
    let mut pty = Pty::spawn(&room.desk.aroom(&["chat", "--resume", &id]), (90, 24));
    pty.until("what was said", |shown| {
        shown.count("hello from the page") == 1 && shown.last_row().starts_with('❯')
    })
    .await;
    pty.send("hello from the terminal\r");
    page.thread().says("hello from the terminal").await;
    page.thread().says("seen by both of us").await;
    pty.until("the answer", |shown| {
        shown.count("seen by both of us") == 1 && shown.last_row() == "❯"
    })
    .await;
    page.rests().await;
    let text = page.thread().text().await;
    assert_eq!(text.matches("both of us").count(), 1, "{text}");
    page.say("the page again").await;
    page.thread().says("from the terminal").await;
    pty.until("what the page said", |shown| {
        shown.count("the page again") == 1
    })
    .await;
    pty.send("\u{4}");
    assert_eq!(pty.exit().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_answers_what_the_terminal_is_asked() {
    let mut room = Room::new([Reply::text("begun"), write("a.txt"), Reply::text("written")]).await;
    let page = room.page().await;
    page.ask("hello", "begun").await;
    let id = page.conversation().await;
    let mut pty = Pty::spawn(&room.desk.aroom(&["chat", "--resume", &id]), (90, 30));
    pty.until("the prompt", |shown| shown.last_row().starts_with('❯'))
        .await;
    pty.send("write it\r");
    pty.until("the question", |shown| shown.has("WRITE")).await;
    page.armed().await;
    page.cards().role("button", "Allow once").click().await;
    page.thread().says("written").await;
    pty.until("the answer", |shown| shown.count("written") == 1)
        .await;
    assert_eq!(room.desk.read("a.txt"), "new\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_answers_what_the_page_is_asked() {
    let mut room = Room::new([write("a.txt"), Reply::text("left alone")]).await;
    let page = room.page().await;
    page.say("write it").await;
    page.cards().seen().await;
    let id = page.conversation().await;
    let mut pty = Pty::spawn(&room.desk.aroom(&["chat", "--resume", &id]), (90, 30));
    pty.until("the question", |shown| {
        shown.has("n deny") && !shown.has("keys count in a moment")
    })
    .await;
    pty.send("n");
    page.thread().says("left alone").await;
    page.thread().says("terminal").await;
    page.role("button", "Allow once").gone().await;
    assert!(!room.desk.work().join("a.txt").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_leaves_a_browser_that_is_signed_in_alone() {
    let mut room = Room::new([Reply::text("still here")]).await;
    let first = room.page().await;
    let link = room.link().await;
    let left = "This browser is signed in already";
    let tab = first.tab().await;
    tab.open(&link).await;
    tab.composer().seen().await;
    tab.until_text(left).await;
    assert!(!tab.place().await.contains("launch"));
    // The same in the tab that has the session, whose fragment alone changes.
    first.js("location.hash = 'launch=guessed'").await;
    first.until_text(left).await;
    assert!(!first.place().await.contains("launch"));
    first.composer().seen().await;
    // Neither was signed out, nor in once more.
    first.ask("hello", "still here").await;
    for page in [&first, &tab] {
        let sessions = page.api("GET", "/api/sessions", &json!(null)).await;
        assert_eq!(sessions.as_array().unwrap().len(), 1, "{sessions}");
    }
    // And the link is still good.
    let other = Page::new().await;
    other.open(&link).await;
    other.composer().seen().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_used_where_a_session_has_ended() {
    let mut room = Room::new([Reply::text("here again")]).await;
    let page = room.page().await;
    let tab = room.tab(&page, "/").await;
    page.api("DELETE", "/api/sessions", &json!(null)).await;
    for page in [&page, &tab] {
        page.mark("signed-out").seen().await;
    }
    page.open(&room.link().await).await;
    page.composer().seen().await;
    page.ask("hello", "here again").await;
    assert!(!page.text().await.contains("signed in already"));
}
