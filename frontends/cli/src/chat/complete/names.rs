//! The names that only the host knows, for the thread that reads keys: asked for with little patience, so that
//! no key waits for a network or a disk.

use super::{Kind, Named, Names};
use crate::command::mcp::shown;
use anteroom_api::{HostHandle, Problem};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Paths asked for at once.
const PATHS: u32 = 50;
/// Conversations offered.
const CONVERSATIONS: u32 = 200;
/// How long a key may wait for names.
const PATIENCE: Duration = Duration::from_millis(250);
/// Names that do not change with each key are asked for again after so long.
const FRESH: Duration = Duration::from_secs(5);

/// Names from a host. Cheap to clone; clones share what they found out.
#[derive(Clone)]
pub(in crate::chat) struct HostNames {
    host: HostHandle,
    workspace: PathBuf,
    runtime: Handle,
    kept: Arc<Mutex<HashMap<Kind, Kept>>>,
}

struct Kept {
    at: Instant,
    names: Vec<Named>,
}

impl std::fmt::Debug for HostNames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostNames")
            .field("workspace", &self.workspace)
            .finish_non_exhaustive()
    }
}

impl HostNames {
    /// To be called where the host's runtime is; begins to look through the workspace.
    pub(in crate::chat) fn new(host: HostHandle, workspace: PathBuf) -> Self {
        let names = Self {
            host,
            workspace,
            runtime: Handle::current(),
            kept: Arc::default(),
        };
        let (host, workspace) = (names.host.clone(), names.folder());
        names.runtime.spawn(async move {
            // Only so that the first `@` finds them known.
            drop(host.read().paths(workspace, String::new(), 1).await);
        });
        names
    }

    fn folder(&self) -> String {
        self.workspace.display().to_string()
    }

    /// What comes of a question within a key's patience; what comes later is kept by whoever asked.
    fn wait<T: Send + 'static>(
        &self,
        question: impl Future<Output = Option<T>> + Send + 'static,
    ) -> Option<T> {
        let (sender, answer) = mpsc::sync_channel(1);
        self.runtime.spawn(async move {
            if let Some(found) = question.await {
                // Nobody waits any more if it took too long.
                let _ = sender.send(found);
            }
        });
        answer.recv_timeout(PATIENCE).ok()
    }

    fn known(&self, kind: Kind) -> Option<(bool, Vec<Named>)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.get(&kind)?;
        Some((kept.at.elapsed() < FRESH, kept.names.clone()))
    }
}

impl Names for HostNames {
    fn paths(&mut self, typed: &str) -> Vec<String> {
        let (host, workspace, typed) = (self.host.clone(), self.folder(), typed.to_owned());
        let hits = self.wait(async move { host.read().paths(workspace, typed, PATHS).await.ok() });
        let mut paths = hits.map(|hits| hits.paths).unwrap_or_default();
        paths.retain(|path| is_typable(path));
        paths
    }

    fn all(&mut self, kind: Kind) -> Vec<Named> {
        let known = self.known(kind);
        if let Some((true, names)) = known {
            return names;
        }
        let (host, kept, workspace) = (self.host.clone(), self.kept.clone(), self.folder());
        let found = self.wait(async move {
            let mut names = ask(&host, workspace, kind).await.ok()?;
            names.retain(|named| is_typable(&named.name));
            let fresh = Kept {
                at: Instant::now(),
                names: names.clone(),
            };
            kept.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(kind, fresh);
            Some(names)
        });
        // Yesterday's names are better than none.
        found.or(known.map(|(_, names)| names)).unwrap_or_default()
    }
}

async fn ask(host: &HostHandle, workspace: String, kind: Kind) -> Result<Vec<Named>, Problem> {
    let names = match kind {
        Kind::Models => {
            let models = host.read().models().await?;
            models.into_iter().map(|name| named(name, "")).collect()
        }
        Kind::Conversations => {
            let page = host.read().conversations(None, CONVERSATIONS).await?;
            let views = page.entries.into_iter();
            views
                .map(|view| named(crate::target::short(view.id), &view.title))
                .collect()
        }
        Kind::Settings => {
            let report = host.read().settings().await?;
            let settings = report.settings.into_iter();
            settings
                .map(|setting| named(setting.key, &setting.doc))
                .collect()
        }
        Kind::Rules => {
            let rules = host.read().rules().await?.into_iter();
            rules.map(|rule| named(rule.rule, "")).collect()
        }
        Kind::Databases => {
            let databases = host.read().databases(false).await?.into_iter();
            let shared = databases.filter(|database| !database.name.is_empty());
            shared
                .map(|database| named(database.name, &database.path))
                .collect()
        }
        Kind::Tags => {
            let tags = host.read().tags().await?.into_iter();
            tags.map(|tag| named(tag.name, "")).collect()
        }
        Kind::Folders => {
            let folders = host.read().folders().await?.into_iter();
            folders.map(|folder| named(folder.path, "")).collect()
        }
        Kind::Projects => {
            let projects = host.read().projects().await?.into_iter();
            projects
                .map(|project| named(project.spec.name, ""))
                .collect()
        }
        Kind::Skills => {
            let skills = host.read().skills(workspace).await?.into_iter();
            let skills = skills.filter(|skill| skill.is_usable && skill.is_for_people);
            skills
                .map(|skill| named(skill.name, &skill.description))
                .collect()
        }
        Kind::Servers => {
            let servers = host.read().mcp_servers(workspace).await?.into_iter();
            servers
                .map(|server| named(server.name.clone(), &shown::brief(&server)))
                .collect()
        }
        Kind::Resources => {
            let resources = host.read().mcp_resources(workspace).await?.into_iter();
            resources
                .map(|resource| {
                    let about = resource.description.unwrap_or(resource.name);
                    named(format!("{}:{}", resource.server, resource.uri), &about)
                })
                .collect()
        }
        Kind::Prompts => {
            let prompts = host.read().mcp_prompts(workspace).await?.into_iter();
            prompts
                .map(|prompt| {
                    let about = prompt.description.unwrap_or_default();
                    named(format!("{}.{}", prompt.server, prompt.name), &about)
                })
                .collect()
        }
    };
    Ok(names)
}

fn named(name: impl Into<String>, about: &str) -> Named {
    Named {
        name: name.into(),
        about: about.to_owned(),
    }
}

/// What holds signs that move the cursor is not put into a line.
fn is_typable(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(char::is_control) && crate::clean::clean(name) == name
}
