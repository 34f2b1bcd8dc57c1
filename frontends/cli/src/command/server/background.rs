//! A server that goes on when the terminal is gone, and its end.

use super::{Start, running};
use crate::context::{Context, Quit};
use crate::exit;
use crate::program;
use anteroom_api::{Problem, ProblemCode, ServerOp, ServerView};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// A first start compiles the tools.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// Longer than the end of a host may take.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked; nothing tells of a process.
const GLANCE: Duration = Duration::from_millis(25);

pub(super) async fn start(context: &mut Context, wanted: &Start) -> Result<u8, Quit> {
    if let Some(server) = running(context).await? {
        return told(context, wanted, &server, "Anteroom runs already, at").await;
    }
    let mut child =
        program::Background::start(&context.terminal.environment, &words(context, wanted))?;
    let deadline = Instant::now() + START_PATIENCE;
    loop {
        let servers = context.host.read().servers().await?;
        if let Some(server) = servers.into_iter().find(|server| server.pid == child.pid()) {
            child.settled();
            return told(context, wanted, &server, "Anteroom is at").await;
        }
        if let Some(words) = child.ended() {
            return Err(failed(&words).into());
        }
        if Instant::now() > deadline {
            child.end();
            return Err(
                Problem::new(ProblemCode::Internal, "the server did not start in time")
                    .hint("`aroom serve` shows what it does")
                    .into(),
            );
        }
        tokio::time::sleep(GLANCE).await;
    }
}

/// The command line of the server: what holds for this one holds for it.
fn words(context: &Context, wanted: &Start) -> Vec<String> {
    let mut words = vec![
        "serve".to_owned(),
        "--no-browser".to_owned(),
        "--plain".to_owned(),
    ];
    let mut add = |flag: &str, value: Option<String>| {
        if let Some(value) = value {
            words.extend([flag.to_owned(), value]);
        }
    };
    add("--path", Some(context.workspace()));
    add("--port", context.options.port.map(|port| port.to_string()));
    add("--host", wanted.host.clone());
    add("--model", context.options.model.clone());
    add(
        "--approval-mode",
        context.options.mode.map(|mode| mode.to_string()),
    );
    words
}

async fn told(
    context: &mut Context,
    wanted: &Start,
    server: &ServerView,
    words: &str,
) -> Result<u8, Quit> {
    let link = match wanted.is_printing || context.options.is_json {
        true => Some(super::link(context, &server.url).await?),
        false => None,
    };
    if context.options.is_json {
        context
            .printer
            .json(&json!({ "url": server.url, "pid": server.pid, "link": link }));
        return Ok(exit::OK);
    }
    let line = format!("{words} {} (process {})", server.url, server.pid);
    context.printer.progress(&line);
    match link {
        Some(link) => context.printer.line(&link),
        None => context
            .printer
            .progress("`aroom web` opens it, `aroom stop` stops it"),
    }
    Ok(exit::OK)
}

/// The server's own last words, as they are.
fn failed(words: &str) -> Problem {
    let mut problem = Problem::new(ProblemCode::Internal, "the server did not start");
    for line in words.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.strip_prefix("hint:") {
            Some(hint) => problem = problem.hint(hint.trim()),
            None => {
                let line = line
                    .strip_prefix("error:")
                    .or(line.strip_prefix("cause:"))
                    .unwrap_or(line);
                problem = problem.cause(line.trim());
            }
        }
    }
    problem
}

pub(super) async fn stop(context: &mut Context) -> Result<u8, Quit> {
    let servers = context.host.read().servers().await?;
    if servers.is_empty() {
        if context.options.is_json {
            context.printer.json(&json!({ "stopped": [] }));
        } else {
            context.printer.progress("no server runs");
        }
        return Ok(exit::NOT_FOUND);
    }
    for server in &servers {
        // Rejected if it has ended meanwhile, which is what is wanted.
        let _ = context.host.submit(ServerOp::End { pid: server.pid }).await;
    }
    let deadline = Instant::now() + STOP_PATIENCE;
    loop {
        let left = context.host.read().servers().await?;
        let is_left = |server: &&ServerView| left.iter().any(|other| other.pid == server.pid);
        let Some(stubborn) = servers.iter().find(is_left) else {
            break;
        };
        if Instant::now() > deadline {
            let words = format!("the server at {} does not end", stubborn.url);
            return Err(Problem::new(ProblemCode::Internal, words)
                .hint(format!(
                    "`kill -9 {}`: nothing that was told is lost",
                    stubborn.pid
                ))
                .into());
        }
        tokio::time::sleep(GLANCE).await;
    }
    if context.options.is_json {
        context.printer.json(&json!({ "stopped": servers }));
    } else {
        for server in &servers {
            context.printer.progress(&format!("stopped {}", server.url));
        }
    }
    Ok(exit::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_said_is_said_again() {
        let problem =
            failed("error: port 8080 is taken\n  cause: by `llama`\n\nhint: `aroom --port 8081`\n");
        assert_eq!(problem.causes, ["port 8080 is taken", "by `llama`"]);
        assert_eq!(problem.hint.as_deref(), Some("`aroom --port 8081`"));
    }
}
