//! Secrets: found and masked in whatever tools say, before anybody reads or keeps it.
//!
//! Pure, one pass per family, linear in the text. What is found by its look: tokens with a known beginning,
//! private keys, passwords in addresses, values of what is named like a secret. What is found by its value: the
//! secrets the host itself knows, in the forms they travel in. Hashes, identifiers of things and images are no
//! secrets. Finding is a net with holes: it keeps accidents small, and the sandbox keeps files unread.

mod blocks;
mod known;
mod look;
mod named;
mod stream;
mod tokens;

use known::Known;
use serde_json::Value;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

pub use stream::MaskStream;

/// What every mask begins with.
const MARK: &str = "[secret masked: ";

/// All that a mask may name.
const KINDS: [&str; 31] = [
    "known to Anteroom",
    "private key",
    "password",
    "authorization",
    "secret",
    "high-entropy text",
    "token in an address",
    "json web token",
    "aws key",
    "github token",
    "gitlab token",
    "slack token",
    "slack webhook",
    "discord webhook",
    "anthropic key",
    "openai key",
    "api key",
    "stripe key",
    "npm token",
    "pypi token",
    "google key",
    "hugging face token",
    "digitalocean token",
    "shopify token",
    "sendgrid key",
    "docker token",
    "vault token",
    "atlassian token",
    "telegram token",
    "age key",
    "service token",
];

/// Finds secrets and puts `[secret masked: …]` in their place. Cheap to clone.
///
/// The default knows what secrets look like; [`Masker::new`] also knows some by their value.
#[derive(Clone, Debug, Default)]
pub struct Masker {
    known: Option<Arc<Known>>,
}

/// Where a secret stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: &'static str,
}

impl Masker {
    /// Also knows these values, plain and as base64, percent-encoded and as JSON text. Values shorter than eight
    /// bytes are left out: they would be found everywhere.
    #[must_use]
    pub fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            known: Known::new(values).map(Arc::new),
        }
    }

    /// The text with every secret masked; borrowed if there is none.
    ///
    /// Shape: any text in, text out; masking what is masked changes nothing. Linear in the length of the text.
    #[must_use]
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let spans = self.spans(text);
        if spans.is_empty() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(masked_part(text, 0..text.len(), &spans))
    }

    /// The value with every secret in its texts masked; the name of a field tells what its text is.
    #[must_use]
    pub fn masked_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.mask(text).into_owned()),
            Value::Array(items) => items.iter().map(|item| self.masked_json(item)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| {
                    let value = match value {
                        Value::String(text) => self.masked_field(name, text),
                        other => self.masked_json(other),
                    };
                    (name.clone(), value)
                })
                .collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn masked_field(&self, name: &str, text: &str) -> Value {
        match named::kind_of_field(name, text) {
            Some(kind) if !has_mask(text) => Value::String(format!("{MARK}{kind}]")),
            _ => Value::String(self.mask(text).into_owned()),
        }
    }

    /// Where secrets stand, in order, none overlapping.
    pub(crate) fn spans(&self, text: &str) -> Vec<Span> {
        let mut spans = Vec::new();
        if let Some(known) = &self.known {
            known.find(text, &mut spans);
        }
        blocks::find(text, &mut spans);
        tokens::find(text, &mut spans);
        named::find(text, &mut spans);
        merged(spans)
    }
}

/// A part of a text with the masks for what is found in the whole. What begins before the part is masked at its
/// beginning; nothing found may reach beyond its end.
fn masked_part(text: &str, part: Range<usize>, spans: &[Span]) -> String {
    let mut masked = String::with_capacity(part.len());
    let mut at = part.start;
    for span in spans {
        if span.end <= part.start || span.start >= part.end {
            continue;
        }
        masked.push_str(&text[at..span.start.max(at)]);
        masked.push_str(MARK);
        masked.push_str(span.kind);
        masked.push(']');
        at = span.end;
    }
    masked.push_str(&text[at..part.end.max(at)]);
    masked
}

/// Overlapping spans as one, which is of the kind of the first found.
fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    // The sort is stable: families that tell more precisely what they found come first.
    spans.sort_by_key(|span| span.start);
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

/// Whether a text holds a mask: what stood there is not known to whoever wrote it.
#[must_use]
pub fn has_mask(text: &str) -> bool {
    text.match_indices(MARK).any(|(at, _)| {
        let rest = &text[at + MARK.len()..];
        KINDS.iter().any(|kind| {
            rest.strip_prefix(kind)
                .is_some_and(|rest| rest.starts_with(']'))
        })
    })
}

/// Whether any text in a value holds a mask.
pub(crate) fn has_mask_in(value: &Value) -> bool {
    match value {
        Value::String(text) => has_mask(text),
        Value::Array(items) => items.iter().any(has_mask_in),
        Value::Object(fields) => fields.values().any(has_mask_in),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What a model is told that would write a mask in the place of a secret.
pub(crate) fn masked_words(what: &str) -> String {
    format!(
        "{what} was not done: it contains `{MARK}…]`, which stands where a secret was hidden from you, and would be written in its place. Change only the lines around it, or ask the person to change that one."
    )
}

#[cfg(test)]
mod tests;
