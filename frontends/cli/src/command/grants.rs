//! `aroom grants`: everything that was allowed for good, in one place, and taking it back.

use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use crate::theme::{Style, Theme};
use crate::words;
use anteroom_api::{GrantOp, GrantWhere, Problem, ProblemCode, RuleOp, RuleView, UnixMillis};
use clap::Subcommand;
use serde_json::json;

/// `aroom grants`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum GrantsCommand {
    /// List rules, and what toolsets were granted
    #[command(after_help = "\
Examples:
  aroom grants list
  aroom grants list --json | jq '.rules[].rule'")]
    List,
    /// Take a rule back, in every running conversation too
    #[command(after_help = "\
Examples:
  aroom grants revoke 'bash:cargo test *'
  aroom grants revoke edit_file -p ~/anteroom

What a toolset was granted is taken back with `aroom tool revoke`.")]
    Revoke {
        /// As `aroom grants list` shows it
        #[arg(value_name = "RULE")]
        rule: String,
    },
}

pub(crate) async fn run(context: &mut Context, command: &GrantsCommand) -> Result<u8, Quit> {
    match command {
        GrantsCommand::List => list(context).await,
        GrantsCommand::Revoke { rule } => revoke(context, rule).await,
    }
}

async fn list(context: &mut Context) -> Result<u8, Quit> {
    let rules = context.host.read().rules().await?;
    let grants = context.host.read().grants().await?;
    if context.options.is_json {
        context
            .printer
            .json(&json!({ "rules": rules, "grants": grants }));
        return Ok(exit::OK);
    }
    if rules.is_empty() && grants.is_empty() {
        context.printer.progress("nothing was allowed for good");
    }
    let (theme, now) = (context.printer.out_theme(), (context.clock)());
    for rule in &rules {
        context.printer.line(&rule_line(rule, &theme, now));
    }
    for grant in &grants {
        context.printer.line(&grant_line(grant, &theme, now));
    }
    Ok(exit::OK)
}

pub(crate) fn rule_line(rule: &RuleView, theme: &Theme, now: UnixMillis) -> String {
    let about = [
        place(rule.workspace.as_deref()),
        format!("given {}", words::ago(rule.created_at, now)),
        end(rule.expires_at, now),
    ];
    let about = about.into_iter().filter(|part| !part.is_empty());
    let about = about.collect::<Vec<_>>().join(theme.dot());
    format!(
        "{}  {}",
        reveal(&rule.rule),
        theme.paint(Style::Dim, &about)
    )
}

pub(crate) fn grant_line(grant: &GrantOp, theme: &Theme, now: UnixMillis) -> String {
    let workspace = match &grant.place {
        GrantWhere::Everywhere => None,
        GrantWhere::Workspace(path) => Some(path.as_str()),
    };
    let hash: String = grant.hash.chars().take(8).collect();
    let calls = grant.calls.map_or_else(String::new, |calls| {
        words::plural(calls as usize, "call left", "calls left")
    });
    let reach: Vec<String> = grant
        .reach
        .folders
        .iter()
        .chain(&grant.reach.commands)
        .map(|part| reveal(part))
        .collect();
    let about = [
        format!("toolset {hash}"),
        place(workspace),
        reach.join(", "),
        calls,
        end(grant.expires_at, now),
    ];
    let about = about.into_iter().filter(|part| !part.is_empty());
    let about = about.collect::<Vec<_>>().join(theme.dot());
    format!(
        "{} may {}  {}",
        reveal(&grant.module.0),
        grant.capability.in_words(),
        theme.paint(Style::Dim, &about)
    )
}

pub(crate) fn place(workspace: Option<&str>) -> String {
    workspace.map_or("everywhere".to_owned(), reveal)
}

fn end(expires_at: Option<UnixMillis>, now: UnixMillis) -> String {
    match expires_at {
        None => String::new(),
        Some(end) if end <= now => "ended".to_owned(),
        Some(end) => {
            let left = u64::try_from(end.0.saturating_sub(now.0)).unwrap_or_default();
            match left / 86_400_000 {
                0 => format!("ends in {}", words::duration(left)),
                days => format!(
                    "ends in {}",
                    words::plural(usize::try_from(days).unwrap_or(usize::MAX), "day", "days")
                ),
            }
        }
    }
}

async fn revoke(context: &mut Context, rule: &str) -> Result<u8, Quit> {
    let found = choose(context, rule).await?;
    let op = RuleOp::Revoke {
        rule: found.rule.clone(),
        workspace: found.workspace.clone(),
    };
    let told = context.settle(op).await?;
    if context.options.is_json {
        context.printer.json(&json!(told));
    } else {
        let place = place(found.workspace.as_deref());
        let line = format!("revoked {} ({place})", reveal(&found.rule));
        context.printer.line(&line);
    }
    Ok(exit::OK)
}

/// The rule of that name: the one of this folder, or the only one there is.
pub(crate) async fn choose(context: &Context, rule: &str) -> Result<RuleView, Problem> {
    let all = context.host.read().rules().await?;
    let mut named: Vec<&RuleView> = all.iter().filter(|known| known.rule == rule).collect();
    let here = context.workspace();
    if let Some(found) = named
        .iter()
        .find(|known| known.workspace.as_ref() == Some(&here))
    {
        return Ok((*found).clone());
    }
    match (named.len(), named.pop()) {
        (1, Some(found)) => Ok(found.clone()),
        (0, _) | (_, None) => {
            let problem = Problem::new(ProblemCode::NotFound, format!("there is no rule `{rule}`"));
            let known = all.iter().map(|known| known.rule.as_str());
            Err(match words::nearest(rule, known) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem.hint("`aroom grants list` shows them; a toolset's grants are taken back with `aroom tool revoke`"),
            })
        }
        (several, _) => Err(Problem::new(
            ProblemCode::InvalidInput,
            format!("`{rule}` was allowed in {several} folders, and not in this one"),
        )
        .hint("name the folder with `-p DIR`; `aroom grants list` shows them")),
    }
}
