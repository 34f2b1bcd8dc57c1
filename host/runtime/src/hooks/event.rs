//! What hooks are told: one JSON object a moment, without secrets. Its keys are a contract; see `docs/hooks.md`.

use crate::agent::turn::TurnContext;
use crate::approvals::Asker;
use crate::config::HookMoment;
use anteroom_api::{Content, ItemId, StopReason, ToolContent};
use anteroom_gate::Asked;
use anteroom_tools::Outcome;
use serde_json::{Value, json};

pub(super) fn before_tool(
    turn: &TurnContext,
    item: ItemId,
    (tool, arguments): (&str, &Value),
) -> Value {
    let mut event = base(turn, HookMoment::BeforeTool);
    event["call"] = json!(item.to_string());
    event["tool"] = json!(tool);
    event["arguments"] = turn.gate.masker().masked_json(arguments);
    event
}

pub(super) fn after_tool(
    turn: &TurnContext,
    item: ItemId,
    call: (&str, &Value),
    outcome: &Outcome,
) -> Value {
    let mut event = before_tool(turn, item, call);
    event["event"] = json!(HookMoment::AfterTool.word());
    event["status"] = json!(outcome.status);
    let texts = outcome.result.content.iter().map(|part| match part {
        ToolContent::Text { text } => text.clone(),
        ToolContent::Json { value } => value.to_string(),
        ToolContent::Diff { unified, .. } => unified.clone(),
        ToolContent::Image { media_type, .. } => format!("[image {media_type}]"),
    });
    let texts: Vec<String> = texts.collect();
    let text = texts.join("\n");
    event["result"] = json!(turn.gate.masker().mask(&text));
    event
}

pub(super) fn turn_start(turn: &TurnContext, input: &[Content], is_added: bool) -> Value {
    let mut event = base(turn, HookMoment::TurnStart);
    let words: Vec<_> = input.iter().filter_map(Content::words).collect();
    let attached = input.iter().filter_map(|part| match part {
        Content::Attachment(attachment) => Some(attachment.path.as_str()),
        Content::Text { .. }
        | Content::Image { .. }
        | Content::Prompt { .. }
        | Content::Skill { .. } => None,
    });
    event["input"] = json!(turn.gate.masker().mask(&words.join("\n")));
    event["attached"] = attached.collect();
    event["is_added"] = json!(is_added);
    event
}

pub(super) fn turn_end(turn: &TurnContext, (stop, steps): (&StopReason, u32), text: &str) -> Value {
    let mut event = base(turn, HookMoment::TurnEnd);
    event["stop"] = json!(stop);
    event["steps"] = json!(steps);
    event["answer"] = json!(turn.gate.masker().mask(text));
    event
}

pub(super) fn approval_requested(turn: &TurnContext, asker: &Asker, asked: &Asked) -> Value {
    let mut event = base(turn, HookMoment::ApprovalRequested);
    event["call"] = json!(asker.item.to_string());
    event["tool"] = json!(asker.tool);
    event["effect"] = json!(asked.effect);
    event["tier"] = json!(asked.tier.to_string());
    event["reasons"] = json!(asked.reasons);
    event
}

fn base(turn: &TurnContext, moment: HookMoment) -> Value {
    json!({
        "event": moment.word(),
        "conversation": turn.root.conversation.to_string(),
        "turn": turn.root.turn.to_string(),
        "agent": turn.root.agent,
        "workspace": turn.workspace.display().to_string(),
    })
}
