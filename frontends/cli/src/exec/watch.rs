//! Following a turn to its end: events on standard output where they are wanted, progress on standard error.

use super::Cut;
use super::record::{Progress, Record};
use crate::attached;
use crate::context::{Context, Quit, host_stopped};
use crate::follow::{Follower, Told};
use crate::invocation::Exec;
use anteroom_api::{Delta, Event, ItemBody, ItemEvent, Phase, Signal, TurnOp};
use std::time::Duration;
use tokio::time::Instant;

/// How long a cancelled turn may take to end.
pub(super) const CANCEL_PATIENCE: Duration = Duration::from_secs(10);

/// Follows the turn to its end; tells why we ended it, if we did.
pub(super) async fn watch(
    context: &mut Context,
    exec: &Exec,
    follower: &mut Follower,
    record: &mut Record,
    mut deadline: Option<Instant>,
) -> Result<Option<Cut>, Quit> {
    let mut cut = None;
    let mut stop = context.stop.clone();
    while !record.is_ended() {
        let reason = tokio::select! {
            told = follower.next() => {
                let Some(told) = told else {
                    return match cut {
                        Some(_) => Ok(cut),
                        None => Err(host_stopped().into()),
                    };
                };
                tell(context, exec, &told);
                take(context, record, &told);
                if let Told::Trouble(turn, problem) = &told
                    && *turn != Some(record.turn)
                {
                    context.printer.problem(problem);
                }
                (context.printer.is_broken() && cut.is_none()).then_some(Cut::BrokenPipe)
            }
            interrupt = context.interrupts.next() => Some(Cut::Interrupted(interrupt)),
            () = at(deadline) => Some(Cut::Timeout),
            () = stop.raised(), if cut.is_none() => Some(Cut::Stopping),
        };
        let Some(reason) = reason else { continue };
        if cut.is_some() {
            // Asked twice, or the cancel took too long: do not wait any longer.
            return Ok(cut);
        }
        cut = Some(reason);
        deadline = Some(Instant::now() + CANCEL_PATIENCE);
        // Rejected if the turn has ended meanwhile, which is what is wanted.
        let _ = context
            .host
            .submit(TurnOp::Cancel { turn: record.turn })
            .await;
    }
    Ok(cut)
}

/// Waits until a moment, or for ever.
pub(super) async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Tells it on standard output, if that carries events.
pub(super) fn tell(context: &mut Context, exec: &Exec, told: &Told) {
    if !exec.is_stream {
        return;
    }
    let signal = match told {
        Told::Fact(envelope) => Signal::Event {
            envelope: envelope.as_ref().clone(),
        },
        Told::Trouble(turn, problem) => Signal::Trouble {
            turn: *turn,
            problem: problem.clone(),
        },
        Told::Preview(_) if !exec.has_deltas => return,
        Told::Preview(delta) => Signal::Delta {
            delta: delta.clone(),
        },
    };
    // These types always serialise; a line less is better than a run less.
    if let Ok(line) = serde_json::to_string(&signal) {
        context.printer.line(&line);
    }
}

/// Takes it into the record, and shows what is progress of its turn.
pub(super) fn take(context: &mut Context, record: &mut Record, told: &Told) {
    match told {
        Told::Fact(envelope) => {
            show_attached(context, &envelope.event);
            for progress in record.take(envelope) {
                show_progress(context, &progress);
            }
        }
        Told::Trouble(turn, problem) if *turn == Some(record.turn) => record.fail(problem.clone()),
        Told::Preview(Delta::Phase { turn, phase }) if *turn == record.turn => {
            show_phase(context, phase);
        }
        Told::Trouble(..) | Told::Preview(_) => {}
    }
}

/// What the prompt's references led to.
fn show_attached(context: &mut Context, event: &Event) {
    if let Event::Item(ItemEvent::Completed(item)) = event
        && let ItemBody::UserMessage { content } = &item.body
    {
        let theme = context.printer.err_theme();
        for line in attached::lines(content, &theme) {
            context.printer.progress(&line);
        }
    }
}

fn show_progress(context: &mut Context, progress: &Progress) {
    let theme = context.printer.err_theme();
    match progress {
        Progress::Narration(text) => {
            for line in crate::clean::clean(text).trim().lines() {
                context.printer.dim(line);
            }
        }
        Progress::Call { call, status } => {
            context
                .printer
                .progress(&crate::tool_line::tool_line(call, *status, &theme));
            if let Some(line) = crate::tool_line::failure_line(call, *status, &theme) {
                context.printer.dim(&line);
            }
            if context.options.verbosity > 0
                && let Some(meter) = &call.meter
            {
                context
                    .printer
                    .progress(&crate::tool_line::meter_line(meter, &theme));
            }
        }
    }
}

/// Only what lasts: everything else would be noise in a log.
fn show_phase(context: &mut Context, phase: &Phase) {
    let theme = context.printer.err_theme();
    if let Phase::Stalled { .. } | Phase::Retrying { .. } = phase {
        let line = crate::phase::line(phase, None, &theme);
        context.printer.dim(&line.text);
    }
}
