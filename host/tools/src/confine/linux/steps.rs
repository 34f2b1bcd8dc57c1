//! How the new process builds its walls: a list of steps, written beforehand and carried out between `clone` and
//! `execve`, where nothing may be allocated and no lock may be taken. Each step is one system call or two.

use super::landlock;
use std::ffi::{CStr, CString};
use std::ptr;

/// File trees that can be held at once.
pub(super) const SLOTS: usize = 1024;

/// One step. Paths are those of the file tree as it is when the step is reached.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Writes a file of the kernel's.
    Write {
        path: CString,
        bytes: Vec<u8>,
    },
    /// Cuts the new file tree loose from the old one.
    Private,
    /// Takes hold of a tree as it is now.
    Keep {
        slot: usize,
        path: CString,
    },
    /// Makes a held tree read-only.
    Seal {
        slot: usize,
    },
    /// Makes everything that is mounted now read-only.
    SealAll,
    /// Makes one mount read-only.
    SealAt {
        path: CString,
    },
    /// Mounts a new, empty tree.
    Mount {
        path: CString,
        kind: &'static CStr,
        options: CString,
        flags: u64,
    },
    Folder {
        path: CString,
        mode: u32,
    },
    File {
        path: CString,
        mode: u32,
    },
    Link {
        path: CString,
        target: CString,
    },
    /// Puts a held tree, which is then no longer held, over what is at a path.
    Place {
        slot: usize,
        path: CString,
    },
    /// Makes what is mounted at a path the root, and lets go of the old one.
    Root {
        path: CString,
    },
    /// Switches on the network interface that leads nowhere but here.
    Loopback,
    /// Adds to the rules of Landlock what was not there before.
    Allow {
        path: CString,
        rights: u64,
    },
}

/// When a step may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Always,
    /// Unless what it is about has gone meanwhile: then there is nothing to hide.
    IfThere,
    Never,
}

/// A step together with what follows if it fails.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) step: Step,
    /// When the walls hold without it.
    pub(super) need: Need,
}

impl Step {
    /// As words, for whoever is told that it failed.
    pub(super) fn words(&self) -> String {
        let shown = |path: &CString| path.to_string_lossy().into_owned();
        match self {
            Self::Write { path, .. } => format!("writing `{}`", shown(path)),
            Self::Private => "cutting the file tree loose".into(),
            Self::Keep { path, .. } => format!("taking hold of `{}`", shown(path)),
            Self::Seal { .. } | Self::SealAll | Self::SealAt { .. } => {
                "making the file tree read-only".into()
            }
            Self::Mount { path, kind, .. } => {
                format!("mounting {} on `{}`", kind.to_string_lossy(), shown(path))
            }
            Self::Folder { path, .. } | Self::File { path, .. } | Self::Link { path, .. } => {
                format!("making `{}`", shown(path))
            }
            Self::Place { path, .. } => format!("placing `{}`", shown(path)),
            Self::Root { .. } => "changing to a file tree of its own".into(),
            Self::Loopback => "switching on the loopback interface".into(),
            Self::Allow { path, .. } => format!("allowing `{}`", shown(path)),
        }
    }
}

/// Carries out all steps in order.
///
/// # Errors
/// The index of the step that failed, and the number of its error.
pub(super) fn carry_out(steps: &[Planned], rules: Option<i32>) -> Result<(), (u32, i32)> {
    let mut slots = [-1_i32; SLOTS];
    for (index, planned) in steps.iter().enumerate() {
        let Err(errno) = one(&planned.step, &mut slots, rules) else {
            continue;
        };
        let is_fine = match planned.need {
            Need::Always => false,
            Need::IfThere => errno == libc::ENOENT,
            Need::Never => true,
        };
        if !is_fine {
            return Err((u32::try_from(index).unwrap_or(u32::MAX), errno));
        }
    }
    Ok(())
}

fn one(step: &Step, slots: &mut [i32; SLOTS], rules: Option<i32>) -> Result<(), i32> {
    match step {
        Step::Write { path, bytes } => write(path, bytes),
        Step::Private => private(),
        Step::Keep { slot, path } => {
            slots[*slot] = keep(path)?;
            Ok(())
        }
        Step::Seal { slot } => seal(slots[*slot], c"", libc::AT_EMPTY_PATH | libc::AT_RECURSIVE),
        Step::SealAll => seal(libc::AT_FDCWD, c"/", libc::AT_RECURSIVE),
        Step::SealAt { path } => seal(libc::AT_FDCWD, path, 0),
        Step::Mount {
            path,
            kind,
            options,
            flags,
        } => mount(path, kind, options, *flags),
        Step::Folder { path, mode } => folder(path, *mode),
        Step::File { path, mode } => file(path, *mode),
        Step::Link { path, target } => link(path, target),
        Step::Place { slot, path } => place(&mut slots[*slot], path),
        Step::Root { path } => root(path),
        Step::Loopback => loopback(),
        Step::Allow { path, rights } => rules.map_or(Ok(()), |rules| allow(rules, path, *rights)),
    }
}

#[expect(
    unsafe_code,
    reason = "no safe wrapper works without allocating or at all"
)]
fn write(path: &CStr, bytes: &[u8]) -> Result<(), i32> {
    // SAFETY: `path` ends with a null byte, `bytes` is valid for reads of its length, and the descriptor is ours.
    unsafe {
        let file = check(libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC))?;
        let written = libc::write(file, bytes.as_ptr().cast(), bytes.len());
        let error = super::errno();
        libc::close(file);
        if usize::try_from(written) == Ok(bytes.len()) {
            Ok(())
        } else {
            Err(error)
        }
    }
}

#[expect(
    unsafe_code,
    reason = "no safe wrapper works without allocating or at all"
)]
fn private() -> Result<(), i32> {
    // SAFETY: all texts end with a null byte; unused arguments may be null.
    check(unsafe {
        libc::mount(
            std::ptr::null(),
            c"/".as_ptr(),
            std::ptr::null(),
            libc::MS_REC | libc::MS_PRIVATE,
            std::ptr::null(),
        )
    })
    .map(|_| ())
}

const OPEN_TREE_CLONE: libc::c_long = 1;

#[expect(
    unsafe_code,
    reason = "no safe wrapper works without allocating or at all"
)]
fn keep(path: &CStr) -> Result<i32, i32> {
    let flags = OPEN_TREE_CLONE
        | libc::c_long::from(libc::O_CLOEXEC)
        | libc::c_long::from(libc::AT_RECURSIVE)
        | libc::c_long::from(libc::AT_SYMLINK_NOFOLLOW);
    // SAFETY: `path` ends with a null byte.
    let tree = unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) };
    check(i32::try_from(tree).unwrap_or(-1))
}

#[repr(C)]
struct MountAttr {
    set: u64,
    clear: u64,
    propagation: u64,
    userns_fd: u64,
}

const MOUNT_ATTR_RDONLY: u64 = 1;

#[expect(
    unsafe_code,
    reason = "no safe wrapper works without allocating or at all"
)]
fn seal(folder: i32, path: &CStr, flags: i32) -> Result<(), i32> {
    let attr = MountAttr {
        set: MOUNT_ATTR_RDONLY,
        clear: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: `path` ends with a null byte; `attr` is valid for reads of the size given.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            folder,
            path.as_ptr(),
            flags,
            &raw const attr,
            size_of::<MountAttr>(),
        )
    };
    check(i32::try_from(done).unwrap_or(-1)).map(|_| ())
}

#[expect(
    unsafe_code,
    reason = "no safe wrapper works without allocating or at all"
)]
fn mount(path: &CStr, kind: &CStr, options: &CStr, flags: u64) -> Result<(), i32> {
    // SAFETY: all texts end with a null byte.
    check(unsafe {
        libc::mount(
            kind.as_ptr(),
            path.as_ptr(),
            kind.as_ptr(),
            flags,
            options.as_ptr().cast(),
        )
    })
    .map(|_| ())
}

#[expect(
    unsafe_code,
    reason = "no safe wrapper works without allocating or at all"
)]
fn folder(path: &CStr, mode: u32) -> Result<(), i32> {
    // SAFETY: `path` ends with a null byte.
    match check(unsafe { libc::mkdir(path.as_ptr(), mode) }) {
        Ok(_) | Err(libc::EEXIST) => Ok(()),
        Err(error) => Err(error),
    }
}

#[expect(
    unsafe_code,
    reason = "no safe wrapper works without allocating or at all"
)]
fn file(path: &CStr, mode: u32) -> Result<(), i32> {
    let flags = libc::O_CREAT | libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NOFOLLOW;
    // SAFETY: `path` ends with a null byte, and the descriptor is ours to close.
    unsafe {
        let file = check(libc::open(path.as_ptr(), flags, mode))?;
        libc::close(file);
    }
    Ok(())
}

#[expect(
    unsafe_code,
    reason = "no safe wrapper works without allocating or at all"
)]
fn link(path: &CStr, target: &CStr) -> Result<(), i32> {
    // SAFETY: both texts end with a null byte.
    check(unsafe { libc::symlink(target.as_ptr(), path.as_ptr()) }).map(|_| ())
}

#[expect(
    unsafe_code,
    reason = "no safe wrapper works without allocating or at all"
)]
fn root(path: &CStr) -> Result<(), i32> {
    let here = c".".as_ptr();
    // SAFETY: all texts end with a null byte; unused arguments may be null.
    unsafe {
        check(libc::chdir(path.as_ptr()))?;
        let pivoted = libc::syscall(libc::SYS_pivot_root, here, here);
        if pivoted == 0 {
            // The old root lies over the new one now, and is taken away from there.
            check(libc::umount2(here, libc::MNT_DETACH))?;
        } else {
            // Some containers refuse that, and a root that nothing is mounted on cannot be changed. Then the old one
            // stays beneath, where only those get to who may mount or change their root: the command may not.
            let none = ptr::null();
            check(libc::mount(
                here,
                c"/".as_ptr(),
                none,
                libc::MS_MOVE,
                none.cast(),
            ))?;
            check(libc::chroot(here))?;
        }
        check(libc::chdir(c"/".as_ptr()))?;
    }
    Ok(())
}

const MOVE_MOUNT_F_EMPTY_PATH: libc::c_long = 4;

#[expect(
    unsafe_code,
    reason = "no safe wrapper works without allocating or at all"
)]
fn place(tree: &mut i32, path: &CStr) -> Result<(), i32> {
    // SAFETY: both texts end with a null byte, and the descriptor is ours to close.
    unsafe {
        let done = libc::syscall(
            libc::SYS_move_mount,
            *tree,
            c"".as_ptr(),
            libc::AT_FDCWD,
            path.as_ptr(),
            MOVE_MOUNT_F_EMPTY_PATH,
        );
        check(i32::try_from(done).unwrap_or(-1))?;
        libc::close(*tree);
    }
    *tree = -1;
    Ok(())
}

#[expect(
    unsafe_code,
    reason = "no safe wrapper works without allocating or at all"
)]
fn loopback() -> Result<(), i32> {
    // SAFETY: an all-zero `ifreq` is valid; it is valid for reads and writes by both calls, and the descriptor
    // is ours to close.
    unsafe {
        let socket = check(libc::socket(
            libc::AF_INET,
            libc::SOCK_DGRAM | libc::SOCK_CLOEXEC,
            0,
        ))?;
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l'.cast_signed();
        request.ifr_name[1] = b'o'.cast_signed();
        request.ifr_ifru.ifru_flags = i16::try_from(libc::IFF_UP | libc::IFF_RUNNING).unwrap_or(0);
        let done = check(libc::ioctl(socket, libc::SIOCSIFFLAGS, &raw const request));
        libc::close(socket);
        done.map(|_| ())
    }
}

#[expect(
    unsafe_code,
    reason = "no safe wrapper works without allocating or at all"
)]
fn allow(rules: i32, path: &CStr, rights: u64) -> Result<(), i32> {
    // SAFETY: `path` ends with a null byte, and the descriptor is ours to close.
    unsafe {
        let parent = check(libc::open(path.as_ptr(), libc::O_PATH | libc::O_CLOEXEC))?;
        let done = landlock::allow_beneath(rules, parent, rights);
        libc::close(parent);
        done
    }
}

/// A result of the C library as one of Rust's.
pub(super) fn check(result: i32) -> Result<i32, i32> {
    if result < 0 {
        Err(super::errno())
    } else {
        Ok(result)
    }
}
