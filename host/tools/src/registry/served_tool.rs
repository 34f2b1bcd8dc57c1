//! A tool of a server as the registry hands it out: found anew for each call, checked, run, and its answer kept
//! like any other's.

use super::{Call, Definition, Outcome, Registry, answer, arguments};
use crate::mcp::{self, AskedIn, Served, ServedCall, Server};
use crate::meter::micros;
use crate::services::Services;
use anteroom_api::{Meter, ModuleId, ModuleOrigin, Stop, Trust};
use anteroom_gate::Permit;
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::Arc;

/// A tool with the server that answers for it.
#[derive(Clone)]
pub(super) struct ServedTool {
    registry: Registry,
    server: Arc<Server>,
    tool: Arc<Served>,
    /// Whether its arguments are described otherwise than the conversation was told.
    is_changed: bool,
}

/// What the servers that are ready offer in a project.
pub(super) fn definitions(registry: &Registry, project: Option<&Path>) -> Vec<Definition> {
    let offered = registry.0.servers.offered(project);
    offered
        .iter()
        .map(|(server, tool)| definition(server, tool))
        .collect()
}

fn definition(server: &Server, tool: &Served) -> Definition {
    Definition {
        module: ModuleId(server.id().name.clone()),
        origin: ModuleOrigin::Server,
        hash: tool.tool.pin.hash.clone(),
        tool: tool.tool.view.clone(),
        capabilities: Vec::new(),
    }
}

impl ServedTool {
    /// The tool with this full name.
    pub(super) fn named(registry: &Registry, project: Option<&Path>, name: &str) -> Option<Self> {
        let offered = registry.0.servers.offered(project);
        let mut offered = offered.into_iter();
        let (server, tool) = offered.find(|(_, tool)| tool.tool.view.name == name)?;
        Some(Self {
            registry: registry.clone(),
            server,
            tool,
            is_changed: false,
        })
    }

    /// Finds what answers now for a tool that a conversation was told of.
    ///
    /// # Errors
    /// Why nothing does, in words for the model.
    pub(super) fn find(
        registry: &Registry,
        project: Option<&Path>,
        sent: &Definition,
    ) -> Result<Self, String> {
        let (name, id) = (&sent.tool.name, &sent.module);
        let Some(server) = registry.0.servers.find(project, &id.0) else {
            return Err(format!(
                "`{name}` was withdrawn: the MCP server `{id}` is gone. Do without it, or tell the person what you would need it for"
            ));
        };
        if !server.is_ready() {
            return Err(format!(
                "`{name}` cannot be called: the MCP server `{id}` is not connected now. It may come back; go on without it, or tell the person"
            ));
        }
        let tools = server.tools();
        let found = tools.iter().find(|tool| tool.tool.view.name == *name);
        let Some(tool) = found.filter(|tool| tool.is_offered()).cloned() else {
            let why = match found {
                Some(_) => "is not what it was any more, and waits for a person to accept it",
                None => "is not offered by its MCP server any more",
            };
            return Err(format!("`{name}` was withdrawn: it {why}"));
        };
        let is_changed = tool.tool.view.input_schema != sent.tool.input_schema;
        Ok(Self {
            registry: registry.clone(),
            server,
            tool,
            is_changed,
        })
    }

    pub(super) fn definition(&self) -> Definition {
        definition(&self.server, &self.tool)
    }

    /// The arguments as the server gets them.
    pub(super) fn fitting(&self, arguments: &Value) -> Result<Map<String, Value>, String> {
        let view = &self.tool.tool.view;
        let validator = self.tool.validator();
        let validator = validator.ok_or_else(|| format!("`{}` cannot be called", view.name))?;
        let text = arguments::check(view, validator, arguments)
            .map_err(|words| arguments::changed(words, self.is_changed))?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    pub(super) async fn call(
        &self,
        permit: Permit,
        call: Call,
        services: Arc<dyn Services>,
        stop: Stop,
    ) -> Outcome {
        let trust = self.trust();
        let _place = match self.registry.admit(&permit, &self.tool.tool.view.name) {
            Ok(place) => place,
            Err(words) => return Outcome::failed(words),
        };
        let arguments = match self.fitting(permit.arguments()) {
            Ok(arguments) => arguments,
            Err(words) => return Outcome::failed(words).trusted(trust),
        };
        let served = ServedCall {
            server: self.server.clone(),
            tool: self.tool.clone(),
            arguments,
            within: AskedIn {
                conversation: call.conversation,
                item: call.item,
            },
            limit: self.server.call_timeout(),
        };
        let answered = mcp::run(served, services, stop).await;
        Outcome {
            result: answer::result(answered.status, answered.content, permit.masker(), &call),
            status: answered.status,
            meter: Meter {
                wall_us: micros(answered.worked),
                waited_us: micros(answered.waited),
                ..Meter::default()
            },
            trust,
        }
    }

    /// What a server answers is from outside, unless the user vouches for it.
    fn trust(&self) -> Trust {
        if self.server.is_trusted() {
            Trust::Workspace
        } else {
            Trust::Untrusted
        }
    }
}
