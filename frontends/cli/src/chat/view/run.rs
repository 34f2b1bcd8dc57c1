//! The turn that runs: its phase, and the row that tells of it.

use super::looks::Looks;
use crate::phase;
use crate::theme::{Style, Theme, visible_width};
use crate::words;
use anteroom_api::{Phase, TurnId, UnixMillis};
use std::time::Duration;
use tokio::time::Instant;

/// Columns of the bar of the context.
const BAR: usize = 8;

pub(super) struct Running {
    pub(super) id: TurnId,
    pub(super) started_at: UnixMillis,
    since: Instant,
    phase: Option<(Phase, Instant)>,
    /// Characters of this stretch of streaming.
    streamed: usize,
    streaming_since: Option<Instant>,
    /// When the last words came.
    heard: Option<Instant>,
    /// The loudest silence a line was said about, in plain words.
    told_silence: u8,
}

/// What else stands on the row.
#[derive(Clone, Copy, Default)]
pub(super) struct Beside {
    pub(super) queued: usize,
    /// Tokens of the last request and its answer.
    pub(super) context_tokens: u64,
}

impl Running {
    pub(super) fn new(id: TurnId, started_at: UnixMillis, now: Instant) -> Self {
        Self {
            id,
            started_at,
            since: now,
            phase: None,
            streamed: 0,
            streaming_since: None,
            heard: None,
            told_silence: 0,
        }
    }

    /// Words came.
    pub(super) fn count(&mut self, text: &str, now: Instant) {
        self.streamed += text.chars().count();
        self.streaming_since.get_or_insert(now);
        self.heard = Some(now);
        self.told_silence = 0;
    }

    /// Takes a phase; gives the line that says so where nothing is repainted.
    pub(super) fn change(
        &mut self,
        phase: &Phase,
        now: Instant,
        looks: &Looks,
        theme: &Theme,
    ) -> Option<String> {
        let kind = std::mem::discriminant;
        let is_new = self.phase.as_ref().map(|(phase, _)| kind(phase)) != Some(kind(phase));
        let is_same_tool = matches!((&self.phase, phase), (Some((Phase::Running { tool: a }, _)), Phase::Running { tool: b }) if a == b);
        let is_retry = matches!(phase, Phase::Retrying { .. });
        if is_new && *phase != Phase::Streaming {
            self.streamed = 0;
            self.streaming_since = None;
        }
        self.phase = Some((phase.clone(), now));
        let is_worth_saying = match phase {
            Phase::Streaming => false,
            Phase::Stalled { silent_ms } => self.is_louder(*silent_ms, looks),
            Phase::Running { .. } => is_new || !is_same_tool,
            _ => is_new || is_retry,
        };
        let line = || phase::warned(phase, None, looks.stall_warning, theme).text;
        (looks.is_plain && is_worth_saying).then(line)
    }

    /// Whether a person is asked.
    pub(super) fn is_asked(&self) -> bool {
        matches!(self.phase, Some((Phase::WaitingForApproval, _)))
    }

    /// Whether a silence has passed a threshold nothing was said about.
    fn is_louder(&mut self, silent_ms: u64, looks: &Looks) -> bool {
        let silence = Duration::from_millis(silent_ms);
        let loudness = u8::from(silence >= looks.stall) + u8::from(silence >= looks.stall_warning);
        let is_louder = loudness > self.told_silence;
        self.told_silence = self.told_silence.max(loudness);
        is_louder
    }

    /// Tokens a second, at four characters a token.
    fn rate(&self, now: Instant) -> Option<u64> {
        let since = self.streaming_since?;
        let ms = u64::try_from(now.saturating_duration_since(since).as_millis()).ok()?;
        let streamed = u64::try_from(self.streamed).ok()?;
        (ms >= 1_000).then(|| streamed * 1_000 / 4 / ms)
    }

    /// The phase as it is after some time without news.
    fn later(&self, now: Instant, looks: &Looks) -> Option<Phase> {
        let (phase, since) = self.phase.as_ref()?;
        let passed = now.saturating_duration_since(*since);
        let ms = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        let stalled = |silent_ms: u64| match Duration::from_millis(silent_ms) >= looks.stall {
            true => Phase::Stalled { silent_ms },
            false => Phase::Streaming,
        };
        Some(match phase {
            Phase::Stalled { silent_ms } => stalled(silent_ms.saturating_add(ms)),
            Phase::Streaming => {
                let heard = self.heard.map_or(*since, |heard| heard.max(*since));
                let silent = now.saturating_duration_since(heard).as_millis();
                stalled(u64::try_from(silent).unwrap_or(u64::MAX))
            }
            Phase::Retrying {
                attempt,
                max,
                delay_ms,
                reason,
            } => Phase::Retrying {
                attempt: *attempt,
                max: *max,
                delay_ms: delay_ms.saturating_sub(ms),
                reason: reason.clone(),
            },
            Phase::Connecting
            | Phase::Waiting
            | Phase::Running { .. }
            | Phase::WaitingForApproval
            | Phase::Compacting => phase.clone(),
        })
    }

    /// The row: `⠹ streaming · 38 tok/s · 14s · esc to cancel · 1 queued`, and how full the context is.
    pub(super) fn row(
        &self,
        (now, tick): (Instant, u64),
        beside: Beside,
        looks: &Looks,
        theme: &Theme,
    ) -> String {
        let phase = self.later(now, looks);
        let sign = phase::sign(phase.as_ref(), tick, theme);
        let (text, style) = match &phase {
            Some(phase) => {
                let line = phase::warned(phase, self.rate(now), looks.stall_warning, theme);
                (line.text, line.style)
            }
            None => ("working".to_owned(), Style::Dim),
        };
        let elapsed = now.saturating_duration_since(self.since);
        let mut parts = vec![text];
        // The silence is a time already.
        if !matches!(phase, Some(Phase::Stalled { .. } | Phase::Retrying { .. })) {
            parts.push(words::seconds(elapsed.as_secs()));
        }
        let is_retry = matches!(phase, Some(Phase::Retrying { .. }));
        if is_retry || elapsed >= looks.esc_hint {
            parts.push(
                if is_retry {
                    "esc to give up"
                } else {
                    "esc to cancel"
                }
                .to_owned(),
            );
        }
        if beside.queued > 0 {
            parts.push(format!("{} queued", beside.queued));
        }
        let room = theme.width.saturating_sub(1);
        let line = theme.fit(&format!("{sign} {}", parts.join(theme.dot())), room);
        let bar = bar(beside.context_tokens, looks.window_tokens, theme);
        let gap = room.saturating_sub(visible_width(&line) + visible_width(&bar));
        let line = theme.paint(style, &line);
        if bar.is_empty() || gap < 3 {
            return line;
        }
        format!("{line}{}{bar}", " ".repeat(gap))
    }
}

/// `context ███░░░░░ 32 %`; nothing as long as nobody knows.
fn bar(tokens: u64, window: u64, theme: &Theme) -> String {
    let Some(percent) = phase::context_percent(tokens, window) else {
        return String::new();
    };
    let full = usize::try_from(percent.min(100)).unwrap_or(100) * BAR / 100;
    let bar = theme.sign("█", "#").repeat(full) + &theme.sign("░", ".").repeat(BAR - full);
    let style = if percent >= 80 {
        Style::Warning
    } else {
        Style::Dim
    };
    theme.paint(style, &format!("context {bar} {percent} %"))
}
