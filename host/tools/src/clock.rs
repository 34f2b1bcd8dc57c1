//! The time a call may take. It stands still while the call waits for a person or a child agent.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A deadline that can be paused.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    limit: Duration,
    pauses: Mutex<Pauses>,
}

#[derive(Debug, Default)]
struct Pauses {
    /// Waits that are over, together. Overlapping waits count once.
    over: Duration,
    /// How many are under way, and since when the first of them.
    open: u32,
    since: Option<Instant>,
}

/// The clock stands still while this lives.
#[derive(Debug)]
pub(crate) struct Pause<'a>(&'a Clock);

impl Clock {
    /// A clock that starts now.
    pub(crate) fn start(limit: Duration) -> Self {
        Self {
            started: Instant::now(),
            limit,
            pauses: Mutex::default(),
        }
    }

    /// Stops the clock until the pause is dropped.
    pub(crate) fn pause(&self) -> Pause<'_> {
        let mut pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        if pauses.open == 0 {
            pauses.since = Some(Instant::now());
        }
        pauses.open += 1;
        Pause(self)
    }

    /// The time the call has worked: waiting is left out.
    pub(crate) fn worked(&self) -> Duration {
        let pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        let until = pauses.since.unwrap_or_else(Instant::now);
        until
            .saturating_duration_since(self.started)
            .saturating_sub(pauses.over)
    }

    /// What is left; never zero while the clock stands still.
    pub(crate) fn left(&self) -> Duration {
        self.limit.saturating_sub(self.worked())
    }

    /// Whether the time is up.
    pub(crate) fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// The whole time allowed.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        let mut pauses = self.0.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        pauses.open = pauses.open.saturating_sub(1);
        if pauses.open == 0
            && let Some(since) = pauses.since.take()
        {
            pauses.over += since.elapsed();
        }
    }
}
