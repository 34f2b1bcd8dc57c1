//! Contents by their SHA-256, each once, in a private folder of the data folder. Knows nothing of whose they
//! are.
//!
//! A content is complete and on the disk before it has its name, so what a crash leaves is at worst a nameless
//! rest, which the next collection removes. Keeping takes the folder's lock shared and collecting takes it
//! alone, so that no content goes between its being kept and its being written down by whoever kept it last.

use super::super::beneath::Facts;
use super::state::{self, FileState, MODE_BITS, hex};
use rustix::fs::{FlockOperation, Mode, OFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::fs;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// How long a content stays that nothing points at: a command may run that long before its changes are known.
const GRACE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a content counts as used just now.
const FRESH_NS: i128 = 60 * 60 * 1_000_000_000;
/// The lock's file.
const LOCK: &str = "lock";
/// How the names of unfinished contents begin.
const UNFINISHED: &str = "new-";
/// The time at which it is used.
const NOW: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: UTIME_NOW,
};
/// The size that is not known yet.
const UNKNOWN: u64 = u64::MAX;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Bytes of all contents together.
    pub total_bytes: u64,
}

impl Bounds {
    /// Files up to this size are read to tell whether they were changed since.
    pub(super) fn told_bytes(self) -> u64 {
        self.file_bytes.saturating_mul(4).max(64 << 20)
    }
}

/// Why a content was not kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file's bound.
    #[error(
        "it has {size} bytes, more than the {limit} that are kept of a file (`checkpoints.max_file_mb`)"
    )]
    TooLarge {
        /// Its size.
        size: u64,
        /// The bound.
        limit: u64,
    },
    /// The bound of all together.
    #[error(
        "there is no room for its {size} bytes among the kept contents (`checkpoints.max_total_mb`)"
    )]
    Full {
        /// Its size.
        size: u64,
    },
    /// What was kept is not there or is not what it was.
    #[error("its kept content is {0}")]
    Lost(&'static str),
    /// The disk.
    #[error("{0}")]
    Disk(#[from] io::Error),
}

impl From<Errno> for StoreError {
    fn from(error: Errno) -> Self {
        Self::Disk(error.into())
    }
}

impl StoreError {
    /// Whether all that is in the way is a bound.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::Full { .. })
    }
}

/// The folder of contents. One value serves the whole process.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    file_bytes: AtomicU64,
    total_bytes: AtomicU64,
    /// About how much is kept; other processes keep, too.
    kept_bytes: AtomicU64,
    unfinished: AtomicU64,
}

/// Held while a content is kept and until it is written down.
#[derive(Debug)]
pub struct Shared(OwnedFd);

impl Store {
    /// A store in a folder, which is made when it is first needed.
    #[must_use]
    pub fn new(folder: PathBuf, bounds: Bounds) -> Self {
        Self {
            folder,
            file_bytes: AtomicU64::new(bounds.file_bytes),
            total_bytes: AtomicU64::new(bounds.total_bytes),
            kept_bytes: AtomicU64::new(UNKNOWN),
            unfinished: AtomicU64::new(0),
        }
    }

    /// How much is kept.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds {
            file_bytes: self.file_bytes.load(Ordering::Relaxed),
            total_bytes: self.total_bytes.load(Ordering::Relaxed),
        }
    }

    /// Other bounds from now on.
    pub fn set_bounds(&self, bounds: Bounds) {
        self.file_bytes.store(bounds.file_bytes, Ordering::Relaxed);
        self.total_bytes
            .store(bounds.total_bytes, Ordering::Relaxed);
    }

    /// Keeps what an open file holds. It is on the disk when this answers, and stays as long as it takes to
    /// write down who needs it if `shared` is held until then.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is kept then.
    pub fn keep(&self, shared: &Shared, file: impl AsFd) -> Result<FileState, StoreError> {
        let (draft, state) = self.copy(shared, file)?;
        if let Some((draft, copy)) = draft {
            copy.sync_all()?;
            draft.settle(&self.folder)?;
            fs::File::open(&self.folder)?.sync_all()?;
        }
        Ok(state)
    }

    /// Copies what an open file holds, without waiting for the disk. No draft if it is kept already.
    pub(super) fn copy(
        &self,
        _shared: &Shared,
        file: impl AsFd,
    ) -> Result<(Option<(Draft, fs::File)>, FileState), StoreError> {
        let facts = Facts::of(&file)?;
        let limit = self.bounds().file_bytes;
        if facts.size > limit {
            return Err(StoreError::TooLarge {
                size: facts.size,
                limit,
            });
        }
        self.check_room(facts.size)?;
        let (mut draft, mut copy) = self.draft()?;
        let mut hasher = Sha256::new();
        let mut size: u64 = 0;
        let copied = state::read_all(&file, |piece| {
            size += piece.len() as u64;
            // It may grow while it is read.
            if size > limit {
                return Err(Errno::FBIG);
            }
            hasher.update(piece);
            let written = copy.write_all(piece);
            written.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
        });
        match copied {
            Err(Errno::FBIG) => return Err(StoreError::TooLarge { size, limit }),
            copied => copied?,
        }
        draft.hash = hex(&hasher.finalize());
        let state = FileState::File {
            hash: draft.hash.clone(),
            size,
            mode: facts.mode & MODE_BITS,
        };
        if self.touch(&draft.hash, size) {
            return Ok((None, state));
        }
        self.kept_bytes.fetch_add(size, Ordering::Relaxed);
        Ok((Some((draft, copy)), state))
    }

    /// Gives copies their names, after one wait for the disk.
    pub(super) fn settle(&self, drafts: Vec<Draft>) -> Result<(), StoreError> {
        if drafts.is_empty() {
            return Ok(());
        }
        let folder = fs::File::open(&self.folder)?;
        #[cfg(target_os = "linux")]
        rustix::fs::syncfs(&folder)?;
        #[cfg(not(target_os = "linux"))]
        rustix::fs::sync();
        for draft in drafts {
            draft.settle(&self.folder)?;
        }
        Ok(folder.sync_all()?)
    }

    /// Opens a kept content and makes sure that it is what it was.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when it is not.
    pub fn open(&self, hash: &str) -> Result<OwnedFd, StoreError> {
        if !is_hash(hash) {
            return Err(StoreError::Lost("of no known name"));
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = match rustix::fs::open(self.folder.join(hash), flags, Mode::empty()) {
            Err(Errno::NOENT) => return Err(StoreError::Lost("gone")),
            file => file?,
        };
        match state::file_state(&file, u64::MAX).map_err(io::Error::other)? {
            FileState::File { hash: found, .. } if found == hash => Ok(file),
            _ => Err(StoreError::Lost("damaged")),
        }
    }

    /// How many bytes are kept, as far as this process knows.
    ///
    /// # Errors
    /// What the system says of the folder.
    pub fn kept_bytes(&self) -> io::Result<u64> {
        let known = self.kept_bytes.load(Ordering::Relaxed);
        if known != UNKNOWN {
            return Ok(known);
        }
        let total = self.contents()?.iter().map(|content| content.size).sum();
        self.kept_bytes.store(total, Ordering::Relaxed);
        Ok(total)
    }

    /// Removes rests of crashes and contents that nothing points at, the young ones only where there is no room,
    /// then the contents of `wanted` from its beginning until no more than `limit_bytes` are kept. `let_go` is
    /// told of those before they go, and they stay if it says no. Does nothing while somebody keeps.
    ///
    /// # Errors
    /// What the system says.
    pub fn collect(
        &self,
        wanted: &[String],
        limit_bytes: u64,
        now: SystemTime,
        let_go: impl FnOnce(Vec<String>) -> bool,
    ) -> io::Result<()> {
        if !self.folder.exists() {
            return Ok(());
        }
        let lock = self.lock_file()?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::AGAIN) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        self.remove_rests()?;
        let mut contents = self.contents()?;
        let pointed_at: HashSet<&str> = wanted.iter().map(String::as_str).collect();
        contents.retain(|content| {
            let is_kept = pointed_at.contains(content.hash.as_str()) || content.is_young(now);
            is_kept || fs::remove_file(self.folder.join(&content.hash)).is_err()
        });
        let mut total: u64 = contents.iter().map(|content| content.size).sum();
        // A copy that no change points at yet makes room before one that a change points at.
        contents.sort_by_key(|content| content.touched);
        contents.retain(|content| {
            let is_spared = total <= limit_bytes || pointed_at.contains(content.hash.as_str());
            let is_left = is_spared || fs::remove_file(self.folder.join(&content.hash)).is_err();
            total -= if is_left { 0 } else { content.size };
            is_left
        });
        let mut surplus = Vec::new();
        for hash in wanted {
            if total <= limit_bytes {
                break;
            }
            if let Some(content) = contents.iter().find(|content| content.hash == *hash) {
                total -= content.size;
                surplus.push(hash.clone());
            }
        }
        if !surplus.is_empty() && let_go(surplus.clone()) {
            for hash in surplus {
                // What stays is collected the next time.
                drop(fs::remove_file(self.folder.join(hash)));
            }
        }
        self.kept_bytes.store(UNKNOWN, Ordering::Relaxed);
        Ok(())
    }

    /// What time it is on the disk, in nanoseconds.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn moment(&self, shared: &Shared) -> io::Result<i128> {
        let now = Timestamps {
            last_access: NOW,
            last_modification: NOW,
        };
        rustix::fs::futimens(&shared.0, &now)?;
        Ok(Facts::of(&shared.0)?.stamp().mtime_ns)
    }

    /// Keeps collections away until it is dropped. What was kept before its first use may still go.
    ///
    /// # Errors
    /// What the system says.
    pub fn share(&self) -> io::Result<Shared> {
        self.make_folder()?;
        let lock = self.lock_file()?;
        rustix::fs::flock(&lock, FlockOperation::LockShared)?;
        Ok(Shared(lock))
    }

    fn check_room(&self, size: u64) -> Result<(), StoreError> {
        if self.kept_bytes()?.saturating_add(size) > self.bounds().total_bytes {
            return Err(StoreError::Full { size });
        }
        Ok(())
    }

    /// Whether a content is there already; if so it counts as kept just now.
    pub(super) fn touch(&self, hash: &str, size: u64) -> bool {
        let path = self.folder.join(hash);
        let is_whole =
            fs::symlink_metadata(&path).is_ok_and(|facts| facts.is_file() && facts.len() == size);
        let times = Timestamps {
            last_access: Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_OMIT,
            },
            last_modification: NOW,
        };
        let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
        is_whole && rustix::fs::utimensat(rustix::fs::CWD, &path, &times, flags).is_ok()
    }

    /// As [`Self::touch`], and not touched again if that was within the hour.
    pub(super) fn has(&self, hash: &str, size: u64, moment_ns: i128) -> bool {
        let facts = fs::symlink_metadata(self.folder.join(hash));
        let is_fresh = facts.is_ok_and(|facts| {
            let touched_ns = i128::from(facts.mtime()) * 1_000_000_000;
            facts.is_file() && facts.len() == size && touched_ns + FRESH_NS > moment_ns
        });
        is_fresh || self.touch(hash, size)
    }

    fn draft(&self) -> io::Result<(Draft, fs::File)> {
        let number = self.unfinished.fetch_add(1, Ordering::Relaxed);
        let name = format!("{UNFINISHED}{}-{number}", std::process::id());
        let path = self.folder.join(name);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW;
        let file = rustix::fs::open(&path, flags | OFlags::CLOEXEC, Mode::from_raw_mode(0o600))?;
        let draft = Draft {
            path,
            hash: String::new(),
            is_settled: false,
        };
        Ok((draft, file.into()))
    }

    fn make_folder(&self) -> io::Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
    }

    fn lock_file(&self) -> io::Result<OwnedFd> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let lock = rustix::fs::open(self.folder.join(LOCK), flags, Mode::from_raw_mode(0o600))?;
        Ok(lock)
    }

    fn contents(&self) -> io::Result<Vec<Content>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut contents = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_hash(&name)
                && let Ok(facts) = entry.metadata()
            {
                contents.push(Content {
                    hash: name,
                    size: facts.size(),
                    touched: facts.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                });
            }
        }
        Ok(contents)
    }

    /// Nobody else keeps now, so what is unfinished will never be finished.
    fn remove_rests(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                drop(fs::remove_file(entry.path()));
            }
        }
        Ok(())
    }
}

struct Content {
    hash: String,
    size: u64,
    touched: SystemTime,
}

impl Content {
    fn is_young(&self, now: SystemTime) -> bool {
        // A time to come counts as now.
        now.duration_since(self.touched)
            .map_or(true, |age| age < GRACE)
    }
}

/// A content without its name yet; removed if it never gets one.
pub(super) struct Draft {
    path: PathBuf,
    hash: String,
    is_settled: bool,
}

impl Draft {
    fn settle(mut self, folder: &Path) -> io::Result<()> {
        fs::rename(&self.path, folder.join(&self.hash))?;
        self.is_settled = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_settled {
            drop(fs::remove_file(&self.path));
        }
    }
}

fn is_hash(name: &str) -> bool {
    name.len() == 64
        && name
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
