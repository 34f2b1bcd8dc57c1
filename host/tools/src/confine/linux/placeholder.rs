//! Empty folders that stand for protected names that do not exist, so that there is something to build a wall on.
//!
//! A mount needs a name to be put on. Where `.git` is absent, an empty folder of that name is made for as long as
//! commands run in the workspace. Everybody who needs it holds a shared lock on it; who lets go and gets it alone
//! removes it. Locks die with their processes, and the caretaker removes it if the host was killed; what even that
//! leaves behind is known by its mode, and taken over by the next command.

use super::{c_text, errno};
use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};
use std::path::Path;

/// An ordinary folder's mode and the sticky bit, which nobody sets on an empty folder of these names.
const MODE: u32 = 0o1755;
const STICKY: u32 = 0o1000;
/// Tries to lock a placeholder that others take away at the same time.
const TRIES: usize = 16;

/// One of them, in use. Dropping it removes it if nobody else uses it.
#[derive(Debug)]
pub(super) struct Placeholder {
    lock: OwnedFd,
    parent: OwnedFd,
    name: CString,
    path: CString,
}

/// What the caretaker needs of it, as plain numbers and texts.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) lock: RawFd,
    pub(super) parent: RawFd,
    name: CString,
    path: CString,
}

impl Placeholder {
    /// Makes or joins the placeholder `name` in `folder`. `None` where something real has the name, or where
    /// nobody of this user could make anything.
    pub(super) fn hold(folder: &Path, name: &str) -> io::Result<Option<Self>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let parent = rustix::fs::open(folder, flags, Mode::empty())?;
        for _ in 0..TRIES {
            match rustix::fs::mkdirat(&parent, name, Mode::from_raw_mode(MODE)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(Errno::ACCESS | Errno::ROFS | Errno::PERM) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
            let lock =
                match rustix::fs::openat(&parent, name, flags | OFlags::NOFOLLOW, Mode::empty()) {
                    Ok(lock) => lock,
                    Err(Errno::NOENT) => continue,
                    Err(Errno::NOTDIR | Errno::LOOP) => return Ok(None),
                    Err(error) => return Err(error.into()),
                };
            rustix::fs::flock(&lock, FlockOperation::LockShared)?;
            // Whoever had it before may have removed it meanwhile.
            if rustix::fs::fstat(&lock)?.st_nlink > 0 {
                if !is_ours(&lock)? {
                    return Ok(None);
                }
                return Ok(Some(Self {
                    lock,
                    parent,
                    name: c_text(name.as_bytes())?,
                    path: c_text(folder.join(name).as_os_str().as_encoded_bytes())?,
                }));
            }
        }
        Err(io::Error::from(io::ErrorKind::ResourceBusy))
    }

    /// For the caretaker; valid while this lives.
    pub(super) fn held(&self) -> Held {
        Held {
            lock: self.lock.as_raw_fd(),
            parent: self.parent.as_raw_fd(),
            name: self.name.clone(),
            path: self.path.clone(),
        }
    }
}

impl Drop for Placeholder {
    fn drop(&mut self) {
        if rustix::fs::flock(&self.lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            // Refused if somebody has put something into it: then it is theirs.
            let _ = rustix::fs::unlinkat(&self.parent, &self.name, AtFlags::REMOVEDIR);
        }
    }
}

/// Whether nothing real has a name: nothing at all, or a placeholder. Looked at once: between two looks another command
/// may make its placeholder or take it away.
pub(in crate::confine) fn is_free(path: &Path) -> bool {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(folder) => is_ours(&folder).unwrap_or(false),
        Err(error) => error == Errno::NOENT,
    }
}

/// Whether a folder is a placeholder: empty, and with the mode of one.
fn is_ours(folder: &OwnedFd) -> io::Result<bool> {
    let stat = rustix::fs::fstat(folder)?;
    if stat.st_mode & STICKY == 0 || stat.st_uid != rustix::process::geteuid().as_raw() {
        return Ok(false);
    }
    let entries = rustix::fs::Dir::read_from(folder)?;
    let mut names = entries.filter_map(Result::ok);
    Ok(names.all(|entry| matches!(entry.file_name().to_bytes(), b"." | b"..")))
}

/// The caretaker's: removes what nobody else uses, because the host is gone. System calls only.
#[expect(
    unsafe_code,
    reason = "between `clone` and `execve` there are only system calls"
)]
pub(super) fn clean_up(held: &[Held]) {
    for held in held {
        // SAFETY: numbers, and texts that end with a null byte.
        unsafe {
            if libc::flock(held.lock, libc::LOCK_EX | libc::LOCK_NB) != 0 {
                continue;
            }
            // Seen from here a wall stands on it.
            while libc::umount2(held.path.as_ptr(), libc::MNT_DETACH) == 0 {}
            if libc::unlinkat(held.parent, held.name.as_ptr(), libc::AT_REMOVEDIR) != 0 {
                let _ = errno();
            }
        }
    }
}
