//! From a prepared order to a running command: host, caretaker, command.
//!
//! The host clones the *caretaker*, with new namespaces where there are some. It builds the walls, starts the
//! command inside them, reaps whoever is orphaned there, and ends all of them when the host lets go of the
//! lifeline, also by dying. It is process 1 of the new process namespace, so that nobody in it outlives it; where
//! there is no such namespace it adopts orphans and hunts them down.
//!
//! Between `clone` and `execve` only system calls are made on what was prepared here: no allocation, no lock.

use super::limits::Ceiling;
use super::placeholder::{self, Held};
use super::steps::{self, Planned, check};
use super::{errno, landlock};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Pid;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};
use std::ptr;

/// Room for the few frames of the command before it is one.
const STACK_BYTES: usize = 64 << 10;
/// Kernel capabilities there may be.
const CAPABILITIES: u32 = 64;

/// Everything a start needs, prepared.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) program: CString,
    pub(super) arguments: Vec<CString>,
    /// Whether somebody writes to its standard input.
    pub(super) has_input: bool,
    pub(super) environment: Vec<CString>,
    /// Where the command starts, and which folder must be found there.
    pub(super) folder: CString,
    pub(super) folder_id: (u64, u64),
    /// Flags of `clone` for new namespaces.
    pub(super) namespaces: libc::c_int,
    pub(super) steps: Vec<Planned>,
    pub(super) rules: Option<OwnedFd>,
    pub(super) filter: Vec<libc::sock_filter>,
    pub(super) ceilings: Vec<Ceiling>,
    /// Powers of the superuser that are left, one bit each; none given leaves everything as it is.
    pub(super) powers: Option<u64>,
    /// Held open by the caretaker until the end.
    pub(super) held: Vec<Held>,
}

/// A command that runs.
#[derive(Debug)]
pub(super) struct Launched {
    /// The caretaker's.
    pub(super) pid: Pid,
    /// Where the caretaker writes how the command ended: a wait status of four bytes.
    pub(super) status: OwnedFd,
    /// Closing it ends everything.
    pub(super) lifeline: OwnedFd,
    pub(super) stdin: Option<OwnedFd>,
    pub(super) stdout: OwnedFd,
    pub(super) stderr: OwnedFd,
}

/// Where a start failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Clone,
    Step(u32),
    Signals,
    Command,
    Limits,
    Folder,
    Streams,
    Powers,
    Rules,
    Filter,
    Program,
}

/// A start that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed {
    pub(super) stage: Stage,
    pub(super) errno: i32,
}

const STAGES: [Stage; 9] = [
    Stage::Signals,
    Stage::Command,
    Stage::Limits,
    Stage::Folder,
    Stage::Streams,
    Stage::Powers,
    Stage::Rules,
    Stage::Filter,
    Stage::Program,
];
/// Stages of this number and above are steps.
const FIRST_STEP: u32 = 100;

impl Stage {
    fn number(self) -> u32 {
        match self {
            Self::Step(index) => FIRST_STEP + index,
            other => STAGES
                .iter()
                .position(|it| *it == other)
                .and_then(|index| u32::try_from(index).ok())
                .unwrap_or(FIRST_STEP - 1),
        }
    }

    fn of_number(number: u32) -> Self {
        match number.checked_sub(FIRST_STEP) {
            Some(index) => Self::Step(index),
            None => STAGES
                .get(number as usize)
                .copied()
                .unwrap_or(Self::Command),
        }
    }
}

impl Failed {
    fn here(stage: Stage, error: &io::Error) -> Self {
        Self {
            stage,
            errno: error.raw_os_error().unwrap_or(libc::EIO),
        }
    }

    /// What failed and why, as words.
    pub(super) fn words(self, launch: &Launch) -> String {
        let what = match self.stage {
            Stage::Clone if launch.namespaces == 0 => "making a process".to_owned(),
            Stage::Clone => {
                // The kernel says that a disk is full.
                let is_used_up = matches!(self.errno, libc::ENOSPC | libc::EUSERS);
                return if is_used_up {
                    "the system allows no more namespaces, or none at all".to_owned()
                } else {
                    format!(
                        "making namespaces: {}",
                        io::Error::from_raw_os_error(self.errno)
                    )
                };
            }
            Stage::Step(index) => launch
                .steps
                .get(index as usize)
                .map_or_else(|| "a step".to_owned(), |it| it.step.words()),
            Stage::Signals => "setting up signals".to_owned(),
            Stage::Command => "starting the command's process".to_owned(),
            Stage::Limits => "setting limits".to_owned(),
            Stage::Folder => "entering the folder".to_owned(),
            Stage::Streams => "connecting its output".to_owned(),
            Stage::Powers => "giving up powers".to_owned(),
            Stage::Rules => "applying Landlock".to_owned(),
            Stage::Filter => "applying seccomp".to_owned(),
            Stage::Program => format!("starting `{}`", launch.program.to_string_lossy()),
        };
        format!("{what}: {}", io::Error::from_raw_os_error(self.errno))
    }
}

/// What the new processes need, as plain numbers and pointers.
struct Ends<'a> {
    launch: &'a Launch,
    arguments: Vec<*const libc::c_char>,
    environment: Vec<*const libc::c_char>,
    input: RawFd,
    stdout: RawFd,
    stderr: RawFd,
    trouble: RawFd,
    status: RawFd,
    lifeline: RawFd,
    rules: Option<RawFd>,
    /// All that the caretaker keeps open, ascending.
    kept: Vec<RawFd>,
    stack: *mut libc::c_void,
}

/// Starts it, and waits until it runs.
///
/// # Errors
/// Where it failed; nothing is left of it then.
pub(super) fn launch(launch: &Launch) -> Result<Launched, Failed> {
    let pipe = || {
        pipe_with(PipeFlags::CLOEXEC)
            .map_err(|error| Failed::here(Stage::Streams, &io::Error::from(error)))
    };
    let (stdout, stdout_in) = pipe()?;
    let (stderr, stderr_in) = pipe()?;
    let (trouble, trouble_in) = pipe()?;
    let (status, status_in) = pipe()?;
    let (lifeline_out, lifeline) = pipe()?;
    let (input, stdin) = if launch.has_input {
        let (input, stdin) = pipe()?;
        (input, Some(stdin))
    } else {
        let null = std::fs::File::open("/dev/null");
        let null = null.map_err(|error| Failed::here(Stage::Streams, &error))?;
        (OwnedFd::from(null), None)
    };
    let mut stack = vec![0_u128; STACK_BYTES / size_of::<u128>()];
    let pointers = |texts: &[CString]| -> Vec<*const libc::c_char> {
        let texts = texts.iter().map(|text| text.as_ptr());
        texts.chain([ptr::null()]).collect()
    };
    let mut ends = Ends {
        launch,
        arguments: pointers(&launch.arguments),
        environment: pointers(&launch.environment),
        input: input.as_raw_fd(),
        stdout: stdout_in.as_raw_fd(),
        stderr: stderr_in.as_raw_fd(),
        trouble: trouble_in.as_raw_fd(),
        status: status_in.as_raw_fd(),
        lifeline: lifeline_out.as_raw_fd(),
        rules: launch.rules.as_ref().map(|rules| rules.as_raw_fd()),
        kept: Vec::new(),
        stack: stack.as_mut_ptr_range().end.cast(),
    };
    ends.kept = vec![
        ends.input,
        ends.stdout,
        ends.stderr,
        ends.trouble,
        ends.status,
        ends.lifeline,
    ];
    ends.kept.extend(ends.rules);
    ends.kept
        .extend(launch.held.iter().flat_map(|held| [held.lock, held.parent]));
    ends.kept.sort_unstable();
    let pid = clone_caretaker(&ends)?;
    // The caretaker's ends must be closed here before anybody waits for the end of a stream.
    drop((stdout_in, stderr_in, trouble_in, status_in, lifeline_out));
    drop(input);
    if let Some(failed) = read_trouble(&trouble) {
        let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
        return Err(failed);
    }
    Ok(Launched {
        pid,
        status,
        lifeline,
        stdin,
        stdout,
        stderr,
    })
}

/// Reads until the command runs or has failed to.
fn read_trouble(trouble: &OwnedFd) -> Option<Failed> {
    let mut told = [0_u8; 8];
    loop {
        match rustix::io::read(trouble, &mut told) {
            Ok(8) => {
                let [a, b, c, d, e, f, g, h] = told;
                return Some(Failed {
                    stage: Stage::of_number(u32::from_ne_bytes([a, b, c, d])),
                    errno: i32::from_ne_bytes([e, f, g, h]),
                });
            }
            Err(rustix::io::Errno::INTR) => {}
            Ok(_) | Err(_) => return None,
        }
    }
}

#[expect(unsafe_code, reason = "namespaces are made by `clone` alone")]
fn clone_caretaker(ends: &Ends<'_>) -> Result<Pid, Failed> {
    let flags = libc::c_long::from(libc::SIGCHLD | ends.launch.namespaces);
    // SAFETY: the signal sets are valid for reads and writes. `clone` without a stack and without shared memory
    // is `fork`: the child runs on a copy of this stack, and `caretaker` never returns. It makes system calls
    // only, on memory that was prepared before, so locks that other threads hold are never waited for.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut before: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        // No handler of the host may run in the child.
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        let pid = libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0);
        if pid == 0 {
            caretaker(ends);
        }
        let error = errno();
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut());
        // A failure is -1, which would be everybody's number.
        let pid = i32::try_from(pid).ok().filter(|pid| *pid > 0);
        let pid = pid.and_then(Pid::from_raw);
        pid.ok_or(Failed {
            stage: Stage::Clone,
            errno: error,
        })
    }
}

/// The caretaker's whole life.
#[expect(
    unsafe_code,
    reason = "between `clone` and `execve` there are only system calls"
)]
fn caretaker(ends: &Ends<'_>) -> ! {
    // SAFETY: as stated at `clone_caretaker`; every pointer is to memory prepared there or to a local.
    unsafe {
        close_all_but(&ends.kept);
        libc::setsid();
        libc::prctl(libc::PR_SET_NAME, c"aroom-caretaker".as_ptr(), 0, 0, 0);
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        for signal in 1..=64 {
            // What the host ignores the command must not.
            libc::signal(signal, libc::SIG_DFL);
        }
        if let Err((index, errno)) = steps::carry_out(&ends.launch.steps, ends.rules) {
            fail(ends, Stage::Step(index), errno);
        }
        // What the host had in memory is nobody's business. Before the steps, this would take `/proc/self` away.
        libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0);
        let mut children: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut children);
        libc::sigaddset(&raw mut children, libc::SIGCHLD);
        let signals = libc::signalfd(
            -1,
            &raw const children,
            libc::SFD_CLOEXEC | libc::SFD_NONBLOCK,
        );
        if signals < 0 {
            fail(ends, Stage::Signals, errno());
        }
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        let command = libc::clone(
            command_entry,
            ends.stack,
            flags,
            ptr::from_ref(ends).cast_mut().cast(),
        );
        if command < 0 {
            fail(ends, Stage::Command, errno());
        }
        for end in [ends.input, ends.stdout, ends.stderr, ends.trouble] {
            libc::close(end);
        }
        look_after(ends, command, signals)
    }
}

/// Reaps until nobody is left or the host lets go.
#[expect(
    unsafe_code,
    reason = "between `clone` and `execve` there are only system calls"
)]
fn look_after(ends: &Ends<'_>, command: i32, signals: RawFd) -> ! {
    let mut is_ending = false;
    let mut is_host_gone = false;
    loop {
        // SAFETY: system calls on locals.
        unsafe {
            loop {
                let mut status = 0;
                let pid = libc::waitpid(-1, &raw mut status, libc::WNOHANG);
                if pid == command {
                    libc::write(ends.status, (&raw const status).cast(), size_of::<i32>());
                }
                if pid < 0 && errno() == libc::ECHILD {
                    if is_host_gone {
                        placeholder::clean_up(&ends.launch.held);
                    }
                    libc::_exit(0);
                }
                if pid <= 0 {
                    break;
                }
            }
            if is_ending {
                kill_all(ends.launch.namespaces);
            }
            let mut waits = [
                libc::pollfd {
                    fd: signals,
                    events: libc::POLLIN,
                    revents: 0,
                },
                libc::pollfd {
                    // Not waited for again once it has spoken.
                    fd: if is_ending { -1 } else { ends.lifeline },
                    events: libc::POLLIN,
                    revents: 0,
                },
            ];
            // While all are killed, some may still be on their way to being our children.
            let patience = if is_ending { 20 } else { -1 };
            libc::poll(waits.as_mut_ptr(), 2, patience);
            let mut pending: libc::signalfd_siginfo = std::mem::zeroed();
            libc::read(
                signals,
                (&raw mut pending).cast(),
                size_of::<libc::signalfd_siginfo>(),
            );
            if waits[1].revents != 0 {
                let mut word = 0_u8;
                is_ending = true;
                is_host_gone = libc::read(ends.lifeline, (&raw mut word).cast(), 1) == 0;
            }
        }
    }
}

/// Kills everybody the caretaker is responsible for.
#[expect(
    unsafe_code,
    reason = "between `clone` and `execve` there are only system calls"
)]
fn kill_all(namespaces: libc::c_int) {
    // SAFETY: system calls on locals. Process 1 of a namespace reaches with `-1` exactly those within it; outside
    // of one, only processes that are our children now are named.
    unsafe {
        if namespaces & libc::CLONE_NEWPID != 0 {
            libc::kill(-1, libc::SIGKILL);
            return;
        }
        let list = libc::open(
            c"/proc/thread-self/children".as_ptr(),
            libc::O_RDONLY | libc::O_CLOEXEC,
        );
        let mut text = [0_u8; 4096];
        let length = libc::read(list, text.as_mut_ptr().cast(), text.len());
        libc::close(list);
        let mut number = 0_i32;
        for byte in text.iter().take(usize::try_from(length).unwrap_or(0)) {
            match byte {
                b'0'..=b'9' => {
                    number = number.wrapping_mul(10).wrapping_add(i32::from(byte - b'0'));
                }
                _ if number > 1 => {
                    libc::kill(number, libc::SIGKILL);
                    number = 0;
                }
                _ => number = 0,
            }
        }
    }
}

extern "C" fn command_entry(ends: *mut libc::c_void) -> libc::c_int {
    #[expect(unsafe_code, reason = "the other side of `clone`")]
    // SAFETY: the caretaker hands in its `Ends` and stands still until this process has its own memory.
    let ends = unsafe { &*ends.cast::<Ends<'_>>() };
    let (stage, errno) = become_command(ends);
    fail(ends, stage, errno)
}

/// Puts on everything and becomes the command; comes back only with what went wrong.
#[expect(
    unsafe_code,
    reason = "between `clone` and `execve` there are only system calls"
)]
fn become_command(ends: &Ends<'_>) -> (Stage, i32) {
    let launch = ends.launch;
    // SAFETY: as stated at `clone_caretaker`; every pointer is to memory prepared there or to a local.
    unsafe {
        for ceiling in &launch.ceilings {
            if let Err(errno) = ceiling.set() {
                return (Stage::Limits, errno);
            }
        }
        if let Err(errno) = enter(launch) {
            return (Stage::Folder, errno);
        }
        for (from, to) in [(ends.input, 0), (ends.stdout, 1), (ends.stderr, 2)] {
            if libc::dup2(from, to) < 0 {
                return (Stage::Streams, errno());
            }
        }
        if let Some(powers) = launch.powers
            && let Err(errno) = give_up_powers(powers)
        {
            return (Stage::Powers, errno);
        }
        if let Some(rules) = ends.rules
            && let Err(errno) = landlock::restrict_self(rules)
        {
            return (Stage::Rules, errno);
        }
        if !launch.filter.is_empty()
            && let Err(errno) = apply_filter(&launch.filter)
        {
            return (Stage::Filter, errno);
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
        libc::execve(
            launch.program.as_ptr(),
            ends.arguments.as_ptr(),
            ends.environment.as_ptr(),
        );
        (Stage::Program, errno())
    }
}

/// Goes to the folder by its name, because a handle from before would lead around the walls, and makes sure that
/// it is the one that was judged.
#[expect(
    unsafe_code,
    reason = "between `clone` and `execve` there are only system calls"
)]
fn enter(launch: &Launch) -> Result<(), i32> {
    // SAFETY: texts end with a null byte; the all-zero `stat` is valid and valid for writes.
    unsafe {
        check(libc::chdir(launch.folder.as_ptr()))?;
        let mut found: libc::stat = std::mem::zeroed();
        check(libc::stat(c".".as_ptr(), &raw mut found))?;
        if (found.st_dev, found.st_ino) == launch.folder_id {
            Ok(())
        } else {
            Err(libc::ESTALE)
        }
    }
}

#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct CapabilityData {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

const CAPABILITY_VERSION: u32 = 0x2008_0522;

/// Keeps only `powers`, also for programs that are started later.
#[expect(
    unsafe_code,
    reason = "between `clone` and `execve` there are only system calls"
)]
fn give_up_powers(powers: u64) -> Result<(), i32> {
    // SAFETY: numbers, and two locals with the layout the kernel documents, valid for reads and writes.
    unsafe {
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
        for capability in 0..CAPABILITIES {
            if powers & (1 << capability) == 0 {
                // Refused for numbers that do not exist, and to whoever has no say; then there is nothing to lose.
                libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0);
            }
        }
        libc::prctl(
            libc::PR_CAP_AMBIENT,
            libc::PR_CAP_AMBIENT_CLEAR_ALL,
            0,
            0,
            0,
        );
        let header = CapabilityHeader {
            version: CAPABILITY_VERSION,
            pid: 0,
        };
        let mut data = [CapabilityData {
            effective: 0,
            permitted: 0,
            inheritable: 0,
        }; 2];
        check(
            i32::try_from(libc::syscall(
                libc::SYS_capget,
                &raw const header,
                data.as_mut_ptr(),
            ))
            .unwrap_or(-1),
        )?;
        for (half, data) in data.iter_mut().enumerate() {
            let mask = (powers >> (32 * half)) as u32;
            data.permitted &= mask;
            data.effective &= mask;
            data.inheritable = 0;
        }
        check(
            i32::try_from(libc::syscall(
                libc::SYS_capset,
                &raw const header,
                data.as_ptr(),
            ))
            .unwrap_or(-1),
        )
        .map(|_| ())
    }
}

#[expect(
    unsafe_code,
    reason = "between `clone` and `execve` there are only system calls"
)]
fn apply_filter(filter: &[libc::sock_filter]) -> Result<(), i32> {
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).unwrap_or(0),
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: `program` names memory that is valid for reads of its length; the kernel does not write to it.
    unsafe {
        check(libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const program,
            0,
            0,
        ))
        .map(|_| ())
    }
}

/// Closes every descriptor but those, which are in ascending order.
#[expect(
    unsafe_code,
    reason = "between `clone` and `execve` there are only system calls"
)]
fn close_all_but(kept: &[RawFd]) {
    let mut first = 0;
    for &kept in kept {
        if kept > first {
            // SAFETY: takes numbers only; nothing in this process uses the descriptors.
            unsafe { libc::syscall(libc::SYS_close_range, first, kept - 1, 0) };
        }
        first = kept + 1;
    }
    // SAFETY: as above.
    unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) };
}

/// Tells the host what went wrong, and ends.
#[expect(
    unsafe_code,
    reason = "between `clone` and `execve` there are only system calls"
)]
fn fail(ends: &Ends<'_>, stage: Stage, errno: i32) -> ! {
    let [a, b, c, d] = stage.number().to_ne_bytes();
    let [e, f, g, h] = errno.to_ne_bytes();
    let told = [a, b, c, d, e, f, g, h];
    // SAFETY: `told` is valid for reads of its length.
    unsafe {
        libc::write(ends.trouble, told.as_ptr().cast(), told.len());
        libc::_exit(127)
    }
}
