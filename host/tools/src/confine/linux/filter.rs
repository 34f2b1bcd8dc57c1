//! The filter of system calls: what no command needs and every way out begins with. Classic BPF, written out,
//! because the order of its checks is the proof: architecture first, then the number, then single arguments.

use libc::{c_int, c_long, sock_filter};

/// What a filter lets through besides the ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sockets {
    /// Only those within the machine's files.
    Local,
    /// Internet sockets too, and asking the kernel for its addresses and routes.
    Internet,
}

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;
/// Set in the number of a call of the x32 form, which would otherwise pass as an unknown number.
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

const NUMBER: u32 = 0;
const ARCH: u32 = 4;
/// Lower half of argument `n`, on the little-endian machines this is built for.
const fn low(argument: u32) -> u32 {
    16 + 8 * argument
}

const LOAD: u16 = 0x20;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_AT_LEAST: u16 = 0x35;
const JUMP_ANY_BIT: u16 = 0x45;
const RETURN: u16 = 0x06;

const ALLOW: u32 = 0x7fff_0000;
const fn refuse(errno: c_int) -> u32 {
    0x0005_0000 | errno as u32
}

/// Makes or enters a namespace: the way to powers over new ones, and to the old file tree.
const NEW_NAMESPACES: u32 = (libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP) as u32;
/// The time namespace shares its bit with the exit signal in `clone`, but not in `unshare`.
const NEW_TIME: u32 = 0x80;

/// Refused whatever their arguments are.
const REFUSED: &[c_long] = &[
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_setns,
    libc::SYS_perf_event_open,
    // The file tree.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    OPEN_TREE_ATTR,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    // The kernel.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_kexec_file_load,
    #[cfg(target_arch = "aarch64")]
    294,
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_syslog,
    // Calls that go past this filter.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // The machine.
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_vhangup,
    libc::SYS_lookup_dcookie,
    libc::SYS_nfsservctl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_uselib,
    #[cfg(target_arch = "x86_64")]
    libc::SYS__sysctl,
];

/// `open_tree_attr`, newer than the tables of libc.
const OPEN_TREE_ATTR: c_long = 467;

/// The whole filter.
pub(super) fn program(sockets: Sockets) -> Vec<sock_filter> {
    let mut code = Code(Vec::with_capacity(256));
    code.load(ARCH);
    // 32-bit programs number their calls differently, so none of this would hold for them.
    code.unless_equal(ARCHITECTURE, refuse(libc::ENOSYS));
    code.load(NUMBER);
    #[cfg(target_arch = "x86_64")]
    code.if_at_least(X32, refuse(libc::ENOSYS));
    for number in REFUSED {
        code.if_equal(number_of(*number), refuse(libc::EPERM));
    }
    // Its flags lie in memory, which a filter cannot read; every C library falls back to `clone`.
    code.if_equal(number_of(libc::SYS_clone3), refuse(libc::ENOSYS));
    code.on(libc::SYS_clone, |code| {
        code.load(low(0));
        code.if_any_bit(NEW_NAMESPACES, refuse(libc::EPERM));
    });
    code.on(libc::SYS_unshare, |code| {
        code.load(low(0));
        code.if_any_bit(NEW_NAMESPACES | NEW_TIME, refuse(libc::EPERM));
    });
    code.on(libc::SYS_ioctl, |code| {
        code.load(low(1));
        // Typing into somebody's terminal.
        code.if_equal(libc::TIOCSTI as u32, refuse(libc::EPERM));
        code.if_equal(TIOCLINUX, refuse(libc::EPERM));
    });
    code.on(libc::SYS_socketpair, |code| {
        code.load(low(0));
        code.unless_equal(libc::AF_UNIX as u32, refuse(libc::EACCES));
    });
    code.on(libc::SYS_socket, |code| socket(code, sockets));
    code.done(ALLOW);
    code.0
}

const TIOCLINUX: u32 = 0x541c;

fn socket(code: &mut Code, sockets: Sockets) {
    code.load(low(0));
    code.if_equal(libc::AF_UNIX as u32, ALLOW);
    if sockets == Sockets::Internet {
        code.if_equal(libc::AF_INET as u32, ALLOW);
        code.if_equal(libc::AF_INET6 as u32, ALLOW);
        code.unless_equal(libc::AF_NETLINK as u32, refuse(libc::EACCES));
        // Of netlink only addresses and routes, which name lookups ask for.
        code.load(low(2));
        code.if_equal(libc::NETLINK_ROUTE as u32, ALLOW);
    }
    code.done(refuse(libc::EACCES));
}

fn number_of(call: c_long) -> u32 {
    // The numbers are small and positive.
    u32::try_from(call).unwrap_or(u32::MAX)
}

/// Instructions, in the few forms used here.
struct Code(Vec<sock_filter>);

impl Code {
    fn push(&mut self, code: u16, jt: u8, jf: u8, k: u32) {
        self.0.push(sock_filter { code, jt, jf, k });
    }

    fn load(&mut self, offset: u32) {
        self.push(LOAD, 0, 0, offset);
    }

    fn done(&mut self, verdict: u32) {
        self.push(RETURN, 0, 0, verdict);
    }

    fn if_equal(&mut self, value: u32, verdict: u32) {
        self.push(JUMP_EQUAL, 0, 1, value);
        self.done(verdict);
    }

    fn unless_equal(&mut self, value: u32, verdict: u32) {
        self.push(JUMP_EQUAL, 1, 0, value);
        self.done(verdict);
    }

    #[cfg(target_arch = "x86_64")]
    fn if_at_least(&mut self, value: u32, verdict: u32) {
        self.push(JUMP_AT_LEAST, 0, 1, value);
        self.done(verdict);
    }

    fn if_any_bit(&mut self, bits: u32, verdict: u32) {
        self.push(JUMP_ANY_BIT, 0, 1, bits);
        self.done(verdict);
    }

    /// Further checks of one call; what they let pass is allowed.
    fn on(&mut self, call: c_long, checks: impl FnOnce(&mut Self)) {
        let jump = self.0.len();
        self.push(JUMP_EQUAL, 0, 0, number_of(call));
        checks(self);
        self.done(ALLOW);
        let over = self.0.len() - jump - 1;
        // A block of checks has a dozen instructions.
        self.0[jump].jf = u8::try_from(over).unwrap_or(u8::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the filter as the kernel would.
    fn verdict(filter: &[sock_filter], architecture: u32, number: u32, arguments: [u64; 3]) -> u32 {
        let mut at = 0;
        let mut value = 0;
        loop {
            let sock_filter { code, jt, jf, k } = filter[at];
            at += 1;
            let is_met = match code {
                LOAD => {
                    value = match k {
                        NUMBER => number,
                        ARCH => architecture,
                        offset => arguments[(offset as usize - 16) / 8] as u32,
                    };
                    continue;
                }
                RETURN => return k,
                JUMP_EQUAL => value == k,
                JUMP_AT_LEAST => value >= k,
                JUMP_ANY_BIT => value & k != 0,
                other => panic!("{other}"),
            };
            at += usize::from(if is_met { jt } else { jf });
        }
    }

    #[test]
    fn what_passes_and_what_does_not() {
        const EPERM: u32 = refuse(libc::EPERM);
        const EACCES: u32 = refuse(libc::EACCES);
        let (unix, inet, netlink) = (1, 2, 16);
        for (call, arguments, offline, online) in [
            (libc::SYS_read, [0, 0, 0], ALLOW, ALLOW),
            (libc::SYS_ptrace, [0, 0, 0], EPERM, EPERM),
            (libc::SYS_mount, [0, 0, 0], EPERM, EPERM),
            (libc::SYS_io_uring_setup, [0, 0, 0], EPERM, EPERM),
            (libc::SYS_unshare, [0x1000_0000, 0, 0], EPERM, EPERM),
            (libc::SYS_unshare, [0x80, 0, 0], EPERM, EPERM),
            (libc::SYS_unshare, [0x400, 0, 0], ALLOW, ALLOW),
            (libc::SYS_clone, [0x1000_0000, 0, 0], EPERM, EPERM),
            (libc::SYS_clone, [0x0120_0011, 0, 0], ALLOW, ALLOW),
            (libc::SYS_ioctl, [0, 0x5412, 0], EPERM, EPERM),
            // The kernel reads only the lower half of a request, so must the filter.
            (libc::SYS_ioctl, [0, 0x1_0000_5412, 0], EPERM, EPERM),
            (libc::SYS_ioctl, [0, 0x5401, 0], ALLOW, ALLOW),
            (libc::SYS_socket, [unix, 1, 0], ALLOW, ALLOW),
            (libc::SYS_socket, [inet, 1, 0], EACCES, ALLOW),
            (libc::SYS_socket, [10, 1, 0], EACCES, ALLOW),
            (libc::SYS_socket, [netlink, 3, 0], EACCES, ALLOW),
            (libc::SYS_socket, [netlink, 3, 9], EACCES, EACCES),
            (libc::SYS_socket, [17, 3, 0], EACCES, EACCES),
            (libc::SYS_socket, [40, 1, 0], EACCES, EACCES),
            (libc::SYS_socketpair, [unix, 1, 0], ALLOW, ALLOW),
            (libc::SYS_socketpair, [inet, 1, 0], EACCES, EACCES),
        ] {
            for (sockets, expected) in [(Sockets::Local, offline), (Sockets::Internet, online)] {
                let found = verdict(&program(sockets), ARCHITECTURE, number_of(call), arguments);
                assert_eq!(found, expected, "{call} {arguments:x?} {sockets:?}");
            }
        }
    }

    #[test]
    fn other_forms_of_calls_do_not_slip_through() {
        let filter = program(Sockets::Internet);
        let ptrace = number_of(libc::SYS_ptrace);
        assert_eq!(
            verdict(&filter, 0x4000_0003, 11, [0; 3]),
            refuse(libc::ENOSYS),
            "32 bit"
        );
        #[cfg(target_arch = "x86_64")]
        assert_eq!(
            verdict(&filter, ARCHITECTURE, X32 | ptrace, [0; 3]),
            refuse(libc::ENOSYS),
            "x32"
        );
        assert_eq!(
            verdict(&filter, ARCHITECTURE, ptrace, [0; 3]),
            refuse(libc::EPERM)
        );
    }
}
