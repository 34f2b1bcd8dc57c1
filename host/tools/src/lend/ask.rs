//! `ask`: a tool's own question to the person.

use crate::wasm::bindings::anteroom::tool::ask::{AskError, Host};
use crate::wasm::hosted::Hosted;
use crate::wasm::state::CallState;
use anteroom_api::{Answer, Capability};
use std::time::{Duration, Instant};

/// Whoever is asked is given longer than this. Silence that comes sooner means that nobody is there.
const NOBODY_ANSWERS_WITHIN: Duration = Duration::from_secs(5);

impl Host for Hosted {
    async fn question(
        &mut self,
        text: String,
        options: Vec<String>,
        multiple: bool,
    ) -> wasmtime::Result<Result<Vec<String>, AskError>> {
        Ok(ask_person(&self.state, text, options, multiple).await)
    }
}

async fn ask_person(
    state: &CallState,
    text: String,
    options: Vec<String>,
    is_multiple: bool,
) -> Result<Vec<String>, AskError> {
    state.require(Capability::Ask).map_err(AskError::Denied)?;
    let asked_at = Instant::now();
    let text = state.permit.masker().mask(&text).into_owned();
    let answer = state.services.question(text, options, is_multiple);
    match state.wait_for_person(answer).await {
        Ok(Answer::Given { values }) => Ok(values),
        // A tool's own question has no form.
        Ok(Answer::Filled { fields }) => Ok(vec![serde_json::Value::Object(fields).to_string()]),
        Ok(Answer::Declined) => Err(AskError::Declined),
        Ok(Answer::NotAnswered) if asked_at.elapsed() < NOBODY_ANSWERS_WITHIN => {
            Err(AskError::Nobody)
        }
        Ok(Answer::NotAnswered) => Err(AskError::TimedOut),
        // The call is being cancelled; nobody will read this.
        Err(_) => Err(AskError::Nobody),
    }
}
