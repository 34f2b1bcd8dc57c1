//! The sandbox around the processes of tools, as the runtime sets it and asks about it.

use super::Registry;
use crate::confine::{self, Sandbox, Walls};

impl Registry {
    /// What the user says about the sandbox; holds for commands that start from now on. Until it is told, the
    /// defaults hold, without anything of the user's.
    pub fn confine(&self, sandbox: Sandbox) {
        self.0.shell.confine(sandbox);
    }

    /// How processes are started here.
    pub(crate) fn shell(&self) -> &std::sync::Arc<confine::Shell> {
        &self.0.shell
    }

    /// Which walls hold on this machine around a command that starts now. Finding out builds them once.
    #[must_use]
    pub fn walls(&self) -> Walls {
        confine::walls(&self.0.shell.sandbox())
    }
}
