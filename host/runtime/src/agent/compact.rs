//! A summary in the place of the older history, for the model only.
//!
//! The model writes what was said and found; the host adds what must not be lost in the telling: the
//! person's own words, the approved plan, and every call with what came of it. Everything stays in the
//! database, and a summary that is taken away gives the whole history back.

use super::history;
use super::images;
use super::plan;
use super::shared::Shared;
use super::tokens;
use super::turn::{Fault, TurnContext, TurnReport};
use crate::conversation::Letter;
use crate::engine::Engine;
use crate::host::Port;
use anteroom_api::{
    Content, ConversationEvent, ConversationId, Delta, Event, Item, ItemBody, ItemEvent, ItemId,
    OpId, Origin, Phase, Problem, ProblemCode, Status, Stop, StopReason, ToolCall, Topic, Trust,
};
use anteroom_model::{ChatRequest, Message, ModelError};
use anteroom_storage::Summarized;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use tokio::sync::oneshot;

/// Turns that stay as they are, if there is room for them.
const KEPT_TURNS: usize = 3;
/// Of the limit, what may stay as it is.
const KEPT_SHARE: u64 = 5;
/// Calls that are told one by one; older ones are counted.
const TOLD_CALLS: usize = 120;
/// Characters of a call's arguments, and of what an error said.
const PREVIEW_CHARS: usize = 100;
/// Characters of a person's wish that stay as they are.
const WISH_CHARS: usize = 8_000;
/// Characters of a result in a history that is too long to be summarized as it is.
const SHORT_CHARS: usize = 400;

const ASK: &str = "[The history has grown too long and will be replaced by a summary, which you write now. Do not answer anything and do not call tools. Write down, for yourself, all that is needed to go on without the history: what the user wants and has decided, what was found out (with paths, names, numbers and exact words that matter), what was changed and how it was checked, what failed and why, and what is left to do next. No preface.]";

/// What a compaction is made from.
pub(crate) struct Compaction<'a> {
    pub(crate) turn: &'a TurnContext,
    /// The request as it would be sent now.
    pub(crate) request: &'a ChatRequest,
    /// All items of the conversation that were not put aside.
    pub(crate) items: &'a [Item],
    /// The summary that holds now.
    pub(crate) held: Option<Summarized>,
    /// Tokens that may stay as they are.
    pub(crate) room: u64,
}

/// A summary that was made and not stored yet.
pub(crate) struct Compacted {
    pub(crate) item: Item,
    pub(crate) summarized: Summarized,
    pub(crate) messages: Vec<Message>,
    pub(crate) events: Vec<Event>,
}

/// Why there is no summary. Nothing has changed.
pub(crate) enum Trouble {
    /// Nothing is old enough to be summarized.
    Nothing,
    Stopped,
    /// A budget does not allow the request.
    Budget(String),
    Model(Box<Problem>),
    Fault(Fault),
}

/// How much of a history may stay as it is, in the tokens that we estimate: what the endpoint told of it may
/// be far from that.
pub(crate) fn room(request: &ChatRequest, (limit, told): (u64, u64)) -> u64 {
    let is_system = |message: &&Message| matches!(message, Message::System { .. });
    let system = request.messages.iter().filter(is_system);
    let fixed = system.map(tokens::of_message).sum::<u64>()
        + request.tools.iter().map(tokens::of_tool).sum::<u64>();
    let history = tokens::of_request(request).saturating_sub(fixed);
    let told = told.saturating_sub(fixed).max(history).max(1);
    let limit = u128::from(limit) * u128::from(history) / u128::from(told);
    u64::try_from(limit).unwrap_or(u64::MAX).min(history) / KEPT_SHARE
}

impl Compaction<'_> {
    /// Has the summary written.
    pub(crate) async fn run(&self, step: u32, stop: &Stop) -> Result<Compacted, Trouble> {
        let cut = self.cut().ok_or(Trouble::Nothing)?;
        let (older, kept) = self.items.split_at(cut);
        let turn = self.turn;
        let phase = Delta::Phase {
            turn: turn.turn,
            phase: Phase::Compacting,
        };
        turn.engine
            .bus
            .preview(Topic::Conversation(turn.conversation), phase);
        let is_tainted = older.iter().any(is_untrusted);
        let text = match &turn.script {
            Some(script) => script.summary(step).ok_or(Trouble::Nothing)?,
            None => {
                let words = self.ask(step, stop).await?;
                compose(older, kept, &words, is_tainted)
            }
        };
        let item = Item {
            id: turn.engine.ambient.uuid().into(),
            turn: self.items.last().map_or(turn.turn, |item| item.turn),
            step: self.items.last().map_or(0, |item| item.step),
            status: Status::Completed,
            origin: origin(is_tainted),
            created_at: turn.engine.ambient.now(),
            body: ItemBody::Summary { text },
        };
        Ok(self.compacted(item, kept.first().map(|item| item.id)))
    }

    fn compacted(&self, item: Item, from: Option<ItemId>) -> Compacted {
        let summarized = Summarized {
            item: item.id,
            from,
        };
        let mut items = self.items.to_vec();
        items.push(item.clone());
        let messages = history::sent(&self.turn.system, &items, Some(summarized));
        let after = ChatRequest {
            messages,
            tools: self.request.tools.clone(),
            ..ChatRequest::default()
        };
        let compacted = ConversationEvent::Compacted {
            conversation: self.turn.conversation,
            item: item.id,
            from,
            before_tokens: self.turn.shared.tokens(self.request),
            after_tokens: tokens::of_request(&after),
        };
        Compacted {
            summarized,
            messages: after.messages,
            events: vec![
                Event::Item(ItemEvent::Completed(item.clone())),
                Event::Conversation(compacted),
            ],
            item,
        }
    }

    /// Where what stays begins; none if nothing before it is worth a summary.
    fn cut(&self) -> Option<usize> {
        let first = history::first_sent(self.items, self.held);
        let mut cut = self.items.len();
        let mut room = self.room;
        let mut turns: Vec<anteroom_api::TurnId> = Vec::new();
        while cut > first {
            let last = self.items.get(cut - 1)?;
            let start = self.items[first..cut]
                .iter()
                .rposition(|item| (item.turn, item.step) != (last.turn, last.step))
                .map_or(first, |before| first + before + 1);
            let mut messages = Vec::new();
            history::push_step(&mut messages, &self.items[start..cut]);
            let size: u64 = messages.iter().map(tokens::of_message).sum();
            if !turns.contains(&last.turn) {
                turns.push(last.turn);
            }
            if size > room || turns.len() > KEPT_TURNS {
                break;
            }
            room -= size;
            cut = start;
        }
        let is_worth_it = self.items[first..cut].iter().any(|item| match item.body {
            ItemBody::AgentMessage { .. } | ItemBody::ToolCall(_) => true,
            ItemBody::UserMessage { .. }
            | ItemBody::Reasoning { .. }
            | ItemBody::Summary { .. } => false,
        });
        is_worth_it.then_some(cut)
    }

    async fn ask(&self, step: u32, stop: &Stop) -> Result<String, Trouble> {
        let turn = self.turn;
        let request = self.asking();
        let place = (turn.turn, step);
        let aside = turn
            .purse
            .request(place, || tokens::of_request(&request))
            .await
            .map_err(|error| Trouble::Fault(error.into()))?
            .map_err(|exceeded| Trouble::Budget(exceeded.0))?;
        let client = turn
            .engine
            .client(&turn.settings)
            .map_err(|problem| Trouble::Model(Box::new(problem)))?;
        let answer = client
            .stream(&request, stop.clone(), &mut |_| {})
            .await
            .map_err(|error| match error {
                ModelError::Cancelled => Trouble::Stopped,
                error => Trouble::Model(Box::new(error.into())),
            })?;
        let told = answer
            .usage
            .unwrap_or_else(|| tokens::usage(&request, &answer));
        let usage = turn.purse.priced(told);
        let spent = (usage, turn.engine.ambient.now(), aside.id);
        turn.purse.settle_usage(aside, usage);
        turn.engine
            .storage
            .spend_besides(turn.conversation, "summary", spent)
            .await
            .map_err(|error| Trouble::Fault(error.into()))?;
        let words = answer.text.trim();
        if words.is_empty() {
            let problem = Problem::new(ProblemCode::EndpointFailed, "the model wrote no summary");
            return Err(Trouble::Model(Box::new(problem)));
        }
        Ok(words.to_owned())
    }

    /// The request as it would be sent, and the asking behind it: its beginning is in the endpoint's cache.
    fn asking(&self) -> ChatRequest {
        let mut request = self.request.clone();
        if self.turn.shared.is_blind() {
            request = images::without(&request);
        }
        let window = u64::from(self.turn.settings.cli.model_context_window);
        // An eighth of the window for the summary.
        if self.turn.shared.tokens(&request) > window - window / 8 {
            shorten(&mut request.messages);
        }
        history::ask(&mut request.messages, ASK);
        if !request.tools.is_empty() {
            request.extra.insert("tool_choice".into(), "none".into());
        }
        request
    }
}

/// A person's wish about what of the history is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// A summary of the older part.
    Less,
    /// All of it again.
    Whole,
}

/// Has the conversation's own task do it.
pub(crate) async fn ask(
    port: &Port,
    conversation: ConversationId,
    (op, wish): (OpId, Sent),
) -> Result<(), Problem> {
    let ended = || Problem::new(ProblemCode::Internal, "the conversation's task has ended");
    let address = port.address(conversation).await?;
    let (reply, taken) = oneshot::channel();
    let letter = Letter::Sent { op, wish, reply };
    address.send(letter).await.map_err(|_| ended())?;
    taken.await.map_err(|_| ended())?
}

/// Sends the whole history again.
pub(crate) async fn undo(
    engine: &Engine,
    (conversation, shared): (ConversationId, &Shared),
    cause: OpId,
) -> Result<(), Problem> {
    if engine.storage.summarized(conversation).await?.is_none() {
        return Err(Problem::new(
            ProblemCode::Conflict,
            "the whole history is sent already",
        ));
    }
    let whole = Event::Conversation(ConversationEvent::Uncompacted { conversation });
    let topic = Topic::Conversation(conversation);
    engine.bus.publish(topic, Some(cause), vec![whole]).await?;
    shared.tell(None);
    Ok(())
}

/// Compacts because a person wishes it, outside of a turn.
pub(crate) async fn on_demand(turn: &TurnContext, cause: OpId, stop: &Stop) -> TurnReport {
    let stop = match try_on_demand(turn, cause, stop).await {
        Ok(()) => StopReason::EndTurn,
        Err(Trouble::Stopped) => StopReason::Cancelled,
        Err(trouble) => StopReason::Failed {
            problem: trouble.into_problem(),
        },
    };
    let topic = Topic::Conversation(turn.conversation);
    if let StopReason::Failed { problem } = &stop {
        turn.engine
            .bus
            .trouble(topic, Some(turn.turn), problem.clone());
    }
    TurnReport {
        stop,
        text: String::new(),
        steps: 0,
        is_told: true,
    }
}

async fn try_on_demand(turn: &TurnContext, cause: OpId, stop: &Stop) -> Result<(), Trouble> {
    let fault = |error: anteroom_storage::StorageError| Trouble::Fault(error.into());
    turn.keep_prefix().await;
    let storage = &turn.engine.storage;
    let items = storage.all_items(turn.conversation).await.map_err(fault)?;
    let held = storage.summarized(turn.conversation).await.map_err(fault)?;
    let request = turn.request(history::sent(&turn.system, &items, held));
    let limit = u64::from(turn.settings.cli.context_auto_compact_tokens);
    let compaction = Compaction {
        turn,
        room: room(&request, (limit, turn.shared.tokens(&request))),
        request: &request,
        items: &items,
        held,
    };
    let compacted = compaction.run(0, stop).await?;
    turn.shared.tell(None);
    turn.shared.relax();
    turn.is_over.store(true, Ordering::SeqCst);
    let topic = Topic::Conversation(turn.conversation);
    let told = turn
        .engine
        .bus
        .publish(topic, Some(cause), compacted.events);
    told.await.map_err(fault)?;
    Ok(())
}

impl Trouble {
    /// In words for a person.
    pub(crate) fn into_problem(self) -> Problem {
        let cause = match self {
            Self::Nothing => {
                return Problem::new(
                    ProblemCode::Conflict,
                    "there is nothing to compact yet: the history is short",
                );
            }
            Self::Stopped => "it was cancelled".to_owned(),
            Self::Budget(words) => words,
            Self::Model(problem) => problem.to_string(),
            Self::Fault(fault) => return fault.into(),
        };
        Problem::new(
            ProblemCode::EndpointFailed,
            "the history could not be compacted; it is as it was",
        )
        .cause(cause)
        .hint("try again, or go on as it is")
    }
}

fn origin(is_tainted: bool) -> Origin {
    if is_tainted {
        Origin::Tool {
            tool: "summary".to_owned(),
            trust: Trust::Untrusted,
        }
    } else {
        Origin::Model
    }
}

fn is_untrusted(item: &Item) -> bool {
    let has_brought = |content: &[Content]| {
        content.iter().any(|part| match part {
            Content::Attachment(attachment) => attachment.trust == Trust::Untrusted,
            Content::Text { .. }
            | Content::Image { .. }
            | Content::Prompt { .. }
            | Content::Skill { .. } => false,
        })
    };
    let brought = matches!(&item.body, ItemBody::UserMessage { content } if has_brought(content));
    brought || item.origin.trust() == Trust::Untrusted
}

/// The whole text that stands for `older`.
fn compose(older: &[Item], kept: &[Item], words: &str, is_tainted: bool) -> String {
    let mut text = history::SUMMARY_MARK.to_owned();
    let mut add = |title: &str, body: &str| {
        if !body.trim().is_empty() {
            let _ = write!(text, "\n\n## {title}\n{}", body.trim());
        }
    };
    let first = older.iter().find_map(wish);
    let newest = older.iter().rev().find_map(wish);
    let has_newer = kept.iter().any(|item| wish(item).is_some());
    add(
        "What the user asked first, in their words",
        first.as_deref().unwrap_or_default(),
    );
    if !has_newer && newest != first {
        add(
            "What the user asked last, in their words",
            newest.as_deref().unwrap_or_default(),
        );
    }
    add(
        "The plan that the user approved",
        &open_plan(older).unwrap_or_default(),
    );
    let told = format!(
        "{words}\n\n## Tool calls so far, and what came of them\n{}",
        outcomes(older)
    );
    // What was made from content from outside is no more to be believed than that.
    let told = if is_tainted {
        history::wrap("summary", &told)
    } else {
        told
    };
    add("What happened", &told);
    text
}

/// A person's words, cut if they are very long.
fn wish(item: &Item) -> Option<String> {
    let ItemBody::UserMessage { content } = &item.body else {
        return None;
    };
    if item.origin != Origin::Person {
        return None;
    }
    let parts: Vec<Cow<'_, str>> = content
        .iter()
        .filter_map(|part| match part {
            Content::Image { .. } => Some("[an image]".into()),
            Content::Text { .. } | Content::Prompt { .. } | Content::Skill { .. } => part.words(),
            // Its name stands in the words; what it held was then.
            Content::Attachment(_) => None,
        })
        .collect();
    Some(shortened(&parts.join("\n\n"), WISH_CHARS))
}

/// The plan that was approved last, if it was in the last turn: it may still be under way.
fn open_plan(items: &[Item]) -> Option<String> {
    let last = items.last()?.turn;
    let is_approval = |item: &Item| match &item.body {
        ItemBody::UserMessage { content } => {
            item.origin == Origin::Host && *content == [Content::text(plan::APPROVED)]
        }
        ItemBody::AgentMessage { .. }
        | ItemBody::Reasoning { .. }
        | ItemBody::ToolCall(_)
        | ItemBody::Summary { .. } => false,
    };
    let approved = items.iter().rposition(is_approval)?;
    let before = items.get(..approved)?;
    before
        .iter()
        .rev()
        .take_while(|item| item.turn == last)
        .find_map(|item| match &item.body {
            ItemBody::AgentMessage { text } => Some(text.clone()),
            _ => None,
        })
}

/// Every call with what came of it; the oldest only counted.
fn outcomes(items: &[Item]) -> String {
    let calls: Vec<(&ToolCall, &'static str)> = items
        .iter()
        .filter_map(|item| match &item.body {
            ItemBody::ToolCall(call) => Some((call, outcome(item.status, call))),
            _ => None,
        })
        .collect();
    let (counted, told) = calls.split_at(calls.len().saturating_sub(TOLD_CALLS));
    let mut text = String::new();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (call, outcome) in counted {
        *counts.entry((call.tool.as_str(), outcome)).or_default() += 1;
    }
    for ((tool, outcome), count) in counts {
        let _ = writeln!(text, "- earlier: {count} × {tool} -> {outcome}");
    }
    for (call, outcome) in told {
        let arguments = one_line(&call.arguments.to_string(), PREVIEW_CHARS);
        let _ = write!(text, "- {} {arguments} -> {outcome}", call.tool);
        if *outcome == "ERROR"
            && let Some(result) = &call.result
        {
            let _ = write!(
                text,
                ": {}",
                one_line(&history::for_model(result), PREVIEW_CHARS)
            );
        }
        text.push('\n');
    }
    text
}

fn outcome(status: Status, call: &ToolCall) -> &'static str {
    match status {
        Status::Denied => "DENIED",
        Status::Failed => "ERROR",
        Status::Interrupted | Status::Pending | Status::Running => "INTERRUPTED",
        Status::Completed => match &call.result {
            Some(result) if result.is_error => "ERROR",
            Some(_) | None => "SUCCESS",
        },
    }
}

fn one_line(text: &str, most: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    shortened(&words.join(" "), most)
}

/// Head and tail of a text.
fn shortened(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let head: String = text.chars().take(most * 3 / 4).collect();
    let tail: String = text.chars().skip(length - most / 4).collect();
    format!("{head} … {tail}")
}

/// Results cut to their ends, in a history that would not fit otherwise.
fn shorten(messages: &mut [Message]) {
    for message in messages {
        if let Message::Tool { content, .. } = message {
            *content = shortened(content, SHORT_CHARS);
        }
    }
}
