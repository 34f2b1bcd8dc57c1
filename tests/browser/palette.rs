//! The palette: find, go and do from the keyboard (B20).

use super::Room;
use crate::support::endpoint::Reply;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_found_referred_to_and_sent_without_the_mouse() {
    let mut room = Room::new([Reply::text("I read the note.")]).await;
    let page = room.page().await;
    for (title, text) in [
        ("Retry policy", "Back off with jitter."),
        ("Other things", "Nothing here."),
    ] {
        let made = page
            .api(
                "POST",
                "/api/conversations",
                &json!({ "kind": "note", "title": title, "body": text }),
            )
            .await;
        assert!(made["id"].is_string(), "{made}");
    }
    page.press("Control+k").await;
    page.mark("palette").seen().await;
    page.until(
        "the focus in its field",
        "document.activeElement.getAttribute('role') === 'combobox'",
    )
    .await;
    page.type_text("Retry pol").await;
    page.mark("palette")
        .role("option", "Retry policy")
        .seen()
        .await;
    // The row that is chosen stays chosen while more arrives.
    page.press("ArrowDown").await;
    let chosen = "document.querySelector('[data-testid=palette] [role=option][aria-selected=true]')?.innerText";
    page.until("a chosen row", chosen).await;
    while !page
        .js(chosen)
        .await
        .as_str()
        .unwrap_or_default()
        .contains("Retry policy")
    {
        page.press("ArrowDown").await;
    }
    page.press("Alt+Enter").await;
    page.mark("palette").gone().await;
    page.composer().says("@").await;
    page.until(
        "the focus in the composer",
        "document.querySelector('[data-testid=composer]').contains(document.activeElement)",
    )
    .await;
    page.type_text(" what does it say?").await;
    page.press("Escape").await;
    page.composer().focus().await;
    page.press("Control+Enter").await;
    page.thread().says("I read the note.").await;
    let sent = room.desk.endpoint.chats()[0].json.to_string();
    assert!(
        sent.contains("Retry policy") || sent.contains("jitter"),
        "{sent}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_become_chips_and_escape_leads_back() {
    let mut room = Room::new([Reply::text("about jitter"), Reply::text("about tea")]).await;
    let page = room.page().await;
    page.ask("tell me of jitter", "about jitter").await;
    page.composer().fill("a draft").await;
    let was = page.place().await;
    page.press("Control+k").await;
    page.until(
        "its field",
        "document.activeElement.getAttribute('role') === 'combobox'",
    )
    .await;
    page.type_text("jitter type:chat ").await;
    page.until("a chip", "[...document.querySelectorAll('[data-testid=palette] *')].some((one) => one.children.length <= 1 && /chat/i.test(one.innerText) && one.tagName !== 'INPUT')")
        .await;
    let left = page.js("document.activeElement.value").await;
    assert_eq!(left.as_str().unwrap().trim(), "jitter");
    page.mark("palette").css("[role=option]").seen().await;
    page.press("Escape").await;
    if page.mark("palette").count().await > 0 {
        page.press("Escape").await;
    }
    page.mark("palette").gone().await;
    assert_eq!(page.place().await, was);
    assert!(
        page.composer().has_focus().await,
        "the focus is where it was"
    );
    assert_eq!(page.composer().text().await, "a draft");
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_and_keys_are_found_by_name() {
    let mut room = Room::new([]).await;
    let page = room.page().await;
    page.press("Control+k").await;
    page.until(
        "its field",
        "document.activeElement.getAttribute('role') === 'combobox'",
    )
    .await;
    page.type_text(">settings").await;
    page.mark("palette").role("option", "Settings").seen().await;
    page.press("Enter").await;
    page.until("the settings", "location.pathname.startsWith('/settings')")
        .await;
    page.css("main h1").seen().await;
    room.visit(&page, "/").await;
    page.composer().seen().await;
    page.js("document.activeElement.blur()").await;
    page.press("?").await;
    page.until(
        "the list of keys",
        "/Alt\\+M/.test(document.querySelector('[role=dialog], dialog[open]')?.innerText ?? '')",
    )
    .await;
    page.press("Escape").await;
    page.until(
        "it is closed",
        "!document.querySelector('[role=dialog], dialog[open]')",
    )
    .await;
}
