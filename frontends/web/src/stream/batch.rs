//! Signals of one topic that are written together, with previews that follow each other made one.

use anteroom_api::{Delta, Signal, Topic};
use serde::Serialize;
use std::io::Write as _;

/// Signals in one frame; a following one takes the rest.
const MAX_SIGNALS: usize = 512;
/// Bytes of text that one frame's previews are gathered to.
const MAX_TEXT: usize = 64 * 1024;

/// What is written as one frame.
#[derive(Default)]
pub(super) struct Batch {
    signals: Vec<Signal>,
    /// Characters of the item before which the newest text preview ends.
    end: u64,
    /// Bytes of previews so far.
    text: usize,
}

#[derive(Serialize)]
struct Told<'a> {
    topic: String,
    signals: &'a [Signal],
}

impl Batch {
    pub(super) fn is_full(&self) -> bool {
        self.signals.len() >= MAX_SIGNALS || self.text >= MAX_TEXT
    }

    /// Adds a signal, or puts it into the last one where both say the same as one.
    pub(super) fn add(&mut self, signal: Signal) {
        match signal {
            Signal::Delta { delta } => self.add_delta(delta),
            Signal::Stirred { conversation } => {
                let same = Signal::Stirred { conversation };
                if !self.signals.contains(&same) {
                    self.signals.push(same);
                }
            }
            signal => self.signals.push(signal),
        }
    }

    fn add_delta(&mut self, delta: Delta) {
        let last = match self.signals.last_mut() {
            Some(Signal::Delta { delta }) => Some(delta),
            _ => None,
        };
        let end = end_of(&delta);
        self.text += text_of(&delta).map_or(0, str::len);
        let rest = match last {
            Some(last) => join(last, self.end, delta),
            None => Some(delta),
        };
        self.end = end;
        if let Some(delta) = rest {
            self.signals.push(Signal::Delta { delta });
        }
    }

    /// Writes the frame; nothing if there is nothing to tell.
    pub(super) fn write(&self, topic: Topic, written: &mut Vec<u8>) {
        if self.signals.is_empty() {
            return;
        }
        let told = Told {
            topic: topic.to_string(),
            signals: &self.signals,
        };
        // Neither can fail: the types have no maps with keys that are no text, and the target is memory.
        let _ = written.write_all(b"event: signals\ndata: ");
        let _ = serde_json::to_writer(&mut *written, &told);
        let _ = written.write_all(b"\n\n");
    }
}

fn text_of(delta: &Delta) -> Option<&str> {
    match delta {
        Delta::Text { text, .. }
        | Delta::Reasoning { text, .. }
        | Delta::Arguments { text, .. }
        | Delta::Output { text, .. } => Some(text),
        Delta::Progress { .. } | Delta::Phase { .. } | Delta::Agent { .. } => None,
    }
}

/// Where a text preview ends in its item.
fn end_of(delta: &Delta) -> u64 {
    match delta {
        Delta::Text { at, text, .. } | Delta::Reasoning { at, text, .. } => {
            at + text.chars().count() as u64
        }
        _ => 0,
    }
}

/// Puts `next` into `last`, which ends at `end`; gives it back where the two stay two.
fn join(last: &mut Delta, end: u64, next: Delta) -> Option<Delta> {
    match (last, next) {
        (
            Delta::Text { item: of, text, .. },
            Delta::Text {
                item,
                at,
                text: more,
            },
        )
        | (
            Delta::Reasoning { item: of, text, .. },
            Delta::Reasoning {
                item,
                at,
                text: more,
            },
        ) if *of == item && end == at => text.push_str(&more),
        (
            Delta::Output {
                item: of,
                stream: from,
                text,
            },
            Delta::Output {
                item,
                stream,
                text: more,
            },
        ) if *of == item && *from == stream => text.push_str(&more),
        (
            Delta::Arguments {
                index: of,
                tool: name,
                text,
            },
            Delta::Arguments {
                index,
                tool,
                text: more,
            },
        ) if *of == index => {
            text.push_str(&more);
            *name = tool;
        }
        (last @ Delta::Progress { .. }, next @ Delta::Progress { .. })
        | (last @ Delta::Phase { .. }, next @ Delta::Phase { .. })
        | (last @ Delta::Agent { .. }, next @ Delta::Agent { .. })
            if is_about_the_same(last, &next) =>
        {
            *last = next;
        }
        (_, next) => return Some(next),
    }
    None
}

/// Whether a later preview says all that an earlier one said.
fn is_about_the_same(last: &Delta, next: &Delta) -> bool {
    match (last, next) {
        (Delta::Progress { item: of, .. }, Delta::Progress { item, .. })
        | (Delta::Agent { item: of, .. }, Delta::Agent { item, .. }) => of == item,
        (Delta::Phase { turn: of, .. }, Delta::Phase { turn, .. }) => of == turn,
        _ => false,
    }
}
