//! What a program is made of, found from where it lies: the links to it, its installation, its packages, and its
//! interpreter with the same. What the system has is left out: that is open anyway.

use super::system;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

/// Files that are looked at: a program, its links, its interpreters.
const FILES_MAX: usize = 32;
/// Bytes of a program's beginning that are read.
const BEGINNING: u64 = 512;
/// Bytes of a Python environment's settings that are read.
const SETTINGS_MAX: u64 = 16 << 10;
/// A folder is opened as a whole if it lies at least this deep: `/srv/server` is three.
const DEPTH: usize = 3;
/// Folders of programs, beside which an installation has the rest of it.
const PROGRAMS: [&str; 2] = ["bin", "sbin"];
/// Stand-ins for programs, which look for the real ones beside themselves.
const STANDINS: &str = "shims";
/// One of these is beside the programs of an installation.
const REST: [&str; 6] = ["lib", "lib64", "libexec", "lib32", "tools", "conda-meta"];
/// In a home: shared by all that a person uses.
const SHARED: [&str; 3] = [".local", ".config", ".cache"];

/// What a program needs to be open besides the system. `search` is a `PATH`, for interpreters that are named only.
pub(crate) fn toolchain(program: &Path, search: &str, home: Option<&Path>) -> Vec<PathBuf> {
    let home = home.map(|home| home.canonicalize().unwrap_or_else(|_| home.to_owned()));
    let mut parts = Parts {
        home,
        files: VecDeque::from([program.to_owned()]),
        seen: Vec::new(),
        found: Vec::new(),
    };
    while let Some(file) = parts.files.pop_front() {
        if parts.seen.len() < FILES_MAX && file.is_absolute() && !parts.seen.contains(&file) {
            parts.seen.push(file.clone());
            parts.file(&file, search);
        }
    }
    parts.found
}

struct Parts {
    home: Option<PathBuf>,
    files: VecDeque<PathBuf>,
    seen: Vec<PathBuf>,
    found: Vec<PathBuf>,
}

impl Parts {
    fn file(&mut self, file: &Path, search: &str) {
        let Some(folder) = file.parent().and_then(|it| it.canonicalize().ok()) else {
            return;
        };
        let real = folder.join(file.file_name().unwrap_or_default());
        if real.is_dir() {
            return;
        }
        // As it is named, too: the way there may be a link from elsewhere.
        let is_plain = !file.components().any(|part| part == Component::ParentDir);
        if is_plain && !system::holds(file) {
            self.add(file.to_owned());
        }
        if !system::holds(&real) {
            self.add(real.clone());
            self.around(&folder);
        }
        // What a link leads to is a program like any other.
        match fs::read_link(&real) {
            Ok(target) => self.files.push_back(folder.join(target)),
            Err(_) => self.files.extend(interpreters(&real, search)),
        }
    }

    /// What belongs to the programs in a folder.
    fn around(&mut self, folder: &Path) {
        self.add_folder(folder);
        if let Some(name) = folder.strip_prefix("/opt").ok().and_then(first) {
            self.add(Path::new("/opt").join(name));
        }
        let name = folder.file_name().unwrap_or_default();
        let above = folder.parent().filter(|above| !self.is_shared(above));
        if let Some(above) = above {
            // A person's project may look like one.
            let is_project = above.join(".git").exists();
            let is_whole = !is_project && REST.iter().any(|rest| above.join(rest).is_dir());
            let is_programs = PROGRAMS.iter().any(|programs| name == *programs);
            if name == STANDINS || (is_programs && is_whole) {
                self.add_folder(above);
            }
        }
        for ancestor in folder.ancestors() {
            if ancestor.file_name().is_some_and(|it| it == "node_modules") {
                self.add_folder(ancestor);
            }
            let settings = ancestor.join("pyvenv.cfg");
            if settings.is_file() {
                self.add_folder(ancestor);
                // The folder of the interpreter that the environment was made with.
                if let Some(of) = python_home(&settings) {
                    self.files.push_back(of.join("python3"));
                }
            }
        }
    }

    fn add_folder(&mut self, folder: &Path) {
        if self.may_open(folder) {
            self.add(folder.to_owned());
        }
    }

    fn add(&mut self, path: PathBuf) {
        if !self.found.contains(&path) {
            self.found.push(path);
        }
    }

    /// Never a whole home, what homes lie in, or a folder at the top.
    fn may_open(&self, folder: &Path) -> bool {
        let depth = folder.components().count();
        let is_home = folder.starts_with("/home") && depth <= DEPTH;
        let is_around = self.home.as_ref().is_some_and(|it| it.starts_with(folder));
        depth >= DEPTH && !is_home && !is_around && !self.is_shared(folder)
    }

    /// Whether a folder is one of a home's that everything shares.
    fn is_shared(&self, folder: &Path) -> bool {
        let is_named = SHARED.iter().any(|name| folder.ends_with(name));
        let is_in = |home: &Path| folder.parent() == Some(home);
        is_named
            && (self.home.as_deref().is_some_and(is_in)
                || is_in(Path::new("/root"))
                || folder.parent().and_then(Path::parent) == Some(Path::new("/home")))
    }
}

fn first(path: &Path) -> Option<&std::ffi::OsStr> {
    path.iter().next()
}

/// What a script says it is run by.
pub(crate) fn interpreters(script: &Path, search: &str) -> Vec<PathBuf> {
    let mut text = Vec::new();
    let read = File::open(script).and_then(|file| file.take(BEGINNING).read_to_end(&mut text));
    if read.is_err() || !text.starts_with(b"#!") {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&text);
    let mut lines = text[2..].lines();
    let mut words = lines.next().unwrap_or_default().split_whitespace();
    let Some(named) = words.next().map(PathBuf::from) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if named.ends_with("env") {
        let mut words = words.filter(|word| !word.starts_with('-') && !word.contains('='));
        found.extend(words.next().and_then(|name| search_for(name, search)));
    }
    // Where the path of an interpreter is too long for a first line, a shell is told it in the second.
    let second = lines.next().and_then(|line| line.strip_prefix("'''exec' "));
    let second = second.and_then(|rest| match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split_whitespace().next(),
    });
    found.extend(second.map(PathBuf::from));
    found.push(named);
    found
}

fn search_for(name: &str, search: &str) -> Option<PathBuf> {
    if name.starts_with('/') {
        return Some(PathBuf::from(name));
    }
    let folders = search.split(':').filter(|folder| folder.starts_with('/'));
    let mut paths = folders.map(|folder| Path::new(folder).join(name));
    paths.find(|path| path.is_file())
}

fn python_home(settings: &Path) -> Option<PathBuf> {
    let mut text = String::new();
    let file = File::open(settings).ok()?;
    file.take(SETTINGS_MAX).read_to_string(&mut text).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once('='));
    let (_, home) = lines.find(|(name, _)| name.trim() == "home")?;
    Some(PathBuf::from(home.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    struct Home(TempDir);

    impl Home {
        fn new() -> Self {
            Self(TempDir::new().unwrap())
        }

        fn at(&self, name: &str) -> PathBuf {
            self.0.path().canonicalize().unwrap().join(name)
        }

        fn file(&self, name: &str, content: &str) -> PathBuf {
            let path = self.at(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            path
        }

        fn link(&self, name: &str, target: &str) {
            let path = self.at(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            symlink(target, path).unwrap();
        }

        /// What is open, seen from the home.
        #[track_caller]
        fn check(&self, program: &str, search: &[&str], expected: &[&str]) {
            let search: Vec<String> = search
                .iter()
                .map(|it| self.at(it).display().to_string())
                .collect();
            let mut found = toolchain(&self.at(program), &search.join(":"), Some(&self.at("")));
            found.sort();
            let mut expected: Vec<PathBuf> = expected.iter().map(|it| self.at(it)).collect();
            expected.sort();
            assert_eq!(found, expected, "{program}");
        }
    }

    #[test]
    fn of_the_system_nothing_is_named() {
        assert_eq!(
            toolchain(Path::new("/bin/sh"), "", None),
            Vec::<PathBuf>::new()
        );
    }

    #[test]
    fn a_link_from_a_home_into_the_system_is_named() {
        let home = Home::new();
        home.link("profile", "/usr/bin");
        home.check("profile/env", &[], &["profile/env"]);
    }

    #[test]
    fn a_program_in_a_home_opens_its_folder_and_never_the_home() {
        let home = Home::new();
        home.file("server", "\x7fELF");
        home.file("bin/server", "\x7fELF");
        home.file(".local/bin/server", "\x7fELF");
        fs::create_dir_all(home.at(".local/lib")).unwrap();
        fs::create_dir_all(home.at("lib")).unwrap();
        home.check("server", &[], &["server"]);
        home.check("bin/server", &[], &["bin", "bin/server"]);
        home.check(
            ".local/bin/server",
            &[],
            &[".local/bin", ".local/bin/server"],
        );
    }

    #[test]
    fn a_version_of_node_is_open_as_a_whole() {
        let home = Home::new();
        let version = ".nvm/versions/node/v20";
        home.file(&format!("{version}/bin/node"), "\x7fELF");
        let script = format!("{version}/lib/node_modules/npm/bin/npx-cli.js");
        home.file(&script, "#!/usr/bin/env node\n");
        home.link(
            &format!("{version}/bin/npx"),
            "../lib/node_modules/npm/bin/npx-cli.js",
        );
        let bin = format!("{version}/bin");
        let at = |name: &str| format!("{version}/{name}");
        home.check(
            &at("bin/npx"),
            &[&bin],
            &[
                version,
                &bin,
                &at("bin/npx"),
                &at("bin/node"),
                &script,
                &at("lib/node_modules"),
                &at("lib/node_modules/npm/bin"),
            ],
        );
    }

    #[test]
    fn a_tool_of_python_opens_its_environment_and_what_that_was_made_with() {
        let home = Home::new();
        let tool = ".local/share/uv/tools/fetch";
        let python = ".local/share/uv/python/cpython-3.12";
        let at = |name: &str| home.at(name).display().to_string();
        home.file(
            &format!("{tool}/pyvenv.cfg"),
            &format!("home = {}\n", at(&format!("{python}/bin"))),
        );
        home.file(
            &format!("{tool}/bin/fetch"),
            &format!(
                "#!/bin/sh\n'''exec' \"{}\" \"$0\" \"$@\"\n",
                at(&format!("{tool}/bin/python"))
            ),
        );
        home.link(
            &format!("{tool}/bin/python"),
            &at(&format!("{python}/bin/python3")),
        );
        home.file(&format!("{python}/bin/python3"), "\x7fELF");
        fs::create_dir_all(home.at(&format!("{python}/lib"))).unwrap();
        home.link(".local/bin/fetch", &at(&format!("{tool}/bin/fetch")));
        home.check(
            ".local/bin/fetch",
            &[],
            &[
                ".local/bin",
                ".local/bin/fetch",
                tool,
                &format!("{tool}/bin"),
                &format!("{tool}/bin/fetch"),
                &format!("{tool}/bin/python"),
                python,
                &format!("{python}/bin"),
                &format!("{python}/bin/python3"),
            ],
        );
    }

    #[test]
    fn a_stand_in_opens_the_real_ones() {
        let home = Home::new();
        home.file(".pyenv/shims/python3", "#!/usr/bin/env bash\n");
        home.check(
            ".pyenv/shims/python3",
            &[],
            &[".pyenv", ".pyenv/shims", ".pyenv/shims/python3"],
        );
    }
}
