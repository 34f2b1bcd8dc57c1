//! The key: given, or printed by a command that is run when it is needed.
//!
//! One run serves all requests that wait for it. It must not appear in errors, logs or `Debug`.

use crate::limits::KEY_BYTES;
use crate::{Endpoint, ModelError};
use reqwest::header::HeaderValue;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// How long a key command may take; enough for a person to touch a hardware key.
const PATIENCE: Duration = Duration::from_secs(60);

/// A key ready to be sent.
#[derive(Clone)]
pub(crate) struct Key {
    /// `Bearer …`, marked sensitive; none if the endpoint wants no key.
    pub(crate) header: Option<HeaderValue>,
    /// The key itself, to cut it out of what servers echo.
    plain: String,
    run: u64,
}

impl Key {
    fn new(plain: &str, run: u64) -> Result<Self, String> {
        let mut header = HeaderValue::try_from(format!("Bearer {plain}"))
            .map_err(|_| "it holds characters that cannot be sent".to_owned())?;
        header.set_sensitive(true);
        Ok(Self {
            header: Some(header),
            plain: plain.to_owned(),
            run,
        })
    }

    fn none() -> Self {
        Self {
            header: None,
            plain: String::new(),
            run: 0,
        }
    }

    /// Text without the key in it.
    pub(crate) fn redact(&self, text: String) -> String {
        // Shorter ones are no secrets but placeholders such as `none`.
        if self.plain.len() >= 8 && text.contains(&self.plain) {
            text.replace(&self.plain, "[key]")
        } else {
            text
        }
    }
}

type Outcome = Option<Result<Key, String>>;

/// Where keys come from.
pub(crate) enum Keys {
    Fixed(Key),
    Command {
        line: String,
        /// The latest run, under way or done.
        latest: Mutex<Option<(u64, watch::Receiver<Outcome>)>>,
    },
}

impl Keys {
    pub(crate) fn of(endpoint: &Endpoint) -> Result<Self, ModelError> {
        if let Some(line) = &endpoint.api_key_command {
            return Ok(Self::Command {
                line: match endpoint.open_files {
                    Some(files) if files < u64::MAX => format!("ulimit -S -n {files}; {line}"),
                    _ => line.clone(),
                },
                latest: Mutex::new(None),
            });
        }
        let plain = endpoint.api_key.as_ref().map(|key| key.expose().trim());
        match plain.filter(|key| !key.is_empty()) {
            None => Ok(Self::Fixed(Key::none())),
            Some(plain) => Key::new(plain, 0)
                .map(Self::Fixed)
                .map_err(|reason| ModelError::Key {
                    reason: format!("`ai.api_key` cannot be used: {reason}"),
                }),
        }
    }

    pub(crate) fn can_refresh(&self) -> bool {
        matches!(self, Self::Command { .. })
    }

    /// The key; runs the command if it has not run, or if `refused` came of its latest run.
    pub(crate) async fn get(&self, refused: Option<&Key>) -> Result<Key, ModelError> {
        let (line, latest) = match self {
            Self::Fixed(key) => return Ok(key.clone()),
            Self::Command { line, latest } => (line, latest),
        };
        let mut outcome = {
            let mut latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
            let run = latest.as_ref().map_or(0, |(run, _)| *run);
            let is_spent = match latest.as_ref() {
                None => true,
                Some((run, outcome)) => match (&*outcome.borrow(), refused) {
                    (Some(Err(_)), _) => true,
                    (Some(Ok(_)), Some(refused)) => refused.run == *run,
                    // A run whose task is gone will never end.
                    (None, _) => outcome.has_changed().is_err(),
                    (Some(Ok(_)), None) => false,
                },
            };
            match latest.as_ref().filter(|_| !is_spent) {
                Some((_, outcome)) => outcome.clone(),
                None => {
                    let outcome = start(line.clone(), run + 1);
                    *latest = Some((run + 1, outcome.clone()));
                    outcome
                }
            }
        };
        let result = match outcome.wait_for(Option::is_some).await {
            Ok(done) => (*done).clone(),
            Err(_) => None,
        };
        match result {
            Some(Ok(key)) => Ok(key),
            Some(Err(reason)) => Err(ModelError::Key { reason }),
            None => Err(ModelError::Key {
                reason: "the key command was stopped".into(),
            }),
        }
    }
}

/// Runs the command in a task of its own: whoever asked first may give up, the others still wait.
fn start(line: String, run: u64) -> watch::Receiver<Outcome> {
    let (done, outcome) = watch::channel(None);
    tokio::spawn(async move {
        let key = match printed(&line).await {
            Ok(plain) => Key::new(&plain, run)
                .map_err(|reason| format!("what `ai.api_key_command` prints is no key: {reason}")),
            Err(reason) => Err(reason),
        };
        done.send_replace(Some(key));
    });
    outcome
}

async fn printed(line: &str) -> Result<String, String> {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(line)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    #[expect(
        clippy::disallowed_methods,
        reason = "the user's own program, named in the user's own settings: it fetches a key, which the sandbox \
                  would hide from it"
    )]
    let mut child = command
        .spawn()
        .map_err(|error| format!("`ai.api_key_command` cannot be started: {error}"))?;
    let group = Group(child.id());
    let ended = tokio::time::timeout(PATIENCE, collect(&mut child)).await;
    if ended.is_err() {
        group.kill();
    }
    let (status, output, complaint) = ended
        .map_err(|_| {
            let seconds = PATIENCE.as_secs();
            format!("`ai.api_key_command` did not end within {seconds} s")
        })?
        .map_err(|error| format!("`ai.api_key_command` cannot be read: {error}"))?;
    if !status.success() {
        let complaint = complaint.lines().next().unwrap_or_default().trim();
        let why = match complaint.is_empty() {
            true => String::new(),
            false => format!(": {}", complaint.chars().take(200).collect::<String>()),
        };
        return Err(format!("`ai.api_key_command` failed ({status}){why}"));
    }
    match output.trim() {
        "" => Err("`ai.api_key_command` printed nothing".into()),
        key if key.lines().count() > 1 => {
            Err("`ai.api_key_command` printed more than one line".into())
        }
        key => Ok(key.to_owned()),
    }
}

async fn collect(child: &mut Child) -> std::io::Result<(std::process::ExitStatus, String, String)> {
    let (output, complaint) = (child.stdout.take(), child.stderr.take());
    let (output, complaint) = tokio::join!(some(output), some(complaint));
    let status = child.wait().await?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok((status, text(output?), text(complaint?)))
}

/// Reads up to the limit and closes the pipe, so that an endless printer ends.
async fn some<R: tokio::io::AsyncRead + Unpin>(pipe: Option<R>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let limit = u64::try_from(KEY_BYTES).unwrap_or(u64::MAX);
        pipe.take(limit).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// The command and all it started.
struct Group(Option<u32>);

impl Group {
    #[cfg(unix)]
    fn kill(&self) {
        let leader = self
            .0
            .and_then(|id| i32::try_from(id).ok())
            .and_then(rustix::process::Pid::from_raw);
        if let Some(leader) = leader {
            // Fails if all have ended already.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }

    #[cfg(not(unix))]
    fn kill(&self) {}
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_command_has_the_files_it_was_given_and_may_raise_that() {
        for (command, expected) in [
            ("ulimit -S -n", "64"),
            ("ulimit -S -n 65; ulimit -S -n", "65"),
        ] {
            let keys = Keys::of(&Endpoint {
                api_key_command: Some(command.into()),
                open_files: Some(64),
                ..Endpoint::new("http://127.0.0.1:9/v1")
            });
            let key = keys.unwrap().get(None).await.unwrap();
            assert_eq!(key.plain, expected, "{command}");
        }
    }
}
