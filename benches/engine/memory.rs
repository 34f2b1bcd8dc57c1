//! Sizes: of the program on disk, of a waiting `aroom exec`, of an idle host.

use crate::child;
use crate::endpoint::{Endpoint, Gate, Reply};
use crate::report::Report;
use crate::starts::program;
use crate::world::World;
use std::time::Duration;

pub(crate) async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let size = std::fs::metadata(env!("CARGO_BIN_EXE_aroom"))?.len();
    report.value("the binary, stripped", megabytes(size));

    let idle = child::start(&["idle"]).await?;
    report.value("idle host, all tools loaded: resident", idle);

    let world = World::new()?;
    let gate = Gate::new();
    let endpoint = Endpoint::start().await;
    let held = gate.clone();
    endpoint.choose(move |_| Some(Reply::stream().wait(&held).say("Fine.")));
    for round in 0..3 {
        let mut child = program(&world, &endpoint.base_url())
            .args(["exec", "Say something."])
            .spawn()?;
        endpoint.chat(round).await;
        // What was begun before the request settles.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let held = resident(child.id());
        child.kill()?;
        child.wait()?;
        report.value("`aroom exec` waiting at the endpoint: resident", held?);
    }
    Ok(())
}

/// Resident memory of a process, with its parts.
pub(crate) fn resident(process: u32) -> anyhow::Result<String> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes =
            line.and_then(|line| line.trim_end_matches("kB").trim().parse::<u64>().ok());
        megabytes(kilobytes.unwrap_or_default() << 10)
    };
    Ok(format!(
        "{} (own {}, of files {}); at most {}",
        field("VmRSS:"),
        field("RssAnon:"),
        field("RssFile:"),
        field("VmHWM:"),
    ))
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
