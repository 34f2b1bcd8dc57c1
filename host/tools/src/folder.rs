//! A folder of modules: `*.wasm`, by name. Knows what is there, what has changed since the last look, and what is
//! not finished yet; whether a module may stand beside the others is decided in `registry/shelf.rs`.

pub(crate) mod watch;

use crate::module::{Loader, Module};
use crate::wasm::cache::hash_of;
use anteroom_api::{ModuleId, ModuleOrigin};
use rustix::fs::{Mode, OFlags};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::time::{Instant as Moment, timeout_at};

const FILE_MAX_BYTES: u64 = 64 << 20;
/// Files looked at in one folder.
const FILES_MAX: usize = 256;
const NAME_MAX: usize = 64;
/// A file that cannot be loaded, and was changed less than this ago, may be half written.
const SETTLED_AFTER: Duration = Duration::from_millis(400);
/// A file that is gone for less than this may be about to be replaced.
const GONE_AFTER: Duration = Duration::from_millis(200);
/// A file that was changed less than this before it was read may have changed once more since, unseen: the clock
/// of a file system is coarse.
const STAMP_COUNTS_AFTER: Duration = Duration::from_secs(2);
/// What takes longer to load is looked at again later, so that it holds up nobody else.
const LOADING_PATIENCE: Duration = Duration::from_secs(5);
/// The same where a person waits for an answer.
const LOADING_PATIENCE_ASKED: Duration = Duration::from_secs(60);

/// What to make of a file that is not right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// It may be half written: what was there before counts until it has settled.
    UntilSettled,
    /// It counts as it is.
    None,
}

/// A folder, as it was at the last look.
pub(crate) struct Folder {
    path: PathBuf,
    origin: ModuleOrigin,
    files: BTreeMap<PathBuf, Known>,
    settled_after: Duration,
    gone_after: Duration,
}

/// What is known of a file.
#[derive(Default)]
struct Known {
    /// Of what was read last, if it can tell that from what came later.
    stamp: Option<Stamp>,
    /// When it was last changed.
    changed_at: Option<SystemTime>,
    /// What counts.
    current: Option<Arc<Module>>,
    /// What was read last, as long as it does not count yet.
    next: Option<Arc<Module>>,
    /// Since when it is gone.
    gone: Option<Instant>,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    dev: u64,
    ino: u64,
    size: u64,
    mtime: (i64, i64),
    ctime: (i64, i64),
}

/// What a look found at a path.
enum Found {
    /// Nothing has happened to it.
    Same,
    /// These bytes, or why there are none.
    Read {
        bytes: Result<Vec<u8>, String>,
        stamp: Option<Stamp>,
        changed_at: Option<SystemTime>,
    },
}

impl Folder {
    /// A folder that was not looked at yet.
    pub(crate) fn new(path: PathBuf, origin: ModuleOrigin) -> Self {
        Self {
            path,
            origin,
            files: BTreeMap::new(),
            settled_after: SETTLED_AFTER,
            gone_after: GONE_AFTER,
        }
    }

    /// The modules that count, by the names of their files.
    pub(crate) fn modules(&self) -> Vec<Arc<Module>> {
        self.files
            .values()
            .filter_map(|known| known.current.clone())
            .collect()
    }

    /// Brings it up to date. Answers whether everything has settled; if not, look again soon.
    pub(crate) async fn look(&mut self, loader: &Arc<Loader>, patience: Patience) -> bool {
        let stamps: BTreeMap<PathBuf, Stamp> = self
            .files
            .iter()
            .filter_map(|(path, known)| Some((path.clone(), known.stamp?)))
            .collect();
        let folder = self.path.clone();
        let read = tokio::task::spawn_blocking(move || read(&folder, &stamps)).await;
        let Ok(mut found) = read else {
            return true;
        };
        let mut has_settled = self.drop_missing(&found, patience);
        for (path, found) in &mut found {
            self.take(path, found, loader);
        }
        let (settled_after, loading) = match patience {
            Patience::UntilSettled => (self.settled_after, LOADING_PATIENCE),
            Patience::None => (Duration::ZERO, LOADING_PATIENCE_ASKED),
        };
        let until = Moment::now() + loading;
        for known in self.files.values_mut() {
            has_settled &= known.settle(settled_after, until).await;
        }
        has_settled
    }

    /// Forgets what is gone, but not what may be about to come back.
    fn drop_missing(&mut self, found: &BTreeMap<PathBuf, Found>, patience: Patience) -> bool {
        let (mut has_settled, gone_after) = (true, self.gone_after);
        self.files.retain(|path, known| {
            if found.contains_key(path) {
                known.gone = None;
                return true;
            }
            let since = *known.gone.get_or_insert_with(Instant::now);
            let is_gone = patience == Patience::None || since.elapsed() >= gone_after;
            has_settled &= is_gone;
            !is_gone
        });
        has_settled
    }

    fn take(&mut self, path: &Path, found: &mut Found, loader: &Arc<Loader>) {
        let Found::Read {
            bytes,
            stamp,
            changed_at,
        } = found
        else {
            return;
        };
        let known = self.files.entry(path.to_owned()).or_default();
        (known.stamp, known.changed_at) = (*stamp, *changed_at);
        let name = name_of(path);
        let id = ModuleId(anteroom_gate::visible(&name));
        let refused = |why| Module::refused(id.clone(), self.origin, Some(path.to_owned()), why);
        let module = match std::mem::replace(bytes, Ok(Vec::new())) {
            Ok(_) if !is_name(&name) => refused(not_a_name(&id)),
            Ok(bytes) if known.is(&hash_of(&bytes)) => return,
            Ok(bytes) => {
                let (path, bytes) = (Some(path.to_owned()), Cow::Owned(bytes));
                loader.load(id, self.origin, path, bytes)
            }
            Err(why) => refused(why),
        };
        known.next = Some(Arc::new(module));
    }
}

impl Known {
    /// Whether a component with this hash is what was read last.
    fn is(&self, hash: &str) -> bool {
        let last = self.next.as_ref().or(self.current.as_ref());
        last.is_some_and(|module| module.hash == hash)
    }

    /// Lets what was read last count, if it can be loaded or will not get better. Answers whether it does.
    async fn settle(&mut self, settled_after: Duration, until: Moment) -> bool {
        let Some(next) = &self.next else {
            return true;
        };
        let Ok(loading) = timeout_at(until, next.loaded()).await else {
            return false;
        };
        if loading.is_err() && self.is_fresh(settled_after) {
            return false;
        }
        let next = self.next.take();
        let is_told_already = match (&self.current, &next) {
            (Some(current), Some(next)) => current.is_same(next),
            (None, _) | (_, None) => false,
        };
        if !is_told_already {
            self.current = next;
        }
        true
    }

    /// Whether somebody may still be writing it.
    fn is_fresh(&self, settled_after: Duration) -> bool {
        let age = self.changed_at.and_then(|changed| changed.elapsed().ok());
        age.is_some_and(|age| age < settled_after)
    }
}

/// Reads what has changed. Blocks.
fn read(folder: &Path, stamps: &BTreeMap<PathBuf, Stamp>) -> BTreeMap<PathBuf, Found> {
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeMap::new();
    };
    let paths: BTreeSet<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "wasm"))
        .collect();
    paths
        .into_iter()
        .take(FILES_MAX)
        .map(|path| {
            let found = read_one(&path, stamps.get(&path));
            (path, found)
        })
        .collect()
}

fn read_one(path: &Path, before: Option<&Stamp>) -> Found {
    let about = fs::symlink_metadata(path).ok();
    let stamp = about.as_ref().map(Stamp::of);
    if before.is_some() && stamp.as_ref() == before {
        return Found::Same;
    }
    let changed_at = about.as_ref().and_then(changed_at);
    let age = changed_at.and_then(|changed| changed.elapsed().ok());
    let counts = age.is_some_and(|age| age >= STAMP_COUNTS_AFTER);
    Found::Read {
        bytes: bytes_of(path),
        stamp: stamp.filter(|_| counts),
        changed_at,
    }
}

impl Stamp {
    fn of(about: &Metadata) -> Self {
        Self {
            dev: about.dev(),
            ino: about.ino(),
            size: about.size(),
            mtime: (about.mtime(), about.mtime_nsec()),
            ctime: (about.ctime(), about.ctime_nsec()),
        }
    }
}

/// When the file system last changed anything about it; unlike the time of modification nobody can set it.
fn changed_at(about: &Metadata) -> Option<SystemTime> {
    let seconds = u64::try_from(about.ctime()).ok()?;
    let nanos = u32::try_from(about.ctime_nsec()).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
}

fn name_of(path: &Path) -> String {
    path.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The id of the toolset that a file would become.
///
/// # Errors
/// In words, why its name is none.
pub(crate) fn id_of(path: &Path) -> Result<ModuleId, String> {
    let name = name_of(path);
    if is_name(&name) {
        return Ok(ModuleId(name));
    }
    Err(not_a_name(&ModuleId(anteroom_gate::visible(&name))))
}

fn not_a_name(id: &ModuleId) -> String {
    format!(
        "`{id}` is no name for a toolset; use lower-case letters, digits, `-` and `_`, at most {NAME_MAX}"
    )
}

fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
}

/// The bytes of an ordinary file; a link is not followed.
pub(crate) fn bytes_of(path: &Path) -> Result<Vec<u8>, String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| {
        if error == rustix::io::Errno::LOOP {
            "it is a link; put the file itself into the folder".to_owned()
        } else {
            format!("it cannot be read: {}", std::io::Error::from(error))
        }
    })?;
    let file = File::from(file);
    let about = file
        .metadata()
        .map_err(|error| format!("it cannot be read: {error}"))?;
    if !about.is_file() {
        return Err("it is no ordinary file".into());
    }
    let mut bytes = Vec::new();
    file.take(FILE_MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("it cannot be read: {error}"))?;
    if bytes.len() as u64 > FILE_MAX_BYTES {
        return Err(format!("it has more than {} MB", FILE_MAX_BYTES >> 20));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::cache::Cache;
    use crate::wasm::engine::Engine;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn what_was_just_written_and_is_broken_may_be_half_written() {
        let place = tempfile::tempdir().unwrap();
        let cache = Cache::open(&place.path().join("cache"));
        let loader = Arc::new(Loader::new(Engine::new().unwrap(), cache).unwrap());
        let mut folder = Folder::new(place.path().to_owned(), ModuleOrigin::User);
        let file = place.path().join("one.wasm");
        let hashes = |folder: &Folder| {
            let modules = folder.modules().into_iter();
            modules
                .map(|module| module.hash.clone())
                .collect::<Vec<_>>()
        };
        fs::write(&file, "broken").unwrap();
        folder.settled_after = HOUR;
        assert!(!folder.look(&loader, Patience::UntilSettled).await);
        assert!(hashes(&folder).is_empty());
        assert!(folder.look(&loader, Patience::None).await);
        let before = hashes(&folder);
        assert_eq!(before, [hash_of(b"broken")]);
        // What was there counts until what comes has settled.
        fs::write(&file, "half").unwrap();
        assert!(!folder.look(&loader, Patience::UntilSettled).await);
        assert_eq!(hashes(&folder), before);
        folder.settled_after = Duration::ZERO;
        assert!(folder.look(&loader, Patience::UntilSettled).await);
        assert_eq!(hashes(&folder), [hash_of(b"half")]);
        // Also where it goes, as it may come back.
        fs::remove_file(&file).unwrap();
        folder.gone_after = HOUR;
        assert!(!folder.look(&loader, Patience::UntilSettled).await);
        assert_eq!(hashes(&folder).len(), 1);
        folder.gone_after = Duration::ZERO;
        assert!(folder.look(&loader, Patience::UntilSettled).await);
        assert!(hashes(&folder).is_empty());
    }

    #[test]
    fn a_name_is_parsed_once() {
        for (path, expected) in [
            ("/a/csv.wasm", Some("csv")),
            ("/a/my-tools_2.wasm", Some("my-tools_2")),
            ("/a/Csv.wasm", None),
            ("/a/.wasm", None),
            ("/a/c\u{202e}sv.wasm", None),
        ] {
            let id = id_of(Path::new(path)).ok();
            assert_eq!(id.map(|id| id.0).as_deref(), expected, "{path}");
        }
    }
}
