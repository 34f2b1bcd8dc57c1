//! Starts the program of a server inside the walls: its own folder, its own environment, what it was given.

use super::reach::{self, Open, reach_differences, reach_lines};
use super::spec::StdioSpec;
use crate::confine::{self, Group, Order, Plan, Sandbox, SandboxMode, ServerSite, Settled, Shell};
use anteroom_api::McpReach;
use anteroom_gate::{FilePath, Gate, Memory, Place, Policy};
use rustix::fs::{Mode, OFlags};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

/// Passed on from the host's own environment; all else is declared.
const PASSED: [&str; 2] = ["PATH", "LANG"];
/// In the server's folder: its `TMPDIR`.
const TEMP: &str = "tmp";

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

impl From<String> for NotStarted {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

/// Starts a program that the host itself chose.
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
    let started = tokio::task::spawn_blocking(move || start_now(&spec, &shell, approved.as_ref()));
    let ended = |_| NotStarted::Words("starting it ended early; this is a bug of the host".into());
    started.await.map_err(ended)?
}

fn start_now(
    spec: &StdioSpec,
    shell: &Shell,
    approved: Option<&McpReach>,
) -> Result<Program, NotStarted> {
    let program = reach::find(&spec.command, shell)?;
    let folder = own_folder(&spec.folder).map_err(|error| {
        format!(
            "its folder `{}` cannot be used: {error}",
            spec.folder.display()
        )
    })?;
    let temp = own_folder(&folder.join(TEMP))
        .map_err(|error| format!("its temporary folder cannot be used: {error}"))?;
    let sandbox = reach::sandbox(spec, shell);
    let found = reach::of(spec, shell)?;
    let plan = plan(approved.unwrap_or(&found), &sandbox, (&folder, &temp));
    // Last of all, so that what the plan was made from is what was approved.
    if let Some(approved) = approved {
        let now = reach::of(spec, shell)?;
        if now != *approved {
            let lines = (reach_lines(approved), reach_lines(&now));
            return Err(NotStarted::Differs(reach_differences(&lines.0, &lines.1)));
        }
    }
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
        .ok_or_else(|| "the program has no input; this is a bug of the host".to_owned())?;
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

fn plan(reach: &McpReach, sandbox: &Sandbox, (folder, temp): (&Path, &Path)) -> Plan {
    let open = Open::of(reach);
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
        readable: &open.readable,
        needed: &open.needed,
        writable: &open.writable,
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

/// Makes a folder for the user alone, if it is not there.
fn own_folder(path: &Path) -> io::Result<PathBuf> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)?;
    fs::canonicalize(path)
}
