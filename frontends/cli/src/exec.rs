//! `aroom exec`: one turn without a person. The answer goes to standard output, everything else to
//! standard error, and nothing is ever asked.

mod explain;
mod record;
#[cfg(test)]
mod tests;

use crate::connect;
use crate::context::{Context, Quit, host_stopped};
use crate::exit;
use crate::follow::{Follower, Told};
use crate::interrupts::Interrupt;
use crate::invocation::Exec;
use crate::target::Target;
use crate::theme::Style;
use anteroom_api::{
    Content, ConversationId, Delta, Phase, Problem, ProblemCode, Signal, Topic, TurnId, TurnOp,
    TurnOptions,
};
use record::{Progress, Record};
use std::time::Duration;
use tokio::time::Instant;

/// How long a cancelled turn may take to end.
const CANCEL_PATIENCE: Duration = Duration::from_secs(10);

/// Runs it; gives the exit code.
pub(crate) async fn run(context: &mut Context, exec: &Exec) -> Result<u8, Quit> {
    match attempt(context, exec).await {
        Err(Quit::Problem(problem)) if context.options.is_json => {
            let code = exit::of_problem(problem.code);
            context.printer.json(&record::refused(&problem, code));
            Err(Quit::Problem(problem))
        }
        ended => ended,
    }
}

async fn attempt(context: &mut Context, exec: &Exec) -> Result<u8, Quit> {
    let input = input(context, exec).await?;
    check_output(exec)?;
    if let Some(problem) = connect::missing_endpoint(context).await? {
        return Err(problem.into());
    }
    if let Some(waits) = crate::command::trust::notice(context).await {
        context.printer.progress(&waits);
    }
    let target = Target::find(context, &exec.resume).await?;
    let mut follower = Follower::new(&context.host, Topic::Conversation(target.id), target.after);
    let turn = start(context, exec, target.id, input).await?;
    let mut record = Record::new(target.id, turn);
    let cut = watch(context, exec, &mut follower, &mut record).await?;
    finish(context, exec, &record, cut).await
}

/// The prompt, and what came through standard input as its context.
async fn input(context: &mut Context, exec: &Exec) -> Result<Vec<Content>, Quit> {
    let is_piped = !context.terminal.is_stdin_terminal;
    let missing = || {
        Problem::new(ProblemCode::InvalidInput, "there is no prompt")
            .hint("`aroom exec \"PROMPT\"`, or pipe the prompt into `aroom exec -`")
    };
    match &exec.prompt {
        None if !is_piped => Err(missing().into()),
        None => {
            let text = context.read_stdin().await?;
            if text.trim().is_empty() {
                return Err(missing().into());
            }
            Ok(vec![Content::text(text)])
        }
        Some(prompt) => {
            let mut input = vec![Content::text(prompt.clone())];
            if is_piped {
                let text = context.read_stdin().await?;
                if !text.trim().is_empty() {
                    let text = text.trim_end_matches('\n');
                    input.push(Content::text(format!("<stdin>\n{text}\n</stdin>")));
                }
            }
            Ok(input)
        }
    }
}

/// Finds out before any token is spent whether the answer can be written.
fn check_output(exec: &Exec) -> Result<(), Problem> {
    let Some(path) = &exec.output else {
        return Ok(());
    };
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map(|_| ())
        .map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &std::path::Path, error: &std::io::Error) -> Problem {
    Problem::new(
        ProblemCode::InvalidInput,
        format!("could not write `{}`", path.display()),
    )
    .cause(error)
    .hint("give `--output` a file that can be written")
}

async fn start(
    context: &Context,
    exec: &Exec,
    conversation: ConversationId,
    input: Vec<Content>,
) -> Result<TurnId, Quit> {
    let op = context
        .host
        .submit(TurnOp::Start {
            conversation,
            input,
            options: TurnOptions {
                model: context.options.model.clone(),
                mode: None,
                allowed_tools: context.options.allowed_tools.clone(),
                is_without_tools: exec.is_without_tools,
                max_steps: exec.max_steps,
                is_plan: exec.is_plan,
                is_attended: false,
            },
        })
        .await?;
    Ok(TurnId::from(op))
}

/// Why we ended the turn, if we did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Timeout,
    Interrupted(Interrupt),
    Stopping,
    BrokenPipe,
}

/// Follows the turn to its end.
async fn watch(
    context: &mut Context,
    exec: &Exec,
    follower: &mut Follower,
    record: &mut Record,
) -> Result<Option<Cut>, Quit> {
    let started = Instant::now();
    let mut deadline = exec.timeout.map(|timeout| started + timeout);
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
                show(context, exec, record, &told);
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
async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn show(context: &mut Context, exec: &Exec, record: &mut Record, told: &Told) {
    match told {
        Told::Fact(envelope) => {
            if exec.is_stream {
                stream(
                    context,
                    &Signal::Event {
                        envelope: envelope.as_ref().clone(),
                    },
                );
            }
            for progress in record.take(envelope) {
                show_progress(context, &progress);
            }
        }
        Told::Trouble(turn, problem) => {
            if exec.is_stream {
                stream(
                    context,
                    &Signal::Trouble {
                        turn: *turn,
                        problem: problem.clone(),
                    },
                );
            }
            if *turn == Some(record.turn) {
                record.fail(problem.clone());
            } else {
                context.printer.problem(problem);
            }
        }
        Told::Preview(delta) => {
            if exec.is_stream && exec.has_deltas {
                stream(
                    context,
                    &Signal::Delta {
                        delta: delta.clone(),
                    },
                );
            }
            if let Delta::Phase { turn, phase } = delta
                && *turn == record.turn
            {
                show_phase(context, phase);
            }
        }
    }
}

fn stream(context: &mut Context, signal: &Signal) {
    // These types always serialise; a line less is better than a run less.
    if let Ok(line) = serde_json::to_string(signal) {
        context.printer.line(&line);
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

/// Says what came out; gives the exit code.
async fn finish(
    context: &mut Context,
    exec: &Exec,
    record: &Record,
    cut: Option<Cut>,
) -> Result<u8, Quit> {
    if cut == Some(Cut::BrokenPipe) {
        return Ok(exit::OK);
    }
    let code = match cut {
        Some(Cut::Timeout) => exit::LIMIT,
        Some(Cut::Interrupted(interrupt)) => interrupt.code(),
        Some(Cut::Stopping) => exit::TERMINATED,
        Some(Cut::BrokenPipe) | None => match record.code() {
            // Whatever was planned waits for a person.
            exit::OK if exec.is_plan => exit::DENIED,
            code => code,
        },
    };
    if !record.text().is_empty() {
        deliver(context, exec, record, code)?;
    }
    if context.options.is_json {
        context.printer.json(&record.report(code));
    }
    if let Some(line) = record.summary(&context.printer.err_theme()) {
        context.printer.dim(&line);
    }
    if let Some(problem) = explain::end(context, exec, record, cut).await {
        context.printer.problem(&problem);
    }
    Ok(code)
}

/// The answer: to the file if one is named, else to standard output unless that carries JSON. A run that
/// was cut off has no answer; what there was of it is progress.
fn deliver(context: &mut Context, exec: &Exec, record: &Record, code: u8) -> Result<(), Quit> {
    let mut text = crate::clean::clean(record.text());
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let is_answer = matches!(code, exit::OK | exit::DENIED | exit::LIMIT) && record.is_finished();
    if let Some(path) = exec.output.as_ref().filter(|_| is_answer) {
        std::fs::write(path, &text).map_err(|error| unwritable(path, &error))?;
    } else if exec.is_stream || context.options.is_json {
    } else if is_answer {
        context.printer.data(&text);
    } else {
        let theme = context.printer.err_theme();
        context
            .printer
            .progress(&theme.paint(Style::Dim, text.trim_end()));
    }
    Ok(())
}
