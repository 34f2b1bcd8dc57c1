//! What of a git repository a command may write, and what must stay as it is because git runs or obeys it later.

use super::linux::is_free;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Bytes of a settings file that are looked at.
const SETTINGS_MAX: usize = 256 << 10;
/// Submodules that are looked at.
const MODULES_MAX: usize = 64;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Repository {
    /// Outside of the workspace, and needed for a commit.
    pub(crate) writable: Vec<PathBuf>,
    pub(crate) sealed: Vec<PathBuf>,
    pub(crate) absent: Vec<(PathBuf, &'static str)>,
    pub(crate) unwanted: Vec<PathBuf>,
    pub(crate) gaps: Vec<String>,
}

/// The repository whose work tree `workspace` is; it has a `.git` that is no link.
pub(crate) fn repository(workspace: &Path) -> Repository {
    let mut found = Repository::default();
    let dot_git = workspace.join(".git");
    if dot_git.is_dir() {
        found.guard(&dot_git, workspace);
        return found;
    }
    // A file that names the real folder: of a work tree or a submodule. It must not name another one.
    found.sealed.push(dot_git.clone());
    if let Some((own, common)) = elsewhere(workspace, &dot_git) {
        found.writable.push(common.clone());
        if !own.starts_with(&common) {
            found.writable.push(own.clone());
        }
        found.guard(&common, workspace);
        if own != common {
            for name in ["commondir", "gitdir", "config.worktree"] {
                found.seal(&own.join(name), name);
            }
        }
    }
    found
}

impl Repository {
    /// Everything in a repository's folder that decides what git runs.
    fn guard(&mut self, git: &Path, workspace: &Path) {
        self.guard_settings(git);
        let settings = read(&git.join("config"));
        for path in named_files(&settings, workspace, git) {
            if path.starts_with(workspace) && path != workspace {
                self.seal(&path, "a path that the repository's settings name");
            }
        }
        // With one of these, git would take other settings than those guarded here.
        for name in ["commondir", "config.worktree"] {
            let path = git.join(name);
            if fs::symlink_metadata(&path).is_ok() {
                self.seal(&path, name);
            } else {
                self.unwanted.push(path);
            }
        }
        let modules = fs::read_dir(git.join("modules")).into_iter().flatten();
        for module in modules.filter_map(Result::ok).take(MODULES_MAX) {
            if module.path().join("HEAD").is_file() {
                self.guard_settings(&module.path());
            }
        }
        let trees = fs::read_dir(git.join("worktrees")).into_iter().flatten();
        for tree in trees.filter_map(Result::ok).take(MODULES_MAX) {
            for name in ["commondir", "gitdir", "config.worktree"] {
                self.seal(&tree.path().join(name), name);
            }
        }
    }

    fn guard_settings(&mut self, git: &Path) {
        let hooks = git.join("hooks");
        if is_free(&hooks) || fs::symlink_metadata(&hooks).is_err() {
            self.absent.push((git.to_owned(), "hooks"));
        } else {
            self.seal(&hooks, ".git/hooks");
        }
        self.seal(&git.join("config"), ".git/config");
    }

    fn seal(&mut self, path: &Path, shown: &str) {
        match fs::symlink_metadata(path) {
            Ok(meta) if meta.is_symlink() => {
                self.gaps.push(format!(
                    "`{shown}` is a link, which a command could replace"
                ));
            }
            Ok(_) => self.sealed.push(path.to_owned()),
            Err(_) => {}
        }
    }
}

/// The folder of this work tree and the one it shares with others, if both agree that they belong together: a
/// `.git` alone could name any folder.
fn elsewhere(workspace: &Path, dot_git: &Path) -> Option<(PathBuf, PathBuf)> {
    let text = read(dot_git);
    let named = text.strip_prefix("gitdir:")?.trim();
    let own = workspace.join(named).canonicalize().ok()?;
    let shared = read(&own.join("commondir"));
    if shared.is_empty() {
        // A submodule: its settings name the work tree.
        let settings = read(&own.join("config"));
        let tree = values(&settings, "worktree").next()?;
        let is_ours = own.join(tree).canonicalize().ok()? == workspace;
        return is_ours.then(|| (own.clone(), own));
    }
    let back = read(&own.join("gitdir"));
    let is_ours = Path::new(back.trim()).canonicalize().ok()? == dot_git.canonicalize().ok()?;
    let common = own.join(shared.trim()).canonicalize().ok()?;
    (is_ours && own.starts_with(&common)).then_some((own, common))
}

/// Files and folders that the settings have git read settings from or run programs from.
fn named_files(settings: &str, workspace: &Path, git: &Path) -> Vec<PathBuf> {
    let hooks = values(settings, "hookspath").map(|value| workspace.join(value));
    let included = values(settings, "path").map(|value| git.join(value));
    hooks.chain(included).map(|path| plain(&path)).collect()
}

/// The values of a name, in whatever section.
fn values<'a>(settings: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    settings.lines().filter_map(move |line| {
        let (found, value) = line.split_once('=')?;
        let is_it = found.trim().eq_ignore_ascii_case(name);
        is_it.then(|| value.trim().trim_matches('"'))
    })
}

/// Without `.` and `..`, by name only.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

fn read(path: &Path) -> String {
    let is_small =
        fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= SETTINGS_MAX as u64);
    if is_small {
        fs::read_to_string(path).unwrap_or_default()
    } else {
        String::new()
    }
}
