//! What MCP servers ask people on the page: answers of the model, forms, to be signed in to.

use super::Room;
use super::mcp::{card, desk, until_state};
use crate::program::Desk;
use crate::support::endpoint::Reply;
use crate::support::page::Page;
use crate::support::servers::{guarded, odd};
use serde_json::{Value, json};

fn call() -> Reply {
    Reply::call("odd__echo", json!({ "words": "x" }))
}

/// Lets the call of the tool happen.
async fn allow_call(page: &Page) {
    page.armed().await;
    page.cards().says("odd.echo").await;
    page.cards().role("button", "Allow once").click().await;
}

/// What the tool answered, as a request of the model has it.
fn answered(room: &Room, request: usize) -> String {
    let messages = room.desk.endpoint.chats()[request].json["messages"].clone();
    let last = messages.as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["role"], "tool", "{messages}");
    last["content"].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_has_the_model_answer_what_a_person_saw_and_allowed() {
    let replies = vec![
        call(),
        Reply::text("I am well.").usage(100, 31, 0),
        Reply::text("It asked how I am."),
        call(),
        Reply::text("It may not ask."),
    ];
    let mut room = Room::at(desk(&odd("odd", "samples"), replies).await, &[]).await;
    let page = room.page().await;
    room.visit(&page, "/tools/mcp").await;
    until_state(&page, "odd", "ready").await;
    card(&page, "odd")
        .css("details:last-of-type summary")
        .click()
        .await;
    let may = page.role("checkbox", "May ask for answers of the model");
    may.click().await;
    may.until(
        "it may, and can be unchecked",
        "function () { return this.checked && !this.disabled }",
    )
    .await;
    until_state(&page, "odd", "ready").await;
    room.visit(&page, "/").await;

    page.say("go").await;
    allow_call(&page).await;
    let asked = page.cards();
    asked
        .says("let the model answer the MCP server odd in 50 tokens at most")
        .await;
    asked.says("User: How are you, model?").await;
    asked.says("Have the model answer").await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    page.armed().await;
    asked.role("button", "Allow once").click().await;
    page.thread().says("It asked how I am.").await;
    page.rests().await;
    let chats = room.desk.endpoint.chats();
    assert_eq!(chats[1].json["max_tokens"], 50);
    assert_eq!(chats[1].json.get("tools"), None);
    assert_eq!(
        chats[1].json["messages"],
        json!([{ "role": "user", "content": "How are you, model?" }])
    );
    assert!(answered(&room, 2).contains("I am well."));

    page.say("again").await;
    allow_call(&page).await;
    asked.says("let the model answer").await;
    page.armed().await;
    asked.css(".approval-pair button").click().await;
    page.thread().says("It may not ask.").await;
    let refused = answered(&room, 4);
    assert!(refused.contains("did not allow"), "{refused}");
    assert_eq!(page.faults(), Vec::<String>::new());
    assert_eq!(completion_tokens(&room.desk).await, 31 + 4 * 5);
}

/// Tokens of all answers that were counted.
async fn completion_tokens(desk: &Desk) -> u64 {
    let rows = desk.run(&["usage", "--json"]).await;
    let rows: Value = serde_json::from_str(&rows.stdout).unwrap();
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["usage"]["completion_tokens"].as_u64().unwrap())
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_every_kind_is_answered_declined_and_left() {
    let replies = vec![
        call(),
        Reply::text("Filled in."),
        call(),
        Reply::text("Declined."),
        call(),
    ];
    let mut room = Room::at(desk(&odd("odd", "asks-all"), replies).await, &[]).await;
    let page = room.page().await;
    room.visit(&page, "/tools/mcp").await;
    until_state(&page, "odd", "ready").await;
    room.visit(&page, "/").await;
    page.say("go").await;
    allow_call(&page).await;
    let question = page.mark("question");
    // All of it is the server's words, and only words.
    for part in [
        "Question of the server odd",
        "Fill <b>this</b> in",
        "<img src=x onerror=alarm(2)>",
        "Sure?",
        "<b>blue</b>",
    ] {
        question.says(part).await;
    }
    assert_eq!(question.css("img, b").count().await, 0);
    assert_eq!(page.axe().await, Vec::<String>::new());
    // What is wrong is told at its field, and answers nothing.
    question.role("button", "Answer").click().await;
    question.says("This is needed.").await;
    page.until(
        "the focus in what is wrong",
        "document.activeElement.name === 'name' && document.activeElement.ariaInvalid === 'true'",
    )
    .await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    page.type_text("Ada").await;
    question.css("input[name=count]").fill("2.5").await;
    question.says("This is no whole number.").await;
    question.css("input[name=count]").fill("3").await;
    question.css("input[name=weight]").fill("2.5").await;
    question.css("input[name=sure]").click().await;
    question
        .css("select[name=color]")
        .js("function () { this.value = '<b>blue</b>'; this.dispatchEvent(new Event('change', { bubbles: true })) }")
        .await;
    question.role("button", "Answer").click().await;
    page.thread().says("Filled in.").await;
    page.rests().await;
    let filled = answered(&room, 1);
    for part in ["accept", "Ada", "2.5", "true", "<b>blue</b>"] {
        assert!(filled.contains(part), "{part}: {filled}");
    }

    page.say("again").await;
    allow_call(&page).await;
    question.role("button", "Decline").click().await;
    page.thread().says("Declined.").await;
    page.rests().await;
    let declined = answered(&room, 3);
    assert!(declined.contains("decline"), "{declined}");

    // Whoever stops the turn leaves the form.
    page.say("and again").await;
    allow_call(&page).await;
    question.says("Fill <b>this</b> in").await;
    page.role("button", "Stop").click().await;
    question.gone().await;
    page.rests().await;
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_to_a_server_from_the_page() {
    let server = guarded();
    let desk = Desk::new([]).await;
    let added = desk.run(&["mcp", "add", "far", "--url", &server.url]).await;
    assert_eq!(added.code, 0, "{added:?}");
    let mut room = Room::at(desk, &[]).await;
    let page = room.browser().await;
    room.visit(&page, "/tools/mcp").await;
    until_state(&page, "far", "needs_sign_in").await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    page.role("button", "Sign in to far").click().await;
    let dialog = page.role("dialog", "Sign in to far");
    let origin = server.url.trim_end_matches("/mcp");
    dialog.says(&format!("{origin}/authorize?")).await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    // The page to sign in at opens beside this one, and leads back to a door of the host.
    dialog.role("button", "Open the address").click().await;
    until_state(&page, "far", "ready").await;
    card(&page, "far").says("1 tool").await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    // Nothing but the window that was asked for.
    let faults = page.faults();
    let window = format!("window: \"{origin}/authorize?");
    assert!(
        faults.len() == 1 && faults[0].starts_with(&window),
        "{faults:?}"
    );
}
