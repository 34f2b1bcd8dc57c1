//! Samples, their quantiles, and the table they are printed in. Knows nothing of what is measured.

use std::fmt::Display;
use std::time::Duration;

/// Samples of one figure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn add(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    pub(crate) fn extend(&mut self, others: impl IntoIterator<Item = Duration>) {
        self.0.extend(others);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The sample that `part` of all are not above.
    pub(crate) fn quantile(&self, part: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        let index = ((last as f64) * part).round() as usize;
        sorted.get(index).copied().unwrap_or_default()
    }

    pub(crate) fn median(&self) -> Duration {
        self.quantile(0.5)
    }
}

/// Which groups were asked for, and the table of the one that runs.
pub(crate) struct Report {
    words: Vec<String>,
}

impl Report {
    pub(crate) fn new(words: Vec<String>) -> Self {
        Self { words }
    }

    /// Whether a group was asked for; prints its heading if so.
    pub(crate) fn begins(&mut self, group: &str, is_usual: bool) -> bool {
        let is_wanted = if self.words.is_empty() {
            is_usual
        } else {
            self.words.iter().any(|word| group.contains(word.as_str()))
        };
        if is_wanted {
            println!("\n### {group} (load average {})\n", load());
            println!("| figure | N | p50 | p95 | p99 |\n| --- | --- | --- | --- | --- |");
        }
        is_wanted
    }

    pub(crate) fn times(&mut self, figure: impl Display, samples: &Samples) {
        println!(
            "| {figure} | {} | {} | {} | {} |",
            samples.len(),
            time(samples.median()),
            time(samples.quantile(0.95)),
            time(samples.quantile(0.99)),
        );
    }

    pub(crate) fn value(&mut self, figure: impl Display, value: impl Display) {
        println!("| {figure} | | {value} | | |");
    }

    /// How many times as long the first took, by medians.
    pub(crate) fn ratio(&mut self, figure: impl Display, one: &Samples, other: &Samples) {
        let ratio = one.median().as_secs_f64() / other.median().as_secs_f64();
        self.value(figure, format!("{ratio:.2} ×"));
    }

    /// What the first has on top of the second, quantile by quantile.
    pub(crate) fn added(&mut self, figure: impl Display, one: &Samples, other: &Samples) {
        let added = |part| {
            let (one, other) = (one.quantile(part), other.quantile(part));
            match one.checked_sub(other) {
                Some(more) => time(more),
                None => format!("-{}", time(other.saturating_sub(one))),
            }
        };
        println!(
            "| {figure} | {} | {} | {} | {} |",
            one.len().min(other.len()),
            added(0.5),
            added(0.95),
            added(0.99)
        );
    }
}

/// A time in the unit that suits it.
pub(crate) fn time(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        micros if micros < 1_000.0 => format!("{micros:.1} µs"),
        micros if micros < 10_000.0 => format!("{:.2} ms", micros / 1e3),
        micros if micros < 1_000_000.0 => format!("{:.1} ms", micros / 1e3),
        micros => format!("{:.2} s", micros / 1e6),
    }
}

/// The machine's load, which says how far a figure may be believed.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let parts: Vec<&str> = text.split(' ').take(2).collect();
    parts.join(" ")
}
