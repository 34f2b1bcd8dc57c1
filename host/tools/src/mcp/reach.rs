//! What a server's program is, and what is open to it, by the paths that things really have: what a person approves,
//! and what each start is compared with. Looks at the file system, changes nothing.

use super::spec::StdioSpec;
use crate::confine::{self, Network, Plan, Sandbox, SandboxMode, ServerSite, Shell};
use anteroom_api::{McpPath, McpPathKind, McpReach};
use anteroom_gate::HOME_SECRETS;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A folder that an argument names is given if it lies at least this deep: `/home/somebody` is three.
const FOLDER_DEPTH: usize = 4;
/// A script may be run by a script; the kernel follows no more.
const INTERPRETERS_MAX: usize = 4;
/// Of Anteroom's own folder: what was installed, of which programs may be a part.
const INSTALLED: &str = "bundles";
/// Programs whose first argument is a script, without numbers of a version.
const RUN_SCRIPTS: [&str; 16] = [
    "node", "nodejs", "deno", "bun", "tsx", "ts-node", "python", "pypy", "ruby", "perl", "php",
    "java", "dotnet", "sh", "bash", "zsh",
];
/// What such a program may be told first.
const RUN: &str = "run";

/// What the program of a server is and reaches now.
///
/// # Errors
/// Why it cannot be started as it is described, in words.
pub(crate) fn of(spec: &StdioSpec, shell: &Shell) -> Result<McpReach, String> {
    let sandbox = sandbox(spec, shell);
    let search = search(spec, shell);
    let mut look = Look {
        closed: closed(&sandbox),
        own: real(&spec.folder).unwrap_or_else(|| spec.folder.clone()),
        paths: Vec::new(),
    };
    let program = find(&spec.command, shell)?;
    look.add(McpPathKind::Program, &program, false)?;
    for interpreter in interpreters(&program, &search) {
        look.add(McpPathKind::Interpreter, &interpreter, false)?;
    }
    let script = script(&program, &spec.args);
    if let Some(script) = script {
        look.add(McpPathKind::Script, script, false)?;
    }
    for folder in &spec.folders {
        look.add(McpPathKind::Folder, &folder.path, folder.is_writable)?;
    }
    for argument in spec.args.iter().map(Path::new) {
        if Some(argument) != script {
            look.argument(argument)?;
        }
    }
    for part in std::iter::once(program.as_path()).chain(script) {
        for path in confine::toolchain(part, &search, sandbox.home.as_deref()) {
            look.beside(&path)?;
        }
    }
    Ok(McpReach {
        missing: missing(spec, &sandbox),
        paths: look.paths,
    })
}

/// The same line by line.
#[must_use]
pub fn reach_lines(reach: &McpReach) -> Vec<String> {
    let line = |path: &McpPath| {
        let what = path.word();
        match &path.real {
            Some(real) if *real == path.path => format!("{what} {real}"),
            Some(real) => format!("{what} {} -> {real}", path.path),
            None => format!("{what} {}, which is not there", path.path),
        }
    };
    let missing = reach.missing.iter().map(|wall| format!("missing: {wall}"));
    reach.paths.iter().map(line).chain(missing).collect()
}

/// What one list of lines says otherwise than another, the older first.
#[must_use]
pub fn reach_differences(before: &[String], now: &[String]) -> Vec<String> {
    let gone = before.iter().filter(|line| !now.contains(line));
    let new = now.iter().filter(|line| !before.contains(line));
    let gone = gone.map(|line| format!("- {line}"));
    gone.chain(new.map(|line| format!("+ {line}"))).collect()
}

/// What is open to a program, as the plan for it asks: what may be read with secrets covered, what of it is needed
/// as it is, what may be written.
pub(super) struct Open {
    pub(super) readable: Vec<PathBuf>,
    pub(super) needed: Vec<PathBuf>,
    pub(super) writable: Vec<PathBuf>,
}

impl Open {
    pub(super) fn of(reach: &McpReach) -> Self {
        let mut open = Self {
            readable: Vec::new(),
            needed: Vec::new(),
            writable: Vec::new(),
        };
        let is_part = |path: &McpPath| {
            matches!(
                path.what,
                McpPathKind::Program | McpPathKind::Interpreter | McpPathKind::Script
            )
        };
        // The folders that program and script lie in are people's: what is secret in them stays covered.
        let parts = reach.paths.iter().filter(|path| is_part(path));
        let parts = parts.flat_map(|path| [Some(&path.path), path.real.as_ref()]);
        let around: Vec<PathBuf> = parts
            .flatten()
            .filter_map(|path| Path::new(path).parent().and_then(real))
            .collect();
        for path in reach.paths.iter().filter(|path| path.real.is_some()) {
            let here = PathBuf::from(&path.path);
            let is_around = real(&here).is_some_and(|real| around.contains(&real));
            if path.is_writable {
                open.writable.push(here);
            } else if is_part(path) || (path.what == McpPathKind::Beside && !is_around) {
                open.needed.push(here);
            } else {
                open.readable.push(here);
            }
        }
        open
    }
}

struct Look {
    /// What no entry opens, and why.
    closed: Vec<(PathBuf, &'static str)>,
    /// The server's own folder.
    own: PathBuf,
    paths: Vec<McpPath>,
}

impl Look {
    fn add(&mut self, what: McpPathKind, path: &Path, is_writable: bool) -> Result<(), String> {
        let real = real(path);
        if let Some(real) = &real {
            self.check(path, real)?;
        }
        let found = McpPath {
            what,
            path: shown(path)?,
            real: real.as_deref().map(shown).transpose()?,
            is_writable,
        };
        if !self.paths.contains(&found) {
            self.paths.push(found);
        }
        Ok(())
    }

    /// What another argument names: a file by itself, a folder, unless that is a home or lies at the top.
    fn argument(&mut self, path: &Path) -> Result<(), String> {
        let Some(real) = real(path).filter(|_| path.is_absolute()) else {
            return Ok(());
        };
        // Whoever names a secret hears that it is none of a server's.
        self.check(path, &real)?;
        let is_shallow = real.is_dir() && real.components().count() < FOLDER_DEPTH;
        if is_shallow || self.is_open(&real) {
            return Ok(());
        }
        self.add(McpPathKind::Argument, path, false)
    }

    fn beside(&mut self, path: &Path) -> Result<(), String> {
        let Some(real) = real(path) else {
            return Ok(());
        };
        let is_known = self
            .paths
            .iter()
            .any(|known| Path::new(&known.path) == path);
        let is_plain = real == path && self.is_open(&real);
        if is_known || is_plain || self.check(path, &real).is_err() {
            return Ok(());
        }
        self.add(McpPathKind::Beside, path, false)
    }

    /// Whether it is open with a folder that it lies in.
    fn is_open(&self, path: &Path) -> bool {
        let open = self.paths.iter().filter_map(|known| known.real.as_ref());
        let mut open = open.map(Path::new).filter(|known| known.is_dir());
        path.starts_with(&self.own) || open.any(|known| path.starts_with(known))
    }

    fn check(&self, path: &Path, real: &Path) -> Result<(), String> {
        let mut closed = self.closed.iter();
        let found = closed.find(|(closed, _)| real.starts_with(closed));
        match found {
            Some((_, why)) if !real.starts_with(&self.own) => Err(format!(
                "`{}` {why}, and no server is given anything there",
                path.display()
            )),
            _ => Ok(()),
        }
    }
}

/// What is never opened, whatever names it.
fn closed(sandbox: &Sandbox) -> Vec<(PathBuf, &'static str)> {
    let others = fs::read_dir("/home").into_iter().flatten();
    let others = others.filter_map(Result::ok).map(|entry| entry.path());
    let homes = sandbox.home.iter().cloned().chain(others);
    let mut closed = Vec::new();
    for home in homes.chain([PathBuf::from("/root")]) {
        for name in HOME_SECRETS {
            let path = home.join(name);
            closed
                .extend(real(&path).map(|real| (real, "lies where secrets of a person are kept")));
        }
    }
    for own in sandbox.own.iter().filter_map(|own| real(own)) {
        let entries = fs::read_dir(&own).into_iter().flatten().flatten();
        let entries = entries.filter(|entry| entry.file_name() != INSTALLED);
        let why = "lies in a folder of Anteroom itself";
        closed.extend(entries.map(|entry| (entry.path(), why)));
    }
    closed
}

/// What the user wants of the sandbox, with the network that this server has.
pub(super) fn sandbox(spec: &StdioSpec, shell: &Shell) -> Sandbox {
    let user = shell.sandbox();
    Sandbox {
        network: if spec.network {
            Network::On
        } else {
            Network::Off
        },
        writable: Vec::new(),
        ..Sandbox::clone(&user)
    }
}

/// What does not hold around this program here.
fn missing(spec: &StdioSpec, sandbox: &Sandbox) -> Vec<String> {
    // What is switched off is the sandbox of the user's commands; a server has its own all the same.
    let asked = Sandbox {
        mode: match sandbox.mode {
            SandboxMode::Off => SandboxMode::Auto,
            mode => mode,
        },
        ..sandbox.clone()
    };
    let mut missing = confine::walls(&asked).missing();
    let writable = spec.folders.iter().filter(|folder| folder.is_writable);
    let writable: Vec<PathBuf> = writable.map(|folder| folder.path.clone()).collect();
    // Gaps come from what may be written.
    let plan = Plan::of_server(&ServerSite {
        sandbox: &asked,
        folder: &spec.folder,
        temp: &spec.folder,
        readable: &[],
        needed: &[],
        writable: &writable,
        is_sensitive: &|_, _| false,
    });
    missing.extend(plan.gaps);
    missing
}

/// Where programs are looked for.
pub(super) fn search(spec: &StdioSpec, shell: &Shell) -> String {
    let own = spec.env.get("PATH");
    own.cloned().unwrap_or_else(|| host_search(shell))
}

fn host_search(shell: &Shell) -> String {
    let path = shell.environment.iter().find(|(name, _)| name == "PATH");
    path.map(|(_, path)| path.clone()).unwrap_or_default()
}

/// A path, or the first program of this name in `PATH`.
pub(super) fn find(command: &str, shell: &Shell) -> Result<PathBuf, String> {
    if command.contains('/') {
        let path = Path::new(command);
        if !path.is_absolute() {
            return Err(format!(
                "`{command}` is neither a name nor an absolute path"
            ));
        }
        return if is_program(path) {
            Ok(path.to_owned())
        } else {
            Err(format!("there is no program `{command}`"))
        };
    }
    in_path(command, &host_search(shell))
        .ok_or_else(|| format!("there is no program `{command}` in `PATH`"))
}

fn in_path(name: &str, search: &str) -> Option<PathBuf> {
    let folders = search.split(':').filter(|folder| folder.starts_with('/'));
    let mut paths = folders.map(|folder| Path::new(folder).join(name));
    paths.find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// What runs a program, and what runs that.
fn interpreters(program: &Path, search: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut file = real(program);
    while let Some(script) = file.take().filter(|_| found.len() < INTERPRETERS_MAX) {
        for interpreter in confine::interpreters(&script, search) {
            if interpreter.is_file() && !found.contains(&interpreter) {
                file = file.or_else(|| real(&interpreter));
                found.push(interpreter);
            }
        }
    }
    found
}

/// The argument that is what the program runs.
fn script<'a>(program: &Path, arguments: &'a [String]) -> Option<&'a Path> {
    let is_version = |sign: char| sign.is_ascii_digit() || sign == '.';
    let runs = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        RUN_SCRIPTS.contains(&name.trim_end_matches(is_version))
    };
    if !runs(program) && !real(program).is_some_and(|real| runs(&real)) {
        return None;
    }
    let mut words = arguments.iter().filter(|word| !word.starts_with('-'));
    let first = words.find(|word| *word != RUN).map(Path::new);
    first.filter(|path| path.is_absolute() && path.is_file())
}

fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

/// Two paths must not look alike.
fn shown(path: &Path) -> Result<String, String> {
    let text = path.to_str().map(ToOwned::to_owned);
    text.ok_or_else(|| format!("`{}` has a name that cannot be shown", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::ServerFolder;
    use std::collections::BTreeMap;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    struct Home {
        folder: TempDir,
        shell: Shell,
    }

    impl Home {
        fn new() -> Self {
            let folder = TempDir::new().unwrap();
            let path = ("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned());
            let shell = Shell::new(&BTreeMap::from([path]));
            let home = Self { folder, shell };
            let sandbox = Sandbox {
                home: Some(home.at("ada")),
                own: vec![home.at("ada/.anteroom")],
                ..Sandbox::default()
            };
            home.shell.confine(sandbox);
            for name in [
                "ada/.ssh/id",
                "ada/.anteroom/key",
                "ada/notes/a",
                "ada/notes/.env",
                "ada/tools/run",
            ] {
                let path = home.at(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "x").unwrap();
            }
            home
        }

        fn at(&self, name: &str) -> PathBuf {
            self.folder.path().canonicalize().unwrap().join(name)
        }

        fn text(&self, name: &str) -> String {
            self.at(name).display().to_string()
        }

        fn spec(&self, command: &str, args: &[&str], folders: &[&str]) -> StdioSpec {
            StdioSpec {
                command: command.to_owned(),
                args: args.iter().map(|arg| self.text(arg)).collect(),
                env: BTreeMap::new(),
                folder: self.at("ada/.anteroom/servers/one"),
                folders: folders
                    .iter()
                    .map(|folder| ServerFolder {
                        path: self.at(folder),
                        is_writable: true,
                    })
                    .collect(),
                network: false,
            }
        }

        fn look(&self, spec: &StdioSpec) -> Result<Vec<String>, String> {
            let reach = of(spec, &self.shell)?;
            let kept = |path: &McpPath| path.path.starts_with(&self.text(""));
            let paths = reach.paths.into_iter().filter(kept).collect();
            let lines = reach_lines(&McpReach {
                paths,
                missing: Vec::new(),
            });
            let lines = lines.into_iter();
            Ok(lines.map(|it| it.replace(&self.text(""), "")).collect())
        }
    }

    #[test]
    fn an_argument_that_names_a_file_opens_that_file_alone() {
        let home = Home::new();
        let lines = home.look(&home.spec("cat", &["ada/notes/a"], &[]));
        assert_eq!(lines.unwrap(), ["reads ada/notes/a"]);
        let lines = home.look(&home.spec("cat", &["ada/notes"], &[]));
        assert_eq!(lines.unwrap(), ["reads ada/notes"]);
        // What lies in a folder that was given is given with it, and what is secret there stays covered.
        let lines = home.look(&home.spec("cat", &["ada/notes/.env"], &["ada/notes"]));
        assert_eq!(lines.unwrap(), ["writes ada/notes"]);
    }

    #[test]
    fn a_script_brings_its_own_folder_with_secrets_covered() {
        let home = Home::new();
        let spec = home.spec("sh", &["ada/tools/run", "ada/notes/a"], &[]);
        let lines = home.look(&spec).unwrap();
        let expected = [
            "script ada/tools/run",
            "reads ada/notes/a",
            "reads ada/tools",
        ];
        assert_eq!(lines, expected);
        let open = Open::of(&of(&spec, &home.shell).unwrap());
        assert!(open.readable.contains(&home.at("ada/tools")));
        assert!(!open.needed.contains(&home.at("ada/tools")));
        assert_eq!(open.writable, Vec::<PathBuf>::new());
    }

    #[test]
    fn where_a_link_leads_is_what_is_named() {
        let home = Home::new();
        symlink(home.at("ada/notes"), home.at("ada/link")).unwrap();
        let spec = home.spec("cat", &[], &["ada/link"]);
        assert_eq!(home.look(&spec).unwrap(), ["writes ada/link -> ada/notes"]);
        let before = of(&spec, &home.shell).unwrap();
        fs::remove_file(home.at("ada/link")).unwrap();
        symlink(home.at("ada/tools"), home.at("ada/link")).unwrap();
        let now = of(&spec, &home.shell).unwrap();
        assert_ne!(before, now);
        let differences = reach_differences(&reach_lines(&before), &reach_lines(&now));
        assert_eq!(differences.len(), 2, "{differences:?}");
        assert!(differences[0].starts_with("- writes") && differences[0].ends_with("/notes"));
        assert!(differences[1].starts_with("+ writes") && differences[1].ends_with("/tools"));
        fs::remove_file(home.at("ada/link")).unwrap();
        assert_eq!(
            home.look(&spec).unwrap(),
            ["writes ada/link, which is not there"]
        );
    }

    #[test]
    fn what_holds_secrets_is_given_to_no_server() {
        let home = Home::new();
        symlink(home.at("ada/.ssh"), home.at("ada/keys")).unwrap();
        for name in ["ada/.ssh", "ada/.ssh/id", "ada/keys", "ada/keys/id"] {
            let as_argument = home.look(&home.spec("cat", &[name], &[]));
            let as_folder = home.look(&home.spec("cat", &[], &[name]));
            for refused in [as_argument, as_folder] {
                let words = refused.unwrap_err();
                assert!(words.contains("secrets of a person"), "{name}: {words}");
            }
        }
        let own = home.look(&home.spec("cat", &["ada/.anteroom/key"], &[]));
        assert!(own.unwrap_err().contains("Anteroom itself"));
    }
}
