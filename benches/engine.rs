//! Measures what `docs/benchmarks.md` states, on the real crates and the real program, and prints Markdown tables.
//!
//! ```text
//! cargo bench --bench engine                  # everything that is not large
//! cargo bench --bench engine -- grep turn     # groups whose names contain one of the words
//! cargo bench --bench engine -- large         # grep and glob over 100 000 files
//! cargo bench --bench engine -- kill          # 1 000 kills of the program; `kill N SEED` for others
//! ANTEROOM_BENCH_FOLDER=/dev/shm cargo bench --bench engine -- turn   # without the disk's share
//! ```
//!
//! What is compared is measured in the same run, turn by turn, so that the ratios hold on a busy machine too.
//! Memory is measured in processes of their own: this program starts itself again with `--child`.

#[path = "engine/child.rs"]
mod child;
#[path = "../tests/support/endpoint.rs"]
mod endpoint;
#[path = "engine/files.rs"]
mod files;
#[path = "../builtin-tools/embed/build/guest.rs"]
mod guest;
#[path = "../tests/support/http.rs"]
mod http;
#[path = "engine/kill.rs"]
mod kill;
#[path = "engine/killing.rs"]
mod killing;
#[path = "engine/many.rs"]
mod many;
#[path = "engine/memory.rs"]
mod memory;
#[path = "engine/mutants.rs"]
mod mutants;
#[path = "engine/processes.rs"]
mod processes;
#[cfg(unix)]
#[path = "../tests/support/pty.rs"]
mod pty;
#[path = "engine/report.rs"]
mod report;
#[path = "engine/runaway.rs"]
mod runaway;
#[path = "engine/served.rs"]
mod served;
#[path = "engine/stamped.rs"]
mod stamped;
#[path = "engine/starts.rs"]
mod starts;
#[path = "engine/storage.rs"]
mod storage;
#[path = "engine/synced.rs"]
mod synced;
#[cfg(unix)]
#[path = "engine/terminal.rs"]
mod terminal;
#[path = "engine/tools.rs"]
mod tools;
#[path = "engine/tree.rs"]
mod tree;
#[path = "engine/turns.rs"]
mod turns;
#[path = "engine/world.rs"]
mod world;

use report::Report;

fn main() -> anyhow::Result<()> {
    // Cargo adds `--bench`.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        if let Some((first, rest)) = words.split_first()
            && first == "--child"
        {
            return child::run(rest).await;
        }
        if let Some((first, rest)) = words.split_first()
            && first == "kill"
        {
            return kill::run(rest).await;
        }
        let mut report = Report::new(words);
        measure(&mut report).await
    })
}

async fn measure(report: &mut Report) -> anyhow::Result<()> {
    world::warm_up().await?;
    if report.begins("version", true) {
        starts::version(report).await?;
    }
    if report.begins("exec", true) {
        starts::exec(report).await?;
    }
    if report.begins("host-start", true) {
        starts::host(report).await?;
    }
    if report.begins("turn", true) {
        turns::overhead(report).await?;
    }
    #[cfg(unix)]
    if report.begins("terminal", true) {
        terminal::measure(report).await?;
    }
    if report.begins("first-token", true) {
        turns::first_token(report).await?;
    }
    if report.begins("deltas", true) {
        turns::deltas(report).await?;
    }
    if report.begins("web-page", true) {
        served::page(report).await?;
    }
    if report.begins("web-first-token", true) {
        served::first_token(report).await?;
    }
    if report.begins("web-deltas", true) {
        served::deltas(report).await?;
    }
    if report.begins("web-many-1000", true) {
        served::many(report, 1000).await?;
    }
    if report.begins("call", true) {
        tools::calls(report).await?;
    }
    if report.begins("read-file", true) {
        files::read_file(report).await?;
    }
    if report.begins("grep", true) {
        files::grep(report, &tree::SMALL).await?;
    }
    if report.begins("glob", true) {
        files::glob(report, &tree::SMALL).await?;
    }
    if report.begins("large", false) {
        files::grep(report, &tree::LARGE).await?;
        files::glob(report, &tree::LARGE).await?;
    }
    if report.begins("runaway", true) {
        runaway::overshoot(report).await?;
    }
    if report.begins("components", false) {
        runaway::components(report).await?;
    }
    if report.begins("synced", false) {
        synced::measure(report).await?;
    }
    if report.begins("storage", true) {
        storage::measure(report).await?;
    }
    if report.begins("processes", true) {
        processes::measure(report).await?;
    }
    if report.begins("memory", true) {
        memory::measure(report).await?;
    }
    for count in [100, 1000] {
        if report.begins(&format!("many-{count}"), true) {
            many::measure(report, count).await?;
        }
    }
    Ok(())
}
