//! A conversation of 10 000 messages: opening, scrolling, jumping, memory (P3).

use crate::report::{Report, Samples};
use crate::scene::Scene;
use crate::seed;
use crate::support::page::Page;
use anteroom_api::ItemId;
use anyhow::Context;
use serde_json::{Value, json};
use std::time::Duration;

const MESSAGES: usize = 10_000;
const ROUNDS: usize = 10;

/// Told by the page: when the first byte of the conversation came, and when its rows stood.
const WATCH: &str = "{ const look = () => { const rows = document.querySelectorAll('[data-testid=thread] article').length; \
    if (rows > 3) { const first = performance.getEntriesByType('resource').find((one) => one.name.includes('/open')); \
    globalThis.openedAfter = performance.now() - (first?.responseStart ?? 0) } else requestAnimationFrame(look); }; look() }";

/// Four seconds of a fling: the frames' lengths, in ms.
const FLING: &str = "new Promise((done) => {
    const thread = document.querySelector('[data-testid=thread]');
    const begun = performance.now();
    const frames = [];
    let last = begun;
    const step = (now) => {
        frames.push(now - last);
        last = now;
        thread.scrollTop -= 90;
        if (now - begun < 4000) requestAnimationFrame(step); else done(frames.slice(1));
    };
    requestAnimationFrame(step);
})";

pub(crate) async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let mut scene = Scene::new([]).await?;
    let (id, far) = seed::long(&scene.database(), &scene.workspace(), MESSAGES).await?;
    scene.serve()?;
    let page = scene.page().await?;
    let path = format!("/c/{id}");
    page.call(
        "Page.addScriptToEvaluateOnNewDocument",
        json!({ "source": WATCH }),
    )
    .await;
    let mut opened = Samples::default();
    for _ in 0..ROUNDS {
        page.open("about:blank#").await;
        page.open(&scene.url(&path)).await;
        let after = page.until("the rows", "globalThis.openedAfter").await;
        opened.add(Duration::from_secs_f64(after.as_f64().unwrap_or(0.0) / 1e3));
    }
    report.times(
        "10 000 messages: first byte to rows (bound 150 ms)",
        &opened,
    );
    let nodes = nodes(&page).await;
    report.value("… nodes in the thread (bound 1 500)", nodes);
    fling(report, &page).await;
    jump(report, &page, &far).await?;
    page.call("HeapProfiler.enable", json!({})).await;
    page.call("HeapProfiler.collectGarbage", json!({})).await;
    let heap = page.metric("JSHeapUsedSize").await / (1024.0 * 1024.0);
    report.value(
        "… heap after scrolling and jumping (bound 80 MB)",
        format!("{heap:.1} MB"),
    );
    Ok(())
}

async fn nodes(page: &Page) -> u64 {
    let count = page
        .js("document.querySelectorAll('[data-testid=thread] *').length")
        .await;
    count.as_u64().unwrap_or(0)
}

async fn fling(report: &mut Report, page: &Page) {
    let frames = page.js(FLING).await;
    let frames: Vec<f64> = frames
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64)
        .collect();
    let mut samples = Samples::default();
    samples.extend(frames.iter().map(|ms| Duration::from_secs_f64(ms / 1e3)));
    report.times("… a fling of 4 s: frames (bound 33 ms at p95)", &samples);
    let slow = frames.iter().filter(|ms| **ms > 50.0).count();
    let share = slow as f64 * 100.0 / frames.len().max(1) as f64;
    report.value("… frames above 50 ms (bound 3 %)", format!("{share:.1} %"));
    report.value(
        "… nodes in the thread after it (bound 1 500)",
        nodes(page).await,
    );
}

/// To messages far away, by the address that a link to them has.
async fn jump(report: &mut Report, page: &Page, far: &[ItemId]) -> anyhow::Result<()> {
    let mut jumps = Samples::default();
    for item in far {
        let jump = format!(
            "new Promise((done) => {{ \
             const thread = document.querySelector('[data-testid=thread]').getBoundingClientRect(); \
             const begun = performance.now(); \
             history.pushState(null, '', `${{location.pathname}}?item={item}`); \
             dispatchEvent(new PopStateEvent('popstate')); \
             const look = () => {{ \
               const at = document.querySelector('[data-item=\"{item}\"]')?.getBoundingClientRect(); \
               if (at && at.bottom > thread.top && at.top < thread.bottom) done(performance.now() - begun); \
               else if (performance.now() - begun > 5000) done(null); \
               else requestAnimationFrame(look) }}; \
             look() }})"
        );
        let took = page.js(&jump).await.as_f64();
        let took = took.with_context(|| format!("the message {item} never came into sight"))?;
        jumps.add(Duration::from_secs_f64(took / 1e3));
    }
    report.times("… a jump to a message far away (bound 200 ms)", &jumps);
    Ok(())
}
