//! Hooks: what the user has run at moments of a turn, and what follows from its answers.
//!
//! A hook takes away and never gives: it may refuse a call, have a person asked, or add words; nothing it says
//! allows anything. One that fails before a call refuses it. Hooks run no hooks, and a replay runs none.

mod answer;
mod component;
mod event;
mod fit;
mod run;
mod trouble;

pub(crate) use trouble::{Keeper, findings};

use crate::agent::services::CallServices;
use crate::agent::turn::TurnContext;
use crate::approvals::Asker;
use crate::config::HookMoment;
use answer::Voice;
use anteroom_api::{
    CallDecision, Content, Problem, ProblemCode, Resolution, Status, Stop, StopReason, Tier,
    ToolContent, ToolResult,
};
use anteroom_gate::{Asked, HOOK, visible};
use anteroom_tools::Outcome;
use run::Wish;
use serde_json::Value;

/// What hooks leave of a call.
pub(crate) enum Leave {
    /// It is judged as any other.
    Judge,
    /// As any other, and a person is asked in any case; this is why.
    Ask(String),
    /// It is refused, in words for the model.
    Refuse(String),
}

/// Asks the hooks about a call that could be made now.
pub(crate) async fn before_tool(
    services: &CallServices,
    (tool, tier): (&str, Tier),
    arguments: &Value,
) -> Leave {
    let turn = services.turn();
    if let Some(script) = &turn.script {
        return match script.refused_by_hook(services.item()) {
            Some(text) => Leave::Refuse(text),
            None => Leave::Judge,
        };
    }
    let wish = Wish {
        moment: HookMoment::BeforeTool,
        tool: Some((tool, arguments)),
        stop: services.stop(),
    };
    if !fit::any(turn, &wish) {
        return Leave::Judge;
    }
    let event = event::before_tool(turn, services.item(), (tool, arguments));
    let said = run::all(turn, &wish, event).await;
    services.add_context(said.context);
    match (said.deny, said.ask) {
        (Some(no), _) => {
            let text = no.refusal(tool);
            // A call that was cancelled was not refused.
            if !wish.stop.is_raised() {
                services.note(decision(tool, tier, &no));
            }
            Leave::Refuse(text)
        }
        (None, Some(ask)) => Leave::Ask(format!("{} asks for it{}", ask.who(), ask.because())),
        (None, None) => Leave::Judge,
    }
}

/// Shows the hooks what came of a call. One may withhold it.
pub(crate) async fn after_tool(
    services: &CallServices,
    (tool, arguments): (&str, &Value),
    outcome: Outcome,
) -> Outcome {
    let turn = services.turn();
    let wish = Wish {
        moment: HookMoment::AfterTool,
        tool: Some((tool, arguments)),
        stop: services.stop(),
    };
    if !fit::any(turn, &wish) {
        return outcome;
    }
    let event = event::after_tool(turn, services.item(), (tool, arguments), &outcome);
    let said = run::all(turn, &wish, event).await;
    services.add_context(said.context);
    let Some(no) = said.deny else {
        return outcome;
    };
    services.note(decision(tool, Tier::Read, &no));
    Outcome {
        result: ToolResult::failed(no.withheld(tool)),
        status: match outcome.status {
            Status::Completed => Status::Failed,
            other => other,
        },
        ..outcome
    }
}

/// Shows the hooks what a person says, before it is sent.
///
/// # Errors
/// [`ProblemCode::Denied`] if one refuses it; nothing was sent then.
pub(crate) async fn turn_start(
    turn: &TurnContext,
    mut input: Vec<Content>,
    is_added: bool,
) -> Result<Vec<Content>, Problem> {
    let (_raise, stop) = Stop::new();
    let wish = Wish {
        moment: HookMoment::TurnStart,
        tool: None,
        stop,
    };
    if !fit::any(turn, &wish) {
        return Ok(input);
    }
    let event = event::turn_start(turn, &input, is_added);
    let said = run::all(turn, &wish, event).await;
    if let Some(no) = said.deny {
        let words = format!("{} refused the input{}", no.who(), no.because());
        return Err(Problem::new(ProblemCode::Denied, words)
            .hint("nothing was sent; say it otherwise, or change the hook"));
    }
    if !said.context.is_empty() {
        input.push(Content::text(said.context));
    }
    Ok(input)
}

/// Tells the hooks how a turn ended.
pub(crate) async fn turn_end(turn: &TurnContext, (stop, steps): (&StopReason, u32), text: &str) {
    if turn.depth > 0 || turn.script.is_some() || turn.engine.is_stopping() {
        return;
    }
    let (_raise, never) = Stop::new();
    let wish = Wish {
        moment: HookMoment::TurnEnd,
        tool: None,
        stop: never,
    };
    if fit::any(turn, &wish) {
        let event = event::turn_end(turn, (stop, steps), text);
        run::all(turn, &wish, event).await;
    }
}

/// Shows the hooks a question before it is put to a person. One may answer no; none can answer yes.
pub(crate) async fn approval_requested(
    turn: &TurnContext,
    (asker, asked): (&Asker, &Asked),
    stop: &Stop,
) -> Option<(Resolution, String)> {
    if !asker.is_attended {
        return None;
    }
    let wish = Wish {
        moment: HookMoment::ApprovalRequested,
        tool: Some((&asker.tool, &Value::Null)),
        stop: stop.clone(),
    };
    if !fit::any(turn, &wish) {
        return None;
    }
    let event = event::approval_requested(turn, asker, asked);
    let said = run::all(turn, &wish, event).await;
    let no = said.deny?;
    let reason = Some(format!("{}{}", no.who(), no.because()));
    Some((Resolution::Denied { reason }, HOOK.to_owned()))
}

/// A result with what hooks added to it, behind whatever the tool said.
pub(crate) fn with_context(mut result: ToolResult, context: String) -> ToolResult {
    if !context.is_empty() {
        result.content.push(ToolContent::Text { text: context });
    }
    result
}

fn decision(tool: &str, tier: Tier, no: &Voice) -> CallDecision {
    CallDecision {
        effect: format!("call {}", visible(tool)),
        tier,
        resolution: Resolution::Denied {
            reason: Some(no.reason.clone()),
        },
        reasons: vec![format!("{}{}", no.who(), no.because())],
        by: HOOK.to_owned(),
        rule: Some(no.place.clone()),
    }
}
