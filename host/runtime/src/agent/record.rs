//! What a turn did, kept in the journal and read back: enough to run it again without endpoint and effects.
//!
//! The items hold what was said, called and returned; [`StepRecord`] holds the rest.

use anteroom_api::{
    Approval, ApprovalEvent, Content, ConversationId, Envelope, Event, Item, ItemBody, ItemEvent,
    Origin, Resolution, Seq, StepRecord, StopReason, ToolCall, Topic, TurnEvent, TurnId,
    TurnOptions, Usage,
};
use anteroom_model::{Answer, CallRequest, ChatRequest, Finish};
use anteroom_storage::{Storage, StorageError};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io;

/// Events read from the journal at once.
const PAGE: u32 = 512;

/// What is kept of one request and its answer besides the items.
pub(crate) fn of(request: &ChatRequest, answer: &Answer) -> StepRecord {
    StepRecord {
        request: digest(request),
        finish: match &answer.finish {
            Finish::Stop => "stop",
            Finish::ToolCalls => "tool_calls",
            Finish::Length => "length",
            Finish::Refusal => "refusal",
            Finish::Other(other) => other,
        }
        .to_owned(),
        model: request.model.clone(),
        tools: request.tools.iter().map(|tool| tool.name.clone()).collect(),
    }
}

/// SHA-256 of what is sent, in hexadecimal.
pub(crate) fn digest(request: &ChatRequest) -> String {
    let mut hasher = Hasher(Sha256::new());
    let parts = (
        &request.model,
        &request.messages,
        &request.tools,
        &request.extra,
    );
    // Writing into a hash cannot fail, and what is sent can be written as JSON or it was never sent.
    drop(serde_json::to_writer(&mut hasher, &parts));
    let hash = hasher.0.finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Hasher(Sha256);

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A turn as the journal has it.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) conversation: ConversationId,
    pub(crate) turn: TurnId,
    pub(crate) options: TurnOptions,
    /// What came before it in the conversation.
    pub(crate) before: Vec<Envelope>,
    pub(crate) input: Vec<Content>,
    /// By number, from 1.
    pub(crate) steps: BTreeMap<u32, RecordedStep>,
    /// Whether a model was asked; a call that a person made is a turn without.
    pub(crate) is_asked: bool,
    pub(crate) stop: Option<StopReason>,
    /// Summaries of older history, by the step they were written before.
    pub(crate) summaries: BTreeMap<u32, String>,
    /// Questions to people, and what became of them.
    pub(crate) approvals: Vec<(Approval, Option<(Resolution, String)>)>,
}

/// One step of it.
#[derive(Debug, Default)]
pub(crate) struct RecordedStep {
    pub(crate) record: Option<StepRecord>,
    pub(crate) usage: Usage,
    /// What came of the request, in order: words, reasoning, calls.
    pub(crate) items: Vec<Item>,
    /// What a person added before the next step.
    pub(crate) added: Vec<Vec<Content>>,
}

impl Record {
    /// Reads a turn back; none if the journal does not have its beginning.
    pub(crate) async fn read(
        storage: &Storage,
        conversation: ConversationId,
        turn: TurnId,
    ) -> Result<Option<Self>, StorageError> {
        let topic = Topic::Conversation(conversation);
        let (mut before, mut record) = (Vec::new(), None);
        let mut after = Seq(0);
        loop {
            let page = storage.events(topic, after, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            for envelope in page {
                after = envelope.seq;
                match &mut record {
                    None => match started(&envelope, turn) {
                        Some(options) => {
                            record = Some(Self {
                                conversation,
                                turn,
                                options,
                                before: std::mem::take(&mut before),
                                input: Vec::new(),
                                steps: BTreeMap::new(),
                                is_asked: false,
                                stop: None,
                                summaries: BTreeMap::new(),
                                approvals: Vec::new(),
                            });
                        }
                        None => before.push(envelope),
                    },
                    Some(record) => record.take(envelope.event),
                }
            }
            if is_last || record.as_ref().is_some_and(|record| record.stop.is_some()) {
                return Ok(record);
            }
        }
    }

    /// The answer that was given in a step, if it is known.
    pub(crate) fn answer(&self, step: u32) -> Option<Answer> {
        let step = self.steps.get(&step)?;
        let record = step.record.as_ref()?;
        let mut answer = Answer {
            text: String::new(),
            reasoning: String::new(),
            calls: Vec::new(),
            finish: match record.finish.as_str() {
                "stop" => Finish::Stop,
                "tool_calls" => Finish::ToolCalls,
                "length" => Finish::Length,
                "refusal" => Finish::Refusal,
                other => Finish::Other(other.to_owned()),
            },
            usage: Some(step.usage),
        };
        for item in &step.items {
            match &item.body {
                ItemBody::AgentMessage { text } => answer.text.push_str(text),
                ItemBody::Reasoning { text } => answer.reasoning.push_str(text),
                ItemBody::ToolCall(call) => answer.calls.push(request(call)),
                ItemBody::UserMessage { .. } | ItemBody::Summary { .. } => {}
            }
        }
        Some(answer)
    }

    /// The call that a person made, if that is all there was to the turn.
    pub(crate) fn by_hand(&self) -> Option<CallRequest> {
        if self.is_asked {
            return None;
        }
        let mut items = self.steps.values().flat_map(|step| &step.items);
        items.find_map(|item| match &item.body {
            ItemBody::ToolCall(call) => Some(request(call)),
            _ => None,
        })
    }

    /// The finished call with this id in a step.
    pub(crate) fn call(&self, step: u32, id: &str) -> Option<&Item> {
        let step = self.steps.get(&step)?;
        step.items
            .iter()
            .find(|item| matches!(&item.body, ItemBody::ToolCall(call) if call.call == id))
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Item(ItemEvent::Started(item)) if item.turn == self.turn => self.note(item),
            Event::Item(ItemEvent::Completed(item)) => self.completed(item),
            Event::Approval(ApprovalEvent::Requested { approval }) => {
                self.approvals.push((*approval, None));
            }
            Event::Approval(ApprovalEvent::Resolved {
                approval,
                resolution,
                by,
            }) => {
                let open = self
                    .approvals
                    .iter_mut()
                    .find(|(open, _)| open.id == approval);
                if let Some((_, answer)) = open {
                    *answer = Some((resolution, by));
                }
            }
            Event::Turn(TurnEvent::StepStarted { turn, .. }) if turn == self.turn => {
                self.is_asked = true;
            }
            Event::Turn(TurnEvent::StepEnded {
                turn,
                step,
                usage,
                record,
            }) if turn == self.turn => {
                let step = self.steps.entry(step).or_default();
                step.usage = usage;
                step.record = record;
            }
            Event::Turn(TurnEvent::Ended { turn, stop, .. }) if turn == self.turn => {
                self.stop = Some(stop);
            }
            _ => {}
        }
    }

    fn completed(&mut self, item: Item) {
        match item.body {
            ItemBody::Summary { text } => {
                // Its item belongs to the last step before it; it was written for the next one.
                let next = self.steps.keys().next_back().map_or(1, |step| step + 1);
                self.summaries.insert(next, text);
            }
            // What the host says to the model in a turn, it says again.
            ItemBody::UserMessage { .. } if item.origin != Origin::Person => {}
            ItemBody::UserMessage { content } if item.turn == self.turn => {
                if self.input.is_empty() {
                    self.input = content;
                } else {
                    self.steps.entry(item.step).or_default().added.push(content);
                }
            }
            _ if item.turn == self.turn => self.note(item),
            _ => {}
        }
    }

    /// Keeps an item, in the order in which the items of a step began.
    fn note(&mut self, item: Item) {
        let items = &mut self.steps.entry(item.step).or_default().items;
        match items.iter_mut().find(|known| known.id == item.id) {
            Some(known) => *known = item,
            None => items.push(item),
        }
    }
}

/// A call as it was wanted.
fn request(call: &ToolCall) -> CallRequest {
    CallRequest {
        id: call.call.clone(),
        name: call.tool.clone(),
        arguments: match &call.arguments {
            serde_json::Value::String(raw) => Err(raw.clone()),
            other => Ok(other.clone()),
        },
    }
}

fn started(envelope: &Envelope, wanted: TurnId) -> Option<TurnOptions> {
    match &envelope.event {
        Event::Turn(TurnEvent::Started { turn, options }) if *turn == wanted => {
            Some(options.clone())
        }
        _ => None,
    }
}
