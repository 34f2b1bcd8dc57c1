//! The real program as a server: how soon its page is there, what it takes, and what it adds on a token's way to a
//! browser. The browser is a plain HTTP client, so that what a real one does with a token is not counted.

use crate::endpoint::{Endpoint, Reply};
use crate::http::{Browser, Events};
use crate::memory::resident;
use crate::report::{Report, Samples, time};
use crate::stamped::{Plan, Stamped, THINKS, delays};
use crate::starts::program;
use crate::turns::{ask, bare, same};
use crate::world::World;
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const ROUNDS: usize = 300;
const DELTAS: usize = 200_000;
/// A session may hold some streams only, as a browser does.
const STREAMS_OF_ONE: usize = 10;

/// A server in a process of its own; dropping it ends it.
struct Served {
    child: Child,
    url: String,
    link: String,
}

impl Served {
    async fn start(world: &World, base_url: &str) -> anyhow::Result<Self> {
        let mut child = program(world, base_url)
            .args(["serve", "--port", "0", "--json", "--approval-mode", "auto"])
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().context("no output")?;
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(output).read_line(&mut line).map(|_| line)
        });
        let told: Value = serde_json::from_str(&line.await??)?;
        let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
        let (url, link) = (text("url"), text("link"));
        ensure!(!url.is_empty(), "it does not serve: {told}");
        Ok(Self { child, url, link })
    }

    /// What anybody may ask for.
    fn stranger(&self) -> Browser {
        let host = self.url.trim_start_matches("http://").trim_end_matches('/');
        Browser {
            host: host.to_owned(),
            cookie: String::new(),
            tab: String::new(),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// From the start of the process to the first page; static files; what it takes at rest.
pub(crate) async fn page(report: &mut Report) -> anyhow::Result<()> {
    let world = World::new()?;
    let mut pages = Samples::default();
    for run in 0..21 {
        let since = Instant::now();
        let served = Served::start(&world, "http://127.0.0.1:9/v1").await?;
        let page = served.stranger().send("GET", "/", None).await?;
        let took = since.elapsed();
        ensure!(page.status == 200, "{page:?}");
        if run > 0 {
            pages.add(took);
        }
    }
    report.times("`aroom serve`: start to the first page served", &pages);
    let mut first = Samples::default();
    for _ in 0..5 {
        let cache = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
        let world = World::with_cache(cache.path().join("cache"))?;
        let since = Instant::now();
        let served = Served::start(&world, "http://127.0.0.1:9/v1").await?;
        served.stranger().send("GET", "/", None).await?;
        first.add(since.elapsed());
    }
    report.times("… first start ever, new home and empty cache", &first);
    let served = Served::start(&world, "http://127.0.0.1:9/v1").await?;
    let stranger = served.stranger();
    let page = stranger.send("GET", "/", None).await?;
    let page = String::from_utf8_lossy(&page.body).into_owned();
    let asset = page
        .split('"')
        .find(|part| part.starts_with("/a/") && part.ends_with("/app.js"))
        .context("the page names no script")?;
    let mut statics = Samples::default();
    for _ in 0..ROUNDS {
        let since = Instant::now();
        let answer = stranger.send("GET", asset, None).await?;
        statics.add(since.elapsed());
        ensure!(answer.status == 200, "{answer:?}");
    }
    report.times("a static file, connection included", &statics);
    let browser = Browser::open(&served.link).await?;
    let _events = browser.events(&["host"]).await?;
    browser.get("/api/modules").await?;
    // What was begun settles.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    report.value(
        "at rest, all tools loaded, one browser: resident",
        resident(served.child.id())?,
    );
    Ok(())
}

/// A conversation of a browser, followed.
async fn open(browser: &Browser, world: &World) -> anyhow::Result<(String, Events)> {
    let workspace = world.workspace().display().to_string();
    let wish = json!({ "verb": "open", "workspace": workspace, "title": "bench" });
    let id = browser.op("conversation", wish).await?;
    let events = browser.events(&[&format!("conversation:{id}@1")]).await?;
    Ok((id, events))
}

async fn start(browser: &Browser, conversation: &str) -> anyhow::Result<()> {
    let input = json!([{ "type": "text", "text": "Say something." }]);
    let wish =
        json!({ "verb": "start", "conversation": conversation, "input": input, "options": {} });
    browser.op("turn", wish).await?;
    Ok(())
}

/// What a browser saw of a turn.
#[derive(Default)]
struct Watched {
    /// Until the first words.
    first: Duration,
    deltas: usize,
    /// Bytes of words in previews.
    previewed: usize,
    answer: String,
}

async fn watch(events: &mut Events, mut words: impl FnMut(&str)) -> anyhow::Result<Watched> {
    let since = Instant::now();
    let mut seen = Watched::default();
    while let Some(frame) = events.next().await? {
        let signals = frame.data["signals"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for signal in signals {
            let (delta, event) = (&signal["delta"], &signal["envelope"]["event"]);
            if let (Some("text"), Some(text)) = (delta["delta"].as_str(), delta["text"].as_str()) {
                words(text);
                if seen.deltas == 0 {
                    seen.first = since.elapsed();
                }
                seen.deltas += 1;
                seen.previewed += text.len();
            }
            let body = &event["event"]["item"]["body"];
            if event["event"]["verb"] == "completed" && body["kind"] == "agent_message" {
                seen.answer = body["text"].as_str().unwrap_or_default().to_owned();
            }
            if event["noun"] == "turn" && event["event"]["verb"] == "ended" {
                return Ok(seen);
            }
        }
    }
    anyhow::bail!("the stream ended within the turn")
}

/// From the endpoint's sending to the browser's reading, and from asking to reading.
pub(crate) async fn first_token(report: &mut Report) -> anyhow::Result<()> {
    let plan = Plan {
        thinks: THINKS,
        tokens: 1,
        pace: Duration::ZERO,
    };
    let endpoint = Stamped::start(plan).await?;
    let world = World::new()?;
    let recorder = Endpoint::with([Reply::text("Fine.")]).await;
    let served = Served::start(&world, &recorder.base_url()).await?;
    let browser = Browser::open(&served.link).await?;
    let (id, mut events) = open(&browser, &world).await?;
    start(&browser, &id).await?;
    watch(&mut events, |_| {}).await?;
    let request = same(&recorder.chat(0).await)?;
    drop(served);

    let served = Served::start(&world, &endpoint.base_url()).await?;
    let browser = Browser::open(&served.link).await?;
    let client = bare(&endpoint.base_url())?;
    let (mut bare_way, mut web_way) = (Samples::default(), Samples::default());
    let (mut bare_whole, mut web_whole) = (Samples::default(), Samples::default());
    for round in 0..ROUNDS + 20 {
        let (id, mut events) = open(&browser, &world).await?;
        let (mut way, mut bare) = (Vec::new(), Vec::new());
        let since = Instant::now();
        start(&browser, &id).await?;
        let mut whole = Duration::ZERO;
        watch(&mut events, |words| {
            whole = since.elapsed();
            way.extend(delays(words));
        })
        .await?;
        let since = Instant::now();
        let mut first = Duration::ZERO;
        ask(&client, &request, |words| {
            first = since.elapsed();
            bare.extend(delays(words));
        })
        .await?;
        ensure!(way.len() == 1 && bare.len() == 1, "a token was not seen");
        if round >= 20 {
            web_way.extend(way);
            bare_way.extend(bare);
            web_whole.add(whole);
            bare_whole.add(first);
        }
    }
    report.times(
        "first token, endpoint's write to the bare client",
        &bare_way,
    );
    report.times(
        "first token, endpoint's write to a browser's socket",
        &web_way,
    );
    report.added("added on the way back", &web_way, &bare_way);
    report.times("asked to first token, bare client", &bare_whole);
    report.times(
        "asked (a POST of its own) to first token, browser",
        &web_whole,
    );
    report.added("added from asking to seeing", &web_whole, &bare_whole);
    Ok(())
}

/// One answer of many small deltas, through the whole chain to a browser's socket.
pub(crate) async fn deltas(report: &mut Report) -> anyhow::Result<()> {
    let endpoint = Endpoint::start().await;
    endpoint.choose(|_| Some(Reply::many(&json!({ "content": "word " }), DELTAS)));
    let world = World::new()?;
    let served = Served::start(&world, &endpoint.base_url()).await?;
    let browser = Browser::open(&served.link).await?;
    for _ in 0..5 {
        let (id, mut events) = open(&browser, &world).await?;
        let since = Instant::now();
        start(&browser, &id).await?;
        let seen = watch(&mut events, |_| {}).await?;
        let took = since.elapsed();
        ensure!(seen.answer.len() == DELTAS * 5, "the answer is not whole");
        report.value(
            "endpoint, host, server to a browser's socket",
            format!(
                "{:.0} deltas/s in {}; {:.0} % of the words came as {} previews",
                DELTAS as f64 / took.as_secs_f64(),
                time(took),
                100.0 * seen.previewed as f64 / (DELTAS * 5) as f64,
                seen.deltas
            ),
        );
    }
    Ok(())
}

/// Many streams at once, each its own turn.
pub(crate) async fn many(report: &mut Report, count: usize) -> anyhow::Result<()> {
    let plan = Plan {
        thinks: Duration::ZERO,
        tokens: 20,
        pace: Duration::from_millis(250),
    };
    let endpoint = Stamped::start(plan).await?;
    let world = World::new()?;
    let served = Served::start(&world, &endpoint.base_url()).await?;
    let first = Browser::open(&served.link).await?;
    let mut browsers = vec![first];
    while browsers.len() * STREAMS_OF_ONE < count {
        let link = program(&world, &endpoint.base_url())
            .args(["web", "--print-url"])
            .stdout(Stdio::piped())
            .output()?;
        browsers.push(Browser::open(&String::from_utf8(link.stdout)?).await?);
    }
    let mut streams = Vec::new();
    for at in 0..count {
        let browser = browsers[at / STREAMS_OF_ONE].clone();
        let (id, events) = open(&browser, &world).await?;
        streams.push((browser, id, events));
    }
    let since = Instant::now();
    let mut tasks = JoinSet::new();
    for (browser, id, mut events) in streams {
        tasks.spawn(async move {
            start(&browser, &id).await?;
            let mut seen = Vec::new();
            let watched = watch(&mut events, |words| seen.extend(delays(words))).await?;
            let is_whole = watched.answer.split_whitespace().count() == plan.tokens;
            anyhow::Ok((seen, is_whole))
        });
    }
    let (mut samples, mut whole) = (Samples::default(), 0);
    for stream in tasks.join_all().await {
        let (delays, is_whole) = stream?;
        samples.extend(delays);
        whole += usize::from(is_whole);
    }
    report.times(
        format!("{count} streams to browsers: a token's way from the endpoint"),
        &samples,
    );
    report.value(
        "… whole answers",
        format!(
            "{whole} of {count}; {} tokens seen as previews of {}; all in {}",
            samples.len(),
            count * plan.tokens,
            time(since.elapsed())
        ),
    );
    report.value("… the server: resident", resident(served.child.id())?);
    Ok(())
}
