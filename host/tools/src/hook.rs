//! Runs one command for a hook: its input on stdin, a deadline, and little room for what it says. Knows neither what
//! a hook is asked nor what its answer means.

use crate::Session;
use crate::confine::{
    self, Exit, Order, Plan, Sandbox, SandboxMode, Settled, Shell, Site, Started,
};
use crate::registry::Registry;
use anteroom_api::Stop;
use anteroom_gate::{FilePath, Gate};
use rustix::fs::{Mode, OFlags};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

/// Bytes that a hook may answer.
const ANSWER_BYTES: usize = 1 << 20;
/// Bytes of its error output that are kept for whoever has to mend it.
const COMPLAINT_BYTES: usize = 2 << 10;
/// One read.
const PIECE_BYTES: usize = 16 << 10;
/// How long a killed command may keep its pipes open.
const GRACE: Duration = Duration::from_secs(2);
/// In a workspace: where hooks lie that commands may not touch. Other commands cannot even read it.
const OWN_FOLDER: &str = ".anteroom";
const SCRIPTS: &str = ".anteroom/hooks";

/// What a hook runs.
#[derive(Clone, Debug)]
pub struct HookCommand {
    /// A line for the shell.
    pub line: String,
    /// What it finds on stdin.
    pub input: Vec<u8>,
    /// How long it may take.
    pub patience: Duration,
    /// Where it runs.
    pub footing: HookFooting,
}

/// Where a hook runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookFooting {
    /// In the workspace, inside the walls that this system has.
    Walled {
        /// Whether it rather does not run than without one of them.
        is_strict: bool,
    },
    /// In this folder, as the user.
    Bare(PathBuf),
}

/// How a hook's command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookEnd {
    /// With success, and what it wrote to stdout.
    Answered(Vec<u8>),
    /// Otherwise: what was wrong, as the end of a sentence, with the end of its error output.
    Failed(String),
}

impl Registry {
    /// Runs a command for a hook of a conversation. Whatever it started ends with it.
    pub async fn run_hook(
        &self,
        (session, gate): (&Arc<Session>, &Gate),
        command: HookCommand,
        stop: &Stop,
    ) -> HookEnd {
        let patience = command.patience;
        let start = Start {
            shell: self.shell().clone(),
            session: session.clone(),
            gate: gate.clone(),
            line: command.line,
            footing: command.footing,
        };
        // Reads folders, and waits until the command runs.
        let started = tokio::task::spawn_blocking(move || start.now()).await;
        match started {
            Ok(Ok(started)) => ended(started, command.input, patience, stop).await,
            Ok(Err(why)) => HookEnd::Failed(why),
            Err(_) => HookEnd::Failed("could not be started; this is a bug of the host".into()),
        }
    }
}

struct Start {
    shell: Arc<Shell>,
    session: Arc<Session>,
    gate: Gate,
    line: String,
    footing: HookFooting,
}

impl Start {
    fn now(&self) -> Result<Started, String> {
        let temp = &self.session.temp().path;
        let HookFooting::Walled { is_strict } = &self.footing else {
            return self.spawn(&Settled::Bare);
        };
        let user = self.shell.sandbox();
        let sandbox = Sandbox {
            // A hook is inside also where the user lets commands run without.
            mode: match user.mode {
                SandboxMode::Off => SandboxMode::Auto,
                mode @ (SandboxMode::Auto | SandboxMode::Require) => mode,
            },
            ..Sandbox::clone(&user)
        };
        let plan = Plan::new(&Site {
            sandbox: &sandbox,
            workspace: &self.session.workspace().path,
            temp,
            is_sensitive: &|path| !is_script(path) && self.gate.is_sensitive(path),
        });
        if *is_strict || sandbox.mode == SandboxMode::Require {
            let mut missing = confine::walls(&sandbox).missing();
            missing.extend(plan.gaps.iter().cloned());
            if !missing.is_empty() {
                return Err(format!(
                    "was not started, because the sandbox is not complete: {}",
                    missing.join("; ")
                ));
            }
        }
        self.spawn(&Settled::Walled {
            plan: &plan,
            sandbox: &sandbox,
        })
    }

    fn spawn(&self, settled: &Settled<'_>) -> Result<Started, String> {
        let folder = match &self.footing {
            HookFooting::Bare(folder) => folder,
            HookFooting::Walled { .. } => &self.session.workspace().path,
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = rustix::fs::open(folder, flags, Mode::empty())
            .map_err(|error| format!("cannot start in `{}`: {error}", folder.display()))?;
        let order = Order {
            program: &self.shell.program,
            arguments: &Shell::arguments(&self.line),
            environment: &self.shell.environment,
            folder: &handle,
            temp: &self.session.temp().path,
            has_input: true,
        };
        confine::spawn(&order, settled, Box::new(|_| ()))
            .map_err(|error| format!("could not be started: {error}"))
    }
}

/// Whether a path of the workspace is on the way to the hooks that lie there.
fn is_script(path: &FilePath) -> bool {
    let FilePath::Workspace(path) = path else {
        return false;
    };
    let below = path.strip_prefix(SCRIPTS);
    path == OWN_FOLDER || below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

async fn ended(started: Started, input: Vec<u8>, patience: Duration, stop: &Stop) -> HookEnd {
    let Started {
        group,
        stdin,
        stdout,
        stderr,
    } = started;
    let writer = tokio::spawn(async move {
        if let Some(mut stdin) = stdin {
            // Who does not want to know closes it, which is no failure.
            let _ = stdin.write_all(&input).await;
        }
    });
    let answer = tokio::spawn(limited(stdout));
    let complaint = tokio::spawn(tail(stderr));
    let mut exit = group.exit();
    let mut stop = stop.clone();
    let end = tokio::select! {
        exit = timeout(patience, exit.wait_for(Option::is_some)) => match exit {
            Ok(exit) => Ok(exit.ok().and_then(|exit| *exit)),
            Err(_) => Err(format!("took longer than {} s", patience.as_secs_f64())),
        },
        () = stop.raised() => Err("was cut off, because the turn was cancelled".to_owned()),
    };
    // What it left running would keep its output open.
    group.kill();
    let (answer, complaint) = (
        timeout(GRACE, answer).await.ok().and_then(Result::ok),
        timeout(GRACE, complaint).await.ok().and_then(Result::ok),
    );
    writer.abort();
    let complaint = complaint.unwrap_or_default();
    match end {
        Err(why) => HookEnd::Failed(with(why, &complaint)),
        Ok(Some(Exit { code: Some(0), .. })) => match answer {
            Some(Some(answer)) => HookEnd::Answered(answer),
            Some(None) => HookEnd::Failed(format!("wrote more than {} MB", ANSWER_BYTES >> 20)),
            None => HookEnd::Failed("did not end its output".to_owned()),
        },
        // A reader that has had enough ends the writer.
        Ok(_) if answer == Some(None) => {
            HookEnd::Failed(format!("wrote more than {} MB", ANSWER_BYTES >> 20))
        }
        Ok(exit) => HookEnd::Failed(with(how(exit), &complaint)),
    }
}

fn how(exit: Option<Exit>) -> String {
    match exit {
        Some(Exit {
            code: Some(code), ..
        }) => format!("exited with {code}"),
        Some(Exit {
            signal: Some(signal),
            ..
        }) => format!("was killed by signal {signal}"),
        Some(_) | None => "ended in an unknown way".to_owned(),
    }
}

fn with(why: String, complaint: &str) -> String {
    match complaint.trim() {
        "" => why,
        complaint => format!("{why}: {complaint}"),
    }
}

/// All of it, or nothing if that is too much.
async fn limited(mut pipe: impl AsyncRead + Unpin) -> Option<Vec<u8>> {
    let (mut whole, mut piece) = (Vec::new(), vec![0; PIECE_BYTES]);
    while let Ok(count @ 1..) = pipe.read(&mut piece).await {
        if whole.len() + count > ANSWER_BYTES {
            return None;
        }
        whole.extend_from_slice(&piece[..count]);
    }
    Some(whole)
}

/// The end of it, however long it is.
async fn tail(mut pipe: impl AsyncRead + Unpin) -> String {
    let (mut kept, mut piece) = (Vec::new(), vec![0; PIECE_BYTES]);
    while let Ok(count @ 1..) = pipe.read(&mut piece).await {
        kept.extend_from_slice(&piece[..count]);
        let surplus = kept.len().saturating_sub(COMPLAINT_BYTES);
        kept.drain(..surplus);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hooks_of_a_workspace_are_shown_to_hooks() {
        let expected = [
            (".anteroom", true),
            (".anteroom/hooks", true),
            (".anteroom/hooks/push.sh", true),
            (".anteroom/hooksy", false),
            (".anteroom/config.yaml", false),
            ("a/.anteroom", false),
            (".env", false),
        ];
        for (path, is_shown) in expected {
            let path = FilePath::Workspace(path.to_owned());
            assert_eq!(is_script(&path), is_shown, "{path:?}");
        }
        assert!(!is_script(&FilePath::Outside(
            ".anteroom/hooks/a".to_owned()
        )));
    }
}
