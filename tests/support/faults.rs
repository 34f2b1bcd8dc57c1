//! Faults inside the host, put where the host writes to its log: whoever receives the log may panic.
//!
//! A subscriber is handed in by whoever starts the process, so this needs no door of its own. It holds for one thread:
//! use it with a runtime that has no other.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

/// Panics where the host writes `message` to its log for the `nth` time, from 1.
pub fn panic_at(message: &'static str, nth: usize) -> DefaultGuard {
    let seen = AtomicUsize::new(0);
    tracing::subscriber::set_default(Faulty { message, nth, seen })
}

struct Faulty {
    message: &'static str,
    nth: usize,
    seen: AtomicUsize,
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Faulty {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("anteroom_")
    }
    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        if message.0 == self.message && self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.nth {
            panic!("a fault was put at {:?}", self.message);
        }
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
