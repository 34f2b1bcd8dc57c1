//! `process`: commands. Judged at the spawn, with the folder they start in already opened.

use crate::confine::{self, Exit as GroupExit, OnGone, Order, Started};
use crate::lend::output::{Running, Sink, Stream};
use crate::lend::plain::Plain;
use crate::wasm::bindings::anteroom::tool::process as contract;
use crate::wasm::hosted::Hosted;
use crate::wasm::state::CallState;
use anteroom_api::{Capability, OutputStream};
use anteroom_gate::Effect;
use contract::{Chunk, Command, Exit, ProcessError, Source, Task};
use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use wasmtime::component::Resource;

const TIMEOUT_DEFAULT_MS: u32 = 120_000;
const TIMEOUT_MAX_MS: u32 = 600_000;
/// A command's time ends this long before its call's, so that the tool can still tell of it.
const HEAD_START: Duration = Duration::from_millis(500);
/// Processes of one call at a time.
const GROUPS_MAX: usize = 32;
/// Pieces of output that wait for the guest; a process that is faster than it waits, too.
const CHUNKS_WAITING: usize = 16;

/// A running process, as a guest holds it.
#[expect(unreachable_pub, reason = "the generated bindings name it")]
#[derive(Debug)]
pub struct Child {
    chunks: mpsc::Receiver<Chunk>,
    running: Running,
}

impl contract::HostChild for Hosted {
    async fn next(&mut self, child: Resource<Child>) -> wasmtime::Result<Option<Chunk>> {
        let child = self.wasi.table.get_mut(&child)?;
        Ok(child.chunks.recv().await)
    }

    async fn wait(&mut self, child: Resource<Child>) -> wasmtime::Result<Exit> {
        let child = self.wasi.table.get_mut(&child)?;
        // A process whose output nobody takes would wait for ever.
        while child.chunks.recv().await.is_some() {}
        let mut exit = child.running.exit();
        let ended = exit.wait_for(Option::is_some).await.ok().and_then(|it| *it);
        Ok(exit_of(ended, child.running.is_timed_out()))
    }

    async fn kill(&mut self, child: Resource<Child>) -> wasmtime::Result<()> {
        self.wasi.table.get(&child)?.running.kill();
        Ok(())
    }

    async fn drop(&mut self, child: Resource<Child>) -> wasmtime::Result<()> {
        self.wasi.table.delete(child)?;
        Ok(())
    }
}

impl contract::Host for Hosted {
    async fn spawn(
        &mut self,
        command: Command,
    ) -> wasmtime::Result<Result<Resource<Child>, ProcessError>> {
        match spawn(&self.state, command).await {
            Ok(child) => Ok(Ok(self.wasi.table.push(child)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn start_task(
        &mut self,
        command: Command,
    ) -> wasmtime::Result<Result<Task, ProcessError>> {
        Ok(start_task(&self.state, command).await)
    }

    async fn list_tasks(&mut self) -> wasmtime::Result<Vec<Task>> {
        if self.state.require(Capability::Process).is_err() {
            return Ok(Vec::new());
        }
        let tasks = self.state.session.tasks().list();
        Ok(tasks.iter().map(|task| task.view()).collect())
    }

    async fn read_task(
        &mut self,
        id: String,
        start: u64,
    ) -> wasmtime::Result<Result<Vec<u8>, ProcessError>> {
        if let Err(refused) = self.state.require(Capability::Process) {
            return Ok(Err(ProcessError::Denied(refused)));
        }
        let task = self.state.session.tasks().find(&id);
        Ok(task
            .map(|task| task.read(start))
            .map_err(ProcessError::Failed))
    }

    async fn kill_task(&mut self, id: String) -> wasmtime::Result<Result<Task, ProcessError>> {
        if let Err(refused) = self.state.require(Capability::Process) {
            return Ok(Err(ProcessError::Denied(refused)));
        }
        match self.state.session.tasks().find(&id) {
            Ok(task) => {
                task.kill().await;
                Ok(Ok(task.view()))
            }
            Err(why) => Ok(Err(ProcessError::Failed(why))),
        }
    }
}

async fn spawn(state: &Arc<CallState>, command: Command) -> Result<Child, ProcessError> {
    if *state.groups.borrow() >= GROUPS_MAX {
        return Err(ProcessError::Failed(format!(
            "this call runs {GROUPS_MAX} processes already; wait for one of them"
        )));
    }
    let asked = command.timeout_ms.unwrap_or(TIMEOUT_DEFAULT_MS);
    let started = start(state, &command, false).await?;
    let limit = Duration::from_millis(u64::from(asked.min(TIMEOUT_MAX_MS)));
    let limit = limit.min(state.clock.left().saturating_sub(HEAD_START));
    let (sender, chunks) = mpsc::channel(CHUNKS_WAITING);
    let sink = Shown {
        state: state.clone(),
        sender,
        plain: Plain::default(),
    };
    Ok(Child {
        chunks,
        running: Running::start(started, sink, Some(limit)),
    })
}

async fn start_task(state: &Arc<CallState>, command: Command) -> Result<Task, ProcessError> {
    let tasks = state.session.tasks();
    tasks.check_room().map_err(ProcessError::Failed)?;
    let started = start(state, &command, true).await?;
    let limit = command
        .timeout_ms
        .map(|asked| Duration::from_millis(u64::from(asked.min(TIMEOUT_MAX_MS))));
    Ok(tasks.add(command.line, started, limit).view())
}

/// Opens the folder, shows the command to the permit, and starts it.
async fn start(
    state: &Arc<CallState>,
    command: &Command,
    is_background: bool,
) -> Result<Started, ProcessError> {
    state
        .require(Capability::Process)
        .map_err(ProcessError::Denied)?;
    if command.line.trim().is_empty() || command.line.contains('\0') {
        return Err(ProcessError::Failed("there is no command to run".into()));
    }
    let (folder, cwd) = folder(state, command.cwd.as_deref()).map_err(ProcessError::Failed)?;
    let effect = Effect::Process {
        line: command.line.clone(),
        cwd,
        is_background,
    };
    state.effect(effect).await.map_err(ProcessError::Denied)?;
    let order = Order {
        line: &command.line,
        shell: &state.shell,
        folder: &folder,
        temp: &state.session.temp().path,
    };
    let on_gone = on_gone(state, is_background);
    match confine::spawn(&order, on_gone) {
        Ok(started) => {
            state.counters.processes.add(1);
            if !is_background {
                state.groups.send_modify(|count| *count += 1);
            }
            Ok(started)
        }
        Err(error) => Err(ProcessError::Failed(format!(
            "could not start `{}`: {error}",
            state.shell.program.display()
        ))),
    }
}

/// A background task outlives its call, so the call neither waits for it nor counts its time.
fn on_gone(state: &Arc<CallState>, is_background: bool) -> OnGone {
    if is_background {
        return Box::new(|_| ());
    }
    let state = Arc::downgrade(state);
    Box::new(move |cpu| {
        if let Some(state) = state.upgrade() {
            state.counters.process_cpu_us.add_time(cpu);
            state
                .groups
                .send_modify(|count| *count = count.saturating_sub(1));
        }
    })
}

/// Opens a folder of the workspace; answers the handle and its real path relative to the workspace.
fn folder(state: &CallState, cwd: Option<&str>) -> Result<(OwnedFd, String), String> {
    let root = state.session.workspace();
    let cwd = cwd.filter(|cwd| !cwd.is_empty()).unwrap_or(".");
    let relative = match Path::new(cwd).strip_prefix(&root.path) {
        Ok(rest) if rest.as_os_str().is_empty() => Path::new("."),
        Ok(rest) => rest,
        Err(_) if cwd.starts_with('/') => return Err(is_outside(cwd)),
        Err(_) => Path::new(cwd),
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let folder = loop {
        match rustix::fs::openat2(&root.handle, relative, flags, Mode::empty(), resolve) {
            Ok(folder) => break folder,
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(Errno::XDEV) => return Err(is_outside(cwd)),
            Err(error) => {
                return Err(format!(
                    "`{cwd}` is no folder to start a command in: {}",
                    std::io::Error::from(error)
                ));
            }
        }
    };
    let real = real_path(&folder)?;
    let shown = real
        .strip_prefix(&root.path)
        .map_err(|_| is_outside(cwd))?
        .to_string_lossy();
    let shown = if shown.is_empty() {
        ".".into()
    } else {
        shown.into_owned()
    };
    Ok((folder, shown))
}

fn real_path(folder: &OwnedFd) -> Result<PathBuf, String> {
    std::fs::read_link(format!("/proc/self/fd/{}", folder.as_raw_fd()))
        .map_err(|error| format!("could not tell where the folder is: {error}"))
}

fn is_outside(cwd: &str) -> String {
    format!("`{cwd}` is outside of the workspace; commands start in a folder of the workspace")
}

pub(crate) fn exit_of(exit: Option<GroupExit>, timed_out: bool) -> Exit {
    Exit {
        code: exit.and_then(|exit| exit.code),
        signal: exit.and_then(|exit| exit.signal),
        timed_out,
    }
}

/// Output of a command that runs while its call does: shown to the person, then handed to the guest.
#[derive(Clone)]
struct Shown {
    state: Arc<CallState>,
    sender: mpsc::Sender<Chunk>,
    plain: Plain,
}

impl Sink for Shown {
    const MAX_BYTES: u64 = 8 << 20;

    async fn take(&mut self, stream: Stream, bytes: Vec<u8>) -> bool {
        let text = self.plain.push(&bytes);
        if text.is_empty() {
            return true;
        }
        self.state.say(shown_as(stream), text.clone());
        self.sender.send(chunk(stream, text)).await.is_ok()
    }

    fn end(&mut self, stream: Stream) {
        let text = self.plain.finish();
        if !text.is_empty() {
            // The stand-in for a torn character; not worth waiting for.
            drop(self.sender.try_send(chunk(stream, text.clone())));
            self.state.say(shown_as(stream), text);
        }
    }
}

fn chunk(stream: Stream, text: String) -> Chunk {
    let source = match stream {
        Stream::Stdout => Source::Stdout,
        Stream::Stderr => Source::Stderr,
    };
    Chunk {
        source,
        bytes: text.into_bytes(),
    }
}

fn shown_as(stream: Stream) -> OutputStream {
    match stream {
        Stream::Stdout => OutputStream::Stdout,
        Stream::Stderr => OutputStream::Stderr,
    }
}
