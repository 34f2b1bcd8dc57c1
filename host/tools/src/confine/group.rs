//! A process group from its start to its end. The leader is reaped last, so that its number belongs to the
//! group for as long as anybody may still send it a signal.

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::io;
use std::process::Child;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;
use tokio::sync::watch;

/// How the leader of a group ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit {
    /// Its exit code, if it exited.
    pub(crate) code: Option<i32>,
    /// The signal that killed it, if one did.
    pub(crate) signal: Option<i32>,
}

/// Told, on a thread of its own, when a group is gone: the time it had on a processor.
pub(crate) type OnGone = Box<dyn FnOnce(Duration) + Send>;

/// A running process group. Dropping it kills the group.
#[derive(Debug)]
pub(crate) struct Group {
    pid: Pid,
    exit: watch::Receiver<Option<Exit>>,
    /// Taken to let the watcher reap the leader; without it the number is not ours any more.
    hold: Mutex<Option<mpsc::SyncSender<()>>>,
}

impl Group {
    /// Takes over a child that leads a group of its own.
    pub(crate) fn watch(child: Child, on_gone: OnGone) -> io::Result<Self> {
        let pid = i32::try_from(child.id())
            .ok()
            .and_then(Pid::from_raw)
            .ok_or_else(|| io::Error::other("the process has no number"))?;
        let (exit_sender, exit) = watch::channel(None);
        let (hold, held) = mpsc::sync_channel::<()>(0);
        let watcher = thread::Builder::new()
            .name("tool-process".into())
            .stack_size(64 << 10)
            .spawn(move || {
                exit_sender.send_replace(Some(leader_exit(pid)));
                // Ends when the group lets go; nothing is ever sent.
                let _ = held.recv();
                kill(pid);
                on_gone(reap(pid));
            });
        if let Err(error) = watcher {
            kill(pid);
            reap(pid);
            return Err(error);
        }
        Ok(Self {
            pid,
            exit,
            hold: Mutex::new(Some(hold)),
        })
    }

    /// How the leader ended, once it has.
    pub(crate) fn exit(&self) -> watch::Receiver<Option<Exit>> {
        self.exit.clone()
    }

    /// Kills all processes of the group. Its end is told as usual.
    pub(crate) fn kill(&self) {
        let hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        if hold.is_some() {
            kill(self.pid);
        }
    }

    /// Kills what is left of the group and lets it be reaped.
    pub(crate) fn release(&self) {
        let mut hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        if hold.is_some() {
            kill(self.pid);
            *hold = None;
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.release();
    }
}

fn kill(pid: Pid) {
    // The group may be gone already; that is what was wanted.
    let _ = kill_process_group(pid, Signal::KILL);
}

/// Waits for the end of the leader and leaves it to be reaped.
fn leader_exit(pid: Pid) -> Exit {
    loop {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        match waitid(WaitId::Pid(pid), options) {
            Ok(Some(status)) => {
                return Exit {
                    code: status.exit_status(),
                    signal: status.terminating_signal(),
                };
            }
            Err(Errno::INTR) | Ok(None) => {}
            Err(_) => {
                return Exit {
                    code: None,
                    signal: None,
                };
            }
        }
    }
}

/// Reaps the leader; answers what it and the children it waited for used.
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
