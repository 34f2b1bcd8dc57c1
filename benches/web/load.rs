//! The first load of a conversation: what is transferred (P1), and how soon one can write (P2).

use crate::report::{Report, Samples};
use crate::scene::{COMPOSER, Scene, say};
use crate::support::endpoint::Reply;
use crate::support::page::Page;
use serde_json::{Value, json};
use std::time::Duration;

const ROUNDS: usize = 20;

/// Told by the page itself, from the moment its address was entered.
const WATCH: &str = "{ const look = () => { const field = document.querySelector('[data-testid=composer] textarea'); \
    if (field && !field.disabled) globalThis.usableAfter = performance.now(); else requestAnimationFrame(look); }; look() }";

pub(crate) async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let mut scene = Scene::new([Reply::text("here I am")]).await?;
    scene.serve()?;
    let page = scene.page().await?;
    say(&page, "hello").await;
    page.until(
        "the answer",
        "document.body.innerText.includes('here I am')",
    )
    .await;
    let path = page.js("location.pathname").await;
    let url = scene.url(path.as_str().unwrap_or("/"));
    page.call("Network.setCacheDisabled", json!({ "cacheDisabled": true }))
        .await;
    page.call(
        "Page.addScriptToEvaluateOnNewDocument",
        json!({ "source": WATCH }),
    )
    .await;
    size(report, &page, &url).await;
    for (name, rate) in [("", 1), (" at a quarter of the processor's speed", 4)] {
        page.call("Emulation.setCPUThrottlingRate", json!({ "rate": rate }))
            .await;
        let mut samples = Samples::default();
        let mut answers = Samples::default();
        for _ in 0..ROUNDS {
            page.open("about:blank#").await;
            page.open(&url).await;
            let after = page.until("the composer", "globalThis.usableAfter").await;
            samples.add(Duration::from_secs_f64(after.as_f64().unwrap_or(0.0) / 1e3));
            let times = "performance.getEntriesByType('resource').filter((one) => one.name.includes('/a/')).map((one) => one.responseEnd - one.requestStart)";
            let times = page.js(times).await;
            let times = times.as_array().cloned().unwrap_or_default();
            answers.extend(
                times
                    .iter()
                    .filter_map(Value::as_f64)
                    .map(|ms| Duration::from_secs_f64(ms / 1e3)),
            );
        }
        let bound = if rate == 1 { "300 ms" } else { "900 ms" };
        report.times(
            format!("cold load until one can write{name} (bound {bound})"),
            &samples,
        );
        if rate == 1 {
            report.times(
                "… an asset, as the page sees it, 6 at once (server's bound 5 ms at p95)",
                &answers,
            );
        }
    }
    anyhow::ensure!(page.js(COMPOSER).await == true, "one cannot write");
    Ok(())
}

/// What comes over the wire, compressed with gzip alone.
async fn size(report: &mut Report, page: &Page, url: &str) {
    page.call(
        "Network.setExtraHTTPHeaders",
        json!({ "headers": { "Accept-Encoding": "gzip" } }),
    )
    .await;
    page.call("Network.setCacheDisabled", json!({ "cacheDisabled": true }))
        .await;
    page.seen().forget();
    page.open(url).await;
    page.until("the composer", COMPOSER).await;
    page.until_seen("the last answer", |page| {
        page.loads()
            .iter()
            .filter(|load| is_asset(&load.url) || load.kind == "Document")
            // A worker's own script belongs to the worker; the browser does not tell the page its size.
            .filter(|load| !load.url.ends_with("worker.js"))
            .all(|load| load.bytes > 0.0)
    })
    .await;
    let loads = page.loads();
    let bodies = page.bodies();
    let sum = |is: &dyn Fn(&str) -> bool| {
        let chosen = bodies.iter().filter(|(url, _)| is(url));
        chosen.map(|(_, bytes)| bytes).sum::<f64>() / 1024.0
    };
    let first = sum(&|one: &str| is_asset(one) || one == url);
    report.value(
        "first load of `/c/ID`, HTML, CSS and JS, gzip (bound 120 KB)",
        format!("{first:.1} KB"),
    );
    report.value("… requests, data included (bound 45)", loads.len());
    // Lazily loaded: each by itself, as the page would import it.
    for (name, file, bound) in [
        ("KaTeX", "vendor/katex/katex.js", "85 KB"),
        ("highlight.js", "vendor/highlight.js", "60 KB"),
        ("uPlot", "vendor/uplot/uplot.js", "26 KB"),
    ] {
        page.seen().forget();
        let fetch = format!(
            "fetch(document.querySelector('script[type=module]').src.replace(/app\\.js$/, '{file}')).then((answer) => answer.ok && answer.text()).then(Boolean)"
        );
        let is_there = page.js(&fetch).await;
        page.until_seen("the file", |page| {
            page.bodies().iter().any(|(_, bytes)| *bytes > 0.0)
        })
        .await;
        let bytes: f64 = page.bodies().iter().map(|(_, bytes)| bytes).sum();
        let shown = if is_there == true {
            format!("{:.1} KB", bytes / 1024.0)
        } else {
            "not found".to_owned()
        };
        report.value(format!("lazy: {name}, gzip (bound {bound})"), shown);
    }
    page.call("Network.setExtraHTTPHeaders", json!({ "headers": {} }))
        .await;
    page.call(
        "Network.setCacheDisabled",
        json!({ "cacheDisabled": false }),
    )
    .await;
}

fn is_asset(url: &str) -> bool {
    url.contains("/a/")
}
