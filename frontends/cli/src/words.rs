//! Figures in words: durations, counts, sizes, ages. Pure.

use anteroom_api::{Mode, UnixMillis, Usage};

/// Hands in the clock; tests hand in a fixed one.
pub(crate) type Clock = fn() -> UnixMillis;

/// The clock of the system.
pub(crate) fn system_clock() -> UnixMillis {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// `3ms`, `0.2s`, `8.2s`, `48s`, `1m04s`, `2h05m`.
pub(crate) fn duration(ms: u64) -> String {
    match ms {
        0..50 => format!("{ms}ms"),
        50..10_000 => {
            let tenths = (ms + 50) / 100;
            format!("{}.{}s", tenths / 10, tenths % 10)
        }
        10_000..60_000 => format!("{}s", ms / 1000),
        60_000..3_600_000 => format!("{}m{:02}s", ms / 60_000, ms / 1000 % 60),
        _ => format!("{}h{:02}m", ms / 3_600_000, ms / 60_000 % 60),
    }
}

/// `48s`, `1m04s`: whole seconds, for what counts on.
pub(crate) fn seconds(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        _ => duration(seconds.saturating_mul(1000)),
    }
}

/// `1:52`.
pub(crate) fn countdown(ms: i64) -> String {
    let seconds = ms.max(0).saturating_add(999) / 1000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// `812`, `3.1k`, `41k`, `1.2M`.
pub(crate) fn count(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        1000..10_000 => format!("{}.{}k", number / 1000, number / 100 % 10),
        10_000..1_000_000 => format!("{}k", number / 1000),
        _ => format!("{}.{}M", number / 1_000_000, number / 100_000 % 10),
    }
}

/// `512 B`, `3.1 kB`, `41 MB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["B", "kB", "MB", "GB"];
    let (mut whole, mut tenth, mut unit) = (number, 0, 0);
    while whole >= 1000 && unit + 1 < UNITS.len() {
        tenth = whole / 100 % 10;
        whole /= 1000;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or("B");
    if unit > 0 && whole < 10 {
        format!("{whole}.{tenth} {name}")
    } else {
        format!("{whole} {name}")
    }
}

/// `just now`, `5 min ago`, `2 h ago`, `3 d ago`, then the date in UTC.
pub(crate) fn ago(at: UnixMillis, now: UnixMillis) -> String {
    let minutes = now.0.saturating_sub(at.0) / 60_000;
    match minutes {
        i64::MIN..1 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..1440 => format!("{} h ago", minutes / 60),
        1440..43_200 => format!("{} d ago", minutes / 1440),
        _ => date(at),
    }
}

/// `2026-11-21`.
pub(crate) fn date(at: UnixMillis) -> String {
    let (year, month, day) = at.date();
    format!("{year:04}-{month:02}-{day:02}")
}

/// `3.1k in 812 out`, with `~` before an estimate.
pub(crate) fn usage(usage: Usage) -> String {
    let about = if usage.is_estimated { "~" } else { "" };
    let mut text = format!(
        "{about}{} in {about}{} out",
        count(usage.prompt_tokens),
        count(usage.completion_tokens)
    );
    if usage.cached_tokens > 0 {
        text.push_str(&format!(" ({} cached)", count(usage.cached_tokens)));
    }
    if usage.cost_micros > 0 {
        text.push_str(&format!(", cost {}", money(usage.cost_micros)));
    }
    text
}

/// `0.0123`, in the currency of the prices; nobody told us which.
fn money(micros: u64) -> String {
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    match whole {
        0 => format!("0.{:04}", rest.div_ceil(100).min(9999)),
        _ => format!("{whole}.{:02}", rest / 10_000),
    }
}

/// `ask for writes`.
pub(crate) fn mode(mode: Mode) -> String {
    mode.to_string().replace('_', " ")
}

/// One of something, or several.
pub(crate) fn plural(number: usize, one: &str, several: &str) -> String {
    numbered(u64::try_from(number).unwrap_or(u64::MAX), one, several)
}

/// The same of a figure that the host counted.
pub(crate) fn numbered(number: u64, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

/// A text as one word of a POSIX shell.
pub(crate) fn quoted(text: &str) -> String {
    let is_safe = |sign: char| sign.is_ascii_alphanumeric() || "_-./:@%+=,".contains(sign);
    if !text.is_empty() && text.chars().all(is_safe) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The known word nearest to a mistaken one, if any is near.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1) + 1;
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= limit || (!word.is_empty() && candidate.starts_with(word))
        })
        .min_by_key(|(distance, candidate)| (usize::from(!candidate.starts_with(word)), *distance))
        .map(|(_, candidate)| candidate)
}

/// Edits between two words.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, b) in row.iter_mut().skip(1).zip(&right) {
            let best = (diagonal + usize::from(a != *b))
                .min(before + 1)
                .min(*cell + 1);
            diagonal = *cell;
            *cell = best;
            before = best;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        for (ms, wanted) in [
            (3, "3ms"),
            (50, "0.1s"),
            (200, "0.2s"),
            (8_249, "8.2s"),
            (14_900, "14s"),
            (64_000, "1m04s"),
            (7_500_000, "2h05m"),
        ] {
            assert_eq!(duration(ms), wanted);
        }
        for (number, wanted) in [
            (812, "812"),
            (3_100, "3.1k"),
            (41_999, "41k"),
            (1_250_000, "1.2M"),
        ] {
            assert_eq!(count(number), wanted);
        }
        for (number, wanted) in [(512, "512 B"), (3_100, "3.1 kB"), (41_000_000, "41 MB")] {
            assert_eq!(bytes(number), wanted);
        }
        assert_eq!(countdown(112_000), "1:52");
        assert_eq!(countdown(-5), "0:00");
    }

    #[test]
    fn ages_become_dates() {
        let now = UnixMillis(1_795_258_800_000);
        let check = |before: i64, wanted: &str| assert_eq!(ago(now.plus(-before), now), wanted);
        check(-5, "just now");
        check(59_000, "just now");
        check(5 * 60_000, "5 min ago");
        check(2 * 3_600_000, "2 h ago");
        check(3 * 86_400_000, "3 d ago");
        assert_eq!(ago(UnixMillis(0), now), "1970-01-01");
        assert_eq!(ago(UnixMillis(951_782_400_000), now), "2000-02-29");
    }

    #[test]
    fn words_are_quoted_for_a_shell_when_they_must_be() {
        assert_eq!(quoted("read_file"), "read_file");
        assert_eq!(quoted("bash:cargo test *"), "'bash:cargo test *'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn mistaken_words_find_their_neighbor() {
        let known = ["help", "new", "resume", "model", "mode", "queue", "quit"];
        let check = |word, wanted| assert_eq!(nearest(word, known), wanted, "{word}");
        check("hlep", Some("help"));
        check("res", Some("resume"));
        check("modl", Some("model"));
        check("zzzzzz", None);
    }
}
