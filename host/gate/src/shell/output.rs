//! What commands hand to one another: literal text where it is known, and where it came from.

use super::scope::Taint;

/// What a command prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output {
    /// The text, if it is known.
    pub(super) text: Option<String>,
    pub(super) taint: Taint,
}

/// What a command reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Feed {
    /// Whether the line itself provides it.
    pub(super) is_given: bool,
    pub(super) text: Option<String>,
    pub(super) taint: Taint,
}

impl Output {
    pub(super) fn nothing() -> Self {
        Self::text("")
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            taint: Taint::default(),
        }
    }

    pub(super) fn unknown(taint: Taint) -> Self {
        Self { text: None, taint }
    }

    /// This and then the other.
    pub(super) fn then(self, other: Self) -> Self {
        Self {
            text: match (self.text, other.text) {
                (Some(one), Some(two)) => Some(one + &two),
                _ => None,
            },
            taint: self.taint.and(other.taint),
        }
    }
}

impl From<Output> for Feed {
    fn from(output: Output) -> Self {
        Self {
            is_given: true,
            text: output.text,
            taint: output.taint,
        }
    }
}
