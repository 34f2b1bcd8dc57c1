//! `kill [N] [SEED]`: kills the real program so often, several side by side, and counts what was lost.

use crate::endpoint::Endpoint;
use crate::killing::{Tally, attend, kill_often};
use crate::report::Samples;
use crate::report::time;
use crate::world::warm_up;
use anyhow::{Context, ensure};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

/// Kills without a number.
const KILLS: usize = 1000;
/// How many homes are killed in side by side.
const SIDE_BY_SIDE: usize = 4;

pub(crate) async fn run(words: &[String]) -> anyhow::Result<()> {
    let number = |at: usize| words.get(at).map(|word| word.parse::<u64>()).transpose();
    let kills = match number(0).context("how often")? {
        Some(kills) => usize::try_from(kills)?,
        None => KILLS,
    };
    let seed = match number(1).context("the seed")? {
        Some(seed) => seed,
        None => u64::from(std::process::id()) ^ Instant::now().elapsed().as_nanos() as u64,
    };
    println!("### kill: {kills} times, seed {seed}\n");
    warm_up().await?;
    let since = Instant::now();
    let mut workers = Vec::new();
    for worker in 0..SIDE_BY_SIDE {
        let endpoint = Arc::new(Endpoint::start().await);
        let share = kills / SIDE_BY_SIDE + usize::from(worker < kills % SIDE_BY_SIDE);
        let seed = seed.wrapping_mul(31).wrapping_add(worker as u64);
        workers.push(tokio::task::spawn_blocking(move || {
            let url = endpoint.base_url();
            kill_often(&endpoint, share, seed, true, &|home| {
                let mut command = Command::new(std::env::current_exe().unwrap_or_default());
                command
                    .args(["--child", "attend"])
                    .arg(home.path())
                    .arg(&url);
                command
            })
        }));
    }
    let mut tally = Tally::default();
    for worker in workers {
        tally.add(worker.await?);
    }
    print(&tally);
    println!("| all of it | {} |", time(since.elapsed()));
    for trouble in tally
        .lost
        .iter()
        .chain(&tally.corrupt)
        .chain(&tally.unserved)
        .take(20)
    {
        println!("\n{trouble}");
    }
    ensure!(
        tally.is_clean(),
        "something was lost; run it again with seed {seed}"
    );
    Ok(())
}

/// As the frontend of a person, in a process of its own.
pub(crate) async fn child(folder: &str, base_url: &str) -> anyhow::Result<()> {
    attend(Path::new(folder), base_url).await
}

fn print(tally: &Tally) {
    let mut served = Samples::default();
    served.extend(tally.served.iter().copied());
    println!("| what | |\n| --- | --- |");
    println!("| kills | {} |", tally.kills);
    println!(
        "| … during a first start or a migration | {} |",
        tally.first_starts
    );
    println!("| … that came too late | {} |", tally.missed);
    println!(
        "| facts acknowledged and compared | {} |",
        tally.acknowledged
    );
    for (noun, count) in &tally.nouns {
        println!("| … about: {noun} | {count} |");
    }
    println!("| … lost | {} |", tally.lost.len());
    println!("| troubles with a database | {} |", tally.corrupt.len());
    println!("| starts that did not serve | {} |", tally.unserved.len());
    println!(
        "| from starting again to the first stored fact: median, p99, at most | {}, {}, {} |",
        time(served.median()),
        time(served.quantile(0.99)),
        time(served.quantile(1.0)),
    );
}
