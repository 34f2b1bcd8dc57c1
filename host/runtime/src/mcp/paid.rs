//! An answer of the model for a server, paid for however it ends: whole, cut off, or wanted by nobody any more.

use crate::agent::services::CallServices;
use crate::agent::tokens;
use crate::engine::Engine;
use anteroom_api::{Phase, Usage};
use anteroom_model::{Answer, ChatRequest, StreamEvent};
use std::sync::Arc;

/// Has the model answer, and counts what that took. It ends with the call, and is counted also where the server that
/// asked is gone.
pub(super) async fn answer(
    engine: &Arc<Engine>,
    call: &CallServices,
    request: ChatRequest,
) -> Result<Answer, String> {
    let (engine, services) = (engine.clone(), call.clone());
    let paid = async move { ask(&engine, &services, request).await };
    let answer = call.to_the_end(paid).await;
    answer.unwrap_or_else(|| Err("asking the model ended early".to_owned()))
}

async fn ask(engine: &Engine, call: &CallServices, request: ChatRequest) -> Result<Answer, String> {
    let turn = call.turn();
    let purse = &turn.purse;
    let size = || tokens::of_request(&request);
    let aside = purse.request((turn.turn, 0), size).await;
    let aside = aside.map_err(|error| error.to_string())?;
    let aside = aside.map_err(|exceeded| exceeded.0)?;
    let mut said = Said::default();
    let answer = match engine.client(&turn.settings) {
        Ok(client) => {
            let mut take = |event: StreamEvent| said.take(&event);
            let answer = client.stream(&request, call.stop(), &mut take);
            answer.await.map_err(|error| error.to_string())
        }
        Err(problem) => Err(problem.to_string()),
    };
    // What an endpoint refused or failed at is not paid for; what was called off it goes on with.
    said.is_sent &= call.stop().is_raised();
    let usage = match &answer {
        Ok(answer) => answer
            .usage
            .unwrap_or_else(|| tokens::usage(&request, answer)),
        Err(_) => said.usage(&request),
    };
    let usage = purse.priced(usage);
    let reserved = aside.id;
    purse.settle_usage(aside, usage);
    let storage = &engine.storage;
    let counted = match (usage == Usage::default(), reserved) {
        (true, Some(id)) => storage.release(id).await,
        (true, None) => Ok(()),
        (false, _) => {
            let spent = (usage, engine.ambient.now(), reserved);
            let conversation = turn.conversation;
            storage.spend_besides(conversation, "sampling", spent).await
        }
    };
    if let Err(error) = counted {
        tracing::warn!(%error, "an answer for a server was not counted");
    }
    answer.map_err(|why| format!("the model did not answer: {why}"))
}

/// What came of an answer so far.
#[derive(Default)]
struct Said {
    text: String,
    /// Whether the endpoint has what it was asked.
    is_sent: bool,
    /// Tokens of tries that were thrown away; each was paid for.
    lost: Vec<u64>,
}

impl Said {
    fn take(&mut self, event: &StreamEvent) {
        match event {
            StreamEvent::Text(text)
            | StreamEvent::Reasoning(text)
            | StreamEvent::Arguments { text, .. } => self.text.push_str(text),
            StreamEvent::Discarded => {
                let text = std::mem::take(&mut self.text);
                self.lost.push(tokens::of_text(&text));
                self.is_sent = false;
            }
            StreamEvent::Phase(Phase::Waiting) => self.is_sent = true,
            StreamEvent::Phase(_) => {}
        }
    }

    /// An estimate of what an answer that never came whole used; nothing where nothing was sent.
    fn usage(&self, request: &ChatRequest) -> Usage {
        let is_paid = self.is_sent || !self.text.is_empty();
        let last = is_paid.then(|| tokens::of_text(&self.text));
        let tries: Vec<u64> = self.lost.iter().copied().chain(last).collect();
        let count = u64::try_from(tries.len()).unwrap_or(u64::MAX);
        if count == 0 {
            return Usage::default();
        }
        Usage {
            prompt_tokens: tokens::of_request(request).saturating_mul(count),
            completion_tokens: tries.iter().sum(),
            is_estimated: true,
            ..Usage::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_model::Message;

    #[test]
    fn each_try_that_said_something_is_paid_for() {
        let request = ChatRequest {
            model: "m".into(),
            messages: vec![Message::user("How are you, model?".to_owned())],
            tools: Vec::new(),
            extra: serde_json::Map::default(),
        };
        let mut said = Said::default();
        assert_eq!(said.usage(&request), Usage::default());
        said.take(&StreamEvent::Text("I am".into()));
        let once = said.usage(&request);
        assert_eq!(once.prompt_tokens, tokens::of_request(&request));
        assert!(once.completion_tokens > 0 && once.is_estimated);
        said.take(&StreamEvent::Discarded);
        said.take(&StreamEvent::Text("I am".into()));
        let twice = said.usage(&request);
        let mut silent = Said::default();
        silent.take(&StreamEvent::Phase(Phase::Waiting));
        assert_eq!(silent.usage(&request).prompt_tokens, once.prompt_tokens);
        assert_eq!(twice.prompt_tokens, 2 * once.prompt_tokens);
        assert_eq!(twice.completion_tokens, 2 * once.completion_tokens);
    }
}
