//! A plan as steps: the file tree that a command sees. Everything is read-only; what may be written is put over
//! it as it was, what may not be read is covered, and what must not change is put, read-only, over itself, which
//! also keeps it from being moved or replaced.

use super::c_text;
use super::kernel::Rooms as Support;
use super::landlock::{self, Version};
use super::steps::{Need, Planned, SLOTS, Step};
use crate::confine::plan::system::{RESOLVER, RUNTIME_KEPT};
use crate::confine::plan::{Look, Plan};
use crate::confine::policy::{Network, ProcessLimits};
use std::ffi::CString;
use std::io;
use std::path::{Path, PathBuf};

/// Harmless devices.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
const DEVICE_LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
];
/// Of what else runs on the machine, with sockets to talk to it. Covered, but for these.
const RUNTIME: [&str; 2] = ["/run", "/var/run"];
const SHARED_TEMP: [&str; 2] = ["/tmp", "/var/tmp"];
/// Process numbers the kernel keeps back.
const PIDS_RESERVED: u64 = 300;

const ROOT: &str = "/";
const PROCESSES: &str = "/proc";
/// Where a new root is put together: there on every system, and taken hold of before.
const STAGE: &str = "/dev";
const STAGE_PROCESSES: &str = "/dev/proc";

/// Slot of the thing that is put over several places.
const COVER: usize = 0;
const CLOSED_FOLDER: &str = "/dev/.closed";
const CLOSED_FILE: &str = "/dev/.closed-file";
const EMPTY_FILE: &str = "/dev/.empty-file";

/// What is put at one path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// The tree that is at `from` before.
    Tree {
        from: PathBuf,
        is_sealed: bool,
    },
    /// A new empty folder, with room for what is put into it.
    Fresh,
    Cover(Look),
}

#[derive(Clone, Debug)]
struct Placement {
    path: PathBuf,
    what: What,
}

/// Who the command runs as, where a user namespace has to be told.
#[derive(Clone, Copy, Debug)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// What the steps are made from.
pub(super) struct Order<'a> {
    pub(super) plan: &'a Plan,
    pub(super) support: Support,
    pub(super) network: Network,
    pub(super) limits: &'a ProcessLimits,
    /// Told to a new user namespace, where there is one.
    pub(super) user: Option<User>,
    /// Allows writing to the new devices.
    pub(super) landlock: Option<Version>,
}

/// The steps that build it.
///
/// # Errors
/// A path that cannot be a text of C, or too many of them.
pub(super) fn steps(order: &Order<'_>) -> io::Result<Vec<Planned>> {
    let placements = placements(order);
    let trees = placements
        .iter()
        .filter(|it| matches!(it.what, What::Tree { .. }));
    // Besides them a cover and the processes.
    if trees.count() + DEVICES.len() + 2 > SLOTS {
        return Err(io::Error::other("too many paths for one sandbox"));
    }
    let mut script = Script::default();
    script.begin(order)?;
    script.keep_all(order, &placements)?;
    if order.plan.is_closed {
        script.new_root(order)?;
    } else {
        script.must(Step::SealAll);
        script.new_processes(order, PROCESSES)?;
    }
    script.seal_processes(order)?;
    script.devices()?;
    for (index, placement) in placements.iter().enumerate() {
        script.make_room(&placements[..index], placement)?;
        script.place(placement)?;
    }
    for (path, target) in &order.plan.links {
        script.link(path, target)?;
    }
    for placement in placements.iter().filter(|it| it.what == What::Fresh) {
        script.must(Step::SealAt {
            path: text(&placement.path)?,
        });
    }
    script.must(Step::SealAt {
        path: text(Path::new("/dev"))?,
    });
    if let Some(version) = order.landlock {
        script.allow(order, version, &placements)?;
    }
    Ok(script.steps)
}

/// Everything that is put somewhere, outer before inner.
fn placements(order: &Order<'_>) -> Vec<Placement> {
    let plan = order.plan;
    let mut all = Vec::new();
    let mut tree = |path: &Path, is_sealed| {
        let from = path.to_owned();
        all.push(Placement {
            path: from.clone(),
            what: What::Tree { from, is_sealed },
        });
    };
    plan.writable.iter().for_each(|path| tree(path, false));
    plan.pinned.iter().for_each(|path| tree(path, false));
    plan.sealed.iter().for_each(|path| tree(path, true));
    for (parent, name) in &plan.absent {
        let path = parent.join(name);
        // Its placeholder, or what nobody of this user could have made.
        if path.exists() {
            tree(&path, true);
        }
    }
    if !plan.is_closed {
        let resolver = RESOLVER.iter().filter(|_| order.network == Network::On);
        for path in RUNTIME_KEPT.iter().chain(resolver).map(Path::new) {
            if path.exists() {
                tree(path, true);
            }
        }
    }
    let occupied: Vec<PathBuf> = all.iter().map(|it| it.path.clone()).collect();
    let fresh: &[&str] = if plan.is_closed { &[ROOT] } else { &RUNTIME };
    for path in fresh.iter().map(PathBuf::from) {
        if std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_dir()) {
            all.push(Placement {
                path,
                what: What::Fresh,
            });
        }
    }
    for hidden in &plan.hidden {
        let is_occupied = |path: &PathBuf| path.starts_with(&hidden.path);
        if occupied.contains(&hidden.path) {
            continue;
        }
        let is_around = occupied.iter().any(is_occupied);
        let what = if is_around {
            What::Fresh
        } else {
            What::Cover(hidden.look)
        };
        all.push(Placement {
            path: hidden.path.clone(),
            what,
        });
    }
    let everything: Vec<PathBuf> = all.iter().map(|it| it.path.clone()).collect();
    for path in SHARED_TEMP.map(PathBuf::from) {
        let is_folder = std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_dir());
        let has_own = !plan.temp.as_os_str().is_empty();
        if has_own && is_folder && !everything.iter().any(|it| it.starts_with(&path)) {
            let from = plan.temp.clone();
            all.push(Placement {
                path,
                what: What::Tree {
                    from,
                    is_sealed: false,
                },
            });
        }
    }
    all.sort_by_key(|it| it.path.components().count());
    all
}

#[derive(Default)]
struct Script {
    steps: Vec<Planned>,
    /// The slot of the next tree.
    next: usize,
}

impl Script {
    fn must(&mut self, step: Step) {
        self.push(step, Need::Always);
    }

    fn push(&mut self, step: Step, need: Need) {
        self.steps.push(Planned { step, need });
    }

    fn begin(&mut self, order: &Order<'_>) -> io::Result<()> {
        if let Some(User { uid, gid }) = order.user {
            for (path, bytes) in [
                ("/proc/self/setgroups", "deny".to_owned()),
                ("/proc/self/uid_map", format!("{uid} {uid} 1\n")),
                ("/proc/self/gid_map", format!("{gid} {gid} 1\n")),
            ] {
                let path = text(Path::new(path))?;
                self.must(Step::Write {
                    path,
                    bytes: bytes.into_bytes(),
                });
            }
        }
        self.must(Step::Private);
        if order.network == Network::Local {
            self.must(Step::Loopback);
        }
        Ok(())
    }

    /// Takes hold of every tree before anything changes.
    fn keep_all(&mut self, order: &Order<'_>, placements: &[Placement]) -> io::Result<()> {
        let mut slot = COVER;
        let mut keep = |script: &mut Self, from: &Path, is_sealed| -> io::Result<()> {
            slot += 1;
            script.must(Step::Keep {
                slot,
                path: text(from)?,
            });
            if is_sealed {
                script.must(Step::Seal { slot });
            }
            Ok(())
        };
        if order.plan.is_closed && !order.support.own_proc {
            keep(self, Path::new(PROCESSES), true)?;
        }
        for name in DEVICES {
            keep(self, &Path::new("/dev").join(name), false)?;
        }
        for placement in placements {
            if let What::Tree { from, is_sealed } = &placement.what {
                keep(self, from, *is_sealed)?;
            }
        }
        self.next = COVER + 1;
        Ok(())
    }

    /// An empty tree in the place of everything, so that nothing is there but what is put there.
    fn new_root(&mut self, order: &Order<'_>) -> io::Result<()> {
        self.must(Step::Mount {
            path: text(Path::new(STAGE))?,
            kind: c"tmpfs",
            options: c_text(b"mode=0755,size=1m")?,
            flags: libc::MS_NOSUID | libc::MS_NODEV,
        });
        // Before the old one is gone: without it the kernel gives no new one.
        let processes = text(Path::new(STAGE_PROCESSES))?;
        self.must(Step::Folder {
            path: processes.clone(),
            mode: 0o555,
        });
        if order.support.own_proc {
            self.new_processes(order, STAGE_PROCESSES)?;
        } else {
            self.put_next(processes);
        }
        self.must(Step::Root {
            path: text(Path::new(STAGE))?,
        });
        self.must(Step::Folder {
            path: text(Path::new("/dev"))?,
            mode: 0o755,
        });
        Ok(())
    }

    fn new_processes(&mut self, order: &Order<'_>, at: &str) -> io::Result<()> {
        if order.support.own_proc {
            self.must(Step::Mount {
                path: text(Path::new(at))?,
                kind: c"proc",
                options: CString::default(),
                flags: libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC,
            });
        }
        Ok(())
    }

    fn seal_processes(&mut self, order: &Order<'_>) -> io::Result<()> {
        if !order.support.own_proc {
            return Ok(());
        }
        // Newer kernels count the processes of a namespace; for the superuser it is the only count there is.
        self.push(
            Step::Write {
                path: text(Path::new("/proc/sys/kernel/pid_max"))?,
                bytes: (order.limits.processes + PIDS_RESERVED)
                    .to_string()
                    .into_bytes(),
            },
            Need::Never,
        );
        self.must(Step::SealAt {
            path: text(Path::new(PROCESSES))?,
        });
        Ok(())
    }

    /// What was not there before, and so is not in the rules.
    fn allow(
        &mut self,
        order: &Order<'_>,
        version: Version,
        placements: &[Placement],
    ) -> io::Result<()> {
        let mut allowed = vec![(Path::new("/dev"), version.write())];
        if order.plan.is_closed {
            allowed[0].1 |= landlock::READ;
            allowed.push((Path::new(PROCESSES), landlock::READ));
            let fresh = placements.iter().filter(|it| it.what == What::Fresh);
            allowed.extend(fresh.map(|it| (it.path.as_path(), landlock::LIST)));
        }
        for (path, rights) in allowed {
            let path = text(path)?;
            self.must(Step::Allow { path, rights });
        }
        Ok(())
    }

    fn devices(&mut self) -> io::Result<()> {
        let at = |name: &str| text(&Path::new("/dev").join(name));
        let mount = |path, kind, options: &str, flags| -> io::Result<Step> {
            let options = c_text(options.as_bytes())?;
            Ok(Step::Mount {
                path,
                kind,
                options,
                flags,
            })
        };
        let flags = libc::MS_NOSUID | libc::MS_NOEXEC;
        self.must(mount(
            text(Path::new("/dev"))?,
            c"tmpfs",
            "mode=0755,size=1m",
            flags,
        )?);
        for name in DEVICES {
            self.must(Step::File {
                path: at(name)?,
                mode: 0o644,
            });
            self.put_next(at(name)?);
        }
        for (name, target) in DEVICE_LINKS {
            let target = c_text(target.as_bytes())?;
            self.must(Step::Link {
                path: at(name)?,
                target,
            });
        }
        self.must(Step::Folder {
            path: at("pts")?,
            mode: 0o755,
        });
        self.must(mount(
            at("pts")?,
            c"devpts",
            "newinstance,ptmxmode=0666,mode=0620",
            flags,
        )?);
        self.must(Step::Folder {
            path: at("shm")?,
            mode: 0o755,
        });
        let flags = libc::MS_NOSUID | libc::MS_NODEV;
        self.must(mount(at("shm")?, c"tmpfs", "mode=1777,size=512m", flags)?);
        self.must(Step::Folder {
            path: text(Path::new(CLOSED_FOLDER))?,
            mode: 0,
        });
        self.must(Step::File {
            path: text(Path::new(CLOSED_FILE))?,
            mode: 0,
        });
        self.must(Step::File {
            path: text(Path::new(EMPTY_FILE))?,
            mode: 0o444,
        });
        Ok(())
    }

    fn put_next(&mut self, path: CString) {
        self.must(Step::Place {
            slot: self.next,
            path,
        });
        self.next += 1;
    }

    /// In a fresh folder there is nothing yet to put something on.
    fn make_room(&mut self, before: &[Placement], placement: &Placement) -> io::Result<()> {
        let around = before
            .iter()
            .rev()
            .find(|it| placement.path.starts_with(&it.path) && it.path != placement.path);
        let Some(around) = around.filter(|it| it.what == What::Fresh) else {
            return Ok(());
        };
        let is_file = match &placement.what {
            // A socket or a device is none, but no folder either.
            What::Tree { from, .. } => !from.is_dir(),
            What::Fresh | What::Cover(Look::ClosedFolder) => false,
            What::Cover(Look::ClosedFile | Look::EmptyFile) => true,
        };
        let inner = placement
            .path
            .strip_prefix(&around.path)
            .unwrap_or(Path::new(""));
        let count = inner.components().count();
        let mut path = around.path.clone();
        for (index, part) in inner.components().enumerate() {
            path.push(part);
            let path = text(&path)?;
            self.must(if is_file && index + 1 == count {
                Step::File { path, mode: 0o644 }
            } else {
                Step::Folder { path, mode: 0o755 }
            });
        }
        Ok(())
    }

    /// A link in the new root.
    fn link(&mut self, path: &Path, target: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new(ROOT));
        let mut around: Vec<&Path> = folder.ancestors().collect();
        around.pop();
        for folder in around.into_iter().rev() {
            let path = text(folder)?;
            self.must(Step::Folder { path, mode: 0o755 });
        }
        let (path, target) = (text(path)?, text(target)?);
        self.must(Step::Link { path, target });
        Ok(())
    }

    fn place(&mut self, placement: &Placement) -> io::Result<()> {
        let path = text(&placement.path)?;
        match &placement.what {
            What::Tree { .. } => self.put_next(path),
            // There from the beginning.
            What::Fresh if placement.path == Path::new(ROOT) => {}
            What::Fresh => self.must(Step::Mount {
                path,
                kind: c"tmpfs",
                options: c_text(b"mode=0755,size=1m")?,
                flags: libc::MS_NOSUID | libc::MS_NODEV,
            }),
            What::Cover(look) => {
                let cover = match look {
                    Look::ClosedFolder => CLOSED_FOLDER,
                    Look::ClosedFile => CLOSED_FILE,
                    Look::EmptyFile => EMPTY_FILE,
                };
                self.must(Step::Keep {
                    slot: COVER,
                    path: text(Path::new(cover))?,
                });
                self.must(Step::Seal { slot: COVER });
                self.push(Step::Place { slot: COVER, path }, Need::IfThere);
            }
        }
        Ok(())
    }
}

fn text(path: &Path) -> io::Result<CString> {
    c_text(path.as_os_str().as_encoded_bytes())
}
