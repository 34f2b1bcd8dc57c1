//! When the window is written to: as soon as somebody typed, soon when words came, rarely when only the clock moves.
//! Pure but for the moments it is handed.

use std::time::Duration;
use tokio::time::Instant;

/// The footer is repainted so often when only the clock moves.
const CLOCK: Duration = Duration::from_millis(120);
/// And so often at most while words come.
const WORDS: Duration = Duration::from_millis(50);
/// More finished lines than these do not wait.
const LINES: usize = 8;

/// Lines that wait to be printed, and the moment they are.
#[derive(Debug)]
pub(super) struct Pace {
    lines: Vec<String>,
    painted: Instant,
    due: Instant,
}

impl Pace {
    /// At once for the first time.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            lines: Vec::new(),
            painted: now,
            due: now,
        }
    }

    /// Lines were finished.
    pub(super) fn add(&mut self, lines: Vec<String>) {
        // What finished nothing may still have changed what is live.
        self.lines.extend(lines);
        if self.lines.len() > LINES {
            self.hurry();
        } else {
            self.change();
        }
    }

    /// What is live may have changed.
    pub(super) fn change(&mut self) {
        self.due = self.due.min(self.painted + WORDS);
    }

    /// Somebody waits to see it.
    pub(super) fn hurry(&mut self) {
        self.due = self.due.min(self.painted);
    }

    /// Whether lines wait.
    pub(super) fn is_waiting(&self) -> bool {
        !self.lines.is_empty()
    }

    /// When to paint next.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// Paints now: gives the lines that waited.
    pub(super) fn take(&mut self, now: Instant) -> Vec<String> {
        self.painted = now;
        self.due = now + CLOCK;
        std::mem::take(&mut self.lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_due_in_time() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert_eq!(pace.due(), start);
        assert!(pace.take(start).is_empty());
        assert_eq!(pace.due(), start + CLOCK, "only the clock moves");
        pace.change();
        assert_eq!(pace.due(), start + WORDS);
        pace.add(vec!["line".into(); LINES]);
        assert_eq!(pace.due(), start + WORDS, "a few lines wait for the frame");
        pace.add(vec!["line".into()]);
        assert_eq!(pace.due(), start, "many do not");
        assert_eq!(pace.take(start + WORDS).len(), LINES + 1);
        pace.hurry();
        assert_eq!(pace.due(), start + WORDS, "a key does not wait");
    }
}
