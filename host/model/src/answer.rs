//! Chunks to an answer: text, reasoning and calls as they grow, made whole and checked at the end.
//!
//! The rules for calls follow what real servers send: an index, an id, both, or neither.

use crate::chunk::{CallDelta, Chunk, Delta, Many, Maybe, UsageCounts};
use crate::client::StreamEvent;
use crate::limits::{ANSWER_BYTES, ARGUMENT_VALUES, CALLS};
use crate::message::SentCall;
use anteroom_api::Usage;
use serde_json::Value;
use std::collections::HashSet;

/// A complete answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What the model said.
    pub text: String,
    /// What it thought, where the endpoint tells.
    pub reasoning: String,
    /// The calls it asks for, in its order; ids are unique within the answer.
    pub calls: Vec<CallRequest>,
    /// Why it stopped.
    pub finish: Finish,
    /// Tokens, where the endpoint tells.
    pub usage: Option<Usage>,
}

/// A call the model asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRequest {
    /// Its id, made up where the endpoint sent none.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// A JSON object, or the raw text if it is none.
    pub arguments: Result<Value, String>,
}

impl CallRequest {
    /// The call as it is told back to the model. Arguments that were no object are wrapped in one:
    /// strict endpoints reject a history with anything else.
    #[must_use]
    pub fn sent(&self) -> SentCall {
        let arguments = match &self.arguments {
            Ok(arguments) => arguments.to_string(),
            Err(raw) => serde_json::json!({ "unreadable": raw }).to_string(),
        };
        SentCall::new(&self.id, &self.name, arguments)
    }
}

/// Why the model stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It was done.
    Stop,
    /// It waits for its calls.
    ToolCalls,
    /// It reached its token limit.
    Length,
    /// It, or a filter, refused.
    Refusal,
    /// Something this crate does not know, or `closed`: the connection ended with no reason given.
    Other(String),
}

/// What a chunk did that the rest cannot go on with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Overflow {
    Bytes,
    Calls,
}

/// An answer that grows.
#[derive(Default)]
pub(crate) struct Growing {
    text: String,
    reasoning: String,
    calls: Vec<Slot>,
    /// Where calls that come as a list without any index begin.
    list_start: usize,
    finish: Option<String>,
    usage: Option<Usage>,
    has_choice: bool,
    is_refused: bool,
    has_deltas: bool,
    choice: Option<u64>,
    bytes: usize,
}

#[derive(Default)]
struct Slot {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

impl Slot {
    fn is_complete(&self) -> bool {
        // Asked for every delta that carries a name, so it must not cost more with every one of them.
        self.arguments.len() <= LOOKED_AT
            && self.arguments.trim_end().ends_with('}')
            && serde_json::from_str::<serde::de::IgnoredAny>(&self.arguments).is_ok()
    }
}

/// A longer name or id is none: it is told with every delta, and no tool has it.
const NAME_BYTES: usize = 1024;

/// Longer arguments count as incomplete while they grow.
const LOOKED_AT: usize = 256 * 1024;

/// How a call's delta was found to belong.
enum Place {
    Slot(usize),
    New,
}

impl Growing {
    /// Whether a finish reason came.
    pub(crate) fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// Whether anything at all came that makes an answer.
    pub(crate) fn has_choice(&self) -> bool {
        self.has_choice
    }

    /// Takes a chunk in and tells what is new in it.
    pub(crate) fn take(
        &mut self,
        chunk: Chunk,
        tell: &mut dyn FnMut(StreamEvent),
    ) -> Result<(), Overflow> {
        if let Maybe(Some(usage)) = chunk.usage {
            self.usage = Some(counted(&usage));
        }
        for choice in chunk.choices.items {
            let index = choice.index.0.unwrap_or(0);
            if *self.choice.get_or_insert(index) != index {
                continue;
            }
            self.has_choice = true;
            if !choice.finish_reason.0.is_empty() {
                self.finish = Some(choice.finish_reason.0);
            }
            match (choice.delta.0, choice.message.0) {
                (Some(delta), _) => {
                    self.has_deltas = true;
                    self.delta(delta, tell)?;
                }
                // Some servers repeat the whole message after its deltas.
                (None, Some(message)) if !self.has_deltas => self.delta(message, tell)?,
                (None, _) => {}
            }
            self.say(choice.text.0, tell)?;
        }
        Ok(())
    }

    fn delta(&mut self, delta: Delta, tell: &mut dyn FnMut(StreamEvent)) -> Result<(), Overflow> {
        // Servers that send both names send the same text under each.
        let thought = if delta.reasoning_content.0.is_empty() {
            delta.reasoning.0
        } else {
            delta.reasoning_content.0
        };
        self.think(thought, tell)?;
        self.think(delta.content.reasoning, tell)?;
        self.say(delta.content.text, tell)?;
        self.is_refused |= !delta.refusal.0.is_empty();
        self.say(delta.refusal.0, tell)?;
        self.call_list(delta.tool_calls, tell)?;
        if let Some(function) = delta.function_call.0 {
            let legacy = CallDelta {
                function: Maybe(Some(function)),
                ..CallDelta::default()
            };
            self.call(legacy, None, tell)?;
        }
        Ok(())
    }

    fn grow(&mut self, by: usize) -> Result<(), Overflow> {
        self.bytes = self.bytes.saturating_add(by);
        if self.bytes > ANSWER_BYTES {
            return Err(Overflow::Bytes);
        }
        Ok(())
    }

    fn say(&mut self, text: String, tell: &mut dyn FnMut(StreamEvent)) -> Result<(), Overflow> {
        if !text.is_empty() {
            self.grow(text.len())?;
            self.text.push_str(&text);
            tell(StreamEvent::Text(text));
        }
        Ok(())
    }

    fn think(&mut self, text: String, tell: &mut dyn FnMut(StreamEvent)) -> Result<(), Overflow> {
        if !text.is_empty() {
            self.grow(text.len())?;
            self.reasoning.push_str(&text);
            tell(StreamEvent::Reasoning(text));
        }
        Ok(())
    }

    fn call_list(
        &mut self,
        list: Many<CallDelta>,
        tell: &mut dyn FnMut(StreamEvent),
    ) -> Result<(), Overflow> {
        let is_several = list.items.len() > 1;
        for (position, call) in list.items.into_iter().enumerate() {
            if is_several && position == 0 && call.index.0.is_none() && names_itself(&call) {
                self.list_start = self.calls.len();
            }
            self.call(call, is_several.then_some(position), tell)?;
        }
        Ok(())
    }

    fn call(
        &mut self,
        call: CallDelta,
        position: Option<usize>,
        tell: &mut dyn FnMut(StreamEvent),
    ) -> Result<(), Overflow> {
        let index = call.index.0;
        let id = call.id.0;
        let function = call.function.0.unwrap_or_default();
        let name = pick(function.name.0, call.name.0);
        let arguments = pick(function.arguments.0, call.arguments.0);
        let slot = match self.place(index, &id, &name, position) {
            Place::Slot(slot) => slot,
            Place::New => {
                if self.calls.len() == CALLS {
                    return Err(Overflow::Calls);
                }
                self.calls.push(Slot {
                    index,
                    ..Slot::default()
                });
                self.calls.len() - 1
            }
        };
        self.grow(id.len() + name.len() + arguments.len())?;
        let Some(held) = self.calls.get_mut(slot) else {
            return Ok(());
        };
        if held.id.is_empty() && id.len() <= NAME_BYTES {
            held.id = id;
        }
        // A name may come in pieces, or again with every piece of the arguments.
        let is_sane = held.name.len() + name.len() <= NAME_BYTES;
        if held.name != name && held.arguments.is_empty() && is_sane {
            held.name.push_str(&name);
        }
        held.arguments.push_str(&arguments);
        tell(StreamEvent::Arguments {
            index: u32::try_from(slot).unwrap_or(u32::MAX),
            tool: held.name.clone(),
            text: arguments,
        });
        Ok(())
    }

    /// Finds the call a delta belongs to.
    fn place(&self, index: Option<u64>, id: &str, name: &str, position: Option<usize>) -> Place {
        let known = match index {
            Some(index) => self
                .calls
                .iter()
                .rposition(|slot| slot.index == Some(index)),
            None if !id.is_empty() => self.calls.iter().rposition(|slot| slot.id == id),
            None => match position.filter(|_| name.is_empty()) {
                Some(position) => Some(self.list_start + position),
                None => self.calls.len().checked_sub(1),
            },
        };
        let Some((at, slot)) = known.and_then(|at| Some((at, self.calls.get(at)?))) else {
            return Place::New;
        };
        // The same index with another id, or a name after complete arguments, begins another call:
        // some servers number all calls 0.
        let has_other_id = !id.is_empty() && !slot.id.is_empty() && slot.id != id;
        let begins_anew = !name.is_empty()
            && (id.is_empty() || slot.id != id)
            && (slot.is_complete() || (index.is_none() && slot.name != name));
        if has_other_id || begins_anew {
            Place::New
        } else {
            Place::Slot(at)
        }
    }

    /// The answer, made whole.
    pub(crate) fn finish(self) -> Answer {
        let has_calls = !self.calls.is_empty();
        let finish = match self
            .finish
            .as_deref()
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            _ if self.is_refused => Finish::Refusal,
            Some("length" | "max_tokens" | "max_output_tokens") => Finish::Length,
            Some("content_filter" | "refusal" | "safety") => Finish::Refusal,
            _ if has_calls => Finish::ToolCalls,
            Some(
                "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" | "done" | "tool_calls"
                | "function_call" | "tool_use",
            ) => Finish::Stop,
            Some(_) => Finish::Other(self.finish.unwrap_or_default()),
            None => Finish::Other("closed".into()),
        };
        Answer {
            text: self.text,
            reasoning: self.reasoning,
            calls: requests(self.calls),
            finish,
            usage: self.usage,
        }
    }

    /// `[DONE]` came: a missing finish reason is a plain end.
    pub(crate) fn done(&mut self) {
        self.finish.get_or_insert_with(|| "stop".into());
    }
}

fn names_itself(call: &CallDelta) -> bool {
    !call.id.0.is_empty()
        || !call.name.0.is_empty()
        || call
            .function
            .0
            .as_ref()
            .is_some_and(|function| !function.name.0.is_empty())
}

fn pick(first: String, second: String) -> String {
    if first.is_empty() { second } else { first }
}

fn counted(counts: &UsageCounts) -> Usage {
    let details = counts.prompt_tokens_details.0.as_ref();
    Usage {
        prompt_tokens: counts.prompt_tokens.0.unwrap_or(0),
        completion_tokens: counts.completion_tokens.0.unwrap_or(0),
        cached_tokens: details
            .and_then(|details| details.cached_tokens.0)
            .or(counts.prompt_cache_hit_tokens.0)
            .unwrap_or(0),
        ..Usage::default()
    }
}

/// Gives every call an id of its own and reads the arguments.
fn requests(slots: Vec<Slot>) -> Vec<CallRequest> {
    let mut taken: HashSet<String> = slots.iter().map(|slot| slot.id.clone()).collect();
    let mut seen = HashSet::new();
    let mut room = ARGUMENT_VALUES;
    slots
        .into_iter()
        .enumerate()
        .map(|(at, slot)| CallRequest {
            id: if !slot.id.is_empty() && seen.insert(slot.id.clone()) {
                slot.id
            } else {
                free_id(&slot.id, at, &mut taken)
            },
            name: slot.name,
            arguments: arguments(slot.arguments, &mut room),
        })
        .collect()
}

/// `call_<n>` for a call without an id, `<id>_2` for one whose id is taken.
fn free_id(id: &str, at: usize, taken: &mut HashSet<String>) -> String {
    let (stem, mut number) = match id.is_empty() {
        true => ("call".to_owned(), at + 1),
        false => (id.to_owned(), 2),
    };
    loop {
        let free = format!("{stem}_{number}");
        if taken.insert(free.clone()) {
            return free;
        }
        number += 1;
    }
}

/// Reads arguments: an object, an object written as a text, or nothing at all for "none needed".
fn arguments(raw: String, room: &mut usize) -> Result<Value, String> {
    let trimmed = raw.trim();
    if trimmed.is_empty() || trimmed == "null" {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    let read = match object(trimmed, room) {
        Some(Value::String(inner)) => object(&inner, room),
        read => read,
    };
    match read {
        Some(object @ Value::Object(_)) => Ok(object),
        _ => Err(raw),
    }
}

/// Parses what fits into the room left for values.
fn object(json: &str, room: &mut usize) -> Option<Value> {
    *room = room.checked_sub(values(json))?;
    serde_json::from_str(json).ok()
}

/// At least as many values as parsing would build.
fn values(json: &str) -> usize {
    let mut is_text = false;
    let mut is_escaped = false;
    let mut count = 1_usize;
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b',' | b'[' | b'{' if !is_text => count += 1,
            _ => {}
        }
    }
    count
}
