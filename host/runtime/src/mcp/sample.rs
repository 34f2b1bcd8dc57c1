//! A server asks for an answer of the model: shown to the person in full, paid from the turn's purse, answered
//! without tools. Only within a call, and only where the server was allowed to ask at all.

use super::paid;
use crate::agent::services::CallServices;
use crate::engine::Engine;
use anteroom_api::{CallDecision, Resolution};
use anteroom_model::{ChatRequest, Finish, Message};
use anteroom_tools::{Sample, Sampled};
use serde_json::json;
use std::sync::Arc;

/// Characters of everything a server may have answered.
const MOST_CHARS: usize = 100_000;

/// Has the model answer, if a person allows it.
pub(super) async fn answer(engine: &Arc<Engine>, asked: Sample) -> Result<Sampled, String> {
    if !engine.mcp.may_sample(&asked.server) {
        return Err("sampling is not allowed for this server".to_owned());
    }
    let within = asked.within.and_then(|within| engine.mcp.call(within.item));
    let call = within.ok_or("sampling is answered within a call of a tool only")?;
    let shown = shown(&asked);
    if shown.chars().count() > MOST_CHARS {
        return Err(format!(
            "more than {MOST_CHARS} characters are not answered"
        ));
    }
    let most = most_tokens(&call, &asked);
    allowed(&call, &asked, (&shown, most)).await?;
    ask(engine, &call, (asked, most)).await
}

/// Tokens that the answer may have: as many as the server wants, within what an answer of ours may have.
fn most_tokens(call: &CallServices, asked: &Sample) -> u64 {
    let budget = &call.turn().settings.budget;
    u64::from(asked.max_tokens).clamp(1, budget.answer_tokens)
}

/// All that the model would read.
fn shown(asked: &Sample) -> String {
    let system = asked.system.iter().map(|text| format!("System: {text}"));
    let messages = asked.messages.iter().map(|message| {
        let who = if message.is_assistant {
            "Model"
        } else {
            "User"
        };
        format!("{who}: {}", message.text)
    });
    let whole: Vec<String> = system.chain(messages).collect();
    whole.join("\n\n")
}

async fn allowed(
    call: &CallServices,
    asked: &Sample,
    (shown, most): (&str, u64),
) -> Result<(), String> {
    let question = call
        .turn()
        .gate
        .sampling_question(&asked.server.name, shown, most);
    let (resolution, by) = call.ask_person(question.clone()).await;
    let why = question.decided(&resolution, &by);
    call.note(CallDecision {
        effect: question.effect.summary,
        tier: question.tier,
        resolution: resolution.clone(),
        reasons: why.reasons,
        rule: None,
        by,
    });
    match resolution {
        Resolution::Allowed { .. } => Ok(()),
        Resolution::Denied { .. } => Err("the person did not allow it".to_owned()),
        Resolution::NotAnswered => Err("nobody answered whether it is allowed".to_owned()),
    }
}

async fn ask(
    engine: &Arc<Engine>,
    call: &CallServices,
    (asked, most): (Sample, u64),
) -> Result<Sampled, String> {
    let turn = call.turn();
    let settings = &turn.settings;
    let mut extra = crate::wiring::request_extra(settings);
    extra.insert("max_tokens".to_owned(), json!(most));
    if let Some(temperature) = asked.temperature {
        extra.insert("temperature".to_owned(), json!(temperature));
    }
    if !asked.stops.is_empty() {
        extra.insert("stop".to_owned(), json!(asked.stops));
    }
    let system = asked.system.iter().map(Message::system);
    let messages = asked
        .messages
        .iter()
        .map(|message| match message.is_assistant {
            true => Message::assistant(message.text.clone(), Vec::new()),
            false => Message::user(message.text.clone()),
        });
    let request = ChatRequest {
        model: turn.model.clone(),
        messages: system.chain(messages).collect(),
        tools: Vec::new(),
        extra,
    };
    let answer = paid::answer(engine, call, request).await?;
    Ok(Sampled {
        model: turn.model.clone(),
        is_cut: answer.finish == Finish::Length,
        text: answer.text,
    })
}
