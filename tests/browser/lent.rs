//! What MCP servers lend to people's messages: resources behind `@`, prompts behind `/`, and lists that change.

use super::Room;
use super::mcp::{card, desk, until_state};
use crate::support::endpoint::Reply;
use crate::support::page::Page;
use crate::support::servers::{odd, of_node};
use serde_json::Value;

/// A page at a server that is ready, at the field in which is written.
async fn beside(room: &mut Room, server: &str) -> Page {
    let page = room.page().await;
    room.visit(&page, "/tools/mcp").await;
    until_state(&page, server, "ready").await;
    room.visit(&page, "/").await;
    page.composer().seen().await;
    page.composer().focus().await;
    page
}

/// The last message of a person in a request.
fn said(room: &Room, request: usize) -> String {
    let request = &room.desk.endpoint.chats()[request].json;
    let messages = request["messages"].as_array().unwrap().iter().rev();
    let mut own = messages.filter(|message| message["role"] == "user");
    match &own.next().unwrap()["content"] {
        Value::String(text) => text.clone(),
        parts => parts.to_string(),
    }
}

/// Which tag has the focus, and what stands in it.
async fn focused(page: &Page) -> String {
    let look = "document.activeElement.tagName + ' ' + (document.activeElement.value ?? '')";
    page.js(look).await.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_is_found_attached_and_shown_by_keys_alone() {
    let replies = vec![Reply::text("I read it.")];
    let mut room = Room::at(desk(&odd("odd", "lends"), replies).await, &[]).await;
    let page = beside(&mut room, "odd").await;
    page.type_text("look at @od").await;
    let menu = page.mark("composer-menu");
    menu.says("odd:odd://page").await;
    menu.says("What <b>it</b> says").await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    page.press("Enter").await;
    menu.gone().await;
    assert_eq!(focused(&page).await, "TEXTAREA look at @odd:odd://page ");
    page.press("Enter").await;
    page.thread().says("I read it.").await;
    page.rests().await;
    let attached = page.thread().css("details.item-attachment");
    attached.says("odd:odd://page").await;
    attached.says("from outside").await;
    attached.css("summary").focus().await;
    page.press("Enter").await;
    attached
        .says("read <img src=x onerror=alarm(1)> of odd://page")
        .await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    let said = said(&room, 0);
    for part in [
        "look at @odd:odd://page",
        "[Attached resource `odd:odd://page`]",
        "<untrusted from=\"@odd:odd://page\"",
        "read <img src=x onerror=alarm(1)> of odd://page",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_asks_for_its_arguments_and_is_sent_by_keys_alone() {
    let replies = vec![Reply::text("Hello, Ada.")];
    let mut room = Room::at(desk(&odd("odd", "lends"), replies).await, &[]).await;
    let page = beside(&mut room, "odd").await;
    page.type_text("/odd.g").await;
    let menu = page.mark("composer-menu");
    menu.says("/odd.greet").await;
    menu.says("Greets somebody").await;
    page.press("Enter").await;
    menu.gone().await;
    page.press("Enter").await;
    let form = page.role("dialog", "Send the prompt odd.greet");
    form.says("Who is <i>greeted</i>").await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    // What is needed is told where it is missing, and nothing is sent.
    page.press("Enter").await;
    form.says("This is needed.").await;
    form.css("input[aria-invalid=true]").seen().await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    page.until(
        "the focus in what is wrong",
        "document.activeElement.ariaInvalid === 'true'",
    )
    .await;
    page.type_text("Ada").await;
    page.press("Enter").await;
    page.thread().says("Hello, Ada.").await;
    page.rests().await;
    page.until(
        "the focus where it was",
        "document.activeElement.tagName === 'TEXTAREA'",
    )
    .await;
    page.thread().says("/odd.greet who=Ada").await;
    let sent = page.thread().css("details.item-attachment");
    sent.says("odd.greet").await;
    sent.css("summary").click().await;
    sent.says("Say hello to Ada.").await;
    let said = said(&room, 0);
    assert!(
        said.contains("Say hello to Ada.") && said.contains("<untrusted"),
        "{said}"
    );
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_does_not_lend_now_is_told_in_place_and_nothing_is_lost() {
    let replies = vec![Reply::text("never said")];
    let mut room = Room::at(desk(&odd("odd", "lends"), replies).await, &[]).await;
    let page = beside(&mut room, "odd").await;
    let composer = page.mark("composer");
    // Without the form that asks for what is missing nothing is sent either.
    // A blank behind it closes the menu.
    page.say("/odd.greet ").await;
    page.role("dialog", "Send the prompt odd.greet")
        .seen()
        .await;
    page.press("Escape").await;
    composer
        .says("Not sent: The prompt was not filled in.")
        .await;
    page.composer().says("/odd.greet").await;
    page.say("/odd.nothing ").await;
    composer.says("offers no prompt nothing now").await;
    room.visit(&page, "/tools/mcp").await;
    page.role("button", "Disconnect odd").click().await;
    until_state(&page, "odd", "disconnected").await;
    room.visit(&page, "/").await;
    page.say("/odd.greet who=Ada").await;
    composer
        .says("The MCP server odd offers no prompt greet now.")
        .await;
    page.composer().says("/odd.greet who=Ada").await;
    page.say("look at @odd:odd://page ").await;
    composer.says("Not sent:").await;
    page.composer().says("look at @odd:odd://page").await;
    assert_eq!(page.axe().await, Vec::<String>::new());
    assert_eq!(room.desk.endpoint.chats().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_offers_anew_is_there_without_loading_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let flag = folder.path().join("grown");
    let mut entry = odd("odd", "lends");
    entry.args.push(flag.display().to_string());
    entry.folders.push(folder.path().display().to_string());
    let mut room = Room::at(desk(&entry, vec![]).await, &[]).await;
    let page = beside(&mut room, "odd").await;
    let list = room.tab(&page, "/tools/mcp").await;
    let odd = card(&list, "odd");
    for part in ["1 tool", "1 resource to attach", "1 prompt to send"] {
        odd.says(part).await;
    }
    page.type_text("/odd").await;
    let menu = page.mark("composer-menu");
    menu.says("/odd.greet").await;
    std::fs::write(&flag, "").unwrap();
    for part in ["2 tools", "2 resources to attach", "2 prompts to send"] {
        odd.says(part).await;
    }
    odd.css("[data-testid=mcp-resources] summary").click().await;
    odd.says("@odd:odd://later").await;
    // Nothing was typed meanwhile.
    menu.says("/odd.later").await;
    assert_eq!(list.axe().await, Vec::<String>::new());
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_others_lends_to_the_page() {
    let replies = vec![Reply::text("I read it.")];
    let entry = of_node("everything", "server-everything/dist/index.js", &["stdio"]);
    let mut room = Room::at(desk(&entry, replies).await, &[]).await;
    let page = beside(&mut room, "everything").await;
    page.type_text("look at @everything:features").await;
    let menu = page.mark("composer-menu");
    menu.says("everything:demo://resource/static/document/features.md")
        .await;
    page.press("Tab").await;
    menu.gone().await;
    page.press("Enter").await;
    page.thread().says("I read it.").await;
    let said = said(&room, 0);
    assert!(
        said.contains(
            "[Attached resource `everything:demo://resource/static/document/features.md`"
        ),
        "{said}"
    );
    // It does not fit beside the page, and the page goes on to fit.
    page.resize(360, 800).await;
    let is_wide = "document.documentElement.scrollWidth > 360";
    assert_eq!(page.js(is_wide).await, false);
    page.composer().focus().await;
    page.type_text("and @everything").await;
    menu.says("everything:demo://").await;
    assert_eq!(page.js(is_wide).await, false);
    assert_eq!(page.axe().await, Vec::<String>::new());
    assert_eq!(page.faults(), Vec::<String>::new());
}
