//! What the tools of one conversation share: two folders, what was read in them, and background tasks.
//! Knows nothing of engines or permits.

use crate::ToolsError;
use crate::lend::tasks::Tasks;
use anteroom_gate::FilePath;
use rustix::fs::{Mode, OFlags};
use std::collections::HashMap;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Files whose state at reading is remembered at most. Beyond it nothing new is remembered, and a file that
/// is not remembered counts as not read.
const SEEN_MAX: usize = 65_536;

/// Shared by all calls of one conversation and its children. Dropping the last one kills the background tasks.
#[derive(Debug)]
pub struct Session {
    workspace: Root,
    temp: Root,
    outside: Root,
    /// Where the information about processes lies, once that is known.
    process_device: OnceLock<u64>,
    seen: Mutex<HashMap<FilePath, Stamp>>,
    /// Contents that were copied before a command, so that the next one copies only what changed.
    copies: Mutex<HashMap<FilePath, (Seen, String)>>,
    /// Files that tools changed themselves, with how far the session had come.
    left: Mutex<Left>,
    tasks: Tasks,
}

/// A folder with an open handle, so that it stays the same folder whatever is renamed around it.
#[derive(Debug)]
pub(crate) struct Root {
    /// Canonical and absolute.
    pub(crate) path: PathBuf,
    /// Opened for reading; `openat2` starts here. Lent to calls as it is.
    pub(crate) handle: Arc<OwnedFd>,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    pub(crate) size: u64,
    pub(crate) mtime_ns: i128,
}

/// What tells one state of a file from another, its permissions and the time of its last change included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) stamp: Stamp,
    pub(crate) changed_ns: i128,
    pub(crate) mode: u32,
}

#[derive(Debug, Default)]
struct Left {
    generation: u64,
    files: HashMap<FilePath, u64>,
}

impl Stamp {
    /// The state that no file is ever in.
    const NONE: Self = Self {
        dev: 0,
        ino: 0,
        size: 0,
        mtime_ns: i128::MIN,
    };
}

impl Session {
    /// Opens the two folders; `temp` is made, for its owner only, if it is not there.
    ///
    /// # Errors
    /// [`ToolsError::Folder`] when one of them cannot be opened.
    pub fn new(workspace: PathBuf, temp: PathBuf) -> Result<Arc<Self>, ToolsError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&temp)
            .map_err(|cause| ToolsError::Folder {
                path: temp.clone(),
                cause,
            })?;
        Ok(Arc::new(Self {
            workspace: Root::open(&workspace)?,
            temp: Root::open(&temp)?,
            outside: Root::open(Path::new("/"))?,
            process_device: OnceLock::new(),
            seen: Mutex::default(),
            copies: Mutex::default(),
            left: Mutex::default(),
            tasks: Tasks::default(),
        }))
    }

    /// The workspace.
    pub(crate) fn workspace(&self) -> &Root {
        &self.workspace
    }

    /// The private temp folder.
    pub(crate) fn temp(&self) -> &Root {
        &self.temp
    }

    /// The file system's root, for absolute paths outside both.
    pub(crate) fn outside(&self) -> &Root {
        &self.outside
    }

    /// The device of the information about processes. Found out with `find` until it is known: what is not there
    /// may come.
    pub(crate) fn process_device(&self, find: impl FnOnce() -> Option<u64>) -> Option<u64> {
        let known = self.process_device.get().copied();
        known.or_else(|| find().map(|device| *self.process_device.get_or_init(|| device)))
    }

    /// The background tasks.
    pub(crate) fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Remembers the state in which a file was read or left by a tool.
    pub(crate) fn saw(&self, path: FilePath, stamp: Stamp) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() < SEEN_MAX || seen.contains_key(&path) {
            seen.insert(path, stamp);
        }
    }

    /// The state in which a file was last read or left by a tool of this conversation.
    pub(crate) fn stamp_of(&self, path: &FilePath) -> Option<Stamp> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(path).copied()
    }

    /// A file was changed behind the conversation's back: it has to be read before it is overwritten.
    pub(crate) fn lose_sight(&self, path: &FilePath) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(path.clone(), Stamp::NONE);
    }

    /// The hash of a file's content, if it was copied in this very state.
    pub(crate) fn copied(&self, path: &FilePath, seen: Seen) -> Option<String> {
        let copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        copies
            .get(path)
            .filter(|(state, _)| *state == seen)
            .map(|(_, hash)| hash.clone())
    }

    /// Remembers that a content was copied.
    pub(crate) fn note_copy(&self, path: FilePath, seen: Seen, hash: String) {
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        if copies.len() < SEEN_MAX || copies.contains_key(&path) {
            copies.insert(path, (seen, hash));
        }
    }

    /// How far the session has come; from here on [`Self::left_since`] tells.
    pub(crate) fn generation(&self) -> u64 {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.generation += 1;
        left.generation
    }

    /// A tool changes a file, and what it was is kept for that tool's call.
    pub(crate) fn leaves(&self, path: &FilePath) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = left.generation;
        if left.files.len() >= SEEN_MAX {
            left.files.clear();
        }
        left.files.insert(path.clone(), generation);
    }

    /// Whether a tool has changed a file since then.
    pub(crate) fn left_since(&self, path: &FilePath, generation: u64) -> bool {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.files.get(path).is_some_and(|at| *at >= generation)
    }

    /// Forgets a file that is gone.
    pub(crate) fn forget(&self, path: &FilePath) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.remove(path);
    }
}

impl Root {
    fn open(path: &Path) -> Result<Self, ToolsError> {
        let failed = |cause| ToolsError::Folder {
            path: path.to_owned(),
            cause,
        };
        let path = fs::canonicalize(path).map_err(failed)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle =
            rustix::fs::open(&path, flags, Mode::empty()).map_err(|errno| failed(errno.into()))?;
        let handle = Arc::new(handle);
        Ok(Self { path, handle })
    }
}
