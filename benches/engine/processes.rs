//! Two hosts on one database, as two processes are: how soon one sees what the other did, what a wish costs that
//! is carried out next door, and what waiting for each other costs when nothing happens.

use crate::endpoint::{Endpoint, Gate, Reply};
use crate::report::{Report, Samples, time};
use crate::world::{World, follow};
use anteroom_api::{
    Content, ConversationEvent, ConversationId, ConversationOp, Event, HostHandle, Signal, Signals,
    TurnOp, TurnOptions,
};
use anyhow::{Context, bail, ensure};
use std::time::{Duration, Instant};

const ROUNDS: usize = 300;
/// How long the hosts are left alone.
const IDLE: Duration = Duration::from_secs(10);

pub(crate) async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let gate = Gate::new();
    let endpoint = Endpoint::with([Reply::silence(&gate)]).await;
    let world = World::new()?;
    let one = world.host(&endpoint.base_url()).await?;
    let other = world.host(&endpoint.base_url()).await?;
    let (here, there) = (one.handle(), other.handle());
    let conversation = world.open(&here).await?;

    let mut signals = follow(&there, conversation).await?;
    let (mut seen, mut stored) = (Samples::default(), Samples::default());
    for round in 0..ROUNDS {
        let title = format!("title {round}");
        let op = ConversationOp::Rename {
            conversation,
            title: title.clone(),
        };
        let since = Instant::now();
        submit(&here, op).await?;
        stored.add(since.elapsed());
        renamed(&mut signals, &title).await?;
        seen.add(since.elapsed());
    }
    report.times("a wish until it is stored", &stored);
    report.times("a wish until the other host's follower has the fact", &seen);
    report.added("cross-process delivery alone", &seen, &stored);

    // A turn that waits for its endpoint: input given next door waits behind it.
    start(&here, conversation).await?;
    gate.reached().await;
    let mut forwarded = Samples::default();
    for _ in 0..ROUNDS / 3 {
        let since = Instant::now();
        let turn = start(&there, conversation).await?;
        forwarded.add(since.elapsed());
        submit(&there, TurnOp::Unqueue { turn }).await?;
    }
    report.times("input queued behind the other host's turn", &forwarded);
    gate.open();

    let before = processor_time()?;
    tokio::time::sleep(IDLE).await;
    let used = processor_time()?.saturating_sub(before);
    report.value(
        format!(
            "processor time of both in {} s without work",
            IDLE.as_secs()
        ),
        time(used),
    );
    one.stop().await;
    other.stop().await;
    Ok(())
}

async fn submit(
    handle: &HostHandle,
    op: impl Into<anteroom_api::Op>,
) -> anyhow::Result<anteroom_api::OpId> {
    let taken = handle.submit(op).await;
    taken.map_err(|rejection| anyhow::anyhow!("{rejection:?}"))
}

async fn start(
    handle: &HostHandle,
    conversation: ConversationId,
) -> anyhow::Result<anteroom_api::TurnId> {
    let start = TurnOp::Start {
        conversation,
        input: vec![Content::text("go on")],
        options: TurnOptions::default(),
    };
    Ok(submit(handle, start).await?.into())
}

async fn renamed(signals: &mut Signals, wanted: &str) -> anyhow::Result<()> {
    loop {
        match signals.next().await.context("the host has ended")? {
            Signal::Event { envelope } => match envelope.event {
                Event::Conversation(ConversationEvent::Renamed { title, .. })
                    if title == wanted =>
                {
                    return Ok(());
                }
                _ => {}
            },
            Signal::Delta { .. } => {}
            Signal::Stirred { .. } => {}
            signal @ (Signal::Lagged { .. } | Signal::Trouble { .. }) => bail!("{signal:?}"),
        }
    }
}

/// What all threads of this process have used.
fn processor_time() -> anyhow::Result<Duration> {
    let mut nanos: u64 = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let stat = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
        let used = stat
            .split(' ')
            .next()
            .and_then(|used| used.parse::<u64>().ok());
        nanos += used.unwrap_or_default();
    }
    ensure!(nanos > 0, "this system does not tell what threads use");
    Ok(Duration::from_nanos(nanos))
}
