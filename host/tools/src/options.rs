//! How the registry is set up. Plain values; where they come from is the runtime's business.

use crate::wasm::engine::{CALLS_MAX, MEMORY_MAX_BYTES};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The longest a call may take, whoever asks for it.
const WALL_MAX: Duration = Duration::from_secs(600);
/// The least memory a call gets; a Rust guest needs about one.
const MEMORY_MIN_BYTES: usize = 4 << 20;

/// How the registry is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where compiled code is kept, and what components say of their tools; made private, and used only if it is.
    pub cache_dir: PathBuf,
    /// The environment of this process, as `main` saw it. Commands get the harmless part of it.
    pub environment: BTreeMap<String, String>,
    /// What holds for every tool.
    pub limits: Limits,
    /// What holds instead for single tools, by their names.
    pub overrides: BTreeMap<String, ToolLimits>,
    /// Calls that may run at the same time, all conversations together. Beyond it a call is refused, never queued.
    pub calls_max: usize,
}

/// What one call may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall time without waiting for people and child agents; of a tool that asks for no other. At most 600 s.
    pub wall: Duration,
    /// Linear memory. At most 256 MB.
    pub memory_bytes: usize,
}

/// What one tool may use, where that differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToolLimits {
    /// Wall time, whatever the tool asks for. At most 600 s.
    pub wall: Option<Duration>,
    /// Linear memory. At most 256 MB.
    pub memory_bytes: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall: Duration::from_secs(120),
            memory_bytes: 64 << 20,
        }
    }
}

impl Options {
    /// The usual limits.
    #[must_use]
    pub fn new(cache_dir: PathBuf, environment: BTreeMap<String, String>) -> Self {
        Self {
            cache_dir,
            environment,
            limits: Limits::default(),
            overrides: BTreeMap::new(),
            calls_max: CALLS_MAX,
        }
    }

    /// The limits as they are at the start.
    pub(crate) fn table(&self) -> LimitTable {
        LimitTable {
            limits: self.limits,
            overrides: self.overrides.clone(),
        }
    }
}

/// Which limits hold for which tool.
#[derive(Clone, Debug)]
pub(crate) struct LimitTable {
    pub(crate) limits: Limits,
    pub(crate) overrides: BTreeMap<String, ToolLimits>,
}

impl LimitTable {
    /// The limits of one tool. A tool may ask for another wall time; an override has the last word.
    pub(crate) fn of(&self, tool: &str, asked: Option<Duration>) -> Limits {
        let chosen = self.overrides.get(tool).copied().unwrap_or_default();
        let wall = chosen.wall.or(asked).unwrap_or(self.limits.wall);
        let memory_bytes = chosen.memory_bytes.unwrap_or(self.limits.memory_bytes);
        Limits {
            wall: wall.min(WALL_MAX),
            memory_bytes: memory_bytes.clamp(MEMORY_MIN_BYTES, MEMORY_MAX_BYTES),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_has_the_last_word_and_the_caps_hold() {
        let mut options = Options::new(PathBuf::new(), BTreeMap::new());
        let limits = |wall, megabytes: usize| Limits {
            wall: Duration::from_secs(wall),
            memory_bytes: megabytes << 20,
        };
        let own = |wall: Option<u64>, megabytes: Option<usize>| ToolLimits {
            wall: wall.map(Duration::from_secs),
            memory_bytes: megabytes.map(|megabytes| megabytes << 20),
        };
        for (tool, limits) in [
            ("slow", own(Some(900), Some(1024))),
            ("small", own(Some(5), Some(0))),
            ("large", own(None, Some(128))),
        ] {
            options.overrides.insert(tool.into(), limits);
        }
        for (tool, asked, expected) in [
            ("any", None, limits(120, 64)),
            ("any", Some(300), limits(300, 64)),
            ("any", Some(3000), limits(600, 64)),
            ("slow", Some(1), limits(600, 256)),
            ("small", None, limits(5, 4)),
            ("large", None, limits(120, 128)),
            ("large", Some(300), limits(300, 128)),
        ] {
            let asked = asked.map(Duration::from_secs);
            assert_eq!(
                options.table().of(tool, asked),
                expected,
                "{tool} {asked:?}"
            );
        }
    }
}
