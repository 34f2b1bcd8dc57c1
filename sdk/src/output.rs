//! Making results.

use crate::{Content, FileDiff, Image, Output};

impl Output {
    /// A result that is only text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            content: vec![Content::Text(text.into())],
        }
    }

    /// A result that is only a JSON value.
    #[must_use]
    pub fn json(value: &serde_json::Value) -> Self {
        Self {
            content: vec![Content::Json(value.to_string())],
        }
    }

    /// A result that is only an image.
    pub fn image(media_type: impl Into<String>, data: Vec<u8>) -> Self {
        Self {
            content: vec![Content::Image(Image {
                media_type: media_type.into(),
                data,
            })],
        }
    }

    /// A result that is only a change of a file.
    #[must_use]
    pub fn diff(change: FileDiff) -> Self {
        Self {
            content: vec![Content::Diff(change)],
        }
    }

    /// The same result with one more part.
    #[must_use]
    pub fn and(mut self, content: Content) -> Self {
        self.content.push(content);
        self
    }
}
