//! Input that a person adds while a turn runs: taken before each step, and none after the turn has closed it.

use anteroom_api::Content;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Inputs waiting for the next step; one more is refused.
const MAX_WAITING: usize = 10;

/// What was added to one turn. What it has taken in, the turn stores before it ends.
#[derive(Debug)]
pub(crate) struct Steering(Mutex<Option<Vec<Vec<Content>>>>);

/// Why input was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Too much waits already.
    Full,
    /// The turn is about to end.
    Closed,
}

impl Steering {
    pub(crate) fn open() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }

    pub(crate) fn add(&self, input: Vec<Content>) -> Result<(), Refused> {
        let mut waiting = self.lock();
        let waiting = waiting.as_mut().ok_or(Refused::Closed)?;
        if waiting.len() >= MAX_WAITING {
            return Err(Refused::Full);
        }
        waiting.push(input);
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().as_ref().is_none_or(Vec::is_empty)
    }

    /// What was added since the last time.
    pub(crate) fn take(&self) -> Vec<Vec<Content>> {
        self.lock().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Takes the rest and lets nothing more in.
    pub(crate) fn close(&self) -> Vec<Vec<Content>> {
        self.lock().take().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Vec<Content>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_in_comes_out_and_nothing_enters_after_the_end() {
        let steering = Steering::open();
        let input = |text: &str| vec![Content::text(text)];
        assert_eq!(steering.add(input("a")), Ok(()));
        assert_eq!(steering.take(), [input("a")]);
        for _ in 0..MAX_WAITING {
            assert_eq!(steering.add(input("b")), Ok(()));
        }
        assert_eq!(steering.add(input("c")), Err(Refused::Full));
        assert_eq!(steering.close().len(), MAX_WAITING);
        assert_eq!(steering.add(input("d")), Err(Refused::Closed));
        assert!(steering.is_empty() && steering.close().is_empty());
    }
}
