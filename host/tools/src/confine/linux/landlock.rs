//! Landlock by its system calls: which file trees may be read and written. It follows the object, not the
//! name, and holds for whoever the process starts.

use rustix::fs::{Mode, OFlags};
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::path::Path;

const EXECUTE: u64 = 1;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const TRUNCATE: u64 = 1 << 14;
/// Removing, making and moving of every sort, without what later versions added.
const CHANGE_1: u64 = 0x1ff0;
const REFER: u64 = 1 << 13;
const NET_TCP: u64 = 0b11;
/// Abstract sockets and signals stay within.
const SCOPES: u64 = 0b11;

/// Reading, in every way.
pub(super) const READ: u64 = EXECUTE | READ_FILE | READ_DIR;
/// Seeing what is in a folder.
pub(super) const LIST: u64 = READ_DIR;

/// What is meant for files that are no folders.
const FILE_RIGHTS: u64 = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE;

const CREATE_VERSION: libc::c_long = 1;
const RULE_PATH_BENEATH: libc::c_long = 1;

/// What this kernel's version of it can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version(pub(super) u32);

/// Begins as: nothing of what is handled is allowed.
#[derive(Debug)]
pub(super) struct Rules {
    handle: OwnedFd,
    handled: u64,
}

/// What a set of rules is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handled {
    /// Reading as well as writing.
    pub(super) reading: bool,
    /// TCP, of which then nothing is allowed.
    pub(super) network: bool,
}

#[repr(C)]
struct RulesetAttr {
    handled_access_fs: u64,
    handled_access_net: u64,
    scoped: u64,
}

#[repr(C, packed)]
struct PathBeneath {
    allowed_access: u64,
    parent_fd: i32,
}

impl Version {
    /// The version of this kernel; none where it is not built in or not switched on.
    #[expect(unsafe_code, reason = "libc has no function for it")]
    pub(super) fn of_kernel() -> Option<Self> {
        // SAFETY: with this flag the call reads no memory.
        let version = unsafe {
            libc::syscall(
                libc::SYS_landlock_create_ruleset,
                std::ptr::null::<RulesetAttr>(),
                0,
                CREATE_VERSION,
            )
        };
        u32::try_from(version).ok().filter(|it| *it > 0).map(Self)
    }

    /// Everything that changes something.
    pub(super) fn write(self) -> u64 {
        let mut rights = WRITE_FILE | CHANGE_1;
        if self.0 >= 2 {
            rights |= REFER;
        }
        if self.0 >= 3 {
            rights |= TRUNCATE;
        }
        rights
    }
}

impl Rules {
    /// Rules that allow nothing yet.
    #[expect(unsafe_code, reason = "libc has no function for it")]
    pub(super) fn new(version: Version, about: Handled) -> io::Result<Self> {
        let read = if about.reading { READ } else { 0 };
        let handled = version.write() | read;
        let attr = RulesetAttr {
            handled_access_fs: handled,
            handled_access_net: if about.network { NET_TCP } else { 0 },
            scoped: SCOPES,
        };
        // An older kernel knows only the beginning.
        let size: usize = match version.0 {
            0..=3 => 8,
            4 | 5 => 16,
            _ => 24,
        };
        // SAFETY: `attr` is valid for reads of `size` bytes, which is at most its own size.
        let handle =
            unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, &raw const attr, size, 0) };
        let handle = i32::try_from(handle).ok().filter(|it| *it >= 0);
        let handle = handle.ok_or_else(io::Error::last_os_error)?;
        // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
        let handle = unsafe { OwnedFd::from_raw_fd(handle) };
        Ok(Self { handle, handled })
    }

    /// Allows something in a file tree. A path that is not there is passed over: nothing can happen in it.
    pub(super) fn allow(&self, path: &Path, rights: u64) -> io::Result<()> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let parent = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(parent) => parent,
            Err(rustix::io::Errno::NOENT) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let is_folder =
            rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(&parent)?.st_mode).is_dir();
        let rights = if is_folder {
            rights
        } else {
            rights & FILE_RIGHTS
        };
        allow_beneath(
            self.handle.as_raw_fd(),
            parent.as_raw_fd(),
            rights & self.handled,
        )
        .map_err(io::Error::from_raw_os_error)
    }

    /// As the kernel knows them.
    pub(super) fn into_handle(self) -> OwnedFd {
        self.handle
    }
}

/// Adds a rule. Allocates nothing, so that it may be used between `clone` and `execve`.
///
/// # Errors
/// The number of the error.
#[expect(unsafe_code, reason = "libc has no function for it")]
pub(super) fn allow_beneath(rules: i32, parent: i32, rights: u64) -> Result<(), i32> {
    if rights == 0 {
        return Ok(());
    }
    let beneath = PathBeneath {
        allowed_access: rights,
        parent_fd: parent,
    };
    // SAFETY: `beneath` is valid for reads and has the layout the kernel documents.
    let done = unsafe {
        libc::syscall(
            libc::SYS_landlock_add_rule,
            rules,
            RULE_PATH_BENEATH,
            &raw const beneath,
            0,
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(super::errno())
    }
}

/// Puts the calling thread, and all it starts, under the rules for ever.
///
/// # Errors
/// The number of the error.
#[expect(unsafe_code, reason = "libc has no function for it")]
pub(super) fn restrict_self(rules: i32) -> Result<(), i32> {
    // SAFETY: takes two numbers and reads no memory.
    let done = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, rules, 0) };
    if done == 0 {
        Ok(())
    } else {
        Err(super::errno())
    }
}
