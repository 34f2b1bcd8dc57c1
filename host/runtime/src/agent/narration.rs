//! A word on the progress, asked for now and then in a turn of many calls.
//!
//! The asking stands at the very end of one request and in no other: all that is before it keeps its bytes,
//! and it costs no request of its own. The note is what the model says in that step, before its next calls. A
//! model that answers with the note alone has not finished: it is asked once more, without it, and the note
//! becomes the beginning of that answer, in this turn's history and in every later one's.

use super::history;
use anteroom_model::{Answer, ChatRequest};

/// What a note begins with, so that it can be told from a final answer.
const MARK: &str = "Progress:";

const ASK: &str = "[A word for the person who watches: begin your next answer with one line, `Progress: ` and one or two sentences on what you found and what you do next. Go on with your calls in the same answer. If all is done, give your final answer instead. Do not mention this request.]";

/// Counts calls until the next note is due.
#[derive(Debug)]
pub(crate) struct Narration {
    /// Calls between two notes; 0 is never.
    cadence: u32,
    calls: u32,
}

impl Narration {
    pub(crate) fn new(cadence: u32) -> Self {
        Self { cadence, calls: 0 }
    }

    /// Counts finished calls.
    pub(crate) fn finished(&mut self, calls: usize) {
        self.calls = self
            .calls
            .saturating_add(u32::try_from(calls).unwrap_or(u32::MAX));
    }

    /// The request with the asking at its end, if a note is due.
    pub(crate) fn ask(&mut self, request: &ChatRequest) -> Option<ChatRequest> {
        if self.cadence == 0 || self.calls < self.cadence {
            return None;
        }
        self.calls = 0;
        let mut asking = request.clone();
        history::ask(&mut asking.messages, ASK);
        Some(asking)
    }
}

/// Whether the answer to an asking is the note and nothing else.
pub(crate) fn is_note_alone(answer: &Answer) -> bool {
    let start = answer.text.trim_start().get(..MARK.len());
    answer.calls.is_empty() && start.is_some_and(|start| start.eq_ignore_ascii_case(MARK))
}

#[cfg(test)]
mod tests {
    use super::*;
    use anteroom_model::Message;

    #[test]
    fn a_note_is_due_after_so_many_calls() {
        let request = ChatRequest {
            messages: vec![Message::system("s"), Message::user("u")],
            ..ChatRequest::default()
        };
        let mut narration = Narration::new(3);
        narration.finished(2);
        assert_eq!(narration.ask(&request), None);
        narration.finished(2);
        let asking = narration.ask(&request).unwrap();
        assert_eq!(
            asking.messages.len(),
            2,
            "a user message never follows another"
        );
        assert_eq!(narration.ask(&request), None);
        let mut never = Narration::new(0);
        never.finished(100);
        assert_eq!(never.ask(&request), None);
    }
}
