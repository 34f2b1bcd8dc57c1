//! `aroom chat`: a conversation at the terminal. Without a terminal it behaves as `exec`.

mod ask;
mod complete;
mod draft;
mod form;
mod header;
mod hold;
mod job;
pub(crate) mod keyboard;
mod message;
mod news;
mod pace;
mod panic;
pub(crate) mod question;
mod row;
mod screen;
mod session;
mod slash;
mod view;

use crate::command;
use crate::connect;
use crate::context::{Context, Quit};
use crate::exec;
use crate::frontend;
use crate::invocation::{Chat, Exec};
use crate::target::Target;
use crate::theme::Style;
use anteroom_api::SettingsReport;
use complete::names::HostNames;
use hold::Hold;
use keyboard::{Keyboard, Manner};
use screen::{Screen, Window};
use session::{Parts, Session};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use view::{Looks, View};

/// Talks until the person leaves; gives the exit code.
pub(crate) async fn run(context: &mut Context, chat: &Chat) -> Result<u8, Quit> {
    if !context.terminal.is_interactive() {
        return without_terminal(context, chat).await;
    }
    if let Some(problem) = connect::missing_endpoint(context).await? {
        return Err(problem.into());
    }
    let report = context.host.read().settings().await?;
    let is_plain = context.options.is_plain || context.terminal.is_plain();
    context.options.is_plain = is_plain;
    let looks = Looks::of(&report, &context.options);
    context.options.verbosity = looks.verbosity as u8;
    let theme = frontend::theme(&context.options, &context.terminal, true)
        .named(&Context::setting(&report, "cli.theme"));
    let hold = Arc::<Hold>::default();
    panic::guard_terminal(hold.clone());
    let manner = Manner {
        theme,
        history: history(&report),
        names: HostNames::new(context.host.clone(), context.workspace.clone()),
    };
    let keyboard = Keyboard::start(manner, hold);
    keyboard.set_plain(is_plain);
    // What is said on the command line is taken before there is a prompt.
    keyboard.take_terminal(false);
    let screen = Screen::new(Window {
        sink: frontend::fitted(std::io::stdout(), &context.terminal),
        size: || crossterm::terminal::size().ok(),
        is_plain,
        is_reflowing: context.terminal.is_reflowing(),
    });
    let target = Target::existing(context, &chat.resume).await?;
    let parts = Parts {
        theme,
        screen,
        keyboard,
        view: View::new(theme, looks),
        target,
        stops: job::Stops::listen(),
    };
    begin(context, chat, parts, &report).await
}

/// Shows the first lines, then talks.
async fn begin(
    context: &mut Context,
    chat: &Chat,
    mut parts: Parts,
    report: &SettingsReport,
) -> Result<u8, Quit> {
    let home = context.terminal.environment.get("HOME").cloned();
    let (folder, modules) = header::look(context).await;
    let place = header::Place {
        path: &context.workspace(),
        home: home.as_deref(),
        folder: folder.as_ref(),
        modules: modules.as_deref(),
    };
    let mut lines = header::lines(report, &place, &parts.theme);
    lines.extend(header::tools(place.modules, &parts.theme));
    let waits = match &folder {
        Some(folder) => command::trust::notice_of(folder),
        None => command::trust::notice(context).await,
    };
    let told = crate::notices::of(report).into_iter().chain(waits);
    lines.extend(told.map(|text| parts.theme.paint(Style::Warning, &text)));
    match &parts.target {
        None => {
            lines.extend(header::last(context, &parts.theme).await?);
            lines.push(String::new());
        }
        Some(target) => {
            lines.push(String::new());
            lines.extend(header::past(context, target, &parts.theme).await?);
            lines.extend(header::held(context, target, &parts.theme).await?);
            parts.view.usage = target
                .view
                .as_ref()
                .map(|view| view.usage)
                .unwrap_or_default();
        }
    }
    parts.screen.print(&lines);
    Session::new(context, chat, parts).run().await
}

async fn without_terminal(context: &mut Context, chat: &Chat) -> Result<u8, Quit> {
    let exec = Exec {
        prompt: chat.prompt.clone(),
        resume: chat.resume.clone(),
        is_without_tools: chat.is_without_tools,
        ..Exec::default()
    };
    exec::run(context, &exec).await
}

/// Where entered lines are remembered: beside the config file, readable by its owner only.
fn history(report: &SettingsReport) -> Option<PathBuf> {
    let path = Path::new(&report.path).parent()?.join("history");
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&path).ok().map(|_| path)
}

#[cfg(test)]
mod tests;
