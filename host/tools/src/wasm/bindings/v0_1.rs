//! The host's side of `anteroom:tool@0.1.0`, generated from `wit/releases/0.1.0/`, and the door from it: what comes
//! in is turned into the newest release's words, what goes out is turned back.

use super::v0_2::anteroom::tool as new;
use super::v0_2::exports::anteroom::tool::tools::ToolManifest;
use crate::lend::process::Child;
use crate::wasm::hosted::Hosted;
use anteroom::tool as old;
use wasmtime::component::Resource;

wasmtime::component::bindgen!({
    path: "../../wit/releases/0.1.0",
    world: "anteroom:tool/toolset@0.1.0",
    imports: {
        "anteroom:tool/log": trappable,
        "anteroom:tool/workspace": trappable,
        default: async | trappable,
    },
    exports: { default: async },
    with: {
        "anteroom:tool/process.child": crate::lend::process::Child,
    },
});

macro_rules! record {
    ($from:path => $to:path { $($field:ident),+ }) => {
        impl From<$from> for $to {
            fn from(from: $from) -> Self {
                Self { $($field: from.$field.into()),+ }
            }
        }
    };
}

macro_rules! choice {
    ($from:path => $to:path { $($case:ident $(($inside:ident))?),+ }) => {
        impl From<$from> for $to {
            fn from(from: $from) -> Self {
                use $from as From;
                match from {
                    $(From::$case $(($inside))? => Self::$case $(($inside.into()))?),+
                }
            }
        }
    };
}

choice!(old::types::Tier => new::types::Tier { Read, Write, Execute, Destructive });
choice!(old::types::Capability => new::types::Capability { FilesRead, FilesWrite, Process, Canvas, Agents, Ask });
record!(old::types::FileDiff => new::types::FileDiff { path, unified, added, removed });
record!(old::types::Image => new::types::Image { media_type, data });
choice!(old::types::Content => new::types::Content { Text(it), Json(it), Image(it), Diff(it) });
choice!(old::types::ToolError => new::types::ToolError { InvalidArgs(it), NotFound(it), Denied(it), Failed(it) });
record!(new::types::CallContext => old::types::CallContext { call_id, conversation_id, workspace, temp, max_output });
choice!(old::log::Level => new::log::Level { Debug, Info, Warn, Error });
record!(old::process::Command => new::process::Command { line, cwd, timeout_ms });
choice!(new::process::Source => old::process::Source { Stdout, Stderr });
record!(new::process::Chunk => old::process::Chunk { source, bytes });
record!(new::process::Exit => old::process::Exit { code, signal, timed_out });
choice!(new::process::ProcessError => old::process::ProcessError { Denied(it), Failed(it) });
record!(new::canvas::Document => old::canvas::Document { id, title, kind, version, body });
choice!(new::canvas::CanvasError => old::canvas::CanvasError { NotFound, Conflict(it), Invalid(it), Denied(it) });
record!(old::agents::Task => new::agents::Task { prompt, name, model, tools });
record!(new::agents::Outcome => old::agents::Outcome { text, steps, completed });
choice!(new::agents::AgentError => old::agents::AgentError { Denied(it), Limit(it), Failed(it) });
choice!(new::ask::AskError => old::ask::AskError { Nobody, Declined, TimedOut, Denied(it) });

impl From<new::process::Task> for old::process::Task {
    fn from(task: new::process::Task) -> Self {
        Self {
            id: task.id,
            line: task.line,
            exit: task.exit.map(Into::into),
            output_bytes: task.output_bytes,
        }
    }
}

impl From<old::types::Output> for new::types::Output {
    fn from(output: old::types::Output) -> Self {
        Self {
            content: output.content.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<old::types::ToolManifest> for ToolManifest {
    fn from(manifest: old::types::ToolManifest) -> Self {
        Self {
            name: manifest.name,
            description: manifest.description,
            input_schema: manifest.input_schema,
            tier: manifest.tier.into(),
            capabilities: manifest.capabilities.into_iter().map(Into::into).collect(),
            timeout_ms: manifest.timeout_ms,
        }
    }
}

/// An answer of the host, turned back.
fn back<T, E, U: From<T>, F: From<E>>(answer: Result<T, E>) -> Result<U, F> {
    answer.map(Into::into).map_err(Into::into)
}

impl old::types::Host for Hosted {}

impl old::log::Host for Hosted {
    fn log(&mut self, level: old::log::Level, message: String) -> wasmtime::Result<()> {
        new::log::Host::log(self, level.into(), message)
    }

    fn progress(&mut self, message: String, fraction: Option<f32>) -> wasmtime::Result<()> {
        new::log::Host::progress(self, message, fraction)
    }
}

impl old::workspace::Host for Hosted {
    fn propose(&mut self, change: old::types::FileDiff) -> wasmtime::Result<()> {
        new::workspace::Host::propose(self, change.into())
    }
}

impl old::process::HostChild for Hosted {
    async fn next(
        &mut self,
        child: Resource<Child>,
    ) -> wasmtime::Result<Option<old::process::Chunk>> {
        let chunk = new::process::HostChild::next(self, child).await?;
        Ok(chunk.map(Into::into))
    }

    async fn wait(&mut self, child: Resource<Child>) -> wasmtime::Result<old::process::Exit> {
        let exit = new::process::HostChild::wait(self, child).await?;
        Ok(exit.into())
    }

    async fn kill(&mut self, child: Resource<Child>) -> wasmtime::Result<()> {
        new::process::HostChild::kill(self, child).await
    }

    async fn drop(&mut self, child: Resource<Child>) -> wasmtime::Result<()> {
        new::process::HostChild::drop(self, child).await
    }
}

impl old::process::Host for Hosted {
    async fn spawn(
        &mut self,
        command: old::process::Command,
    ) -> wasmtime::Result<Result<Resource<Child>, old::process::ProcessError>> {
        let spawned = new::process::Host::spawn(self, command.into()).await?;
        Ok(spawned.map_err(Into::into))
    }

    async fn start_task(
        &mut self,
        command: old::process::Command,
    ) -> wasmtime::Result<Result<old::process::Task, old::process::ProcessError>> {
        Ok(back(
            new::process::Host::start_task(self, command.into()).await?,
        ))
    }

    async fn list_tasks(&mut self) -> wasmtime::Result<Vec<old::process::Task>> {
        let tasks = new::process::Host::list_tasks(self).await?;
        Ok(tasks.into_iter().map(Into::into).collect())
    }

    async fn read_task(
        &mut self,
        id: String,
        start: u64,
    ) -> wasmtime::Result<Result<Vec<u8>, old::process::ProcessError>> {
        Ok(back(new::process::Host::read_task(self, id, start).await?))
    }

    async fn kill_task(
        &mut self,
        id: String,
    ) -> wasmtime::Result<Result<old::process::Task, old::process::ProcessError>> {
        Ok(back(new::process::Host::kill_task(self, id).await?))
    }
}

type Drawn = Result<old::canvas::Document, old::canvas::CanvasError>;

impl old::canvas::Host for Hosted {
    async fn create(
        &mut self,
        title: String,
        kind: String,
        body: String,
    ) -> wasmtime::Result<Drawn> {
        let created = new::canvas::Host::create(self, title, kind, body).await?;
        Ok(back(created))
    }

    async fn get(&mut self, id: String) -> wasmtime::Result<Drawn> {
        Ok(back(new::canvas::Host::get(self, id).await?))
    }

    async fn update(
        &mut self,
        id: String,
        base_version: u32,
        body: String,
    ) -> wasmtime::Result<Drawn> {
        let updated = new::canvas::Host::update(self, id, base_version, body).await?;
        Ok(back(updated))
    }
}

impl old::agents::Host for Hosted {
    async fn run(
        &mut self,
        task: old::agents::Task,
    ) -> wasmtime::Result<Result<old::agents::Outcome, old::agents::AgentError>> {
        Ok(back(new::agents::Host::run(self, task.into()).await?))
    }
}

impl old::ask::Host for Hosted {
    async fn question(
        &mut self,
        text: String,
        options: Vec<String>,
        multiple: bool,
    ) -> wasmtime::Result<Result<Vec<String>, old::ask::AskError>> {
        let answer = new::ask::Host::question(self, text, options, multiple).await?;
        Ok(back(answer))
    }
}
