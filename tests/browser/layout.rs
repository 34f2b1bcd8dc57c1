//! Small windows, large letters, people who want nothing to move (B25).

use super::Room;
use super::loading::{ROUTES, settled};
use crate::support::endpoint::{Gate, Reply};
use crate::support::page::Page;
use serde_json::json;

/// What sticks out of the window sideways.
const WIDE: &str = "(() => {
    const root = document.scrollingElement;
    if (root.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth) return [];
    const out = [...document.querySelectorAll('body *')].filter((one) => {
        const at = one.getBoundingClientRect();
        return at.width > 0 && at.right > innerWidth + 1;
    });
    return [`${root.scrollWidth} of ${innerWidth}`, ...out.slice(0, 5).map((one) => one.outerHTML.slice(0, 160))];
})()";

/// What can be pressed and is smaller than a finger's or a pointer's end.
const SMALL: &str = "[...document.querySelectorAll('button, a[href], input, select, textarea, [role=button], [role=tab], [role=option]')]
    .filter((one) => { const at = one.getBoundingClientRect(); const style = getComputedStyle(one);
        return at.width > 0 && style.visibility !== 'hidden' && style.display !== 'inline' && style.position !== 'absolute' && (at.width < 23.5 || at.height < 23.5) && !one.closest('label, p, li > span, .hidden-text') })
    .map((one) => `${one.outerHTML.slice(0, 160)} ${JSON.stringify(one.getBoundingClientRect())}`)";

async fn fits(page: &Page, place: &str, wrong: &mut Vec<String>) {
    for found in [page.js(WIDE).await, page.js(SMALL).await] {
        for line in found.as_array().cloned().unwrap_or_default() {
            wrong.push(format!("{place}: {line}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_sticks_out_of_a_narrow_window() {
    let long = "averyveryverylongwordthatdoesnotendandgoesonandonandon".repeat(4);
    let answer = format!(
        "# Head\n\n{long}\n\n```\n{long} {long}\n```\n\n| {long} | b |\n|---|---|\n| 1 | {long} |\n\n$$x = {}$$\n",
        "a + ".repeat(60) + "b"
    );
    let mut room = Room::new([
        Reply::text(&answer),
        Reply::call("bash", json!({ "command": format!("echo {long}") })),
    ])
    .await;
    let page = room.page().await;
    page.say("go").await;
    page.rests().await;
    page.thread().says("Head").await;
    let conversation = format!("/c/{}", page.conversation().await);
    let mut wrong = Vec::new();
    // 360 is a phone; 320 is a window of 1280 at 400 %.
    for width in [360, 320] {
        page.resize(width, 700).await;
        for path in ROUTES.iter().copied().chain([conversation.as_str()]) {
            room.visit(&page, path).await;
            settled(&page).await;
            fits(&page, &format!("{path} {width}"), &mut wrong).await;
        }
    }
    page.say("a card").await;
    page.cards().seen().await;
    fits(&page, "a card at 320", &mut wrong).await;
    assert_eq!(wrong, Vec::<String>::new(), "{wrong:#?}");
    // And it can be answered there.
    page.armed().await;
    page.cards().role("button", "Deny").click().await;
    page.until(
        "the answer",
        "!document.querySelector('[data-testid=approval] button')",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_window_has_its_sidebar_in_a_drawer() {
    let mut room = Room::new([Reply::text("here")]).await;
    let page = room.page().await;
    page.ask("a conversation", "here").await;
    page.resize(360, 700).await;
    let opener = page.role("button", "sidebar");
    opener.click().await;
    page.role("link", "Settings").click().await;
    page.until("the settings", "location.pathname.startsWith('/settings')")
        .await;
    page.role("button", "sidebar").click().await;
    page.role("link", "a conversation").seen().await;
    page.press("Escape").await;
    page.role("link", "a conversation").gone().await;
    // Every action of the composer is reachable.
    room.visit(&page, "/").await;
    page.say("again").await;
    page.thread().says("the script").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_moves_for_those_who_want_that() {
    let gate = Gate::new();
    let reply = Reply::stream().say("working ").wait(&gate).say("done");
    let mut room = Room::new([reply]).await;
    let page = room.page().await;
    page.prefer(&[("prefers-reduced-motion", "reduce")]).await;
    page.say("go").await;
    page.thread().says("working").await;
    page.press("Control+k").await;
    page.mark("palette").seen().await;
    let moving = "document.getAnimations().filter((one) => one.playState === 'running' && one.effect.getComputedTiming().duration > 1).map((one) => one.effect.target?.outerHTML.slice(0, 160))";
    assert_eq!(page.js(moving).await, json!([]));
    gate.open();
}
