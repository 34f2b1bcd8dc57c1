//! An answer while it is written: where the reader stands, what a reload, a lost server and Stop leave
//! (B4, B5, B6, B15, B16).

use super::Room;
use crate::support::endpoint::{Gate, Reply};
use crate::support::page::Page;
use serde_json::Value;

/// Many paragraphs, so that a thread scrolls.
fn paragraphs(from: usize, count: usize) -> String {
    let each = (from..from + count).map(|number| {
        format!("Paragraph {number} says what the one before it left out, at some length.\n\n")
    });
    each.collect()
}

/// The place of the element that scrolls, from the top of the conversation, as what stands at its upper edge.
const AT: &str = "(() => {
    const thread = document.querySelector('[data-testid=thread]');
    const walk = (one) => one && (one.scrollHeight > one.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(one).overflowY) ? one : walk(one.parentElement));
    globalThis.scroller = walk(thread) ?? [...thread.querySelectorAll('*')].find((one) => one.scrollHeight > one.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(one).overflowY));
    return globalThis.scroller?.scrollTop ?? null;
})()";

/// How far the reader is from the end.
const FROM_END: &str = "scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight";

async fn at(page: &Page) -> f64 {
    page.js(AT).await.as_f64().expect("the thread scrolls")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_scrolls_up_is_left_where_he_is() {
    let (first, second) = (Gate::new(), Gate::new());
    let reply = Reply::stream()
        .say(&paragraphs(0, 60))
        .wait(&first)
        .say(&paragraphs(60, 60))
        .wait(&second)
        .say("the very end");
    let mut room = Room::new([reply, Reply::text(&paragraphs(200, 20))]).await;
    let page = room.page().await;
    page.say("tell me").await;
    page.thread().says("Paragraph 59").await;
    at(&page).await;
    page.until("the live edge", &format!("{FROM_END} < 4"))
        .await;
    page.thread().wheel(-900.0).await;
    page.until("a reader above", &format!("{FROM_END} > 300"))
        .await;
    page.mark("jump-latest").seen().await;
    // The wheel has come to rest when two frames agree.
    let rest = "(async () => { const a = scroller.scrollTop; await new Promise((d) => setTimeout(d, 120)); return a === scroller.scrollTop })()";
    page.until("the wheel at rest", rest).await;
    let before = at(&page).await;
    first.open();
    second.reached().await;
    page.until(
        "what came meanwhile",
        "document.querySelector('[data-testid=jump-latest]') !== null",
    )
    .await;
    page.thread().css("article").seen().await;
    assert!(
        (at(&page).await - before).abs() <= 1.0,
        "moved from {before} to {}",
        at(&page).await
    );
    second.open();
    page.rests().await;
    let after = at(&page).await;
    assert!(
        (after - before).abs() <= 1.0,
        "the end moved the reader from {before} to {after}"
    );
    // What came while the reader was away is counted.
    let label = page.mark("jump-latest").content().await;
    assert!(label.contains("Latest"), "{label}");
    page.thread().focus().await;
    page.press("End").await;
    page.until("the live edge", &format!("{FROM_END} < 4"))
        .await;
    page.mark("jump-latest").gone().await;
    page.say("and then?").await;
    page.thread().says("Paragraph 219").await;
    page.until("the live edge again", &format!("{FROM_END} < 4"))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_in_the_middle_loses_and_doubles_nothing() {
    let (begun, more) = (Gate::new(), Gate::new());
    let reply = Reply::stream()
        .say("one two three ")
        .wait(&begun)
        .say("four five ")
        .wait(&more)
        .say("six seven");
    let mut room = Room::new([reply]).await;
    let page = room.page().await;
    page.say("count").await;
    page.thread().says("one two three").await;
    begun.open();
    more.reached().await;
    page.reload().await;
    page.thread().says("one two three four five").await;
    more.open();
    page.thread()
        .says("one two three four five six seven")
        .await;
    page.rests().await;
    let text = page.thread().text().await;
    assert_eq!(text.matches("three").count(), 1, "{text}");
    assert_eq!(room.desk.endpoint.chats().len(), 1);
    assert_eq!(page.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_goes_on_when_the_tab_is_closed() {
    let gate = Gate::new();
    let reply = Reply::stream()
        .say("one two ")
        .wait(&gate)
        .say("three four");
    let mut room = Room::new([reply]).await;
    let page = room.page().await;
    page.say("count").await;
    page.thread().says("one two").await;
    let path = format!("/c/{}", page.conversation().await);
    let other = room.tab(&page, "/settings").await;
    drop(page);
    gate.open();
    room.visit(&other, &path).await;
    other.thread().says("one two three four").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_and_comes_leaves_the_draft() {
    let mut room = Room::new([Reply::text("first answer"), Reply::text("second answer")]).await;
    let page = room.page().await;
    page.ask("hello", "first answer").await;
    page.composer().fill("a draft that must stay").await;
    room.kill();
    page.mark("banner").seen().await;
    page.composer().says("a draft that must stay").await;
    // A launch link would be another session; the page goes on with the one it has.
    room.start().await;
    page.mark("banner").gone().await;
    page.composer().says("a draft that must stay").await;
    page.composer().focus().await;
    page.press("Enter").await;
    page.thread().says("second answer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_while_the_page_was_away_is_caught_up() {
    let gate = Gate::new();
    let reply = Reply::stream().say("begun ").wait(&gate).say("and ended");
    let mut room = Room::new([
        Reply::text("first answer"),
        reply,
        Reply::text("from elsewhere"),
    ])
    .await;
    let page = room.page().await;
    page.ask("hello", "first answer").await;
    let id = page.conversation().await;
    page.call(
        "Network.emulateNetworkConditions",
        serde_json::json!({
            "offline": true, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        }),
    )
    .await;
    room.kill();
    page.mark("banner").seen().await;
    gate.open();
    let mut exec = room.desk.aroom(&["exec", "--continue", &id, "go on"]);
    exec.env("AI_CHAT_TITLES", "false");
    let left = crate::support::program::run(exec).await;
    assert_eq!(left.code, 0, "{left:?}");
    room.start().await;
    page.call(
        "Network.emulateNetworkConditions",
        serde_json::json!({
            "offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        }),
    )
    .await;
    page.mark("banner").gone().await;
    page.thread().says("begun and ended").await;
    let text = page.thread().text().await;
    assert_eq!(text.matches("begun and ended").count(), 1, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_keeps_what_was_said() {
    let gate = Gate::new();
    let reply = Reply::stream()
        .say("as far as here ")
        .wait(&gate)
        .say("never");
    let mut room = Room::new([reply, Reply::text("again")]).await;
    let page = room.page().await;
    page.say("go").await;
    page.thread().says("as far as here").await;
    page.composer().fill("my next words").await;
    page.role("button", "Stop").click().await;
    page.thread().says("cancelled").await;
    room.desk.endpoint.hung_up(0).await;
    let text = page.thread().text().await;
    assert!(text.contains("as far as here"), "{text}");
    page.composer().says("my next words").await;
    page.composer().focus().await;
    page.press("Enter").await;
    page.thread().says("again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn escape_twice_stops_and_once_does_not() {
    let gate = Gate::new();
    let reply = Reply::stream().say("words ").wait(&gate).say("and more");
    let other = Reply::stream().say("others ").wait(&Gate::new());
    let mut room = Room::new([reply, other]).await;
    let page = room.page().await;
    page.say("go").await;
    page.thread().says("words").await;
    page.composer().focus().await;
    page.press("Escape").await;
    gate.open();
    page.thread().says("words and more").await;
    page.rests().await;
    page.say("again").await;
    page.thread().says("others").await;
    page.press("Escape").await;
    page.press("Escape").await;
    page.thread().says("cancelled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_and_a_retry_are_told_in_the_words_of_both_interfaces() {
    let gate = Gate::new();
    let silent = Reply::stream()
        .say("some words ")
        .wait(&gate)
        .say("the rest");
    let mut room = Room::with(
        [
            Reply::error(503, "too busy").header("retry-after", "4"),
            silent,
        ],
        &[],
        "ai:\n  retry_max_attempts: 2\ncli:\n  stall_warning_threshold: 7\n",
    )
    .await;
    let page = room.page().await;
    // Every text the line ever shows.
    let watch = "globalThis.phases = []; globalThis.stopPhases = setInterval(() => { \
                 const text = document.querySelector('[data-testid=phase]')?.innerText.trim().replace(/\\s+/g, ' '); \
                 if (text && phases.at(-1) !== text) phases.push(text) }, 10)";
    page.js(watch).await;
    page.say("go").await;
    gate.reached().await;
    page.until(
        "a stall",
        "phases.some((text) => /stalled \\d+s/.test(text))",
    )
    .await;
    let warned = "phases.some((text) => Number(/stalled (\\d+)s/.exec(text)?.[1]) >= 7)";
    page.until("a long stall", warned).await;
    gate.open();
    page.rests().await;
    let phases = page.js("phases").await;
    let phases: Vec<&str> = phases
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let has = |pattern: &str| phases.iter().any(|phase| phase.contains(pattern));
    assert!(
        has("retry 1/2 in 4s · ") || has("retry 1/2 in 3s · "),
        "{phases:#?}"
    );
    assert!(has("retry 1/2 in 2s · "), "no countdown: {phases:#?}");
    assert!(has("stalled 5s") || has("stalled 6s"), "{phases:#?}");
    assert!(has("Esc Esc to stop"), "{phases:#?}");
    let first_stall = phases.iter().find_map(|phase| {
        let behind = phase.split("stalled ").nth(1)?;
        behind.split('s').next()?.parse::<u32>().ok()
    });
    assert!(
        first_stall.is_some_and(|seconds| seconds >= 5),
        "{phases:#?}"
    );
}
