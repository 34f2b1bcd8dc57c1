//! What a run leaves behind: the answer, the report, what went wrong and the exit code.

use super::record::Record;
use super::{Cut, explain, schema, unwritable};
use crate::context::{Context, Quit};
use crate::exit;
use crate::invocation::Exec;
use crate::problem;
use crate::theme::Style;
use anteroom_api::Problem;

/// How a run ended, seen from outside of its turn.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// Why we ended it, if we did.
    pub(super) cut: Option<Cut>,
    /// What of the answer does not fit its schema.
    pub(super) misfits: Vec<String>,
    /// The same, said to the person.
    pub(super) complaint: Option<Problem>,
}

/// Says what came out; gives the exit code.
pub(super) async fn finish(
    context: &mut Context,
    exec: &Exec,
    record: &Record,
    ending: &Ending,
) -> Result<u8, Quit> {
    if ending.cut == Some(Cut::BrokenPipe) {
        return Ok(exit::OK);
    }
    let code = match ending.cut {
        Some(cut) => cut.code(),
        None => match record.code() {
            exit::OK | exit::DENIED if !ending.misfits.is_empty() => exit::FAILED,
            // Whatever was planned waits for a person.
            exit::OK if exec.is_plan && !exec.is_fed => exit::DENIED,
            code => code,
        },
    };
    if !record.text().is_empty() {
        let is_fit = ending.misfits.is_empty();
        deliver(context, exec, record, (code, is_fit))?;
    }
    if context.options.is_json {
        let report = record.report(code, &ending.misfits);
        context.printer.json(&report);
    }
    if let Some(line) = record.summary(&context.printer.err_theme()) {
        context.printer.dim(&line);
    }
    if let Some(problem) = &ending.complaint
        && code == exit::FAILED
    {
        context.printer.problem(problem);
    } else if let Some(problem) = explain::end(context, exec, record, ending.cut).await {
        context.printer.problem(&problem::advised(&problem));
    }
    Ok(code)
}

/// The answer: to the file if one is named, else to standard output unless that carries JSON. A run that
/// was cut off or does not fit its schema has no answer; what there was of it is progress.
fn deliver(
    context: &mut Context,
    exec: &Exec,
    record: &Record,
    (code, is_fit): (u8, bool),
) -> Result<(), Quit> {
    let mut text = match &exec.schema {
        Some(_) => crate::clean::clean(schema::bare(record.text())),
        None => crate::clean::clean(record.text()),
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let is_answer =
        is_fit && matches!(code, exit::OK | exit::DENIED | exit::LIMIT) && record.is_finished();
    if let Some(path) = exec.output.as_ref().filter(|_| is_answer) {
        std::fs::write(path, &text).map_err(|error| unwritable(path, &error))?;
    } else if exec.is_stream || context.options.is_json {
    } else if is_answer {
        context.printer.answer(&text);
    } else {
        let theme = context.printer.err_theme();
        context
            .printer
            .progress(&theme.paint(Style::Dim, text.trim_end()));
    }
    Ok(())
}
