//! Sign-ins that wait for a browser: one for each server, few in all, and none for a server that is gone.

use crate::mcp::spec::ServerId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Doors that may be open at a time.
const OPEN_MAX: usize = 8;

/// All of them.
#[derive(Default)]
pub(in crate::mcp) struct Visits {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// Dropping one ends the visit.
    open: BTreeMap<ServerId, Open>,
    begun: u64,
}

struct Open {
    number: u64,
    _ends: oneshot::Sender<()>,
}

/// The place of one visit, until it is dropped.
pub(super) struct Visit {
    visits: Arc<Visits>,
    id: ServerId,
    number: u64,
    over: oneshot::Receiver<()>,
}

impl Visits {
    /// Begins one; an older one of the same server is over with that.
    ///
    /// # Errors
    /// There are as many as there may be, in words.
    pub(super) fn begin(self: &Arc<Self>, id: &ServerId) -> Result<Visit, String> {
        let mut held = self.held();
        if !held.open.contains_key(id) && held.open.len() >= OPEN_MAX {
            return Err(format!(
                "{OPEN_MAX} sign-ins wait for a browser already; finish one, or wait ten minutes"
            ));
        }
        held.begun += 1;
        let number = held.begun;
        let (ends, over) = oneshot::channel();
        let open = Open {
            number,
            _ends: ends,
        };
        held.open.insert(id.clone(), open);
        Ok(Visit {
            visits: self.clone(),
            id: id.clone(),
            number,
            over,
        })
    }

    /// Ends the visit of a server, if there is one.
    pub(in crate::mcp) fn end(&self, id: &ServerId) {
        self.held().open.remove(id);
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visit {
    /// Waits until something else ends it.
    pub(super) async fn over(&mut self) {
        // Nobody sends anything: it is over when the other end is dropped.
        drop((&mut self.over).await);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut held = self.visits.held();
        if held
            .open
            .get(&self.id)
            .is_some_and(|open| open.number == self.number)
        {
            held.open.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> ServerId {
        ServerId {
            name: name.to_owned(),
            place: None,
        }
    }

    #[tokio::test]
    async fn a_newer_visit_ends_the_older_one_and_keeps_its_place() {
        let visits = Arc::new(Visits::default());
        let mut first = visits.begin(&id("a")).unwrap();
        let second = visits.begin(&id("a")).unwrap();
        first.over().await;
        // Its place is the newer one's.
        drop(first);
        assert_eq!(visits.held().open.len(), 1);
        drop(second);
        assert_eq!(visits.held().open.len(), 0);
    }

    #[tokio::test]
    async fn there_are_few_and_whoever_ends_makes_room() {
        let visits = Arc::new(Visits::default());
        let names: Vec<String> = (0..OPEN_MAX).map(|number| format!("s{number}")).collect();
        let mut open: Vec<Visit> = names
            .iter()
            .map(|name| visits.begin(&id(name)).unwrap())
            .collect();
        assert!(visits.begin(&id("more")).is_err());
        // One of those that wait may begin anew.
        open[0] = visits.begin(&id("s0")).unwrap();
        assert!(visits.begin(&id("more")).is_err());
        open.pop();
        assert!(visits.begin(&id("more")).is_ok());
    }

    #[tokio::test]
    async fn a_server_that_is_gone_waits_for_nobody() {
        let visits = Arc::new(Visits::default());
        let mut visit = visits.begin(&id("a")).unwrap();
        visits.end(&id("a"));
        visit.over().await;
    }
}
