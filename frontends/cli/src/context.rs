//! What every command is given: the host, the streams, the flags.

use crate::follow::{Follower, Told};
use crate::interrupts::Interrupts;
use crate::invocation::Options;
use crate::printer::Printer;
use crate::serving::Serving;
use crate::terminal::Terminal;
use crate::words::Clock;
use anteroom_api::event::HostEvent;
use anteroom_api::{
    Envelope, Event, HostHandle, Op, OpId, Problem, ProblemCode, Seq, SettingsReport, Stop, Topic,
};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct Context {
    pub(crate) host: HostHandle,
    pub(crate) stop: Stop,
    pub(crate) options: Options,
    pub(crate) terminal: Terminal,
    /// Absolute.
    pub(crate) workspace: PathBuf,
    pub(crate) printer: Printer,
    pub(crate) interrupts: Interrupts,
    /// Standard input; taken by the first who reads it whole.
    pub(crate) stdin: Option<Box<dyn Read + Send + Sync>>,
    pub(crate) clock: Clock,
    /// What the commands about the server need.
    pub(crate) serving: Arc<dyn Serving>,
}

/// Why a command did not come to its own end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Quit {
    /// Something went wrong, and is still to be said.
    Problem(Problem),
    /// Everything has been said.
    Code(u8),
}

impl From<Problem> for Quit {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<anteroom_api::Rejection> for Quit {
    fn from(rejection: anteroom_api::Rejection) -> Self {
        Self::Problem(rejection.0)
    }
}

/// How long a wish may take to become a fact; local writes only.
const SETTLE_TIME: Duration = Duration::from_secs(15);
/// More than anyone means to give a model at once.
const STDIN_LIMIT_BYTES: u64 = 16 * 1024 * 1024;
/// After so long a person may wonder what is waited for.
const STDIN_PATIENCE: Duration = Duration::from_secs(2);

impl Context {
    /// The workspace as it travels.
    pub(crate) fn workspace(&self) -> String {
        self.workspace.to_string_lossy().into_owned()
    }

    /// The text of a setting; empty if it has none.
    pub(crate) fn setting(report: &SettingsReport, key: &str) -> String {
        let setting = report.settings.iter().find(|setting| setting.key == key);
        match setting.map(|setting| &setting.value) {
            Some(serde_json::Value::String(text)) => text.clone(),
            None | Some(serde_json::Value::Null) => String::new(),
            Some(other) => other.to_string(),
        }
    }

    /// Submits a wish of the host's topic and waits until it is a fact.
    pub(crate) async fn settle(&self, op: impl Into<Op>) -> Result<Envelope, Problem> {
        let op = op.into();
        let after: Seq = self.host.read().host_seq().await?;
        let mut signals = Follower::new(&self.host, Topic::Host, after);
        let id: OpId = self
            .host
            .submit(op)
            .await
            .map_err(|rejection| rejection.0)?;
        let told = async {
            loop {
                match signals.next().await? {
                    Told::Fact(envelope) if envelope.cause == Some(id) => {
                        return Some(Ok(*envelope));
                    }
                    Told::Trouble(_, problem) => return Some(Err(problem)),
                    Told::Fact(_) | Told::Preview(_) => {}
                }
            }
        };
        match tokio::time::timeout(SETTLE_TIME, told).await {
            Ok(Some(Ok(envelope))) => match &envelope.event {
                Event::Host(HostEvent::Trouble { problem }) => Err(problem.clone()),
                _ => Ok(envelope),
            },
            Ok(Some(Err(problem))) => Err(problem),
            Ok(None) => Err(host_stopped()),
            Err(_) => Err(Problem::new(
                ProblemCode::Internal,
                "the change was taken but not confirmed in time",
            )
            .hint("run `aroom doctor`, then look whether it holds")),
        }
    }

    /// Standard input to its end, on a thread of its own: a pipe that never ends must not keep the process alive.
    pub(crate) async fn read_stdin(&mut self) -> Result<String, Quit> {
        let Some(stdin) = self.stdin.take() else {
            return Ok(String::new());
        };
        let (sender, mut receiver) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = stdin
                .take(STDIN_LIMIT_BYTES + 1)
                .read_to_end(&mut bytes)
                .map(|_| bytes);
            // Nobody listens any more when the run was interrupted.
            let _ = sender.send(read);
        });
        let waited = tokio::time::timeout(STDIN_PATIENCE, &mut receiver).await;
        let read = match waited {
            Ok(read) => read,
            Err(_) => {
                self.printer
                    .dim("reading standard input; close it, or use `</dev/null`");
                tokio::select! {
                    read = &mut receiver => read,
                    interrupt = self.interrupts.next() => return Err(Quit::Code(interrupt.code())),
                }
            }
        };
        let bytes = match read {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) => {
                return Err(Problem::new(
                    ProblemCode::InvalidInput,
                    "could not read standard input",
                )
                .cause(error)
                .into());
            }
            Err(_) => return Ok(String::new()),
        };
        if bytes.len() as u64 > STDIN_LIMIT_BYTES {
            return Err(Problem::new(
                ProblemCode::InvalidInput,
                "standard input is larger than 16 MiB",
            )
            .hint("put it into a file of the workspace and name that in the prompt")
            .into());
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The host ended while something was awaited.
pub(crate) fn host_stopped() -> Problem {
    Problem::new(
        ProblemCode::Internal,
        "the host stopped before this was done",
    )
    .hint("run `aroom doctor`")
}
