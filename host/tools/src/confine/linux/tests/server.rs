//! The file tree of a server: what is not given is not there, whichever of the walls has to hold it alone.

use super::*;
use crate::confine::ServerSite;
use std::cell::RefCell;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

/// A home full of a person's things, with a server's own folder.
struct Home {
    place: Place,
    readable: Vec<PathBuf>,
    needed: Vec<PathBuf>,
    writable: Vec<PathBuf>,
}

impl Home {
    fn new() -> Self {
        let place = Place::new();
        for name in ["home/.anteroom/servers/one/tmp", "home/given", "other/many"] {
            fs::create_dir_all(place.at(name)).unwrap();
        }
        for name in ["home/notes", "home/given/a", "home/given/.env", "other/a"] {
            fs::write(place.at(name), "hush\n").unwrap();
        }
        Self {
            place,
            readable: Vec::new(),
            needed: Vec::new(),
            writable: Vec::new(),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.place.at(name)
    }

    fn reading(mut self, name: &str) -> Self {
        self.readable.push(self.at(name));
        self
    }

    fn writing(mut self, name: &str) -> Self {
        self.writable.push(self.at(name));
        self
    }

    fn plan(&self) -> Plan {
        let folder = self.at("home/.anteroom/servers/one");
        Plan::of_server(&ServerSite {
            sandbox: &self.place.sandbox,
            folder: &folder,
            temp: &folder.join("tmp"),
            readable: &self.readable,
            needed: &self.needed,
            writable: &self.writable,
            is_sensitive: &|_, path| match path {
                FilePath::Workspace(path) => path.ends_with(".env"),
                FilePath::Outside(_) | FilePath::Temp(_) => false,
            },
        })
    }

    /// Starts a line as the server, at the place where its own folder is; `$at` is the folder of everything.
    fn start(&self, kernel: &Kernel, line: &str) -> io::Result<Running> {
        let plan = self.plan();
        let folder = OwnedFd::from(File::open(&plan.workspace).unwrap());
        let environment = [
            ("PATH", std::env::var("PATH").unwrap()),
            ("HOME", plan.workspace.display().to_string()),
            ("at", self.at("").display().to_string()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value));
        let order = Order {
            program: Path::new("/bin/sh"),
            arguments: &Shell::arguments(&format!("exec 2>&1; {line}")),
            environment: &environment,
            folder: &folder,
            temp: &plan.temp,
            has_input: false,
        };
        let settled = Settled::Walled {
            plan: &plan,
            sandbox: &self.place.sandbox,
        };
        spawn_on(kernel, &order, &settled)
    }

    fn run(&self, kernel: &Kernel, line: &str) -> String {
        let mut running = self.start(kernel, line).unwrap();
        let stdout = running.take_streams().unwrap().stdout;
        let group = Group::watch(running, Box::new(|_| ())).unwrap();
        let mut said = String::new();
        File::from(stdout).read_to_string(&mut said).unwrap();
        drop(group);
        said
    }

    /// What a line prints, run inside each of the walls that hold reading by themselves, and inside all of them.
    fn each(&self, line: &str, check: impl Fn(&str)) {
        for kernel in held() {
            check(&self.run(&kernel, line));
        }
    }
}

/// Kernels that hold what is read: this one, and what it would be with less.
fn held() -> Vec<Kernel> {
    let own = Kernel::get();
    let whole = (own.rooms.is_ok() || own.landlock.is_some()).then(|| own.clone());
    // Where no new `/proc` is lent, the old one is shown.
    let rooms = own.rooms.as_ref().ok().filter(|_| own.landlock.is_some());
    let old_proc = rooms.map(|rooms| Kernel {
        rooms: Ok(Rooms {
            own_proc: false,
            ..*rooms
        }),
        ..own.clone()
    });
    [whole, old_proc, only_rooms(), only_landlock()]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn nothing_of_a_home_or_beside_the_system_is_there() {
    let home = Home::new().reading("home/given");
    let tries = "cat $at/home/notes $at/other/a $at/home/.ssh/id $at/home/.anteroom/db $at/home/.bashrc /etc/shadow; \
                 ls $at $at/other $at/home /root /home /var /srv /mnt; cat $at/home/given/a; echo end";
    home.each(tries, |said| {
        assert_eq!(said.matches("hush").count(), 1, "what was given: {said}");
        assert!(said.ends_with("hush\nend\n"), "{said}");
        for name in ["notes\n", "many\n", "db\n", "root:"] {
            assert!(!said.contains(name), "{name}: {said}");
        }
    });
}

#[test]
fn the_root_holds_what_is_open_and_nothing_else() {
    let Some(kernel) = only_rooms() else {
        return;
    };
    let home = Home::new();
    let said = home.run(&kernel, "ls -A /; ls -A /etc | grep -c .; touch /x");
    let known = [
        "bin", "dev", "etc", "gnu", "lib", "lib32", "lib64", "libx32", "nix", "proc", "run",
        "sbin", "sys", "tmp", "usr", "var",
    ];
    let mut lines = said.lines();
    let entries: Vec<&str> = lines
        .by_ref()
        .take_while(|line| !line.chars().all(|sign| sign.is_ascii_digit()))
        .collect();
    assert!(
        entries.contains(&"usr") && entries.contains(&"proc"),
        "{said}"
    );
    for entry in entries {
        let is_above = home.at("").starts_with(Path::new("/").join(entry));
        assert!(known.contains(&entry) || is_above, "{entry}: {said}");
    }
    assert!(said.contains("Read-only file system"), "{said}");
}

#[test]
fn what_comes_later_or_is_renamed_over_something_is_not_there() {
    let home = Home::new().reading("home/given");
    let line = "echo ready > started; until [ -e go ]; do sleep 0.01; done; \
                cat $at/home/later $at/home/notes $at/home/.ssh/id $at/home/.netrc $at/new/a; echo end";
    for kernel in held() {
        let own = home.at("home/.anteroom/servers/one");
        for name in ["started", "go"] {
            drop(fs::remove_file(own.join(name)));
        }
        let mut running = home.start(&kernel, line).unwrap();
        let stdout = running.take_streams().unwrap().stdout;
        let group = Group::watch(running, Box::new(|_| ())).unwrap();
        let since = Instant::now();
        while !own.join("started").exists() {
            assert!(
                since.elapsed() < Duration::from_secs(10),
                "it did not start"
            );
            std::thread::yield_now();
        }
        fs::create_dir_all(home.at("new")).unwrap();
        for name in ["home/later", "home/.netrc", "new/a", "home/x", "home/y"] {
            fs::write(home.at(name), "hush\n").unwrap();
        }
        fs::rename(home.at("home/x"), home.at("home/notes")).unwrap();
        fs::rename(home.at("home/y"), home.at("home/.ssh/id")).unwrap();
        fs::write(own.join("go"), "").unwrap();
        let mut said = String::new();
        File::from(stdout).read_to_string(&mut said).unwrap();
        drop(group);
        assert!(!said.contains("hush") && said.ends_with("end\n"), "{said}");
    }
}

#[test]
fn a_folder_with_very_many_entries_leaks_none() {
    let home = Home::new();
    for number in 0..600 {
        fs::write(home.at(&format!("home/file-{number}")), "hush\n").unwrap();
        fs::write(home.at(&format!("other/many/file-{number}")), "hush\n").unwrap();
    }
    home.each(
        "for n in $(seq 0 599); do cat $at/home/file-$n $at/other/many/file-$n; done 2>/dev/null; \
         ls $at/home $at/other/many; echo end",
        |said| {
            assert!(!said.contains("hush"), "{said}");
            assert!(!said.contains("file-"), "{said}");
            assert!(said.ends_with("end\n"), "{said}");
        },
    );
}

#[test]
fn the_secrets_of_a_home_stay_closed_in_a_home_that_was_given() {
    for home in [
        Home::new().reading("home"),
        Home::new().writing("home"),
        Home::new()
            .reading("")
            .reading("home/.ssh")
            .writing("home/.ssh/id"),
    ] {
        fs::create_dir_all(home.at("home/.config/gh")).unwrap();
        for name in ["home/.config/gh/hosts", "home/.config/plain"] {
            fs::write(home.at(name), "hush\n").unwrap();
        }
        home.each(
            "cat $at/home/.ssh/id $at/home/.anteroom/db $at/home/.config/gh/hosts; \
             cat $at/home/notes $at/home/.config/plain; echo end",
            |said| {
                assert_eq!(said.matches("hush").count(), 2, "{said}");
                assert!(said.ends_with("hush\nhush\nend\n"), "{said}");
            },
        );
        assert!(!home.at("home/.ssh/.git").exists());
    }
}

#[test]
fn secrets_in_what_was_given_are_covered() {
    let home = Home::new().reading("home/given").writing("work");
    let Some(kernel) = only_rooms() else {
        return;
    };
    let said = home.run(
        &kernel,
        "cat $at/home/given/.env $at/work/.env; echo x > $at/work/y; cat $at/work/y; echo z > $at/home/given/z; echo end",
    );
    assert!(!said.contains("hush"), "{said}");
    assert!(
        said.lines().any(|line| line == "x") && said.ends_with("end\n"),
        "{said}"
    );
    assert!(home.at("work/y").exists() && !home.at("home/given/z").exists());
}

#[test]
fn links_lead_to_what_is_open() {
    let mut home = Home::new();
    symlink("other", home.at("way")).unwrap();
    symlink("given/a", home.at("home/short")).unwrap();
    home.readable = vec![home.at("way/a"), home.at("home/short")];
    home.each(
        "cat $at/way/a $at/home/short; ls $at/way/; echo end",
        |said| {
            assert!(said.starts_with("hush\nhush\n"), "{said}");
            assert!(!said.contains("many"), "{said}");
        },
    );
}

#[test]
fn what_is_neither_file_nor_folder_is_given_too() {
    let home = Home::new().writing("home/socket");
    let listener = std::os::unix::net::UnixListener::bind(home.at("home/socket")).unwrap();
    home.each("[ -S $at/home/socket ] && echo it is there", |said| {
        assert_eq!(said, "it is there\n")
    });
    drop(listener);
}

#[test]
fn a_program_in_a_home_runs_with_what_it_consists_of() {
    let mut home = Home::new();
    let version = home.at("home/.tool/versions/1");
    fs::create_dir_all(version.join("bin")).unwrap();
    fs::create_dir_all(version.join("lib")).unwrap();
    fs::write(version.join("lib/words"), "hello\n").unwrap();
    let program = version.join("bin/tool");
    fs::write(&program, "#!/bin/sh\ncat \"${0%/*}/../lib/words\"\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&program, mode).unwrap();
    symlink("versions/1/bin", home.at("home/.tool/bin")).unwrap();
    home.needed = crate::confine::toolchain(
        &home.at("home/.tool/bin/tool"),
        "",
        home.place.sandbox.home.as_deref(),
    );
    home.each(
        "$at/home/.tool/bin/tool; cat $at/home/notes; echo end",
        |said| {
            assert!(said.starts_with("hello\n"), "{said}");
            assert!(!said.contains("hush"), "{said}");
        },
    );
}

#[test]
fn the_system_looks_up_names_and_times() {
    let home = Home::new();
    let line = "id -un; head -c 1 /dev/urandom | wc -c; date +%Z; \
                echo x > /dev/null && echo x > $TMPDIR/x && cat $TMPDIR/x; echo y > own; cat own";
    let expected = RefCell::new(None::<String>);
    home.each(line, |said| {
        assert!(said.ends_with("x\ny\n"), "{said}");
        assert!(!said.contains("No such file"), "{said}");
        let mut expected = expected.borrow_mut();
        assert_eq!(expected.get_or_insert_with(|| said.to_owned()), said);
    });
}

#[test]
fn a_server_ends_with_its_host_however_that_ends() {
    for kernel in [only_rooms(), only_landlock(), only_filter()]
        .into_iter()
        .flatten()
    {
        let marker = format!("16180.{}", std::process::id());
        let home = Home::new().writing("work");
        let line = format!(
            "(setsid sleep {marker} & (setsid setsid sleep {marker} &)) >/dev/null 2>&1; echo up > started; sleep {marker}"
        );
        let running = home.start(&kernel, &line).unwrap();
        let since = Instant::now();
        while !home.at("home/.anteroom/servers/one/started").exists() {
            assert!(
                since.elapsed() < Duration::from_secs(10),
                "it did not start"
            );
            std::thread::yield_now();
        }
        // What the kernel does with the files of a process that was killed; no word comes first.
        let Running { lifeline, pid, .. } = running;
        drop(lifeline);
        gone(&marker);
        // And with it what it held in the place of names that must stay absent.
        rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty()).unwrap();
        assert!(!home.at("work/.git").exists());
    }
}
