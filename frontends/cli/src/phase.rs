//! What a run is doing, in the words both frontends share. Pure.

use crate::clean::reveal;
use crate::theme::{Style, Theme};
use crate::words;
use anteroom_api::Phase;
use std::time::Duration;

/// From here on a silence is shown as a warning.
const STALL_WARNING: Duration = Duration::from_secs(15);

/// A phase in words, with how much it should be noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PhaseLine {
    pub(crate) text: String,
    pub(crate) style: Style,
}

/// The words of a phase; `rate` is in tokens per second.
pub(crate) fn line(phase: &Phase, rate: Option<u64>, theme: &Theme) -> PhaseLine {
    warned(phase, rate, STALL_WARNING, theme)
}

/// The same with another silence that is more than dim.
pub(crate) fn warned(
    phase: &Phase,
    rate: Option<u64>,
    warning: Duration,
    theme: &Theme,
) -> PhaseLine {
    let (text, style) = match phase {
        Phase::Connecting => ("connecting".to_owned(), Style::Dim),
        Phase::Waiting => ("waiting for first token".to_owned(), Style::Dim),
        Phase::Streaming => {
            let rate = rate.map(|rate| format!("{}{rate} tok/s", theme.dot()));
            (format!("streaming{}", rate.unwrap_or_default()), Style::Dim)
        }
        Phase::Stalled { silent_ms } => (
            format!(
                "stalled {}s{}no data from the model",
                silent_ms / 1000,
                theme.dot()
            ),
            if Duration::from_millis(*silent_ms) >= warning {
                Style::Warning
            } else {
                Style::Dim
            },
        ),
        Phase::Retrying {
            attempt,
            max,
            delay_ms,
            reason,
        } => (
            format!(
                "retry {attempt}/{max} in {}s{}{}",
                delay_ms.div_ceil(1000),
                theme.dot(),
                reveal(reason)
            ),
            Style::Warning,
        ),
        Phase::Running { tool } => (format!("running {}", reveal(tool)), Style::Dim),
        Phase::WaitingForApproval => ("waiting for approval".to_owned(), Style::Warning),
        Phase::Compacting => ("compacting the history".to_owned(), Style::Dim),
    };
    PhaseLine { text, style }
}

/// The sign before a phase: a spinner, or the sign of trying again.
pub(crate) fn sign(phase: Option<&Phase>, tick: u64, theme: &Theme) -> String {
    match phase {
        Some(Phase::Retrying { .. }) => theme.again().to_owned(),
        _ => theme.spinner(tick).to_string(),
    }
}

/// How full the context is; none as long as nobody knows.
pub(crate) fn context_percent(tokens: u64, window: u64) -> Option<u64> {
    (tokens > 0 && window > 0).then(|| tokens.saturating_mul(100).div_ceil(window))
}

/// The usage line at the end of a turn: `14s · 3.1k in 812 out`.
pub(crate) fn usage_line(elapsed_ms: u64, usage: anteroom_api::Usage, theme: &Theme) -> String {
    format!(
        "{}{}{}",
        words::duration(elapsed_ms),
        theme.dot(),
        words::usage(usage)
    )
}

/// The line at the end of a turn: `14s · 3.1k in 812 out · context 32 %`.
pub(crate) fn turn_line(
    elapsed_ms: u64,
    usage: anteroom_api::Usage,
    percent: Option<u64>,
    theme: &Theme,
) -> String {
    let line = usage_line(elapsed_ms, usage, theme);
    match percent {
        Some(percent) => format!("{line}{}context {percent} %", theme.dot()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::BARE;

    #[test]
    fn the_words_are_the_shared_ones() {
        let check = |phase: Phase, rate, wanted: &str, style| {
            assert_eq!(
                line(&phase, rate, &BARE),
                PhaseLine {
                    text: wanted.into(),
                    style
                }
            );
        };
        check(Phase::Connecting, None, "connecting", Style::Dim);
        check(Phase::Waiting, None, "waiting for first token", Style::Dim);
        check(Phase::Streaming, None, "streaming", Style::Dim);
        check(
            Phase::Streaming,
            Some(38),
            "streaming · 38 tok/s",
            Style::Dim,
        );
        let stalled = |silent_ms| Phase::Stalled { silent_ms };
        check(
            stalled(5_400),
            None,
            "stalled 5s · no data from the model",
            Style::Dim,
        );
        check(
            stalled(16_000),
            None,
            "stalled 16s · no data from the model",
            Style::Warning,
        );
        check(
            Phase::Retrying {
                attempt: 2,
                max: 3,
                delay_ms: 4_000,
                reason: "read timeout".into(),
            },
            None,
            "retry 2/3 in 4s · read timeout",
            Style::Warning,
        );
        check(
            Phase::Running {
                tool: "bash".into(),
            },
            None,
            "running bash",
            Style::Dim,
        );
        check(
            Phase::WaitingForApproval,
            None,
            "waiting for approval",
            Style::Warning,
        );
    }

    #[test]
    fn the_context_is_told_in_whole_percent() {
        assert_eq!(context_percent(0, 128_000), None);
        assert_eq!(context_percent(1, 0), None);
        assert_eq!(context_percent(1, 128_000), Some(1));
        assert_eq!(context_percent(40_960, 128_000), Some(32));
        assert_eq!(context_percent(256_000, 128_000), Some(200));
    }

    #[test]
    fn a_turn_ends_with_one_line() {
        let usage = anteroom_api::Usage {
            prompt_tokens: 3_100,
            completion_tokens: 812,
            ..anteroom_api::Usage::default()
        };
        assert_eq!(usage_line(14_200, usage, &BARE), "14s · 3.1k in 812 out");
    }
}
