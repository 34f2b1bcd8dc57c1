//! Measures what `docs/benchmarks.md` states of the web page: the built program, served to a real Chromium.
//!
//! ```text
//! cargo bench --bench web                 # everything
//! cargo bench --bench web -- load long    # groups whose names contain one of the words
//! ANTEROOM_BENCH_PROGRAM=$PWD/target/release/aroom cargo bench --profile dev --bench web   # a program that is there
//! ```
//!
//! Groups: `load` (what is transferred, P1; how soon one can write, P2), `long` (a conversation of 10 000 messages, P3),
//! `stream` (200 tokens a second for 60 s, 1 000 for 10 s, P4). Needs Chromium, as the tests do.

#[path = "web/load.rs"]
mod load;
#[path = "web/long.rs"]
mod long;
#[path = "engine/report.rs"]
#[allow(dead_code, reason = "the other bench uses all of it")]
mod report;
#[path = "web/scene.rs"]
mod scene;
#[path = "web/seed.rs"]
mod seed;
#[path = "web/stream.rs"]
mod stream;
#[path = "web/support.rs"]
mod support;

use report::Report;

fn main() -> anyhow::Result<()> {
    // Cargo adds `--bench`.
    let words = std::env::args().skip(1).filter(|word| word != "--bench");
    let mut report = Report::new(words.collect());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        if report.begins("load", true) {
            load::measure(&mut report).await?;
        }
        if report.begins("long", true) {
            long::measure(&mut report).await?;
        }
        if report.begins("stream", true) {
            stream::measure(&mut report).await?;
        }
        Ok(())
    })
}
