//! The plan for a server: a program of other people that lives long. It writes in its own folder and where it was
//! told to, and of what belongs to people it sees what it was given.

use super::{Look, Plan, SYSTEM_SECRETS, Sandbox, look_of};
use anteroom_gate::FilePath;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders at the top that belong to the system; all others are people's.
const SYSTEM: [&str; 18] = [
    "usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "opt", "dev", "proc", "sys",
    "run", "var", "nix", "gnu", "snap", "boot",
];
/// At the top, with folders of people in them.
const HOMES: [&str; 2] = ["home", "root"];
/// In a home, what programs are made of. All else in it is people's.
const TOOLCHAINS: [&str; 32] = [
    ".asdf",
    ".bun",
    ".cargo",
    ".conda",
    ".deno",
    ".dotnet",
    ".fnm",
    ".jenv",
    ".linuxbrew",
    ".local/bin",
    ".local/lib",
    ".local/pipx",
    ".local/share/fnm",
    ".local/share/mise",
    ".local/share/pipx",
    ".local/share/pnpm",
    ".local/share/uv",
    ".nix-profile",
    ".npm-global",
    ".nvm",
    ".proto",
    ".pyenv",
    ".rbenv",
    ".rustup",
    ".rye",
    ".sdkman",
    ".volta",
    ".yarn",
    "anaconda3",
    "go",
    "mambaforge",
    "miniconda3",
];
/// Entries that are looked at in one folder.
const ENTRIES_MAX: usize = 512;

/// What the plan for a server is made from. Paths that do not exist are left out.
pub(crate) struct ServerSite<'a> {
    pub(crate) sandbox: &'a Sandbox,
    /// Its own folder, canonical.
    pub(crate) folder: &'a Path,
    /// In it.
    pub(crate) temp: &'a Path,
    /// What it may read besides.
    pub(crate) readable: &'a [PathBuf],
    /// What its program consists of: read, too, and no place of people's secrets.
    pub(crate) needed: &'a [PathBuf],
    /// What it may write besides.
    pub(crate) writable: &'a [PathBuf],
    /// Whether the gate finds a path in such a folder sensitive.
    pub(crate) is_sensitive: &'a dyn Fn(&Path, &FilePath) -> bool,
}

impl Plan {
    /// The plan for one server.
    pub(crate) fn of_server(site: &ServerSite<'_>) -> Self {
        let mut plan = Self {
            workspace: site.folder.to_owned(),
            temp: site.temp.to_owned(),
            writable: vec![site.folder.to_owned(), site.temp.to_owned()],
            ..Self::default()
        };
        let mut readable = canonical(site.readable);
        let writable = canonical(site.writable);
        for path in readable.iter().chain(&writable).filter(|it| it.is_dir()) {
            plan.secrets_in(path, &|file| (site.is_sensitive)(path, file));
        }
        readable.extend(canonical(site.needed));
        for path in writable {
            if path.parent().is_none() {
                plan.gaps
                    .push("it may write to the whole file system".to_owned());
            }
            if path.is_dir() {
                plan.planted(&path);
            }
            plan.writable.push(path);
        }
        plan.people(site);
        for path in &site.sandbox.own {
            plan.hide(path, Look::ClosedFolder);
        }
        for path in SYSTEM_SECRETS {
            plan.hide(Path::new(path), Look::ClosedFile);
        }
        // Where nothing of its own lies in them, they are its temporary folder.
        for shared in ["/tmp", "/var/tmp"].map(Path::new) {
            let mut own = plan.writable.iter().chain(&readable);
            if own.any(|path| path.starts_with(shared) && path != shared) {
                plan.hide(shared, Look::ClosedFolder);
            }
        }
        // What lies in something closed is seen only where it is put there anew.
        let is_closed = |path: &Path, plan: &Self| {
            plan.hidden
                .iter()
                .any(|it| path.starts_with(&it.path) && path != it.path)
        };
        for path in readable {
            if is_closed(&path, &plan) && !plan.writable.contains(&path) {
                plan.sealed.push(path);
            }
        }
        plan.pin_ways();
        plan
    }

    /// Closes what belongs to people: homes but for their toolchains, and what lies beside the system at the top.
    fn people(&mut self, site: &ServerSite<'_>) {
        let given: Vec<PathBuf> = [site.readable, site.needed, site.writable]
            .into_iter()
            .flat_map(canonical)
            .collect();
        let mut homes: Vec<PathBuf> = HOMES
            .iter()
            .flat_map(|name| match *name {
                "home" => entries(Path::new("/home")),
                other => vec![Path::new("/").join(other)],
            })
            .collect();
        homes.extend(
            site.sandbox
                .home
                .as_ref()
                .and_then(|it| it.canonicalize().ok()),
        );
        for path in entries(Path::new("/")) {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let is_system = SYSTEM.contains(&&*name) || HOMES.contains(&&*name) || name == "tmp";
            if !is_system && is_real_folder(&path) && !given.contains(&path) {
                self.close(&path);
            }
        }
        for home in homes {
            self.secrets_of(&home);
            self.home_but_toolchains(&home, "", &given);
        }
    }

    /// Closes a home, or a folder in it, but for what programs are made of and what was given.
    fn home_but_toolchains(&mut self, home: &Path, within: &str, given: &[PathBuf]) {
        for path in entries(&home.join(within)) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = format!("{within}{name}");
            let inner = format!("{name}/");
            if TOOLCHAINS.contains(&name.as_str()) || given.contains(&path) {
                continue;
            }
            if TOOLCHAINS.iter().any(|kept| kept.starts_with(&inner)) {
                self.home_but_toolchains(home, &inner, given);
            } else {
                self.close(&path);
            }
        }
    }

    fn close(&mut self, path: &Path) {
        let Ok(meta) = fs::symlink_metadata(path) else {
            return;
        };
        if meta.is_dir() {
            self.hide(path, Look::ClosedFolder);
        } else if meta.is_file() {
            self.hide(path, look_of(path));
        }
    }
}

fn canonical(paths: &[PathBuf]) -> Vec<PathBuf> {
    let paths = paths.iter();
    paths.filter_map(|path| path.canonicalize().ok()).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let entries = entries.filter_map(Result::ok).map(|entry| entry.path());
    entries.take(ENTRIES_MAX).collect()
}

fn is_real_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir())
}
