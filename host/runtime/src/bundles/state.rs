//! Which bundles are installed, which keys are trusted for them, and how far each key has come: one small file,
//! replaced whole, whose replacement is the moment at which another version counts.

use crate::config::private_file::{self, Existing};
use anteroom_api::{Problem, ProblemCode, UnixMillis};
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The folder of all bundles, in the home folder.
const FOLDER: &str = "bundles";
const STATE: &str = "state.json";
const LOCK: &str = "lock";
const STORE: &str = "store";
const STAGING: &str = "staging";
/// The bundle as it came, beside its files.
pub(crate) const ARCHIVE: &str = "bundle.abundle";
/// Its files.
pub(crate) const FILES: &str = "files";
const FORMAT: u32 = 1;
/// Versions that are kept beside the one that counts.
const KEPT_MAX: usize = 3;

/// What is installed and what is known of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    format: u32,
    pub(crate) installed: BTreeMap<String, Record>,
    /// The fingerprint that is trusted for each name; stays when a bundle is removed.
    pub(crate) pins: BTreeMap<String, String>,
    /// The highest version of each name that each key has brought here.
    ratchet: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) distrusted: BTreeSet<String>,
}

/// An installed bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) edition: Edition,
    pub(crate) installed_at: UnixMillis,
    /// The last one first.
    pub(crate) kept: Vec<Edition>,
    /// Whether its capabilities were granted and it was told that it is there.
    pub(crate) is_told: bool,
}

/// One version of a bundle, as it lies on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edition {
    pub(crate) version: String,
    pub(crate) hash: String,
    /// Of the key that signed it; none if it was installed unsigned.
    pub(crate) fingerprint: Option<String>,
    pub(crate) source: String,
}

/// Where bundles lie.
#[derive(Clone, Debug)]
pub(crate) struct Place(PathBuf);

/// Held by the one process that changes what is installed.
#[derive(Debug)]
pub(crate) struct Held(#[expect(dead_code, reason = "the lock ends with the file")] File);

impl Default for State {
    fn default() -> Self {
        Self {
            format: FORMAT,
            installed: BTreeMap::new(),
            pins: BTreeMap::new(),
            ratchet: BTreeMap::new(),
            distrusted: BTreeSet::new(),
        }
    }
}

impl Place {
    pub(crate) fn new(home: &Path) -> Self {
        Self(home.join(FOLDER))
    }

    /// Where one version of a bundle lies.
    pub(crate) fn edition(&self, name: &str, edition: &Edition) -> PathBuf {
        let hash: String = edition.hash.chars().take(16).collect();
        let folder = format!("{}-{hash}", edition.version);
        self.of(name).join(folder)
    }

    /// Where all versions of a bundle lie.
    pub(crate) fn of(&self, name: &str) -> PathBuf {
        self.0.join(STORE).join(name)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.0.join(STORE)
    }

    /// Where a version is put together before it counts.
    pub(crate) fn staging(&self) -> PathBuf {
        self.0.join(STAGING)
    }

    /// Waits for other processes that change something.
    pub(crate) fn hold(&self) -> Result<Held, Problem> {
        let open = || {
            private_file::folder(&self.0)?;
            let file = private_file::append(&self.0.join(LOCK))?;
            rustix::fs::flock(&file, FlockOperation::LockExclusive)?;
            Ok(file)
        };
        open()
            .map(Held)
            .map_err(|error: io::Error| unwritable(&self.0, &error))
    }

    /// What is installed; nothing if there is no file yet.
    ///
    /// # Errors
    /// The file is there and cannot be understood: then nothing is installed either, rather than anything
    /// forgotten of what is known of keys.
    pub(crate) fn read(&self) -> Result<State, Problem> {
        let path = self.0.join(STATE);
        let broken = |error: &dyn std::fmt::Display| {
            let words = format!("could not read `{}`", path.display());
            Problem::new(ProblemCode::Storage, words)
                .cause(error)
                .hint("restore it from a backup; without it no bundle counts")
        };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(State::default()),
            Err(error) => return Err(broken(&error)),
        };
        let state: State = serde_json::from_str(&text).map_err(|error| broken(&error))?;
        match state.format {
            FORMAT => Ok(state),
            other => Err(broken(&format!("it has the format {other}"))),
        }
    }

    /// From now on this counts.
    pub(crate) fn write(&self, state: &State, _: &Held) -> Result<(), Problem> {
        let path = self.0.join(STATE);
        serde_json::to_vec_pretty(state)
            .map_err(io::Error::other)
            .and_then(|bytes| private_file::write(&path, &bytes, Existing::Replace))
            .map_err(|error| unwritable(&path, &error))
    }

    /// Removes what no version needs: what a crash left, and what was replaced.
    pub(crate) fn tidy(&self, state: &State, _: &Held) {
        // What cannot be removed now is in nobody's way.
        drop(fs::remove_dir_all(self.staging()));
        for bundle in entries(&self.store()) {
            let name = bundle.file_name().unwrap_or_default().to_string_lossy();
            let wanted: Vec<PathBuf> = match state.installed.get(name.as_ref()) {
                Some(record) => {
                    let all = std::iter::once(&record.edition).chain(&record.kept);
                    all.map(|edition| self.edition(&name, edition)).collect()
                }
                None => Vec::new(),
            };
            for folder in entries(&bundle) {
                if !wanted.contains(&folder) {
                    drop(fs::remove_dir_all(folder));
                }
            }
            // Only if it is empty.
            drop(fs::remove_dir(bundle));
        }
    }
}

impl State {
    /// The highest version of a bundle that this key has brought here.
    pub(crate) fn highest(&self, name: &str, fingerprint: &str) -> Option<&str> {
        Some(self.ratchet.get(fingerprint)?.get(name)?.as_str())
    }

    /// Another version counts from now on.
    pub(crate) fn install(&mut self, name: &str, edition: Edition, at: UnixMillis) {
        if let Some(fingerprint) = &edition.fingerprint {
            self.pins.insert(name.to_owned(), fingerprint.clone());
            let reached = self.ratchet.entry(fingerprint.clone()).or_default();
            let is_higher = reached
                .get(name)
                .is_none_or(|old| newer(&edition.version, old));
            if is_higher {
                reached.insert(name.to_owned(), edition.version.clone());
            }
        }
        let mut kept = match self.installed.remove(name) {
            Some(before) => [vec![before.edition], before.kept].concat(),
            None => Vec::new(),
        };
        kept.retain(|it| it.hash != edition.hash);
        kept.truncate(KEPT_MAX);
        let record = Record {
            edition,
            installed_at: at,
            kept,
            is_told: false,
        };
        self.installed.insert(name.to_owned(), record);
    }

    /// Why nothing of an installed bundle may count, if that is so.
    pub(crate) fn why_not(&self, edition: &Edition) -> Option<Problem> {
        let fingerprint = edition.fingerprint.as_ref()?;
        self.distrusted.contains(fingerprint).then(|| {
            Problem::new(
                ProblemCode::Denied,
                format!("the key {fingerprint} is not trusted any more"),
            )
            .hint("remove the bundle, or trust the key again with `aroom bundle trust`")
        })
    }
}

/// Whether a version is newer than another.
pub(crate) fn newer(one: &str, other: &str) -> bool {
    match (semver::Version::parse(one), semver::Version::parse(other)) {
        (Ok(one), Ok(other)) => one.cmp_precedence(&other).is_gt(),
        _ => false,
    }
}

/// The settings files of the bundles that count, by name.
pub(crate) fn settings_files(home: &Path) -> Vec<(String, PathBuf)> {
    let place = Place::new(home);
    // What is wrong with it is told where bundles are listed.
    let state = place.read().unwrap_or_default();
    let installed = state.installed.iter();
    let counting = installed.filter(|(_, record)| state.why_not(&record.edition).is_none());
    let files = counting.map(|(name, record)| {
        let folder = place.edition(name, &record.edition).join(FILES);
        (name.clone(), folder.join(super::manifest::SETTINGS))
    });
    files.filter(|(_, path)| path.is_file()).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Problem {
    Problem::new(
        ProblemCode::Storage,
        format!("could not write `{}`", path.display()),
    )
    .cause(error)
    .hint("check whose the folder is, and whether the disk is full")
}
