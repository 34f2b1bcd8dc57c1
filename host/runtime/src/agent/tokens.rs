//! Tokens, estimated where the endpoint has not told them.
//!
//! A vocabulary would cost megabytes in the binary and belong to one family of models. The rules below
//! follow what byte-pair vocabularies have in common; a test holds them against one of them
//! (`tests/scenarios/prompt.rs`): within 15 % for prose, code and JSON.

use anteroom_api::Usage;
use anteroom_model::{Answer, ChatRequest, Message, Part, ToolDefinition, UserContent};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What role and separators of one message cost.
const PER_MESSAGE: u64 = 4;
/// What an image costs: endpoints count between 85 and 1 500 for one that is not tiny.
const PER_IMAGE: u64 = 1_100;

/// Tokens of a text.
pub(crate) fn of_text(text: &str) -> u64 {
    let mut count = Count::default();
    for sign in text.chars() {
        count.take(sign);
    }
    count.total()
}

/// Tokens of a message.
pub(crate) fn of_message(message: &Message) -> u64 {
    let held = match message {
        Message::System { content } | Message::Tool { content, .. } => of_text(content),
        Message::User { content } => match content {
            UserContent::Text(text) => of_text(text),
            UserContent::Parts(parts) => parts.iter().map(of_part).sum(),
        },
        Message::Assistant {
            content,
            tool_calls,
        } => {
            let called = tool_calls
                .iter()
                .map(|call| of_text(&call.function.name) + of_text(&call.function.arguments) + 8);
            content.as_deref().map_or(0, of_text) + called.sum::<u64>()
        }
    };
    held + PER_MESSAGE
}

fn of_part(part: &Part) -> u64 {
    match part {
        Part::Text { text } => of_text(text),
        Part::ImageUrl { .. } => PER_IMAGE,
    }
}

/// Tokens of a tool's definition.
pub(crate) fn of_tool(tool: &ToolDefinition) -> u64 {
    of_text(&tool.name) + of_text(&tool.description) + of_text(&tool.parameters.to_string()) + 8
}

/// Tokens of a request.
pub(crate) fn of_request(request: &ChatRequest) -> u64 {
    let messages: u64 = request.messages.iter().map(of_message).sum();
    let tools: u64 = request.tools.iter().map(of_tool).sum();
    messages + tools
}

/// What a request and its answer used, where the endpoint tells nothing.
pub(crate) fn usage(request: &ChatRequest, answer: &Answer) -> Usage {
    let called: u64 = answer
        .calls
        .iter()
        .map(|call| {
            let arguments = match &call.arguments {
                Ok(arguments) => of_text(&arguments.to_string()),
                Err(raw) => of_text(raw),
            };
            of_text(&call.name) + arguments + 8
        })
        .sum();
    Usage {
        prompt_tokens: of_request(request),
        completion_tokens: of_text(&answer.text) + of_text(&answer.reasoning) + called,
        is_estimated: true,
        ..Usage::default()
    }
}

/// What the endpoint told of the newest request of a conversation, so that only what came after it has to
/// be estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Messages that the count is for.
    length: usize,
    /// The last of them: another history of the same length is another history.
    mark: u64,
    tokens: u64,
}

impl Told {
    /// What was told of a request with these messages.
    pub(crate) fn new(messages: &[Message], tokens: u64) -> Self {
        Self {
            length: messages.len(),
            mark: mark(messages.last()),
            tokens,
        }
    }
}

/// Tokens of the next request: what was told of its beginning, and an estimate of the rest.
pub(crate) fn of_next(request: &ChatRequest, told: Option<Told>) -> u64 {
    let fitting = told.filter(|told| {
        let last = told.length.checked_sub(1);
        told.length <= request.messages.len()
            && mark(last.and_then(|last| request.messages.get(last))) == told.mark
    });
    let Some(told) = fitting else {
        return of_request(request);
    };
    let rest = request.messages.get(told.length..).unwrap_or_default();
    told.tokens + rest.iter().map(of_message).sum::<u64>()
}

fn mark(message: Option<&Message>) -> u64 {
    let mut hasher = DefaultHasher::new();
    // A message that cannot be written has no mark of its own, and is never sent.
    serde_json::to_string(&message)
        .unwrap_or_default()
        .hash(&mut hasher);
    hasher.finish()
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Nothing,
    Space,
    Line,
    Word,
    Foreign,
    Digits,
    Sign,
}

/// Counts runs of letters, digits, signs and spaces.
#[derive(Default)]
struct Count {
    /// In twelfths of a token.
    twelfths: u64,
    run: u64,
    kind: Kind,
    was_lower: bool,
    is_after_sign: bool,
}

impl Count {
    fn take(&mut self, sign: char) {
        let kind = match sign {
            ' ' | '\t' => Kind::Space,
            '\n' | '\r' => Kind::Line,
            'a'..='z' | 'A'..='Z' => Kind::Word,
            '0'..='9' => Kind::Digits,
            _ if !sign.is_alphabetic() => Kind::Sign,
            // Languages without spaces: three signs in four are a token.
            _ if ('\u{2e80}'..='\u{ffff}').contains(&sign) => Kind::Nothing,
            _ => Kind::Foreign,
        };
        // `camelCase` is two words; letters with accents belong to the word around them.
        let is_hump = kind == Kind::Word && sign.is_ascii_uppercase() && self.was_lower;
        let joins = matches!(
            (self.kind, kind),
            (Kind::Word, Kind::Foreign) | (Kind::Foreign, Kind::Word)
        );
        if joins {
            self.kind = Kind::Foreign;
        } else if kind != self.kind || is_hump || kind == Kind::Nothing {
            self.end(kind);
            self.kind = kind;
        }
        self.run += 1;
        self.was_lower = sign.is_ascii_lowercase();
    }

    fn end(&mut self, next: Kind) {
        let run = self.run;
        self.twelfths += match self.kind {
            // One space belongs to the word that follows it.
            Kind::Space if run <= 1 => 0,
            Kind::Space => 12,
            // Signs take the end of their line with them.
            Kind::Line if self.is_after_sign => 0,
            Kind::Line => 12,
            Kind::Word if run <= 7 => 12,
            Kind::Word => 12 + (run - 7) * 2,
            Kind::Foreign => 12 + run.saturating_sub(5) * 2,
            Kind::Digits => 12 * run.div_ceil(3),
            // One sign may belong to the word that follows it.
            Kind::Sign if run == 1 && next == Kind::Word => 8,
            Kind::Sign if run <= 3 => 12,
            Kind::Sign => 12 + 3 * (run - 3),
            Kind::Nothing => 9 * run,
        };
        self.is_after_sign = self.kind == Kind::Sign;
        self.run = 0;
    }

    fn total(mut self) -> u64 {
        self.end(Kind::Nothing);
        self.twelfths.div_ceil(12)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_counts_and_the_rest_is_estimated() {
        let mut request = ChatRequest {
            messages: vec![Message::system("s"), Message::user("hello")],
            ..ChatRequest::default()
        };
        let told = Told::new(&request.messages, 5000);
        assert_eq!(of_next(&request, Some(told)), 5000);
        request.messages.push(Message::assistant("yes", vec![]));
        let rest = of_message(&request.messages[2]);
        assert_eq!(of_next(&request, Some(told)), 5000 + rest);
        // Another history is counted anew.
        request.messages[1] = Message::user("other");
        assert_eq!(of_next(&request, Some(told)), of_request(&request));
        request.messages.truncate(1);
        assert!(of_next(&request, Some(told)) < 10);
    }

    #[test]
    fn images_do_not_count_by_their_bytes() {
        let image = Message::user_parts(vec![Part::image("image/png", &"A".repeat(1_000_000))]);
        assert_eq!(of_message(&image), PER_IMAGE + PER_MESSAGE);
    }
}
