//! How much of a conversation is shown, and when: what the settings say of it.

use crate::context::Context;
use crate::invocation::Options;
use anteroom_api::SettingsReport;
use std::time::Duration;

/// How much of the tools' work is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Calls that went well share a line.
    Compact,
    /// A line for each call, but for similar ones in a row.
    Normal,
    /// Results, diffs, reasoning and meters, too.
    Verbose,
}

impl Verbosity {
    /// 0, 1, 2 and above.
    pub(crate) fn level(level: u8) -> Self {
        match level {
            0 => Self::Compact,
            1 => Self::Normal,
            _ => Self::Verbose,
        }
    }
}

/// What the settings say of the looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looks {
    pub(crate) verbosity: Verbosity,
    /// Lines only: nothing is ever repainted.
    pub(crate) is_plain: bool,
    /// Whether similar calls in a row share a line.
    pub(crate) has_dedup: bool,
    /// From here on the row says how to cancel.
    pub(crate) esc_hint: Duration,
    /// Silences from here on are shown, and as a warning.
    pub(crate) stall: Duration,
    pub(crate) stall_warning: Duration,
    /// What the model can hold.
    pub(crate) window_tokens: u64,
}

impl Looks {
    /// As it is without a word in the settings.
    pub(crate) const fn standard(is_plain: bool) -> Self {
        Self {
            verbosity: Verbosity::Normal,
            is_plain,
            has_dedup: true,
            esc_hint: Duration::from_secs(3),
            stall: Duration::from_secs(5),
            stall_warning: Duration::from_secs(15),
            window_tokens: 128_000,
        }
    }

    /// What the settings say; each `-v` shows more, `-q` the least.
    pub(crate) fn of(report: &SettingsReport, options: &Options) -> Self {
        let standard = Self::standard(options.is_plain);
        let setting = |key: &str| Context::setting(report, key);
        let seconds = |key: &str, otherwise: Duration| {
            let number: Option<f64> = setting(key).parse().ok();
            number.map_or(otherwise, |number| {
                Duration::from_secs_f64(number.clamp(0.0, 86_400.0))
            })
        };
        let level: u8 = match setting("cli.verbosity").as_str() {
            "compact" => 0,
            "verbose" => 2,
            _ => 1,
        };
        let level = if options.is_quiet {
            0
        } else {
            level.saturating_add(options.verbosity)
        };
        Self {
            verbosity: Verbosity::level(level),
            has_dedup: setting("cli.tool_dedup") != "false",
            esc_hint: seconds("cli.esc_hint_delay", standard.esc_hint),
            stall: seconds("cli.stall_display_threshold", standard.stall),
            stall_warning: seconds("cli.stall_warning_threshold", standard.stall_warning),
            window_tokens: setting("cli.model_context_window")
                .parse()
                .unwrap_or(standard.window_tokens),
            ..standard
        }
    }
}
