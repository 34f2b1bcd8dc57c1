//! Starts the program of a server inside the walls: its own folder, its own environment, what it was given.

use super::spec::StdioSpec;
use crate::confine::{
    self, Group, Network, Order, Plan, Sandbox, SandboxMode, ServerSite, Settled, Shell,
};
use anteroom_gate::{FilePath, Gate, Memory, Place, Policy};
use rustix::fs::{Mode, OFlags};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

/// Passed on from the host's own environment; all else is declared.
const PASSED: [&str; 2] = ["PATH", "LANG"];
/// In the server's folder: its `TMPDIR`.
const TEMP: &str = "tmp";

/// A folder that a command names is given if it lies at least this deep: `/home/somebody` is three.
const FOLDER_DEPTH: usize = 4;

/// A program that was started. Dropping it ends all its processes.
pub(crate) struct Program {
    pub(crate) group: Group,
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

/// Why a program was not started.
pub(crate) enum NotStarted {
    /// It is not what was approved any more, line by line.
    Differs(Vec<String>),
    /// For this reason, in words.
    Words(String),
}

/// Starts it.
///
/// # Errors
/// Why it could not be started, in words.
pub(crate) async fn start(spec: &StdioSpec, shell: &Arc<Shell>) -> Result<Program, String> {
    let started = start_if(spec, shell, None).await;
    started.map_err(|why| match why {
        NotStarted::Words(words) => words,
        NotStarted::Differs(lines) => lines.join("; "),
    })
}

/// Starts a server's program while it is and reaches exactly what was approved.
///
/// # Errors
/// Why it was not started.
pub(super) async fn start_approved(
    spec: &StdioSpec,
    shell: &Arc<Shell>,
    approved: Option<&McpReach>,
) -> Result<Program, NotStarted> {
    let Some(approved) = approved else {
        return Err(NotStarted::Differs(Vec::new()));
    };
    start_if(spec, shell, Some(approved.clone())).await
}

async fn start_if(
    spec: &StdioSpec,
    shell: &Arc<Shell>,
    approved: Option<McpReach>,
) -> Result<Program, NotStarted> {
    let (spec, shell) = (spec.clone(), shell.clone());
    // Reads folders, and waits until the program runs.
    let started = tokio::task::spawn_blocking(move || start_now(&spec, &shell));
    started
        .await
        .map_err(|_| "starting it ended early; this is a bug of the host")?
}

fn start_now(spec: &StdioSpec, shell: &Shell) -> Result<Program, String> {
    let program = find(&spec.command, shell)?;
    let folder = own_folder(&spec.folder).map_err(|error| {
        format!(
            "its folder `{}` cannot be used: {error}",
            spec.folder.display()
        )
    })?;
    let temp = own_folder(&folder.join(TEMP))
        .map_err(|error| format!("its temporary folder cannot be used: {error}"))?;
    let user = shell.sandbox();
    let sandbox = Sandbox {
        network: if spec.network {
            Network::On
        } else {
            Network::Off
        },
        writable: Vec::new(),
        ..Sandbox::clone(&user)
    };
    let search = shell.environment.iter().find(|(name, _)| name == "PATH");
    let search = spec.env.get("PATH").or(search.map(|(_, path)| path));
    let search = search.map_or("", String::as_str);
    let plan = plan(spec, &sandbox, (&folder, &temp), (&program, search));
    let settled = settled(&sandbox, &plan)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let handle = rustix::fs::open(&folder, flags, Mode::empty())
        .map_err(|error| format!("its folder cannot be opened: {error}"))?;
    let environment = environment(spec, shell, &folder);
    let order = Order {
        program: &program,
        arguments: &spec.args,
        environment: &environment,
        folder: &handle,
        temp: &temp,
        has_input: true,
    };
    let started = confine::spawn(&order, &settled, Box::new(|_| ()))
        .map_err(|error| format!("could not start `{}`: {error}", program.display()))?;
    let stdin = started
        .stdin
        .ok_or("the program has no input; this is a bug of the host")?;
    Ok(Program {
        group: started.group,
        stdin,
        stdout: started.stdout,
        stderr: started.stderr,
    })
}

fn settled<'a>(sandbox: &'a Sandbox, plan: &'a Plan) -> Result<Settled<'a>, String> {
    match sandbox.mode {
        // What is switched off is the sandbox of the user's commands; a stranger's program has its own all the same.
        SandboxMode::Off | SandboxMode::Auto => {}
        SandboxMode::Require => {
            let mut missing = confine::walls(sandbox).missing();
            missing.extend(plan.gaps.iter().cloned());
            if !missing.is_empty() {
                return Err(format!(
                    "it was not started, because `safety.sandbox` is `require` and the sandbox is not complete: {}",
                    missing.join("; ")
                ));
            }
        }
    }
    Ok(Settled::Walled { plan, sandbox })
}

fn plan(
    spec: &StdioSpec,
    sandbox: &Sandbox,
    (folder, temp): (&Path, &Path),
    (program, search): (&Path, &str),
) -> Plan {
    let is_writable = |wanted: bool| {
        let folders = spec.folders.iter();
        let folders = folders.filter(move |it| it.is_writable == wanted);
        folders.map(|it| it.path.clone()).collect::<Vec<_>>()
    };
    let arguments = spec.args.iter().map(Path::new);
    let mut needed: Vec<PathBuf> = arguments.flat_map(surroundings).collect();
    needed.extend(confine::toolchain(program, search, sandbox.home.as_deref()));
    // One for each folder: making one takes longer than asking it.
    let gates: RefCell<BTreeMap<PathBuf, Option<Gate>>> = RefCell::default();
    let is_sensitive = |workspace: &Path, path: &FilePath| {
        let mut gates = gates.borrow_mut();
        let gate = gates
            .entry(workspace.to_owned())
            .or_insert_with(|| gate(sandbox, workspace));
        // What cannot be judged is not shown.
        gate.as_ref().is_none_or(|gate| gate.is_sensitive(path))
    };
    Plan::of_server(&ServerSite {
        sandbox,
        folder,
        temp,
        readable: &is_writable(false),
        needed: &needed,
        writable: &is_writable(true),
        is_sensitive: &is_sensitive,
    })
}

/// Knows what is sensitive in a folder.
fn gate(sandbox: &Sandbox, workspace: &Path) -> Option<Gate> {
    let policy = Policy {
        sensitive_paths: sandbox.sensitive.clone(),
        ..Policy::default()
    };
    let place = Place {
        workspace: workspace.to_owned(),
        ..Place::default()
    };
    Gate::new(policy, place, Memory::new(Vec::new())).ok()
}

/// What a program that is started by its path needs around it: the command names it, so whoever approved the
/// command gave it. The file with its folder, the packages it is installed with, its Python environment.
fn surroundings(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if !path.is_absolute() {
        return found;
    }
    let mut files = Vec::new();
    for path in std::iter::once(path.to_owned()).chain(path.canonicalize().ok()) {
        if path.is_dir() {
            found.push(path);
            continue;
        }
        let Some(folder) = path.parent().filter(|_| path.is_file()) else {
            continue;
        };
        found.push(folder.to_owned());
        for ancestor in folder.ancestors() {
            let is_packages = ancestor.file_name().is_some_and(|it| it == "node_modules");
            if is_packages || ancestor.join("pyvenv.cfg").is_file() {
                found.push(ancestor.to_owned());
            }
        }
        files.push(path);
    }
    // Never a whole home, nor what lies at the top.
    found.retain(|path| path.components().count() >= FOLDER_DEPTH);
    found.extend(files);
    found
}

fn environment(spec: &StdioSpec, shell: &Shell, folder: &Path) -> Vec<(String, String)> {
    let declared = spec.env.iter();
    let mut environment: Vec<(String, String)> = declared
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let passed = shell.environment.iter();
    let passed = passed.filter(|(name, _)| PASSED.contains(&name.as_str()));
    let home = ("HOME".to_owned(), folder.display().to_string());
    for (name, value) in passed.cloned().chain([home]) {
        if !spec.env.contains_key(&name) {
            environment.push((name, value));
        }
    }
    environment
}

/// A path, or the first program of this name in `PATH`.
fn find(command: &str, shell: &Shell) -> Result<PathBuf, String> {
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
    let path = shell.environment.iter().find(|(name, _)| name == "PATH");
    let folders = path.map_or("", |(_, path)| path.as_str()).split(':');
    folders
        .filter(|folder| folder.starts_with('/'))
        .map(|folder| Path::new(folder).join(command))
        .find(|path| is_program(path))
        .ok_or_else(|| format!("there is no program `{command}` in `PATH`"))
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Makes a folder for the user alone, if it is not there.
fn own_folder(path: &Path) -> io::Result<PathBuf> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)?;
    fs::canonicalize(path)
}
