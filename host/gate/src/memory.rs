//! Answers that outlive one effect, each with the time it ends, if it does.

use crate::Rule;
use anteroom_api::{Scope, UnixMillis};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// Tells the time; the gate has no clock of its own.
pub type Clock = Arc<dyn Fn() -> UnixMillis + Send + Sync>;

/// A rule that was allowed for always, as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAlways {
    /// The rule.
    pub rule: Rule,
    /// When it ends, if it does.
    pub expires_at: Option<UnixMillis>,
}

/// Answers that outlive one effect: the rules of one conversation's session, shared by its turns and
/// children, and the "always" rules from the database. Cheap to clone; clones share.
#[derive(Clone, Default)]
pub struct Memory {
    rules: Arc<RwLock<Vec<Remembered>>>,
    clock: Option<Clock>,
}

#[derive(Clone, Debug)]
struct Remembered {
    rule: Rule,
    scope: Scope,
    expires_at: Option<UnixMillis>,
}

impl Memory {
    /// A memory that begins with rules without an end that are kept in the database.
    #[must_use]
    pub fn new(always: Vec<Rule>) -> Self {
        let memory = Self::default();
        let always = always.into_iter().map(|rule| StoredAlways {
            rule,
            expires_at: None,
        });
        memory.replace_always(always.collect());
        memory
    }

    /// The same memory, which knows what time it is. Without a clock a rule with an end counts as ended.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Puts the rules of the database as they are now in the place of those it had earlier: what was revoked or
    /// added meanwhile, here or in another process, holds from now on. Session rules stay.
    pub fn replace_always(&self, always: Vec<StoredAlways>) {
        let mut rules = self.write();
        rules.retain(|known| known.scope != Scope::Always);
        rules.extend(always.into_iter().map(|stored| Remembered {
            rule: stored.rule,
            scope: Scope::Always,
            expires_at: stored.expires_at,
        }));
    }

    /// All rules that hold, with their scopes: those of the session first, each in the order they came.
    #[must_use]
    pub fn rules(&self) -> Vec<(Rule, Scope)> {
        let now = self.now();
        let rules = self.read();
        let of = |scope: Scope| {
            rules
                .iter()
                .filter(move |known| known.scope == scope && known.holds(now))
                .map(|known| (known.rule.clone(), known.scope))
        };
        of(Scope::Session).chain(of(Scope::Always)).collect()
    }

    /// Forgets a rule, in whichever scope it was remembered: it was revoked.
    pub fn forget(&self, rule: &Rule) {
        self.write().retain(|known| known.rule != *rule);
    }

    pub(crate) fn remember(&self, rule: Rule, scope: Scope) {
        let mut rules = self.write();
        // A session's answer outlives the one for always, should that be revoked or end.
        // What the database says of its end stays as it is.
        if rules
            .iter()
            .any(|known| known.rule == rule && known.scope == scope)
        {
            return;
        }
        rules.push(Remembered {
            rule,
            scope,
            expires_at: None,
        });
    }

    /// The first rule that holds and covers.
    pub(crate) fn find(&self, covers: impl Fn(&Rule) -> bool) -> Option<(Rule, Scope)> {
        let now = self.now();
        self.read()
            .iter()
            .find(|known| known.holds(now) && covers(&known.rule))
            .map(|known| (known.rule.clone(), known.scope))
    }

    fn now(&self) -> Option<UnixMillis> {
        self.clock.as_ref().map(|clock| clock())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Vec<Remembered>> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Vec<Remembered>> {
        self.rules.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    fn holds(&self, now: Option<UnixMillis>) -> bool {
        match (self.expires_at, now) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(end), Some(now)) => now < end,
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("rules", &*self.read())
            .field("has_clock", &self.clock.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};

    fn always(rule: &str, expires_at: Option<i64>) -> StoredAlways {
        StoredAlways {
            rule: rule.parse().unwrap(),
            expires_at: expires_at.map(UnixMillis),
        }
    }

    fn held(memory: &Memory) -> Vec<String> {
        let rules = memory.rules().into_iter();
        rules.map(|(rule, _)| rule.to_string()).collect()
    }

    #[test]
    fn a_rule_ends_at_its_time() {
        let time = Arc::new(AtomicI64::new(100));
        let clock = time.clone();
        let memory = Memory::default()
            .with_clock(Arc::new(move || UnixMillis(clock.load(Ordering::SeqCst))));
        memory.replace_always(vec![always("a", Some(101)), always("b", None)]);
        assert_eq!(held(&memory), ["a", "b"]);
        assert!(memory.find(|rule| rule.tool_name() == "a").is_some());
        time.store(101, Ordering::SeqCst);
        assert_eq!(held(&memory), ["b"]);
        assert!(memory.find(|rule| rule.tool_name() == "a").is_none());
    }

    #[test]
    fn without_a_clock_a_rule_with_an_end_has_ended() {
        let memory = Memory::default();
        memory.replace_always(vec![always("a", Some(i64::MAX)), always("b", None)]);
        assert_eq!(held(&memory), ["b"]);
    }

    #[test]
    fn the_database_has_the_last_word_and_the_session_its_own() {
        let memory = Memory::new(vec!["a".parse().unwrap()]);
        memory.remember("s".parse().unwrap(), Scope::Session);
        memory.remember("x".parse().unwrap(), Scope::Always);
        let other = memory.clone();
        other.replace_always(vec![always("b", None)]);
        assert_eq!(held(&memory), ["s", "b"]);
        memory.forget(&"s".parse().unwrap());
        assert_eq!(held(&other), ["b"]);
    }
}
