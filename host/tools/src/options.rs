//! How the registry is set up. Plain values; where they come from is the runtime's business.

use crate::wasm::engine::MEMORY_MAX_BYTES;
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
    /// Where compiled code is kept; made private, and used only if it is.
    pub cache_dir: PathBuf,
    /// The environment of this process, as `main` saw it. Commands get the harmless part of it.
    pub environment: BTreeMap<String, String>,
    /// What holds for every tool.
    pub limits: Limits,
    /// What holds instead for single tools, by their names.
    pub overrides: BTreeMap<String, Limits>,
}

/// What one call may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Wall time without waiting for people and child agents; of a tool that asks for no other. At most 600 s.
    pub wall: Duration,
    /// Linear memory. At most 256 MB.
    pub memory_bytes: usize,
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
        }
    }

    /// The limits of one tool. A tool may ask for another wall time; an override has the last word.
    pub(crate) fn limits_of(&self, tool: &str, asked: Option<Duration>) -> Limits {
        let chosen = self.overrides.get(tool).copied().unwrap_or(Limits {
            wall: asked.unwrap_or(self.limits.wall),
            ..self.limits
        });
        Limits {
            wall: chosen.wall.min(WALL_MAX),
            memory_bytes: chosen
                .memory_bytes
                .clamp(MEMORY_MIN_BYTES, MEMORY_MAX_BYTES),
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
        options.overrides.insert("slow".into(), limits(900, 1024));
        options.overrides.insert("small".into(), limits(5, 0));
        for (tool, asked, expected) in [
            ("any", None, limits(120, 64)),
            ("any", Some(300), limits(300, 64)),
            ("any", Some(3000), limits(600, 64)),
            ("slow", Some(1), limits(600, 256)),
            ("small", None, limits(5, 4)),
        ] {
            let asked = asked.map(Duration::from_secs);
            assert_eq!(options.limits_of(tool, asked), expected, "{tool} {asked:?}");
        }
    }
}
