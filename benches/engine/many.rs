//! Many streamed turns at once in one host, against as many bare clients. The endpoint is in another process.

use crate::child;
use crate::memory::resident;
use crate::report::{Report, Samples};
use crate::stamped::{Plan, Stamped, delays};
use crate::turns::{ask, bare};
use crate::world::{Seen, World, follow, load_tools, turn};
use anteroom_model::{ChatRequest, Message};
use anyhow::Context;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const PLAN: Plan = Plan {
    thinks: Duration::ZERO,
    tokens: 20,
    pace: Duration::from_millis(250),
};

pub(crate) async fn measure(report: &mut Report, count: usize) -> anyhow::Result<()> {
    let endpoint = Stamped::start(PLAN).await?;
    let number = count.to_string();
    let mut both = Vec::new();
    for who in ["clients", "host"] {
        let words = ["many", who, &number, &endpoint.base_url()];
        let seen: Value = serde_json::from_str(&child::start(&words).await?)?;
        let samples = samples(&seen["delays"])?;
        report.times(
            format!("{count} streams, {who}: a token's way from the endpoint"),
            &samples,
        );
        report.times(
            format!("… {who}: asked to first token"),
            &self::samples(&seen["first"])?,
        );
        let words = |key: &str| seen[key].as_str().unwrap_or_default().to_owned();
        let rest = format!(
            "{} whole answers of {count}; {} tokens seen as previews of {}; all in {}",
            seen["whole"],
            samples.len(),
            count * PLAN.tokens,
            words("wall"),
        );
        report.value(format!("… {who}"), rest);
        report.value(format!("… {who}: resident"), words("resident"));
        both.push((samples, self::samples(&seen["first"])?));
    }
    if let [(clients, clients_first), (host, host_first)] = both.as_slice() {
        report.added("added by the host to a token's way", host, clients);
        report.added(
            "added by the host to the first token",
            host_first,
            clients_first,
        );
    }
    Ok(())
}

/// The child's part: prints what it saw as JSON.
pub(crate) async fn run(who: &str, count: usize, base_url: &str) -> anyhow::Result<Value> {
    let since = Instant::now();
    let all = if who == "host" {
        turns(count, base_url).await?
    } else {
        requests(count, base_url).await?
    };
    let wall = format!("{:.1} s", since.elapsed().as_secs_f64());
    let whole = all.iter().filter(|(_, _, is_whole)| *is_whole).count();
    let micros = |time: &Duration| time.as_micros() as u64;
    let delays: Vec<u64> = all
        .iter()
        .flat_map(|(delays, _, _)| delays.iter().map(micros))
        .collect();
    let first: Vec<u64> = all.iter().map(|(_, first, _)| micros(first)).collect();
    Ok(json!({
        "delays": delays, "first": first, "whole": whole, "wall": wall,
        "resident": resident(std::process::id())?,
    }))
}

/// Delays of the tokens, time to the first one, whether the answer is whole.
type Stream = (Vec<Duration>, Duration, bool);

async fn turns(count: usize, base_url: &str) -> anyhow::Result<Vec<Stream>> {
    let world = World::new()?;
    let host = world.host(base_url).await?;
    load_tools(&world, &host).await?;
    let handle = host.handle();
    let mut conversations = Vec::new();
    for _ in 0..count {
        let conversation = world.open(&handle).await?;
        conversations.push((conversation, follow(&handle, conversation).await?));
    }
    let mut tasks = JoinSet::new();
    for (conversation, mut signals) in conversations {
        let handle = handle.clone();
        tasks.spawn(async move {
            let mut seen = Vec::new();
            let take = |words: &str| seen.extend(delays(words));
            let Seen { first, answer, .. } =
                turn(&handle, conversation, &mut signals, take).await?;
            let is_whole = answer.split_whitespace().count() == PLAN.tokens;
            anyhow::Ok((seen, first, is_whole))
        });
    }
    let all = tasks
        .join_all()
        .await
        .into_iter()
        .collect::<anyhow::Result<_>>()?;
    host.stop().await;
    Ok(all)
}

async fn requests(count: usize, base_url: &str) -> anyhow::Result<Vec<Stream>> {
    let client = bare(base_url)?;
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let client = client.clone();
        tasks.spawn(async move {
            let request = ChatRequest {
                model: "scripted".to_owned(),
                messages: vec![Message::user("Say something.")],
                tools: Vec::new(),
                extra: serde_json::Map::new(),
            };
            let mut seen = Vec::new();
            let mut first = None;
            let since = Instant::now();
            ask(&client, &request, |words| {
                first.get_or_insert_with(|| since.elapsed());
                seen.extend(delays(words));
            })
            .await?;
            let is_whole = seen.len() == PLAN.tokens;
            anyhow::Ok((seen, first.unwrap_or_default(), is_whole))
        });
    }
    tasks.join_all().await.into_iter().collect()
}

fn samples(micros: &Value) -> anyhow::Result<Samples> {
    let mut samples = Samples::default();
    let list = micros.as_array().context("a list of times")?;
    samples.extend(
        list.iter()
            .filter_map(Value::as_u64)
            .map(Duration::from_micros),
    );
    Ok(samples)
}
