//! What the host adds to the endpoint's own time: a whole turn, the first token, a flood of small deltas.
//!
//! The baseline is always the bare model client with the same request at the same endpoint, turn by turn.

use crate::endpoint::{Endpoint, Reply, Request};
use crate::report::{Report, Samples, time};
use crate::stamped::{Plan, Stamped, THINKS, delays};
use crate::storage::Book;
use crate::world::{World, follow, turn};
use anteroom_api::Stop;
use anteroom_model::{ChatRequest, Client, Message, StreamEvent, ToolDefinition};
use anyhow::{Context, ensure};
use serde_json::json;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

const ROUNDS: usize = 300;
const DELTAS: usize = 200_000;

/// One turn without calls, in a conversation that has had one.
pub(crate) async fn overhead(report: &mut Report) -> anyhow::Result<()> {
    let endpoint = Endpoint::start().await;
    endpoint.choose(|_| Some(Reply::text("Fine.")));
    let world = World::new()?;
    let host = world.host(&endpoint.base_url()).await?;
    let handle = host.handle();
    let client = bare(&endpoint.base_url())?;
    let book = Book::open(&world.path().join("book.db")).await?;
    let (mut turns, mut bares, mut appends, mut syncs) = (
        Samples::default(),
        Samples::default(),
        Samples::default(),
        Samples::default(),
    );
    let mut request = None;
    for round in 0..ROUNDS + 20 {
        let conversation = world.open(&handle).await?;
        let mut signals = follow(&handle, conversation).await?;
        turn(&handle, conversation, &mut signals, |_| {}).await?;
        let seen = turn(&handle, conversation, &mut signals, |_| {}).await?;
        if request.is_none() {
            let chats = endpoint.chats();
            request = Some(same(chats.last().context("nothing was asked")?)?);
        }
        let Some(request) = &request else { continue };
        let since = Instant::now();
        ask(&client, request, |_| {}).await?;
        let bare = since.elapsed();
        let append = book.turn(round).await?;
        let sync = synced(&world.path().join("sync"))?;
        if round >= 20 {
            turns.add(seen.ended);
            bares.add(bare);
            appends.add(append);
            syncs.add(sync);
        }
    }
    report.times(
        "a turn in process, submit to its end at the follower",
        &turns,
    );
    report.times("the same request by the bare client", &bares);
    report.added("overhead of the host", &turns, &bares);
    report.ratio("a turn against the bare request", &turns, &bares);
    report.times("its appends alone (2 commits)", &appends);
    report.times("one 4 KB write and `fdatasync` on this disk", &syncs);
    host.stop().await;
    Ok(())
}

/// From the endpoint's sending to being seen, and from asking to being seen.
pub(crate) async fn first_token(report: &mut Report) -> anyhow::Result<()> {
    let endpoint = Stamped::start(Plan {
        thinks: THINKS,
        tokens: 1,
        pace: Duration::ZERO,
    })
    .await?;
    let recorder = Endpoint::with([Reply::text("Fine.")]).await;
    let world = World::new()?;
    let host = world.host(&recorder.base_url()).await?;
    let conversation = world.open(&host.handle()).await?;
    let mut signals = follow(&host.handle(), conversation).await?;
    turn(&host.handle(), conversation, &mut signals, |_| {}).await?;
    let request = same(&recorder.chat(0).await)?;
    host.stop().await;

    let host = world.host(&endpoint.base_url()).await?;
    let handle = host.handle();
    let client = bare(&endpoint.base_url())?;
    let (mut bare_way, mut host_way, mut bare_whole, mut host_whole) = (
        Samples::default(),
        Samples::default(),
        Samples::default(),
        Samples::default(),
    );
    for round in 0..ROUNDS * 2 + 20 {
        let conversation = world.open(&handle).await?;
        let mut signals = follow(&handle, conversation).await?;
        let mut way = Vec::new();
        let take = |words: &str| way.extend(delays(words));
        let seen = turn(&handle, conversation, &mut signals, take).await?;
        let mut bare = Vec::new();
        let since = Instant::now();
        let mut first = Duration::ZERO;
        ask(&client, &request, |words| {
            first = since.elapsed();
            bare.extend(delays(words));
        })
        .await?;
        ensure!(way.len() == 1 && bare.len() == 1, "a token was not seen");
        if round >= 20 {
            host_way.extend(way);
            bare_way.extend(bare);
            host_whole.add(seen.first);
            bare_whole.add(first);
        }
    }
    report.times(
        "first token, endpoint's write to the bare client",
        &bare_way,
    );
    report.times(
        "first token, endpoint's write to a follower of the host",
        &host_way,
    );
    report.added("added on the way back", &host_way, &bare_way);
    report.times("asked to first token, bare client", &bare_whole);
    report.times("asked to first token, follower of the host", &host_whole);
    report.added("added from asking to seeing", &host_whole, &bare_whole);
    host.stop().await;
    Ok(())
}

/// One answer of many small deltas.
pub(crate) async fn deltas(report: &mut Report) -> anyhow::Result<()> {
    let endpoint = Endpoint::start().await;
    endpoint.choose(|_| Some(Reply::many(&json!({ "content": "word " }), DELTAS)));
    let world = World::new()?;
    let host = world.host(&endpoint.base_url()).await?;
    let handle = host.handle();
    let client = bare(&endpoint.base_url())?;
    let mut request = None;
    for _ in 0..5 {
        let conversation = world.open(&handle).await?;
        let mut signals = follow(&handle, conversation).await?;
        let seen = turn(&handle, conversation, &mut signals, |_| {}).await?;
        ensure!(seen.answer.len() == DELTAS * 5, "the answer is not whole");
        if request.is_none() {
            let chats = endpoint.chats();
            request = Some(same(chats.last().context("nothing was asked")?)?);
        }
        let Some(request) = &request else { continue };
        let mut told = 0;
        let since = Instant::now();
        ask(&client, request, |words| told += words.len() / 5).await?;
        let bare = since.elapsed();
        ensure!(told == DELTAS, "the bare client lost words");
        let rate = |time: Duration| format!("{:.0} deltas/s", DELTAS as f64 / time.as_secs_f64());
        report.value("bare client", format!("{} in {}", rate(bare), time(bare)));
        let kept = 100.0 * seen.previewed as f64 / (DELTAS * 5) as f64;
        report.value(
            "client, host and bus to a follower",
            format!(
                "{} in {}; {kept:.0} % of the words came as {} previews",
                rate(seen.ended),
                time(seen.ended),
                seen.deltas
            ),
        );
    }
    host.stop().await;
    Ok(())
}

/// A client of the model endpoint, without a host around it.
pub(crate) fn bare(base_url: &str) -> anyhow::Result<Client> {
    Ok(Client::new(anteroom_model::Endpoint::new(base_url))?)
}

/// Asks and hands on each piece of text.
pub(crate) async fn ask(
    client: &Client,
    request: &ChatRequest,
    mut words: impl FnMut(&str) + Send,
) -> anyhow::Result<()> {
    let (_raise, stop) = Stop::new();
    let mut take = |event| {
        if let StreamEvent::Text(text) = event {
            words(&text);
        }
    };
    client.stream(request, stop, &mut take).await?;
    Ok(())
}

/// The request that the host sent, for the bare client to send again.
pub(crate) fn same(sent: &Request) -> anyhow::Result<ChatRequest> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let list = |key: &str| sent.json[key].as_array().cloned().unwrap_or_default();
    let messages = list("messages").into_iter().map(|message| {
        let words = text(&message["content"]);
        match message["role"].as_str() {
            Some("system") => Ok(Message::system(words)),
            Some("user") => Ok(Message::user(words)),
            Some("assistant") => Ok(Message::assistant(words, Vec::new())),
            other => Err(anyhow::anyhow!("a message of {other:?}")),
        }
    });
    let tools = list("tools").into_iter().map(|tool| ToolDefinition {
        name: text(&tool["function"]["name"]),
        description: text(&tool["function"]["description"]),
        parameters: tool["function"]["parameters"].clone(),
    });
    Ok(ChatRequest {
        model: text(&sent.json["model"]),
        messages: messages.collect::<anyhow::Result<_>>()?,
        tools: tools.collect(),
        extra: serde_json::Map::new(),
    })
}

fn synced(path: &Path) -> anyhow::Result<Duration> {
    let mut file = File::options().create(true).append(true).open(path)?;
    let since = Instant::now();
    file.write_all(&[7; 4096])?;
    file.sync_data()?;
    Ok(since.elapsed())
}
