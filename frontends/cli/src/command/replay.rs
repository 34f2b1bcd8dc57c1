//! `aroom replay`: what a turn did, done again from its record.

use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use crate::target;
use crate::theme::{Style, Theme};
use crate::words;
use anteroom_api::{Problem, ProblemCode, ReplayReport, TurnId};
use clap::Args;
use serde_json::json;

/// `aroom replay`.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct Replay {
    /// A conversation: its id, or how that begins or ends; or the whole id of a turn
    #[arg(value_name = "ID")]
    id: String,
    /// Only this turn of the conversation, counted from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    turn: Option<u32>,
}

pub(crate) async fn run(context: &mut Context, replay: &Replay) -> Result<u8, Quit> {
    let turns = turns(context, replay).await?;
    let mut reports = Vec::new();
    for turn in turns {
        reports.push(context.host.read().replay(turn).await?);
    }
    let is_same = reports.iter().all(|report| report.differences.is_empty());
    let code = if is_same { exit::OK } else { exit::FAILED };
    if context.options.is_json {
        context.printer.json(&json!(reports));
        return Ok(code);
    }
    let theme = context.printer.out_theme();
    for (number, report) in (1_u32..).zip(&reports) {
        for line in lines(replay.turn.unwrap_or(number), report, &theme) {
            context.printer.line(&line);
        }
    }
    Ok(code)
}

/// The turns that are meant, oldest first.
async fn turns(context: &Context, replay: &Replay) -> Result<Vec<TurnId>, Quit> {
    let named = target::named(context, &replay.id).await;
    let view = match (named, replay.id.parse::<TurnId>()) {
        (Ok(view), _) => view,
        (Err(_), Ok(turn)) => return Ok(vec![turn]),
        (Err(problem), Err(_)) => return Err(problem.into()),
    };
    let turns = context.host.read().turns(view.id).await?;
    let Some(number) = replay.turn else {
        return Ok(turns.into_iter().map(|turn| turn.id).collect());
    };
    match turns.get(number as usize - 1) {
        Some(turn) => Ok(vec![turn.id]),
        None => Err(Problem::new(
            ProblemCode::NotFound,
            format!("the conversation has no turn {number}"),
        )
        .hint(format!("it has {}", turns.len()))
        .into()),
    }
}

fn lines(number: u32, report: &ReplayReport, theme: &Theme) -> Vec<String> {
    let counts = format!(
        "{}, {}",
        words::plural(report.steps as usize, "request", "requests"),
        words::plural(report.calls as usize, "call", "calls")
    );
    if report.differences.is_empty() {
        let sign = theme.paint(Style::Good, theme.ok());
        return vec![format!(
            "{sign} turn {number}: the same as recorded ({counts})"
        )];
    }
    let sign = theme.paint(Style::Warning, theme.warning());
    let count = words::plural(report.differences.len(), "difference", "differences");
    let mut lines = vec![format!("{sign} turn {number}: {count} ({counts})")];
    for difference in &report.differences {
        lines.push(format!(
            "  step {}, {}",
            difference.step,
            reveal(&difference.what)
        ));
        lines.push(format!("    recorded  {}", reveal(&difference.recorded)));
        lines.push(format!("    now       {}", reveal(&difference.now)));
    }
    lines
}
