//! The texts of a topic that are being written now: kept whole, also when nobody follows, so that whoever joins or
//! was too slow is told what is missing.

use anteroom_api::{Delta, Envelope, Event, Item, ItemBody, ItemEvent, ItemId, Seq, TurnEvent};
use std::collections::HashMap;

/// Texts by their items: an answer and its reasoning at most, where one turn runs.
#[derive(Default)]
pub(super) struct Growing(HashMap<ItemId, Text>);

/// How much of a text somebody was told, and since which beginning of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) since: Seq,
    pub(super) chars: u64,
    /// The same in bytes, so that nobody has to count again.
    pub(super) bytes: usize,
}

impl Told {
    /// All of a text that begins with a fact.
    pub(super) fn all(since: Seq, text: &str) -> Self {
        Self {
            since,
            chars: count(text),
            bytes: text.len(),
        }
    }
}

struct Text {
    /// The fact that announced it; a retry announces it anew.
    since: Seq,
    is_reasoning: bool,
    text: String,
    chars: u64,
}

impl Growing {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes notice of a fact that was stored.
    pub(super) fn stored(&mut self, envelope: &Envelope) {
        match &envelope.event {
            Event::Item(ItemEvent::Started(item)) => {
                if let Some((is_reasoning, text)) = begun(item) {
                    let text = Text {
                        since: envelope.seq,
                        is_reasoning,
                        chars: count(text),
                        text: text.to_owned(),
                    };
                    self.0.insert(item.id, text);
                }
            }
            Event::Item(ItemEvent::Completed(item)) => {
                self.0.remove(&item.id);
            }
            // What could not be completed is not told of any more.
            Event::Turn(TurnEvent::Ended { .. }) => self.0.clear(),
            _ => {}
        }
    }

    /// Adds what a preview says; gives since when the text grows. None if it is no text that does.
    pub(super) fn more(&mut self, delta: &Delta) -> Option<Seq> {
        let (Delta::Text { item, at, text } | Delta::Reasoning { item, at, text }) = delta else {
            return None;
        };
        let growing = self.0.get_mut(item)?;
        let new = beyond(text, growing.chars.checked_sub(*at)?)?;
        growing.text.push_str(new);
        growing.chars += count(new);
        Some(growing.since)
    }

    /// The texts that somebody who has seen the topic up to `seen` may be told more of.
    pub(super) fn visible(&self, seen: Seq) -> impl Iterator<Item = (ItemId, Told)> {
        self.0
            .iter()
            .filter(move |(_, text)| text.since <= seen)
            .map(|(item, text)| {
                let told = Told {
                    since: text.since,
                    chars: text.chars,
                    bytes: text.text.len(),
                };
                (*item, told)
            })
    }

    /// What is missing of a text to who has so much of it.
    pub(super) fn missing(&self, item: ItemId, had: Told) -> Option<Delta> {
        let growing = self.0.get(&item)?;
        let text = growing.text.get(had.bytes..)?.to_owned();
        let at = had.chars;
        Some(match growing.is_reasoning {
            true => Delta::Reasoning { item, at, text },
            false => Delta::Text { item, at, text },
        })
    }
}

/// Whether an item's text begins here: what sort of text, and what there is of it.
pub(super) fn begun(item: &Item) -> Option<(bool, &str)> {
    match &item.body {
        ItemBody::AgentMessage { text } => Some((false, text)),
        ItemBody::Reasoning { text } => Some((true, text)),
        ItemBody::UserMessage { .. } | ItemBody::ToolCall(_) | ItemBody::Summary { .. } => None,
    }
}

/// Characters of a text, as a preview counts them.
pub(super) fn count(text: &str) -> u64 {
    u64::try_from(text.chars().count()).unwrap_or(u64::MAX)
}

/// What of a text is behind its first `known` characters; none if nothing is.
fn beyond(text: &str, known: u64) -> Option<&str> {
    let known = usize::try_from(known).ok()?;
    let (from, _) = text.char_indices().nth(known)?;
    text.get(from..)
}
