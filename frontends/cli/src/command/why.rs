//! `aroom why`: everything that led to what a call was allowed to do.

use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::effect;
use crate::exit;
use crate::theme::{Style, Theme};
use crate::words;
use anteroom_api::{
    AskedApproval, CallDecision, CallHit, ItemBody, Problem, ProblemCode, Resolution, Scope,
    Status, ToolCall, UnixMillis,
};
use clap::Args;
use serde_json::json;

/// `aroom why`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The call: the beginning of its item's id, or of the model's id of it
    #[arg(value_name = "CALL")]
    pub call: String,
}

pub(crate) async fn run(context: &mut Context, why: &Why) -> Result<u8, Quit> {
    let hits = context.host.read().calls(why.call.clone()).await?;
    if hits.is_empty() {
        return Err(Problem::new(
            ProblemCode::NotFound,
            format!("no call begins with `{}`", why.call),
        )
        .hint("`aroom audit list` shows the calls that were made")
        .into());
    }
    if context.options.is_json {
        context.printer.json(&json!(hits));
        return Ok(exit::OK);
    }
    let (theme, now) = (context.printer.out_theme(), (context.clock)());
    for (number, hit) in hits.iter().enumerate() {
        if number > 0 {
            context.printer.line("");
        }
        // Of several only the head: a longer beginning names one.
        for line in explain(hit, hits.len() == 1, (&theme, now)) {
            context.printer.line(&line);
        }
    }
    if hits.len() > 1 {
        context
            .printer
            .note("several calls begin so; give more of the id to see one whole");
    }
    Ok(exit::OK)
}

/// The lines about one call.
pub(crate) fn explain(
    hit: &CallHit,
    is_whole: bool,
    (theme, now): (&Theme, UnixMillis),
) -> Vec<String> {
    let ItemBody::ToolCall(call) = &hit.item.body else {
        return Vec::new();
    };
    let tier = theme.paint(
        Theme::tier_style(call.tier),
        &format!("{} {}", theme.tier_sign(call.tier), call.tier),
    );
    let mut lines = vec![
        format!(
            "{}  {tier}  {}",
            theme.paint(Style::Bold, &reveal(&call.tool)),
            status(hit.item.status)
        ),
        theme.paint(
            Style::Dim,
            &format!(
                "  {} ({}), {}, in the conversation {}",
                hit.item.id,
                reveal(&call.call),
                words::ago(hit.item.created_at, now),
                crate::target::short(hit.conversation)
            ),
        ),
    ];
    if !is_whole {
        return lines;
    }
    lines.push(format!(
        "  arguments {}",
        reveal(&call.arguments.to_string())
    ));
    if call.decisions.is_empty() {
        lines.push("  nothing had to be decided: it did nothing above its mode's tier".to_owned());
    }
    for decision in &call.decisions {
        lines.extend(decided(decision, theme));
    }
    for asked in &hit.asked {
        lines.extend(asked_lines(asked, (theme, now)));
    }
    lines.extend(meter(call));
    lines
}

fn decided(decision: &CallDecision, theme: &Theme) -> Vec<String> {
    let tier = theme.tier_sign(decision.tier);
    let outcome = outcome(&decision.resolution);
    let mut lines = vec![format!(
        "  {tier} {}: {outcome} by {}",
        reveal(&decision.effect),
        who(&decision.by)
    )];
    if let Some(rule) = &decision.rule {
        lines.push(format!("      rule {}", reveal(rule)));
    }
    for reason in &decision.reasons {
        lines.push(format!("      because {}", reveal(reason)));
    }
    if let Resolution::Denied {
        reason: Some(reason),
    } = &decision.resolution
    {
        lines.push(format!("      said: {}", reveal(reason)));
    }
    lines
}

fn asked_lines(asked: &AskedApproval, (theme, now): (&Theme, UnixMillis)) -> Vec<String> {
    let approval = &asked.approval;
    let answered = match (&asked.resolution, &asked.by, asked.resolved_at) {
        (Some(resolution), Some(by), Some(at)) => format!(
            "{} by {}, after {}",
            outcome(resolution),
            who(by),
            words::duration(
                u64::try_from(at.0.saturating_sub(approval.requested_at.0)).unwrap_or_default()
            )
        ),
        _ => "still open".to_owned(),
    };
    let when = words::ago(approval.requested_at, now);
    let mut lines = vec![format!("  asked {when}: {answered}")];
    let shown = effect::lines(&approval.effect);
    lines.extend(shown.into_iter().map(|line| format!("      {line}")));
    for reason in &approval.reasons {
        lines.push(theme.paint(Style::Dim, &format!("      because {}", reveal(reason))));
    }
    lines
}

fn meter(call: &ToolCall) -> Option<String> {
    let meter = call.meter.as_ref()?;
    let mut parts = vec![
        format!("{} wall", words::duration(meter.wall_us / 1000)),
        format!("{} cpu", words::duration(meter.cpu_us / 1000)),
        format!("{} memory", words::bytes(meter.peak_memory_bytes)),
    ];
    let amounts = [
        (meter.bytes_read, "read"),
        (meter.bytes_written, "written"),
        (meter.bytes_sent, "sent"),
        (meter.bytes_received, "received"),
    ];
    for (count, what) in amounts {
        if count > 0 {
            parts.push(format!("{} {what}", words::bytes(count)));
        }
    }
    if meter.hosts > 0 {
        parts.push(words::numbered(meter.hosts, "host", "hosts"));
    }
    if meter.processes > 0 {
        parts.push(words::numbered(meter.processes, "process", "processes"));
    }
    Some(format!("  used {}", parts.join(", ")))
}

fn outcome(resolution: &Resolution) -> &'static str {
    match resolution {
        Resolution::Allowed { scope: Scope::Once } => "allowed once",
        Resolution::Allowed {
            scope: Scope::Session,
        } => "allowed for the session",
        Resolution::Allowed {
            scope: Scope::Always,
        } => "allowed for always",
        Resolution::Denied { .. } => "denied",
        Resolution::NotAnswered => "not answered",
    }
}

fn who(by: &str) -> String {
    match by {
        "policy" => "the mode in force".to_owned(),
        "rule" => "a rule".to_owned(),
        "call" => "the approval of the call as a whole".to_owned(),
        other => reveal(other),
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Pending => "not begun",
        Status::Running => "running",
        Status::Completed => "completed",
        Status::Failed => "failed",
        Status::Denied => "denied",
        Status::Interrupted => "interrupted",
    }
}
