//! The calls of one server that run now: for whom its progress is, and in which conversation it asks.

use super::ask::AskedIn;
use crate::clock::Clock;
use crate::services::Services;
use rmcp::model::{ProgressToken, RequestId};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Calls of one server at a time.
pub(super) const CALLS_MAX: usize = 16;

/// The running calls of one server.
#[derive(Default)]
pub(super) struct Calls {
    running: Mutex<Vec<Arc<Running>>>,
    begun: AtomicU64,
}

/// One running call.
pub(super) struct Running {
    number: u64,
    pub(super) within: AskedIn,
    pub(super) services: Arc<dyn Services>,
    pub(super) clock: Clock,
    /// The request that waits for its answer now: a call may take several.
    sent: Mutex<Option<(RequestId, ProgressToken)>>,
}

/// A call that runs until this is dropped.
pub(super) struct Place<'a> {
    calls: &'a Calls,
    pub(super) running: Arc<Running>,
}

impl Calls {
    /// Begins a call, if there is room for one more.
    pub(super) fn begin(
        &self,
        within: AskedIn,
        services: Arc<dyn Services>,
        clock: Clock,
    ) -> Option<Place<'_>> {
        let mut all = self.running();
        if all.len() >= CALLS_MAX {
            return None;
        }
        let running = Arc::new(Running {
            number: self.begun.fetch_add(1, Ordering::Relaxed),
            within,
            services,
            clock,
            sent: Mutex::default(),
        });
        all.push(running.clone());
        drop(all);
        Some(Place {
            calls: self,
            running,
        })
    }

    /// How many were begun.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// All that run now.
    pub(super) fn all(&self) -> Vec<Arc<Running>> {
        self.running().clone()
    }

    /// The call that progress is about.
    pub(super) fn of_token(&self, token: &ProgressToken) -> Option<Arc<Running>> {
        let all = self.running();
        all.iter()
            .find(|it| it.sent().as_ref().is_some_and(|(_, sent)| sent == token))
            .cloned()
    }

    /// The call in which a server asks: the one whose answer it asks instead of, or else the newest, if all that
    /// run belong to one conversation.
    pub(super) fn asking(&self, request: Option<&RequestId>) -> Option<AskedIn> {
        let all = self.running();
        if let Some(request) = request {
            let mut named = all.iter();
            let named = named.find(|it| it.sent().as_ref().is_some_and(|(id, _)| id == request));
            return named.map(|it| it.within);
        }
        let newest = all.last()?.within;
        let is_one = all
            .iter()
            .all(|it| it.within.conversation == newest.conversation);
        is_one.then_some(newest)
    }

    fn running(&self) -> MutexGuard<'_, Vec<Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Its request is under way.
    pub(super) fn waits_for(&self, id: RequestId, token: ProgressToken) {
        *self.sent() = Some((id, token));
    }

    fn sent(&self) -> MutexGuard<'_, Option<(RequestId, ProgressToken)>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let number = self.running.number;
        self.calls.running().retain(|it| it.number != number);
    }
}
