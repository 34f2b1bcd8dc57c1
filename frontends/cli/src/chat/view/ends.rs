//! What is said of an end that is not the usual one, and of tools that come and go.

use crate::clean::reveal;
use crate::problem;
use crate::theme::{Style, Theme};
use crate::words;
use anteroom_api::{ModuleEvent, ProblemCode, StopReason, Usage};

/// What is said of a module that came, changed or went. They travel on the host's topic.
pub(super) fn module_line(event: &ModuleEvent, theme: &Theme) -> Option<(Style, String)> {
    match event {
        ModuleEvent::Loaded { module } if !module.differences.is_empty() => {
            let id = reveal(&module.id.0);
            Some((
                Style::Warning,
                format!(
                    "{} toolset {id} is another binary now and has to be granted anew; `aroom tool inspect {id}`",
                    theme.warning()
                ),
            ))
        }
        ModuleEvent::Loaded { module } => Some((
            Style::Dim,
            format!("toolset {} was loaded", reveal(&module.id.0)),
        )),
        ModuleEvent::Failed { module, problem } => Some((
            Style::Warning,
            format!(
                "{} toolset {} cannot be used: {}",
                theme.warning(),
                reveal(&module.0),
                reveal(&problem.to_string())
            ),
        )),
        ModuleEvent::Withdrawn { module } => Some((
            Style::Dim,
            format!("toolset {} was withdrawn", reveal(&module.0)),
        )),
        ModuleEvent::Switched { module, is_enabled } => {
            let word = if *is_enabled { "on" } else { "off" };
            Some((
                Style::Dim,
                format!("toolset {} was switched {word}", reveal(&module.0)),
            ))
        }
        ModuleEvent::Granted { .. } | ModuleEvent::Revoked { .. } => None,
    }
}

/// What is said of an end that is not the usual one.
pub(super) fn stop_lines(stop: &StopReason, usage: &Usage, theme: &Theme) -> Vec<String> {
    let line = |style, text: &str| vec![theme.paint(style, text)];
    match stop {
        StopReason::EndTurn => Vec::new(),
        StopReason::MaxSteps => line(
            Style::Warning,
            &format!(
                "{} the limit of model requests was reached; say `go on`",
                theme.warning()
            ),
        ),
        StopReason::MaxTokens => line(
            Style::Warning,
            &format!(
                "{} the endpoint cut the answer at its token limit; say `go on`",
                theme.warning()
            ),
        ),
        StopReason::Refusal => line(
            Style::Warning,
            &format!("{} the model refused", theme.warning()),
        ),
        StopReason::Cancelled => {
            let kept = match usage.completion_tokens {
                0 => String::new(),
                tokens => format!("{}{} tokens kept", theme.dot(), words::count(tokens)),
            };
            line(Style::Dim, &format!("{} cancelled{kept}", theme.stopped()))
        }
        StopReason::Budget { text } => line(
            Style::Warning,
            &format!("{} {}", theme.warning(), reveal(text)),
        ),
        StopReason::Interrupted => line(
            Style::Warning,
            &format!("{} cut off when the program ended", theme.stopped()),
        ),
        // Said by the session, which looks around for endpoints first.
        StopReason::Failed { problem } if problem.code == ProblemCode::NotConfigured => Vec::new(),
        StopReason::Failed { problem } => problem::render(problem, theme)
            .lines()
            .map(ToOwned::to_owned)
            .collect(),
    }
}
