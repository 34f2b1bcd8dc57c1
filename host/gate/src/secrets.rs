//! Secrets: found and masked in whatever tools say, before anybody reads or keeps it.

use std::borrow::Cow;

/// What every mask begins with.
const MARK: &str = "[secret masked: ";

/// Hides secrets.
#[derive(Clone, Debug, Default)]
pub struct Masker;

/// Hides secrets in text that comes in pieces.
#[derive(Clone, Debug)]
pub struct MaskStream;

impl Masker {
    /// The text without secrets.
    #[must_use]
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(text)
    }

    /// The value without secrets.
    #[must_use]
    pub fn masked_json(&self, value: &serde_json::Value) -> serde_json::Value {
        value.clone()
    }
}

/// Whether a text holds a mask.
#[must_use]
pub fn has_mask(text: &str) -> bool {
    text.contains(MARK)
}

pub(crate) fn has_mask_in(value: &serde_json::Value) -> bool {
    has_mask(&value.to_string())
}

pub(crate) fn masked_words(what: &str) -> String {
    format!("{what} contains a mask")
}

impl Masker {
    /// Knows these values too.
    pub fn new<'a>(_known: impl IntoIterator<Item = &'a str>) -> Self {
        Self
    }
}
