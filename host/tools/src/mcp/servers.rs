//! All servers: what there should be, kept by one task each.

use super::ask::ServerHost;
use super::lent;
use super::oauth::Visits;
use super::offers::{FilledPrompt, ResourcePart};
use super::server::Server;
use super::spec::{ServerId, ServerSpec};
use super::status::ServerStatus;
use super::tools::Served;
use crate::confine::Shell;
use anteroom_api::{McpPromptView, McpResourceView};
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// All servers.
pub(crate) struct Servers {
    shell: Arc<Shell>,
    held: Mutex<Held>,
    changes: watch::Sender<u64>,
    /// Sign-ins that wait for a browser.
    visits: Arc<Visits>,
}

#[derive(Default)]
struct Held {
    host: Option<Arc<dyn ServerHost>>,
    servers: BTreeMap<ServerId, Kept>,
}

/// A server with the task that keeps it; dropping it ends both.
struct Kept {
    server: Arc<Server>,
    task: JoinHandle<()>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Servers {
    pub(crate) fn new(shell: Arc<Shell>) -> Self {
        Self {
            shell,
            held: Mutex::default(),
            changes: watch::Sender::new(0),
            visits: Arc::default(),
        }
    }

    pub(crate) fn set_host(&self, host: Arc<dyn ServerHost>) {
        self.held().host = Some(host);
    }

    pub(crate) fn set(&self, specs: Vec<ServerSpec>) {
        let mut wanted = BTreeMap::new();
        for spec in specs {
            if !spec.id.is_valid() {
                tracing::warn!(server = ?spec.id.name, "no server can have this name");
                continue;
            }
            wanted.entry(spec.id.clone()).or_insert(spec);
        }
        let mut held = self.held();
        let Some(host) = held.host.clone() else {
            return;
        };
        held.servers.retain(|id, kept| {
            let is_kept = wanted
                .get(id)
                .is_some_and(|spec| *spec == *kept.server.spec);
            if !is_kept {
                self.visits.end(id);
            }
            is_kept
        });
        for (id, spec) in wanted {
            held.servers.entry(id).or_insert_with(|| {
                let shell = self.shell.clone();
                let server = Server::new(spec, host.clone(), shell, self.changes.clone());
                let task = tokio::spawn(server.clone().keep());
                Kept { server, task }
            });
        }
        drop(held);
        self.changes.send_modify(|count| *count += 1);
    }

    pub(crate) fn statuses(&self) -> Vec<ServerStatus> {
        let all = self.all();
        all.iter().map(|server| server.status()).collect()
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) async fn settled(&self) {
        let mut changes = self.changes.subscribe();
        while self.all().iter().any(|server| server.is_connecting()) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    pub(crate) fn connect(&self, name: &str) -> bool {
        self.each(name, Server::connect)
    }

    pub(crate) fn disconnect(&self, name: &str) -> bool {
        self.each(name, Server::disconnect)
    }

    pub(crate) fn restart(&self, name: &str) -> bool {
        self.each(name, Server::restart)
    }

    pub(crate) async fn check_pins(&self, name: &str) {
        for server in self.named(name) {
            server.judge().await;
        }
    }

    pub(crate) async fn sign_in(&self, name: &str) -> Result<String, String> {
        let mut why = unknown(name);
        for server in self.named(name) {
            match server.sign_in(&self.visits).await {
                Ok(address) => return Ok(address),
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    pub(crate) fn log(&self, name: &str) -> Vec<String> {
        let named = self.named(name);
        named.iter().flat_map(|server| server.log.all()).collect()
    }

    /// The tools that are offered in a project, server by server.
    pub(crate) fn offered(&self, project: Option<&Path>) -> Vec<(Arc<Server>, Arc<Served>)> {
        let mut offered = Vec::new();
        for server in self.of(project) {
            let tools = server.tools();
            let tools = tools.iter().filter(|tool| tool.is_offered());
            offered.extend(tools.map(|tool| (server.clone(), tool.clone())));
        }
        offered
    }

    /// The server with this name that counts in a project.
    pub(crate) fn find(&self, project: Option<&Path>, name: &str) -> Option<Arc<Server>> {
        let mut all = self.of(project).into_iter();
        all.find(|server| server.spec.id.name == name)
    }

    pub(crate) async fn resources(&self, project: Option<&Path>) -> Vec<McpResourceView> {
        let servers = self.of(project);
        let lists = servers.iter().map(|server| lent::resources(server));
        join_all(lists).await.into_iter().flatten().collect()
    }

    pub(crate) async fn read_resource(
        &self,
        project: Option<&Path>,
        server: &str,
        uri: &str,
    ) -> Result<Vec<ResourcePart>, String> {
        let server = self.find(project, server).ok_or_else(|| unknown(server))?;
        lent::read_resource(&server, uri).await
    }

    pub(crate) async fn prompts(&self, project: Option<&Path>) -> Vec<McpPromptView> {
        let servers = self.of(project);
        let lists = servers.iter().map(|server| lent::prompts(server));
        join_all(lists).await.into_iter().flatten().collect()
    }

    pub(crate) async fn get_prompt(
        &self,
        project: Option<&Path>,
        server: &str,
        name: &str,
        arguments: &BTreeMap<String, String>,
    ) -> Result<FilledPrompt, String> {
        let server = self.find(project, server).ok_or_else(|| unknown(server))?;
        lent::get_prompt(&server, name, arguments).await
    }

    /// Those that count in a project; of two with the same name the one that counts everywhere.
    fn of(&self, project: Option<&Path>) -> Vec<Arc<Server>> {
        let mut chosen: BTreeMap<String, Arc<Server>> = BTreeMap::new();
        for server in self.all() {
            let place = server.spec.id.place.as_deref();
            if place.is_none() || place == project {
                // Without a place comes first.
                let name = server.spec.id.name.clone();
                chosen.entry(name).or_insert(server);
            }
        }
        chosen.into_values().collect()
    }

    fn each(&self, name: &str, act: impl Fn(&Server)) -> bool {
        let named = self.named(name);
        named.iter().for_each(|server| act(server));
        !named.is_empty()
    }

    fn named(&self, name: &str) -> Vec<Arc<Server>> {
        let all = self.all().into_iter();
        all.filter(|server| server.spec.id.name == name).collect()
    }

    fn all(&self) -> Vec<Arc<Server>> {
        let held = self.held();
        held.servers
            .values()
            .map(|kept| kept.server.clone())
            .collect()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown(name: &str) -> String {
    format!("there is no MCP server `{}`", anteroom_gate::visible(name))
}
