//! All servers: what there should be, kept by one task each.

use super::ask::ServerHost;
use super::offers::{FilledPrompt, ResourcePart};
use super::spec::{ServerId, ServerSpec};
use super::status::{ServerState, ServerStatus};
use anteroom_api::{McpPromptView, McpResourceView};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::watch;

/// All servers.
pub(crate) struct Servers {
    host: RwLock<Option<Arc<dyn ServerHost>>>,
    held: Mutex<BTreeMap<ServerId, ServerSpec>>,
    changes: watch::Sender<u64>,
}

impl Default for Servers {
    fn default() -> Self {
        Self {
            host: RwLock::default(),
            held: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }
}

impl Servers {
    pub(crate) fn set_host(&self, host: Arc<dyn ServerHost>) {
        *self.host.write().unwrap_or_else(PoisonError::into_inner) = Some(host);
    }

    pub(crate) fn set(&self, servers: Vec<ServerSpec>) {
        let mut held = self.held();
        held.clear();
        for server in servers {
            held.entry(server.id.clone()).or_insert(server);
        }
        drop(held);
        self.changes.send_modify(|count| *count += 1);
    }

    pub(crate) fn statuses(&self) -> Vec<ServerStatus> {
        let held = self.held();
        let statuses = held.values().map(|spec| ServerStatus {
            id: spec.id.clone(),
            state: ServerState::Disconnected,
            protocol: None,
            title: None,
            instructions: None,
            tools: Vec::new(),
            has_resources: false,
            has_prompts: false,
            calls: 0,
            running: 0,
            last_error: None,
            log: Vec::new(),
        });
        statuses.collect()
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) async fn settled(&self) {}

    pub(crate) fn connect(&self, name: &str) -> bool {
        self.is_there(name)
    }

    pub(crate) fn disconnect(&self, name: &str) -> bool {
        self.is_there(name)
    }

    pub(crate) fn restart(&self, name: &str) -> bool {
        self.is_there(name)
    }

    pub(crate) async fn check_pins(&self, _name: &str) {}

    pub(crate) async fn sign_in(&self, name: &str) -> Result<String, String> {
        Err(format!("`{name}` is not connected"))
    }

    pub(crate) fn log(&self, _name: &str) -> Vec<String> {
        Vec::new()
    }

    pub(crate) async fn resources(&self, _project: Option<&Path>) -> Vec<McpResourceView> {
        Vec::new()
    }

    pub(crate) async fn read_resource(
        &self,
        _project: Option<&Path>,
        server: &str,
        _uri: &str,
    ) -> Result<Vec<ResourcePart>, String> {
        Err(format!("`{server}` is not connected"))
    }

    pub(crate) async fn prompts(&self, _project: Option<&Path>) -> Vec<McpPromptView> {
        Vec::new()
    }

    pub(crate) async fn get_prompt(
        &self,
        _project: Option<&Path>,
        server: &str,
        _name: &str,
        _arguments: &BTreeMap<String, String>,
    ) -> Result<FilledPrompt, String> {
        Err(format!("`{server}` is not connected"))
    }

    fn is_there(&self, name: &str) -> bool {
        self.held().keys().any(|id| id.name == name)
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<ServerId, ServerSpec>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
