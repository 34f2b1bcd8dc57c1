//! What this kernel lends, found out once per process by building the walls and looking from inside whether they
//! stand.

use super::filter::{self, Sockets};
use super::landlock::{Handled, Rules, Version};
use super::launch::{self, Launch};
use super::own_powers;
use super::rooms::{self, User};
use crate::confine::plan::Plan;
use crate::confine::policy::{Network, ProcessLimits};
use std::fs;
use std::io::Read as _;
use std::sync::OnceLock;

/// What there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kernel {
    /// A file tree, processes and a network of one's own.
    pub(super) rooms: Result<Rooms, String>,
    pub(super) landlock: Option<Version>,
    /// The filter of system calls; why not otherwise.
    pub(super) filter: Result<(), String>,
    /// Whether the superuser starts commands, whom the kernel does not count.
    pub(super) is_superuser: bool,
}

/// How namespaces are had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rooms {
    /// By way of a user namespace; otherwise by this process's own powers.
    pub(super) by_user: bool,
    /// With a `/proc` of their own. Some containers cover parts of theirs, and then there is none.
    pub(super) own_proc: bool,
}

/// `SYS_ADMIN`: the power over namespaces.
const SYS_ADMIN: u64 = 1 << 21;

impl Kernel {
    /// This machine's.
    pub(super) fn get() -> &'static Self {
        static KERNEL: OnceLock<Kernel> = OnceLock::new();
        KERNEL.get_or_init(Self::probe)
    }

    fn probe() -> Self {
        let landlock = Version::of_kernel().filter(|version| probe_landlock(*version));
        let filter = run(Launch {
            filter: filter::program(Sockets::Local),
            powers: Some(u64::MAX),
            ..nothing()
        });
        Self {
            rooms: probe_rooms(landlock),
            landlock,
            filter,
            is_superuser: rustix::process::geteuid().is_root(),
        }
    }
}

fn probe_rooms(landlock: Option<Version>) -> Result<Rooms, String> {
    let has_power = own_powers() & SYS_ADMIN != 0;
    let mut first = None;
    for (by_user, own_proc) in [(false, true), (true, true), (false, false), (true, false)] {
        // The host's `/proc` tells of the host, unless Landlock keeps what it tells from being read.
        if (!by_user && !has_power) || (!own_proc && landlock.is_none()) {
            continue;
        }
        let rooms = Rooms { by_user, own_proc };
        match probe_room(rooms) {
            Ok(()) => return Ok(rooms),
            Err(why) => first = first.or(Some(why)),
        }
    }
    Err(first.unwrap_or_else(|| "namespaces cannot be made here".to_owned()))
}

fn probe_room(rooms: Rooms) -> Result<(), String> {
    let plan = Plan::default();
    let steps = rooms::steps(&rooms::Order {
        plan: &plan,
        support: rooms,
        network: Network::Off,
        limits: &ProcessLimits::default(),
        user: rooms.by_user.then(User::own),
        landlock: None,
    })
    .map_err(|error| error.to_string())?;
    run(Launch {
        namespaces: super::namespaces(rooms, Network::Off),
        steps,
        ..nothing()
    })
}

fn probe_landlock(version: Version) -> bool {
    let about = Handled {
        reading: false,
        network: false,
    };
    let Ok(rules) = Rules::new(version, about) else {
        return false;
    };
    run(Launch {
        rules: Some(rules.into_handle()),
        powers: Some(u64::MAX),
        ..nothing()
    })
    .is_ok()
}

/// A command that does nothing, without walls.
pub(super) fn nothing() -> Launch {
    Launch {
        program: c"/bin/sh".into(),
        has_input: false,
        arguments: vec![c"sh".into(), c"-c".into(), c":".into()],
        environment: Vec::new(),
        folder: c"/".into(),
        folder_id: super::folder_id("/"),
        namespaces: 0,
        steps: Vec::new(),
        rules: None,
        filter: Vec::new(),
        ceilings: Vec::new(),
        powers: None,
        held: Vec::new(),
    }
}

pub(super) fn run(launch: Launch) -> Result<(), String> {
    let launched = launch::launch(&launch).map_err(|failed| failed.words(&launch))?;
    let mut status = [0; 4];
    let told = fs::File::from(launched.status).read_exact(&mut status);
    drop(launched.lifeline);
    let _ = rustix::process::waitpid(Some(launched.pid), rustix::process::WaitOptions::empty());
    match told {
        Ok(()) if status == [0; 4] => Ok(()),
        Ok(()) => Err(format!(
            "a command ended with {}",
            i32::from_ne_bytes(status)
        )),
        Err(error) => Err(error.to_string()),
    }
}

impl User {
    /// Who this process is.
    pub(super) fn own() -> Self {
        Self {
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
        }
    }
}
