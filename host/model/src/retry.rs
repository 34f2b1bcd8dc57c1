//! When to try again: what is worth it, how long to wait, and what `Retry-After` says.
//!
//! Knows no clock: a date is read against the `Date` of the same answer, and jitter comes from hashing
//! what is retried.

use crate::{ModelError, Retry, Wait};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

impl Retry {
    /// How long to wait before attempt `attempt` (from 1), or none if there shall be none.
    pub(crate) fn delay(
        &self,
        error: &ModelError,
        attempt: u32,
        has_output: bool,
        seed: u64,
    ) -> Option<Duration> {
        if attempt > self.max_attempts || !error.is_retryable() {
            return None;
        }
        if has_output && !self.discards_partial {
            return None;
        }
        match error {
            // It waited its time already.
            ModelError::Timeout {
                wait: Wait::Pool, ..
            } => return None,
            // What was too long once, with tokens coming, will be too long again.
            ModelError::Timeout {
                wait: Wait::Request,
                ..
            } if has_output => return None,
            ModelError::Status {
                retry_after: Some(asked),
                ..
            } => return (*asked <= self.max_delay).then_some(*asked),
            _ => {}
        }
        let doubled = self
            .backoff_base
            .saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        Some(doubled.min(self.max_delay).mul_f64(jitter(seed, attempt)))
    }
}

/// Spreads waits over three quarters to all of their length, so that many do not return at once.
fn jitter(seed: u64, attempt: u32) -> f64 {
    let mut hasher = DefaultHasher::new();
    (seed, attempt).hash(&mut hasher);
    let part = u32::try_from(hasher.finish() >> 32).unwrap_or(0);
    0.75 + 0.25 * f64::from(part) / f64::from(u32::MAX)
}

/// What an answer asks for, as `Retry-After` in seconds or as a date, or as `retry-after-ms`.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let millis = headers
        .get("retry-after-ms")
        .and_then(|value| value.to_str().ok()?.trim().parse::<f64>().ok());
    if let Some(millis) = millis {
        return Duration::try_from_secs_f64(millis / 1000.0).ok();
    }
    let asked = text(RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let wait = http_date(asked)?.saturating_sub(http_date(text(DATE)?)?);
    Some(Duration::from_secs(u64::try_from(wait).unwrap_or(0)))
}

/// Seconds since 1970 of a date such as `Sun, 06 Nov 1994 08:49:37 GMT`.
///
/// Source: RFC 9110, 5.6.7; its two obsolete forms are not read.
fn http_date(text: &str) -> Option<i64> {
    let mut words = text.split_once(", ")?.1.split(' ');
    let day: i64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = i64::try_from(MONTHS.iter().position(|name| *name == month)?).ok()? + 1;
    let year: i64 = words.next()?.parse().ok()?;
    let mut clock = words
        .next()?
        .split(':')
        .map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let is_date = (1970..=9999).contains(&year) && (1..=31).contains(&day);
    let is_time =
        (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    if words.next() != Some("GMT") || !is_date || !is_time {
        return None;
    }
    // Days of the Gregorian calendar, counting years from March.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days =
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests;
