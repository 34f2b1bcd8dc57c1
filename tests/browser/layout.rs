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

/// Buttons of a card that are lower than a finger's end.
const LOW: &str = "[...document.querySelectorAll('[data-testid=approval] footer button')]
    .filter((one) => one.getBoundingClientRect().height < 43.5)
    .map((one) => `${one.outerHTML.slice(0, 160)} ${one.getBoundingClientRect().height}`)";

/// Nothing sticks out. That targets are large enough is judged by axe.
async fn fits(page: &Page, place: &str, wrong: &mut Vec<String>) {
    let found = page.js(WIDE).await;
    for line in found.as_array().cloned().unwrap_or_default() {
        wrong.push(format!("{place}: {line}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_sticks_out_of_a_narrow_window() {
    let long = "averyveryverylongwordthatdoesnotendandgoesonandonandon".repeat(4);
    let answer = format!(
        "# Head\n\n{long}\n\n```\n{long} {long}\n```\n\n| {long} | b |\n|---|---|\n| 1 | {long} |\n\n$$x = {}$$\n",
        "a + ".repeat(60) + "b"
    );
    let mut room = Room::new([Reply::text(&answer)]).await;
    let page = room.page().await;
    page.say("go").await;
    page.rests().await;
    page.thread().says("Head").await;
    let conversation = format!("/c/{}", page.conversation().await);
    let mut wrong = Vec::new();
    // 360 is a phone; 320 is a window of 1280 at 400 %.
    for path in ROUTES.iter().copied().chain([conversation.as_str()]) {
        page.resize(360, 700).await;
        room.visit(&page, path).await;
        settled(&page).await;
        for width in [360, 320] {
            page.resize(width, 700).await;
            fits(&page, &format!("{path} {width}"), &mut wrong).await;
        }
    }
    // The doctor talks to the model, too: what it has left of the script is not known.
    room.desk.endpoint.script([
        Reply::call(
            "write_file",
            json!({ "path": format!("{}.txt", &long[..200]), "content": long }),
        ),
        Reply::text("as you wish"),
    ]);
    page.say("a card").await;
    page.cards().seen().await;
    fits(&page, "a card at 320", &mut wrong).await;
    assert_eq!(page.js(LOW).await, json!([]), "a card at 320");
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
