//! `agents`: child agents. Asked at the start; the child's own calls are judged in their own right.

use crate::services::{AgentFailure, AgentTask};
use crate::wasm::bindings::anteroom::tool::agents::{AgentError, Host, Outcome, Task};
use crate::wasm::hosted::Hosted;
use crate::wasm::state::CallState;
use anteroom_gate::Effect;

/// Characters of a task.
const PROMPT_CHARS: usize = 32_000;
/// What a child without a name is called.
const NAME_DEFAULT: &str = "agent";

impl Host for Hosted {
    async fn run(&mut self, task: Task) -> wasmtime::Result<Result<Outcome, AgentError>> {
        Ok(run_agent(&self.state, task).await)
    }
}

async fn run_agent(state: &CallState, task: Task) -> Result<Outcome, AgentError> {
    if task.prompt.chars().count() > PROMPT_CHARS {
        return Err(AgentError::Limit(format!(
            "the task has more than {PROMPT_CHARS} characters; shorten it, or put the details in a file that the child can read"
        )));
    }
    let effect = Effect::Agent {
        name: task.name.clone().unwrap_or_else(|| NAME_DEFAULT.into()),
        prompt: task.prompt.clone(),
    };
    state.effect(effect).await.map_err(AgentError::Denied)?;
    let child = state.services.run_agent(AgentTask {
        prompt: task.prompt,
        name: task.name,
        model: task.model,
        tools: task.tools,
    });
    match state.wait(child).await.map_err(AgentError::Failed)? {
        Ok(outcome) => Ok(Outcome {
            text: outcome.text,
            steps: outcome.steps,
            completed: outcome.completed,
        }),
        Err(AgentFailure::Denied(why)) => Err(AgentError::Denied(state.refused(why))),
        Err(AgentFailure::Limit(why)) => Err(AgentError::Limit(why)),
        Err(AgentFailure::Failed(why)) => Err(AgentError::Failed(why)),
    }
}
