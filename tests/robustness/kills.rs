//! `kill -9` at random points: nothing acknowledged is lost, the database is sound, the next start serves.
//!
//! The same loop as `cargo bench --bench engine -- kill`, a few times, at points that need no clock.

use crate::support::endpoint;
use endpoint::Endpoint;
use killing::{Tally, attend, kill_often};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

#[path = "../../benches/engine/killing.rs"]
pub(super) mod killing;

/// Tells a process of this very test where it is to attend.
const ATTEND: &str = "ANTEROOM_TEST_ATTEND";
/// Kills for each of the seeds.
const KILLS: usize = 9;
const SEEDS: [u64; 3] = [1, 2, 3];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_was_told_is_lost_when_it_is_killed() {
    if let Ok(place) = std::env::var(ATTEND) {
        let (folder, url) = place.split_once('|').unwrap();
        // Whoever reads this takes whole lines only, and the test's own has begun.
        println!();
        attend(&PathBuf::from(folder), url).await.unwrap();
        return;
    }
    let mut workers = Vec::new();
    for seed in SEEDS {
        let endpoint = Arc::new(Endpoint::start().await);
        workers.push(tokio::task::spawn_blocking(move || {
            let url = endpoint.base_url();
            kill_often(&endpoint, KILLS, seed, false, &|home| {
                let mut command = Command::new(std::env::current_exe().unwrap());
                let own = concat!(
                    module_path!(),
                    "::nothing_that_was_told_is_lost_when_it_is_killed"
                );
                let (_, name) = own.split_once("::").unwrap();
                command.args([name, "--exact", "--nocapture", "--test-threads=1"]);
                command.env(ATTEND, format!("{}|{url}", home.path().display()));
                command
            })
        }));
    }
    let mut tally = Tally::default();
    for worker in workers {
        tally.add(worker.await.unwrap());
    }
    assert!(tally.is_clean(), "{tally:?}");
    assert!(tally.kills >= KILLS * SEEDS.len(), "{tally:?}");
    assert!(
        tally.first_starts > 0,
        "none of them was a first start: {tally:?}"
    );
    for noun in ["turn", "item", "approval", "canvas"] {
        assert!(tally.nouns.contains_key(noun), "nothing was told of {noun}");
    }
    assert!(
        tally.acknowledged > 500,
        "hardly anything was told: {tally:?}"
    );
}
