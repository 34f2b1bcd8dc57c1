//! `aroom approval`: what waits for a person, in whichever process, and the answer to it.

use super::undo::settle;
use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::effect;
use crate::exit;
use crate::frontend::NAME;
use crate::theme::{Style, Theme};
use crate::words;
use anteroom_api::{
    Approval, ApprovalEvent, ApprovalOp, Decision, Event, OpenApproval, Problem, ProblemCode,
    Resolution, Scope, UnixMillis,
};
use clap::Subcommand;
use serde_json::json;

/// `aroom approval`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ApprovalCommand {
    /// List what waits for an answer, the oldest first
    #[command(after_help = "\
Examples:
  aroom approval list
  aroom approval list --json | jq '.[].approval.id'")]
    List,
    /// Show one with all that it would do
    #[command(after_help = "\
Examples:
  aroom approval show 5f21c0de
  aroom approval show 5f21c0de --json | jq -r .approval.effect.detail")]
    Show {
        /// Its id, or how that begins or ends
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Allow what is shown, once unless told otherwise
    #[command(after_help = "\
Examples:
  aroom approval allow 5f21c0de
  aroom approval allow 5f21c0de --session    and what its rule covers, in this conversation
  aroom approval allow 5f21c0de --always     kept; see `aroom grants list`")]
    Allow {
        /// Its id, or how that begins or ends
        #[arg(value_name = "ID")]
        id: String,
        /// For the rule it shows, until the conversation is closed
        #[arg(long, conflicts_with = "always")]
        session: bool,
        /// For the rule it shows, until it is revoked
        #[arg(long)]
        always: bool,
    },
    /// Deny it
    #[command(after_help = "\
Examples:
  aroom approval deny 5f21c0de
  aroom approval deny 5f21c0de --reason 'use the staging server'")]
    Deny {
        /// Its id, or how that begins or ends
        #[arg(value_name = "ID")]
        id: String,
        /// What the model is told
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Keep it waiting for longer
    #[command(after_help = "\
Examples:
  aroom approval wait 5f21c0de
  aroom approval wait 5f21c0de --json | jq .event.event.expires_at")]
    Wait {
        /// Its id, or how that begins or ends
        #[arg(value_name = "ID")]
        id: String,
    },
}

pub(crate) async fn run(context: &mut Context, command: &ApprovalCommand) -> Result<u8, Quit> {
    match command {
        ApprovalCommand::List => list(context).await,
        ApprovalCommand::Show { id } => show(context, id).await,
        ApprovalCommand::Allow {
            id,
            session,
            always,
        } => {
            let scope = match (session, always) {
                (_, true) => Scope::Always,
                (true, false) => Scope::Session,
                (false, false) => Scope::Once,
            };
            decide(context, id, Decision::Allow { scope }).await
        }
        ApprovalCommand::Deny { id, reason } => {
            let reason = reason.clone();
            decide(context, id, Decision::Deny { reason }).await
        }
        ApprovalCommand::Wait { id } => extend(context, id).await,
    }
}

async fn list(context: &mut Context) -> Result<u8, Quit> {
    let open = context.host.read().open_approvals().await?;
    if context.options.is_json {
        context.printer.json(&json!(open));
        return Ok(exit::OK);
    }
    if open.is_empty() {
        context.printer.progress("nothing waits for an answer");
    }
    let (theme, now) = (context.printer.out_theme(), (context.clock)());
    for open in &open {
        context.printer.line(&line(&open.approval, &theme, now));
    }
    Ok(exit::OK)
}

async fn show(context: &mut Context, id: &str) -> Result<u8, Quit> {
    let open = find(context, id).await?;
    if context.options.is_json {
        context.printer.json(&json!(open));
        return Ok(exit::OK);
    }
    let (theme, now) = (context.printer.out_theme(), (context.clock)());
    for line in whole(&open, &theme, now) {
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

async fn decide(context: &mut Context, id: &str, decision: Decision) -> Result<u8, Quit> {
    let open = find(context, id).await?;
    let (theme, now) = (context.printer.err_theme(), (context.clock)());
    for line in whole(&open, &theme, now) {
        context.printer.progress(&line);
    }
    let op = ApprovalOp::Decide {
        approval: open.approval.id,
        digest: open.approval.digest.clone(),
        decision,
        by: NAME.to_owned(),
    };
    let told = settle(&context.host, open.conversation, op).await?;
    let Event::Approval(ApprovalEvent::Resolved { resolution, .. }) = &told.event else {
        return Ok(exit::OK);
    };
    if context.options.is_json {
        context.printer.json(&json!(told));
        return Ok(exit::OK);
    }
    let done = match resolution {
        Resolution::Allowed { scope: Scope::Once } => "allowed once".to_owned(),
        Resolution::Allowed { scope } => {
            let rule = rule(&open.approval, *scope).unwrap_or_default();
            match scope {
                Scope::Always => format!("allowed for always: {rule}"),
                Scope::Once | Scope::Session => format!("allowed for the session: {rule}"),
            }
        }
        Resolution::Denied { .. } => "denied".to_owned(),
        Resolution::NotAnswered => "not answered in time".to_owned(),
    };
    context.printer.line(&done);
    Ok(exit::OK)
}

async fn extend(context: &mut Context, id: &str) -> Result<u8, Quit> {
    let open = find(context, id).await?;
    let approval = open.approval.id;
    let told = settle(
        &context.host,
        open.conversation,
        ApprovalOp::Extend { approval },
    )
    .await?;
    if context.options.is_json {
        context.printer.json(&json!(told));
        return Ok(exit::OK);
    }
    if let Event::Approval(ApprovalEvent::Extended { expires_at, .. }) = told.event {
        let left = words::countdown(expires_at.0.saturating_sub((context.clock)().0));
        context.printer.line(&format!("waits for {left} more"));
    }
    Ok(exit::OK)
}

/// The open approval whose id is, begins or ends so.
async fn find(context: &Context, text: &str) -> Result<OpenApproval, Problem> {
    let text = text.trim().to_ascii_lowercase();
    let mut found = context.host.read().open_approvals().await?;
    found.retain(|open| {
        let id = open.approval.id.to_string();
        !text.is_empty() && (id.starts_with(&text) || id.ends_with(&text))
    });
    match (found.len(), found.pop()) {
        (1, Some(open)) => Ok(open),
        (0, _) | (_, None) => Err(Problem::new(
            ProblemCode::NotFound,
            format!("no approval `{text}` waits"),
        )
        .hint("`aroom approval list` shows those that do")),
        (several, _) => Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("`{text}` fits {several} approvals"),
        )
        .hint("give more of the id; `aroom approval list` shows them")),
    }
}

/// One line: id, tier, tool, effect, time left.
fn line(approval: &Approval, theme: &Theme, now: UnixMillis) -> String {
    let id = short(approval);
    let left = words::countdown(approval.expires_at.0.saturating_sub(now.0));
    let tier = theme.paint(
        Theme::tier_style(approval.tier),
        theme.tier_sign(approval.tier),
    );
    let asks = match &approval.agent {
        Some(agent) => format!("{} by {}", reveal(&approval.tool), reveal(agent)),
        None => reveal(&approval.tool),
    };
    let about = reveal(&approval.effect.summary);
    let left = theme.paint(Style::Dim, &format!("{left} left"));
    format!("{id}  {tier} {asks}  {about}  {left}")
}

/// All of it: what will happen, why it is asked, what may be answered.
fn whole(open: &OpenApproval, theme: &Theme, now: UnixMillis) -> Vec<String> {
    let approval = &open.approval;
    let mut lines = effect(approval, theme, now);
    for scope in [Scope::Session, Scope::Always] {
        if let Some(rule) = rule(approval, scope) {
            let flag = if scope == Scope::Session {
                "--session"
            } else {
                "--always"
            };
            lines.push(theme.paint(Style::Dim, &format!("  {flag} would remember {rule}")));
        }
    }
    let place = crate::target::short(open.conversation);
    lines.push(theme.paint(Style::Dim, &format!("  in the conversation {place}")));
    lines
}

/// What will happen and why it is asked.
pub(super) fn effect(approval: &Approval, theme: &Theme, now: UnixMillis) -> Vec<String> {
    let mut lines = vec![line(approval, theme, now)];
    let indent = |line: String| format!("    {line}");
    lines.extend(effect::lines(&approval.effect).into_iter().map(indent));
    for reason in &approval.reasons {
        lines.push(format!("  because {}", reveal(reason)));
    }
    lines
}

fn rule(approval: &Approval, scope: Scope) -> Option<String> {
    let mut offers = approval.scopes.iter();
    let offer = offers.find(|offer| offer.scope == scope)?;
    offer.rule.as_deref().map(reveal)
}

/// The end of the id: the part that differs.
fn short(approval: &Approval) -> String {
    let id = approval.id.to_string();
    id.get(id.len().saturating_sub(8)..)
        .unwrap_or_default()
        .to_owned()
}
