//! `runaway` and `components`: how long after its limit a guest is stopped, and 10 000 components that are broken.

use crate::endpoint::{Endpoint, Reply};
use crate::guest::{Guests, shared_target};
use crate::mutants;
use crate::report::{Report, Samples};
use crate::world::{World, follow};
use anteroom_api::{
    ApprovalEvent, ApprovalOp, Content, Decision, Event, ItemBody, ItemEvent, Mode, Scope, Signal,
    TurnEvent, TurnOp, TurnOptions,
};
use anyhow::{Context, ensure};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// What the guests of `tests/guests/hostile` ask for.
const LIMIT: Duration = Duration::from_secs(2);
const ROUNDS: usize = 10;
/// Mutants of the smallest component, and of a real one.
const TINY: usize = 9_800;
const REAL: usize = 200;

fn hostile() -> anyhow::Result<Vec<u8>> {
    let guests = Guests {
        manifest: &Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"),
        packages: &["anteroom-tool-hostile"],
        profile: "guest",
        target: &shared_target(Path::new(env!("CARGO_TARGET_TMPDIR"))),
    };
    let built = guests.build().map_err(anyhow::Error::msg)?;
    Ok(std::fs::read(built.first().context("a guest")?)?)
}

pub(crate) async fn overshoot(report: &mut Report) -> anyhow::Result<()> {
    let endpoint = Endpoint::start().await;
    let world = World::new()?;
    let tools = world.path().join("home/.anteroom/tools");
    std::fs::create_dir_all(&tools)?;
    std::fs::write(tools.join("hostile.wasm"), hostile()?)?;
    let host = world.host(&endpoint.base_url()).await?;
    for (figure, tools) in [
        ("an endless loop, stopped after its limit", &["spin"][..]),
        ("a guest that waits in the host", &["sleep"][..]),
        ("four endless loops at once", &["spin"; 4][..]),
    ] {
        let mut late = Samples::default();
        for _ in 0..ROUNDS {
            for wall in walls(&world, &endpoint, &host.handle(), tools).await? {
                ensure!(wall >= LIMIT, "stopped before its limit: {wall:?}");
                late.add(wall.saturating_sub(LIMIT));
            }
        }
        report.times(figure, &late);
    }
    host.stop().await;
    Ok(())
}

/// The wall times of calls made at once, as their meters say.
async fn walls(
    world: &World,
    endpoint: &Endpoint,
    handle: &anteroom_api::HostHandle,
    tools: &[&str],
) -> anyhow::Result<Vec<Duration>> {
    let reply = tools.iter().fold(Reply::stream(), |reply, tool| {
        reply.and_call(tool, json!({}))
    });
    endpoint.script([reply, Reply::text("over")]);
    let told = |rejection| anyhow::anyhow!("{rejection:?}");
    let conversation = world.open(handle).await?;
    let mut signals = follow(handle, conversation).await?;
    let start = TurnOp::Start {
        conversation,
        input: vec![Content::text("go")],
        options: TurnOptions {
            mode: Some(Mode::Auto),
            is_attended: true,
            ..TurnOptions::default()
        },
    };
    handle.submit(start).await.map_err(told)?;
    let mut walls = Vec::new();
    loop {
        let Signal::Event { envelope } = signals.next().await.context("the host has ended")? else {
            continue;
        };
        match envelope.event {
            Event::Approval(ApprovalEvent::Requested { approval }) => {
                let decide = ApprovalOp::Decide {
                    approval: approval.id,
                    digest: approval.digest,
                    decision: Decision::Allow { scope: Scope::Once },
                    by: "bench".to_owned(),
                };
                handle.submit(decide).await.map_err(told)?;
            }
            Event::Item(ItemEvent::Completed(item)) => {
                if let ItemBody::ToolCall(call) = item.body {
                    let meter = call.meter.context("a meter")?;
                    walls.push(Duration::from_micros(meter.wall_us));
                }
            }
            Event::Turn(TurnEvent::Ended { .. }) => return Ok(walls),
            _ => {}
        }
    }
}

pub(crate) async fn components(report: &mut Report) -> anyhow::Result<()> {
    for (name, bases, count) in [
        (
            "the smallest component",
            vec![mutants::tiny(), mutants::tiny_of_the_first()],
            TINY,
        ),
        (
            "a real one, 340 KB",
            vec![hostile()?, mutants::tiny()],
            REAL,
        ),
    ] {
        let folder = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
        let seen = mutants::load(folder.path(), &bases, count, 7).await;
        let refused: usize = seen.refused.values().sum();
        report.value(format!("mutants of {name}"), seen.mutants);
        report.value("… refused with a reason", refused);
        report.value("… sound and taken", seen.loaded);
        report.value(
            "… different reasons, by their beginnings",
            seen.refused.len(),
        );
    }
    Ok(())
}
