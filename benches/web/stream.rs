//! Tokens as fast as a fast model gives them, while somebody types: what the page's main thread does (P4).

use crate::report::{Report, Samples};
use crate::scene::{Scene, say};
use crate::support::endpoint::{Gate, Reply};
use serde_json::Value;
use std::time::Duration;

/// Between two keys: no multiple of a frame.
const KEY: Duration = Duration::from_millis(170);

/// Frames, long tasks and the echo of keys, told by the page itself.
const WATCH: &str = "globalThis.seen = { frames: [], tasks: [], keys: [] };
    new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map((one) => one.duration))).observe({ type: 'longtask' });
    { let last = performance.now(); const frame = (now) => { seen.frames.push(now - last); last = now; requestAnimationFrame(frame) }; requestAnimationFrame(frame) }
    document.addEventListener('keydown', (event) => { const at = event.timeStamp; requestAnimationFrame(() => setTimeout(() => seen.keys.push(performance.now() - at))) }, true);";

pub(crate) async fn measure(report: &mut Report) -> anyhow::Result<()> {
    run(report, 200, 60).await?;
    run(report, 1_000, 10).await
}

/// An answer of so many tokens in paragraphs, lists and code, some tokens behind each gate.
fn answer(gates: usize, tokens: usize) -> (Vec<Gate>, Reply) {
    let words = [
        "The ", "loader ", "reads ", "`its` ", "layers ", "in ", "order, ", "**one** ", "after ",
        "the ", "other. ",
    ];
    let mut reply = Reply::stream();
    let mut all = Vec::with_capacity(gates);
    let mut number = 0;
    for _ in 0..gates {
        let gate = Gate::new();
        reply = reply.wait(&gate);
        all.push(gate);
        for _ in 0..tokens {
            let token = match number % 120 {
                39 => "\n\n- a list\n- of two\n\n",
                79 => "\n\n```rust\nlet layer = load();\n```\n\n",
                119 => "\n\n",
                at => words[at % words.len()],
            };
            reply = reply.token(token);
            number += 1;
        }
    }
    (all, reply)
}

/// What the page told of an answer on its way.
struct Played {
    /// How much of the time the main thread was at work, in percent.
    busy: f64,
    /// What [`WATCH`] saw, if it was there.
    seen: Value,
}

/// Plays an answer. `is_watched` has somebody type meanwhile and the page count its frames, for which it draws one
/// after the other; without it nothing happens but the answer.
async fn play(per_second: usize, seconds: usize, is_watched: bool) -> anyhow::Result<Played> {
    // At most 200 wake-ups a second, each with as many tokens as its time holds.
    let per_gate = per_second.div_ceil(200);
    let gates = per_second * seconds / per_gate;
    let pause = Duration::from_secs_f64(per_gate as f64 / per_second as f64);
    let (gates, reply) = answer(gates, per_gate);
    let mut scene = Scene::new([reply]).await?;
    scene.serve()?;
    let page = scene.page().await?;
    say(&page, "go").await;
    scene.endpoint.chat(0).await;
    if is_watched {
        page.js(WATCH).await;
    }
    let busy = page.metric("TaskDuration").await;
    let since = tokio::time::Instant::now();
    let playing = tokio::spawn(async move {
        let mut clock = tokio::time::interval(pause);
        for gate in &gates {
            clock.tick().await;
            gate.open();
        }
    });
    let mut clock = tokio::time::interval(KEY);
    while is_watched && !playing.is_finished() {
        clock.tick().await;
        page.press("a").await;
    }
    playing.await?;
    let lasted = since.elapsed().as_secs_f64();
    let busy = page.metric("TaskDuration").await - busy;
    let seen = match is_watched {
        true => page.js("seen").await,
        false => Value::Null,
    };
    Ok(Played {
        busy: busy * 100.0 / lasted,
        seen,
    })
}

async fn run(report: &mut Report, per_second: usize, seconds: usize) -> anyhow::Result<()> {
    let alone = play(per_second, seconds, false).await?;
    let Played { busy, seen } = play(per_second, seconds, true).await?;
    let numbers = |name: &str| -> Vec<f64> {
        let list = seen[name].as_array().into_iter().flatten();
        list.filter_map(Value::as_f64).collect()
    };
    let what = format!("{per_second} tokens a second for {seconds} s");
    let (frames, tasks) = (numbers("frames"), numbers("tasks"));
    let late =
        frames.iter().filter(|ms| **ms > 34.0).count() as f64 * 100.0 / frames.len().max(1) as f64;
    report.value(
        format!("{what}: the main thread at work (bound 15 %)"),
        format!("{:.1} %", alone.busy),
    );
    report.value(
        "… with typing, and a picture drawn for each frame that is counted",
        format!("{busy:.1} %"),
    );
    report.value(
        "… frames above 34 ms (bound 1 %)",
        format!("{late:.2} % of {}", frames.len()),
    );
    let longest = tasks.iter().copied().fold(0.0, f64::max);
    report.value(
        "… tasks above 50 ms (bound: none from the renderer)",
        format!("{}, longest {longest:.0} ms", tasks.len()),
    );
    let mut keys = Samples::default();
    keys.extend(
        numbers("keys")
            .into_iter()
            .map(|ms| Duration::from_secs_f64(ms.max(0.0) / 1e3)),
    );
    report.times("… a key to its paint (bound 50 ms at p95)", &keys);
    Ok(())
}
