//! The servers, as the runtime sets them up and asks about them.

use super::Registry;
use crate::mcp::{
    FilledPrompt, ResourcePart, ServerHost, ServerSpec, ServerStatus, StdioSpec, server_reach,
};
use anteroom_api::{McpPromptView, McpReach, McpResourceView};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;

impl Registry {
    /// Who answers what servers ask, and keeps what has to be kept. Until it is told, no server is started.
    pub fn set_server_host(&self, host: Arc<dyn ServerHost>) {
        self.0.servers.set_host(host);
    }

    /// The servers that there should be from now on; starts what is new, ends what is gone, restarts what is
    /// another one now. Returns at once. Of two with the same id the first counts.
    pub fn set_servers(&self, servers: Vec<ServerSpec>) {
        self.0.servers.set(servers);
    }

    /// What a server's program is and reaches now, for whoever approves it.
    ///
    /// # Errors
    /// Why it cannot be started as it is described, in words.
    pub async fn server_reach(&self, spec: StdioSpec) -> Result<McpReach, String> {
        let shell = self.0.shell.clone();
        // Reads folders.
        let looked = tokio::task::spawn_blocking(move || server_reach(&spec, &shell));
        looked
            .await
            .map_err(|_| "looking at it ended early; this is a bug of the host")?
    }

    /// All servers as they are now, by name.
    #[must_use]
    pub fn servers(&self) -> Vec<ServerStatus> {
        self.0.servers.statuses()
    }

    /// Rises when anything differs in what [`Self::servers`] tells, but counts and logs.
    #[must_use]
    pub fn server_changes(&self) -> watch::Receiver<u64> {
        self.0.servers.changes()
    }

    /// Waits until no server is being connected for the first time.
    pub async fn servers_settled(&self) {
        self.0.servers.settled().await;
    }

    /// Connects the servers with this name, also those that are not enabled, and those that wait to be tried
    /// again. Answers whether there is one.
    pub fn connect_server(&self, name: &str) -> bool {
        self.0.servers.connect(name)
    }

    /// Disconnects them, until somebody connects them again.
    pub fn disconnect_server(&self, name: &str) -> bool {
        self.0.servers.disconnect(name)
    }

    /// Disconnects and connects them.
    pub fn restart_server(&self, name: &str) -> bool {
        self.0.servers.restart(name)
    }

    /// Compares the tools of the servers with this name with their pins anew: one was accepted.
    pub async fn check_pins(&self, name: &str) {
        self.0.servers.check_pins(name).await;
    }

    /// Begins to sign in at a server that wants it.
    ///
    /// # Errors
    /// Why it cannot be done, in words.
    pub async fn sign_in(&self, name: &str) -> Result<String, String> {
        self.0.servers.sign_in(name).await
    }

    /// What the servers with this name said on their standard error and in their logs, oldest first. From outside,
    /// cleaned.
    #[must_use]
    pub fn server_log(&self, name: &str) -> Vec<String> {
        self.0.servers.log(name)
    }

    /// The resources of the servers that are ready and count in a project with this tools folder.
    pub async fn resources(&self, project: Option<&Path>) -> Vec<McpResourceView> {
        self.0.servers.resources(project).await
    }

    /// Reads a resource.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    pub async fn read_resource(
        &self,
        project: Option<&Path>,
        server: &str,
        uri: &str,
    ) -> Result<Vec<ResourcePart>, String> {
        self.0.servers.read_resource(project, server, uri).await
    }

    /// The prompts of the servers that are ready and count in a project with this tools folder.
    pub async fn prompts(&self, project: Option<&Path>) -> Vec<McpPromptView> {
        self.0.servers.prompts(project).await
    }

    /// Fills in a prompt.
    ///
    /// # Errors
    /// Why it cannot be had, in words.
    pub async fn get_prompt(
        &self,
        project: Option<&Path>,
        server: &str,
        name: &str,
        arguments: &BTreeMap<String, String>,
    ) -> Result<FilledPrompt, String> {
        let servers = &self.0.servers;
        servers.get_prompt(project, server, name, arguments).await
    }
}
