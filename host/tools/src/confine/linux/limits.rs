//! Ceilings on what one command may use, as the kernel keeps them for each process.

use super::errno;
use crate::confine::policy::ProcessLimits;
use std::sync::OnceLock;

/// One ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ceiling {
    resource: libc::__rlimit_resource_t,
    /// What holds until the process raises it.
    now: u64,
    /// What it may be raised to.
    most: u64,
}

impl Ceiling {
    /// Sets it for this process and whoever it starts. Allocates nothing.
    #[expect(unsafe_code, reason = "used between `clone` and `execve`")]
    pub(super) fn set(&self) -> Result<(), i32> {
        let limit = libc::rlimit {
            rlim_cur: self.now,
            rlim_max: self.most,
        };
        // SAFETY: `limit` is valid for reads.
        let done = unsafe { libc::setrlimit(self.resource, &raw const limit) };
        if done == 0 { Ok(()) } else { Err(errno()) }
    }
}

/// All ceilings; never above what this process has itself. `already` processes of this user count too.
pub(super) fn ceilings(limits: &ProcessLimits, already: u64) -> Vec<Ceiling> {
    let wanted = [
        (libc::RLIMIT_CORE, 0),
        // Not the address space, of which runtimes reserve far more than they use.
        (libc::RLIMIT_DATA, limits.memory_bytes),
        (libc::RLIMIT_FSIZE, limits.file_bytes),
        (libc::RLIMIT_NPROC, limits.processes.saturating_add(already)),
    ];
    let mut ceilings: Vec<Ceiling> = wanted
        .into_iter()
        .map(|(resource, most)| {
            let most = most.min(own(resource).rlim_max);
            let now = most;
            Ceiling {
                resource,
                now,
                most,
            }
        })
        .collect();
    ceilings.push(files(limits.open_files));
    ceilings
}

/// The ceiling of what has no walls: as this process had it when it began.
pub(super) fn bare() -> Vec<Ceiling> {
    vec![files(u64::MAX)]
}

/// Files that may be open. This process may have raised it for itself, for its connections; programs that count
/// on the usual number must not find another.
fn files(most: u64) -> Ceiling {
    let most = most.min(own(libc::RLIMIT_NOFILE).rlim_max);
    Ceiling {
        resource: libc::RLIMIT_NOFILE,
        now: files_at_start().min(most),
        most,
    }
}

/// Files that this process could have open when this was first asked.
pub(in crate::confine) fn files_at_start() -> u64 {
    static AT_START: OnceLock<u64> = OnceLock::new();
    *AT_START.get_or_init(|| own(libc::RLIMIT_NOFILE).rlim_cur)
}

#[expect(unsafe_code, reason = "rustix names resources by an enum of its own")]
fn own(resource: libc::__rlimit_resource_t) -> libc::rlimit {
    let mut limit = libc::rlimit {
        rlim_cur: u64::MAX,
        rlim_max: u64::MAX,
    };
    // SAFETY: `limit` is valid for writes.
    unsafe { libc::getrlimit(resource, &raw mut limit) };
    limit
}

/// Processes and threads of the whole machine: at least as many as this user's.
pub(super) fn running() -> u64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .nth(3)
        .and_then(|it| it.split_once('/'))
        .and_then(|(_, all)| all.parse().ok())
        .unwrap_or(4096)
}
