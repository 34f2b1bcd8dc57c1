//! `process`: commands. Judged at the spawn, with the folder they start in already opened.

use crate::confine::{self, Exit as GroupExit, OnGone, Order, Shell, Started};
use crate::lend::footing::Footing;
use crate::lend::output::{Running, Sink, Stream};
use crate::lend::plain::Plain;
use crate::wasm::bindings::anteroom::tool::process as contract;
use crate::wasm::files::Watched;
use crate::wasm::hosted::Hosted;
use crate::wasm::state::CallState;
use anteroom_api::{Capability, OutputStream, Tier};
use anteroom_gate::{Effect, MaskStream};
use contract::{Chunk, Command, Exit, ProcessError, Source, Task};
use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
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

/// How old the view of the workspace may be that a command's walls are built from.
const STALE: Duration = Duration::from_millis(20);
/// Output kept for telling what the sandbox stopped; up to twice as much for a moment.
const TAIL_BYTES: usize = 16 << 10;

/// A running process, as a guest holds it.
#[expect(unreachable_pub, reason = "the generated bindings name it")]
#[derive(Debug)]
pub struct Child {
    chunks: mpsc::Receiver<Chunk>,
    running: Running,
    /// Of a run in the sandbox, until it has ended.
    first: Option<FirstRun>,
}

/// What is needed to tell that the sandbox stopped a command, and to run it once more without.
#[derive(Debug)]
struct FirstRun {
    command: Command,
    footing: Footing,
    tail: String,
}

impl FirstRun {
    fn note(&mut self, chunk: &Chunk) {
        self.tail.push_str(&String::from_utf8_lossy(&chunk.bytes));
        if self.tail.len() > 2 * TAIL_BYTES {
            let from = self.tail.ceil_char_boundary(self.tail.len() - TAIL_BYTES);
            self.tail.drain(..from);
        }
    }
}

impl Child {
    /// The next piece of output. A command that the sandbox stopped goes on as its second run, if a person said so.
    async fn next(&mut self, state: &Arc<CallState>) -> Option<Chunk> {
        if let Some(chunk) = self.chunks.recv().await {
            if let Some(first) = &mut self.first {
                first.note(&chunk);
            }
            return Some(chunk);
        }
        let first = self.first.take()?;
        let mut exit = self.running.exit();
        let ended = exit.wait_for(Option::is_some).await.ok().and_then(|it| *it);
        let why = first.footing.stopped(&first.tail, ended)?;
        let mut words = format!("[{why}]\n");
        if let Some(second) = self.second_run(state, first, why).await {
            words.push_str("[it was allowed to run once more without the sandbox:]\n");
            *self = second;
        }
        state.say(OutputStream::Stderr, words.clone());
        Some(chunk(Stream::Stderr, words))
    }

    /// Offers one run without the sandbox to a person, if there is one.
    async fn second_run(&self, state: &Arc<CallState>, first: FirstRun, why: &str) -> Option<Self> {
        if self.running.is_timed_out() || !state.services.is_attended() {
            return None;
        }
        let (folder, cwd) = folder(state, first.command.cwd.as_deref()).ok()?;
        let line = first.command.line.clone();
        let why = why.to_owned();
        state
            .effect(Effect::Unconfined { line, cwd, why })
            .await
            .ok()?;
        let started = begin(state, &first.command, folder, Footing::Bare, false).await;
        Some(child(state, &first.command, started.ok()?, None))
    }
}

impl contract::HostChild for Hosted {
    async fn next(&mut self, child: Resource<Child>) -> wasmtime::Result<Option<Chunk>> {
        let child = self.wasi.table.get_mut(&child)?;
        Ok(child.next(&self.state).await)
    }

    async fn wait(&mut self, child: Resource<Child>) -> wasmtime::Result<Exit> {
        let child = self.wasi.table.get_mut(&child)?;
        // A process whose output nobody takes would wait for ever.
        while child.next(&self.state).await.is_some() {}
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
    let (started, footing) = start(state, &command, false).await?;
    let first = FirstRun {
        command: command.clone(),
        footing,
        tail: String::new(),
    };
    Ok(child(state, &command, started, Some(first)))
}

fn child(
    state: &Arc<CallState>,
    command: &Command,
    started: Started,
    first: Option<FirstRun>,
) -> Child {
    let limit = patience(command.timeout_ms.unwrap_or(TIMEOUT_DEFAULT_MS));
    let limit = limit.min(state.clock.left().saturating_sub(HEAD_START));
    let (sender, chunks) = mpsc::channel(CHUNKS_WAITING);
    let sink = Shown {
        state: state.clone(),
        sender,
        plain: Plain::default(),
        masked: MaskStream::new(state.permit.masker().clone()),
    };
    Child {
        chunks,
        running: Running::start(started, sink, Some(limit)),
        first,
    }
}

async fn start_task(state: &Arc<CallState>, command: Command) -> Result<Task, ProcessError> {
    let tasks = state.session.tasks();
    tasks.check_room().map_err(ProcessError::Failed)?;
    let (started, footing) = start(state, &command, true).await?;
    let limit = command.timeout_ms.map(patience);
    Ok(tasks.add(command.line, started, footing, limit).view())
}

/// How long a command may take that asks for so many milliseconds.
fn patience(asked_ms: u32) -> Duration {
    Duration::from_millis(u64::from(asked_ms.min(TIMEOUT_MAX_MS)))
}

/// Opens the folder, settles the walls, shows the command to the permit, and starts it.
async fn start(
    state: &Arc<CallState>,
    command: &Command,
    is_background: bool,
) -> Result<(Started, Footing), ProcessError> {
    state
        .require(Capability::Process)
        .map_err(ProcessError::Denied)?;
    if command.line.trim().is_empty() || command.line.contains('\0') {
        return Err(ProcessError::Failed("there is no command to run".into()));
    }
    let (folder, cwd) = folder(state, command.cwd.as_deref()).map_err(ProcessError::Failed)?;
    let footing = Footing::settle(state)
        .await
        .map_err(|why| ProcessError::Denied(state.refused(why)))?;
    let effect = footing.effect(command.line.clone(), cwd, is_background);
    let asked_at = Instant::now();
    state.effect(effect).await.map_err(ProcessError::Denied)?;
    let footing = if asked_at.elapsed() < STALE {
        footing
    } else {
        let again = footing.again(state).await;
        again.map_err(|why| ProcessError::Failed(state.refused(why)))?
    };
    let started = begin(state, command, folder, footing.clone(), is_background).await?;
    Ok((started, footing))
}

/// Starts what was allowed.
async fn begin(
    state: &Arc<CallState>,
    command: &Command,
    folder: OwnedFd,
    footing: Footing,
    is_background: bool,
) -> Result<Started, ProcessError> {
    let watched = keep_tree(state, is_background).await?;
    if !is_background {
        state.groups.send_modify(|count| *count += 1);
    }
    let on_gone = on_gone(state, is_background, watched);
    let (line, holder) = (command.line.clone(), state.clone());
    let spawned = tokio::task::spawn_blocking(move || {
        let order = Order {
            program: &holder.shell.program,
            arguments: &Shell::arguments(&line),
            environment: &holder.shell.environment,
            folder: &folder,
            temp: &holder.session.temp().path,
            has_input: false,
        };
        confine::spawn(&order, &footing.settled(), on_gone)
    });
    match spawned.await.map_err(std::io::Error::other).flatten() {
        Ok(started) => {
            state.counters.processes.add(1);
            Ok(started)
        }
        Err(error) => Err(ProcessError::Failed(format!(
            "could not start `{}`: {error}",
            state.shell.program.display()
        ))),
    }
}

/// Keeps what the command may change; one that only reads changes nothing.
async fn keep_tree(
    state: &Arc<CallState>,
    is_background: bool,
) -> Result<Option<Watched>, ProcessError> {
    if state.permit.tier() == Tier::Read {
        return Ok(None);
    }
    let kept = state.keeping.before_command(state, is_background).await;
    kept.map_err(|error| {
        let why =
            format!("the command was not run: what it may change could not be kept ({error})");
        ProcessError::Failed(state.refused(why))
    })
}

/// A background task outlives its call, so the call neither waits for it nor counts its time; what it changed
/// is written down when it is gone.
fn on_gone(state: &Arc<CallState>, is_background: bool, watched: Option<Watched>) -> OnGone {
    if is_background {
        let runtime = Handle::current();
        return Box::new(move |_| {
            if let Some(watched) = watched {
                runtime.spawn(watched.over());
            }
        });
    }
    let running = Counted(Arc::downgrade(state));
    Box::new(move |cpu| {
        if let Some(state) = running.0.upgrade() {
            state.counters.process_cpu_us.add_time(cpu);
        }
    })
}

/// A process that the call waits for. Gone with whoever holds this, also where it was never started.
struct Counted(Weak<CallState>);

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(state) = self.0.upgrade() {
            state
                .groups
                .send_modify(|count| *count = count.saturating_sub(1));
        }
    }
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

/// Output of a command that runs while its call does: shown to the person without secrets, then handed to the
/// guest, whose answer is masked as a whole.
#[derive(Clone)]
struct Shown {
    state: Arc<CallState>,
    sender: mpsc::Sender<Chunk>,
    plain: Plain,
    masked: MaskStream,
}

impl Sink for Shown {
    const MAX_BYTES: u64 = 8 << 20;

    async fn take(&mut self, stream: Stream, bytes: Vec<u8>) -> bool {
        let text = self.plain.push(&bytes);
        if text.is_empty() {
            return true;
        }
        let shown = self.masked.push(&text);
        self.state.say(shown_as(stream), shown);
        self.sender.send(chunk(stream, text)).await.is_ok()
    }

    fn end(&mut self, stream: Stream) {
        let text = self.plain.finish();
        let mut shown = self.masked.push(&text);
        shown.push_str(&self.masked.finish());
        self.state.say(shown_as(stream), shown);
        if !text.is_empty() {
            // The stand-in for a torn character; not worth waiting for.
            drop(self.sender.try_send(chunk(stream, text)));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_gets_ten_minutes_at_most() {
        let seconds = |asked_ms| patience(asked_ms).as_secs();
        assert_eq!(seconds(TIMEOUT_DEFAULT_MS), 120);
        assert_eq!(seconds(1_000), 1);
        assert_eq!(seconds(601_000), 600);
        assert_eq!(seconds(u32::MAX), 600);
    }
}
