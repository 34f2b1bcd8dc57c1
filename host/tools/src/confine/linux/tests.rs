//! Each wall by itself: a kernel that lends only some of them is played, and what the others promise is tried.
//! Where this machine lends less, what it lends is tried.

mod server;

use super::*;
use crate::confine::plan::Site;
use crate::confine::{Group, Shell};
use anteroom_gate::FilePath;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use tempfile::TempDir;

/// A home with a workspace and secrets.
struct Place {
    folder: TempDir,
    sandbox: Sandbox,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["work", "home/.ssh", "home/.anteroom/temp"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        for name in ["home/.ssh/id", "home/.anteroom/db", "work/.env"] {
            fs::write(root.join(name), "hush\n").unwrap();
        }
        fs::write(root.join("home/.bashrc"), "export KEY=hush\n").unwrap();
        let sandbox = Sandbox {
            home: Some(root.join("home")),
            own: vec![root.join("home/.anteroom")],
            ..Sandbox::default()
        };
        Self { folder, sandbox }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// What a command says, both streams; its group is gone afterwards.
    fn run(&self, kernel: &Kernel, line: &str) -> String {
        let mut running = self.start(kernel, line).unwrap();
        let stdout = running.take_streams().unwrap().stdout;
        let group = Group::watch(running, Box::new(|_| ())).unwrap();
        let mut said = String::new();
        File::from(stdout).read_to_string(&mut said).unwrap();
        drop(group);
        said
    }

    fn start(&self, kernel: &Kernel, line: &str) -> io::Result<Running> {
        let (workspace, temp) = (self.at("work"), self.at("home/.anteroom/temp"));
        let is_sensitive = |path: &FilePath| match path {
            FilePath::Workspace(path) | FilePath::Outside(path) => {
                let name = path.rsplit('/').next().unwrap_or_default();
                name.starts_with(".env") || name == ".ssh" || name == ".bashrc"
            }
            FilePath::Temp(_) => false,
        };
        let plan = Plan::new(&Site {
            sandbox: &self.sandbox,
            workspace: &workspace,
            temp: &temp,
            is_sensitive: &is_sensitive,
        });
        let home = self.at("home").display().to_string();
        let path = std::env::var("PATH").unwrap();
        let environment = [("PATH", path), ("HOME", home)];
        let environment = environment.map(|(name, value)| (name.to_owned(), value));
        let shell = Shell::new(&BTreeMap::from(environment));
        let folder = OwnedFd::from(File::open(&workspace).unwrap());
        let line = format!("exec 2>&1; {line}");
        let order = Order {
            program: &shell.program,
            arguments: &Shell::arguments(&line),
            environment: &shell.environment,
            folder: &folder,
            temp: &temp,
            has_input: false,
        };
        let settled = Settled::Walled {
            plan: &plan,
            sandbox: &self.sandbox,
        };
        spawn_on(kernel, &order, &settled)
    }

    #[track_caller]
    fn check(&self, kernel: &Kernel, line: &str, expected: &str) {
        assert_eq!(self.run(kernel, line).trim_end(), expected, "{line}");
    }
}

fn only_rooms() -> Option<Kernel> {
    let kernel = Kernel::get();
    kernel.rooms.is_ok().then(|| Kernel {
        landlock: None,
        filter: Err("played".into()),
        ..kernel.clone()
    })
}

fn only_landlock() -> Option<Kernel> {
    let kernel = Kernel::get();
    kernel.landlock.map(|_| Kernel {
        rooms: Err("played".into()),
        filter: Err("played".into()),
        ..kernel.clone()
    })
}

fn only_filter() -> Option<Kernel> {
    let kernel = Kernel::get();
    kernel.filter.is_ok().then(|| Kernel {
        rooms: Err("played".into()),
        landlock: None,
        ..kernel.clone()
    })
}

/// Tries what a kernel promises; one that does not must say so.
fn with(kernel: Option<Kernel>, missing: &str, promise: impl FnOnce(&Place, &Kernel)) {
    let place = Place::new();
    match kernel {
        Some(kernel) => promise(&place, &kernel),
        None => {
            let told = walls(&place.sandbox).missing().join("\n");
            assert!(told.contains(missing), "{told}");
        }
    }
}

#[test]
fn a_tree_of_its_own_confines_writes() {
    with(only_rooms(), "protection", |place, kernel| {
        place.check(
            kernel,
            "echo x > ../x || echo no; echo y > y; cat y",
            "/usr/bin/bash: line 1: ../x: Read-only file system\nno\ny"
                .replace("/usr/bin/bash", &shell_of())
                .as_str(),
        );
        assert!(!place.at("x").exists());
        assert!(place.at("work/y").exists());
    });
}

#[test]
fn a_tree_of_its_own_hides_secrets() {
    with(only_rooms(), "hiding", |place, kernel| {
        let line = "cat .env ~/.ssh/id ~/.anteroom/db ~/.bashrc; cp .env copy; ln .env other; cat copy other";
        let said = place.run(kernel, line);
        assert!(!said.contains("hush"), "{said}");
        assert_eq!(fs::read_to_string(place.at("work/.env")).unwrap(), "hush\n");
        let said = place.run(
            kernel,
            "cat /proc/1/maps /proc/1/environ; ls /proc/1/root /run; echo end",
        );
        assert!(!said.contains("/usr/lib"), "the caretaker's memory: {said}");
        assert!(!said.contains("PATH="), "the host's environment: {said}");
        assert!(said.ends_with("/run:\nend\n"), "{said}");
    });
}

#[test]
fn landlock_alone_confines_writes_and_hides_what_is_outside() {
    with(only_landlock(), "confinement", |place, kernel| {
        let said = place.run(kernel, "echo x > ../x; cat ~/.ssh/id ~/.anteroom/db; echo y > y; cat y; echo z > $TMPDIR/z; cat $TMPDIR/z");
        assert!(!said.contains("hush"), "{said}");
        assert!(said.ends_with("y\nz\n"), "{said}");
        assert!(!place.at("x").exists());
    });
}

#[test]
fn landlock_alone_says_what_it_cannot() {
    let kernel = Kernel {
        rooms: Err("played".into()),
        landlock: Some(landlock::Version(7)),
        filter: Ok(()),
        is_superuser: false,
    };
    let missing = walls_of(&kernel, &Sandbox::default()).missing();
    assert_eq!(
        missing,
        [
            "confinement of writes to the workspace and the private temp folder (modes, owners and times of files outside can be changed: this system gives no namespaces (played))",
            "hiding of secrets (those in the workspace, such as `.env`, stay readable: this system gives no namespaces (played))",
            "protection of what runs later (`.git/hooks`, `.git/config`, `.anteroom`, `.vscode`, `.idea`) (this system gives no namespaces (played))",
            "end of all processes with their command (processes that leave the group are hunted down, not bound: this system gives no namespaces (played))",
        ]
    );
}

#[test]
fn a_kernel_without_anything_holds_nothing_but_limits() {
    let kernel = Kernel {
        rooms: Err("played".into()),
        landlock: None,
        filter: Err("played".into()),
        is_superuser: false,
    };
    let walls = walls_of(&kernel, &Sandbox::default());
    let held: Vec<&str> = walls
        .walls
        .iter()
        .filter(|wall| wall.missing.is_none())
        .map(|wall| wall.promise)
        .collect();
    assert_eq!(held, ["limits on memory, files and processes"]);
    assert!(!walls.is_complete());
}

#[test]
fn the_filter_alone_refuses_sockets_and_ways_out() {
    with(only_filter(), "filter", |place, kernel| {
        let said = place.run(kernel, "exec 3<>/dev/tcp/127.0.0.1/9; grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t '; unshare -r true && echo out");
        assert!(said.contains("socket: Permission denied"), "{said}");
        assert!(said.contains("NoNewPrivs:1\nSeccomp:2"), "{said}");
        assert!(!said.contains("\nout"), "{said}");
    });
}

#[test]
fn without_a_process_namespace_the_caretaker_hunts() {
    with(only_landlock(), "end of all", |place, kernel| {
        let marker = format!("31415.{}", std::process::id());
        let line =
            format!("(setsid sleep {marker} & (setsid setsid sleep {marker} &)) >/dev/null 2>&1");
        place.run(kernel, &line);
        gone(&marker);
    });
}

#[test]
fn with_a_process_namespace_nobody_is_left() {
    with(only_rooms(), "end of all", |place, kernel| {
        let marker = format!("27182.{}", std::process::id());
        let line =
            format!("(setsid sleep {marker} & (setsid setsid sleep {marker} &)) >/dev/null 2>&1");
        place.run(kernel, &line);
        gone(&marker);
    });
}

/// Flags that no kernel takes together, so that `clone` fails here as it does where namespaces are not lent.
const NOT_LENT: libc::c_int = libc::CLONE_NEWNS | libc::CLONE_FS;

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a child that has nothing to do with the sandbox"
)]
fn namespaces_that_are_not_lent_are_an_error_and_nobody_is_signalled() {
    // It is -1 that `clone` answers then, and as a number that is everybody: whoever waits for it or kills it
    // would reach this child, which has nothing to do with it.
    let mut bystander = std::process::Command::new("sleep")
        .arg("1000")
        .spawn()
        .unwrap();
    let failed = launch::launch(&Launch {
        namespaces: NOT_LENT,
        ..kernel::nothing()
    });
    let failed = failed.unwrap_err();
    assert_eq!(
        (failed.stage, failed.errno),
        (launch::Stage::Clone, libc::EINVAL)
    );
    let why = kernel::run(Launch {
        namespaces: NOT_LENT,
        ..kernel::nothing()
    })
    .unwrap_err();
    assert!(why.starts_with("making namespaces: "), "{why}");
    assert!(bystander.try_wait().unwrap().is_none(), "it was signalled");
    bystander.kill().unwrap();
    let ended = bystander.wait().unwrap();
    let signal = std::os::unix::process::ExitStatusExt::signal(&ended);
    assert_eq!(signal, Some(libc::SIGKILL), "and nobody else reaped it");
}

/// Waits until no process has this argument any more.
#[track_caller]
fn gone(marker: &str) {
    let runs = || {
        let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        processes
            .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
            .any(|line| {
                line.split(|byte| *byte == 0)
                    .any(|word| word == marker.as_bytes())
            })
    };
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while runs() {
        assert!(std::time::Instant::now() < patience, "`{marker}` is left");
        std::thread::yield_now();
    }
}

/// The shell as it names itself.
fn shell_of() -> String {
    let path = std::env::var("PATH").unwrap();
    let shell = Shell::new(&BTreeMap::from([("PATH".to_owned(), path)]));
    shell.program.display().to_string()
}

#[test]
fn placeholders_come_and_go_with_their_last_user() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let first = Placeholder::hold(folder.path(), ".git").unwrap().unwrap();
    let second = Placeholder::hold(folder.path(), ".git").unwrap().unwrap();
    drop(first);
    assert!(at(".git").is_dir(), "the other one needs it");
    drop(second);
    assert!(!at(".git").exists());

    // What a killed host left is taken over, and then taken away.
    let left = Placeholder::hold(folder.path(), ".git").unwrap().unwrap();
    std::mem::forget(left.held());
    let adopted = Placeholder::hold(folder.path(), ".git").unwrap();
    assert!(adopted.is_some());
    drop((left, adopted));
    assert!(!at(".git").exists());
}

#[test]
fn what_stands_for_another_command_is_held_by_this_one_too() {
    with(only_rooms(), "protection", |place, kernel| {
        let held = Placeholder::hold(&place.at("work"), ".git").unwrap();
        let release = place.at("work/release");
        std::thread::scope(|scope| {
            let said = scope.spawn(|| {
                place.run(kernel, "touch started; until [ -e release ]; do sleep 0.01; done; mkdir .git/hooks; git init -q; echo end")
            });
            let patience = std::time::Instant::now() + std::time::Duration::from_secs(10);
            while !place.at("work/started").exists() && std::time::Instant::now() < patience {
                std::thread::yield_now();
            }
            drop(held);
            fs::write(&release, "").unwrap();
            let said = said.join().unwrap();
            assert!(said.ends_with("end\n"), "{said}");
        });
        assert!(!place.at("work/.git/hooks").exists());
    });
}

#[test]
fn a_name_is_free_while_placeholders_come_and_go() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(".vscode");
    std::thread::scope(|scope| {
        let comes_and_goes = scope.spawn(|| {
            for _ in 0..2_000 {
                drop(Placeholder::hold(folder.path(), ".vscode").unwrap());
            }
        });
        while !comes_and_goes.is_finished() {
            assert!(is_free(&path));
        }
    });
}

#[test]
fn placeholders_leave_alone_what_is_real() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("empty")).unwrap();
    fs::write(at("file"), "").unwrap();
    std::os::unix::fs::symlink("nowhere", at("link")).unwrap();
    for name in ["empty", "file", "link"] {
        assert!(
            Placeholder::hold(folder.path(), name).unwrap().is_none(),
            "{name}"
        );
        assert!(fs::symlink_metadata(at(name)).is_ok(), "{name}");
    }
    // Somebody makes a repository of it meanwhile: it is theirs.
    let held = Placeholder::hold(folder.path(), ".git").unwrap();
    fs::write(at(".git/HEAD"), "").unwrap();
    drop(held);
    assert!(at(".git/HEAD").exists());
}

#[test]
fn what_is_started_has_the_files_that_there_were_at_the_start() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let place = Place::new();
    let before = files_at_start();
    let limit = getrlimit(Resource::Nofile);
    // Another number than at the start, up or down, as this process may set it for itself.
    let own = match limit.maximum {
        Some(most) if most <= before => before - 1,
        _ => before + 1,
    };
    let changed = Rlimit {
        current: Some(own),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, changed).unwrap();
    let walled = place.run(Kernel::get(), "ulimit -S -n");
    let (workspace, temp) = (place.at("work"), place.at("home/.anteroom/temp"));
    let folder = OwnedFd::from(File::open(&workspace).unwrap());
    let order = Order {
        program: Path::new("/bin/sh"),
        arguments: &Shell::arguments("ulimit -S -n"),
        environment: &[],
        folder: &folder,
        temp: &temp,
        has_input: false,
    };
    let mut bare = spawn(&order, &Settled::Bare).unwrap();
    setrlimit(Resource::Nofile, limit).unwrap();
    let stdout = bare.take_streams().unwrap().stdout;
    let group = Group::watch(bare, Box::new(|_| ())).unwrap();
    let mut said = String::new();
    File::from(stdout).read_to_string(&mut said).unwrap();
    drop(group);
    assert_eq!(said.trim(), before.to_string());
    let most = before.min(place.sandbox.limits.open_files);
    assert_eq!(walled.trim(), most.to_string());
}
