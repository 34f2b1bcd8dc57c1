//! `aroom mcp`: servers of other people that offer tools, resources and prompts. Each command connects those it is
//! about by itself, and ends with them.

mod add;
pub(crate) mod shown;

pub(crate) use add::Add;

use super::organize::find;
use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use anteroom_api::{
    Event, McpEvent, McpOp, McpServerView, McpState, McpToolState, McpToolView, McpTransport,
    Problem, ProblemCode, Topic,
};
use clap::{Subcommand, ValueEnum};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// Longest wait for servers that are being connected.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often they are looked at meanwhile.
const LOOK: Duration = Duration::from_millis(50);
/// From here on a person may wonder what is waited for.
const UNSAID: Duration = Duration::from_millis(500);
/// How long somebody may take to sign in.
const SIGN_IN: Duration = Duration::from_secs(600);

/// `aroom mcp`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum McpCommand {
    /// List the servers that count here, and how each is doing
    #[command(after_help = "\
Examples:
  aroom mcp list
  aroom mcp list --json | jq -r '.[] | \"\\(.name) \\(.state.state)\"'")]
    List,
    /// Show a server: what is started, its tools, what differs
    #[command(after_help = "\
Examples:
  aroom mcp show github
  aroom mcp show github --json")]
    Show {
        /// The server
        #[arg(value_name = "NAME")]
        name: String,
    },
    Add(Add),
    /// Take a server out of your config file
    #[command(after_help = "\
Examples:
  aroom mcp remove github
  aroom mcp remove github --yes")]
    Remove {
        /// The server
        #[arg(value_name = "NAME")]
        name: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Let a server start or be reached, exactly as it is shown
    #[command(after_help = "\
Examples:
  aroom mcp approve github          shows what would run, then asks
  aroom mcp approve github --yes

Another command, argument, folder or variable later is asked about anew, and
so is another file at the same path, or a sandbox with a wall less.")]
    Approve {
        /// The server
        #[arg(value_name = "NAME")]
        name: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Connect a server and say what it offers, or what is wrong
    #[command(
        visible_alias = "restart",
        after_help = "\
Examples:
  aroom mcp connect github          exit code 1 if it cannot be used
  aroom mcp connect github --json

The chat and the web page have connections of their own: `/mcp restart NAME`
there, or the button of the page."
    )]
    Connect {
        /// The server
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Connect a server and show what it wrote meanwhile
    #[command(after_help = "\
Examples:
  aroom mcp log github
  aroom mcp log github --json")]
    Log {
        /// The server
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Take a tool that changed as it is now
    #[command(after_help = "\
Examples:
  aroom mcp accept github search    shows what differs, then asks
  aroom mcp accept github.search --yes")]
    Accept {
        /// The server, or SERVER.TOOL
        #[arg(value_name = "NAME")]
        name: String,
        /// The tool
        #[arg(value_name = "TOOL")]
        tool: Option<String>,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Let a server ask for answers of the model, or forbid it
    #[command(after_help = "\
Examples:
  aroom mcp sampling github on      each request is asked about all the same
  aroom mcp sampling github off")]
    Sampling {
        /// The server
        #[arg(value_name = "NAME")]
        name: String,
        /// Whether it may
        #[arg(value_name = "on|off")]
        switch: Switch,
    },
    /// Sign in to a server that wants it
    #[command(after_help = "\
Examples:
  aroom mcp sign-in jira            prints the address, waits for the browser
  aroom mcp sign-in jira --json")]
    SignIn {
        /// The server
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// Whether something may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It may.
    On,
    /// It may not.
    Off,
}

pub(crate) async fn run(context: &mut Context, command: &McpCommand) -> Result<u8, Quit> {
    match command {
        McpCommand::List => list(context).await,
        McpCommand::Show { name } => show(context, name).await,
        McpCommand::Add(add) => add::run(context, add).await,
        McpCommand::Remove { name, yes } => remove(context, name, *yes).await,
        McpCommand::Approve { name, yes } => approve(context, name, *yes).await,
        McpCommand::Connect { name } => connect(context, name).await,
        McpCommand::Log { name } => log(context, name).await,
        McpCommand::Accept { name, tool, yes } => {
            accept(context, (name, tool.as_deref()), *yes).await
        }
        McpCommand::Sampling { name, switch } => {
            sampling(context, name, *switch == Switch::On).await
        }
        McpCommand::SignIn { name } => sign_in(context, name).await,
    }
}

/// The servers once none of those meant is being connected any more.
async fn settled(context: &mut Context, name: Option<&str>) -> Result<Vec<McpServerView>, Problem> {
    let began = Instant::now();
    let mut is_said = false;
    // Servers are started for those who listen.
    let _listening = context.host.follow(Topic::Host, None);
    loop {
        let workspace = context.workspace();
        let servers = context.host.read().mcp_servers(workspace).await?;
        let meant = |server: &&McpServerView| name.is_none_or(|name| name == server.name);
        // Nobody disconnects a server in a process as short as this: it was not begun yet.
        let is_open = |server: &McpServerView| {
            matches!(server.state, McpState::Connecting | McpState::Disconnected)
        };
        let is_over = !servers.iter().filter(meant).any(is_open);
        if is_over || began.elapsed() > PATIENCE {
            return Ok(servers);
        }
        if began.elapsed() > UNSAID && !is_said {
            is_said = true;
            context.printer.dim("connecting");
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The server of that name, connected if it can be.
async fn named(context: &mut Context, name: &str) -> Result<McpServerView, Problem> {
    let servers = settled(context, Some(name)).await?;
    of_name(servers, name)
}

/// The one of that name.
pub(crate) fn of_name(servers: Vec<McpServerView>, name: &str) -> Result<McpServerView, Problem> {
    let names: Vec<String> = servers.iter().map(|server| server.name.clone()).collect();
    let found = servers.into_iter().find(|server| server.name == name);
    found.ok_or_else(|| {
        let near = crate::words::nearest(name, names.iter().map(String::as_str));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`aroom mcp list` names them all".to_owned(),
        };
        let text = format!("there is no MCP server `{name}` here");
        Problem::new(ProblemCode::NotFound, text).hint(hint)
    })
}

async fn list(context: &mut Context) -> Result<u8, Quit> {
    let servers = settled(context, None).await?;
    if context.options.is_json {
        context.printer.json(&json!(servers));
        return Ok(exit::OK);
    }
    let theme = context.printer.out_theme();
    for line in shown::list(&servers, &theme) {
        context.printer.line(&line);
    }
    if servers.is_empty() {
        context
            .printer
            .progress("no MCP server yet; `aroom mcp add` takes one");
    }
    Ok(exit::OK)
}

async fn show(context: &mut Context, name: &str) -> Result<u8, Quit> {
    let server = named(context, name).await?;
    tell(context, &server);
    Ok(exit::OK)
}

/// All of a server, as JSON or in words.
fn tell(context: &mut Context, server: &McpServerView) {
    if context.options.is_json {
        context.printer.json(&json!(server));
        return;
    }
    let theme = context.printer.out_theme();
    for line in shown::whole(server, &theme) {
        context.printer.line(&line);
    }
}

/// The state of a server, as the end of a command that wanted it to run.
fn ended(context: &mut Context, server: &McpServerView) -> u8 {
    tell(context, server);
    match server.state {
        McpState::Ready => exit::OK,
        _ => exit::FAILED,
    }
}

async fn remove(context: &mut Context, name: &str, is_sure: bool) -> Result<u8, Quit> {
    let question = format!("Remove the MCP server `{}`?", reveal(name));
    if !find::confirmed(context, &question, is_sure)? {
        return Ok(find::left(context));
    }
    let op = McpOp::Remove {
        server: name.to_owned(),
    };
    context.settle(op).await?;
    if context.options.is_json {
        context.printer.json(&json!({ "removed": name }));
    } else {
        let line = format!("removed the MCP server `{}`", reveal(name));
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

async fn approve(context: &mut Context, name: &str, is_sure: bool) -> Result<u8, Quit> {
    let workspace = context.workspace();
    let servers = context.host.read().mcp_servers(workspace).await?;
    let server = of_name(servers, name)?;
    if let McpState::Failed { .. } = server.state
        && !server.is_approved
    {
        // There is nothing to approve: it cannot be started as it is described.
        return Ok(ended(context, &server));
    }
    if server.is_approved {
        context
            .printer
            .progress("it is approved as it stands there");
        let server = named(context, name).await?;
        return Ok(ended(context, &server));
    }
    approve_shown(context, &server, is_sure).await
}

/// Shows exactly what would be started, takes the yes to that, and connects.
async fn approve_shown(
    context: &mut Context,
    server: &McpServerView,
    is_sure: bool,
) -> Result<u8, Quit> {
    let theme = context.printer.err_theme();
    for line in shown::to_approve(server, &theme) {
        context.printer.note(&line);
    }
    if !find::confirmed(context, shown::approval_question(server), is_sure)? {
        return Ok(find::left(context));
    }
    let op = McpOp::Approve {
        server: server.name.clone(),
        hash: server.hash.clone(),
    };
    context.settle(op).await?;
    let server = named(context, &server.name).await?;
    Ok(ended(context, &server))
}

async fn connect(context: &mut Context, name: &str) -> Result<u8, Quit> {
    // Looking connects it; one that failed is tried again.
    let server = named(context, name).await?;
    let is_held = server.is_approved && server.state == McpState::NeedsApproval;
    if is_held || matches!(server.state, McpState::Failed { .. }) {
        let server = name.to_owned();
        context.settle(McpOp::Restart { server }).await?;
    }
    let server = named(context, name).await?;
    Ok(ended(context, &server))
}

async fn log(context: &mut Context, name: &str) -> Result<u8, Quit> {
    named(context, name).await?;
    let lines = context.host.read().mcp_log(name.to_owned()).await?;
    if context.options.is_json {
        context.printer.json(&json!(lines));
        return Ok(exit::OK);
    }
    for line in &lines {
        context.printer.line(&reveal(line));
    }
    if lines.is_empty() {
        context.printer.progress("it wrote nothing");
    }
    Ok(exit::OK)
}

/// The tool of a server that is held back.
pub(crate) fn held<'a>(server: &'a McpServerView, tool: &str) -> Result<&'a McpToolView, Problem> {
    let found = server.tools.iter().find(|found| found.name == tool);
    let is_held = |found: &&McpToolView| matches!(found.state, McpToolState::Quarantined { .. });
    found.filter(is_held).ok_or_else(|| {
        let text = format!("no tool `{}.{tool}` is held back now", server.name);
        Problem::new(ProblemCode::NotFound, text)
            .hint(format!("`aroom mcp show {}` lists its tools", server.name))
    })
}

async fn accept(
    context: &mut Context,
    (name, tool): (&str, Option<&str>),
    is_sure: bool,
) -> Result<u8, Quit> {
    let (name, tool) = match tool {
        Some(tool) => (name, tool),
        None => name.split_once('.').ok_or_else(|| {
            Problem::new(ProblemCode::InvalidInput, "which tool is to be accepted?")
                .hint(format!("`aroom mcp accept {name} TOOL`"))
        })?,
    };
    let server = named(context, name).await?;
    let found = held(&server, tool)?.clone();
    let theme = context.printer.err_theme();
    for line in shown::tool(&found, &theme) {
        context.printer.note(&line);
    }
    let question = format!("Take `{}` as it is now?", reveal(&format!("{name}.{tool}")));
    if !find::confirmed(context, &question, is_sure)? {
        return Ok(find::left(context));
    }
    let op = McpOp::Accept {
        server: name.to_owned(),
        tool: tool.to_owned(),
        hash: found.hash.clone(),
    };
    context.settle(op).await?;
    if context.options.is_json {
        context
            .printer
            .json(&json!({ "accepted": format!("{name}.{tool}"), "hash": found.hash }));
    } else {
        let line = format!("`{}` is offered again", reveal(&format!("{name}.{tool}")));
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

async fn sampling(context: &mut Context, name: &str, is_allowed: bool) -> Result<u8, Quit> {
    let op = McpOp::AllowSampling {
        server: name.to_owned(),
        is_allowed,
    };
    context.settle(op).await?;
    if context.options.is_json {
        let said = json!({ "server": name, "is_sampling_allowed": is_allowed });
        context.printer.json(&said);
        return Ok(exit::OK);
    }
    let what = match is_allowed {
        true => "may ask for answers of the model; each request is asked about",
        false => "may not ask for answers of the model",
    };
    context.printer.line(&format!("`{}` {what}", reveal(name)));
    Ok(exit::OK)
}

async fn sign_in(context: &mut Context, name: &str) -> Result<u8, Quit> {
    let server = named(context, name).await?;
    if matches!(server.transport, McpTransport::Stdio { .. }) {
        let text = format!("the MCP server `{name}` is a program, and wants nobody to sign in");
        return Err(Problem::new(ProblemCode::InvalidInput, text).into());
    }
    let op = McpOp::SignIn {
        server: name.to_owned(),
    };
    let told = context.settle(op).await?;
    let Some(url) = address(&told.event) else {
        let server = named(context, name).await?;
        return Ok(ended(context, &server));
    };
    if context.options.is_json {
        context.printer.json(&json!({ "server": name, "url": url }));
    } else {
        context.printer.line(&reveal(&url));
    }
    context
        .printer
        .progress("open this address and sign in; waiting for it");
    let began = Instant::now();
    loop {
        let workspace = context.workspace();
        let servers = context.host.read().mcp_servers(workspace).await?;
        let server = of_name(servers, name)?;
        let is_open = matches!(
            server.state,
            McpState::NeedsSignIn { .. } | McpState::Connecting
        );
        if !is_open || began.elapsed() > SIGN_IN {
            return Ok(ended(context, &server));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Where to sign in, as the answer says.
pub(crate) fn address(event: &Event) -> Option<String> {
    match event {
        Event::Mcp(McpEvent::Changed { server }) => match &server.state {
            McpState::NeedsSignIn { url } => url.clone(),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
