//! Making results.

use crate::{Content, FileDiff, Image, Output, ToolError};
use serde::Serialize;

/// ```
/// use anteroom_sdk::{Content, Output};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Counted {
///     words: usize,
/// }
///
/// let counted = Output::of(&Counted { words: 3 })?;
/// assert_eq!(counted, Output::json(&serde_json::json!({ "words": 3 })));
/// let both = Output::text("three words").and(counted);
/// assert_eq!(both.content.len(), 2);
/// assert_eq!(both.and(Content::Text("more".to_owned())).content.len(), 3);
/// # Ok::<(), anteroom_sdk::ToolError>(())
/// ```
impl Output {
    /// A result that is only text.
    pub fn text(text: impl Into<String>) -> Self {
        Content::Text(text.into()).into()
    }

    /// A result that is only a JSON value.
    #[must_use]
    pub fn json(value: &serde_json::Value) -> Self {
        Content::Json(value.to_string()).into()
    }

    /// A result that is only a value of a type of yours, as JSON.
    ///
    /// # Errors
    /// `failed` if it cannot be written as JSON, as a map whose keys are no texts.
    pub fn of<T: Serialize>(value: &T) -> Result<Self, ToolError> {
        let json = serde_json::to_string(value).map_err(|error| {
            ToolError::failed(format!("the result could not be written: {error}"))
        })?;
        Ok(Content::Json(json).into())
    }

    /// A result that is only an image.
    pub fn image(media_type: impl Into<String>, data: Vec<u8>) -> Self {
        let media_type = media_type.into();
        Content::Image(Image { media_type, data }).into()
    }

    /// A result that is only a change of a file.
    #[must_use]
    pub fn diff(change: FileDiff) -> Self {
        Content::Diff(change).into()
    }

    /// The same result with more behind it: another result, or one part.
    #[must_use]
    pub fn and(mut self, more: impl Into<Self>) -> Self {
        self.content.extend(more.into().content);
        self
    }
}

impl From<Content> for Output {
    fn from(content: Content) -> Self {
        Self {
            content: vec![content],
        }
    }
}
