//! What one command may write, must not read, and must not change, as lists of real paths. Looks at the file
//! system, changes nothing, and knows no technique: see `linux/` for how it is made to hold.

mod server;
pub(super) mod system;
mod toolchain;
mod ways;

pub(crate) use server::ServerSite;
pub(crate) use toolchain::{interpreters, toolchain};

use super::git::{self, Repository};
use super::linux::is_free;
use super::policy::Sandbox;
use anteroom_gate::{FilePath, HOME_SECRETS};
use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

/// Entries of a workspace that are looked at for sensitive files, the shallow ones first. What lies beyond is not
/// hidden: looking at all of a very large one would take longer than most commands.
const LOOKED_AT_MAX: usize = 8192;
/// Homes of others that are looked at.
const OTHER_HOMES_MAX: usize = 16;
/// Folders with very many files and none of the user's secrets.
const PASSED_OVER: [&str; 5] = [".git", "node_modules", "target", ".venv", "__pycache__"];
/// Entries of a home that is itself the workspace.
const HOME_ENTRIES_MAX: usize = 512;

/// Folders of editors and of Anteroom in a workspace: what is planted there runs later, outside. Protected also
/// where they do not exist.
const PLANTED: [&str; 4] = [".git", ".anteroom", ".vscode", ".idea"];
/// Like those, but only where they exist.
const PLANTED_IF_THERE: [&str; 3] = [".zed", ".fleet", ".devcontainer"];

/// Read by programs that stop if they may not: shown empty instead.
const SHOWN_EMPTY: [&str; 21] = [
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_logout",
    ".bash_aliases",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
    ".zlogout",
    ".kshrc",
    ".mkshrc",
    ".cshrc",
    ".tcshrc",
    ".login",
    ".logout",
    ".inputrc",
    ".npmrc",
    "credentials.toml",
    "credentials",
];
/// Outside of the home.
const SYSTEM_SECRETS: [&str; 4] = [
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/shadow-",
    "/etc/gshadow-",
];

/// The lists. All paths real and absolute; what lies deeper has the last word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The folder that commands work in.
    pub(crate) workspace: PathBuf,
    /// `TMPDIR`, and what is at `/tmp` where that is free to be replaced.
    pub(crate) temp: PathBuf,
    /// Trees that may be written.
    pub(crate) writable: Vec<PathBuf>,
    /// Folders in them that may be written but not moved away, because of what is in them.
    pub(crate) pinned: Vec<PathBuf>,
    /// What in them may be read only; in a closed plan, also what lies elsewhere.
    pub(crate) sealed: Vec<PathBuf>,
    /// Folders that must not come to be: a parent and a name.
    pub(crate) absent: Vec<(PathBuf, &'static str)>,
    /// What may not be read.
    pub(crate) hidden: Vec<Hidden>,
    /// Files that must not come to be and nothing can be put in place of: taken away afterwards.
    pub(crate) unwanted: Vec<PathBuf>,
    /// Whether nothing is there but what may be written and what is read only.
    pub(crate) is_closed: bool,
    /// Links that are there besides: where, and what they say.
    pub(crate) links: Vec<(PathBuf, PathBuf)>,
    /// What cannot be made to hold here, in words.
    pub(crate) gaps: Vec<String>,
}

/// Something that may not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hidden {
    pub(crate) path: PathBuf,
    pub(crate) look: Look,
}

/// What is seen in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// A folder that cannot be entered.
    ClosedFolder,
    /// A file that cannot be opened.
    ClosedFile,
    /// An empty file.
    EmptyFile,
}

/// What a plan is made from.
pub(crate) struct Site<'a> {
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) workspace: &'a Path,
    pub(crate) temp: &'a Path,
    /// Whether the gate finds a path sensitive.
    pub(crate) is_sensitive: &'a dyn Fn(&FilePath) -> bool,
}

impl Plan {
    /// The plan for one command.
    pub(crate) fn new(site: &Site<'_>) -> Self {
        let mut plan = Self {
            workspace: site.workspace.to_owned(),
            temp: site.temp.to_owned(),
            writable: vec![site.workspace.to_owned(), site.temp.to_owned()],
            ..Self::default()
        };
        if site.workspace.parent().is_none() {
            plan.gaps
                .push("the workspace is the whole file system".to_owned());
        }
        for path in &site.sandbox.writable {
            plan.writable.extend(path.canonicalize().ok());
        }
        plan.secrets_in(site.workspace, site.is_sensitive);
        plan.planted(site.workspace);
        plan.home(site);
        for path in &site.sandbox.own {
            plan.hide(path, Look::ClosedFolder);
        }
        for path in SYSTEM_SECRETS {
            plan.hide(Path::new(path), Look::ClosedFile);
        }
        plan.named_secrets(site);
        plan.pin_ways();
        plan
    }

    /// What must stay where it is stays only if the folders on the way to it do: else one of them is moved aside
    /// and made anew.
    fn pin_ways(&mut self) {
        let absent = self.absent.iter().map(|(parent, name)| parent.join(name));
        let kept: Vec<PathBuf> = self.sealed.iter().cloned().chain(absent).collect();
        for path in kept {
            for folder in path.ancestors().skip(1) {
                let is_fixed = self
                    .writable
                    .iter()
                    .chain(&self.sealed)
                    .any(|it| it == folder);
                let is_within = self.writable.iter().any(|root| folder.starts_with(root));
                if is_fixed || !is_within {
                    break;
                }
                if !self.pinned.iter().any(|it| it == folder) {
                    self.pinned.push(folder.to_owned());
                }
            }
        }
    }

    /// Sensitive files and folders that are in a workspace now.
    fn secrets_in(&mut self, workspace: &Path, is_sensitive: &dyn Fn(&FilePath) -> bool) {
        let mut folders = VecDeque::from([PathBuf::new()]);
        let mut room = LOOKED_AT_MAX;
        while let Some(folder) = folders.pop_front() {
            let Ok(entries) = fs::read_dir(workspace.join(&folder)) else {
                continue;
            };
            for entry in entries.filter_map(Result::ok) {
                if room == 0 {
                    return;
                }
                room -= 1;
                let name = entry.file_name();
                let relative = folder.join(&name);
                let Ok(kind) = entry.file_type() else {
                    continue;
                };
                let text = relative.to_string_lossy().into_owned();
                let is_own_git = relative.starts_with(".git");
                if !is_own_git && is_sensitive(&FilePath::Workspace(text)) {
                    self.hide_entry(&entry.path());
                } else if kind.is_dir() && !PASSED_OVER.iter().any(|it| name == *it) {
                    folders.push_back(relative);
                }
            }
        }
    }

    /// What runs later, outside, if it is planted in a workspace.
    fn planted(&mut self, workspace: &Path) {
        for name in PLANTED {
            let path = workspace.join(name);
            if is_free(&path) {
                self.absent.push((workspace.to_owned(), name));
                continue;
            }
            match fs::symlink_metadata(&path) {
                Err(_) => self.absent.push((workspace.to_owned(), name)),
                Ok(meta) if meta.is_symlink() => self
                    .gaps
                    .push(format!("`{name}` is a link, which a command could replace")),
                Ok(_) if name == ".git" => self.repository(&git::repository(workspace)),
                Ok(_) => self.sealed.push(path),
            }
        }
        for name in PLANTED_IF_THERE {
            let path = workspace.join(name);
            if fs::symlink_metadata(&path).is_ok_and(|meta| !meta.is_symlink()) {
                self.sealed.push(path);
            }
        }
    }

    fn repository(&mut self, repository: &Repository) {
        self.writable.extend(repository.writable.iter().cloned());
        self.sealed.extend(repository.sealed.iter().cloned());
        self.absent.extend(repository.absent.iter().cloned());
        self.unwanted.extend(repository.unwanted.iter().cloned());
        self.gaps.extend(repository.gaps.iter().cloned());
    }

    fn home(&mut self, site: &Site<'_>) {
        self.other_homes(site);
        let Some(home) = site
            .sandbox
            .home
            .as_ref()
            .and_then(|it| it.canonicalize().ok())
        else {
            return;
        };
        self.secrets_of(&home);
        let Ok(entries) = fs::read_dir(&home) else {
            return;
        };
        let names: Vec<PathBuf> = entries.filter_map(Result::ok).map(|it| it.path()).collect();
        for path in &names {
            let is_git = path.file_name().is_some_and(|name| name == ".gitconfig");
            let outside = FilePath::Outside(path.to_string_lossy().into_owned());
            if !is_git && (site.is_sensitive)(&outside) {
                self.hide_entry(path);
            }
        }
        if home.starts_with(site.workspace) {
            self.home_in_workspace(&home, &names);
        }
    }

    fn secrets_of(&mut self, home: &Path) {
        for name in HOME_SECRETS {
            let path = home.join(name);
            let look = match fs::metadata(&path) {
                Ok(meta) if meta.is_dir() => Look::ClosedFolder,
                Ok(_) => look_of(&path),
                Err(_) => continue,
            };
            self.hide(&path, look);
        }
    }

    /// The superuser could look into all of them.
    fn other_homes(&mut self, site: &Site<'_>) {
        let homes = fs::read_dir("/home").into_iter().flatten();
        let homes = homes.filter_map(Result::ok).map(|home| home.path());
        for home in homes.take(OTHER_HOMES_MAX).chain([PathBuf::from("/root")]) {
            if site.sandbox.home.as_ref() != Some(&home) {
                self.secrets_of(&home);
            }
        }
    }

    /// Start files must not come to be in a home, so in one that may be written nothing new may, at its top.
    fn home_in_workspace(&mut self, home: &Path, entries: &[PathBuf]) {
        self.sealed.push(home.to_owned());
        let is_named = |path: &Path| {
            path.file_name().is_some_and(|name| {
                let name = name.to_string_lossy();
                name == ".gitconfig"
                    || PLANTED.contains(&&*name)
                    || PLANTED_IF_THERE.contains(&&*name)
            })
        };
        let is_closed = |path: &Path| self.hidden.iter().any(|it| it.path == path);
        let open: Vec<PathBuf> = entries
            .iter()
            .filter(|path| !is_named(path) && !is_closed(path))
            .filter(|path| fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_symlink()))
            .take(HOME_ENTRIES_MAX)
            .cloned()
            .collect();
        self.writable.extend(open);
        // Nothing can be made in it, so nothing needs to stand in the place of what is absent.
        self.absent.retain(|(parent, _)| parent != home);
    }

    /// Entries of `sensitive_paths` that name one place. Patterns count where the workspace and the home are
    /// looked through, and as far as the folder before the pattern.
    fn named_secrets(&mut self, site: &Site<'_>) {
        for text in &site.sandbox.sensitive {
            let text = text.trim().trim_end_matches('/');
            if text.is_empty() || !text.contains('/') || text.contains(['*', '?', '[', '{']) {
                continue;
            }
            let path = match (text.strip_prefix("~/"), &site.sandbox.home) {
                (Some(rest), Some(home)) => home.join(rest),
                _ => site.workspace.join(text),
            };
            self.hide_entry(&path);
        }
    }

    fn hide_entry(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => self.hide(path, Look::ClosedFolder),
            Ok(_) => self.hide(path, look_of(path)),
            // A link that leads nowhere, or gone meanwhile.
            Err(_) => {}
        }
    }

    fn hide(&mut self, path: &Path, look: Look) {
        let Ok(path) = path.canonicalize() else {
            return;
        };
        // A link may lead to anything; what everybody needs is no secret.
        let is_shared = [
            "/usr", "/bin", "/lib", "/lib64", "/dev", "/proc", "/sys", "/nix",
        ]
        .iter()
        .any(|shared| path.starts_with(shared));
        let is_needed = self.workspace.starts_with(&path) && self.workspace != path;
        if is_shared || self.workspace == path || self.hidden.iter().any(|it| it.path == path) {
            return;
        }
        // A closed folder around the workspace stays closed around it.
        let look = if is_needed { Look::ClosedFolder } else { look };
        self.hidden.push(Hidden { path, look });
    }
}

fn look_of(path: &Path) -> Look {
    let is_shown_empty = path
        .file_name()
        .is_some_and(|name| SHOWN_EMPTY.iter().any(|it| name == *it));
    if is_shown_empty {
        Look::EmptyFile
    } else {
        Look::ClosedFile
    }
}
