//! The sandbox of Linux: namespaces, Landlock, seccomp, ceilings; and which of them hold here.

mod filter;
mod kernel;
mod landlock;
mod launch;
mod limits;
mod placeholder;
mod rooms;
mod steps;

use super::environment::CACHES;
use super::plan::Plan;
use super::policy::{Network, Sandbox, SandboxMode};
use super::walls::{Wall, Walls};
use super::{Order, Settled};
use filter::Sockets;
use kernel::{Kernel, Rooms};
use landlock::{Handled, Rules};
use launch::Launch;
pub(super) use limits::files_at_start;
use placeholder::Placeholder;
pub(super) use placeholder::is_free;
use rooms::User;
use rustix::process::Pid;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

/// What the superuser keeps in the sandbox: to change files of the workspace whoever they belong to.
/// `CHOWN`, `DAC_OVERRIDE`, `FOWNER`, `FSETID`.
const FILE_POWERS: u64 = 1 | 1 << 1 | 1 << 3 | 1 << 4;

/// A command that runs, and what has to be put away after it.
#[derive(Debug)]
pub(crate) struct Running {
    pub(super) pid: Pid,
    pub(super) status: OwnedFd,
    pub(super) lifeline: OwnedFd,
    streams: Option<Streams>,
    /// Whether killing the caretaker kills everybody.
    pub(super) is_room: bool,
    pub(super) aftermath: Aftermath,
}

/// Our ends of a command's streams.
#[derive(Debug)]
pub(super) struct Streams {
    /// Where it was ordered with one.
    pub(super) stdin: Option<OwnedFd>,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

impl Running {
    /// There once.
    pub(super) fn take_streams(&mut self) -> io::Result<Streams> {
        let streams = self.streams.take();
        streams.ok_or_else(|| io::Error::other("the process has no output"))
    }
}

/// What to do once everybody is gone.
#[derive(Debug, Default)]
pub(crate) struct Aftermath {
    placeholders: Vec<Placeholder>,
    unwanted: Vec<PathBuf>,
}

impl Aftermath {
    /// Takes away what must not come to be and nothing could stand in the place of.
    pub(super) fn clear(self) {
        for path in &self.unwanted {
            // Usually there is nothing.
            if std::fs::symlink_metadata(path).is_ok() {
                tracing::warn!(path = %path.display(), "took away a file that would change what git obeys");
                let _ = std::fs::remove_file(path);
            }
        }
        drop(self.placeholders);
    }
}

/// Starts a command inside the walls.
///
/// # Errors
/// What went wrong, also in building the walls: then nothing runs.
pub(super) fn spawn(order: &Order<'_>, settled: &Settled<'_>) -> io::Result<Running> {
    spawn_on(Kernel::get(), order, settled)
}

fn spawn_on(kernel: &Kernel, order: &Order<'_>, settled: &Settled<'_>) -> io::Result<Running> {
    let rooms = kernel.rooms.as_ref().ok().copied();
    let mut aftermath = Aftermath::default();
    let mut launch = plain(order)?;
    if let Settled::Walled { plan, sandbox } = settled {
        for (name, folder) in CACHES {
            let path = order.temp.join(".cache").join(folder);
            let mut text = format!("{name}=").into_bytes();
            text.extend_from_slice(path.as_os_str().as_encoded_bytes());
            launch.environment.push(c_text(&text)?);
        }
        launch.powers = Some(if rooms.is_some_and(|it| it.by_user) {
            0
        } else {
            FILE_POWERS
        });
        if kernel.filter.is_ok() {
            launch.filter = filter::program(match sandbox.network {
                Network::Off => Sockets::Local,
                Network::Local if rooms.is_none() => Sockets::Local,
                Network::Local | Network::On => Sockets::Internet,
            });
        }
        let already = if rooms.is_some_and(|it| it.by_user) {
            0
        } else {
            limits::running()
        };
        launch.ceilings = limits::ceilings(&sandbox.limits, already);
        launch.rules = rules(kernel, plan, sandbox, rooms)?;
        if let Some(rooms) = rooms {
            for (parent, name) in &plan.absent {
                aftermath
                    .placeholders
                    .extend(Placeholder::hold(parent, name)?);
            }
            aftermath.unwanted.clone_from(&plan.unwanted);
            launch.held = aftermath
                .placeholders
                .iter()
                .map(Placeholder::held)
                .collect();
            launch.namespaces = namespaces(rooms, sandbox.network);
            launch.steps = rooms::steps(&rooms::Order {
                plan,
                support: rooms,
                network: sandbox.network,
                limits: &sandbox.limits,
                user: rooms.by_user.then(User::own),
                landlock: kernel.landlock,
            })?;
        }
    }
    let started = launch::launch(&launch).map_err(|failed| {
        let kind = io::Error::from_raw_os_error(failed.errno).kind();
        io::Error::new(kind, failed.words(&launch))
    })?;
    Ok(Running {
        pid: started.pid,
        status: started.status,
        lifeline: started.lifeline,
        streams: Some(Streams {
            stdin: started.stdin,
            stdout: started.stdout,
            stderr: started.stderr,
        }),
        is_room: launch.namespaces & libc::CLONE_NEWPID != 0,
        aftermath,
    })
}

/// The command itself, without walls.
fn plain(order: &Order<'_>) -> io::Result<Launch> {
    let folder = std::fs::read_link(format!("/proc/self/fd/{}", order.folder.as_raw_fd()))?;
    let stat = rustix::fs::fstat(order.folder)?;
    let path = |path: &Path| c_text(path.as_os_str().as_encoded_bytes());
    let mut environment = Vec::new();
    for (name, value) in order.environment {
        environment.push(c_text(format!("{name}={value}").as_bytes())?);
    }
    let mut temp = b"TMPDIR=".to_vec();
    temp.extend_from_slice(order.temp.as_os_str().as_encoded_bytes());
    environment.push(c_text(&temp)?);
    let program = path(order.program)?;
    let mut arguments = vec![program.clone()];
    for argument in order.arguments {
        arguments.push(c_text(argument.as_bytes())?);
    }
    Ok(Launch {
        program,
        arguments,
        has_input: order.has_input,
        environment,
        folder: path(&folder)?,
        folder_id: (stat.st_dev, stat.st_ino),
        namespaces: 0,
        steps: Vec::new(),
        rules: None,
        filter: Vec::new(),
        ceilings: limits::bare(),
        powers: None,
        held: Vec::new(),
    })
}

/// The rules of Landlock for a plan. Where there is a file tree of one's own they are the second wall for what is
/// written, and in a closed plan for what is read; otherwise the only one, for both.
fn rules(
    kernel: &Kernel,
    plan: &Plan,
    sandbox: &Sandbox,
    rooms: Option<Rooms>,
) -> io::Result<Option<OwnedFd>> {
    let Some(version) = kernel.landlock else {
        return Ok(None);
    };
    let rules = Rules::new(
        version,
        Handled {
            reading: rooms.is_none() || plan.is_closed,
            network: version.0 >= 4 && sandbox.network == Network::Off,
        },
    )?;
    for path in &plan.writable {
        rules.allow(path, version.write() | landlock::READ)?;
    }
    if rooms.is_none() {
        for device in [
            "null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm",
        ] {
            rules.allow(
                &Path::new("/dev").join(device),
                version.write() | landlock::READ,
            )?;
        }
        let hidden: Vec<&Path> = plan.hidden.iter().map(|it| it.path.as_path()).collect();
        let around = if plan.is_closed { "/proc" } else { "/" };
        allow_reading_around(&rules, Path::new(around), &hidden)?;
        for path in &plan.sealed {
            if plan.is_closed {
                allow_reading_around(&rules, path, &hidden)?;
            } else {
                rules.allow(path, landlock::READ)?;
            }
        }
    } else if plan.is_closed {
        for path in &plan.sealed {
            rules.allow(path, landlock::READ)?;
        }
    }
    Ok(Some(rules.into_handle()))
}

/// Allows reading a tree but for some places in it, by allowing everything beside the ways there.
fn allow_reading_around(rules: &Rules, folder: &Path, hidden: &[&Path]) -> io::Result<()> {
    if hidden.contains(&folder) {
        return Ok(());
    }
    if !hidden.iter().any(|it| it.starts_with(folder)) {
        return rules.allow(folder, landlock::READ);
    }
    rules.allow(folder, landlock::LIST)?;
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    for entry in entries.filter_map(Result::ok) {
        if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
            // What is gone or not ours to open is nothing to allow.
            let _ = allow_reading_around(rules, &entry.path(), hidden);
        }
    }
    Ok(())
}

/// Flags of `clone`.
fn namespaces(rooms: Rooms, network: Network) -> libc::c_int {
    let mut flags = libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC;
    if rooms.by_user {
        flags |= libc::CLONE_NEWUSER;
    }
    if network != Network::On {
        flags |= libc::CLONE_NEWNET;
    }
    flags
}

/// What holds on this machine.
pub(super) fn walls(sandbox: &Sandbox) -> Walls {
    if sandbox.mode == SandboxMode::Off {
        return Walls {
            walls: vec![Wall {
                promise: "sandbox",
                by: Vec::new(),
                missing: Some("`safety.sandbox` is `off`".into()),
            }],
        };
    }
    walls_of(Kernel::get(), sandbox)
}

fn walls_of(kernel: &Kernel, sandbox: &Sandbox) -> Walls {
    let no_rooms = kernel
        .rooms
        .as_ref()
        .err()
        .map(|why| format!("this system gives no namespaces ({why})"));
    let by_rooms = |name| kernel.rooms.is_ok().then_some(name);
    let by_landlock = kernel.landlock.map(|_| "Landlock");
    let by_filter = kernel.filter.is_ok().then_some("seccomp");
    let no_filter = kernel
        .filter
        .as_ref()
        .err()
        .map(|why| format!("this kernel filters no system calls ({why})"));
    let wall = |promise, by: [Option<&'static str>; 3], missing: Option<String>| Wall {
        promise,
        by: by.into_iter().flatten().collect(),
        missing,
    };
    let unless = |holds: bool, missing: Option<String>| if holds { None } else { missing };
    let has_landlock = kernel.landlock.is_some();
    let counts = kernel.rooms.as_ref().is_ok_and(|it| it.own_proc) && has_pid_count();
    Walls {
        walls: vec![
            wall(
                "confinement of writes to the workspace and the private temp folder",
                [by_rooms("a read-only file tree"), by_landlock, None],
                no_rooms.as_ref().map(|why| {
                    if has_landlock {
                        format!("modes, owners and times of files outside can be changed: {why}")
                    } else {
                        why.clone()
                    }
                }),
            ),
            wall(
                "hiding of secrets",
                [
                    by_rooms("covers over them"),
                    by_landlock.filter(|_| kernel.rooms.is_err()),
                    None,
                ],
                no_rooms.as_ref().map(|why| {
                    if has_landlock {
                        format!("those in the workspace, such as `.env`, stay readable: {why}")
                    } else {
                        why.clone()
                    }
                }),
            ),
            wall(
                "protection of what runs later (`.git/hooks`, `.git/config`, `.anteroom`, `.vscode`, `.idea`)",
                [by_rooms("read-only covers"), None, None],
                no_rooms.clone(),
            ),
            wall(
                match sandbox.network {
                    Network::Off => "cut-off network",
                    Network::Local => "network that ends in the sandbox",
                    Network::On => "open network, as `safety.network` says,",
                },
                match sandbox.network {
                    Network::Off => [by_filter, by_rooms("a network of its own"), None],
                    Network::Local => [by_rooms("a network of its own"), None, None],
                    Network::On => [None, None, None],
                },
                match sandbox.network {
                    Network::Off => unless(kernel.rooms.is_ok(), no_filter.clone()),
                    Network::Local => unless(kernel.filter.is_ok(), no_rooms.clone()),
                    Network::On => None,
                },
            ),
            wall("filter of system calls", [by_filter, None, None], no_filter),
            wall(
                "end of all processes with their command",
                [by_rooms("a process namespace"), None, None],
                no_rooms.map(|why| {
                    format!("processes that leave the group are hunted down, not bound: {why}")
                }),
            ),
            wall(
                "limits on memory, files and processes",
                [
                    Some("resource limits"),
                    counts.then_some("the process namespace"),
                    None,
                ],
                unless(
                    !kernel.is_superuser || counts,
                    Some("this kernel does not count the processes of the superuser".into()),
                ),
            ),
        ],
    }
}

/// Whether the number of processes is kept for each namespace: since Linux 6.14.
fn has_pid_count() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut parts = release
        .split(['.', '-'])
        .map_while(|part| part.parse::<u32>().ok());
    (parts.next(), parts.next()) >= (Some(6), Some(14))
}

fn folder_id(path: &str) -> (u64, u64) {
    rustix::fs::stat(path).map_or((0, 0), |stat| (stat.st_dev, stat.st_ino))
}

/// The powers this process has now.
fn own_powers() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    line.and_then(|text| u64::from_str_radix(text.trim(), 16).ok())
        .unwrap_or(0)
}

/// A text for system calls.
fn c_text(bytes: &[u8]) -> io::Result<CString> {
    CString::new(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a text contains a null byte"))
}

/// The error of the last call.
#[expect(unsafe_code, reason = "the standard library allocates to say it")]
fn errno() -> i32 {
    // SAFETY: the C library keeps it at this address for each thread.
    unsafe { *libc::__errno_location() }
}

#[cfg(test)]
mod tests;
