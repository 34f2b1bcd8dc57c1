//! Servers as they stand there now: each entry with what its program is and reaches, looked at anew each time, and
//! the hash that an approval of exactly that names.

use super::keeper;
use super::spec::{self, Site};
use super::view::Decided;
use crate::config::McpServer;
use crate::engine::Engine;
use anteroom_api::McpReach;
use anteroom_tools::{reach_differences, reach_lines};

/// A server as it stands there now.
pub(super) struct Seen {
    pub(super) server: McpServer,
    /// Of a program: what it is and reaches, or why it cannot be started so.
    pub(super) reach: Option<Result<McpReach, String>>,
    /// What an approval names.
    pub(super) hash: String,
}

/// All servers that there should be.
pub(super) async fn all(engine: &Engine) -> Vec<Seen> {
    // Before the first turn nobody else has told what is the user's.
    let sandbox = crate::sandbox::wanted(&engine.settings(), &engine.paths);
    engine.registry.confine(sandbox);
    let project = keeper::project(engine);
    let bundles = crate::bundles::kept::homes(engine);
    let mut seen = Vec::new();
    for server in super::entries(engine) {
        let site = Site {
            data: &engine.paths.data,
            project: &project,
            ca_file: None,
            bundles: &bundles,
        };
        let program = spec::program(&server, &site);
        let reach = match program {
            Some(program) => Some(engine.registry.server_reach(program).await),
            None => None,
        };
        let found = reach.as_ref().and_then(|reach| reach.as_ref().ok());
        seen.push(Seen {
            hash: spec::hash(&server, &project, found),
            server,
            reach,
        });
    }
    seen
}

impl Seen {
    pub(super) fn name(&self) -> &str {
        &self.server.filled.name
    }

    /// Whether it may be started or reached as it is now.
    pub(super) fn is_approved(&self, decided: &Decided) -> bool {
        let is_possible = !matches!(self.reach, Some(Err(_)));
        !spec::needs_approval(&self.server) || (is_possible && decided.is_approved(&self.hash))
    }

    /// What it is and reaches, if it can be started.
    pub(super) fn found(&self) -> Option<&McpReach> {
        self.reach.as_ref()?.as_ref().ok()
    }

    /// Why it cannot be started at all.
    pub(super) fn refused(&self) -> Option<&str> {
        self.reach.as_ref()?.as_ref().err().map(String::as_str)
    }

    /// All that is approved, line by line; whose it is comes first.
    pub(super) fn lines(&self, engine: &Engine) -> Vec<String> {
        let mut lines = vec![self.whose(engine)];
        lines.extend(spec::in_lines(&spec::shown_transport(&self.server)));
        lines.extend(self.found().map(reach_lines).unwrap_or_default());
        lines
    }

    /// What differs from what was approved of it last.
    pub(super) fn differences(&self, engine: &Engine, decided: &Decided) -> Vec<String> {
        if self.refused().is_some() || self.is_approved(decided) {
            return Vec::new();
        }
        let whose = self.whose(engine);
        let Some(before) = decided.shown_last(self.name(), &whose) else {
            return Vec::new();
        };
        reach_differences(&before, &self.lines(engine))
    }

    fn whose(&self, engine: &Engine) -> String {
        let workspace = keeper::workspace(engine).filter(|_| self.server.is_project);
        match (&self.server.bundle, workspace) {
            (Some(bundle), _) => format!("of the bundle {bundle}"),
            (None, Some(workspace)) => format!("of the project {}", workspace.display()),
            (None, None) => "of your config file".to_owned(),
        }
    }
}
