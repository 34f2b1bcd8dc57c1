//! Waits that end, and silence that is told.

use crate::{ModelError, Wait};
use anteroom_api::Stop;
use std::future::Future;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// After this silence the answer is called stalled, and again after each further second.
const STALLED_AFTER: Duration = Duration::from_secs(5);
const STALLED_EACH: Duration = Duration::from_secs(1);

/// How long the usage, `[DONE]` or the end may come after the finish reason.
const AFTERTHOUGHT: Duration = Duration::from_secs(2);

/// A limit: what is waited for, until when, and how long that is.
pub(crate) type Limit = (Wait, Instant, Duration);

/// Waits that end: by themselves, at their limit, at the limit of the whole, or when stopped.
pub(crate) struct Patience<'a> {
    stop: &'a mut Stop,
    url: &'a str,
    whole: Limit,
}

impl<'a> Patience<'a> {
    pub(crate) fn new(stop: &'a mut Stop, url: &'a str, whole: Duration) -> Self {
        Self {
            stop,
            url,
            whole: (Wait::Request, Instant::now() + whole, whole),
        }
    }

    pub(crate) async fn wait<F: Future>(
        &mut self,
        limit: Limit,
        future: F,
    ) -> Result<F::Output, ModelError> {
        let (wait, until, limit) = if self.whole.1 < limit.1 {
            self.whole
        } else {
            limit
        };
        tokio::select! {
            biased;
            () = self.stop.raised() => Err(ModelError::Cancelled),
            output = future => Ok(output),
            () = sleep_until(until) => Err(ModelError::Timeout {
                url: self.url.to_owned(),
                wait,
                limit,
            }),
        }
    }
}

/// Silence between chunks, and when to tell of it.
pub(crate) struct Silence {
    since: Instant,
    tell_at: Instant,
    limit: Duration,
    has_told: bool,
}

impl Silence {
    pub(crate) fn begin(limit: Duration) -> Self {
        let now = Instant::now();
        Self {
            since: now,
            tell_at: now + STALLED_AFTER,
            limit,
            has_told: false,
        }
    }

    /// A chunk came. Tells whether the silence had been told.
    pub(crate) fn end(&mut self, limit: Duration) -> bool {
        let had_told = self.has_told;
        *self = Self::begin(limit);
        had_told
    }

    pub(crate) fn limit(&self, is_finished: bool) -> Limit {
        let until = self.since + self.limit;
        let until = if is_finished {
            until.min(self.since + AFTERTHOUGHT)
        } else {
            until.min(self.tell_at)
        };
        (Wait::Chunk, until, self.limit)
    }

    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.since + self.limit
    }

    /// How long the silence lasts, now that it is told, in milliseconds.
    pub(crate) fn told(&mut self) -> u64 {
        self.has_told = true;
        let told_at = self.tell_at;
        self.tell_at = told_at + STALLED_EACH;
        u64::try_from((told_at - self.since).as_millis()).unwrap_or(u64::MAX)
    }
}
