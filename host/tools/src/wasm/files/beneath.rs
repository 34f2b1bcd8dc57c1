//! System calls on a path beneath a root handle. No link is ever followed, not even in the middle of a path.
//! Judges nothing.

use super::paths;
use crate::session::{Session, Stamp};
use anteroom_gate::FilePath;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;

/// Opens something only to look at it or to start from it.
#[cfg(target_os = "linux")]
const LOOK: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const LOOK: OFlags = OFlags::RDONLY;

/// What is known of a file without reading it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) kind: FileType,
    pub(super) dev: u64,
    pub(super) ino: u64,
    pub(super) links: u64,
    pub(super) size: u64,
    /// Permissions and what else stands with them.
    pub(super) mode: u32,
    accessed: Time,
    modified: Time,
    changed: Time,
}

#[derive(Clone, Copy, Debug)]
struct Time {
    seconds: i64,
    nanoseconds: u32,
}

impl Facts {
    /// Of an open handle.
    pub(super) fn of(fd: impl AsFd) -> Result<Self, Errno> {
        rustix::fs::fstat(fd).map(|stat| Self::from_stat(&stat))
    }

    fn from_stat(stat: &Stat) -> Self {
        let time = |seconds, nanoseconds| Time {
            seconds,
            nanoseconds,
        };
        Self {
            kind: FileType::from_raw_mode(stat.st_mode),
            dev: wide(stat.st_dev),
            ino: wide(stat.st_ino),
            links: wide(stat.st_nlink),
            size: wide(stat.st_size),
            mode: stat.st_mode & 0o7777,
            accessed: time(long(stat.st_atime), short(stat.st_atime_nsec)),
            modified: time(long(stat.st_mtime), short(stat.st_mtime_nsec)),
            changed: time(long(stat.st_ctime), short(stat.st_ctime_nsec)),
        }
    }

    pub(super) fn is_folder(&self) -> bool {
        self.kind == FileType::Directory
    }

    pub(super) fn is_file(&self) -> bool {
        self.kind == FileType::RegularFile
    }

    pub(super) fn is_link(&self) -> bool {
        self.kind == FileType::Symlink
    }

    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        (self.dev, self.ino) == (other.dev, other.ino)
    }

    /// What tells this state of the file from another.
    pub(super) fn stamp(&self) -> Stamp {
        let Time {
            seconds,
            nanoseconds,
        } = self.modified;
        Stamp {
            dev: self.dev,
            ino: self.ino,
            size: self.size,
            mtime_ns: i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds),
        }
    }

    /// Last change of anything, in nanoseconds.
    pub(super) fn changed_ns(&self) -> i128 {
        let Time {
            seconds,
            nanoseconds,
        } = self.changed;
        i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds)
    }

    /// Last access, last change of the content, last change of anything.
    pub(super) fn times(&self) -> [Option<Datetime>; 3] {
        [self.accessed, self.modified, self.changed].map(|time| {
            Some(Datetime {
                seconds: u64::try_from(time.seconds).ok()?,
                nanoseconds: time.nanoseconds,
            })
        })
    }
}

/// The handle of the root a path belongs to.
pub(super) fn root<'a>(session: &'a Session, path: &FilePath) -> BorrowedFd<'a> {
    root_handle(session, path).as_fd()
}

/// The same, to be held on to.
pub(super) fn root_handle<'a>(session: &'a Session, path: &FilePath) -> &'a Arc<OwnedFd> {
    let root = match path {
        FilePath::Workspace(_) => session.workspace(),
        FilePath::Temp(_) => session.temp(),
        FilePath::Outside(_) => session.outside(),
    };
    &root.handle
}

/// Opens a path; a link anywhere in it is `LOOP`.
pub(super) fn open(session: &Session, path: &FilePath, flags: OFlags) -> Result<OwnedFd, Errno> {
    open_mode(session, path, flags, Mode::empty())
}

/// As [`open`], with the permissions a new file gets.
pub(super) fn open_mode(
    session: &Session,
    path: &FilePath,
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd, Errno> {
    let relative = match paths::relative(path) {
        "" => ".",
        relative => relative,
    };
    open_at(root(session, path), relative, flags, mode)
}

/// The folder a path lies in, to act on a name in it. The last name is not looked at.
pub(super) fn open_parent<'a>(
    session: &Session,
    path: &'a FilePath,
) -> Result<(OwnedFd, &'a str), Errno> {
    let (folder, name) = paths::split(path).ok_or(Errno::BUSY)?;
    Ok((open_folder(session, &folder)?, name))
}

/// A folder, to act on a name in it.
pub(super) fn open_folder(session: &Session, folder: &FilePath) -> Result<OwnedFd, Errno> {
    open(session, folder, LOOK | OFlags::DIRECTORY)
}

/// What is at a path; of a link in the last place, the link itself.
pub(super) fn look(session: &Session, path: &FilePath) -> Result<Facts, Errno> {
    if paths::relative(path).is_empty() {
        return Facts::of(root(session, path));
    }
    #[cfg(target_os = "linux")]
    {
        Facts::of(open(session, path, LOOK | OFlags::NOFOLLOW)?)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let (parent, name) = open_parent(session, path)?;
        look_at(parent, name)
    }
}

/// What a name in an open folder is, no link followed.
pub(super) fn look_at(folder: impl AsFd, name: &str) -> Result<Facts, Errno> {
    #[cfg(target_os = "linux")]
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    #[cfg(not(target_os = "linux"))]
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    rustix::fs::statat(folder, name, flags).map(|stat| Facts::from_stat(&stat))
}

/// When something was made, in nanoseconds, where the file system knows it.
pub(super) fn born_ns(session: &Session, path: &FilePath) -> Option<i128> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::StatxFlags;
        let (parent, name) = open_parent(session, path).ok()?;
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        let found = rustix::fs::statx(parent, name, flags, StatxFlags::BTIME).ok()?;
        let is_told = found.stx_mask & StatxFlags::BTIME.bits() != 0;
        let born = found.stx_btime;
        is_told.then(|| i128::from(born.tv_sec) * 1_000_000_000 + i128::from(born.tv_nsec))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (session, path);
        None
    }
}

/// Where a link leads, as it is written.
pub(super) fn read_link(session: &Session, path: &FilePath) -> Result<String, Errno> {
    let (parent, name) = open_parent(session, path)?;
    let target = rustix::fs::readlinkat(parent, name, Vec::new())?;
    target.into_string().map_err(|_| Errno::ILSEQ)
}

/// The device that information about processes lies on; the host's own memory is there.
pub(super) fn process_device(session: &Session) -> Option<u64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let look = || look_at(&session.outside().handle, "proc").ok();
    session.process_device(|| look().map(|facts| facts.dev))
}

#[cfg(target_os = "linux")]
fn open_at(root: BorrowedFd<'_>, path: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    use rustix::fs::ResolveFlags;
    /// The kernel gives up when something is renamed meanwhile; more often than this is no accident.
    const ATTEMPTS: u32 = 64;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
    let mut attempts = 0;
    loop {
        match rustix::fs::openat2(root, path, flags | OFlags::CLOEXEC, mode, resolve) {
            Err(Errno::INTR | Errno::AGAIN) if attempts < ATTEMPTS => attempts += 1,
            Err(Errno::NOSYS) => return walk_at(root, path, flags, mode),
            result => return result,
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn open_at(root: BorrowedFd<'_>, path: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    walk_at(root, path, flags, mode)
}

/// The same name by name, for systems without `openat2`: each folder is opened without following a link.
pub(super) fn walk_at(
    root: BorrowedFd<'_>,
    path: &str,
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd, Errno> {
    let mut folder: Option<OwnedFd> = None;
    let (upper, last) = path.rsplit_once('/').unwrap_or(("", path));
    for name in upper.split('/').filter(|name| !name.is_empty()) {
        let from = folder.as_ref().map_or(root, AsFd::as_fd);
        folder = Some(step(from, name, LOOK | OFlags::DIRECTORY, Mode::empty())?);
    }
    let from = folder.as_ref().map_or(root, AsFd::as_fd);
    let opened = step(from, last, flags, mode)?;
    // Only looking opens a link itself, and only if it is meant to.
    if !flags.contains(OFlags::NOFOLLOW) && Facts::of(&opened)?.is_link() {
        return Err(Errno::LOOP);
    }
    Ok(opened)
}

fn step(folder: BorrowedFd<'_>, name: &str, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    if name == ".." {
        return Err(Errno::XDEV);
    }
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat(folder, name, flags, mode) {
        // A link where a folder is wanted is told as "not a folder".
        Err(Errno::NOTDIR) if look_at(folder, name).is_ok_and(|facts| facts.is_link()) => {
            Err(Errno::LOOP)
        }
        result => result,
    }
}

/// Numbers differ in width from system to system; one that does not fit tells no two things apart.
fn wide<T: TryInto<u64>>(value: T) -> u64 {
    value.try_into().unwrap_or(u64::MAX)
}

fn long<T: TryInto<i64>>(value: T) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}

fn short<T: TryInto<u32>>(value: T) -> u32 {
    value.try_into().unwrap_or_default()
}
