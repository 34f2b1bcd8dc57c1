//! What a command is started on: inside which walls, or without, and what has to be asked because of it.

use crate::confine::{self, Exit, Plan, Sandbox, SandboxMode, Settled, Site, Stopped};
use crate::wasm::state::CallState;
use anteroom_gate::Effect;
use std::sync::Arc;

/// What was settled for one command.
#[derive(Clone, Debug)]
pub(crate) enum Footing {
    /// No walls.
    Bare,
    /// All walls there are.
    Walled {
        plan: Arc<Plan>,
        sandbox: Arc<Sandbox>,
    },
}

impl Footing {
    /// Finds out for a command that starts now: what lies in the workspace may have changed.
    ///
    /// # Errors
    /// What is missing, in words, where the user requires the sandbox.
    pub(crate) async fn settle(state: &Arc<CallState>) -> Result<Self, String> {
        let sandbox = state.shell.sandbox();
        if sandbox.mode == SandboxMode::Off {
            return Ok(Self::Bare);
        }
        let plan = {
            let (state, sandbox) = (state.clone(), sandbox.clone());
            // Reads folders.
            let planned = tokio::task::spawn_blocking(move || plan(&state, &sandbox));
            planned
                .await
                .map_err(|_| "the sandbox could not be planned; this is a bug of the host")?
        };
        if sandbox.mode == SandboxMode::Require {
            let mut missing = confine::walls(&sandbox).missing();
            missing.extend(plan.gaps.iter().cloned());
            if !missing.is_empty() {
                return Err(format!(
                    "nothing was started, because `safety.sandbox` is `require` and the sandbox is not complete: {}. A person can change that with `aroom config set safety.sandbox auto`; `aroom doctor` tells more",
                    missing.join("; ")
                ));
            }
        }
        Ok(Self::Walled {
            plan: Arc::new(plan),
            sandbox,
        })
    }

    /// The same for a command that was asked about, which may have taken a while.
    ///
    /// # Errors
    /// What is missing, in words, if that is something else now.
    pub(crate) async fn again(self, state: &Arc<CallState>) -> Result<Self, String> {
        let now = Self::settle(state).await?;
        let gaps = |footing: &Self| match footing {
            Self::Bare => None,
            Self::Walled { plan, .. } => Some(plan.gaps.clone()),
        };
        if gaps(&now) == gaps(&self) {
            return Ok(now);
        }
        Err("nothing was started, because the sandbox it was asked with is not the one there is now; try again".into())
    }

    /// The effect to be shown to the permit.
    pub(crate) fn effect(&self, line: String, cwd: String, is_background: bool) -> Effect {
        match self {
            Self::Walled { plan, .. } if !plan.gaps.is_empty() => {
                let mut why = plan.gaps.join("; ");
                if is_background {
                    why.push_str("; and it would run in the background");
                }
                Effect::Unconfined { line, cwd, why }
            }
            Self::Bare | Self::Walled { .. } => Effect::Process {
                line,
                cwd,
                is_background,
            },
        }
    }

    /// What the sandbox stopped, in words, if it did.
    pub(crate) fn stopped(&self, output: &str, exit: Option<Exit>) -> Option<&'static str> {
        let Self::Walled { plan, sandbox } = self else {
            return None;
        };
        let (code, signal) = exit.map_or((None, None), |exit| (exit.code, exit.signal));
        Stopped::of(output, code, signal, (plan, sandbox)).map(Stopped::words)
    }

    /// For the start.
    pub(crate) fn settled(&self) -> Settled<'_> {
        match self {
            Self::Bare => Settled::Bare,
            Self::Walled { plan, sandbox } => Settled::Walled { plan, sandbox },
        }
    }
}

fn plan(state: &CallState, sandbox: &Sandbox) -> Plan {
    Plan::new(&Site {
        sandbox,
        workspace: &state.session.workspace().path,
        temp: &state.session.temp().path,
        is_sensitive: &|path| state.permit.is_sensitive(path),
    })
}
