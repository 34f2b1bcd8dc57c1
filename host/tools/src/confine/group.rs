//! A command with all its processes, from its start to its end. The caretaker is reaped last, so that its number
//! belongs to the command for as long as anybody may still send it a signal.

use super::linux::Running;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;
use tokio::sync::watch;

/// How long the caretaker may take to end everybody before it is killed itself.
const PATIENCE_MS: i32 = 2_000;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit {
    /// Its exit code, if it exited.
    pub(crate) code: Option<i32>,
    /// The signal that killed it, if one did.
    pub(crate) signal: Option<i32>,
}

/// Told, on a thread of its own, when a command and all its processes are gone: the time they had on a processor.
pub(crate) type OnGone = Box<dyn FnOnce(Duration) + Send>;

/// A running command with all its processes. Dropping it kills them.
#[derive(Debug)]
pub(crate) struct Group {
    caretaker: Pid,
    /// Whether killing the caretaker kills everybody.
    is_room: bool,
    exit: watch::Receiver<Option<Exit>>,
    hold: Mutex<Option<Hold>>,
}

/// Without it the caretaker's number is not ours any more.
#[derive(Debug)]
struct Hold {
    /// Closed to have everybody ended.
    lifeline: Option<File>,
    /// Dropped to let the watcher reap the caretaker; nothing is ever sent.
    _reap: mpsc::SyncSender<()>,
}

impl Group {
    /// Takes over a command that was started.
    pub(crate) fn watch(running: Running, on_gone: OnGone) -> io::Result<Self> {
        let Running {
            pid,
            status,
            lifeline,
            is_room,
            aftermath,
            ..
        } = running;
        let (exit_sender, exit) = watch::channel(None);
        let (reap, held) = mpsc::sync_channel::<()>(0);
        let lifeline = File::from(lifeline);
        let watcher = thread::Builder::new()
            .name("tool-process".into())
            .stack_size(64 << 10)
            .spawn(move || {
                exit_sender.send_replace(Some(command_exit(status)));
                // Ends when the group lets go.
                let _ = held.recv();
                let used = reap_caretaker(pid);
                aftermath.clear();
                on_gone(used);
            });
        if let Err(error) = watcher {
            drop(lifeline);
            reap_caretaker(pid);
            return Err(error);
        }
        Ok(Self {
            caretaker: pid,
            is_room,
            exit,
            hold: Mutex::new(Some(Hold {
                lifeline: Some(lifeline),
                _reap: reap,
            })),
        })
    }

    /// How the command ended, once it has.
    pub(crate) fn exit(&self) -> watch::Receiver<Option<Exit>> {
        self.exit.clone()
    }

    /// Kills all its processes. Its end is told as usual.
    pub(crate) fn kill(&self) {
        let mut hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hold) = hold.as_mut() {
            self.end(hold);
        }
    }

    /// Kills what is left of it and lets it be reaped.
    pub(crate) fn release(&self) {
        let mut hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut hold) = hold.take() {
            self.end(&mut hold);
        }
    }

    fn end(&self, hold: &mut Hold) {
        if let Some(mut lifeline) = hold.lifeline.take() {
            // A word tells that this process lives and puts things away itself.
            let _ = lifeline.write_all(b".");
        }
        if self.is_room {
            // Without its first process, a namespace ends at once.
            let _ = kill_process(self.caretaker, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.release();
    }
}

/// Waits for what the caretaker tells of the command's end.
fn command_exit(status: OwnedFd) -> Exit {
    let mut told = [0; 4];
    match File::from(status).read_exact(&mut told) {
        Ok(()) => {
            let status = i32::from_ne_bytes(told);
            Exit {
                code: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)),
                signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
            }
        }
        // It was killed, and everybody with it.
        Err(_) => Exit {
            code: None,
            signal: Some(libc::SIGKILL),
        },
    }
}

/// Waits for the end of the caretaker, and reaps it; answers what it and the processes it waited for used.
fn reap_caretaker(pid: Pid) -> Duration {
    if !ends_in_time(pid) {
        // It leads the group its command began in; who left that is not reached any more.
        let _ = kill_process_group(pid, Signal::KILL);
    }
    reap(pid)
}

#[expect(
    unsafe_code,
    reason = "the feature of rustix that polls is not built in"
)]
fn ends_in_time(pid: Pid) -> bool {
    let Ok(handle) = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) else {
        return false;
    };
    let mut wait = libc::pollfd {
        fd: handle.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: `wait` is valid for reads and writes, and it is one.
    unsafe { libc::poll(&raw mut wait, 1, PATIENCE_MS) > 0 }
}

#[expect(
    unsafe_code,
    reason = "no safe function waits for one process and tells what it used"
)]
fn reap(pid: Pid) -> Duration {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    loop {
        // SAFETY: the status may be null; `usage` is valid for writes of one `rusage`, and an all-zero
        // `rusage` is a valid value, so it may be read even if the call has not written it.
        let (waited, usage) = unsafe {
            let waited = libc::wait4(
                pid.as_raw_nonzero().get(),
                std::ptr::null_mut(),
                0,
                usage.as_mut_ptr(),
            );
            (waited, usage.assume_init())
        };
        if waited >= 0 {
            return time(usage.ru_utime) + time(usage.ru_stime);
        }
        if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return Duration::ZERO;
        }
    }
}

fn time(value: libc::timeval) -> Duration {
    let seconds = u64::try_from(value.tv_sec).unwrap_or(0);
    let micros = u64::try_from(value.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}
