//! The real program: what a person or a script sees of it, from arguments to exit code.

mod answers;
mod bundles;
#[cfg(unix)]
mod completions;
mod config;
mod ends;
pub(crate) mod fed;
mod hand;
#[cfg(unix)]
mod hooks;
mod job;
mod machine;
mod manual;
pub(crate) mod mcp;
mod organize;
mod references;
mod server;
#[cfg(unix)]
mod setup;
mod shape;
mod skills;
mod toolmaking;

use crate::support::endpoint::{Endpoint, Reply};
use crate::support::program::{Left, aroom, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A home, a project, an endpoint.
pub(crate) struct Desk {
    pub(crate) endpoint: Endpoint,
    folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) async fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "work"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self {
            endpoint: Endpoint::with(replies).await,
            folder,
        }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work").canonicalize().unwrap()
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.work().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.work().join(path)).unwrap()
    }

    /// The program in the project, connected.
    pub(crate) fn aroom(&self, arguments: &[&str]) -> Command {
        let mut command = aroom(&self.home(), Some(&self.endpoint));
        command.current_dir(self.work()).args(arguments);
        command
    }

    /// The program in the project, without an endpoint.
    pub(crate) fn unconnected(&self, arguments: &[&str]) -> Command {
        let mut command = aroom(&self.home(), None);
        command.current_dir(self.work()).args(arguments);
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Left {
        run(self.aroom(arguments)).await
    }

    /// Runs and expects success; gives standard output.
    async fn stdout(&self, arguments: &[&str]) -> String {
        let left = self.run(arguments).await;
        assert_eq!(left.code, 0, "{arguments:?}: {left:?}");
        left.stdout
    }

    async fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let text = self.stdout(arguments).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The database, for looking at it as a stranger would.
    fn database(&self) -> rusqlite::Connection {
        open_database(&self.home().join(".anteroom/anteroom.db"))
    }
}

fn open_database(path: &Path) -> rusqlite::Connection {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    rusqlite::Connection::open_with_flags(path, flags).unwrap()
}
