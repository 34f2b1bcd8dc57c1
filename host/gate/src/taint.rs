//! Taint: the mark that content from outside has entered a conversation, and what brought it. It goes one way.

use std::sync::{Arc, PoisonError, RwLock};

/// Sources that are kept; further ones change nothing any more.
const MAX_SOURCES: usize = 8;

/// The mark of one conversation, shared live by its turns: it may come in the middle of a call.
#[derive(Clone, Debug, Default)]
pub struct Taint(Arc<RwLock<State>>);

#[derive(Clone, Debug, Default)]
struct State {
    sources: Vec<String>,
    is_told: bool,
}

impl Taint {
    /// The mark of a conversation that was tainted earlier, which has been told already.
    #[must_use]
    pub fn earlier(source: impl Into<String>) -> Self {
        Self(Arc::new(RwLock::new(State {
            sources: vec![source.into()],
            is_told: true,
        })))
    }

    /// Marks the conversation. True the first time.
    pub fn mark(&self, source: &str) -> bool {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_first = state.sources.is_empty();
        if state.sources.len() < MAX_SOURCES && !state.sources.iter().any(|known| known == source) {
            state.sources.push(source.to_owned());
        }
        is_first
    }

    /// Whether content from outside has entered.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        !self.state().sources.is_empty()
    }

    /// What brought it, in words, the first first.
    #[must_use]
    pub fn sources(&self) -> Vec<String> {
        self.state().sources.clone()
    }

    /// What tainted the conversation, if it is tainted.
    #[must_use]
    pub fn first(&self) -> Option<String> {
        self.state().sources.first().cloned()
    }

    /// What tainted the conversation, once: for telling it as a fact.
    #[must_use]
    pub fn take_untold(&self) -> Option<String> {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if state.is_told {
            return None;
        }
        let source = state.sources.first().cloned()?;
        state.is_told = true;
        Some(source)
    }

    /// The mark of a child: what has entered the parent so far may stand in its task.
    #[must_use]
    pub fn inherited(&self) -> Self {
        let sources = self.sources();
        let is_told = !sources.is_empty();
        Self(Arc::new(RwLock::new(State { sources, is_told })))
    }

    fn state(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_one_way_and_is_told_once() {
        let taint = Taint::default();
        assert!(!taint.is_marked() && taint.take_untold().is_none());
        let turn = taint.clone();
        assert!(turn.mark("a page"));
        assert!(!turn.mark("another"));
        assert!(taint.is_marked());
        assert_eq!(taint.take_untold().as_deref(), Some("a page"));
        assert_eq!(taint.take_untold(), None);
        for number in 0..100 {
            taint.mark(&number.to_string());
        }
        assert_eq!(taint.sources().len(), MAX_SOURCES);
        assert_eq!(Taint::earlier("before").take_untold(), None);
    }

    #[test]
    fn a_child_inherits_and_does_not_mark_its_parent() {
        let parent = Taint::default();
        let child = parent.inherited();
        child.mark("a page");
        assert!(!parent.is_marked());
        assert_eq!(child.take_untold().as_deref(), Some("a page"));
        assert!(child.inherited().is_marked());
        assert_eq!(child.inherited().take_untold(), None);
    }
}
