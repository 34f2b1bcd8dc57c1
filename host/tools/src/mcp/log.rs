//! The end of what a server said beside the protocol: its standard error, its log messages, and what the client
//! has to say about it. Lines, cleaned, and not too many.

use super::clean;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lines that are kept.
const LINES_MAX: usize = 200;
/// Characters of one line.
const LINE_CHARS: usize = 500;

/// The last lines.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<VecDeque<String>>);

impl Log {
    /// Adds what is one line, or becomes one.
    pub(super) fn add(&self, from_outside: &str) {
        let line = clean::line(from_outside, LINE_CHARS);
        if line.is_empty() {
            return;
        }
        let mut lines = self.lines();
        if lines.len() >= LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// All that is kept, oldest first.
    pub(super) fn all(&self) -> Vec<String> {
        self.lines().iter().cloned().collect()
    }

    /// The last so many.
    pub(super) fn tail(&self, count: usize) -> Vec<String> {
        let lines = self.lines();
        let from = lines.len().saturating_sub(count);
        lines.iter().skip(from).cloned().collect()
    }

    fn lines(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
