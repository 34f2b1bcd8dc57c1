//! The chat on a pseudo-terminal, as the built program shows it: start to prompt, echo of keys while words stream, bytes
//! written for the words, Esc to prompt. The bounds are 80 ms, 16 ms (p95), three times the text and 200 ms.

use crate::endpoint::{Endpoint, Gate, Reply};
use crate::pty::Pty;
use crate::report::{Report, Samples};
use crate::starts::program;
use crate::world::World;
use std::time::{Duration, Instant};

const SIZE: (u16, u16) = (100, 30);
/// Between two tokens at 200 a second.
const TOKEN: Duration = Duration::from_millis(5);
/// Tokens of a stream: ten seconds.
const TOKENS: usize = 2_000;
/// Keys of a stream: one each 70 ms, which is no multiple of any frame.
const KEYS: usize = 120;
const KEY: Duration = Duration::from_millis(70);
/// Times a turn is cancelled.
const ROUNDS: usize = 30;
/// More would wrap the composer's row.
const KEYS_IN_A_ROW: usize = 60;

pub(crate) async fn measure(report: &mut Report) -> anyhow::Result<()> {
    start(report).await?;
    stream(report).await?;
    cancel(report).await
}

fn chat(world: &World, endpoint: &Endpoint) -> Pty {
    let mut command = program(world, &endpoint.base_url());
    command.arg("chat").env("AI_CHAT_TITLES", "false");
    Pty::spawn(&command, SIZE)
}

fn rests(rows: &[String]) -> bool {
    rows.iter().any(|row| row == "❯")
}

async fn start(report: &mut Report) -> anyhow::Result<()> {
    let endpoint = Endpoint::start().await;
    let world = World::new()?;
    let mut prompts = Samples::default();
    for run in 0..31 {
        let since = Instant::now();
        let mut pty = chat(&world, &endpoint);
        pty.until_rows("the prompt", rests).await;
        // The first run makes the home.
        if run > 0 {
            prompts.add(since.elapsed());
        }
        pty.send("\u{4}");
        pty.exit().await;
    }
    report.times("`aroom chat`: start to the prompt (bound 80 ms)", &prompts);
    Ok(())
}

/// An answer in paragraphs of some lines, a gate before each token.
fn answer() -> (Vec<Gate>, Reply, usize) {
    let words = [
        "The ", "loader ", "reads ", "its ", "layers ", "in ", "order, ", "one ", "after ", "the ",
        "other. ",
    ];
    let (mut gates, mut reply, mut text) = (Vec::new(), Reply::stream(), 0);
    for number in 0..TOKENS {
        let is_end = number % 60 == 59;
        let token = if is_end {
            "\n\n"
        } else {
            words[number % words.len()]
        };
        let gate = Gate::new();
        reply = reply.wait(&gate).token(token);
        gates.push(gate);
        text += token.len();
    }
    (gates, reply, text)
}

async fn stream(report: &mut Report) -> anyhow::Result<()> {
    let (gates, reply, text) = answer();
    let endpoint = Endpoint::with([reply]).await;
    let world = World::new()?;
    let mut pty = chat(&world, &endpoint);
    pty.until_rows("the prompt", rests).await;
    let before = pty.written();
    pty.send("go\r");
    endpoint.chat(0).await;
    let playing = tokio::spawn(async move {
        let mut clock = tokio::time::interval(TOKEN);
        for gate in &gates {
            clock.tick().await;
            gate.open();
        }
    });
    pty.until_rows("the first words", |rows| {
        rows.iter().any(|row| row.starts_with("The loader"))
    })
    .await;
    let mut echoes = Samples::default();
    let mut draft = String::new();
    let mut clock = tokio::time::interval(KEY);
    for number in 0..KEYS {
        clock.tick().await;
        if draft.len() == KEYS_IN_A_ROW {
            pty.send("\u{15}");
            draft.clear();
            pty.until_rows("an empty row", rests).await;
        }
        let sign = char::from(b'a' + u8::try_from(number % 26)?);
        draft.push(sign);
        let wanted = format!("❯ {draft}");
        let since = Instant::now();
        pty.send(&sign.to_string());
        pty.until_rows("the key", |rows| rows.contains(&wanted))
            .await;
        echoes.add(since.elapsed());
    }
    pty.send("\u{15}");
    playing.await?;
    pty.until_rows("the end", rests).await;
    pty.until_rows("the usage", |rows| {
        rows.iter().any(|row| row.contains(" in "))
    })
    .await;
    let written = pty.written() - before;
    report.times(
        "a key to its echo at 200 tokens a second (bound 16 ms at p95)",
        &echoes,
    );
    report.value(
        format!("bytes written for {text} bytes of words, with {KEYS} keys (bound 3 ×)"),
        format!("{:.2} ×", written as f64 / text as f64),
    );
    Ok(())
}

/// Esc in the middle of an answer, until the prompt rests again.
async fn cancel(report: &mut Report) -> anyhow::Result<()> {
    let gate = Gate::new();
    let endpoint = Endpoint::start().await;
    let held = gate.clone();
    endpoint.choose(move |_| Some(Reply::stream().token("some words").wait(&held)));
    let world = World::new()?;
    let mut pty = chat(&world, &endpoint);
    pty.until_rows("the prompt", rests).await;
    let mut prompts = Samples::default();
    for _ in 0..ROUNDS {
        pty.send("go\r");
        pty.until_rows("the words", |rows| {
            rows.iter().any(|row| row.contains("streaming"))
        })
        .await;
        let since = Instant::now();
        pty.send("\u{1b}");
        pty.until_rows("the prompt", |rows| {
            let last = rows.iter().rev().find(|row| !row.is_empty());
            last.is_some_and(|row| row == "❯") && !rows.iter().any(|row| row.contains("streaming"))
        })
        .await;
        prompts.add(since.elapsed());
        pty.send("\u{c}");
        pty.until_rows("an empty window", |rows| {
            rows.first().is_some_and(|row| row == "❯")
        })
        .await;
    }
    report.times(
        "Esc during an answer to the prompt (bound 200 ms)",
        &prompts,
    );
    Ok(())
}
