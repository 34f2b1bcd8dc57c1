//! Clock, identifiers, randomness and environment, as `main` hands them in.
//!
//! The only place of the host that asks the system for the time, for random bytes or for the
//! environment. It knows nothing of what they are used for.

use anteroom_api::{Problem, ProblemCode, UnixMillis};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// The outside world, one handle. Clones share one clock and one line of ids.
#[derive(Clone)]
pub struct Ambient {
    world: Arc<World>,
    environment: Arc<BTreeMap<String, String>>,
}

struct World {
    source: Source,
    state: Mutex<State>,
}

enum Source {
    System,
    Fixed,
}

#[derive(Default)]
struct State {
    /// The time of a fixed world.
    now: i64,
    /// How many random blocks a fixed world gave.
    drawn: u64,
    last: Stamp,
}

/// The ordered part of an id: 48 bits of milliseconds, then 12 bits of counter.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    millis: u64,
    counter: u16,
}

const COUNTER_END: u16 = 1 << 12;

impl Ambient {
    /// The real world: for `main`.
    #[must_use]
    pub fn system() -> Self {
        // `vars_os`, because `vars` panics on a value that is not UTF-8.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self::new(Source::System, 0, environment)
    }

    /// A world that repeats itself: the clock stands at `start_millis` and moves on by one
    /// millisecond with each id; ids and random bytes are the same in every run; the environment
    /// is empty.
    #[must_use]
    pub fn fixed(start_millis: i64) -> Self {
        Self::new(Source::Fixed, start_millis, BTreeMap::new())
    }

    /// The same world with another environment.
    #[must_use]
    pub fn with_environment(mut self, environment: BTreeMap<String, String>) -> Self {
        self.environment = Arc::new(environment);
        self
    }

    fn new(source: Source, now: i64, environment: BTreeMap<String, String>) -> Self {
        let state = State {
            now,
            ..State::default()
        };
        Self {
            world: Arc::new(World {
                source,
                state: Mutex::new(state),
            }),
            environment: Arc::new(environment),
        }
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        match self.world.source {
            Source::Fixed => UnixMillis(self.state().now),
            Source::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map(|passed| UnixMillis(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX)))
                .unwrap_or_default(),
        }
    }

    /// A new id: UUIDv7, greater than every id this process made before, also when the clock
    /// stands still or goes back.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        let now = u64::try_from(self.now().0).unwrap_or_default();
        // Without randomness an id still differs within this process, by its stamp.
        let noise: [u8; 16] = self.random_bytes().unwrap_or_default();
        let mut state = self.state();
        state.last = state
            .last
            .next(now, u16::from_be_bytes([noise[0], noise[1]]));
        if matches!(self.world.source, Source::Fixed) {
            state.now = state.now.saturating_add(1);
        }
        state.last.id(u128::from_be_bytes(noise))
    }

    /// Bytes that nobody can guess.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn random_bytes<const N: usize>(&self) -> Result<[u8; N], Problem> {
        let mut bytes = [0; N];
        match self.world.source {
            Source::System => getrandom::fill(&mut bytes).map_err(|error| {
                Problem::new(ProblemCode::Internal, "the system gave no random bytes").cause(error)
            })?,
            Source::Fixed => self.fill_fixed(&mut bytes),
        }
        Ok(bytes)
    }

    /// The number of this process.
    #[must_use]
    pub fn process() -> u32 {
        std::process::id()
    }

    /// The environment variables, those that are UTF-8.
    #[must_use]
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    fn fill_fixed(&self, bytes: &mut [u8]) {
        let mut state = self.state();
        for block in bytes.chunks_mut(32) {
            state.drawn += 1;
            let digest = Sha256::digest(state.drawn.to_be_bytes());
            block.copy_from_slice(&digest[..block.len()]);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is plain numbers: a panic elsewhere cannot have left it half written.
        self.world
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stamp {
    fn next(self, now: u64, noise: u16) -> Self {
        if now > self.millis {
            // The upper half of the counter stays free for ids of the same millisecond.
            return Self {
                millis: now,
                counter: noise % (COUNTER_END / 2),
            };
        }
        let counter = self.counter + 1;
        if counter < COUNTER_END {
            Self { counter, ..self }
        } else {
            Self {
                millis: self.millis + 1,
                counter: 0,
            }
        }
    }

    fn id(self, noise: u128) -> Uuid {
        const TAIL: u128 = (1 << 62) - 1;
        let bits = (u128::from(self.millis) << 80)
            | (0x7 << 76)
            | (u128::from(self.counter) << 64)
            | (0b10 << 62)
            | (noise & TAIL);
        Uuid::from_u128(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_strictly_whatever_the_clock_does() {
        let mut last = Stamp::default();
        for now in [5, 5, 4, 0, 6, 6] {
            for _ in 0..5000 {
                let next = last.next(now, 0xffff);
                assert!(next > last, "at {now}");
                assert!(next.id(0) > last.id(u128::MAX), "at {now}");
                last = next;
            }
        }
    }

    #[test]
    fn ids_are_uuid_v7_of_their_time() {
        let ambient = Ambient::fixed(1_700_000_000_123);
        let id = ambient.uuid();
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        assert_eq!(id.as_u128() >> 80, 1_700_000_000_123);
        assert_eq!(ambient.now(), UnixMillis(1_700_000_000_124));
    }

    #[test]
    fn a_fixed_world_repeats_itself() {
        let draw = || {
            let ambient = Ambient::fixed(1);
            let bytes: [u8; 40] = ambient.random_bytes().unwrap();
            (ambient.uuid(), ambient.uuid(), bytes, ambient.now())
        };
        assert_eq!(draw(), draw());
        assert_ne!(draw().0, draw().1);
    }

    #[test]
    fn the_system_gives_different_ids_to_all_threads() {
        let ambient = Ambient::system();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let ambient = ambient.clone();
                std::thread::spawn(move || (0..2000).map(|_| ambient.uuid()).collect::<Vec<_>>())
            })
            .collect();
        let mut ids: Vec<_> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        let made = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), made);
    }
}
