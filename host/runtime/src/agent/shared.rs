//! What the turns of one conversation share while this process lives.

use super::tokens::{self, Told};
use anteroom_model::ChatRequest;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Lost with the process: everything here can be found out again.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    told: Mutex<Option<Told>>,
    is_warned: AtomicBool,
    is_blind: AtomicBool,
    is_prefix_lost: AtomicBool,
}

impl Shared {
    /// Tokens of the next request, by what the endpoint told of the last one.
    pub(crate) fn tokens(&self, request: &ChatRequest) -> u64 {
        let told = *self.told.lock().unwrap_or_else(PoisonError::into_inner);
        tokens::of_next(request, told)
    }

    /// Keeps what the endpoint told of a request; none if it told nothing.
    pub(crate) fn tell(&self, told: Option<Told>) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = told;
    }

    /// Whether this is the first time that the history is so large.
    pub(crate) fn warn(&self) -> bool {
        !self.is_warned.swap(true, Ordering::Relaxed)
    }

    /// The history is small again.
    pub(crate) fn relax(&self) {
        self.is_warned.store(false, Ordering::Relaxed);
    }

    /// Whether the model was found to take no images.
    pub(crate) fn is_blind(&self) -> bool {
        self.is_blind.load(Ordering::Relaxed)
    }

    /// The model takes no images; true the first time.
    pub(crate) fn blind(&self) -> bool {
        !self.is_blind.swap(true, Ordering::Relaxed)
    }

    /// What is kept of the conversation's prefix is not what this process sent.
    pub(crate) fn lose_prefix(&self) {
        self.is_prefix_lost.store(true, Ordering::Relaxed);
    }

    /// Whether that has happened since it was asked last.
    pub(crate) fn was_prefix_lost(&self) -> bool {
        self.is_prefix_lost.swap(false, Ordering::Relaxed)
    }
}
