//! `aroom trust`: what a project would have take effect, and whether it may.

use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use crate::prompter::Prompter;
use crate::words;
use anteroom_api::{Problem, ProblemCode, WorkspaceOp, WorkspaceTrust, WorkspaceView};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// `aroom trust`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// The project; this folder if none is named
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Trust it as it is now, without asking
    #[arg(short, long, conflicts_with = "remove")]
    pub yes: bool,
    /// Take trust back
    #[arg(long)]
    pub remove: bool,
}

pub(crate) async fn run(context: &mut Context, trust: &Trust) -> Result<u8, Quit> {
    let path = match &trust.folder {
        Some(folder) => context.workspace.join(folder).display().to_string(),
        None => context.workspace(),
    };
    if trust.remove {
        let told = context
            .settle(WorkspaceOp::Distrust { path: path.clone() })
            .await?;
        return Ok(done(
            context,
            &json!(told),
            &format!("no longer trusted: {}", reveal(&path)),
        ));
    }
    let folder = context.host.read().workspace(path).await?;
    if context.options.is_json && !trust.yes {
        context.printer.json(&json!(folder));
        return Ok(exit::OK);
    }
    for line in lines(&folder) {
        context.printer.progress(&line);
    }
    if folder.trust == WorkspaceTrust::Trusted {
        return Ok(done(context, &json!(folder), "it is trusted as it is"));
    }
    if folder.holds.is_empty() {
        return Ok(done(context, &json!(folder), "there is nothing to trust"));
    }
    if !trust.yes && !confirmed(context)? {
        return Ok(exit::DENIED);
    }
    let op = WorkspaceOp::Trust {
        path: folder.path.clone(),
        hash: folder.hash.clone(),
    };
    let told = context.settle(op).await?;
    Ok(done(
        context,
        &json!(told),
        &format!("trusted as it is now: {}", reveal(&folder.path)),
    ))
}

fn confirmed(context: &mut Context) -> Result<bool, Problem> {
    if !context.terminal.is_interactive() {
        return Err(
            Problem::new(ProblemCode::Denied, "trust is given by a person")
                .hint("look at what it would mean, then `aroom trust --yes`"),
        );
    }
    let question = "May this take effect?";
    let answer = Prompter::terminal().confirm(&mut context.printer, question, false);
    Ok(answer.unwrap_or(false))
}

fn done(context: &mut Context, value: &serde_json::Value, words: &str) -> u8 {
    if context.options.is_json {
        context.printer.json(value);
    } else {
        context.printer.line(words);
    }
    exit::OK
}

/// What trust would mean.
pub(crate) fn lines(folder: &WorkspaceView) -> Vec<String> {
    let mut lines = vec![reveal(&folder.path)];
    lines.extend(
        folder
            .holds
            .iter()
            .map(|held| format!("  {}", reveal(held))),
    );
    if folder.trust == WorkspaceTrust::Changed {
        lines.push("  it was trusted, and has changed since".to_owned());
    }
    lines
}

/// Said once at the beginning: something in this folder waits for trust.
pub(crate) async fn notice(context: &Context) -> Option<String> {
    let folder = context.host.read().workspace(context.workspace()).await;
    match folder {
        Ok(folder) => notice_of(&folder),
        Err(problem) => Some(reveal(&problem.error)),
    }
}

/// The same of a folder that was looked at.
pub(crate) fn notice_of(folder: &WorkspaceView) -> Option<String> {
    if folder.trust == WorkspaceTrust::Trusted || folder.holds.is_empty() {
        return None;
    }
    let count = words::plural(folder.holds.len(), "setting or tool", "settings and tools");
    let changed = match folder.trust {
        WorkspaceTrust::Changed => " (changed since you trusted it)",
        WorkspaceTrust::Unknown | WorkspaceTrust::Trusted => "",
    };
    Some(format!(
        "{count} of this project without effect{changed}; look with `aroom trust`"
    ))
}
