//! The server of the web page: in the foreground, in the background, and what is known of it.

mod background;
mod browser;

use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use crate::prompter::Prompter;
use crate::serving::Listening;
use anteroom_api::session::Password as Secret;
use anteroom_api::{Problem, ProblemCode, ServerView, SessionOp, Stop};
use clap::{Args, Subcommand};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// The commands about the server.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ServerCommand {
    /// Serve the web page and open it in the browser
    #[command(
        visible_alias = "web",
        after_help = "\
Examples:
  aroom                         the same, with the defaults
  aroom serve --port 8081       on another port
  aroom web --print-url         a fresh link, also to a server that runs
  aroom serve --no-browser      for a machine without one

The link opens one session, once, within a minute. Ctrl+C ends the server."
    )]
    Serve(Serve),
    /// Start the server in the background
    #[command(after_help = "\
Examples:
  aroom start                   then `aroom status`, `aroom stop`
  aroom start --print-url       and a link to its page")]
    Start(Start),
    /// Stop the servers that run
    #[command(after_help = "\
Examples:
  aroom stop                    turns that run are kept and marked
  aroom stop --json")]
    Stop,
    /// Say which servers run
    #[command(after_help = "\
Examples:
  aroom status                  exit code 8 if none runs
  aroom status --json | jq -r .[0].url")]
    Status,
    /// Set the password for the web page, or remove it
    #[command(after_help = "\
Examples:
  aroom password                asks for it, twice, unseen
  aroom password --remove       links only: `aroom web --print-url`

A password is needed only where the page is served to other machines.")]
    Password(Password),
}

/// `aroom serve`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Serve {
    /// Open no browser
    #[arg(long = "no-browser")]
    pub is_without_browser: bool,
    /// Print a link to the page, and open no browser
    #[arg(long = "print-url")]
    pub is_printing: bool,
    /// Listen on this address instead of 127.0.0.1; others need TLS, names and a password
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,
}

/// `aroom start`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// Print a link to the page
    #[arg(long = "print-url")]
    pub is_printing: bool,
    /// Listen on this address instead of 127.0.0.1; others need TLS, names and a password
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,
}

/// `aroom password`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Password {
    /// Remove it
    #[arg(long = "remove")]
    pub is_removing: bool,
}

impl ServerCommand {
    /// Settings its flags override: key, value, flag.
    pub(crate) fn overrides(&self) -> Vec<(String, serde_json::Value, String)> {
        let host = match self {
            Self::Serve(serve) => serve.host.as_ref(),
            Self::Start(start) => start.host.as_ref(),
            Self::Stop | Self::Status | Self::Password(_) => None,
        };
        host.map(|host| ("app.host".to_owned(), json!(host), "--host".to_owned()))
            .into_iter()
            .collect()
    }
}

pub(crate) async fn run(context: &mut Context, command: &ServerCommand) -> Result<u8, Quit> {
    match command {
        ServerCommand::Serve(wanted) => serve(context, wanted).await,
        ServerCommand::Start(wanted) => background::start(context, wanted).await,
        ServerCommand::Stop => background::stop(context).await,
        ServerCommand::Status => status(context).await,
        ServerCommand::Password(wanted) => password(context, wanted).await,
    }
}

/// The server that a further one on the same address would stand in the way of.
pub(crate) async fn running(context: &Context) -> Result<Option<ServerView>, Problem> {
    let servers = context.host.read().servers().await?;
    Ok(match context.options.port {
        None => servers.into_iter().next(),
        Some(port) => {
            let end = format!(":{port}/");
            servers
                .into_iter()
                .find(|server| server.url.ends_with(&end))
        }
    })
}

async fn serve(context: &mut Context, wanted: &Serve) -> Result<u8, Quit> {
    if let Some(server) = running(context).await? {
        return meet(context, wanted, &server.url).await;
    }
    let (raise, stop) = Stop::new();
    let (tell, mut ready) = oneshot::channel();
    let told = Box::new(move |listening| {
        // Whoever asked may have gone meanwhile; the server ends with it.
        let _ = tell.send(listening);
    });
    let mut serving = context.serving.serve(context.host.clone(), stop, told);
    let mut ended = context.stop.clone();
    let mut asked = context.host.asked_to_end();
    let mut opened = None;
    let mut void_at = Instant::now();
    let mut code = exit::OK;
    let mut is_greeted = false;
    loop {
        tokio::select! {
            listening = &mut ready, if !is_greeted => {
                is_greeted = true;
                if let Ok(listening) = listening {
                    opened = greet(context, wanted, &listening).await?;
                    void_at = Instant::now() + browser::PATIENCE;
                }
            }
            () = tokio::time::sleep_until(void_at), if opened.is_some() => opened = None,
            served = &mut serving => {
                served?;
                return Ok(code);
            }
            interrupt = context.interrupts.next() => {
                if code != exit::OK {
                    return Ok(interrupt.code());
                }
                code = interrupt.code();
                raise.send_replace(true);
            }
            () = asked.raised(), if !raise.borrow().to_owned() => {
                raise.send_replace(true);
            }
            () = ended.raised(), if !raise.borrow().to_owned() => {
                raise.send_replace(true);
            }
        }
    }
}

/// Says where the page is and opens it; gives what has to be kept until it is open.
async fn greet(
    context: &mut Context,
    wanted: &Serve,
    listening: &Listening,
) -> Result<Option<browser::Page>, Quit> {
    let url = reveal(&listening.url);
    if context.options.is_json {
        let link = link(context, &listening.url).await?;
        let told =
            json!({ "url": listening.url, "link": link, "fingerprint": listening.fingerprint });
        // One line, because it goes on.
        context.printer.line(&told.to_string());
        return Ok(None);
    }
    context
        .printer
        .progress(&format!("Anteroom is at {url} · Ctrl+C stops it"));
    if let Some(fingerprint) = &listening.fingerprint {
        let line = format!("its certificate is its own: SHA-256 {fingerprint}");
        context.printer.progress(&line);
    }
    show(context, wanted, &listening.url).await
}

/// Opens the page, or prints the link where there is no browser or none is wanted.
async fn show(
    context: &mut Context,
    wanted: &Serve,
    url: &str,
) -> Result<Option<browser::Page>, Quit> {
    if wanted.is_printing {
        let link = link(context, url).await?;
        context.printer.line(&link);
        return Ok(None);
    }
    if wanted.is_without_browser {
        context
            .printer
            .progress("`aroom web --print-url` prints a link to it");
        return Ok(None);
    }
    let link = link(context, url).await?;
    match browser::open(context, &link) {
        Ok(page) => Ok(Some(page)),
        Err(problem) => {
            let line = format!("{}; open this within a minute:", problem.error);
            context.printer.progress(&line);
            context.printer.line(&link);
            Ok(None)
        }
    }
}

/// A server runs already: its page is what is wanted.
async fn meet(context: &mut Context, wanted: &Serve, url: &str) -> Result<u8, Quit> {
    if context.options.is_json {
        let link = link(context, url).await?;
        context
            .printer
            .json(&json!({ "url": url, "link": link, "is_running": true }));
        return Ok(exit::OK);
    }
    if !wanted.is_printing {
        let line = format!("Anteroom runs already, at {}", reveal(url));
        context.printer.progress(&line);
    }
    if let Some(page) = show(context, wanted, url).await? {
        page.until_open(context).await;
    }
    Ok(exit::OK)
}

/// A fresh link to a server's page.
pub(crate) async fn link(context: &Context, url: &str) -> Result<String, Problem> {
    context
        .serving
        .link(context.host.clone(), url.to_owned())
        .await
}

/// Opens a path of the page in the browser, on the server that runs; waits until it is open.
///
/// # Errors
/// [`ProblemCode::NotFound`] if no server runs.
pub(crate) async fn open_page(context: &mut Context, path: &str) -> Result<String, Problem> {
    let Some(server) = running(context).await? else {
        return Err(Problem::new(ProblemCode::NotFound, "no server runs")
            .hint("`aroom start` starts one in the background"));
    };
    let link = link(context, &server.url).await?;
    let link = link.replacen("/#", &format!("{path}#"), 1);
    let page = browser::open(context, &link)?;
    page.until_open(context).await;
    Ok(format!("{}{path}", server.url.trim_end_matches('/')))
}

async fn status(context: &mut Context) -> Result<u8, Quit> {
    let servers = context.host.read().servers().await?;
    if context.options.is_json {
        context.printer.json(&json!(servers));
    } else if servers.is_empty() {
        context
            .printer
            .progress("no server runs; `aroom start` starts one");
    } else {
        for server in &servers {
            let line = format!(
                "{}  process {}  started {}  version {}",
                reveal(&server.url),
                server.pid,
                crate::words::ago(server.started_at, (context.clock)()),
                reveal(&server.version),
            );
            context.printer.line(&line);
        }
    }
    Ok(match servers.is_empty() {
        true => exit::NOT_FOUND,
        false => exit::OK,
    })
}

async fn password(context: &mut Context, wanted: &Password) -> Result<u8, Quit> {
    if wanted.is_removing {
        let password = None;
        context.settle(SessionOp::SetPassword { password }).await?;
        context.printer.progress("the page takes no password");
        return Ok(exit::OK);
    }
    if !context.terminal.is_interactive() {
        return Err(Problem::new(
            ProblemCode::InvalidInput,
            "there is no terminal to type a password on",
        )
        .hint("run `aroom password` on one")
        .into());
    }
    let mut prompter = Prompter::terminal();
    let printer = &mut context.printer;
    let first = prompter.secret(printer, "Password for the page: ");
    let second = first
        .as_ref()
        .and_then(|_| prompter.secret(printer, "Once more: "));
    let (Some(first), Some(second)) = (first, second) else {
        return Ok(exit::INTERRUPTED);
    };
    if first != second {
        return Err(
            Problem::new(ProblemCode::InvalidInput, "the two are not the same")
                .hint("run `aroom password` again")
                .into(),
        );
    }
    let password = Some(Secret::new(first));
    context.settle(SessionOp::SetPassword { password }).await?;
    context.printer.progress("the page takes this password now");
    Ok(exit::OK)
}
