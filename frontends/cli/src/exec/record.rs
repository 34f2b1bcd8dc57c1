//! What one unattended turn amounted to: a fold over its facts. Pure.

use crate::exit;
use crate::phase;
use crate::theme::Theme;
use crate::words;
use anteroom_api::item::CallDecision;
use anteroom_api::{
    ApprovalEvent, ConversationId, Envelope, Event, Item, ItemBody, ItemEvent, Problem,
    ProblemCode, Resolution, Status, StopReason, Tier, ToolCall, TurnEvent, TurnId, UnixMillis,
    Usage,
};
use serde_json::{Value, json};

/// How the gate begins where a command has no sandbox, or not all of it.
const HELD_BY_ANSWERS: &str = "nothing but your answer holds commands";

/// Something to show on the way.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Progress {
    /// A message that was not the last.
    Narration(String),
    /// A call that has ended.
    Call { call: Box<ToolCall>, status: Status },
}

pub(super) struct Record {
    pub(super) conversation: ConversationId,
    pub(super) turn: TurnId,
    /// The newest message; the answer, if nothing comes after it.
    held: Option<String>,
    calls: Vec<(ToolCall, Status)>,
    /// Rules that an approval would have remembered, by tool.
    offers: Vec<(String, String)>,
    started_at: Option<UnixMillis>,
    ended_at: Option<UnixMillis>,
    stop: Option<StopReason>,
    usage: Usage,
    /// Of the turns before this one.
    spent: Usage,
}

/// A call that was not allowed.
struct Denied<'a> {
    call: &'a ToolCall,
    decision: Option<&'a CallDecision>,
}

impl Record {
    pub(super) fn new(conversation: ConversationId, turn: TurnId) -> Self {
        Self {
            conversation,
            turn,
            held: None,
            calls: Vec::new(),
            offers: Vec::new(),
            started_at: None,
            ended_at: None,
            stop: None,
            usage: Usage::default(),
            spent: Usage::default(),
        }
    }

    /// Another turn of the same run: calls and tokens add up, the answer is the new one's.
    pub(super) fn go_on(&mut self, turn: TurnId) {
        self.turn = turn;
        self.held = None;
        self.stop = None;
        self.ended_at = None;
        self.spent = self.usage;
    }

    /// Takes the next fact; gives what to show.
    pub(super) fn take(&mut self, envelope: &Envelope) -> Vec<Progress> {
        match &envelope.event {
            Event::Turn(event) => {
                self.take_turn(event, envelope.at);
                Vec::new()
            }
            Event::Item(ItemEvent::Started(item)) if item.turn == self.turn => self.begin(item),
            Event::Item(ItemEvent::Completed(item)) if item.turn == self.turn => self.end(item),
            Event::Approval(ApprovalEvent::Requested { approval })
                if approval.turn == self.turn =>
            {
                let rules = approval
                    .scopes
                    .iter()
                    .filter_map(|offer| offer.rule.clone());
                self.offers
                    .extend(rules.map(|rule| (approval.tool.clone(), rule)));
                Vec::new()
            }
            Event::Item(_)
            | Event::Approval(_)
            | Event::Conversation(_)
            | Event::Elicitation(_)
            | Event::Canvas(_)
            | Event::Module(_)
            | Event::Setting(_)
            | Event::Rule(_)
            | Event::Checkpoint(_)
            | Event::Database(_)
            | Event::Workspace(_)
            | Event::Tag(_)
            | Event::Folder(_)
            | Event::Project(_)
            | Event::Text(_)
            | Event::Bundle(_)
            | Event::Session(_)
            | Event::Mcp(_)
            | Event::Host(_) => Vec::new(),
        }
    }

    fn take_turn(&mut self, event: &TurnEvent, at: UnixMillis) {
        match event {
            TurnEvent::Started { turn, .. } if *turn == self.turn => {
                self.started_at.get_or_insert(at);
            }
            TurnEvent::StepEnded { turn, usage, .. } if *turn == self.turn => {
                self.usage = self.usage.plus(*usage);
            }
            TurnEvent::Ended { turn, stop, usage } if *turn == self.turn => {
                self.ended_at = Some(at);
                self.stop = Some(stop.clone());
                self.usage = self.spent.plus(*usage);
            }
            TurnEvent::Unqueued { turn } if *turn == self.turn => {
                self.stop = Some(StopReason::Cancelled);
            }
            TurnEvent::Started { .. }
            | TurnEvent::StepEnded { .. }
            | TurnEvent::Ended { .. }
            | TurnEvent::Unqueued { .. }
            | TurnEvent::Queued { .. }
            | TurnEvent::Reworded { .. }
            | TurnEvent::Reordered { .. }
            | TurnEvent::StepStarted { .. } => {}
        }
    }

    /// A new call or message shows that the held message was not the last.
    fn begin(&mut self, item: &Item) -> Vec<Progress> {
        match item.body {
            ItemBody::ToolCall(_) | ItemBody::AgentMessage { .. } => self.narrate(),
            ItemBody::UserMessage { .. }
            | ItemBody::Reasoning { .. }
            | ItemBody::Summary { .. } => Vec::new(),
        }
    }

    fn end(&mut self, item: &Item) -> Vec<Progress> {
        match &item.body {
            ItemBody::AgentMessage { text } if text.trim().is_empty() => Vec::new(),
            ItemBody::AgentMessage { text } => {
                let shown = self.narrate();
                self.held = Some(text.clone());
                shown
            }
            ItemBody::ToolCall(call) => {
                let mut shown = self.narrate();
                self.calls.push((call.clone(), item.status));
                shown.push(Progress::Call {
                    call: Box::new(call.clone()),
                    status: item.status,
                });
                shown
            }
            ItemBody::UserMessage { .. }
            | ItemBody::Reasoning { .. }
            | ItemBody::Summary { .. } => Vec::new(),
        }
    }

    fn narrate(&mut self) -> Vec<Progress> {
        self.held
            .take()
            .map(Progress::Narration)
            .into_iter()
            .collect()
    }

    /// Takes that the turn ended without a stored fact.
    pub(super) fn fail(&mut self, problem: Problem) {
        self.stop.get_or_insert(StopReason::Failed { problem });
    }

    pub(super) fn is_ended(&self) -> bool {
        self.stop.is_some()
    }

    /// Whether the turn came to an end of its own, with an answer to deliver.
    pub(super) fn is_finished(&self) -> bool {
        match &self.stop {
            Some(
                StopReason::EndTurn
                | StopReason::MaxSteps
                | StopReason::MaxTokens
                | StopReason::Refusal,
            ) => true,
            Some(
                StopReason::Cancelled
                | StopReason::Interrupted
                | StopReason::Budget { .. }
                | StopReason::Failed { .. },
            )
            | None => false,
        }
    }

    /// Whether the agent had nothing more to do.
    pub(super) fn has_ended_well(&self) -> bool {
        self.stop == Some(StopReason::EndTurn)
    }

    pub(super) fn stop(&self) -> Option<&StopReason> {
        self.stop.as_ref()
    }

    /// The last message.
    pub(super) fn text(&self) -> &str {
        self.held.as_deref().unwrap_or_default()
    }

    /// The exit code of a turn that was not cut off: its end, or 6 if it ended well but was not allowed
    /// everything it wanted.
    pub(super) fn code(&self) -> u8 {
        match self.stop.as_ref().map_or(exit::FAILED, exit::of_stop) {
            exit::OK if self.first_denied().is_some() => exit::DENIED,
            code => code,
        }
    }

    fn first_denied(&self) -> Option<Denied<'_>> {
        self.calls.iter().find_map(|(call, status)| {
            let decision = call.decisions.iter().rev().find(|d| match d.resolution {
                Resolution::Denied { .. } | Resolution::NotAnswered => true,
                Resolution::Allowed { .. } => false,
            });
            (decision.is_some() || *status == Status::Denied).then_some(Denied { call, decision })
        })
    }

    /// What was not allowed, and which flags would allow it.
    pub(super) fn denial(&self) -> Option<Problem> {
        let Denied { call, decision } = self.first_denied()?;
        let tool = &call.tool;
        let tier = decision.map_or(call.tier, |decision| decision.tier);
        let problem = Problem::new(
            ProblemCode::Denied,
            format!("`{tool}` was not allowed, so the run may be incomplete"),
        );
        let effect = crate::tool_line::subject(call);
        let what = if effect.is_empty() {
            format!("`{tool}`")
        } else {
            format!("`{effect}`")
        };
        if let Some(decision) = decision
            && let Resolution::Denied { reason } = &decision.resolution
        {
            let reason = reason.clone().unwrap_or_else(|| "it is denied".to_owned());
            let problem = problem.cause(format!("{what}: {reason}"));
            return Some(if decision.by == crate::frontend::NAME {
                let rule = words::quoted(&self.rule_for(call, &effect));
                problem.hint(format!(
                    "to be asked no more: `aroom exec --allowed-tools {rule}`"
                ))
            } else {
                problem.hint("`aroom config get safety.denied_tools` shows what is denied")
            });
        }
        let problem = problem.cause(format!(
            "{what} ({tier}) needs an approval, and nobody can give one to `aroom exec`"
        ));
        let reasons = decision.map_or(&[][..], |decision| &decision.reasons);
        if reasons.iter().any(|why| why.starts_with(HELD_BY_ANSWERS)) {
            // Neither a rule nor a mode answers this.
            return Some(problem.hint(
                "run it in `aroom chat`, where you are asked; `aroom doctor` says what the sandbox lacks here",
            ));
        }
        Some(problem.hint(if tier == Tier::Destructive {
            "run it in `aroom chat`, where you are asked, or with `--approval-mode auto`".to_owned()
        } else {
            format!(
                "allow it with `--allowed-tools {}`, or everything with `--approval-mode auto`",
                words::quoted(&self.rule_for(call, &effect))
            )
        }))
    }

    /// The rule an approval would have remembered, else one that fits this very effect.
    fn rule_for(&self, call: &ToolCall, effect: &str) -> String {
        let offered = self.offers.iter().find(|(tool, _)| *tool == call.tool);
        match offered {
            Some((_, rule)) => rule.clone(),
            None if call.arguments.get("command").is_some() && !effect.is_empty() => {
                format!("{}:{effect}", call.tool)
            }
            None => call.tool.clone(),
        }
    }

    /// `14s · 3.1k in 812 out`.
    pub(super) fn summary(&self, theme: &Theme) -> Option<String> {
        let (started, ended) = (self.started_at?, self.ended_at?);
        let elapsed = u64::try_from(ended.0.saturating_sub(started.0)).unwrap_or(0);
        Some(phase::usage_line(elapsed, self.usage, theme))
    }

    /// The one object of `--json`.
    pub(super) fn report(&self, code: u8, misfits: &[String]) -> Value {
        let tools: Vec<Value> = self
            .calls
            .iter()
            .map(|(call, status)| {
                json!({
                    "tool": call.tool,
                    "arguments": call.arguments,
                    "tier": call.tier,
                    "status": status,
                    "decisions": call.decisions,
                    "meter": call.meter,
                })
            })
            .collect();
        let mut report = json!({
            "id": self.conversation,
            "turn": self.turn,
            "text": self.text(),
            "usage": self.usage,
            "tools": tools,
            "status": self.status(),
            "exit": code,
        });
        if !misfits.is_empty()
            && let Some(object) = report.as_object_mut()
        {
            object.insert("misfits".to_owned(), json!(misfits));
        }
        if let Some(StopReason::Failed { problem }) = &self.stop
            && let Some(object) = report.as_object_mut()
        {
            object.insert("error".to_owned(), json!(problem));
        }
        report
    }

    /// The name of the stop reason as it travels.
    fn status(&self) -> Value {
        self.stop
            .as_ref()
            .and_then(|stop| serde_json::to_value(stop).ok())
            .and_then(|stop| stop.get("reason").cloned())
            .unwrap_or(Value::Null)
    }
}

/// The object of `--json` when no turn was started.
pub(super) fn refused(problem: &Problem, code: u8) -> Value {
    json!({
        "id": null,
        "text": "",
        "usage": Usage::default(),
        "tools": [],
        "status": "failed",
        "exit": code,
        "error": problem,
    })
}
