//! Counts what one call uses. Knows no clock; times are handed in.

use anteroom_api::Meter;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One figure that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// Adds to it and answers what it is now.
    pub(crate) fn add(&self, amount: u64) -> u64 {
        self.0
            .fetch_add(amount, Ordering::Relaxed)
            .saturating_add(amount)
    }

    /// Adds a duration, in microseconds.
    pub(crate) fn add_time(&self, duration: Duration) {
        self.add(micros(duration));
    }

    /// Raises it to `value` if that is more.
    pub(crate) fn raise(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }

    /// What it is now.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The machines a call has reached.
#[derive(Debug, Default)]
pub(crate) struct Hosts(Mutex<BTreeSet<String>>);

impl Hosts {
    /// Takes note of one.
    pub(crate) fn note(&self, host: &str) {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.insert(host.to_owned());
    }

    fn count(&self) -> u64 {
        let hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        u64::try_from(hosts.len()).unwrap_or(u64::MAX)
    }
}

/// The figures of a running call, shared by everything that works for it.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) cpu_us: Count,
    pub(crate) peak_memory_bytes: Count,
    pub(crate) files_opened: Count,
    pub(crate) entries_listed: Count,
    pub(crate) bytes_read: Count,
    pub(crate) bytes_written: Count,
    pub(crate) processes: Count,
    pub(crate) process_cpu_us: Count,
    pub(crate) hosts: Hosts,
    /// Requests so far, refused ones included.
    pub(crate) requests: Count,
    pub(crate) bytes_sent: Count,
    pub(crate) bytes_received: Count,
    /// Time waited for approvals.
    pub(crate) waited_us: Count,
}

impl Counters {
    /// The meter of a call that took `wall`, waiting not included.
    pub(crate) fn meter(&self, wall: Duration) -> Meter {
        Meter {
            wall_us: micros(wall),
            cpu_us: self.cpu_us.get(),
            peak_memory_bytes: self.peak_memory_bytes.get(),
            files_opened: self.files_opened.get(),
            entries_listed: self.entries_listed.get(),
            bytes_read: self.bytes_read.get(),
            bytes_written: self.bytes_written.get(),
            processes: self.processes.get(),
            process_cpu_us: self.process_cpu_us.get(),
            hosts: self.hosts.count(),
            bytes_sent: self.bytes_sent.get(),
            bytes_received: self.bytes_received.get(),
            waited_us: self.waited_us.get(),
        }
    }
}

/// Whole microseconds, saturating.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
