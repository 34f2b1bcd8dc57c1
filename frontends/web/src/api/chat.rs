//! One question and its answer in one request, with the words the original had for what happens in between.
//!
//! For programs that want no more than that; the page follows `/api/events`. The turn goes on whoever leaves.

use super::conversations::Of;
use super::doors::{self, EVENTS, told};
use crate::Options;
use anteroom_api::{
    ApprovalEvent, CanvasEvent, Content, ConversationEvent, Delta, Envelope, Event, HostHandle,
    Item, ItemBody, ItemEvent, ItemId, Mode, Phase, Problem, ProblemCode, Seq, Signal, Signals,
    Status, StopReason, Topic, TurnEvent, TurnId, TurnOp, TurnOptions,
};
use anteroom_http::{About, Bytes, Context, Failure, Json, Path, Raw, Routes, Session};
use futures_util::stream;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// After so long without a word a comment is sent.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a topic that the host could not read rests before it is followed again.
const AGAIN: Duration = Duration::from_millis(500);

pub(super) fn add(routes: Routes, options: &Arc<Options>) -> Routes {
    let options = options.clone();
    let about = About::new(
        "chat",
        "Say something and get the answer as events, or `{\"status\": \"queued\"}`",
    )
    .media(EVENTS)
    .stream();
    let chat = move |context: Context, of: Path<Of>, said: Json<ChatMessage>| {
        let options = options.clone();
        async move { chat(context, &options.workspace, (of, said)).await }
    };
    routes.post(Session, "/api/conversations/{id}/chat", about, chat)
}

/// What to say.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChatMessage {
    /// The words.
    message: String,
    /// Plans first: nothing above the read tier until a person has approved the plan.
    #[serde(default)]
    plan_mode: bool,
    /// A model other than the conversation's.
    #[serde(default)]
    model: Option<String>,
    /// An approval mode other than the configured one.
    #[serde(default)]
    mode: Option<Mode>,
}

async fn chat(
    context: Context,
    workspace: &str,
    (Path(of), Json(said)): (Path<Of>, Json<ChatMessage>),
) -> Result<Raw, Failure> {
    if said.message.trim().is_empty() {
        let problem = Problem::new(ProblemCode::InvalidInput, "there is nothing said");
        return Err(Failure::from(problem).field("message"));
    }
    let host = context.host.clone();
    let seq = host.read().conversation(of.id).await?.seq;
    // Followed before it is said, so that nothing of it is missed.
    let topic = Topic::Conversation(of.id);
    let signals = host.follow(topic, Some(seq));
    let start = TurnOp::Start {
        conversation: of.id,
        input: vec![Content::text(said.message)],
        options: TurnOptions {
            model: said.model,
            mode: said.mode,
            is_plan: said.plan_mode,
            is_attended: true,
            ..TurnOptions::default()
        },
    };
    let turn: TurnId = doors::take(&context, workspace, start).await?.into();
    let mut talk = Talk {
        host,
        topic,
        signals,
        seen: seq,
        teller: Teller::new(turn),
        is_over: false,
    };
    let first = match talk.first().await {
        First::Queued => {
            let position = context.host.read().queue(of.id).await?.len();
            let queued = json!({ "status": "queued", "position": position, "turn": turn });
            return Ok(Raw::new("application/json", queued.to_string()));
        }
        First::Frames(frames) => frames,
    };
    let stop = context.stop.clone();
    let rest = stream::unfold((talk, Some(first)), move |(mut talk, first)| {
        let mut stop = stop.clone();
        async move {
            if let Some(first) = first {
                return Some((Bytes::from(first), (talk, None)));
            }
            if talk.is_over {
                return None;
            }
            let frames = tokio::select! {
                frames = talk.next() => frames,
                () = stop.raised() => talk.end("stopping", &json!({})),
            };
            Some((Bytes::from(frames), (talk, None)))
        }
    });
    Ok(told(Raw::stream(EVENTS, rest)))
}

enum First {
    Queued,
    Frames(String),
}

/// One turn that is followed to its end.
struct Talk {
    host: HostHandle,
    topic: Topic,
    signals: Signals,
    seen: Seq,
    teller: Teller,
    is_over: bool,
}

impl Talk {
    /// Waits until the turn runs, or waits behind another.
    async fn first(&mut self) -> First {
        loop {
            let Some(signal) = self.signal().await else {
                return First::Frames(self.end("stopping", &json!({})));
            };
            if let Signal::Event { envelope } = &signal {
                match &envelope.event {
                    Event::Turn(TurnEvent::Queued { queued })
                        if queued.turn == self.teller.turn =>
                    {
                        return First::Queued;
                    }
                    Event::Turn(TurnEvent::Started { turn, .. }) if *turn == self.teller.turn => {
                        return First::Frames(frame("thinking", &json!({})));
                    }
                    _ => {}
                }
            }
        }
    }

    /// The next frames; a comment if nothing happens for long.
    async fn next(&mut self) -> String {
        loop {
            let signal = match timeout(HEARTBEAT, self.signal()).await {
                Err(_) => return ":\n\n".to_owned(),
                Ok(None) => return self.end("stopping", &json!({})),
                Ok(Some(signal)) => signal,
            };
            let mut frames = self.teller.tell(signal);
            // What is there already goes in the same write.
            while let Some(signal) = self.signals.try_next() {
                match signal {
                    Signal::Lagged { resume } => self.follow_again(resume).await,
                    signal => {
                        self.note(&signal);
                        frames.push_str(&self.teller.tell(signal));
                    }
                }
            }
            self.is_over = self.teller.has_ended;
            if !frames.is_empty() || self.is_over {
                return frames;
            }
        }
    }

    async fn signal(&mut self) -> Option<Signal> {
        loop {
            match self.signals.next().await? {
                Signal::Lagged { resume } => self.follow_again(resume).await,
                signal => {
                    self.note(&signal);
                    return Some(signal);
                }
            }
        }
    }

    fn note(&mut self, signal: &Signal) {
        if let Signal::Event { envelope } = signal {
            self.seen = envelope.seq;
        }
    }

    async fn follow_again(&mut self, resume: Seq) {
        if resume == self.seen {
            tokio::time::sleep(AGAIN).await;
        }
        self.seen = resume;
        self.signals = self.host.follow(self.topic, Some(resume));
    }

    fn end(&mut self, name: &str, data: &Value) -> String {
        self.is_over = true;
        frame(name, data)
    }
}

/// Puts what happens in one turn into the original's words.
struct Teller {
    turn: TurnId,
    /// Characters of each message that were told.
    had: HashMap<ItemId, u64>,
    has_ended: bool,
}

impl Teller {
    fn new(turn: TurnId) -> Self {
        Self {
            turn,
            had: HashMap::new(),
            has_ended: false,
        }
    }

    fn tell(&mut self, signal: Signal) -> String {
        match signal {
            Signal::Delta { delta } => self.delta(delta),
            Signal::Event { envelope } => self.event(envelope),
            Signal::Trouble { problem, .. } => failed(&problem),
            Signal::Lagged { .. } | Signal::Stirred { .. } => String::new(),
        }
    }

    fn delta(&mut self, delta: Delta) -> String {
        match delta {
            Delta::Text { item, at, text } => self.token(item, at, &text),
            Delta::Phase { turn, phase } if turn == self.turn => phased(&phase),
            _ => String::new(),
        }
    }

    /// What of a text, of which `at` characters come before, was not told yet.
    fn token(&mut self, item: ItemId, at: u64, text: &str) -> String {
        let had = self.had.entry(item).or_default();
        let known = usize::try_from(had.saturating_sub(at)).unwrap_or(usize::MAX);
        let rest: String = text.chars().skip(known).collect();
        if rest.is_empty() || at > *had {
            return String::new();
        }
        *had += rest.chars().count() as u64;
        frame("token", &json!({ "content": rest }))
    }

    fn event(&mut self, envelope: Envelope) -> String {
        match envelope.event {
            Event::Turn(TurnEvent::StepStarted { turn, .. }) if turn == self.turn => {
                frame("thinking", &json!({}))
            }
            Event::Turn(TurnEvent::Ended { turn, stop, usage }) if turn == self.turn => {
                self.has_ended = true;
                let error = match &stop {
                    StopReason::Failed { problem } => failed(problem),
                    _ => String::new(),
                };
                error + &frame("done", &json!({ "stop": stop, "usage": usage }))
            }
            Event::Item(ItemEvent::Started(item)) if item.turn == self.turn => begun(&item),
            Event::Item(ItemEvent::Completed(item)) if item.turn == self.turn => {
                self.completed(item)
            }
            Event::Approval(ApprovalEvent::Requested { approval }) => frame(
                "approval_required",
                &json!({ "approval_id": approval.id, "approval": approval }),
            ),
            Event::Canvas(CanvasEvent::Saved { canvas }) => frame(
                match canvas.version {
                    1 => "canvas_created",
                    _ => "canvas_updated",
                },
                &json!({
                    "id": canvas.id, "title": canvas.title, "content": canvas.body,
                    "language": canvas.kind, "version": canvas.version,
                }),
            ),
            Event::Conversation(ConversationEvent::Renamed { title, .. }) => {
                frame("title", &json!({ "title": title }))
            }
            _ => String::new(),
        }
    }

    fn completed(&mut self, item: Item) -> String {
        match item.body {
            // Previews may have been dropped: whoever puts tokens together ends with the whole.
            ItemBody::AgentMessage { text } => self.token(item.id, 0, &text),
            ItemBody::ToolCall(call) => {
                let status = match item.status {
                    Status::Completed => "success",
                    _ => "error",
                };
                frame(
                    "tool_call_end",
                    &json!({ "id": call.call, "output": call.result, "status": status }),
                )
            }
            _ => String::new(),
        }
    }
}

fn begun(item: &Item) -> String {
    match &item.body {
        ItemBody::ToolCall(call) => frame(
            "tool_call_start",
            &json!({ "id": call.call, "tool_name": call.tool, "server_name": "", "input": call.arguments }),
        ),
        _ => String::new(),
    }
}

fn phased(phase: &Phase) -> String {
    match phase {
        Phase::Retrying {
            attempt,
            max,
            delay_ms,
            reason,
        } => frame(
            "retrying",
            &json!({ "attempt": attempt, "max_attempts": max, "delay_ms": delay_ms, "reason": reason }),
        ),
        phase => frame("phase", &json!(phase)),
    }
}

fn failed(problem: &Problem) -> String {
    frame(
        "error",
        &json!({
            "message": problem.error, "code": problem.code, "hint": problem.hint,
            "causes": problem.causes, "retryable": problem.retryable,
        }),
    )
}

fn frame(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}
