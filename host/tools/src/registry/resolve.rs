//! From a tool that a conversation was told of to the component that answers now. What was found stays what it is
//! until the call is over, whatever comes into its place meanwhile.

use super::served_tool::ServedTool;
use super::{Call, Definition, Outcome, Registry, answer, arguments, definition};
use crate::clock::Clock;
use crate::module::{Loaded, Module};
use crate::options::Limits;
use crate::services::{KeptBy, Services};
use crate::wasm::bindings::anteroom::tool::types::CallContext;
use crate::wasm::call::{self, Invocation};
use crate::wasm::describe::Tool;
use crate::wasm::state::{CallParts, CallState, Caller};
use anteroom_api::{ModuleOrigin, Stop, Trust};
use anteroom_gate::Permit;
use serde_json::Value;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A tool with what answers for it: a component or a server.
#[derive(Clone)]
pub struct Resolved(Answers);

#[derive(Clone)]
enum Answers {
    Component(ComponentTool),
    Server(ServedTool),
}

/// A tool with the component that answers for it.
#[derive(Clone)]
struct ComponentTool {
    registry: Registry,
    module: Arc<Module>,
    loaded: Arc<Loaded>,
    index: usize,
    /// Whether its arguments are described otherwise than the conversation was told.
    is_changed: bool,
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Resolved").field(&self.definition()).finish()
    }
}

impl Registry {
    /// Finds what answers now for a tool that is no project's.
    pub(super) async fn named(&self, tool: &str) -> Option<Resolved> {
        self.ready(None).await;
        let shelf = self.shelf();
        for module in shelf.of(None) {
            let Ok(loaded) = module.loaded().await else {
                continue;
            };
            let found = loaded.tools().iter().position(|it| it.view.name == tool);
            if let Some(index) = found.filter(|_| !shelf.is_disabled(&module.id)) {
                return Some(Resolved(Answers::Component(ComponentTool {
                    registry: self.clone(),
                    module,
                    loaded,
                    index,
                    is_changed: false,
                })));
            }
        }
        let served = ServedTool::named(self, None, tool)?;
        Some(Resolved(Answers::Server(served)))
    }

    /// Finds what answers now for a tool that a conversation was told of. It belongs to the same toolset; which
    /// bytes that has now, only [`Resolved::definition`] says.
    ///
    /// # Errors
    /// That it was withdrawn or switched off, in words for the model.
    pub async fn resolve(
        &self,
        project: Option<&Path>,
        sent: &Definition,
    ) -> Result<Resolved, String> {
        if sent.origin == ModuleOrigin::Server {
            let served = ServedTool::find(self, project, sent)?;
            return Ok(Resolved(Answers::Server(served)));
        }
        let (name, id) = (&sent.tool.name, &sent.module);
        let withdrawn = |why: &str| {
            format!(
                "`{name}` was withdrawn: the toolset `{id}` {why}. Do without it, or tell the person what you would need it for"
            )
        };
        let shelf = self.shelf();
        let mut modules = shelf.of(project).into_iter();
        let Some(module) = modules.find(|module| module.id == *id) else {
            return Err(withdrawn("is gone"));
        };
        if shelf.is_disabled(id) {
            return Err(format!(
                "`{name}` was withdrawn: a person switched the toolset `{id}` off; only a person can switch it on again, with `aroom tool enable {id}`"
            ));
        }
        let Ok(loaded) = module.loaded().await else {
            return Err(withdrawn("cannot be loaded any more"));
        };
        let mut tools = loaded.tools().iter();
        let Some(index) = tools.position(|tool| tool.view.name == *name) else {
            return Err(withdrawn("does not offer it any more"));
        };
        let is_changed = loaded.tools()[index].view.input_schema != sent.tool.input_schema;
        Ok(Resolved(Answers::Component(ComponentTool {
            registry: self.clone(),
            module,
            loaded,
            index,
            is_changed,
        })))
    }
}

impl Resolved {
    /// The tool as it is now, with the hash of what will answer: the component, or what the server says of it.
    #[must_use]
    pub fn definition(&self) -> Definition {
        match &self.0 {
            Answers::Component(it) => definition(&it.module, it.tool()),
            Answers::Server(it) => it.definition(),
        }
    }

    /// Checks arguments against the tool as it is now.
    ///
    /// # Errors
    /// What is wrong with them, in words for the model.
    pub fn check(&self, arguments: &Value) -> Result<(), String> {
        match &self.0 {
            Answers::Component(it) => it.fitting(arguments).map(|_| ()),
            Answers::Server(it) => it.fitting(arguments).map(|_| ()),
        }
    }

    /// Runs the tool with the arguments of its permit. A tool's failure, crash or denial is data.
    pub async fn call(
        &self,
        permit: Permit,
        call: Call,
        services: Arc<dyn Services>,
        stop: Stop,
    ) -> Outcome {
        match &self.0 {
            Answers::Component(it) => it.call(permit, call, services, stop).await,
            Answers::Server(it) => it.call(permit, call, services, stop).await,
        }
    }
}

impl ComponentTool {
    async fn call(
        &self,
        permit: Permit,
        call: Call,
        services: Arc<dyn Services>,
        stop: Stop,
    ) -> Outcome {
        let trust = trust_of(&self.module);
        let _place = match self.registry.admit(&permit, &self.tool().view.name) {
            Ok(place) => place,
            Err(words) => return Outcome::failed(words),
        };
        let arguments = match self.fitting(permit.arguments()) {
            Ok(arguments) => arguments,
            Err(words) => return Outcome::failed(words).trusted(trust),
        };
        let limits = self.registry.limits(self.tool());
        let state = Arc::new(CallState::new(CallParts {
            caller: self.caller(&call),
            permit,
            services,
            session: call.session.clone(),
            clock: Clock::start(limits.wall),
            stop,
            shell: self.registry.0.shell.clone(),
        }));
        let invocation = self.invocation(&call, &state, arguments, limits);
        let end = call::run(&self.registry.0.loader.engine, invocation).await;
        answer::outcome(end, &state, &call, trust)
    }

    fn tool(&self) -> &Tool {
        &self.loaded.tools()[self.index]
    }

    fn fitting(&self, arguments: &Value) -> Result<String, String> {
        let tool = self.tool();
        let fitting = arguments::check(&tool.view, &tool.validator, arguments);
        fitting.map_err(|words| arguments::changed(words, self.is_changed))
    }

    fn caller(&self, call: &Call) -> Caller {
        Caller {
            module: self.module.id.0.clone(),
            kept_by: KeptBy {
                toolset: self.module.id.0.clone(),
                origin: self.module.origin,
                hash: self.module.hash.clone(),
                path: self.module.path.clone(),
            },
            is_built_in: self.module.origin == ModuleOrigin::BuiltIn,
            declared: self.tool().capabilities.clone(),
            grants: call.grants.clone(),
        }
    }

    fn invocation(
        &self,
        call: &Call,
        state: &Arc<CallState>,
        arguments: String,
        limits: Limits,
    ) -> Invocation {
        let shown = |path: &Path| path.to_string_lossy().into_owned();
        Invocation {
            toolset: self.loaded.toolset.clone(),
            state: state.clone(),
            context: CallContext {
                call_id: call.call.clone(),
                conversation_id: call.conversation.to_string(),
                workspace: shown(&call.session.workspace().path),
                temp: shown(&call.session.temp().path),
                max_output: u32::try_from(call.max_output_chars).unwrap_or(u32::MAX),
            },
            tool: self.tool().view.name.clone(),
            arguments,
            memory_bytes: limits.memory_bytes,
            waits: self.loaded.description.waits,
        }
    }
}

fn trust_of(module: &Module) -> Trust {
    match module.origin {
        ModuleOrigin::BuiltIn => Trust::Workspace,
        ModuleOrigin::User
        | ModuleOrigin::Bundle
        | ModuleOrigin::Project
        | ModuleOrigin::Server => Trust::Untrusted,
    }
}
