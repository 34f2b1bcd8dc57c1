//! What is said about an unattended run that did not end as wanted: always with what to do next.

use super::Cut;
use super::record::Record;
use crate::connect;
use crate::context::Context;
use crate::invocation::Exec;
use crate::words;
use anteroom_api::{Problem, ProblemCode, StopReason};

/// What to say about an end that is not the wanted one.
pub(super) async fn end(
    context: &Context,
    exec: &Exec,
    record: &Record,
    cut: Option<Cut>,
) -> Option<Problem> {
    let again = format!(
        "`aroom exec -r {} \"go on\"`",
        crate::target::short(record.conversation)
    );
    match cut {
        Some(Cut::Timeout) => {
            let limit = exec.timeout.unwrap_or_default();
            let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
            return Some(
                Problem::new(
                    ProblemCode::LimitReached,
                    format!("cancelled after {}", words::duration(limit)),
                )
                .hint(format!("give more `--timeout`, or go on with {again}")),
            );
        }
        Some(Cut::Interrupted(_) | Cut::Stopping) => {
            return Some(
                Problem::new(ProblemCode::Conflict, "cancelled")
                    .hint(format!("go on with {again}")),
            );
        }
        Some(Cut::BrokenPipe) => return None,
        None => {}
    }
    let stop = record.stop()?;
    match stop {
        StopReason::EndTurn if exec.is_plan => Some(planned(record)),
        StopReason::EndTurn => record.denial(),
        StopReason::Failed { problem } if problem.code == ProblemCode::NotConfigured => {
            Some(connect::not_configured(context).await)
        }
        other => stopped(other, &again),
    }
}

/// A plan needs a person's yes, which nobody can give to an unattended run.
fn planned(record: &Record) -> Problem {
    let id = crate::target::short(record.conversation);
    Problem::new(
        ProblemCode::Denied,
        "this is a plan; nothing was changed, because nobody can approve it here",
    )
    .hint(format!(
        "approve one in `aroom chat -r {id}` with `/plan TEXT`, or have it done with `aroom exec -r {id} \"carry it out\"`"
    ))
}

/// `again` is the command that goes on with the conversation.
fn stopped(stop: &StopReason, again: &str) -> Option<Problem> {
    match stop {
        StopReason::EndTurn => None,
        StopReason::Failed { problem } => Some(problem.clone()),
        StopReason::MaxSteps => Some(
            Problem::new(
                ProblemCode::LimitReached,
                "the limit of model requests was reached",
            )
            .hint(format!("give more `--max-turns`, or go on with {again}")),
        ),
        StopReason::MaxTokens => Some(
            Problem::new(
                ProblemCode::LimitReached,
                "the endpoint cut the answer at its token limit",
            )
            .hint(format!("go on with {again}")),
        ),
        StopReason::Refusal => Some(
            Problem::new(ProblemCode::EndpointFailed, "the model refused")
                .hint("say it differently, or try another `--model`"),
        ),
        StopReason::Cancelled => Some(
            Problem::new(
                ProblemCode::Conflict,
                "the run was cancelled from elsewhere",
            )
            .hint(format!("go on with {again}")),
        ),
        StopReason::Budget { text } => Some(
            Problem::new(ProblemCode::LimitReached, text.clone())
                .hint(format!("go on with {again}, with more budget")),
        ),
        StopReason::Interrupted => Some(
            Problem::new(ProblemCode::Internal, "the run was cut off")
                .hint(format!("go on with {again}")),
        ),
    }
}
